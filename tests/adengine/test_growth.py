"""Deep narrow lists, whose entries have formulas far longer than f: time and memory stay those of sweeps."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from adengine import Derivative, Engine, Limits, Mode, WengertList
from adengine.errors import LimitExceeded
from examples.dynamics import lotka_volterra
from examples.implicit import pollu_steps
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter

Floats = npt.NDArray[np.float64]
PROBLEMS = {"POLLU": (pollu_steps, 5, 20), "Lotka-Volterra": (lotka_volterra, 50, 200)}


def problem(name: str, steps: int) -> tuple[WengertList, Floats]:
    """Return a list and its usual point."""
    made = PROBLEMS[name][0](steps)
    return engine_list(made.builder.build()), made.point


def peak_bytes(call: Callable[[], object]) -> int:
    """Return the most bytes that were taken at the same time while a call ran."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def asked(what: str, function: WengertList, x: Floats) -> Callable[[], object]:
    """Return the first call of a fresh engine."""
    engine, weights = Engine(machine_code=False), np.ones(function.m)
    calls: dict[str, Callable[[], object]] = {
        "sparse Jacobian": lambda: engine.sparse_jacobian(function, x),
        "Hessian": lambda: engine.hessian(function, x, weights),
        "sparse Hessian": lambda: engine.sparse_hessian(function, x, weights),
        "list of the Jacobian": lambda: engine.differentiate(function, Derivative.JACOBIAN),
        "list of the Hessian": lambda: engine.differentiate(function, Derivative.HESSIAN),
    }
    return calls[what]


MOST_BYTES = {
    "sparse Jacobian": 3_000,
    "Hessian": 9_000,
    "sparse Hessian": 9_000,
    "list of the Jacobian": 7_000,
    "list of the Hessian": 20_000,
}
"""Bytes for each statement of f: tens or, for second derivatives, hundreds of rows of 24 bytes."""


@pytest.mark.parametrize("what", MOST_BYTES)
@pytest.mark.parametrize("name", PROBLEMS)
def test_memory_grows_with_the_list_only(name: str, what: str) -> None:
    peaks = []
    for steps in PROBLEMS[name][1:]:
        function, x = problem(name, steps)
        peaks.append(peak_bytes(asked(what, function, x)) / function.statements)
    assert peaks[1] < 1.5 * peaks[0]
    assert peaks[1] < MOST_BYTES[what]


# ---- what is given up, and what serves instead ----


def same(found: Floats, expected: Floats, relative: float) -> None:
    """Assert that two arrays agree beside the largest number in them."""
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(found, expected, rtol=relative, atol=relative * np.abs(expected).max())


def test_pollu_is_swept_and_gives_the_same_numbers() -> None:
    function, x = problem("POLLU", 20)
    engine, weights = Engine(machine_code=False), np.linspace(0.5, 1.5, 20)
    # x * J and x * H * x are of changes relative to the rate constants, which differ by 15 orders of magnitude
    jacobian = engine.jacobian(function, x, mode=Mode.FORWARD).jacobian * x
    found = engine.sparse_jacobian(function, x)
    assert found.report.sweeps == 20
    assert "a list of all 500 entries would have more than" in found.report.reason
    same(found.entries.reshape(20, 25) * x, jacobian, 1e-9)
    listed = engine.evaluate(engine.differentiate(function, Derivative.JACOBIAN), x).values[20:].reshape(20, 25)
    same(listed * x, jacobian, 1e-9)
    second = engine.hessian(function, x, weights)
    assert second.report.sweeps == 25
    assert "a list of all 625 entries would have more than" in second.report.reason
    function, x = problem("POLLU", 5)  # for its list alone has a million statements with 20
    second = engine.hessian(function, x, weights)
    listed = engine.evaluate(engine.differentiate(function, Derivative.HESSIAN), np.append(x, weights)).values[20:]
    same(listed[:25] * x, second.gradient * x, 1e-9)
    same(listed[25:].reshape(25, 25) * np.outer(x, x), second.hessian * np.outer(x, x), 1e-9)


def test_second_derivatives_of_pollu_are_those_of_differences() -> None:
    function, x = problem("POLLU", 20)
    weights = np.linspace(0.5, 1.5, 20)
    engine = Engine(machine_code=False)
    hessian = engine.hessian(function, x, weights).hessian * np.outer(x, x)  # for relative changes of the parameters

    def gradient(point: Floats) -> Floats:
        return engine.vjp(function, point, weights).cotangents

    for k in range(25):
        step = np.zeros(25)
        step[k] = 1e-4 * x[k]
        differences = (gradient(x + step) - gradient(x - step)) / 2e-4 * x
        np.testing.assert_allclose(hessian[k], differences, rtol=1e-4, atol=1e-6 * np.abs(hessian).max())


def test_lotka_volterra_has_lists_of_moderate_length() -> None:
    lengths = []
    for steps in (50, 200):
        function, x = problem("Lotka-Volterra", steps)
        engine = Engine(machine_code=False)
        jacobian, hessian = (engine.differentiate(function, each) for each in (Derivative.JACOBIAN, Derivative.HESSIAN))
        lengths.append([jacobian.statements / function.statements, hessian.statements / function.statements])
        expected = engine.jacobian(function, x).jacobian
        np.testing.assert_allclose(engine.evaluate(jacobian, x).values[2:].reshape(2, 6), expected, rtol=1e-10)
        second = engine.hessian(function, x, np.ones(2)).hessian
        listed = engine.evaluate(hessian, np.append(x, np.ones(2))).values[8:].reshape(6, 6)
        np.testing.assert_allclose(listed, second, rtol=1e-9)
    np.testing.assert_allclose(lengths[1], lengths[0], rtol=0.05)
    assert lengths[1][0] < 6
    assert lengths[1][1] < 30


# ---- what is refused, by name and figure ----


@pytest.mark.parametrize("what", ["list of the Jacobian", "list of the Hessian"])
def test_growth_over_the_limit_of_statements_is_told_before_it_is_written(what: str) -> None:
    function, _ = problem("POLLU", 5)
    derivative = Derivative.JACOBIAN if what.endswith("Jacobian") else Derivative.HESSIAN
    limits = Limits(statements=10 * function.statements)

    def refused() -> None:
        with pytest.raises(LimitExceeded, match=r"statements of the derivative list: \d+ needed") as caught:
            Engine(limits, machine_code=False).differentiate(function, derivative)
        assert caught.value.needed > caught.value.allowed == limits.statements
        assert caught.value.violations[0].field == "derivative"

    assert peak_bytes(refused) / function.statements < MOST_BYTES[what]


def block(n: int, size: int) -> WengertList:
    """Return n outputs of n inputs, of which so many depend on as many: the pattern has a full block."""
    f = ListWriter()
    x = f.input("x", n)
    total = f.sum(f.add("SIN", f.add("SLICE", x, parameters=[1, 0, size, 1])), 0)
    spread = f.add("BROADCAST", total, parameters=[1, size])
    f.output("y", f.add("SCATTER_ADD", f.add("TANH", x), spread, parameters=[0, 1, size, *range(size)]))
    f.output("square", f.add("SQUARE", total))
    return engine_list(f.message)


@pytest.mark.parametrize("what", ["sparse Jacobian", "sparse Hessian"])
def test_directions_of_too_many_colors_are_refused_before_they_are_made(what: str) -> None:
    """A short list can have a pattern of many colours and columns; each colour is a direction."""
    function, x = block(20_000, 300), np.zeros(20_000)
    limits = Limits(call_bytes=40 << 20)
    message = "bytes of the directions of 300 colors: 48000000 needed, the limit call_bytes is 41943040"

    def refused() -> None:
        engine = Engine(limits, machine_code=False)
        with pytest.raises(LimitExceeded, match=message):
            engine.sparse_jacobian(function, x) if what.endswith("Jacobian") else engine.sparse_hessian(
                function, x, np.ones(function.m)
            )

    assert peak_bytes(refused) < 40 << 20

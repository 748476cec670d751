"""The reference against itself: hand-worked lists, numeric derivatives, both of its modes."""

import math
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from tests import reference
from tests.reference_numbers import ONE, ZERO, Real
from tests.reference_rules import ELEMENTWISE
from tests.wire_lists import ListWriter, one_statement
from wengert.v1 import Output, WengertList

# Arguments well inside each domain, off every kink; (0.3, 0.7, ...) where nothing else is said.
POINTS: dict[str, tuple[float, ...]] = {
    "ACOSH": (1.9,),
    "REMAINDER": (7.3, 2.1),
    "FMOD": (-7.3, 2.1),
    "LGAMMA": (-1.4,),
    "POLYGAMMA": (2.2,),
}
# A shift that cancels later counts as a constant.
CONSTANT = {("SHIFTED_EXP", 1)}
PARAMETERS = {"INTEGER_POWER": [-3], "POLYGAMMA": [2]}


def _arity(name: str) -> int:
    parameters = PARAMETERS.get(name, [])
    for arity in (1, 2, 3):
        try:
            value = ELEMENTWISE[name]([Real(0.3 + 0.4 * k) for k in range(arity)], parameters)
        except (ValueError, IndexError, TypeError):
            continue
        if len(value[1]) == arity:
            return arity
    raise AssertionError(name)


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_partials_are_limits_of_difference_quotients(name: str) -> None:
    parameters = PARAMETERS.get(name, [])
    point = POINTS.get(name) or tuple(0.3 + 0.4 * k for k in range(_arity(name)))
    _, partials = ELEMENTWISE[name]([Real(x) for x in point], parameters)
    step = mpf(10) ** -13

    def value(k: int, shift: Any) -> Any:
        args = [Real(mpf(x) + shift if i == k else mpf(x)) for i, x in enumerate(point)]
        return mpf(ELEMENTWISE[name](args, parameters)[0].value)

    for k, partial in enumerate(partials):
        if (name, k) in CONSTANT:
            assert partial == ZERO
            continue
        quotient = (value(k, step) - value(k, -step)) / (2 * step)
        assert mp.almosteq(mpf(partial.value), quotient, rel_eps=1e-20, abs_eps=1e-20)


def _lecture() -> WengertList:
    """Return -((y - mu) / sigma)^2 / 2 - log sigma, with the nine lines of the textbook."""
    f = ListWriter()
    y, mu, sigma = f.input("y"), f.input("mu"), f.input("sigma")
    w4 = f.add("SUBTRACT", y, mu)
    w5 = f.add("DIVIDE", w4, sigma)
    w6 = f.add("SQUARE", w5)
    w7 = f.add("MULTIPLY", f.constant(-0.5), w6)
    w8 = f.add("LOG", sigma)
    f.output("g", f.add("SUBTRACT", w7, w8))
    return f.message


def test_lecture_function_by_hand() -> None:
    trace = reference.run(_lecture(), {"y": 1.0, "mu": 0.0, "sigma": 1.0})
    values = [float(w.ravel()[0]) for w in trace.variables]
    assert values == [1.0, 0.0, 1.0, 1.0, 1.0, 1.0, -0.5, 0.0, -0.5]
    for forward in (True, False):
        gradient = reference.floats(reference.jacobian(trace, forward=forward))
        assert gradient.tolist() == [[-1.0, 1.0, 0.0]]


def test_selected_inputs_and_outputs_keep_the_order_asked_for() -> None:
    f = ListWriter()
    x, y = f.input("x", 2), f.input("y")
    f.output("p", f.add("MULTIPLY", x, y))
    f.output("s", f.sum(x, 0))
    trace = reference.run(f.message, {"x": [2.0, 3.0], "y": 5.0})
    assert reference.floats(trace.outputs(["s", "p"])).tolist() == [5.0, 10.0, 15.0]
    expected = [[0, 1, 1], [2, 5, 0], [3, 0, 5]]
    for forward in (True, False):
        j = reference.jacobian(trace, ["y", "x"], ["s", "p"], forward=forward)
        assert reference.floats(j).tolist() == expected


ARRAY_STATEMENTS: list[tuple[str, list[tuple[int, ...]], list[int]]] = [
    ("RESHAPE", [(2, 3)], [1, 6]),
    ("BROADCAST", [(3,)], [2, 2, 3]),
    ("TRANSPOSE", [(2, 3)], [2, 1, 0]),
    ("SLICE", [(4, 3)], [2, 3, 2, -2, 0, 3, 1]),
    ("CONCATENATE", [(2, 1), (2, 2)], [1, 2]),
    ("GATHER", [(3, 2)], [0, 2, 2, 2, 0, 2, 2, 1]),
    ("SCATTER_ADD", [(3, 2), (2, 2, 2)], [0, 2, 2, 2, 0, 2, 2, 1]),
    ("SUM", [(2, 3)], [1, 1, 0]),
    ("PROD", [(2, 3)], [0, 1, 1]),
    ("MAX", [(2, 3)], [0, 2, 0, 1]),
    ("MIN", [(2, 3)], [0, 0]),
    ("LOGSUMEXP", [(2, 3)], [0, 1, 1]),
    ("MATMUL", [(2, 3), (3, 2)], []),
    ("ZERO_SAFE_MATMUL", [(2, 3), (3, 2)], []),
    ("MATMUL", [(3,), (3, 2)], []),
    ("HYPOT", [(2, 1), (3,)], []),
]


def _numpy_says(name: str, args: list[Any], parameters: list[int]) -> Any:
    axes = tuple(parameters[2:])
    reduced: dict[str, Any] = {"SUM": np.sum, "PROD": np.prod, "MAX": np.max, "MIN": np.min}
    simple: dict[str, Any] = {"MATMUL": np.matmul, "ZERO_SAFE_MATMUL": np.matmul, "HYPOT": np.hypot}
    if name in simple:
        return simple[name](*args)
    if name in reduced:
        return reduced[name](args[0], axis=axes, keepdims=bool(parameters[0]))
    if name == "LOGSUMEXP":
        return np.log(np.sum(np.exp(args[0]), axis=axes))
    if name == "SCATTER_ADD":
        result = args[0].copy()
        np.add.at(result, np.array(parameters[4:]).reshape(2, 2), args[1])
        return result
    by_hand: dict[str, Any] = {
        "RESHAPE": lambda: args[0].reshape(6),
        "BROADCAST": lambda: np.broadcast_to(args[0], (2, 3)),
        "TRANSPOSE": lambda: args[0].T,
        "SLICE": lambda: args[0][3:0:-2],
        "CONCATENATE": lambda: np.concatenate(args, axis=1),
        "GATHER": lambda: np.take(args[0], np.array(parameters[4:]).reshape(2, 2), axis=0),
    }
    return by_hand[name]()


@pytest.mark.parametrize(("name", "shapes", "parameters"), ARRAY_STATEMENTS)
def test_array_statements_follow_numpy_and_both_modes_agree(
    name: str, shapes: list[tuple[int, ...]], parameters: list[int]
) -> None:
    random = np.random.default_rng(7)
    args = [random.uniform(0.5, 2.0, shape) for shape in shapes]
    names = "abcdefgh"[: len(shapes)]
    trace = reference.run(one_statement(name, shapes, parameters), dict(zip(names, args, strict=True)))
    expected = _numpy_says(name, args, parameters)
    assert trace.variables[-1].shape == expected.shape
    np.testing.assert_allclose(reference.floats(trace.variables[-1]), expected, rtol=1e-14)
    forward = reference.jacobian(trace)
    backward = reference.jacobian(trace, forward=False)
    np.testing.assert_array_equal(reference.floats(forward), reference.floats(backward))
    step = 1e-6
    for j in range(forward.shape[1]):
        shifted = np.concatenate([a.ravel() for a in args])
        shifted[j] += step
        parts = np.split(shifted, np.cumsum([a.size for a in args])[:-1])
        again = [p.reshape(a.shape) for p, a in zip(parts, args, strict=True)]
        slope = (_numpy_says(name, again, parameters) - expected).ravel() / step
        np.testing.assert_allclose(reference.floats(forward)[:, j], slope, rtol=2e-5, atol=2e-5)


def test_strong_zero_and_its_known_failures() -> None:
    f = ListWriter()
    x = f.input("x")
    s = f.add("SQRT", x)
    f.output("norm", f.add("SQRT", f.add("SQUARE", x)))
    f.output("square", f.add("SQUARE", s))
    f.output("nothing", f.add("SUBTRACT", s, s))
    trace = reference.run(f.message, {"x": 0.0})
    forward = reference.floats(reference.jacobian(trace)).ravel()
    backward = reference.floats(reference.jacobian(trace, forward=False)).ravel()
    assert forward[:2].tolist() == backward[:2].tolist() == [0.0, 0.0]
    assert math.isnan(forward[2])
    assert backward[2] == 0.0


def test_signed_zeros_and_infinities_are_those_of_ieee() -> None:
    zero, minus = Real(0.0), Real(-0.0)
    assert float(ONE / minus) == -math.inf
    assert math.copysign(1, float(zero + minus)) == 1.0
    assert math.copysign(1, float(minus + minus)) == -1.0
    assert math.copysign(1, float(ONE * minus)) == -1.0
    assert (Real(math.inf) - Real(math.inf)).nan
    assert float(Real(mpf(10) ** 400).settled()) == math.inf


def test_id_of_the_empty_list_is_the_hash_of_its_bytes() -> None:
    expected = b"wengert list 1\n" + b"\0" * 64
    assert reference.canonical_bytes(WengertList()) == expected
    named = WengertList(outputs=[Output(name="f", argument=-1)], constants=[math.nan])
    assert reference.canonical_bytes(named)[15 + 24 :][:16].hex() == "0100000000000000" + "000000000000f87f"

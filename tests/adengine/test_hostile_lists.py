"""Derivative lists of hostile functions: a list, or one clear error; nothing large is made that is then refused."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from adengine import Derivative, Engine, Input, Limits, Output, WengertList
from adengine.errors import LimitExceeded, Unsupported
from adengine.primitives import BY_NAME
from tests.adengine.machine_lists import random_list
from tests.conformance.in_process import engine_list
from tests.wire_lists import one_statement

KINDS = list(Derivative)


def many(inputs: int, outputs: int) -> WengertList:
    """Return sines of some inputs, one output each."""
    return WengertList.build(
        inputs=[Input(f"x{i}") for i in range(inputs)],
        primitives=[BY_NAME["SIN"].number] * outputs,
        arguments=[1 + k % inputs for k in range(outputs)],
        outputs=[Output(f"y{k}", inputs + 1 + k) for k in range(outputs)],
    )


@pytest.mark.parametrize("derivative", KINDS)
def test_inputs_and_outputs_are_counted_first(derivative: Derivative) -> None:
    function = many(60, 80)
    limits = Limits(inputs=60, outputs=80)
    wanted = "outputs" if derivative is Derivative.JACOBIAN else "inputs"
    with pytest.raises(LimitExceeded, match=rf"{wanted} of the derivative list: \d+ needed, the limit {wanted}"):
        Engine(limits).differentiate(function, derivative)
    made = Engine(Limits(inputs=140, outputs=160)).differentiate(function, derivative)
    assert len(made.inputs) <= 140
    assert len(made.outputs) <= 160


@pytest.mark.parametrize("derivative", [Derivative.JACOBIAN, Derivative.HESSIAN])
@pytest.mark.parametrize("name", ["EXP", "PROD", "LOGSUMEXP"])
def test_matrices_that_cannot_fit_take_no_memory(derivative: Derivative, name: str) -> None:
    n = 1_000_000
    function = engine_list(one_statement(name, [(n,)], [] if name == "EXP" else [0, 1, 0]))
    engine = Engine(Limits(variable_elements=n))
    if derivative is Derivative.JACOBIAN and name != "EXP":
        assert engine.differentiate(function, derivative).output_shapes[-1] == (1, n)
        return
    tracemalloc.start()
    with pytest.raises(LimitExceeded, match="1000000000000 needed, the limit variable_elements is 1000000"):
        engine.differentiate(function, derivative)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("derivative", KINDS)
@pytest.mark.parametrize("shape", [(0,), (0, 1 << 26), (1 << 26, 0, 5), (1,) * 32, (2,) * 6 + (0,)])
def test_extents_of_nothing_and_of_high_rank(derivative: Derivative, shape: tuple[int, ...]) -> None:
    function = engine_list(one_statement("EXP", [shape]))
    made = Engine(machine_code=False).differentiate(function, derivative)
    assert made.output_shapes[0] == shape
    assert np.isfinite(Engine(machine_code=False).evaluate(made, np.zeros(made.n)).values).all()


@pytest.mark.parametrize("derivative", KINDS)
def test_differentiating_until_it_does_not_fit(derivative: Derivative) -> None:
    """Again and again: each list is a list, until one is refused with its limit and field."""
    function = engine_list(one_statement("EXP", [(3,)]))
    engine = Engine(Limits(statements=20_000, variable_elements=100_000, list_elements=1_000_000), machine_code=False)

    def again(function: WengertList) -> None:
        for _ in range(20):
            function = engine.differentiate(function, derivative)
            assert function.statements <= 20_000

    with pytest.raises(LimitExceeded, match=r"of the derivative list: \d+ needed, the limit") as caught:
        again(function)
    assert caught.value.violations[0].field == "derivative"


@pytest.mark.parametrize("seed", range(40))
def test_small_limits_never_break_anything(seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = tuple(int(size) for size in random.choice([0, 1, 2, 7, 16], 3))
    function = engine_list(random_list(random, 10, sizes, 3, 8))
    for _ in range(6):
        limits = Limits(
            statements=int(random.integers(1, 400)),
            variable_elements=int(random.integers(1, 2000)),
            list_elements=int(random.integers(1, 20_000)),
            call_bytes=int(random.integers(1 << 10, 1 << 20)),
            pattern_entries=int(random.integers(1, 400)),
            inputs=int(random.integers(3, 10)),
        )
        for derivative in KINDS:
            try:
                made = Engine(limits, machine_code=False).differentiate(function, derivative)
            except (LimitExceeded, Unsupported) as error:
                assert str(error)  # noqa: PT017  a refusal is as good as a list
            else:
                assert made.statements <= limits.statements
                assert max(int(np.prod(shape)) for shape in made.output_shapes) <= limits.variable_elements

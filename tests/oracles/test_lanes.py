"""Points and directions side by side give what they give one by one, whatever their number."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adengine
from tests.conformance.in_process import engine_list
from tests.oracles import problems
from tests.oracles.asking import ENGINE, Floats, agree
from tests.oracles.test_random_lists import array_lists, scalar_lists
from wengert.v1 import WengertList

# Around the widths of blocks of lanes.
COUNTS = [1, 2, 3, 7, 8, 9, 16, 31, 33, 65, 130]
RELATIVE = 1e-12

FEW = settings(max_examples=60, deadline=None, derandomize=True)


def _close(together: Floats, alone: list[Floats], what: str) -> None:
    for k, one in enumerate(alone):
        agree(np.atleast_1d(together[k]), np.atleast_1d(one), RELATIVE, f"{what} at {k}")


def _check_points(function: adengine.WengertList, points: Floats, random: np.random.Generator) -> None:
    K = len(points)
    modes = [adengine.Mode.FORWARD, adengine.Mode.REVERSE]
    for mode in modes:
        together = ENGINE.jacobian(function, points, mode=mode)
        alone = [ENGINE.jacobian(function, x, mode=mode) for x in points]
        _close(together.values, [one.values for one in alone], "values")
        _close(together.jacobian, [one.jacobian for one in alone], f"{mode.name} Jacobian")
    for p in (1, 5):
        for count in (1, K):
            u, v = random.normal(size=(count, p, function.n)), random.normal(size=(count, p, function.m))
            at = [k if count == K else 0 for k in range(K)]
            pushed = ENGINE.jvp(function, points, u).tangents
            _close(pushed, [ENGINE.jvp(function, x, u[i]).tangents for x, i in zip(points, at, strict=True)], "J u")
            pulled = ENGINE.vjp(function, points, v).cotangents
            _close(pulled, [ENGINE.vjp(function, x, v[i]).cotangents for x, i in zip(points, at, strict=True)], "J^T v")
    one_for_all = random.normal(size=function.n)
    pushed = ENGINE.jvp(function, points, one_for_all).tangents
    _close(pushed, [ENGINE.jvp(function, x, one_for_all).tangents for x in points], "J u, one for all")


@FEW
@given(
    st.one_of(scalar_lists(), array_lists().map(lambda made: made[0])), st.sampled_from(COUNTS[:8]), st.integers(0, 999)
)
def test_points_together_and_alone(message: WengertList, count: int, seed: int) -> None:
    function = engine_list(message)
    random = np.random.default_rng(seed)
    _check_points(function, random.uniform(-2, 2, (count, function.n)), random)


@FEW
@given(array_lists(), st.sampled_from(COUNTS), st.integers(0, 999))
def test_directions_together_and_alone(made: tuple[WengertList, int], count: int, seed: int) -> None:
    function = engine_list(made[0])
    random = np.random.default_rng(seed)
    x = random.uniform(-2, 2, function.n)
    u, v = random.normal(size=(count, function.n)), random.normal(size=(count, function.m))
    _close(ENGINE.jvp(function, x, u).tangents, [ENGINE.jvp(function, x, d).tangents for d in u], "J u")
    _close(ENGINE.vjp(function, x, v).cotangents, [ENGINE.vjp(function, x, d).cotangents for d in v], "J^T v")


@FEW
@given(array_lists(), st.data())
def test_selections_pick_from_the_whole(made: tuple[WengertList, int], data: st.DataObject) -> None:
    """Shared inputs, chosen outputs and with_respect_to give rows and columns of the whole Jacobian."""
    function = engine_list(made[0])
    names = [declared.name for declared in function.inputs]
    random = np.random.default_rng(data.draw(st.integers(0, 999)))
    values = {i.name: random.uniform(-2, 2, i.shape) for i in function.inputs}
    shared = data.draw(st.lists(st.sampled_from(names), unique=True))
    chosen = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    outputs = data.draw(st.lists(st.sampled_from([o.name for o in function.outputs]), unique=True, min_size=1))
    whole = ENGINE.jacobian(function, np.concatenate([np.ravel(values[name]) for name in names]))
    columns = dict(zip(names, _spans([values[name].size for name in names]), strict=True))
    rows = dict(
        zip([o.name for o in function.outputs], _spans([_size(s) for s in function.output_shapes]), strict=True)
    )
    points = np.concatenate([np.zeros(0), *[np.ravel(values[name]) for name in names if name not in shared]])
    for mode in (adengine.Mode.FORWARD, adengine.Mode.REVERSE):
        part = ENGINE.jacobian(
            function,
            points,
            shared=[(name, values[name]) for name in shared],
            outputs=outputs,
            with_respect_to=chosen,
            mode=mode,
        )
        picked = np.concatenate([rows[name] for name in outputs])
        agree(part.values, whole.values[picked], RELATIVE, "values")
        expected = whole.jacobian[np.ix_(picked, np.concatenate([columns[name] for name in chosen]))]
        agree(part.jacobian, expected, 1e-11, "Jacobian", floor=1.0)


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=int))


def _spans(sizes: list[int]) -> list[Any]:
    ends = np.cumsum(sizes)
    return [np.arange(end - size, end) for end, size in zip(ends, sizes, strict=True)]


@pytest.mark.parametrize("count", COUNTS)
def test_problems_at_many_points(count: int) -> None:
    random = np.random.default_rng(count)
    for message in (problems.brusselator(2), problems.rosenbrock(4), problems.network(np.eye(3, 2), [0, 1, 1], 2, 2)):
        function = engine_list(message)
        _check_points(function, random.uniform(0.5, 1.5, (count, function.n)), random)


def test_a_point_that_is_not_finite_does_not_touch_the_others() -> None:
    function = engine_list(problems.rosenbrock(3))
    points = np.array([[1.0, 2.0, 3.0], [np.nan, 1.0, np.inf], [0.5, 0.25, -1.0]])
    for mode in (adengine.Mode.FORWARD, adengine.Mode.REVERSE):
        together = ENGINE.jacobian(function, points, mode=mode).jacobian
        for k in (0, 2):
            agree(together[k], ENGINE.jacobian(function, points[k], mode=mode).jacobian, RELATIVE)

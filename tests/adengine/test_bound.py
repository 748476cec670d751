"""A bound question gives what the call gives, bit for bit, however often it is asked."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import Engine, Input, Mode, Output, WengertList
from adengine.bound import BoundSparse
from adengine.errors import UnknownName
from adengine.primitives import BY_NAME
from tests.adengine.test_sparse import arrowhead
from tests.conformance.in_process import engine_list


def _function() -> WengertList:
    """Of a vector x and a shared scalar a: a sin(x), and the sum of squares."""
    numbers = {name: BY_NAME[name].number for name in ("SIN", "MULTIPLY", "SQUARE", "SUM")}
    return WengertList.build(
        inputs=[Input("x", (3,)), Input("a")],
        primitives=[numbers["SIN"], numbers["MULTIPLY"], numbers["SQUARE"], numbers["SUM"]],
        arguments=[1, 2, 3, 1, 5],
        parameters=[0, 1, 0],
        outputs=[Output("wave", 4), Output("square", 6)],
    )


POINTS = np.linspace(-1.0, 2.0, 21).reshape(7, 3)


@pytest.mark.parametrize("machine_code", [False, True])
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("what", ["evaluate", "jvp", "vjp", "jacobian", "sparse_jacobian"])
def test_a_bound_question_gives_what_the_call_gives(what: str, many: bool, machine_code: bool) -> None:
    engine = Engine(machine_code=machine_code)
    function = _function()
    points = POINTS if many else POINTS[2]
    shared = [("a", np.array(2.5))]
    bound = engine.bind(function, what, points=7 if many else None, shared=["a"])
    bound.shared["a"][...] = 2.5
    directions = np.arange(1.0, bound.directions.size + 1) if bound.directions.size else None
    if directions is not None:
        bound.directions[:] = directions
    for scale in (1.0, -0.5, 3.0):
        bound.points[...] = scale * points
        bound()
        call = getattr(engine, what)
        given = (function, scale * points) if directions is None else (function, scale * points, directions)
        answer = call(*given, shared=shared)
        assert np.array_equal(bound.values, answer.values)
        if what != "evaluate":
            assert np.array_equal(bound.derivatives, answer.entries if what == "sparse_jacobian" else answer[1])


def test_several_directions_have_their_axis() -> None:
    engine, function = Engine(), _function()
    bound = engine.bind(function, "jvp", directions=2, shared=["a"])
    bound.points[:], bound.shared["a"][...] = POINTS[1], 1.5
    bound.directions[:] = [[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]
    bound()
    expected = engine.jvp(function, POINTS[1], bound.directions, shared=[("a", np.array(1.5))])
    assert np.array_equal(bound.derivatives, expected.tangents)


def test_it_outlives_what_the_engine_forgets() -> None:
    engine, function = Engine(), _function()
    bound = engine.bind(function, shared=["a"])
    bound.points[:] = POINTS[0]
    assert engine.forget(function.id)
    bound()
    assert bound.values[3] == np.sum(POINTS[0] ** 2)


def test_wrong_names_are_refused() -> None:
    with pytest.raises(UnknownName):
        Engine().bind(_function(), outputs=["none"])
    with pytest.raises(ValueError, match="what is 'gradient'"):
        Engine().bind(_function(), "gradient")


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("points", [None, 0, 1, 9])
def test_a_bound_sparse_jacobian_is_that_of_the_call_in_every_mode(mode: Mode, points: int | None) -> None:
    engine, function = Engine(), _pairs(6)
    bound = engine.bind(function, "sparse_jacobian", points=points, mode=mode)
    bound.points[...] = np.random.default_rng(1).uniform(1, 2, bound.points.shape)
    bound()
    values, pattern, entries, report = engine.sparse_jacobian(function, bound.points, mode=mode)
    assert np.array_equal(bound.values, values)
    assert np.array_equal(bound.derivatives, entries)
    assert isinstance(bound, BoundSparse)
    assert np.array_equal(bound.pattern.column, pattern.column)
    assert bound.tier == report.tier
    if points != 0:
        assert bound.tier == engine.prepare(function, "sparse_jacobian", points=points or 1, mode=mode)


def test_sparse_jacobians_may_be_bound_where_sweeps_go_both_ways() -> None:
    engine, function = Engine(), engine_list(arrowhead(300))
    bound = engine.bind(function, "sparse_jacobian")
    bound.points[...] = np.linspace(0.0, 1.0, 300)
    bound()
    result = engine.sparse_jacobian(function, bound.points)
    assert "and 1 reverse sweep" in result.report.reason
    assert np.array_equal(bound.derivatives, result.entries)
    assert np.array_equal(bound.values, result.values)


def _pairs(n: int) -> WengertList:
    """Products of neighbours around a ring."""
    return WengertList.build(
        inputs=[Input(f"x{i}") for i in range(n)],
        primitives=[BY_NAME["MULTIPLY"].number] * n,
        arguments=[argument for i in range(n) for argument in (i + 1, (i + 1) % n + 1)],
        outputs=[Output(f"f{i}", n + 1 + i) for i in range(n)],
    )

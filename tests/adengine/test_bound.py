"""A bound question gives what the call gives, bit for bit, however often it is asked."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import Engine, Input, Mode, Output, WengertList
from adengine.bound import BoundSecond, BoundSparse
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


@pytest.mark.parametrize("machine_code", [False, True])
@pytest.mark.parametrize("points", [None, 0, 1, 7])
@pytest.mark.parametrize("outputs", [["wave", "square"], ["square"]])
@pytest.mark.parametrize("what", ["hvp", "hessian", "sparse_hessian"])
def test_bound_second_derivatives_are_those_of_the_call(
    what: str, outputs: list[str], points: int | None, machine_code: bool
) -> None:
    engine, function = Engine(machine_code=machine_code), _function()
    directions = 2 if what == "hvp" else None
    bound = engine.bind(function, what, points=points, directions=directions, shared=["a"], outputs=outputs)
    assert isinstance(bound, BoundSecond)
    random = np.random.default_rng(5)
    assert bound.weights.shape == ((4,) if len(outputs) == 2 else (0,))
    for factor in (2.5, -1.0):
        for array in (bound.points, bound.weights, bound.directions):
            array[...] = random.normal(size=array.shape)
        bound.shared["a"][...] = factor
        bound()
        given = [bound.directions] if what == "hvp" else []
        weights = bound.weights if len(outputs) == 2 else None
        shared = [("a", np.array(factor))]
        answer = getattr(engine, what)(function, bound.points, *given, weights, shared=shared, outputs=outputs)
        assert np.array_equal(bound.values, answer.values)
        assert np.array_equal(bound.gradient, answer.gradient)
        expected = {"hvp": "products", "hessian": "hessian", "sparse_hessian": "entries"}[what]
        assert np.array_equal(bound.derivatives, getattr(answer, expected))
        assert bound.derivatives.shape == getattr(answer, expected).shape
        assert bound.tier == answer.report.tier
        if what == "sparse_hessian":
            assert bound.pattern is answer.pattern


@pytest.mark.parametrize("n", [3, 40])
def test_hessians_may_be_bound_whatever_way_is_taken(n: int) -> None:
    """A list of all entries, sweeps by colours, a sweep for each column."""
    for function in (_pairs(n), _coupled(n)):
        engine, weights = Engine(), np.linspace(0.5, 1.5, function.m)
        for what in ("hessian", "sparse_hessian"):
            bound = engine.bind(function, what)
            assert isinstance(bound, BoundSecond)
            bound.points[...], bound.weights[...] = np.linspace(0.1, 1.0, n), weights
            bound()
            answer = getattr(engine, what)(function, bound.points, weights)
            assert np.array_equal(bound.derivatives, answer[2 if what == "hessian" else 3])
            assert np.array_equal(bound.gradient, answer.gradient)


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


def _coupled(n: int) -> WengertList:
    """Each x times the sine of a long product: deep, and every entry of the Hessian is there."""
    multiply, sine = BY_NAME["MULTIPLY"].number, BY_NAME["SIN"].number
    primitives, arguments, last = [], [], 1
    for i in range(1, n):
        primitives += [multiply, sine]
        arguments += [last, i + 1, n + len(primitives) - 1]
        last = n + len(primitives)
    outputs = [Output("f", last), Output("g", last - 1)]
    inputs = [Input(f"x{i}") for i in range(n)]
    return WengertList.build(inputs=inputs, primitives=primitives, arguments=arguments, outputs=outputs)


def _pairs(n: int) -> WengertList:
    """Products of neighbours around a ring."""
    return WengertList.build(
        inputs=[Input(f"x{i}") for i in range(n)],
        primitives=[BY_NAME["MULTIPLY"].number] * n,
        arguments=[argument for i in range(n) for argument in (i + 1, (i + 1) % n + 1)],
        outputs=[Output(f"f{i}", n + 1 + i) for i in range(n)],
    )

"""Many points in one call, in process: bundle adjustment, and scalar lists at points as lanes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import casadi
import jax
import numpy as np

from adengine import Engine, WengertList
from benchmarks.checking import check
from benchmarks.markdown import number_text
from benchmarks.measure import Effort, compare
from benchmarks.peers.casadi_sx import buffered, expressions
from benchmarks.peers.jax_functions import lotka_volterra, reprojection_error
from benchmarks.peers.jax_jit import called
from benchmarks.peers.ours import NAME, received
from benchmarks.peers.system import Ask, Floats
from benchmarks.results import Chapter, Comparison, Table, Target
from examples import functions

OBSERVATIONS = 31_843
"""As in the first of ADBench's bundle adjustment problems."""
_WITH_RESPECT_TO = 15
"""A block is differentiated by its first 15 inputs; the last two are where the point was seen."""

_CASADI, _JAX = "CasADi SX VM, map", "JAX jit of vmap"


def many_points(effort: Effort) -> Chapter:
    """Measure batches."""
    engine = Engine()
    blocks = 100 if effort.quick else OBSERVATIONS
    comparisons = [*_bundle(engine, blocks, effort), _lotka_volterra(engine, 16 if effort.quick else 1024, effort)]
    target = Target(
        f"bundle adjustment, {blocks} blocks of 2 x 15 in one call / JAX vmap(jacrev)",
        0.7,
        comparisons[1].ratio(NAME, _JAX),
        "x",
    )
    lanes = [
        Target(f"{each.title}, f: time for each statement and lane", 0.5, _per_lane(each), "ns")
        for each in (comparisons[0], comparisons[2])
    ]
    text = (
        "One call answers for K points. JAX has its vmapped function, CasADi the mapped one (serial), both with the "
        "same arrays in and out."
    )
    return Chapter("many-points", "Many points in one call", text, [target, *lanes], comparisons, [_lanes(comparisons)])


def _bundle(engine: Engine, blocks: int, effort: Effort) -> list[Comparison]:
    problem = functions.bundle_adjustment_block()
    function = received(problem.builder.build())
    points = problem.point * (1.0 + 0.01 * np.random.default_rng(5).normal(size=(blocks, len(problem.point))))
    chosen = [value.name for value in function.inputs[:_WITH_RESPECT_TO]]

    def jacobian() -> tuple[Floats, ...]:
        given = engine.jacobian(function, points, with_respect_to=chosen)
        return given.values, given.jacobian

    def of_jax(_shared: Any, at: Any) -> Any:
        by = jax.vmap(jax.jacrev(lambda x, rest: reprojection_error(jax.numpy.concatenate([x, rest]))))
        by_points = by(at[:, :_WITH_RESPECT_TO], at[:, _WITH_RESPECT_TO:])
        return jax.vmap(reprojection_error)(at), by_points

    x, f = _symbols(function)
    block = casadi.densify(casadi.jacobian(f, x[:_WITH_RESPECT_TO])).T
    theirs = {
        _CASADI: mapped(casadi.Function("f", [x], [f, block]), points, (2, _WITH_RESPECT_TO)),
        _JAX: called(of_jax, {}, points),
    }
    values = _values(engine, function, points, lambda _, at: (jax.vmap(reprojection_error)(at),), effort)
    title, facts = f"bundle adjustment, {blocks} blocks", _facts(function, blocks)
    derivatives = _compared(title, "f and J", {NAME: jacobian} | theirs, facts, effort)
    return [Comparison(title, values, NAME, "f", facts), derivatives]


def _lotka_volterra(engine: Engine, points: int, effort: Effort) -> Comparison:
    steps = 20 if effort.quick else 200
    problem = functions.lotka_volterra(steps)
    function = received(problem.builder.build())
    x = problem.point * (1.0 + 0.01 * np.random.default_rng(6).normal(size=(points, len(problem.point))))
    written = lotka_volterra(steps)
    timings = _values(engine, function, x, lambda _, at: (jax.vmap(lambda p: written(p, {}))(at),), effort)
    return Comparison(f"{problem.name}, {points} points", timings, NAME, "f", _facts(function, points))


def _values(engine: Engine, function: WengertList, points: Floats, of_jax: Any, effort: Effort) -> Any:
    """Time f at many points."""
    x, f = _symbols(function)
    calls: dict[str, Ask] = {
        NAME: lambda: (engine.evaluate(function, points).values,),
        _CASADI: mapped(casadi.Function("f", [x], [f]), points, (function.m,)),
        _JAX: called(of_jax, {}, points),
    }
    return _compared("f at many points", "f", calls, {}, effort).timings


def _symbols(function: WengertList) -> tuple[Any, Any]:
    x = casadi.SX.sym("x", function.n)
    return x, expressions(function, x, {})


def mapped(function: Any, points: Floats, shape: tuple[int, ...]) -> Ask:
    """A function of one point as one of many; the last output has this shape at each point, stored row-major."""
    call = buffered(function.map(len(points)), points)

    def answer() -> tuple[Floats, ...]:
        *values, last = call()
        return *(each.reshape(len(points), -1) for each in values), last.reshape(len(points), *shape)

    return answer


def _compared(title: str, task: str, calls: Mapping[str, Ask], facts: Mapping[str, Any], effort: Effort) -> Comparison:
    expected = calls[NAME]()
    for name, call in calls.items():
        check(call(), expected, 1e-9, f"{title}, {task}: {name}")
    return Comparison(title, compare(calls, effort), NAME, task, facts)


def _facts(function: WengertList, points: int) -> dict[str, int]:
    return {"statements": function.statements, "points": points}


def _per_lane(comparison: Comparison) -> float:
    """Nanoseconds for each statement of f and lane."""
    facts = comparison.facts
    return float(comparison.timing(NAME).median / (facts["statements"] * facts["points"]) * 1e9)


def _lanes(comparisons: list[Comparison]) -> Table:
    rows = []
    for each in comparisons:
        facts = each.facts
        unit = 1e9 / (facts["statements"] * facts["points"])
        rows.append([f"{each.title}: {each.task}", *(number_text(t.median * unit) for t in each.timings)])
    names = [each.name for each in comparisons[0].timings]
    return Table("Nanoseconds for each statement of f and point", ["", *names], rows)

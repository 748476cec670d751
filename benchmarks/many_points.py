"""Many points in one call, in process: bundle adjustment, and scalar lists at points as lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import casadi
import jax
import numpy as np

from adengine import Engine, WengertList
from adengine.program import MACHINE
from benchmarks.checking import check
from benchmarks.markdown import number_text, seconds_text
from benchmarks.measure import Effort, compare
from benchmarks.peers.casadi_sx import buffered, expressions
from benchmarks.peers.jax_functions import lotka_volterra, reprojection_error
from benchmarks.peers.jax_jit import called
from benchmarks.peers.ours import COMPILED, NAME, engines, on_vm, received
from benchmarks.peers.system import Ask, Floats
from benchmarks.results import Chapter, Comparison, Table, Target
from examples import functions

OBSERVATIONS = 31_843
"""As in the first of ADBench's bundle adjustment problems."""
_WITH_RESPECT_TO = 15
"""A block is differentiated by its first 15 inputs; the last two are where the point was seen."""

_CASADI, _JAX = "CasADi SX VM, map", "JAX jit of vmap"
_ONE, _TWO = "1 thread", "2 threads"


def many_points(effort: Effort) -> Chapter:
    """Measure batches."""
    ours = engines()
    bundle, lotka_volterra = _bundle(effort), _lotka_volterra(effort)
    comparisons = [*_derivatives(bundle, ours, effort), _values(lotka_volterra, ours, effort)]
    lanes = (comparisons[0], comparisons[2])
    target = Target(
        f"{bundle.title} of 2 x 15 in one call / JAX vmap(jacrev)", 0.7, comparisons[1].ratio(NAME, _JAX), "x"
    )
    per_lane = [
        Target(f"{each.title}, f, {name}: time for each statement and lane", aim, _per_lane(each, name), "ns")
        for name, aim in ((NAME, 0.5), (COMPILED, 0.15))
        for each in lanes
        if any(timing.name == name for timing in each.timings)
    ]
    shared = [_threads(bundle, effort), _threads(lotka_volterra, effort)]
    text = (
        "One call answers for K points. JAX has its vmapped function, CasADi the mapped one (serial), both with the "
        "same arrays in and out. All take one thread, but for the comparison of one and two threads of the engine."
    )
    return Chapter(
        "many-points",
        "Many points in one call",
        text,
        [target, *per_lane],
        [*comparisons, *shared],
        [_lanes(comparisons), _threads_table(shared)],
    )


@dataclass(frozen=True)
class Batch:
    """A function at many points, and the same function for JAX."""

    title: str
    function: WengertList
    points: Floats
    of_jax: Any
    with_respect_to: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, int]:
        """Sizes that times are divided by."""
        return {"statements": self.function.statements, "points": len(self.points)}


def _bundle(effort: Effort) -> Batch:
    blocks = 100 if effort.quick else OBSERVATIONS
    problem = functions.bundle_adjustment_block()
    function = received(problem.builder.build())
    points = problem.point * (1.0 + 0.01 * np.random.default_rng(5).normal(size=(blocks, len(problem.point))))
    chosen = tuple(value.name for value in function.inputs[:_WITH_RESPECT_TO])
    return Batch(f"bundle adjustment, {blocks} blocks", function, points, reprojection_error, chosen)


def _lotka_volterra(effort: Effort) -> Batch:
    steps, points = (20, 16) if effort.quick else (200, 1024)
    problem = functions.lotka_volterra(steps)
    x = problem.point * (1.0 + 0.01 * np.random.default_rng(6).normal(size=(points, len(problem.point))))
    written = lotka_volterra(steps)
    return Batch(f"{problem.name}, {points} points", received(problem.builder.build()), x, lambda p: written(p, {}))


def _derivatives(batch: Batch, ours: Mapping[str, Engine], effort: Effort) -> tuple[Comparison, Comparison]:
    """F, then f and J by the chosen inputs."""
    count = len(batch.with_respect_to)

    def of_jax(_shared: Any, at: Any) -> Any:
        by = jax.vmap(jax.jacrev(lambda x, rest: batch.of_jax(jax.numpy.concatenate([x, rest]))))
        return jax.vmap(batch.of_jax)(at), by(at[:, :count], at[:, count:])

    x, f = _symbols(batch.function)
    block = casadi.densify(casadi.jacobian(f, x[:count])).T
    theirs = {
        _CASADI: mapped(casadi.Function("f", [x], [f, block]), batch.points, (batch.function.m, count)),
        _JAX: called(of_jax, {}, batch.points),
    }
    mine = {
        name: _jacobian(engine, batch)
        for name, engine in ours.items()
        if _ready(engine, name, batch, "jacobian", batch.with_respect_to)
    }
    return _values(batch, ours, effort), _compared(batch, "f and J", mine | theirs, effort)


def _ready(engine: Engine, name: str, batch: Batch, what: str, with_respect_to: Sequence[str] = ()) -> bool:
    """Compile what the compiled tier runs; whether there is anything to ask."""
    if name == NAME:
        return True
    points = len(batch.points)
    return engine.prepare(batch.function, what, points=points, with_respect_to=with_respect_to) == MACHINE


def _jacobian(engine: Engine, batch: Batch) -> Ask:
    def jacobian() -> tuple[Floats, ...]:
        given = engine.jacobian(batch.function, batch.points, with_respect_to=batch.with_respect_to)
        return given.values, given.jacobian

    return jacobian


def _value(engine: Engine, batch: Batch) -> Ask:
    return lambda: (engine.evaluate(batch.function, batch.points).values,)


def _values(batch: Batch, ours: Mapping[str, Engine], effort: Effort) -> Comparison:
    """Time f at many points."""
    x, f = _symbols(batch.function)
    calls: dict[str, Ask] = {
        name: _value(engine, batch) for name, engine in ours.items() if _ready(engine, name, batch, "evaluate")
    }
    calls[_CASADI] = mapped(casadi.Function("f", [x], [f]), batch.points, (batch.function.m,))
    calls[_JAX] = called(lambda _, at: (jax.vmap(batch.of_jax)(at),), {}, batch.points)
    return _compared(batch, "f", calls, effort)


def _threads(batch: Batch, effort: Effort) -> Comparison:
    """One thread and two, f and J."""
    calls = {name: _jacobian(on_vm(threads=count), batch) for count, name in enumerate((_ONE, _TWO), start=1)}
    expected = calls[_ONE]()
    check(calls[_TWO](), expected, 0.0, f"{batch.title}: {_TWO}")
    return Comparison(batch.title, compare(calls, effort), _ONE, "f and J", batch.facts)


def _threads_table(comparisons: Sequence[Comparison]) -> Table:
    rows = [
        [
            f"{each.title}: {each.task}",
            *(seconds_text(each.timing(name).median) for name in (_ONE, _TWO)),
            number_text(each.ratio(_ONE, _TWO)),
        ]
        for each in comparisons
    ]
    return Table("Threads of the engine", ["median", _ONE, _TWO, "times as fast"], rows)


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


def _compared(batch: Batch, task: str, calls: Mapping[str, Ask], effort: Effort) -> Comparison:
    expected = calls[NAME]()
    for name, call in calls.items():
        check(call(), expected, 1e-9, f"{batch.title}, {task}: {name}")
    return Comparison(batch.title, compare(calls, effort), NAME, task, batch.facts)


def _per_lane(comparison: Comparison, name: str) -> float:
    """Nanoseconds for each statement of f and lane."""
    facts = comparison.facts
    return float(comparison.timing(name).median / (facts["statements"] * facts["points"]) * 1e9)


def _lanes(comparisons: list[Comparison]) -> Table:
    rows = []
    names = [NAME, COMPILED, _CASADI, _JAX]
    for each in comparisons:
        facts = each.facts
        unit = 1e9 / (facts["statements"] * facts["points"])
        costs = {timing.name: number_text(timing.median * unit) for timing in each.timings}
        rows.append([f"{each.title}: {each.task}", *(costs.get(name, "") for name in names)])
    return Table("Nanoseconds for each statement of f and point", ["", *names], rows)

"""Sparse derivatives: the entries and nothing else, beside symbolic ones, coloured tangents and differences."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from adengine import Engine
from adengine.coloring import color_columns
from adengine.limits import DEFAULT_LIMITS
from adengine.lower import lower
from adengine.sparsity import jacobian_pattern
from benchmarks.checking import check
from benchmarks.in_process import hold, left_out_table, once_table, ratios_table, summary_table
from benchmarks.markdown import seconds_text
from benchmarks.measure import Effort, Stages, compare
from benchmarks.peers.ours import copying, engines, on_vm, received
from benchmarks.peers.system import Answer, Given, Task
from benchmarks.reach import sparse_targets
from benchmarks.results import Chapter, Comparison, Table, Target
from benchmarks.sparse_contests import contests, grids
from examples import functions
from examples import sparse as problems

_ALL, _SINGLE = "all at once", "one by one"
_REGISTERED, _PATTERN, _COLORED, _FIRST = "registered", "pattern", "coloured", "first Jacobian, from registration on"
_ROUNDS = 5
_COMPARISON_S = 0.8
"""A comparison takes shorter than elsewhere: most contenders are far apart, and SciPy is slow."""


def sparse(effort: Effort) -> Chapter:
    """Measure all problems."""
    effort = dataclasses.replace(effort, comparison_s=min(effort.comparison_s, _COMPARISON_S))
    ours, held = engines(), []
    for contest in contests(quick=effort.quick):
        started = time.perf_counter()
        held.append(hold(contest, ours, effort))
        print(f"bench:   {held[-1].name}, {time.perf_counter() - started:.0f} s", flush=True)
    batches = [_batch(engine, name, effort) for name, engine in ours.items()]
    steps = list(_steps(effort))
    tables = (summary_table(held), ratios_table(held), _steps_table(steps), once_table(held), left_out_table(held))
    text = (
        "f and the entries of its Jacobian that may be other than zero, row by row, from NumPy arrays to new NumPy "
        "arrays. Ours finds the pattern itself, and takes a list of all entries or sweeps by colours, whichever it "
        "predicts to be faster. CasADi differentiates the same statements symbolically (SX) and runs them on its "
        "virtual machine, or as C. JAX pushes a tangent for each colour through the function as its users write it, "
        "all at once, and gathers the entries; SciPy takes forward differences of a function in NumPy, the columns of "
        "a colour together, and is that much less exact. JAX and SciPy are told the pattern, and JAX the colours. "
        "Hessians come with f and the gradient, and have both triangles. "
        "Each answer was compared with the engine's first."
    )
    comparisons = [*(comparison for each in held for comparison in each.comparisons), *batches]
    targets = [*sparse_targets(held), *_batch_targets(batches), *_steps_targets(steps)]
    return Chapter("sparse", "Sparse Jacobians and Hessians", text, targets, comparisons, [t for t in tables if t.rows])


# ---- many points


def _batch(engine: Engine, name: str, effort: Effort) -> Comparison:
    """Many points in one call, and in a call each; both bound."""
    problem = functions.brusselator_scalars(grids(quick=effort.quick)[0])
    function, many = received(problem.builder.build()), 20 if effort.quick else 1000
    points = problem.point * np.random.default_rng(5).uniform(0.9, 1.1, (many, function.n))
    together = copying(engine.bind(function, "sparse_jacobian", points=many), points)
    bound = engine.bind(function, "sparse_jacobian")

    def one_by_one() -> Answer:
        values, entries = np.empty((many, function.m)), np.empty((many, bound.derivatives.size))
        for k in range(many):
            bound.points[:] = points[k]
            bound()
            values[k], entries[k] = bound.values, bound.derivatives
        return values, entries

    title = f"{problem.name}, {many} points: {name}"
    check(together(), one_by_one(), 0.0, title)
    return Comparison(title, compare({_ALL: together, _SINGLE: one_by_one}, effort), _SINGLE, Task.SPARSE.value)


def _batch_targets(batches: Sequence[Comparison]) -> Iterator[Target]:
    for each in batches:
        yield Target(f"{each.title}, {_ALL} / {_SINGLE}", 0.2, each.ratio(_ALL, _SINGLE), "x")


# ---- what happens once


class Steps(NamedTuple):
    """Seconds of what happens once."""

    name: str
    seconds: Mapping[str, float]


def _steps(effort: Effort) -> Iterator[Steps]:
    """The pattern, its colours and the first Jacobian, each the best of some rounds."""
    many = 100 if effort.quick else 100_000
    for problem in (
        functions.brusselator_scalars(grids(quick=effort.quick)[-1]),
        problems.broyden(many),
        problems.broyden(many, arrays=False),
    ):
        given = Given(problem.name, problem.builder.build(), problem.point, problem.shared)
        rounds = [_once(given).seconds for _ in range(2 if effort.quick else _ROUNDS)]
        yield Steps(problem.name, {name: min(each[name] for each in rounds) for name in rounds[0]})


def _once(given: Given) -> Stages:
    """By an engine that has not seen the function before."""
    stages = Stages()
    with stages.stage(_FIRST), stages.stage(_REGISTERED):
        function = received(given.message)
    flat = lower(function, tuple(range(len(function.outputs))))
    with stages.stage(_PATTERN):
        pattern = jacobian_pattern(flat, tuple(range(len(function.inputs))), DEFAULT_LIMITS)
    with stages.stage(_COLORED):
        color_columns(pattern)
    engine = on_vm()
    with stages.stage(_FIRST):
        engine.sparse_jacobian(function, given.x)
    return stages


def _steps_table(steps: Sequence[Steps]) -> Table:
    columns = list(steps[0].seconds)
    rows = [[each.name, *(seconds_text(each.seconds[column]) for column in columns)] for each in steps]
    note = "*Registered*: decoded and checked. The first Jacobian has all of it, and the list it runs, in it."
    return Table("What happens once, for the engine", ["", *columns], rows, note)


def _steps_targets(steps: Sequence[Steps]) -> Iterator[Target]:
    brusselator, *broyden = steps
    yield Target(f"{brusselator.name}: {_PATTERN}", 15.0, brusselator.seconds[_PATTERN] * 1e3, "ms")
    yield Target(f"{brusselator.name}: {_COLORED}", 5.0, brusselator.seconds[_COLORED] * 1e3, "ms")
    for each in broyden:
        yield Target(f"{each.name}: {_FIRST}", 2.0, each.seconds[_FIRST], "s")

"""One large call over the cores, in process: wide Jacobians and many directions at one point."""

from __future__ import annotations

import numpy as np

from adengine import Engine
from benchmarks.checking import check
from benchmarks.irregular import irregular_list, point
from benchmarks.markdown import number_text, seconds_text
from benchmarks.measure import Call, Effort, compare
from benchmarks.peers.ours import on_vm, received
from benchmarks.results import Chapter, Comparison, Table
from examples import functions

ONE, TWO = "1 thread", "2 threads"


def threads(effort: Effort) -> Chapter:
    """Measure what threads gain."""
    wide = [_wide_jacobian(effort), _many_tangents(effort)]
    text = (
        "A large call is cut into pieces of some milliseconds, which run on the threads of a pool. Engines of one "
        "thread and of two give the same answers bit for bit. Many points are in the chapter on many points; how long "
        "tiny calls wait beside large ones is in the chapter on the server."
    )
    return Chapter("threads", "One large call on two threads", text, (), wide, [_gains(wide)])


def _wide_jacobian(effort: Effort) -> Comparison:
    """A dense Jacobian at one point: directions over the threads."""
    problem = functions.brusselator_scalars(4 if effort.quick else 32)
    function, x = received(problem.builder.build()), problem.point

    def jacobian(engine: Engine) -> Call:
        return lambda: engine.jacobian(function, x)[:2]

    return _compared(f"{problem.name}, dense Jacobian", jacobian(on_vm(threads=1)), jacobian(on_vm(threads=2)), effort)


def _many_tangents(effort: Effort) -> Comparison:
    """Many directions at one point."""
    statements, directions = (1_000, 64) if effort.quick else (10_000, 4_000)
    function, x = received(irregular_list(statements)), point()
    u = np.random.default_rng(0).normal(size=(directions, function.n))

    def tangents(engine: Engine) -> Call:
        return lambda: engine.jvp(function, x, u)[:2]

    title = f"irregular list, {statements} statements, {directions} tangents"
    return _compared(title, tangents(on_vm(threads=1)), tangents(on_vm(threads=2)), effort)


def _compared(title: str, one: Call, two: Call, effort: Effort) -> Comparison:
    check(two(), one(), 0.0, f"{title}: {TWO}")  # type: ignore[arg-type]  # both give arrays
    return Comparison(title, compare({ONE: one, TWO: two}, effort), ONE, "f and derivatives")


def _gains(comparisons: list[Comparison]) -> Table:
    rows = [
        [each.title, *(seconds_text(t.median) for t in each.timings), number_text(each.ratio(ONE, TWO))]
        for each in comparisons
    ]
    return Table("One large call over the threads", ["median", ONE, TWO, "times as fast"], rows)

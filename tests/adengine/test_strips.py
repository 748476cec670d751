"""Strips: the same bits as statement by statement, whatever the list, the sizes and the lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

import adengine
from adengine import Engine, program, strips
from adengine.schedule import FLAGS, Schedule
from examples import functions
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter

Floats: TypeAlias = NDArray[np.float64]
Made: TypeAlias = "tuple[adengine.WengertList, Floats, tuple[tuple[str, Floats], ...]]"


def example(problem: functions.Problem) -> Made:
    """Return an example's list, point and shared values."""
    function = engine_list(problem.builder.build())
    return function, np.asarray(problem.point, float), tuple(problem.shared.items())


def with_views(rows: int, columns: int) -> Made:
    """Return a list with views, sums of rows and of columns, and reads that are shifted against writes."""
    f = ListWriter()
    x, s = f.input("x", rows, columns), f.input("s", columns)
    spread = f.add("BROADCAST", s, parameters=[2, rows, columns])
    y = f.add("SQUARE", f.add("SUBTRACT", x, spread))
    z = f.add("MULTIPLY", f.add("EXP", f.add("NEGATE", y)), x)
    turned = f.add("TRANSPOSE", z, parameters=[2, 1, 0])
    again = f.add("TRANSPOSE", f.add("ADD", turned, turned), parameters=[2, 1, 0])
    later = f.add("SLICE", z, parameters=[2, 1, rows - 1, 1, 0, columns, 1])
    earlier = f.add("SLICE", z, parameters=[2, 0, rows - 1, 1, 0, columns, 1])
    change = f.add("SQUARE", f.add("SUBTRACT", later, earlier))
    f.output("rows", f.add("SUM", z, parameters=[0, 1, 1]))
    f.output("columns", f.add("SUM", again, parameters=[0, 1, 0]))
    f.output("all", f.add("SUM", f.add("SQRT", y), parameters=[0, 2, 0, 1]))
    f.output("change", f.add("SUM", f.add("MULTIPLY", change, change), parameters=[0, 2, 0, 1]))
    point = np.random.default_rng(rows).normal(size=rows * columns + columns)
    return engine_list(f.message), point, ()


CASES: dict[str, Callable[[], Made]] = {
    "rosenbrock 65": lambda: example(functions.rosenbrock(65, arrays=True)),
    "rosenbrock 9001": lambda: example(functions.rosenbrock(9001, arrays=True)),
    "gaussian": lambda: example(functions.gaussian_log_likelihood(2100)),
    "mixture": lambda: example(functions.mixture(3, 5, 77)),
    "brusselator": lambda: example(functions.brusselator_arrays(9)),
    "views 2 x 8": lambda: with_views(2, 8),
    "views 40 x 7": lambda: with_views(40, 7),
    "views 300 x 33": lambda: with_views(300, 33),
    "views 3 x 700": lambda: with_views(3, 700),
}


class Groups:
    """Counts the groups of the programs that are made, or makes none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found = 0
        self._on = True
        monkeypatch.setattr(strips, "LEAST_NUMBERS", 1)
        monkeypatch.setattr(strips, "STRIP_NUMBERS", 256)
        monkeypatch.setattr(program, "mark_strips", self._mark)

    def _mark(self, plan: Schedule, pool: NDArray[np.int64]) -> None:
        if self._on:
            strips.mark_strips(plan, pool)
            self.found += int(((plan.code[:, FLAGS] >> 10) & 63 > 1).sum())

    def off(self) -> None:
        self._on = False


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Groups:
    return Groups(monkeypatch)


def answers(made: Made) -> list[Floats]:
    """Return values and derivatives in both modes, one direction and several, one point and several."""
    function, point, shared = made
    engine, random = Engine(), np.random.default_rng(1)
    given = [engine.evaluate(function, point, shared=shared).values]
    for count in (1, 8, 11):
        tangents = random.normal(size=(count, function.n - sum(value.size for _, value in shared)))
        cotangents = random.normal(size=(count, function.m))
        given.append(engine.jvp(function, point, tangents, shared=shared).tangents)
        given.append(engine.vjp(function, point, cotangents, shared=shared).cotangents)
    points = point * random.uniform(0.9, 1.1, size=(9, len(point)))
    given.append(engine.evaluate(function, points, shared=shared).values)
    given.append(engine.vjp(function, points, np.ones((9, 1, function.m)), shared=shared).cotangents)
    return given


@pytest.mark.parametrize("name", CASES)
def test_strips_change_no_bit(name: str, groups: Groups) -> None:
    made = CASES[name]()
    in_strips = answers(made)
    assert groups.found > 0
    groups.off()
    for ours, alone in zip(in_strips, answers(made), strict=True):
        np.testing.assert_array_equal(ours, alone)


def test_what_is_small_runs_statement_by_statement() -> None:
    function, point, _ = example(functions.rosenbrock(65, arrays=True))
    made: list[int] = []

    def marked(plan: Schedule, pool: NDArray[np.int64]) -> None:
        strips.mark_strips(plan, pool)
        made.append(int((plan.code[:, FLAGS] >> 10).max()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "mark_strips", marked)
        Engine().evaluate(function, point)
    assert made == [0]

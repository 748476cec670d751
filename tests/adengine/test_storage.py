"""Eights in pieces, their places used again, and the places of their operands packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from adengine import Engine
from adengine.lower import lower
from adengine.order import execution_order
from adengine.packed import packed
from adengine.schedule import BATCH, CODE, FLAGS, IN_1, Schedule, schedule
from adengine.templates import ARITY, TABLES
from adengine.vector import APART, SIDE_BY_SIDE
from examples.functions import brusselator_scalars
from tests.conformance.in_process import engine_list
from wengert_client import ListBuilder

if TYPE_CHECKING:
    from adengine import WengertList
    from adengine.graph import FlatList


def _layers(width: int, depth: int, shift: int) -> WengertList:
    """Products of neighbours, again and again; each layer reads the one before, a shift apart."""
    b = ListBuilder()
    x = b.inputs(*(f"x{i}" for i in range(width)))
    for _ in range(depth):
        x = tuple(x[i] * x[(i + shift) % width] for i in range(width))
    for i, value in enumerate(x):
        b.output(f"f{i}", value)
    return engine_list(b.build())


def _flat(function: WengertList) -> FlatList:
    return lower(function, tuple(range(len(function.outputs))))


def _plan(flat: FlatList, *, nearby: bool = False) -> Schedule:
    return schedule(flat, np.zeros(len(flat.inputs), np.uint8), 1, nearby=nearby)


def test_a_long_list_needs_no_more_room_than_what_is_still_read() -> None:
    width, depth = 256, 50
    plan = _plan(_flat(_layers(width, depth, 1)))
    assert plan.elements <= 5 * width
    assert _plan(_flat(_layers(width, depth, 1)), nearby=True).elements > width * depth


@pytest.mark.parametrize("shift", [0, 1, 7, 100])
def test_results_whose_places_are_used_again_are_right(shift: int) -> None:
    width, depth = 200, 6
    x = np.random.default_rng(1).uniform(0.9, 1.1, width)
    expected = x
    for _ in range(depth):
        expected = expected * np.roll(expected, -shift)
    function = _layers(width, depth, shift)
    engine = Engine()
    assert np.array_equal(engine.evaluate(function, x).values, expected)
    # The rule of the product, layer by layer.
    tangent, value = np.cos(np.arange(width)), x
    v = tangent
    for _ in range(depth):
        v, value = v * np.roll(value, -shift) + value * np.roll(v, -shift), value * np.roll(value, -shift)
    np.testing.assert_allclose(engine.jvp(function, x, tangent)[1], v, rtol=1e-13)


@pytest.mark.parametrize("nearby", [False, True])
def test_each_statement_runs_once_and_after_its_operands(nearby: bool) -> None:
    rows = _flat(engine_list(brusselator_scalars(8).builder.build())).rows
    order = execution_order(rows, np.zeros(len(rows), np.int64), 0, nearby=nearby)
    assert np.array_equal(np.sort(order.rows), np.arange(len(rows)))
    place = np.empty(len(rows), np.int64)
    place[order.rows] = np.arange(len(rows))
    for j in range(3):
        reads = np.flatnonzero((TABLES.facts[rows[:, 0], ARITY] > j) & (rows[:, 1 + j] >= 0))
        assert (place[rows[reads, 1 + j]] < place[reads]).all()


def test_packed_places_say_what_the_schedule_says() -> None:
    plan = _plan(_flat(engine_list(brusselator_scalars(8).builder.build())))
    code = plan.code.copy()
    places = packed(code, plan.places)
    assert len(places) < plan.places.size / 3
    hows = set()
    for line, packed_line in zip(plan.code, code, strict=True):
        if line[CODE] < BATCH:
            assert np.array_equal(line, packed_line)
            continue
        at = int(packed_line[IN_1])
        for j in range(TABLES.facts[int(line[CODE]) - BATCH, ARITY]):
            how = (int(line[FLAGS]) >> (2 * j)) & 3
            hows.add(how)
            count = 8 if how == APART else 1
            found = places[at : at + count] + (np.arange(8) if how == SIDE_BY_SIDE else 0)
            assert np.array_equal(np.broadcast_to(found, 8), plan.places[line[IN_1], 8 * j : 8 * j + 8])
            at += count
    assert hows >= {APART, SIDE_BY_SIDE}


@pytest.mark.parametrize("function", [np.power, np.sin, np.hypot])
def test_calls_on_eight_statements_find_operands_that_lie_apart(function: np.ufunc) -> None:
    b, n = ListBuilder(), 80
    x = b.inputs(*(f"x{i}" for i in range(n)))
    random = np.random.default_rng(2)
    operands = random.integers(0, n, (n, function.nin))
    for i, chosen in enumerate(operands):
        b.output(f"f{i}", function(*(x[k] for k in chosen)))
    point = random.uniform(0.5, 2.0, n)
    for engine in (Engine(), Engine(reproducible=True)):
        values = engine.evaluate(engine_list(b.build()), point).values
        np.testing.assert_allclose(values, function(*point[operands].T), rtol=1e-14)

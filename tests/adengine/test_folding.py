"""Statements of constants alone are computed when a list is made ready: the same bits, and nothing else changes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from adengine import Engine
from adengine.folding import folded
from adengine.graph import FlatList
from adengine.primitives import ELEMENTWISE, Primitive
from adengine.vector_library import best
from tests.adengine.flat import Floats, flat, names, run
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter

AWKWARD = [0.0, -0.0, 1.0, -1.5, 0.3, np.inf, -np.inf, np.nan, 5e-324, 1e308]
ROUTINES = best()


def _bits(values: list[Floats]) -> list[bytes]:
    return [each.tobytes() for each in values]


def _statements_of_constants(primitive: Primitive) -> FlatList:
    """Each value alone as an output, and beside an input."""
    writer = ListWriter()
    x = writer.input("x")
    parameters = [2] if primitive.parametric else []
    for place, point in enumerate(itertools.product(AWKWARD, repeat=primitive.arity)):
        if primitive.arity == 3 and place % 7:
            continue
        value = writer.add(primitive.name, *(writer.constant(each) for each in point), parameters=parameters)
        writer.output(f"w{place}", value)
        writer.output(f"x{place}", writer.add("ADD", x, writer.add("NEGATE", value)))
    return flat(writer)


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=lambda row: row.name)
def test_values_keep_their_bits(primitive: Primitive) -> None:
    before = _statements_of_constants(primitive)
    after = folded(before, ROUTINES)
    assert set(names(after)) == {"ADD"}
    assert _bits(run(after, 0.7)) == _bits(run(before, 0.7))


def test_lists_without_such_statements_stay() -> None:
    writer = ListWriter()
    writer.output("f", writer.add("SIN", writer.add("MULTIPLY", writer.input("x"), writer.constant(2.0))))
    writer.output("c", writer.constant(-0.0))
    source = flat(writer)
    assert folded(source, ROUTINES) is source


def test_arrays_that_no_one_needs_any_more_go_too() -> None:
    writer = ListWriter()
    x, numbers = writer.input("x"), writer.array(np.arange(5.0))
    total = writer.add("SQRT", writer.sum(writer.add("SQUARE", numbers), 0))
    writer.output("f", writer.add("MULTIPLY", x, total))
    before = flat(writer)
    after = folded(before, ROUTINES)
    assert names(after) == ["MULTIPLY"]
    assert len(after.rows) == 3
    assert _bits(run(after, 1.7)) == _bits(run(before, 1.7))


def test_long_computations_of_constants_are_left_to_the_calls() -> None:
    """What takes long counts as work of the call, and is refused there where it is too much."""
    writer = ListWriter()
    many = writer.add("BROADCAST", writer.constant(1.5), parameters=[1, 3_000_000])
    total = writer.sum(writer.add("SIN", many), 0)
    writer.output("f", writer.add("MULTIPLY", writer.input("x"), total))
    source = flat(writer)
    assert folded(source, ROUTINES) is source


@pytest.mark.parametrize("points", [1, 9])
def test_derivatives_are_those_of_shared_inputs(points: int) -> None:
    """The same numbers as inputs, which are not folded, give the same bits."""
    constants = [0.3, -1.25, 2.5]

    def write(*, shared: bool) -> ListWriter:
        writer = ListWriter()
        x, y = writer.input("x"), writer.input("y")
        a, b, c = (writer.input(f"s{k}") if shared else writer.constant(each) for k, each in enumerate(constants))
        root = writer.add("EXP", writer.add("SIN", writer.add("DIVIDE", a, c)))
        power = writer.add("POWER", writer.add("MULTIPLY", x, root), writer.add("TANH", b))
        writer.output("f", writer.add("ADD", power, writer.add("MULTIPLY", y, writer.add("ERF", c))))
        writer.output("g", root)
        return writer

    engine, at = Engine(), np.random.default_rng(3).uniform(0.5, 2.0, (points, 2))
    given = tuple((f"s{k}", np.array(each)) for k, each in enumerate(constants))
    folds, reads = engine_list(write(shared=False).message), engine_list(write(shared=True).message)
    mine = engine.jacobian(folds, at)
    theirs = engine.jacobian(reads, at, shared=given, with_respect_to=("x", "y"))
    assert mine.values.tobytes() == theirs.values.tobytes()
    np.testing.assert_array_equal(mine.jacobian, theirs.jacobian)

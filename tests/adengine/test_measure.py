"""The lecture's bounds, row by row, in Griewank and Walther's measure."""

import pytest

from adengine import measure
from adengine.lower import lower
from adengine.measure import EXCEPTIONS, FORWARD_BOUND, REVERSE_BOUND, row_measure
from adengine.primitives import BY_NAME, ELEMENTWISE, Primitive
from tests.adengine.flat import flat, gaussian, product_and_sine
from tests.conformance.in_process import engine_list
from tests.wire_lists import one_statement

KEEPING = [row for row in ELEMENTWISE if row.name not in EXCEPTIONS]


@pytest.mark.parametrize("row", KEEPING, ids=lambda row: row.name)
def test_a_row_keeps_the_bounds(row: Primitive) -> None:
    counted = row_measure(row)
    assert counted.forward <= FORWARD_BOUND * counted.primal
    assert counted.reverse <= REVERSE_BOUND * counted.primal


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_a_row_that_is_listed_exceeds_a_bound(name: str) -> None:
    counted = row_measure(BY_NAME[name])
    assert counted.forward_ratio > FORWARD_BOUND or counted.reverse_ratio > REVERSE_BOUND
    assert len(EXCEPTIONS[name].split()) > 3, "the reason is a sentence"


def test_the_bounds_are_the_lectures() -> None:
    assert (FORWARD_BOUND, REVERSE_BOUND) == (2.5, 4.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("MULTIPLY", (4, 10, 16)), ("ADD", (4, 8, 12)), ("SIN", (4, 9, 13)), ("EXP", (4, 7, 11))],
)
def test_the_measure_worked_by_hand(name: str, expected: tuple[int, int, int]) -> None:
    assert tuple(row_measure(BY_NAME[name])) == expected


def test_a_comparison_costs_its_value_alone() -> None:
    counted = row_measure(BY_NAME["LESS"])
    assert counted.primal == counted.forward == counted.reverse


STRUCTURAL = [
    ("RESHAPE", [(2, 3)], [2, 3, 2]),
    ("BROADCAST", [(3,)], [2, 2, 3]),
    ("TRANSPOSE", [(2, 3)], [2, 1, 0]),
    ("SLICE", [(6,)], [1, 1, 2, 2]),
    ("CONCATENATE", [(2,), (3,)], [0, 2]),
    ("GATHER", [(5,)], [0, 1, 3, 4, 0, 4]),
    ("SCATTER_ADD", [(5,), (3,)], [0, 1, 3, 4, 0, 4]),
    ("SUM", [(2, 3)], [0, 1, 1]),
    ("PROD", [(5,)], [0, 1, 0]),
    ("MAX", [(5,)], [0, 1, 0]),
    ("MIN", [(5,)], [0, 1, 0]),
    ("LOGSUMEXP", [(5,)], [0, 1, 0]),
    ("MATMUL", [(2, 3), (3, 4)], []),
    ("ZERO_SAFE_MATMUL", [(2, 3), (3, 4)], []),
]


@pytest.mark.parametrize(("name", "shapes", "parameters"), STRUCTURAL, ids=[name for name, *_ in STRUCTURAL])
def test_structural_statements_keep_the_bounds(name: str, shapes: list[tuple[int, ...]], parameters: list[int]) -> None:
    function = engine_list(one_statement(name, shapes, parameters))
    counted = measure.list_measure(lower(function, [0]))
    assert counted.forward <= FORWARD_BOUND * counted.primal
    assert counted.reverse <= REVERSE_BOUND * counted.primal


def test_lists_of_rows_that_keep_the_bounds_keep_them() -> None:
    for writer in (product_and_sine(), gaussian()):
        counted = measure.list_measure(flat(writer))
        assert 1 < counted.forward_ratio <= FORWARD_BOUND
        assert 1 < counted.reverse_ratio <= REVERSE_BOUND


def test_a_printed_list_shows_its_counts_beside_the_bounds() -> None:
    last = str(engine_list(product_and_sine().message)).splitlines()[-1]
    assert "forward sweep 27 = 2.25 f (bound 2.5)" in last
    assert "reverse sweep 41 = 3.42 f (bound 4)" in last

"""Tables, as people read them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wengert_client.command.answers import json_text
from wengert_client.command.tables import ElementNames, matrix, numbers, short, summary


def test_points_stand_under_each_other() -> None:
    assert numbers([1.0, 22.5, -0.125, 1e-9], 6) == [
        "    1    ",
        "   22.5  ",
        "   -0.125",
        "1e-09    ",
    ]  # fmt: skip


def test_not_finite_numbers_and_minus_zero_are_told() -> None:
    assert [text.strip() for text in numbers([np.nan, np.inf, -np.inf, -0.0], 6)] == ["nan", "inf", "-inf", "-0"]


def test_elements_are_named_by_their_indices() -> None:
    names = ElementNames([("x", ()), ("empty", (0, 3)), ("A", (2, 2)), ("b", (1,))])
    assert list(names) == ["x", "A[0, 0]", "A[0, 1]", "A[1, 0]", "A[1, 1]", "b[0]"]
    assert names[1:3] == ["A[0, 0]", "A[0, 1]"]
    with pytest.raises(IndexError):
        names[6]


def test_a_long_array_keeps_both_ends() -> None:
    places, gap = short(1000, 6)
    assert (places, gap) == ([0, 1, 2, 997, 998, 999], 3)


@pytest.mark.parametrize("width", [20, 40, 79, 200])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (1, 100), (100, 1), (100, 100), (5, 1_000_000)])
def test_a_matrix_fits_into_the_width(shape: tuple[int, int], width: int) -> None:
    array = np.resize(np.linspace(-1e6, 1e6, 997), shape)
    rows, columns = ElementNames([("f", (shape[0],))]), ElementNames([("x", (shape[1],))])
    lines = matrix(array, rows, columns, digits=6, width=width).split("\n")
    # One column is shown, whatever the width is.
    assert max(map(len, lines)) <= max(width, 2 + len(rows[len(rows) - 1]) + 2 + 13 + 5)
    assert lines[0].split()[0] == "x[0]"
    assert len(lines) == 1 + min(shape[0], 21)


def test_a_matrix_left_out_in_part_shows_its_corners() -> None:
    array = np.arange(10_000.0).reshape(100, 100)
    text = matrix(array, ElementNames([("f", (100,))]), ElementNames([("x", (100,))]), digits=6, width=60)
    lines = [line.split() for line in text.split("\n")]
    assert lines[1][:2] == ["f[0]", "0"]
    assert lines[-1][-1] == "9999"
    assert lines[0][-1] == "x[99]"
    assert lines[11] == ["..."]


def test_a_summary_survives_large_and_missing_numbers() -> None:
    assert summary("y", np.array([1e300, -1e300]), 3) == "y: shape (2,), from -1e+300 to 1e+300, norm 1.41e+300"
    assert summary("y", np.array([np.nan]), 3) == "y: shape (1,), 1 not finite"


@given(st.lists(st.floats(), max_size=6))
@settings(deadline=None)
def test_json_keeps_every_bit(values: list[float]) -> None:
    def refuse(name: str) -> float:
        raise AssertionError(name)

    found = json.loads(json_text({"v": np.array(values), "one": values[0] if values else 0.0}), parse_constant=refuse)
    back = [float(each) for each in found["v"]]
    assert np.array_equal(back, values, equal_nan=True)
    assert [math.copysign(1, each) for each in back if each == 0] == [math.copysign(1, v) for v in values if v == 0]

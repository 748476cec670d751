"""Outputs that stand next to each other, of different kinds: constants, single values, values of each lane."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import Engine, Input, Output, WengertList
from adengine.primitives import BY_NAME

MULTIPLY, SIN = BY_NAME["MULTIPLY"].number, BY_NAME["SIN"].number
_SHARED, _POINT, _CONSTANT, _PRODUCT, _SINE, _SQUARE = 0, 1, 2, 3, 4, 5
"""What is put out: a shared input, one with a value for each point, a constant, and what is computed of them."""
_VARIABLES = (1, 2, -1, 3, 4, 5)


def _mixed(kinds: list[int]) -> WengertList:
    return WengertList.build(
        inputs=[Input("s"), Input("x")],
        constants=[-0.0],
        primitives=[MULTIPLY, SIN, MULTIPLY],
        arguments=[1, 2, 1, 2, 2],
        outputs=[Output(f"f{place}", _VARIABLES[kind]) for place, kind in enumerate(kinds)],
    )


@pytest.mark.parametrize("outputs", [1, 2, 7, 8, 9, 15, 16, 30])
@pytest.mark.parametrize("points", [1, 3, 8, 13, 16, 40, 70])
def test_every_output_of_every_point(outputs: int, points: int) -> None:
    random = np.random.default_rng(outputs + 100 * points)
    kinds = random.integers(0, 6, outputs).tolist()
    x, engine = random.normal(size=(points, 1)), Engine(reproducible=True)
    found = engine.evaluate(_mixed(kinds), x, shared=[("s", np.array(0.7))]).values
    one = np.column_stack([np.full(points, 0.7), x[:, 0], np.full(points, -0.0), 0.7 * x[:, 0]])
    one = np.column_stack([one, np.full(points, np.sin(0.7)), x[:, 0] * x[:, 0]])
    np.testing.assert_array_equal(found, one[:, kinds])
    np.testing.assert_array_equal(np.signbit(found), np.signbit(one[:, kinds]))


@pytest.mark.parametrize("points", [3, 8, 21])
def test_entries_of_every_point(points: int) -> None:
    function = _mixed([_CONSTANT, _PRODUCT, _POINT, _SQUARE, _SHARED, _PRODUCT, _SINE, _SQUARE, _PRODUCT, _POINT])
    x, engine = np.random.default_rng(points).normal(size=(points, 2)), Engine()
    found = engine.sparse_jacobian(function, x)
    dense = engine.jacobian(function, x).jacobian
    np.testing.assert_array_equal(found.entries, dense[:, found.pattern.row, found.pattern.column])

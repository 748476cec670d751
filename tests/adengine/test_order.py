"""Whatever the order of execution and wherever variables live, every bit is that of the list run line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from adengine import Engine, Input, Mode, Output, WengertList, schedule
from adengine.order import ALONE, Order
from adengine.order import execution_order as by_level
from adengine.primitives import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]

#: Operations whose values IEEE 754 fixes to the last bit, so that NumPy is an exact reference.
EXACT: dict[str, Callable[..., np.float64]] = {
    "ADD": np.add,
    "SUBTRACT": np.subtract,
    "MULTIPLY": np.multiply,
    "NEGATE": np.negative,
    "SQUARE": np.square,
    "ABS": np.abs,
    "MINIMUM": np.minimum,
    "MAXIMUM": np.maximum,
    "SELECT": lambda a, b, c: b if a != 0 else c,
    "LESS": lambda a, b: np.float64(a < b),
    "FLOOR": np.floor,
}
INPUTS = 40


def _random(seed: int, statements: int, window: int) -> WengertList:
    """Random scalar statements over earlier variables, not older than the window; a tenth are outputs."""
    rng = np.random.default_rng(seed)
    names = list(EXACT)
    primitives, arguments = [], []
    for k in range(statements):
        row = BY_NAME[names[rng.integers(len(names))]]
        primitives.append(row.number)
        newest = INPUTS + k
        arguments += [int(i) for i in rng.integers(max(1, newest - window), newest + 1, row.arity)]
    named = rng.choice(statements, statements // 10, replace=False) + INPUTS + 1
    return WengertList.build(
        inputs=[Input(f"x{i}") for i in range(INPUTS)],
        primitives=primitives,
        arguments=arguments,
        outputs=[Output(f"f{i}", int(number)) for i, number in enumerate(named)],
    )


def _line_by_line(function: WengertList, x: Floats) -> Floats:
    by_number = {BY_NAME[name].number: (BY_NAME[name].arity, value) for name, value in EXACT.items()}
    w = list(x)
    place = 0
    for number in function.primitives:
        arity, value = by_number[int(number)]
        w.append(value(*(w[i - 1] for i in function.arguments[place : place + arity])))
        place += arity
    return np.array([w[output.argument - 1] for output in function.outputs])


def in_list_order(
    rows: NDArray[np.int32],
    laned: NDArray[np.int64],
    first_seed: int,
    *,
    nearby: bool = False,
    outputs: NDArray[np.int32] | None = None,
) -> Order:
    """The order without batches."""
    order = by_level(rows, laned, first_seed, nearby=nearby, outputs=outputs)
    inputs = int((rows[:, 0] == rows[order.rows[0], 0]).sum()) if len(rows) else 0
    rest = order.rows[inputs:]
    single = np.sort(rest[laned[rest] == 0])
    return Order(
        np.concatenate([order.rows[:inputs], single, rest[laned[rest] != 0]]), np.full(len(rows), ALONE, np.uint8)
    )


SIZES = [(100, 40), (500, 500), (3000, 200), (3000, 3000), (20000, 20000)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("statements", "window"), SIZES)
def test_values_are_those_of_the_list_line_by_line(seed: int, statements: int, window: int) -> None:
    function = _random(seed, statements, window)
    points = np.random.default_rng(seed).normal(size=(9, INPUTS)).round(2)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.array([_line_by_line(function, x) for x in points])
    engine = Engine()
    assert np.array_equal(engine.evaluate(function, points[0]).values, expected[0], equal_nan=True)
    assert np.array_equal(engine.evaluate(function, points).values, expected, equal_nan=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("statements", "window"), SIZES)
def test_derivatives_have_the_same_bits_in_every_order(
    monkeypatch: pytest.MonkeyPatch, seed: int, statements: int, window: int
) -> None:
    function = _random(seed, statements, window)
    points = np.random.default_rng(seed).uniform(-0.5, 0.5, size=(3, INPUTS))
    levelled = [Engine().jacobian(function, x, mode=mode) for x in (points[0], points) for mode in _MODES]
    monkeypatch.setattr(schedule, "execution_order", in_list_order)
    plain = [Engine().jacobian(function, x, mode=mode) for x in (points[0], points) for mode in _MODES]
    for one, other in zip(levelled, plain, strict=True):
        assert np.array_equal(one.values, other.values, equal_nan=True)
        assert np.array_equal(one.jacobian, other.jacobian, equal_nan=True)


_MODES = (Mode.FORWARD, Mode.REVERSE)

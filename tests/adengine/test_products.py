"""Matrix products: every size at the edge of a tile, stored either way, with lanes and strong zeros."""

from __future__ import annotations

import itertools
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from adengine.products import matrix_product

Floats: TypeAlias = NDArray[np.float64]
U = np.uint64
BEHIND = 3072
"""Elements at the end of an arena, as the evaluator has them."""

SIZES = [(m, k, n) for m in (1, 2, 7, 8, 9, 17) for k in (1, 8, 9, 65) for n in (1, 3, 7, 8, 17, 24, 25, 64, 65)]
LARGE = [(33, 200, 70), (5, 400, 300), (20, 400, 300), (300, 385, 30), (1, 300, 1000), (17, 193, 961)]
EMPTY = [(0, 3, 2), (2, 0, 3), (3, 2, 0), (0, 0, 0), (1, 0, 1)]
STORED = list(itertools.product((False, True), repeat=2))
LANED = [(True, False), (False, True), (True, True)]


def product(x: Floats, y: Floats, stored: tuple[bool, bool] = (False, False), *, zero_safe: bool = False) -> Floats:
    """Return x y by the engine; a third axis is lanes, ``stored`` says which operand is stored transposed."""
    m, k, n = x.shape[0], x.shape[1], y.shape[1]
    width = max(x.shape[2:] + y.shape[2:], default=1)
    flat = [(np.swapaxes(a, 0, 1) if swapped else a).ravel() for a, swapped in zip((x, y), stored, strict=True)]
    out = len(flat[0]) + len(flat[1])
    arena = np.full(out + m * n * width + BEHIND, np.nan)
    arena[:out] = np.concatenate(flat)
    pool = np.array([m, k, n, *stored], np.int64)
    widths = [U(a.shape[2] if a.ndim == 3 else 1) for a in (x, y)]
    matrix_product(arena, pool, U(0), U(out), U(0), U(len(flat[0])), U(width), widths[0], widths[1], zero_safe)
    assert np.isnan(arena[out + m * n * width :]).all()
    np.testing.assert_array_equal(arena[:out], np.concatenate(flat))
    result = arena[out : out + m * n * width]
    return result.reshape((m, n, width) if width > 1 else (m, n))


def slow(x: Floats, y: Floats) -> Floats:
    """Return the product with strong zeros, term by term."""
    total = np.zeros((x.shape[0], y.shape[1]))
    with np.errstate(all="ignore"):
        for p in range(x.shape[1]):
            a, b = x[:, p, None], y[p]
            total += np.where((a == 0) | (b == 0), 0.0, a * b)
    return total


def whole_numbers(shape: tuple[int, ...], seed: int) -> Floats:
    """Return numbers whose products are exact, so that no order of addition changes a bit."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float64)


@pytest.mark.parametrize("stored", STORED)
def test_products_of_whole_numbers_are_exact(stored: tuple[bool, bool]) -> None:
    for m, k, n in SIZES + LARGE + EMPTY:
        x, y = whole_numbers((m, k), m * k), whole_numbers((k, n), n)
        for zero_safe in (False, True):
            np.testing.assert_array_equal(product(x, y, stored, zero_safe=zero_safe), x @ y, f"{m} {k} {n}")


@pytest.mark.parametrize("stored", STORED)
def test_products_agree_with_numpy(stored: tuple[bool, bool]) -> None:
    random = np.random.default_rng(1)
    for m, k, n in SIZES[::3] + LARGE:
        x, y = random.normal(size=(m, k)), random.normal(size=(k, n))
        bound = 1e-16 * (k + 8) * (np.abs(x) @ np.abs(y))
        assert (np.abs(product(x, y, stored) - x @ y) <= 2 * bound).all(), f"{m} {k} {n}"


@pytest.mark.parametrize("laned", LANED)
@pytest.mark.parametrize("stored", STORED)
def test_lanes_change_no_bit(stored: tuple[bool, bool], laned: tuple[bool, bool]) -> None:
    random = np.random.default_rng(2)
    for (m, k, n), width in itertools.product([*SIZES[::5], (9, 65, 17), (3, 200, 5)], (8, 16, 64)):
        shapes = [(*size, width) if on else size for size, on in zip(((m, k), (k, n)), laned, strict=True)]
        x, y = (random.normal(size=shape) for shape in shapes)
        laned_product = product(x, y, stored)
        for lane in (0, 5, width - 1):
            alone = product(x[..., lane] if laned[0] else x, y[..., lane] if laned[1] else y, stored)
            np.testing.assert_array_equal(laned_product[..., lane], alone, f"{m} {k} {n}")


@pytest.mark.parametrize("stored", STORED)
def test_strong_zeros_stop_infinities(stored: tuple[bool, bool]) -> None:
    random = np.random.default_rng(3)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e150, 5e-324, 1.0])
    for m, k, n in SIZES[::2] + LARGE[:2] + EMPTY:
        x, y = random.choice(special, (m, k)), random.choice(special, (k, n))
        np.testing.assert_array_equal(product(x, y, stored, zero_safe=True), slow(x, y), f"{m} {k} {n}")


@pytest.mark.parametrize("laned", LANED)
@pytest.mark.parametrize("stored", STORED)
def test_an_infinity_in_one_lane_changes_no_bit_of_the_others(
    stored: tuple[bool, bool], laned: tuple[bool, bool]
) -> None:
    random = np.random.default_rng(4)
    for m, k, n in [(1, 9, 1), (7, 9, 1), (1, 9, 7), (3, 17, 5), (9, 65, 17)]:
        shapes = [(*size, 8) if on else size for size, on in zip(((m, k), (k, n)), laned, strict=True)]
        x, y = (np.where(random.random(shape) < 0.3, 0.0, random.normal(size=shape)) for shape in shapes)
        (x if laned[0] else y)[0, 0, 3] = np.inf
        got = product(x, y, stored, zero_safe=True)
        for lane in range(8):
            one = x[..., lane] if laned[0] else x, y[..., lane] if laned[1] else y
            np.testing.assert_array_equal(got[..., lane], product(*one, stored, zero_safe=True))
            if lane != 3:
                np.testing.assert_array_equal(got[..., lane], product(*one, stored))


def test_zero_times_infinity_is_nan_without_strong_zeros() -> None:
    x, y = np.array([[0.0, 1.0]]), np.array([[np.inf, 2.0, 0.0], [1.0, np.inf, 3.0]])
    np.testing.assert_array_equal(product(x, y), [[np.nan, np.inf, 3.0]])
    np.testing.assert_array_equal(product(x, y, zero_safe=True), [[1.0, np.inf, 3.0]])

"""VIEW and ACCUMULATE, GATHER and SCATTER_ADD: every kind of plane, with lanes and without."""

from __future__ import annotations

import itertools
from typing import NamedTuple, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from adengine.structural import start_from, take
from adengine.views import walk

Floats: TypeAlias = NDArray[np.float64]
U = np.uint64
BEHIND = 3072
WIDTHS = (1, 8, 16, 64)


class View(NamedTuple):
    """Parameters of a view, as in the pool."""

    whole: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def pool(self) -> NDArray[np.int64]:
        return np.array([self.whole, self.offset, len(self.shape), *self.shape, *self.strides], np.int64)

    @property
    def places(self) -> NDArray[np.int64]:
        """Place in the whole of each element of the part, in the order of the walk."""
        places = np.full(self.shape, self.offset, np.int64)
        for stride, index in zip(self.strides, np.indices(self.shape), strict=True):
            places += stride * index
        return places.ravel()


def view_of(whole: NDArray[np.int64], part: NDArray[np.int64]) -> View:
    """Return the parameters of a part that numpy made of numbered places."""
    first = int(part.ravel()[0]) if part.size else 0
    return View(whole.size, first, part.shape, tuple(step // 8 for step in part.strides))


def views() -> list[View]:
    """Return slices, transposes, broadcasts, reversals and windows of many sizes."""
    made = [
        View(5, 3, (), ()), View(5, 2, (0, 3), (1, 1)), View(9, 1, (1, 1), (5, 7)), View(33, 0, (8, 3, 8), (1, 9, 1)),
        View(40, 0, (10, 8), (1, 3)), View(40, 39, (8, 10), (-1, -3)), View(64, 0, (9, 20), (1, 2)),
        View(12, 0, (2, 3, 4, 5), (3, 0, 1, 0)), View(99, 0, (3, 9, 11), (0, 1, 9)), View(7, 0, (7, 13), (0, 0)),
    ]  # fmt: skip
    for rows, columns in itertools.product((1, 2, 7, 8, 9, 17, 33), repeat=2):
        whole = np.arange(rows * columns).reshape(rows, columns)
        parts = [whole, whole.T, whole[::-1], whole[:, ::-1].T, whole[::2, 1:], whole[1:, :-1].T, whole[:, :1].ravel()]
        parts += [
            np.broadcast_to(whole.ravel(), (3, whole.size)),
            np.broadcast_to(whole.T[..., None], (columns, rows, 9)),
        ]
        parts += [np.broadcast_to(whole[:, None], (rows, 5, columns)), np.broadcast_to(whole[:, :1], (rows, columns))]
        made += [view_of(whole, part) for part in parts]
    return made


VIEWS = views()


def walked(view: View, whole: Floats, part: Floats, *, scatter: bool) -> tuple[Floats, Floats]:
    """Return both after a walk; the last axis is lanes."""
    width, part_width = whole.shape[-1], part.shape[-1]
    arena = np.full(whole.size + part.size + BEHIND, np.nan)
    arena[: whole.size], arena[whole.size : whole.size + part.size] = whole.ravel(), part.ravel()
    walk(arena, view.pool, U(0), U(0), U(whole.size), U(width), U(part_width), scatter)
    assert np.isnan(arena[whole.size + part.size : -1]).all()
    return arena[: whole.size].reshape(whole.shape), arena[whole.size :][: part.size].reshape(part.shape)


@pytest.mark.parametrize("width", WIDTHS)
def test_views_copy_their_elements(width: int) -> None:
    random = np.random.default_rng(width)
    for view in VIEWS:
        whole, part = random.normal(size=(view.whole, width)), np.full((len(view.places), width), np.nan)
        after, copied = walked(view, whole, part, scatter=False)
        np.testing.assert_array_equal(after, whole)
        np.testing.assert_array_equal(copied, whole[view.places], str(view))


@pytest.mark.parametrize(("width", "part_width"), [(1, 1), (8, 8), (8, 1), (32, 32), (32, 1)])
def test_accumulating_adds_each_element_to_its_place(width: int, part_width: int) -> None:
    random = np.random.default_rng(width)
    for view in VIEWS:
        whole = random.integers(-9, 9, (view.whole, width)).astype(float)
        part = random.integers(-9, 9, (len(view.places), part_width)).astype(float)
        expected = whole.copy()
        np.add.at(expected, view.places, part)
        added, after = walked(view, whole, part, scatter=True)
        np.testing.assert_array_equal(added, expected, str(view))
        np.testing.assert_array_equal(after, part)


@pytest.mark.parametrize("laned", [True, False])
def test_lanes_change_no_bit_of_a_sum(laned: bool) -> None:
    random = np.random.default_rng(5)
    for view in VIEWS:
        whole = random.normal(size=(view.whole, 16))
        part = random.normal(size=(len(view.places), 16 if laned else 1)) * 10.0 ** random.integers(-9, 9)
        added, _ = walked(view, whole, part, scatter=True)
        for lane in (0, 7, 15):
            one, _ = walked(view, whole[:, [lane]], part[:, [lane if laned else 0]], scatter=True)
            np.testing.assert_array_equal(added[:, [lane]], one, str(view))


def test_sums_of_negative_zeros_and_of_special_values() -> None:
    random = np.random.default_rng(6)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1.0])
    for view, width in itertools.product(VIEWS[::3], (1, 8)):
        whole, part = random.choice(special, (view.whole, width)), random.choice(special, (len(view.places), width))
        expected = whole.copy()
        with np.errstate(invalid="ignore"):
            np.add.at(expected, view.places, part)
        np.testing.assert_array_equal(walked(view, whole, part, scatter=True)[0], expected, str(view))
    zeros = View(1, 0, (17,), (0,))
    for width in (1, 8):
        added, _ = walked(zeros, np.full((1, width), -0.0), np.full((17, width), -0.0), scatter=True)
        assert not np.signbit(added).any(), "a sum begins at 0"


@pytest.mark.parametrize(("width", "part_width"), [(1, 1), (8, 8), (8, 1), (16, 16)])
def test_gathers_and_their_transposes(width: int, part_width: int) -> None:
    random = np.random.default_rng(7)
    for outer, axis, inner, count in itertools.product((1, 3), (1, 9), (1, 2, 7, 8, 19), (0, 1, 12)):
        indices = random.integers(0, axis, count)
        pool = np.array([outer, axis, inner, count, *indices], np.int64)
        whole = random.integers(-9, 9, (outer, axis, inner, width)).astype(float)
        part = random.integers(-9, 9, (outer, count, inner, part_width)).astype(float)
        arena = np.concatenate([whole.ravel(), part.ravel(), np.full(BEHIND, np.nan)])
        take(arena, pool, U(0), U(0), U(whole.size), U(width), U(part_width), True)
        expected = whole.copy()
        for number, index in enumerate(indices):
            expected[:, index] += part[:, number]
        np.testing.assert_array_equal(arena[: whole.size], expected.ravel())
        if part_width == width:
            arena = np.concatenate([whole.ravel(), np.full(part.size + BEHIND, np.nan)])
            take(arena, pool, U(0), U(0), U(whole.size), U(width), U(width), False)
            np.testing.assert_array_equal(arena[whole.size :][: part.size], np.take(whole, indices, 1).ravel())
            assert np.isnan(arena[whole.size + part.size :]).all()


@pytest.mark.parametrize("base", ["none", "one", "all"])
@pytest.mark.parametrize(("width", "base_width"), [(1, 1), (8, 8), (8, 1), (16, 16)])
def test_what_is_added_to_starts_from_its_base(width: int, base_width: int, base: str) -> None:
    for count in (0, 1, 2, 7, 8, 9, 40):
        base_count = count if base == "all" else 1
        values = np.random.default_rng(8).normal(size=(base_count, base_width))
        arena = np.concatenate([values.ravel(), np.full(count * width + BEHIND, np.nan)])
        sizes = U(count), U(base_count), U(width), U(base_width)
        start_from(arena, U(values.size), U(0), sizes[0], sizes[1], sizes[2], sizes[3], base != "none")
        expected = np.zeros((count, width)) if base == "none" else np.broadcast_to(values, (count, width))
        np.testing.assert_array_equal(arena[values.size :][: count * width], expected.ravel())
        assert np.isnan(arena[values.size + count * width :]).all()

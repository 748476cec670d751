"""VIEW and ACCUMULATE over lanes: walks through strided elements, plane by plane.

A view is walked along its dimensions; those that are one run in memory are joined first. The two innermost ones make a
plane, and each kind of plane has a loop of its own: runs, one element spread, transposed, apart; sums of rows.

In ACCUMULATE, elements are added to a place in the order of the walk; but the elements of a row that all go to one
place are added up first, piece by piece, each piece as :mod:`adengine.moves` says. Lanes change neither, nor does it
matter whether a view is walked as a whole or in parts (:func:`walk_part`).
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Bool, Int, kernel
from adengine.moves import (
    add_eight,
    add_to_eight,
    copy_eight,
    numbers_on_stack,
    spread_to_eight,
    sum_eight_lanes,
    sum_eight_rows,
    sum_run,
)
from adengine.stopping import stopped
from adengine.transposes import transpose_eight

U = types.uint64
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")

MAX_RANK = 32
PIECE = 256
"""Elements of a row that are added up before they are added to their place."""
_LONG, _SOME = 1024, 1 << 18
"""Elements of a plane before which it is looked whether the run is to stop, and after how many it is looked again."""
_STRIDES, _COUNTERS = MAX_RANK, 2 * MAX_RANK
_stack = numbers_on_stack(3 * MAX_RANK)
_transpose, _transpose_adding = transpose_eight(), transpose_eight(adds=True)


@kernel(types.void(F8, U, U, U), inline=True, inner=True)
def copy_run(w: NDArray[np.float64], to: Int, x: Int, count: Int) -> None:
    """Copy a run of elements; the last eight may overlap those before."""
    if count < U(8):
        for i in range(count):
            w[to + i] = w[x + i]
        return
    for i in range(U(0), count - U(7), U(8)):
        copy_eight(w, to + i, x + i)
    copy_eight(w, to + count - U(8), x + count - U(8))


@kernel(types.void(F8, U, U, U), inline=True, inner=True)
def fill_run(w: NDArray[np.float64], to: Int, x: Int, count: Int) -> None:
    """Spread one element over a run."""
    if count < U(8):
        for i in range(count):
            w[to + i] = w[x]
        return
    for i in range(U(0), count - U(7), U(8)):
        spread_to_eight(w, to + i, x)
    spread_to_eight(w, to + count - U(8), x)


@kernel(types.void(F8, U, U, U), inline=True, inner=True)
def add_run(w: NDArray[np.float64], to: Int, x: Int, count: Int) -> None:
    """Add a run to another, element by element."""
    whole = count & ~U(7)
    for i in range(U(0), whole, U(8)):
        add_eight(w, to + i, x + i)
    for i in range(whole, count):
        w[to + i] += w[x + i]


_PLANE = types.UniTuple(U, 4)  # type: ignore[no-untyped-call]
"""A plane: rows, the stride from row to row, columns, the stride from column to column; negative ones wrap around."""
Plane = tuple[Int, Int, Int, Int]


@kernel(types.void(F8, _PLANE, U, U, types.boolean), inner=True, apart=True)
def _transposed_plane(w: NDArray[np.float64], plane: Plane, whole: Int, part: Int, scatter: Bool) -> None:
    """A plane whose columns are runs of the whole, by blocks of eight by eight."""
    rows, _, columns, stride = plane
    whole_rows, whole_columns = rows & ~U(7), columns & ~U(7)
    for r in range(U(0), whole_rows, U(8)):
        for c in range(U(0), whole_columns, U(8)):
            if scatter:
                _transpose_adding(w, part + r * columns + c, columns, w, whole + c * stride + r, stride)
            else:
                _transpose(w, whole + c * stride + r, stride, w, part + r * columns + c, columns)
    for r in range(rows):
        for c in range(whole_columns if r < whole_rows else U(0), columns):
            if scatter:
                w[whole + c * stride + r] += w[part + r * columns + c]
            else:
                w[part + r * columns + c] = w[whole + c * stride + r]


@kernel(types.void(F8, _PLANE, U, U), inner=True, apart=True)
def _copy_plane(w: NDArray[np.float64], plane: Plane, whole: Int, part: Int) -> None:
    """A plane of a VIEW, one lane."""
    rows, row, columns, stride = plane
    if row == U(1) and stride != U(0) and rows >= U(8) and columns >= U(8):
        _transposed_plane(w, plane, whole, part, False)
        return
    for r in range(rows):
        there, here = whole + r * row, part + r * columns
        if stride == U(1):
            copy_run(w, here, there, columns)
        elif stride == U(0):
            fill_run(w, here, there, columns)
        else:
            for c in range(columns):
                w[here + c] = w[there + c * stride]


@kernel(types.void(F8, _PLANE, U, U, U), inner=True, apart=True)
def _copy_laned_plane(w: NDArray[np.float64], plane: Plane, whole: Int, part: Int, width: Int) -> None:
    """A plane of a VIEW, lanes by eights."""
    rows, row, columns, stride = plane
    for r in range(rows):
        there, here = whole + r * row * width, part + r * columns * width
        if stride == U(1):
            copy_run(w, here, there, columns * width)
            continue
        for c in range(columns):
            for lane in range(U(0), width, U(8)):
                copy_eight(w, here + c * width + lane, there + c * stride * width + lane)


@kernel(types.void(F8, _PLANE, U, U), inner=True, apart=True)
def _sum_rows(w: NDArray[np.float64], plane: Plane, whole: Int, part: Int) -> None:
    """Add each row of a plane to one element."""
    rows, row, columns, _ = plane
    r = U(0)
    if row == U(1):
        while r + U(8) <= rows:
            for c in range(U(0), columns, U(PIECE)):
                sum_eight_rows(w, whole + r, part + r * columns + c, columns, min(U(PIECE), columns - c))
            r += U(8)
    while r < rows:
        for c in range(U(0), columns, U(PIECE)):
            sum_run(w, whole + r * row, part + r * columns + c, U(1), min(U(PIECE), columns - c))
        r += U(1)


@kernel(types.void(F8, _PLANE, U, U), inner=True, apart=True)
def _add_plane(w: NDArray[np.float64], plane: Plane, whole: Int, part: Int) -> None:
    """A plane of an ACCUMULATE, one lane."""
    rows, row, columns, stride = plane
    if stride == U(0):
        _sum_rows(w, plane, whole, part)
        return
    if row == U(1) and rows >= U(8) and columns >= U(8) and stride >= rows and np.int64(stride) > 0:
        _transposed_plane(w, plane, whole, part, True)
        return
    for r in range(rows):
        there, here = whole + r * row, part + r * columns
        if stride == U(1):
            add_run(w, there, here, columns)
        else:
            for c in range(columns):
                w[there + c * stride] += w[here + c]


@kernel(types.void(F8, _PLANE, U, U, U), inner=True, apart=True)
def _add_laned_plane(w: NDArray[np.float64], plane: Plane, whole: Int, part: Int, width: Int) -> None:
    """A plane of an ACCUMULATE, lanes by eights."""
    rows, row, columns, stride = plane
    for r in range(rows):
        there, here = whole + r * row * width, part + r * columns * width
        if stride == U(1):
            add_run(w, there, here, columns * width)
            continue
        for lane in range(U(0), width, U(8)):
            if stride == U(0):
                for c in range(U(0), columns, U(PIECE)):
                    sum_eight_lanes(w, there + lane, here + c * width + lane, width, min(U(PIECE), columns - c))
                continue
            for c in range(columns):
                add_eight(w, there + c * stride * width + lane, here + c * width + lane)


@kernel(types.void(F8, _PLANE, U, U, U), inner=True, apart=True)
def _add_single_plane(w: NDArray[np.float64], plane: Plane, whole: Int, part: Int, width: Int) -> None:
    """A plane of an ACCUMULATE that adds a single variable to a laned one."""
    rows, row, columns, stride = plane
    total = U(w.shape[0] - 1)
    for r in range(rows):
        there, here = whole + r * row * width, part + r * columns
        for c in range(U(0), columns, U(PIECE) if stride == U(0) else U(1)):
            if stride == U(0):
                w[total] = 0.0
                sum_run(w, total, here + c, U(1), min(U(PIECE), columns - c))
            for lane in range(U(0), width, U(8)):
                add_to_eight(w, there + c * stride * width + lane, here + c if stride != U(0) else total)


@kernel(types.int64(I8, U, I8))
def join(pool: NDArray[np.int64], at: Int, dims: NDArray[np.int64]) -> Int:
    """Extents and strides of a view, the innermost first, runs joined; returns how many, or -1 for nothing at all."""
    rank = pool[at + 2]
    found = np.int64(0)
    for d in range(rank - 1, -1, -1):
        extent = pool[at + 3 + U(d)]
        stride = pool[at + 3 + U(rank + d)]
        if extent == 0:
            return np.int64(-1)
        if extent == 1:
            continue
        if found > 0 and stride == dims[_STRIDES + found - 1] * dims[found - 1]:
            dims[found - 1] *= extent
            continue
        dims[found] = extent
        dims[_STRIDES + found] = stride
        dims[_COUNTERS + found] = 0
        found += 1
    return found


@kernel(types.void(F8, _PLANE, U, U, U, U, types.boolean), inner=True)
def _walk_plane(
    w: NDArray[np.float64], plane: Plane, whole: Int, part: Int, width: Int, part_width: Int, scatter: Bool
) -> None:
    """One plane, whatever its kind."""
    if scatter and part_width != width:
        _add_single_plane(w, plane, whole, part, width)
    elif scatter and width == U(1):
        _add_plane(w, plane, whole, part)
    elif scatter:
        _add_laned_plane(w, plane, whole, part, width)
    elif width == U(1):
        _copy_plane(w, plane, whole, part)
    else:
        _copy_laned_plane(w, plane, whole, part, width)


@kernel(types.void(F8, I8, U, U, U, U, U, types.boolean), apart=True)
def walk(
    w: NDArray[np.float64], pool: NDArray[np.int64], at: Int, whole: Int, part: Int, width: Int, part_width: Int,
    scatter: Bool,
) -> None:  # fmt: skip
    """Walk a view: copy its elements from the whole to the part, or add the part's to the whole (``scatter``).

    ``pool[at:]`` holds size of the whole, offset, rank, shape, strides.
    """
    dims = _stack()
    found = join(pool, at, dims)
    if found < 0:
        return
    columns, stride = (U(dims[0]), U(dims[_STRIDES])) if found > 0 else (U(1), U(1))
    rows, row = (U(dims[1]), U(dims[_STRIDES + 1])) if found > 1 else (U(1), U(0))
    there, here = whole + U(pool[at + 1]) * width, part
    some = max(U(8), U(_SOME) // (columns * width) & ~U(7))
    long = min(some, rows) * columns * width >= U(_LONG)
    while True:
        for r in range(U(0), rows, some):
            if long and stopped() != 0:
                return
            plane = (min(some, rows - r), row, columns, stride)
            _walk_plane(w, plane, there + r * row * width, here, width, part_width, scatter)
            here += min(some, rows - r) * columns * part_width
        d = np.int64(2)
        while d < found:
            there += U(dims[_STRIDES + d]) * width
            dims[_COUNTERS + d] += 1
            if dims[_COUNTERS + d] < dims[d]:
                break
            there -= U(dims[_STRIDES + d] * dims[d]) * width
            dims[_COUNTERS + d] = 0
            d += 1
        if d >= found:
            return


@kernel(types.void(F8, I8, U, U, U, U, U, U, types.boolean), inner=True, apart=True)
def walk_part(  # noqa: PLR0913  a kernel over numbers
    w: NDArray[np.float64], pool: NDArray[np.int64], at: Int, whole: Int, part: Int, width: Int, first: Int, count: Int,
    scatter: Bool,
) -> None:  # fmt: skip
    """Walk some elements of a view of at most two dimensions: whole rows of a plane, or a piece of a single row.

    A piece of a row that is added up begins and ends at multiples of :data:`PIECE`, or at the row's end.
    """
    dims = _stack()
    found = join(pool, at, dims)
    columns, stride = U(dims[0]), U(dims[_STRIDES])
    there, here = whole + U(pool[at + 1]) * width, part + first * width
    if found < 2:
        _walk_plane(w, (U(1), U(0), count, stride), there + first * stride * width, here, width, width, scatter)
    else:
        row = U(dims[_STRIDES + 1])
        plane = (count // columns, row, columns, stride)
        _walk_plane(w, plane, there + first // columns * row * width, here, width, width, scatter)

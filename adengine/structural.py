"""What the structural operations do, over lanes: plain loops over the arena.

Addresses, counts and widths are in elements of the arena ``w``. A laned variable of N elements takes N * lanes places,
the lanes innermost; ``width`` is the number of lanes of the variable, 1 for a single one.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Bool, Int, kernel

U = types.uint64
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")

MAX_RANK = 32


@kernel(types.void(F8, U, U, U))
def _add_run(w: NDArray[np.float64], out: Int, x: Int, count: Int) -> None:
    """Add a run of elements to one, in eight partial sums for speed and accuracy."""
    partial = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    a, b, c, d, e, f, g, h = partial
    whole = count - count % U(8)
    for i in range(U(0), whole, U(8)):
        a += w[x + i]
        b += w[x + i + U(1)]
        c += w[x + i + U(2)]
        d += w[x + i + U(3)]
        e += w[x + i + U(4)]
        f += w[x + i + U(5)]
        g += w[x + i + U(6)]
        h += w[x + i + U(7)]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, count):
        total += w[x + i]
    w[out] += total


@kernel(types.void(F8, U, U, U, U), allocates=True)
def _add_laned_run(w: NDArray[np.float64], out: Int, x: Int, count: Int, width: Int) -> None:
    """The same for each lane, in the same order, so that lanes change no bit."""
    whole = count - count % U(8)
    partial = np.zeros(U(8) * width)
    for i in range(U(0), whole, U(8)):
        for j in range(U(8) * width):
            partial[j] += w[x + i * width + j]
    for lane in range(width):
        a, b, c, d = partial[lane], partial[width + lane], partial[U(2) * width + lane], partial[U(3) * width + lane]
        e, f = partial[U(4) * width + lane], partial[U(5) * width + lane]
        g, h = partial[U(6) * width + lane], partial[U(7) * width + lane]
        total = ((a + b) + (c + d)) + ((e + f) + (g + h))
        for i in range(whole, count):
            total += w[x + i * width + lane]
        w[out + lane] += total


@kernel(types.void(F8, U, U, U, U))
def add_run(w: NDArray[np.float64], out: Int, x: Int, count: Int, width: Int) -> None:
    """Add a run of elements, each so many lanes wide, to one element."""
    if width == 1:
        _add_run(w, out, x, count)
    elif count < U(8):
        for lane in range(width):
            total = 0.0
            for i in range(count):
                total += w[x + i * width + lane]
            w[out + lane] += total
    else:
        _add_laned_run(w, out, x, count, width)


@kernel(types.void(F8, I8, U, U, U, U, U, types.boolean), allocates=True)
def walk(  # noqa: C901, PLR0912  one loop nest in two directions
    w: NDArray[np.float64], pool: NDArray[np.int64], at: Int, whole: Int, part: Int, width: Int, part_width: Int,
    scatter: Bool,
) -> None:  # fmt: skip
    """Walk a view: copy its elements from the whole to the part, or add the part's to the whole (``scatter``).

    ``pool[at:]`` holds size of the whole, offset, rank, shape, strides.
    """
    rank = pool[at + 2]
    shape = at + 3
    strides = shape + U(rank)
    count = np.int64(1)
    for d in range(rank):
        count *= pool[shape + U(d)]
    if count == 0:
        return
    inner = np.int64(1)
    inner_stride = np.int64(0)
    if rank > 0:
        inner = pool[shape + U(rank - 1)]
        inner_stride = pool[strides + U(rank - 1)]
    index = np.zeros(MAX_RANK, np.int64)
    position = pool[at + 1]
    done = np.int64(0)
    runs = scatter and inner_stride == 0 and part_width == width
    while done < count:
        source = position
        if runs:
            add_run(w, whole + U(source) * width, part + U(done) * part_width, U(inner), width)
        for i in range(0 if runs else inner):
            there = whole + U(source) * width
            here = part + U(done + i) * part_width
            if not scatter:
                for lane in range(width):
                    w[here + lane] = w[there + lane]
            elif part_width == width:
                for lane in range(width):
                    w[there + lane] += w[here + lane]
            else:
                for lane in range(width):
                    w[there + lane] += w[here]
            source += inner_stride
        done += inner
        d = rank - 2
        while d >= 0:
            position += pool[strides + U(d)]
            index[d] += 1
            if index[d] < pool[shape + U(d)]:
                break
            position -= pool[strides + U(d)] * pool[shape + U(d)]
            index[d] = 0
            d -= 1


@kernel(types.void(F8, U, U, U, U, U, U, types.boolean))
def start_from(
    w: NDArray[np.float64], out: Int, base: Int, count: Int, base_count: Int, width: Int, base_width: Int,
    has_base: Bool,
) -> None:  # fmt: skip
    """Fill out with its base: zeros where there is none, spread where the base is a scalar or a single variable."""
    for i in range(count):
        source = base if base_count == 1 else base + i * base_width
        for lane in range(width):
            if not has_base:
                w[out + i * width + lane] = 0.0
            elif base_width == width:
                w[out + i * width + lane] = w[source + lane]
            else:
                w[out + i * width + lane] = w[source]


@kernel(types.void(F8, I8, U, U, U, U, U, types.boolean))
def take(
    w: NDArray[np.float64], pool: NDArray[np.int64], at: Int, whole: Int, part: Int, width: Int, part_width: Int,
    scatter: Bool,
) -> None:  # fmt: skip
    """GATHER, or SCATTER_ADD: as :func:`walk`; ``pool[at:]`` holds outer, axis, inner, count, indices."""
    outer = U(pool[at])
    axis = U(pool[at + 1])
    inner = U(pool[at + 2])
    count = U(pool[at + 3])
    here = part
    for o in range(outer):
        for j in range(count):
            there = whole + (o * axis + U(pool[at + 4 + j])) * inner * width
            for i in range(inner):
                for lane in range(width):
                    if not scatter:
                        w[here + lane] = w[there + i * width + lane]
                    elif part_width == width:
                        w[there + i * width + lane] += w[here + lane]
                    else:
                        w[there + i * width + lane] += w[here]
                here += part_width


@kernel(types.void(F8, U, U, U, U, U, types.boolean))
def extremes(w: NDArray[np.float64], out: Int, x: Int, rows: Int, length: Int, width: Int, largest: Bool) -> None:
    """Largest or smallest element of each row; NaN passes on."""
    for row in range(rows):
        for lane in range(width):
            first = x + row * length * width + lane
            best = w[first]
            for i in range(U(1), length):
                value = w[first + i * width]
                if value != value or (value > best if largest else value < best):
                    best = value
                    if value != value:
                        break
            w[out + row * width + lane] = best


@kernel(types.void(F8, U, U, U, U, U))
def logsumexps(w: NDArray[np.float64], out: Int, x: Int, rows: Int, length: Int, width: Int) -> None:
    """Logarithm of the sum of the exponentials of each row, shifted by the largest element."""
    for row in range(rows):
        for lane in range(width):
            first = x + row * length * width + lane
            best = -math.inf
            for i in range(length):
                value = w[first + i * width]
                if value > best or value != value:
                    best = value
            if abs(best) == math.inf or best != best:
                w[out + row * width + lane] = best
                continue
            total = 0.0
            for i in range(length):
                total += math.exp(w[first + i * width] - best)
            w[out + row * width + lane] = best + math.log(total)

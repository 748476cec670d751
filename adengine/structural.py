"""What the structural operations do, over lanes: plain loops over the arena.

Addresses, counts and widths are in elements of the arena ``w``. A laned variable of N elements takes N * lanes places,
the lanes innermost; ``width`` is the number of lanes of the variable, 1 for a single one.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Bool, Int, kernel
from adengine.moves import add_to_eight, copy_eight, spread_to_eight
from adengine.stopping import stopped
from adengine.views import add_run, copy_run, fill_run

U = types.uint64
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")

_LONG, _SOME = 1024, 1 << 16
"""Elements before which it is looked whether the run is to stop, and after how many it is looked again."""


@kernel(types.void(F8, U, U, U, U, U, U, types.boolean), apart=True)
def start_from(
    w: NDArray[np.float64], out: Int, base: Int, count: Int, base_count: Int, width: Int, base_width: Int,
    has_base: Bool,
) -> None:  # fmt: skip
    """Fill out with its base: zeros where there is none, spread where the base is a scalar or a single variable."""
    if not has_base:
        for i in range(count * width):
            w[out + i] = 0.0
    elif base_width == width and base_count == count:
        copy_run(w, out, base, count * width)
    elif width == U(1):
        fill_run(w, out, base, count)
    else:
        step = U(0) if base_count == U(1) else base_width
        for i in range(count):
            for lane in range(U(0), width, U(8)):
                if base_width == width:
                    copy_eight(w, out + i * width + lane, base + i * step + lane)
                else:
                    spread_to_eight(w, out + i * width + lane, base + i * step)


@kernel(types.void(F8, U, U, U, U, U, types.boolean), inline=True, inner=True)
def _take_run(
    w: NDArray[np.float64], there: Int, here: Int, count: Int, width: Int, part_width: Int, scatter: Bool
) -> None:
    """A run of neighbouring elements of a GATHER or SCATTER_ADD."""
    if not scatter:
        copy_run(w, here, there, count * width)
    elif part_width == width:
        add_run(w, there, here, count * width)
    else:
        for i in range(count):
            for lane in range(U(0), width, U(8)):
                add_to_eight(w, there + i * width + lane, here + i)


@kernel(types.void(F8, I8, U, U, U, types.boolean), inner=True)
def _take_elements(
    w: NDArray[np.float64], indices: NDArray[np.int64], count: Int, there: Int, here: Int, scatter: Bool
) -> None:
    """Single elements, one lane."""
    for j in range(count):
        if scatter:
            w[there + U(indices[j])] += w[here + j]
        else:
            w[here + j] = w[there + U(indices[j])]


@kernel(types.void(F8, I8, U, U, U, U, U, types.boolean), apart=True)
def take(
    w: NDArray[np.float64], pool: NDArray[np.int64], at: Int, whole: Int, part: Int, width: Int, part_width: Int,
    scatter: Bool,
) -> None:  # fmt: skip
    """GATHER, or SCATTER_ADD: as :func:`adengine.views.walk`; ``pool[at:]``: outer, axis, inner, count, indices."""
    outer, axis, inner, count = U(pool[at]), U(pool[at + 1]), U(pool[at + 2]), U(pool[at + 3])
    indices = pool[at + 4 :]
    for o in range(outer):
        if o & U(63) == U(63) and stopped() != 0:
            return
        here = part + o * count * inner * part_width
        there = whole + o * axis * inner * width
        if inner == U(1) and width == U(1):
            for some in range(U(0), count, U(_SOME)):
                if count >= U(_LONG) and stopped() != 0:
                    return
                _take_elements(w, indices[some:], min(U(_SOME), count - some), there, here + some, scatter)
            continue
        first: Int = U(0)
        due: Int = U(_LONG) // max(inner * width, U(1))
        while first < count:
            if first >= due:
                if stopped() != 0:
                    return
                due = first + U(_SOME) // max(inner * width, U(1))
            last = first + U(1)
            while last < count and indices[last] == indices[last - U(1)] + 1:
                last += U(1)
            to, size = here + first * inner * part_width, (last - first) * inner
            _take_run(w, there + U(indices[first]) * inner * width, to, size, width, part_width, scatter)
            first = last


@kernel(types.void(F8, U, U, U, U, U, types.boolean), inner=True)
def extremes(w: NDArray[np.float64], out: Int, x: Int, rows: Int, length: Int, width: Int, largest: Bool) -> None:
    """Largest or smallest element of each row; NaN passes on."""
    for row in range(rows):
        if (length * width >= U(_LONG) or row & U(63) == U(63)) and stopped() != 0:
            return
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

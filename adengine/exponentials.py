"""LOGSUMEXPS: the logarithm of the sum of the exponentials of each row, eight exponentials at once.

Each row is added up in eight partial sums, element i to the sum i % 8, whether the elements of one lane or eight lanes
stand side by side and with or without vector routines: lanes change no bit.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Bool, Float, Int, kernel
from adengine.routine_calls import add_exponentials, elements, has, keep_larger

U = types.uint64
F8 = types.Array(types.float64, 1, "C")

_EIGHT = 8
SCRATCH = 10 * _EIGHT
"""Elements at the end of the arena that are written over: 8 shifts, 8 totals, 8 times 8 partial sums."""

_may_call = has("exp", "log")
_logs = elements("LOG", 1)


@kernel(types.void(F8, U, U, U, U, U, U))
def _find_shift(w: NDArray[np.float64], shift: Int, x: Int, length: Int, step: Int, together: Int, count: Int) -> None:
    """The largest element, NaN if there is one: of one row, or of each of eight lanes side by side.

    ``step`` leads from one element of a lane to the next, ``together`` is how many elements of it are taken at once.
    """
    for lane in range(_EIGHT):
        w[shift + lane] = -math.inf
    for i in range(U(0), length, together):
        keep_larger(w, shift, x + i * step, count if together == 1 else length - i)
    if together == 1:
        return
    for lane in range(1, _EIGHT):
        value = w[shift + lane]
        if value > w[shift] or value != value:
            w[shift] = value


@kernel(types.void(F8, U, U, U, U, types.boolean))
def _add(w: NDArray[np.float64], to: Int, x: Int, shift: Int, count: Int, laned: Bool) -> None:
    """Without vector routines: add up to eight exponentials to as many sums."""
    for e in range(min(count, U(_EIGHT))):
        w[to + e] += math.exp(w[x + e] - w[shift + (e if laned else U(0))])


@kernel(types.void(F8, U, U, U, U, U, U, U))
def _add_rows(
    w: NDArray[np.float64], sums: Int, x: Int, shift: Int, length: Int, step: Int, count: Int, routines: Int
) -> None:  # fmt: skip
    """The partial sums of one row (step 1), or of each of eight lanes."""
    laned = step != 1
    for i in range(8 * _EIGHT if laned else _EIGHT):
        w[sums + i] = 0.0
    for i in range(U(0), length, U(1) if laned else U(_EIGHT)):
        to = sums + U(_EIGHT) * (i % U(_EIGHT)) if laned else sums
        some = count if laned else length - i
        if _may_call(routines):
            add_exponentials(routines, w, to, x + i * step, shift, U(laned), some)
        else:
            _add(w, to, x + i * step, shift, some, laned)


@kernel(types.float64(F8, U, U))
def _total(w: NDArray[np.float64], sums: Int, step: Int) -> Float:
    """The eight partial sums together, as :func:`adengine.structural.add_run` adds them."""
    first = (w[sums] + w[sums + step]) + (w[sums + 2 * step] + w[sums + 3 * step])
    return first + ((w[sums + 4 * step] + w[sums + 5 * step]) + (w[sums + 6 * step] + w[sums + 7 * step]))


@kernel(types.void(F8, U, U, U, U, U))
def _finish(w: NDArray[np.float64], out: Int, shifts: Int, totals: Int, count: Int, routines: Int) -> None:
    """Up to eight results from their shifts and totals."""
    if _may_call(routines):
        _logs(routines, w, totals, totals, totals, U(1), U(1), count)
    else:
        for e in range(count):
            w[totals + e] = math.log(w[totals + e])
    for e in range(count):
        shift = w[shifts + e]
        w[out + e] = shift if abs(shift) == math.inf or shift != shift else shift + w[totals + e]


@kernel(types.void(F8, U, U, U, U, U, U, U))
def _laned_row(
    w: NDArray[np.float64], out: Int, x: Int, length: Int, width: Int, count: Int, scratch: Int, routines: Int
) -> None:  # fmt: skip
    """One row for up to eight lanes."""
    totals, sums = scratch + U(_EIGHT), scratch + U(2 * _EIGHT)
    _find_shift(w, scratch, x, length, width, U(1), count)
    _add_rows(w, sums, x, scratch, length, width, count, routines)
    for lane in range(count):
        w[totals + lane] = _total(w, sums + lane, U(_EIGHT))
    _finish(w, out, scratch, totals, count, routines)


@kernel(types.void(F8, U, U, U, U, U, U))
def logsumexps(w: NDArray[np.float64], out: Int, x: Int, rows: Int, length: Int, width: Int, routines: Int) -> None:
    """Logarithm of the sum of the exponentials of each row, shifted by the largest element."""
    scratch = U(w.shape[0] - SCRATCH)
    if width > 1:
        for row in range(rows):
            for lane in range(U(0), width, U(_EIGHT)):
                first = x + row * length * width + lane
                count = min(U(_EIGHT), width - lane)
                _laned_row(w, out + row * width + lane, first, length, width, count, scratch, routines)
        return
    totals, sums = scratch + U(_EIGHT), scratch + U(2 * _EIGHT)
    for row in range(U(0), rows, U(_EIGHT)):
        count = min(U(_EIGHT), rows - row)
        for e in range(count):
            first = x + (row + e) * length
            _find_shift(w, sums, first, length, U(1), U(_EIGHT), U(_EIGHT))
            w[scratch + e] = w[sums]
            _add_rows(w, sums, first, scratch + e, length, U(1), U(_EIGHT), routines)
            w[totals + e] = _total(w, sums, U(1))
        _finish(w, out + row, scratch, totals, count, routines)

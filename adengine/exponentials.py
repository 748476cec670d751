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
from adengine.routine_calls import add_exponentials, elements, has, keep_larger, largest, sum_exponentials
from adengine.stopping import stopped

U = types.uint64
F8 = types.Array(types.float64, 1, "C")

_EIGHT = 8
SCRATCH = 10 * _EIGHT
"""Elements at the end of the arena that are written over: 8 shifts, 8 totals, 8 times 8 partial sums."""

_may_call = has("exp", "log")
_logs = elements("LOG", 1)


@kernel(types.void(F8, U, U, U, U, types.boolean), inner=True)
def _add(w: NDArray[np.float64], to: Int, x: Int, shift: Int, count: Int, laned: Bool) -> None:
    """Without vector routines: add up to eight exponentials to as many sums."""
    for e in range(min(count, U(_EIGHT))):
        w[to + e] += math.exp(w[x + e] - w[shift + (e if laned else U(0))])


@kernel(types.float64(F8, U, U), inner=True)
def _total(w: NDArray[np.float64], sums: Int, step: Int) -> Float:
    """The eight partial sums together, as :func:`adengine.structural.add_run` adds them."""
    first = (w[sums] + w[sums + step]) + (w[sums + 2 * step] + w[sums + 3 * step])
    return first + ((w[sums + 4 * step] + w[sums + 5 * step]) + (w[sums + 6 * step] + w[sums + 7 * step]))


@kernel(types.void(F8, U, U, U, U, U), inner=True)
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


@kernel(types.void(F8, U, U, U, U, U, U, U), inner=True)
def _laned_row(
    w: NDArray[np.float64], out: Int, x: Int, length: Int, width: Int, count: Int, scratch: Int, routines: Int
) -> None:  # fmt: skip
    """One row for up to eight lanes."""
    totals, sums = scratch + U(_EIGHT), scratch + U(2 * _EIGHT)
    for lane in range(_EIGHT):
        w[scratch + lane] = -math.inf
    for i in range(length):
        keep_larger(w, scratch, x + i * width, count)
    for i in range(_EIGHT * _EIGHT):
        w[sums + i] = 0.0
    for i in range(length):
        to = sums + U(_EIGHT) * (i % U(_EIGHT))
        if _may_call(routines):
            add_exponentials(routines, w, to, x + i * width, scratch, U(1), count)
        else:
            _add(w, to, x + i * width, scratch, count, True)
    for lane in range(count):
        w[totals + lane] = _total(w, sums + lane, U(_EIGHT))
    _finish(w, out, scratch, totals, count, routines)


@kernel(types.void(F8, U, U, U, U, U), inner=True)
def _row(w: NDArray[np.float64], x: Int, length: Int, shift: Int, total: Int, routines: Int) -> None:
    """Shift and total of one row of one lane."""
    w[shift] = largest(w, x, length)
    if _may_call(routines):
        w[total] = sum_exponentials(routines, w, x, length, w[shift])
        return
    sums = U(w.shape[0] - SCRATCH + 2 * _EIGHT)
    for i in range(_EIGHT):
        w[sums + i] = 0.0
    for i in range(U(0), length, U(_EIGHT)):
        _add(w, sums, x + i, shift, length - i, False)
    w[total] = _total(w, sums, U(1))


@kernel(types.void(F8, U, U, U, U, U, U), inner=True)
def logsumexps(w: NDArray[np.float64], out: Int, x: Int, rows: Int, length: Int, width: Int, routines: Int) -> None:
    """Logarithm of the sum of the exponentials of each row, shifted by the largest element."""
    scratch = U(w.shape[0] - SCRATCH)
    if width > 1:
        for row in range(rows):
            if stopped() != 0:
                return
            for lane in range(U(0), width, U(_EIGHT)):
                first = x + row * length * width + lane
                count = min(U(_EIGHT), width - lane)
                _laned_row(w, out + row * width + lane, first, length, width, count, scratch, routines)
        return
    totals = scratch + U(_EIGHT)
    for row in range(U(0), rows, U(_EIGHT)):
        if stopped() != 0:
            return
        count = min(U(_EIGHT), rows - row)
        for e in range(count):
            _row(w, x + (row + e) * length, length, scratch + e, totals + e, routines)
        _finish(w, out + row, scratch, totals, count, routines)

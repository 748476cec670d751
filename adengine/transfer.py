"""Between the caller's arrays and the arena: loading inputs, storing outputs, block by block.

A *block* is a row of numbers: which lanes count, and where points, seeds, values and derivatives begin. A block of
directions fills the seeds with columns of the identity when a Jacobian is asked for.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Bool, Int, kernel
from adengine.transposes import transpose_eight, transpose_scattered

U = types.uint64
F8 = types.Array(types.float64, 1, "C")
F8R = types.Array(types.float64, 1, "C", readonly=True)
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")

_transpose, _transpose_scattered = transpose_eight(), transpose_scattered()

POINT, SHARED, SEED = 0, 1, 2
"""Where an input's values come from."""


IN_ADDRESS, IN_SIZE, IN_LANED, IN_SOURCE, IN_OFFSET = range(5)
"""Columns of a program's input table."""

IN_COLUMNS, OUT_COLUMNS = 5, 6

OUT_ADDRESS, OUT_SIZE, OUT_SPREAD, OUT_LANED, OUT_DERIVATIVE, OUT_OFFSET = range(6)
"""Columns of its output table; spread means that one element stands for all. In place of an address, `STRUCTURAL_ZERO`
or, for neighbouring outputs of one element that lie apart, `SCATTERED_FROM` less the place in the list of addresses."""

STRUCTURAL_ZERO, SCATTERED_FROM = -1, -2

VALID, X_BASE, X_STRIDE, S_BASE, S_STRIDE, V_BASE, V_STRIDE, D_BASE, D_LANE, D_ELEMENT, IDENTITY = range(11)
"""Columns of a block: lanes that count; where points, seeds, values and derivatives start and how far one lane is from
the next (elements for `D_ELEMENT`); the first column of the identity for the seeds, or -1. Values are skipped where
`V_BASE` is -1."""

BLOCK_COLUMNS = 11


@kernel(types.void(F8, I8, I8, U), inner=True)
def _load_identity(w: NDArray[np.float64], line: NDArray[np.int64], block: NDArray[np.int64], lanes: Int) -> None:
    """Fill a seed with columns of the identity."""
    size = line[IN_SIZE]
    width = np.int64(lanes) if line[IN_LANED] != 0 else np.int64(1)
    for i in range(size * width):
        w[line[IN_ADDRESS] + i] = 0.0
    for lane in range(width):
        one = block[IDENTITY] + min(lane, block[VALID] - 1) - line[IN_OFFSET]
        if 0 <= one < size:
            w[line[IN_ADDRESS] + one * width + lane] = 1.0


@kernel(types.void(F8, I8, I8, U, F8R, types.int64, types.int64), inner=True)
def _load_lanes(
    w: NDArray[np.float64], line: NDArray[np.int64], block: NDArray[np.int64], lanes: Int, values: NDArray[np.float64],
    first: Int, step: Int,
) -> None:  # fmt: skip
    """Bring an input into the arena, each lane from its own place; lanes beyond the valid ones repeat the last."""
    to, size = U(line[IN_ADDRESS]), U(line[IN_SIZE])
    if line[IN_LANED] == 0 or lanes == U(1):
        source = U(first + line[IN_OFFSET])
        for i in range(size):
            w[to + i] = values[source + i]
        return
    whole = size & ~U(7)
    for lane in range(U(0), lanes, U(8)):
        source = U(first + np.int64(lane) * step + line[IN_OFFSET])
        together = np.int64(lane) + 8 <= block[VALID]
        if together:
            for i in range(U(0), whole, U(8)):
                _transpose(values, source + i, U(step), w, to + i * lanes + lane, lanes)
        for one in range(lane, lane + U(8)):
            source = U(first + min(np.int64(one), block[VALID] - 1) * step + line[IN_OFFSET])
            for i in range(whole if together else U(0), size):
                w[to + i * lanes + one] = values[source + i]


@kernel(types.void(F8, I8_2, I8, U, F8R, F8R, F8R), inner=True)
def load(
    w: NDArray[np.float64], inputs: NDArray[np.int64], block: NDArray[np.int64], lanes: Int, x: NDArray[np.float64],
    shared: NDArray[np.float64], seeds: NDArray[np.float64],
) -> None:  # fmt: skip
    """Bring the inputs of a block into the arena."""
    for r in range(inputs.shape[0]):
        line = inputs[r]
        if line[IN_SOURCE] == SHARED:
            _load_lanes(w, line, block, lanes, shared, np.int64(0), np.int64(0))
        elif line[IN_SOURCE] == POINT:
            _load_lanes(w, line, block, lanes, x, block[X_BASE], block[X_STRIDE])
        elif block[IDENTITY] >= 0:
            _load_identity(w, line, block, lanes)
        else:
            _load_lanes(w, line, block, lanes, seeds, block[S_BASE], block[S_STRIDE])


@kernel(types.void(F8, I8, U, F8, U, U, U), inner=True, apart=True)
def _store_scattered(
    w: NDArray[np.float64], places: NDArray[np.int64], valid: Int, target: NDArray[np.float64], to: Int,
    lane_step: Int, element_step: Int,
) -> None:  # fmt: skip
    """Take outputs of one element each from their places: twice the address, and one more where it is laned."""
    count = np.uint64(places.shape[0])
    if valid == U(1) and element_step == U(1):
        for i in range(count):
            target[to + i] = w[U(places[i]) >> U(1)]
        return
    eights: Int = U(0)
    if element_step == U(1) and count >= U(8):
        eights = valid & ~U(7)
    for lane in range(U(0), eights, U(8)):
        for i in range(U(0), count, U(8)):
            j = min(i, count - U(8))  # the last eight may overlap those before
            _transpose_scattered(w, places, j, lane, target, to + j + lane * lane_step, lane_step)
    for i in range(count):
        first, laned = U(places[i]) >> U(1), U(places[i]) & U(1)
        for lane in range(eights, valid):
            target[to + i * element_step + lane * lane_step] = w[first + lane * laned]


@kernel(types.void(F8, U, U, U, U, U, F8, U, U, U), inner=True, apart=True)
def _store_elements(  # noqa: PLR0913  a kernel over numbers
    w: NDArray[np.float64], address: Int, size: Int, along: Int, laned: Int, valid: Int, target: NDArray[np.float64],
    to: Int, lane_step: Int, element_step: Int,
) -> None:  # fmt: skip
    """Take elements that stand ``along`` apart; the shorter step runs innermost."""
    if lane_step < element_step:
        for i in range(size):
            for lane in range(valid):
                target[to + i * element_step + lane * lane_step] = w[address + i * along + lane * laned]
        return
    some: Int = U(0)
    eight: Int = U(0)
    if element_step == U(1) and laned == U(1) and along >= U(8):
        some = size & ~U(7)
    while eight < valid:
        together = eight + U(8) <= valid
        if together:
            for i in range(U(0), some, U(8)):
                _transpose(w, address + i * along + eight, along, target, to + eight * lane_step + i, lane_step)
        for one in range(eight, min(eight + U(8), valid)):
            for i in range(some if together else U(0), size):
                target[to + one * lane_step + i * element_step] = w[address + i * along + one * laned]
        eight += U(8)


@kernel(types.void(F8, I8, I8, U, U, F8, types.int64, U, U), inner=True, apart=True)
def _store_output(  # noqa: PLR0913  a kernel over a table
    w: NDArray[np.float64], line: NDArray[np.int64], places: NDArray[np.int64], lanes: Int, valid: Int,
    target: NDArray[np.float64], first: Int, lane_step: Int, element_step: Int,
) -> None:  # fmt: skip
    """Take one line of the output table from the arena."""
    address = line[OUT_ADDRESS]
    size = U(line[OUT_SIZE])
    laned = U(1) if line[OUT_LANED] != 0 else U(0)
    along = U(0) if line[OUT_SPREAD] != 0 else (lanes if laned else U(1))
    to = U(first) + U(line[OUT_OFFSET]) * element_step
    if address == STRUCTURAL_ZERO:
        for i in range(size):
            for lane in range(valid):
                target[to + i * element_step + lane * lane_step] = 0.0
    elif address < 0:
        place = U(SCATTERED_FROM - address)
        _store_scattered(w, places[place : place + size], valid, target, to, lane_step, element_step)
    else:
        _store_elements(w, U(address), size, along, laned, valid, target, to, lane_step, element_step)


@kernel(types.boolean(F8, U, U, U, U, U), inner=True)
def _any_nan(target: NDArray[np.float64], to: Int, valid: Int, lane_step: Int, size: Int, element_step: Int) -> Bool:
    """Whether there is NaN among numbers that were stored."""
    outer, outer_step, inner, inner_step = valid, lane_step, size, element_step
    if lane_step < element_step:
        outer, outer_step, inner, inner_step = size, element_step, valid, lane_step
    found = U(0)
    for i in range(outer):
        first = to + i * outer_step
        if inner_step == U(1):
            for j in range(inner):
                found |= U(target[first + j] != target[first + j])
        else:
            for j in range(inner):
                found |= U(target[first + j * inner_step] != target[first + j * inner_step])
    return found != U(0)


@kernel(types.boolean(I8_2, I8, F8, F8), inner=True, apart=True)
def stored_nan(
    outputs: NDArray[np.int64], block: NDArray[np.int64], values: NDArray[np.float64], derivatives: NDArray[np.float64]
) -> Bool:
    """Whether there is NaN in what a block gave."""
    m, size = U(0), U(0)
    for r in range(outputs.shape[0]):
        if outputs[r, OUT_DERIVATIVE] != 0:
            size += U(outputs[r, OUT_SIZE])
        else:
            m += U(outputs[r, OUT_SIZE])
    valid = U(block[VALID])
    if _any_nan(derivatives, U(block[D_BASE]), valid, U(block[D_LANE]), size, U(block[D_ELEMENT])):
        return True
    if block[V_BASE] < 0:
        return False
    lanes = valid if block[V_STRIDE] != 0 else U(1)
    return _any_nan(values, U(block[V_BASE]), lanes, U(block[V_STRIDE]), m, U(1))


@kernel(types.void(F8, I8_2, I8, I8, U, F8, F8), inner=True)
def store(
    w: NDArray[np.float64], outputs: NDArray[np.int64], places: NDArray[np.int64], block: NDArray[np.int64],
    lanes: Int, values: NDArray[np.float64], derivatives: NDArray[np.float64],
) -> None:  # fmt: skip
    """Take the outputs of a block from the arena; values only from the first block of a point."""
    for r in range(outputs.shape[0]):
        line = outputs[r]
        if line[OUT_DERIVATIVE] != 0:
            steps = U(block[D_LANE]), U(block[D_ELEMENT])
            _store_output(w, line, places, lanes, U(block[VALID]), derivatives, block[D_BASE], steps[0], steps[1])
        elif block[V_BASE] >= 0:
            valid = U(block[VALID]) if block[V_STRIDE] != 0 else U(1)
            _store_output(w, line, places, lanes, valid, values, block[V_BASE], U(block[V_STRIDE]), U(1))

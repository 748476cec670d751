"""Between the caller's arrays and the arena: loading inputs, storing outputs, block by block.

A *block* is a row of numbers: which lanes count, and where points, seeds, values and derivatives begin. A block of
directions fills the seeds with columns of the identity when a Jacobian is asked for.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Int, kernel

U = types.uint64
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")

POINT, SHARED, SEED = 0, 1, 2
"""Where an input's values come from."""


IN_ADDRESS, IN_SIZE, IN_LANED, IN_SOURCE, IN_OFFSET = range(5)
"""Columns of a program's input table."""

OUT_ADDRESS, OUT_SIZE, OUT_SPREAD, OUT_LANED, OUT_DERIVATIVE, OUT_OFFSET = range(6)
"""Columns of its output table; address -1 is a structural zero, spread means that one element stands for all."""

VALID, X_BASE, X_STRIDE, S_BASE, S_STRIDE, V_BASE, V_STRIDE, D_BASE, D_LANE, D_ELEMENT, IDENTITY = range(11)
"""Columns of a block: lanes that count; where points, seeds, values and derivatives start and how far one lane is from
the next (elements for `D_ELEMENT`); the first column of the identity for the seeds, or -1. Values are skipped where
`V_BASE` is -1."""

BLOCK_COLUMNS = 11


@kernel(types.void(F8, I8, I8, U))
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


@kernel(types.void(F8, I8, I8, U, F8, types.int64, types.int64))
def _load_lanes(
    w: NDArray[np.float64], line: NDArray[np.int64], block: NDArray[np.int64], lanes: Int, values: NDArray[np.float64],
    first: Int, step: Int,
) -> None:  # fmt: skip
    """Bring an input into the arena, each lane from its own place; lanes beyond the valid ones repeat the last."""
    width = np.int64(lanes) if line[IN_LANED] != 0 else np.int64(1)
    for lane in range(width):
        source = first + min(lane, block[VALID] - 1) * step + line[IN_OFFSET]
        for i in range(line[IN_SIZE]):
            w[line[IN_ADDRESS] + i * width + lane] = values[source + i]


@kernel(types.void(F8, I8_2, I8, U, F8, F8, F8))
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


@kernel(types.void(F8, I8, U, types.int64, F8, types.int64, types.int64, types.int64))
def _store_output(
    w: NDArray[np.float64], line: NDArray[np.int64], lanes: Int, valid: Int, target: NDArray[np.float64], first: Int,
    lane_step: Int, element_step: Int,
) -> None:  # fmt: skip
    """Take one output from the arena; the shorter step runs innermost."""
    address = line[OUT_ADDRESS]
    laned = np.int64(1) if line[OUT_LANED] != 0 else np.int64(0)
    along = np.int64(0) if line[OUT_SPREAD] != 0 else (np.int64(lanes) if laned else np.int64(1))
    to = first + line[OUT_OFFSET] * element_step
    if address < 0:
        for i in range(line[OUT_SIZE]):
            for lane in range(valid):
                target[to + i * element_step + lane * lane_step] = 0.0
    elif lane_step < element_step:
        for i in range(line[OUT_SIZE]):
            for lane in range(valid):
                target[to + i * element_step + lane * lane_step] = w[address + i * along + lane * laned]
    else:
        for lane in range(valid):
            for i in range(line[OUT_SIZE]):
                target[to + lane * lane_step + i * element_step] = w[address + i * along + lane * laned]


@kernel(types.void(F8, I8_2, I8, U, F8, F8))
def store(
    w: NDArray[np.float64], outputs: NDArray[np.int64], block: NDArray[np.int64], lanes: Int,
    values: NDArray[np.float64], derivatives: NDArray[np.float64],
) -> None:  # fmt: skip
    """Take the outputs of a block from the arena; values only from the first block of a point."""
    one = np.int64(1)
    for r in range(outputs.shape[0]):
        line = outputs[r]
        if line[OUT_DERIVATIVE] != 0:
            valid = block[VALID]
            _store_output(w, line, lanes, valid, derivatives, block[D_BASE], block[D_LANE], block[D_ELEMENT])
        elif block[V_BASE] >= 0:
            valid = block[VALID] if block[V_STRIDE] != 0 else one
            _store_output(w, line, lanes, valid, values, block[V_BASE], block[V_STRIDE], one)

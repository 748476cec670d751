"""Which variables have a value for each lane: those that depend on an input that has."""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, OPERATION, PARAMETER, FlatList
from adengine.jit import kernel
from adengine.stopping import stopped
from adengine.templates import ARITY, TABLES

I4_2 = types.Array(types.int32, 2, "C")
I8_2 = types.Array(types.int64, 2, "C")
U1 = types.Array(types.uint8, 1, "C")

LANED = 1
"""Column of a schedule's layout that says it."""


@kernel(types.void(I4_2, I8_2, U1, I8_2), stops=True)
def mark_laned(
    rows: NDArray[np.int32], facts: NDArray[np.int64], laned_inputs: NDArray[np.uint8], layout: NDArray[np.int64]
) -> None:
    """Which variables depend on a laned input."""
    for k in range(rows.shape[0]):
        if k & 4095 == 4095 and stopped() != 0:
            return
        code = rows[k, OPERATION]
        laned = np.int64(0)
        if code == op.INPUT:
            laned = np.int64(laned_inputs[rows[k, PARAMETER]])
        for j in range(facts[code, ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0:
                laned |= layout[operand, LANED]
        layout[k, LANED] = laned


def depends(source: FlatList, inputs: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which variables depend on the inputs marked by 1."""
    layout = np.zeros((len(source.rows), 2), np.int64)
    mark_laned(source.rows, TABLES.facts, inputs, layout)
    laned: NDArray[np.bool_] = layout[:, LANED] != 0
    return laned

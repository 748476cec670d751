"""Where products with strong zeros may be ordinary ones in machine code, for as long as nothing becomes NaN.

The two differ only where the ordinary product is NaN, and that reaches the outputs, if only statements come after it
that hand NaN on. So machine code computes ordinary products, a fifth of the instructions; where an output is NaN, the
evaluator computes the block once more with strong zeros. A list in which NaN might get lost on the way, in a
comparison for instance, keeps its strong zeros.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, OPERATION, SIZE, FlatList
from adengine.jit import Int, kernel
from adengine.primitives import BY_NAME
from adengine.templates import ARITY, TABLES

I4_2 = types.Array(types.int32, 2, "C")
I8_2 = types.Array(types.int64, 2, "C")
U1 = types.Array(types.uint8, 1, "C")

_HANDING_ON = (
    "ADD", "SUBTRACT", "MULTIPLY", "DIVIDE", "NEGATE", "RECIPROCAL", "SQUARE", "FMA", "ZERO_SAFE_MULTIPLY", "SQRT",
    "ABS", "SELECT",
)  # fmt: skip
"""Elementwise statements that are NaN where an operand is; SELECT, where that one is selected."""
_MOVING = (op.VIEW, op.ACCUMULATE, op.GATHER, op.SCATTER_ADD)


def _which_hand_on() -> NDArray[np.uint8]:
    codes = np.zeros(op.CODES, np.uint8)
    codes[[BY_NAME[name].number for name in _HANDING_ON]] = 1
    codes[list(_MOVING)] = 1
    return codes


HAND_ON = _which_hand_on()
NONE, SOME, LOST = range(3)
"""No product with a strong zero; some, whose NaN would reach the outputs; some, whose NaN might get lost."""


@kernel(types.int64(I4_2, I8_2, U1, U1))
def _follow(
    rows: NDArray[np.int32], facts: NDArray[np.int64], hand_on: NDArray[np.uint8], reached: NDArray[np.uint8]
) -> Int:
    """Follow the products with strong zeros through a list."""
    found = np.int64(NONE)
    for k in range(rows.shape[0]):
        code = rows[k, OPERATION]
        reads = False
        for j in range(facts[code, ARITY]):
            x = rows[k, FIRST + j]
            if x >= 0 and reached[x] != 0:
                if hand_on[code] == 0 or (code == op.SELECT and j == 0):
                    return np.int64(LOST)
                reads = True
        if code == op.ZERO_SAFE_MULTIPLY:
            if reads and rows[k, SIZE] != 1:  # by the evaluator, whose strong zero may take NaN away
                return np.int64(LOST)
            reads = True
            found = np.int64(SOME)
        reached[k] = 1 if reads else 0
    return found


def may_be_plain(source: FlatList) -> bool:
    """Whether a list has products with strong zeros, and NaN of ordinary ones would reach its outputs."""
    reached = np.zeros(len(source.rows), np.uint8)
    return int(_follow(source.rows, TABLES.facts, HAND_ON, reached)) == SOME

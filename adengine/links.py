"""Statements that take the last result from where it still is.

Most statements of a chain read what the statement before them wrote. Through the arena that costs a store and a load,
ten cycles in which the chain stands still; so the evaluator holds the last result, and such a statement says so in its
code. This changes where an operand is read, never its bits.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.jit import kernel
from adengine.primitives import BY_NAME
from adengine.schedule import CODE, EIGHT, IN_1, IN_2, OUT, ROW
from adengine.templates import ARITY, TABLES
from adengine.vector import FORMULAS

U4_2 = types.Array(types.uint32, 2, "C")
I8_2 = types.Array(types.int64, 2, "C")
U1 = types.Array(types.uint8, 1, "C")


_SIMPLE = np.zeros(op.CODES, np.uint8)
_SIMPLE[[BY_NAME[name].number for name in FORMULAS]] = 1
_LINKABLE = np.zeros(op.CODES, np.uint8)
_LINKABLE[list(op.LINKABLE)] = 1


@kernel(types.void(U4_2, I8_2, U1, U1))
def _link(
    code: NDArray[np.uint32], facts: NDArray[np.int64], simple: NDArray[np.uint8], linkable: NDArray[np.uint8]
) -> None:
    """Mark the statements that are calls, and the single ones that read the result of the one before them, in place."""
    before = np.int64(-1)
    for at in range(code.shape[0]):
        operation = np.int64(code[at, CODE])
        if operation >= ROW:
            before = np.int64(-1)
            if operation >= EIGHT and simple[operation % EIGHT] == 0:
                code[at, CODE] = operation + op.CALLS
            continue
        if simple[operation] == 0:
            code[at, CODE] = operation + op.CALLS
        elif linkable[operation] != 0:
            if np.int64(code[at, IN_1]) == before:
                code[at, CODE] = operation + op.LAST_IS_FIRST
            elif facts[operation, ARITY] > 1 and np.int64(code[at, IN_2]) == before:
                code[at, CODE] = operation + op.LAST_IS_SECOND
        before = np.int64(code[at, OUT])


def linked(code: NDArray[np.uint32], *, hold: bool = True) -> NDArray[np.uint32]:
    """A schedule's instructions as the evaluator runs them, each single statement after the other.

    Where machine code runs some of them, it must not ``hold`` results for the next.
    """
    code = code.copy()
    _link(code, TABLES.facts, _SIMPLE, _LINKABLE if hold else np.zeros_like(_LINKABLE))
    return code

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
from adengine.jit import Int, kernel
from adengine.primitives import BY_NAME
from adengine.schedule import CODE, EIGHT, IN_1, IN_2, IN_3, OUT, POOL, ROW
from adengine.templates import ARITY, TABLES
from adengine.vector import FORMULAS

U4_2 = types.Array(types.uint32, 2, "C")
I8_2 = types.Array(types.int64, 2, "C")
U1 = types.Array(types.uint8, 1, "C")
U4 = types.Array(types.uint32, 1, "C")


_SIMPLE = np.zeros(op.CODES, np.uint8)
_SIMPLE[[BY_NAME[name].number for name in FORMULAS]] = 1
_SIMPLE[list(op.FUSED)] = 1
_LINKABLE = np.zeros(op.CODES, np.uint8)
_LINKABLE[list(op.LINKABLE)] = 1


@kernel(types.void(U4, types.int64, types.int64), inner=True)
def _swap(line: NDArray[np.uint32], one: Int, other: Int) -> None:
    """Exchange two columns."""
    line[one], line[other] = line[other], line[one]


@kernel(types.void(U4, types.int64), inner=True)
def _bring_forward(line: NDArray[np.uint32], before: Int) -> None:
    """Make the last result the first factor of a fused statement, or what follows the first product, if it can be.

    The factors of a product may change places, and so may two products that are added.
    """
    form = (np.int64(line[CODE]) - op.FUSED_ZERO_SAFE) % 5
    if np.int64(line[IN_2]) == before:
        _swap(line, IN_1, IN_2)
    if form >= op.SUM_OF_PRODUCTS:
        if np.int64(line[POOL]) == before:
            _swap(line, IN_3, POOL)
        if form == op.SUM_OF_PRODUCTS and np.int64(line[IN_3]) == before:
            _swap(line, IN_1, IN_3)
            _swap(line, IN_2, POOL)


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
            fused = operation >= op.FUSED_ZERO_SAFE
            second = IN_3 if fused else IN_2
            if fused:
                _bring_forward(code[at], before)
            if np.int64(code[at, IN_1]) == before:
                code[at, CODE] = operation + op.LAST_IS_FIRST
            elif facts[operation, ARITY] > 1 and np.int64(code[at, second]) == before:
                code[at, CODE] = operation + op.LAST_IS_SECOND
        before = np.int64(code[at, OUT])


def linked(code: NDArray[np.uint32], *, hold: bool = True) -> NDArray[np.uint32]:
    """A schedule's instructions as the evaluator runs them, each single statement after the other.

    Where machine code runs some of them, it must not ``hold`` results for the next.
    """
    code = code.copy()
    _link(code, TABLES.facts, _SIMPLE, _LINKABLE if hold else np.zeros_like(_LINKABLE))
    return code

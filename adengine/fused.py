"""Two or three scalar statements as one: a sum or a difference with a product that nothing else reads.

Derivative lists are full of ``c + a b`` and ``a b + c d``. On the evaluator a statement costs about as much for finding
out what to do as for doing it; so a product goes into the sum that alone reads it. The operations are the same, one
after the other, each rounded as before: every bit stays.

Only what stands alone is fused: eight products and eight sums at once cost less than eight fused statements.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, OPERATION, PARAMETER, SECOND, SIZE, THIRD
from adengine.jit import Bool, Int, kernel
from adengine.stopping import stopped
from adengine.templates import ARITY, TABLES

INT = types.int64
I4 = types.Array(types.int32, 1, "C")
I4_2 = types.Array(types.int32, 2, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")
U1 = types.Array(types.uint8, 1, "C")

FOURTH = PARAMETER
"""Column of the fourth operand of a fused row, behind the third: such rows have no parameter."""


@kernel(types.void(I4_2, I8_2, I4, I8), stops=True)
def _count_reads(
    rows: NDArray[np.int32], facts: NDArray[np.int64], outputs: NDArray[np.int32], reads: NDArray[np.int64]
) -> None:
    """How often each row is read; an output counts as more than once."""
    for k in range(rows.shape[0]):
        if k & 4095 == 4095 and stopped() != 0:
            return
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0:
                reads[operand] += 1
    for k in outputs:
        if k >= 0:
            reads[k] += 2


@kernel(INT(I4_2, I8, U1, INT), inner=True)
def _product(rows: NDArray[np.int32], reads: NDArray[np.int64], alone: NDArray[np.uint8], k: Int) -> Int:
    """Which kind of fused statement a row can go into; 0 for none."""
    if alone[k] == 0 or reads[k] != 1 or rows[k, SIZE] != 1:
        return 0
    operation = rows[k, OPERATION]
    if operation == op.ZERO_SAFE_MULTIPLY:
        return op.FUSED_ZERO_SAFE
    return op.FUSED_PLAIN if operation == op.MULTIPLY or operation == op.SQUARE else 0


@kernel(types.void(I4_2, INT, INT, INT), inner=True)
def _take_factors(rows: NDArray[np.int32], k: Int, product: Int, to: Int) -> None:
    """Write the factors of a product into two columns of a row."""
    a = rows[product, FIRST]
    rows[k, to] = a
    # THIRD + 1 is FOURTH
    rows[k, to + 1] = a if rows[product, OPERATION] == op.SQUARE else rows[product, SECOND]


@kernel(types.void(I4_2, INT, INT, U1), inner=True)
def _take_both(rows: NDArray[np.int32], k: Int, kind: Int, alone: NDArray[np.uint8]) -> None:
    """Take two products of a kind into the sum or difference that reads them."""
    x, y = np.int64(rows[k, FIRST]), np.int64(rows[k, SECOND])
    minus = rows[k, OPERATION] == op.SUBTRACT
    _take_factors(rows, k, x, FIRST)
    _take_factors(rows, k, y, THIRD)
    rows[k, OPERATION] = kind + (op.DIFFERENCE_OF_PRODUCTS if minus else op.SUM_OF_PRODUCTS)
    alone[x] = 0
    alone[y] = 0


@kernel(types.void(I4_2, INT, INT, types.boolean, U1), inner=True)
def _take_one(rows: NDArray[np.int32], k: Int, kind: Int, is_first: Bool, alone: NDArray[np.uint8]) -> None:
    """Take a product of a kind, which is the first or the second operand, into the sum or difference."""
    x, y = np.int64(rows[k, FIRST]), np.int64(rows[k, SECOND])
    product, rest = (x, y) if is_first else (y, x)
    form = op.PLUS_PRODUCT
    if rows[k, OPERATION] == op.SUBTRACT:
        form = op.PRODUCT_MINUS if is_first else op.MINUS_PRODUCT
    _take_factors(rows, k, product, FIRST)
    rows[k, THIRD] = rest
    rows[k, OPERATION] = kind + form
    alone[product] = 0


@kernel(types.void(I4_2, I8, I8, U1), stops=True)
def _fuse(
    rows: NDArray[np.int32], reads: NDArray[np.int64], order: NDArray[np.int64], alone: NDArray[np.uint8]
) -> None:
    """Fuse what can be; the rows of ``alone`` that leave it are taken into others."""
    for k in order:
        if k & 4095 == 4095 and stopped() != 0:
            return
        operation = rows[k, OPERATION]
        if alone[k] == 0 or rows[k, SIZE] != 1 or (operation != op.ADD and operation != op.SUBTRACT):
            continue
        first = _product(rows, reads, alone, np.int64(rows[k, FIRST]))
        second = _product(rows, reads, alone, np.int64(rows[k, SECOND]))
        if first == second and first != 0:
            _take_both(rows, k, first, alone)
        elif first == op.FUSED_ZERO_SAFE or (first != 0 and second == 0):
            _take_one(rows, k, first, True, alone)
        elif second != 0:
            _take_one(rows, k, second, False, alone)


def fuse(rows: NDArray[np.int32], outputs: NDArray[np.int32], alone: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Write fused statements over sums and differences, in place; gives which rows are left to run.

    Parameters
    ----------
    rows : int32 array (variables, 6)
    outputs : int32 array (outputs,)
        What is read besides.
    alone : int64 array
        The rows of single statements that run one by one, in their order.
    """
    reads = np.zeros(len(rows), np.int64)
    _count_reads(rows, TABLES.facts, outputs, reads)
    marks = np.zeros(len(rows), np.uint8)
    marks[alone] = 1
    _fuse(rows, reads, alone, marks)
    left = np.ones(len(rows), np.bool_)
    left[alone] = marks[alone] != 0
    return left

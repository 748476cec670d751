"""Operations with memory moves counted: the measure in which the lecture's bounds hold.

In the measure of Griewank and Walther (*Evaluating Derivatives*, 2nd ed., ch. 4) a forward sweep, f included, costs at
most 2.5 and a reverse sweep at most 4 evaluations of f. It counts each fetch and each store as a move, beside
additions, multiplications and elementary functions; intermediate results of one statement stay in registers. The
weights here, move 1, addition 1, multiplication 1, elementary function 2, satisfy the book's assumptions: a move is no
cheaper than a multiplication, a function at least twice as dear. A division is a reciprocal (an elementary function)
and a product, as in the book.

For a product this gives 4, 10 and 16; for a sum 4, 8 and 12; for a sine 4, 9 and 13.

Rows of the table that cannot keep the bounds are in :data:`EXCEPTIONS`, each with the reason.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.adjoint import adjoint
from adengine.dual import dual
from adengine.graph import (
    FIRST,
    NONE,
    OPERATION,
    PARAMETER,
    SIZE,
    FlatList,
    add_input,
    append,
    finish,
    intern,
    new_graph,
)
from adengine.primitives import BY_NUMBER, Primitive
from adengine.templates import ARITY, TABLES

FORWARD_BOUND = 2.5
"""OPS(f, J u) <= 2.5 OPS(f)."""

REVERSE_BOUND = 4.0
"""OPS(f, J^T v) <= 4 OPS(f)."""

_FUNCTION, _DIVIDE, _FMA = 2, 3, 2
_FMA_NUMBER = 19


class Measure(NamedTuple):
    """Weighted operations of f, of f with one tangent, of f with one adjoint."""

    primal: int
    forward: int
    reverse: int

    @property
    def forward_ratio(self) -> float:
        """OPS(f, J u) / OPS(f)."""
        return self.forward / self.primal if self.primal else 1.0

    @property
    def reverse_ratio(self) -> float:
        """OPS(f, J^T v) / OPS(f)."""
        return self.reverse / self.primal if self.primal else 1.0


def _weight(source: FlatList, k: int) -> int:
    """Weight of the operation of row k, moves aside."""
    code = int(source.rows[k, OPERATION])
    if code >= op.FIRST_STRUCTURAL:
        return 0
    if code == op.DIVIDE:
        numerator = source.rows[k, FIRST]
        return _FUNCTION if source.rows[numerator, OPERATION] == op.CONST else _DIVIDE
    if code == _FMA_NUMBER:
        return _FMA
    return _FUNCTION if BY_NUMBER[code].nonlinear else 1


def _single(primitive: Primitive) -> FlatList:
    """The list of one statement; a parametric primitive has the parameter 3."""
    graph = new_graph(8, 8, 2)
    operands = [add_input(graph, number, 1, 0) for number in range(primitive.arity)]
    a, b, c = [*operands, NONE, NONE, NONE][:3]
    parameter = intern(graph, np.array([3], np.int64), 0, 1) if primitive.parametric else NONE
    w = append(graph, TABLES, primitive.number, a, b, c, parameter, 1)
    sizes = np.ones(primitive.arity, np.int64)
    rows = np.array(operands, np.int32)
    return finish(graph, (), rows, sizes, 0, np.array([w], np.int32), np.ones(1, np.int64), 1)


def _operations(source: FlatList) -> int:
    return sum(_weight(source, k) for k in range(len(source.rows)))


def _fetched(derived: FlatList, primitive: Primitive) -> int:
    """How many of the arguments and the result the derivative part reads again."""
    primal = {int(derived.inputs[number]) for number in range(primitive.arity)} | {int(derived.outputs[0])}
    w = int(derived.outputs[0])
    read: set[int] = set()
    for k, row in enumerate(derived.rows):
        if k == w or row[OPERATION] in (op.INPUT, op.CONST):
            continue
        operands = row[FIRST : FIRST + int(TABLES.facts[row[OPERATION], ARITY])]
        read |= {int(operand) for operand in operands} & primal
    return len(read - {NONE})


@cache
def row_measure(primitive: Primitive) -> Measure:
    """The measure of one elementwise row of the table."""
    f = _single(primitive)
    arity = primitive.arity
    active = sum(1 for partial in primitive.partials if partial)
    primal = arity + 1 + _operations(f)
    everything = list(range(arity))
    tangents = dual(f, everything)
    forward = (arity + 1) + (active + 1 if active else 0) + _operations(tangents)
    adjoints = adjoint(f, everything)
    reverse = primal
    if active:
        increments = 3 * active  # fetch, add, store
        reverse += 2 + _fetched(adjoints, primitive) + increments + _operations(adjoints) - _operations(f)
    return Measure(primal, forward, reverse)


_MOVED = Measure(2, 4, 7)
"""One element moved: fetched and stored; as much for its tangent; its adjoint fetched, added to another and reset."""
_ADDED = Measure(4, 8, 12)
"""One element added to another."""
_MULTIPLIED = Measure(4, 10, 12)
"""One product of a matrix product: two fetches, a product, a sum, the sum in a register."""
_EXPONENTIATED = Measure(5, 12, 18)
"""One element of a log-sum-exp: fetch, function, addition; its weight takes another function."""


def list_measure(source: FlatList) -> Measure:
    """The measure of a list, statement by statement, as if all inputs were active."""
    total = np.zeros(3, np.int64)
    for row in source.rows:
        code, size = int(row[OPERATION]), int(row[SIZE])
        if code < op.FIRST_STRUCTURAL:
            total += size * np.array(row_measure(BY_NUMBER[code]))
        elif code > op.ARRAY:
            total += _structural(source, row, code, size)
    return Measure(*(int(part) for part in total))


def _structural(source: FlatList, row: NDArray[np.int32], code: int, size: int) -> NDArray[np.int64]:
    """The measure of a structural statement."""
    words = source.pool[source.starts[row[PARAMETER]] :]
    if code in (op.VIEW, op.GATHER):
        return size * np.array(_MOVED)
    if code in (op.MATMUL, op.ZERO_SAFE_MATMUL):
        return int(words[0] * words[1] * words[2]) * np.array(_MULTIPLIED)
    if code in (op.ACCUMULATE, op.SCATTER_ADD):
        return int(source.rows[row[FIRST + 1], SIZE]) * np.array(_ADDED)
    each = _EXPONENTIATED if code == op.LOGSUMEXPS else _ADDED
    return int(source.rows[row[FIRST], SIZE]) * np.array(each)


_ALGEBRAIC = "the partial takes several operations beside the function, each as dear here as a product"
_GUARDED = "guards keep the partials right at zeros, kinks and infinities"
_TWO_FUNCTIONS = "each argument's partial takes a function of its own"

EXCEPTIONS: dict[str, str] = {
    "POWER": f"{_TWO_FUNCTIONS}: another power, and a logarithm",
    "CBRT": _ALGEBRAIC,
    "HYPOT": _GUARDED,
    "LOGADDEXP": _TWO_FUNCTIONS,
    "ASIN": _ALGEBRAIC,
    "ACOS": _ALGEBRAIC,
    "ATAN": _ALGEBRAIC,
    "ATAN2": f"{_GUARDED}, and it is scaled against overflow",
    "ASINH": _ALGEBRAIC,
    "ACOSH": _ALGEBRAIC,
    "ATANH": _ALGEBRAIC,
    "FMOD": _ALGEBRAIC,
    "MINIMUM": "each argument's partial is a comparison, with half of the derivative at a tie",
    "MAXIMUM": "each argument's partial is a comparison, with half of the derivative at a tie",
    "ERF": _ALGEBRAIC,
    "ERFC": _ALGEBRAIC,
    "SIGMOID": "the partial takes another sigmoid, for full relative accuracy on both sides",
    "XLOGY": _GUARDED,
    "EXP_SHARE": _TWO_FUNCTIONS,
}
"""Rows that exceed a bound with the weights of this module, and why."""

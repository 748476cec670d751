"""How a schedule becomes functions of machine code: which instruction is written how, where it is cut, what is stored.

Within a function values stay values; what a later one reads, or what is read from memory, is stored in the arena.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.jit import Bool, Int, kernel
from adengine.machine_templates import EIGHT_WIDE, INTEGER_POWER, LEAST_POWER, ONE, POWERS
from adengine.schedule import BATCH, CODE, COUNT, EIGHT, FLAGS, FLAT, IN_1, LANED_OUT, OUT, POOL, ROW
from adengine.templates import ARITY

INT = types.int64
U1 = types.Array(types.uint8, 1, "C")
U4_2 = types.Array(types.uint32, 2, "C")
I4 = types.Array(types.int32, 1, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")

LINES, LONG_LINES = 500, 2000
"""Instructions of one function: long enough that few values cross, short enough that compiling stays linear; and where
all of them are of one number."""
_UNROLLED = 64
"""Rows of at most so many elements are written out; longer ones are left to the evaluator."""
_FITTING = 5
"""So many of the operands of eight statements must lie side by side, or be the same, to be taken together."""
ALWAYS = 1 << 30
"""In place of the number of a function: read from memory."""

BY_EVALUATOR, SCALAR, LANED, STATEMENTS, APIECE, UNROLLED = range(6)
"""How an instruction is written: left to the evaluator, one number, eight lanes, eight statements at once or one by one
(where their operands lie apart, collecting them costs more than it gains), a row."""


@kernel(INT(U4_2, INT, I8, I8_2, INT), inner=True)
def template_of(
    code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], values: NDArray[np.int64], kind: Int
) -> Int:
    """Number of the template of an elementwise instruction, or -1."""
    operation = np.int64(code[at, CODE]) & np.int64(ROW - 1)
    if operation >= op.FIRST_STRUCTURAL:
        return -1
    if operation == INTEGER_POWER:
        exponent = pool[code[at, POOL]]
        if exponent < LEAST_POWER or exponent >= LEAST_POWER + POWERS:
            return -1
        operation = op.CODES + exponent - LEAST_POWER
    return operation if values[kind, operation] != 0 else np.int64(-1)


@kernel(INT(U4_2, INT, INT), inner=True)
def elements_of(code: NDArray[np.uint32], at: Int, lanes: Int) -> Int:
    """Elements that an instruction writes, over all lanes."""
    if code[at, CODE] < ROW:
        return 1
    return np.int64(code[at, COUNT]) * (lanes if code[at, FLAGS] & LANED_OUT else np.int64(1))


_PATTERN = types.UniTuple(INT, 3)  # type: ignore[no-untyped-call]


@kernel(_PATTERN(U4_2, INT, INT), inner=True)
def pattern_of(places: NDArray[np.uint32], row: Int, j: Int) -> tuple[Int, Int, Int]:
    """How the operands of eight statements lie: the place of the first, the step to the next, and how many fit that."""
    start, step, most = np.int64(places[row, 8 * j]), np.int64(0), np.int64(0)
    for i in range(8):
        for tried in range(2):
            first = np.int64(places[row, 8 * j + i]) - tried * i
            fit = np.int64(0)
            for other in range(8):
                fit += np.int64(first + tried * other == np.int64(places[row, 8 * j + other]))
            if first >= 0 and fit > most:
                start, step, most = first, np.int64(tried), fit
    return start, step, most


@kernel(types.boolean(U4_2, INT, U4_2, I8_2), inner=True)
def _apart(code: NDArray[np.uint32], at: Int, places: NDArray[np.uint32], facts: NDArray[np.int64]) -> Bool:
    """Whether an operand of eight statements is scattered over the arena."""
    for j in range(facts[np.int64(code[at, CODE]) & np.int64(ROW - 1), ARITY]):
        _, _, fit = pattern_of(places, np.int64(code[at, IN_1]), j)
        if fit < _FITTING:
            return True
    return False


@kernel(INT(U4_2, INT, U4_2, I8_2, I8, I8_2, INT), inner=True)
def _kind(
    code: NDArray[np.uint32], at: Int, places: NDArray[np.uint32], facts: NDArray[np.int64], pool: NDArray[np.int64],
    values: NDArray[np.int64], lanes: Int,
) -> Int:  # fmt: skip
    """How an instruction is written."""
    operation = np.int64(code[at, CODE])
    if operation < ROW:
        return SCALAR if template_of(code, at, pool, values, ONE) >= 0 else BY_EVALUATOR
    if template_of(code, at, pool, values, EIGHT_WIDE) < 0:
        return BY_EVALUATOR
    if operation >= BATCH:
        return APIECE if _apart(code, at, places, facts) else STATEMENTS
    if operation >= EIGHT:
        return LANED if lanes == 8 else BY_EVALUATOR
    short = elements_of(code, at, lanes) <= _UNROLLED
    flat = code[at, FLAGS] & FLAT != 0
    return UNROLLED if short and flat and template_of(code, at, pool, values, ONE) >= 0 else BY_EVALUATOR


@kernel(INT(U4_2, U4_2, I8_2, I8, I8_2, INT, INT, INT, I4, U1))
def plan_functions(  # noqa: PLR0913  a kernel over flat columns
    code: NDArray[np.uint32], places: NDArray[np.uint32], facts: NDArray[np.int64], pool: NDArray[np.int64],
    values: NDArray[np.int64], lanes: Int, singles: Int, most: Int, segments: NDArray[np.int32],
    kinds: NDArray[np.uint8],
) -> Int:  # fmt: skip
    """Find out how each instruction is written, and cut them into functions of at most some; returns how many."""
    segment = np.int64(1)
    lines = np.int64(0)
    for at in range(code.shape[0]):
        kind = _kind(code, at, places, facts, pool, values, lanes)
        kinds[at] = kind
        weight = np.int64(1)
        if kind == UNROLLED:
            weight = elements_of(code, at, lanes) // 4 + 1
        elif kind == APIECE:
            weight = np.int64(8)
        if lines > 0 and (lines + weight > most or at == singles):
            segment += 1
            lines = np.int64(0)
        lines += weight
        segments[at] = segment
    return segment


@kernel(types.void(U4_2, INT, U4_2, I8_2, INT, INT, I4), inner=True)
def _note_reads(
    code: NDArray[np.uint32], at: Int, places: NDArray[np.uint32], facts: NDArray[np.int64], kind: Int, segment: Int,
    read: NDArray[np.int32],
) -> None:  # fmt: skip
    """Note in which function the operands of an instruction are read, or that they are read from memory."""
    operation = np.int64(code[at, CODE]) & np.int64(ROW - 1)
    for j in range(facts[operation, ARITY]):
        address = np.int64(code[at, IN_1 + j])
        if kind in (SCALAR, LANED):
            read[address] = max(read[address], segment)
        elif code[at, CODE] >= BATCH:
            row = np.int64(code[at, IN_1])
            first, step, _ = pattern_of(places, row, j)
            for i in range(8):
                element = np.int64(places[row, 8 * j + i])
                loaded = kind == STATEMENTS and step == 1 and element == first + i
                read[element] = ALWAYS if loaded or kind == BY_EVALUATOR else max(read[element], segment)
        else:
            read[address] = ALWAYS


@kernel(types.void(U4_2, U4_2, I8_2, I4, U1, I4, U1))
def find_stores(
    code: NDArray[np.uint32], places: NDArray[np.uint32], facts: NDArray[np.int64], segments: NDArray[np.int32],
    kinds: NDArray[np.uint8], read: NDArray[np.int32], stored: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Which results are read by a later function, or from memory; of eight statements one by one, a bit for each.

    ``read`` comes with what is read at the end.
    """
    for at in range(code.shape[0] - 1, -1, -1):
        kind = np.int64(kinds[at])
        out = np.int64(code[at, OUT])
        stored[at] = 1
        if kind in (SCALAR, LANED, APIECE):
            stored[at] = 0
            for i in range(8 if kind == APIECE else 1):
                stored[at] |= (1 if read[out + i] > segments[at] else 0) << i
                read[out + i] = 0
        _note_reads(code, at, places, facts, kind, np.int64(segments[at]), read)

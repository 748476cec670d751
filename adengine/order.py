"""In which order the rows of a list run, and which of them run eight at once.

Inputs come first, by number, so that they lie side by side; then what is single, then what is laned. Single statements
of one element run in the order of the list, or, where the list is shallow enough for that to pay, level by level and
operation by operation: what stands on one level does not depend on each other, so eight of the same operation become
one instruction. Those that come from the same line of an unrolled loop are taken together, so that their operands lie
side by side. Reordering costs locality; so only where most statements find seven companions, and in pieces
(:mod:`adengine.locality`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.cancellation import check
from adengine.fused import fuse
from adengine.graph import FIRST, OPERATION, PARAMETER, SIZE
from adengine.jit import Bool, Int, kernel
from adengine.locality import near_operands
from adengine.sorting import sorting_order
from adengine.stopping import stopped
from adengine.templates import ARITY, EIGHT_AT_ONCE, TABLES

I4_2 = types.Array(types.int32, 2, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")
U1 = types.Array(types.uint8, 1, "C")

EIGHT_STATEMENTS = 8
ALONE, FIRST_OF_EIGHT, AMONG_EIGHT = 0, 1, 2
"""How a place of the order runs: by itself, as the first of eight at once, as one of the others."""

_FEWEST = 64
"""Shorter lists run in their own order."""
_WIDE = 2
"""Lists with fewer statements per level are not looked at closer."""
_FAR = 8
"""How many steps away statements may be told apart."""
_PAYS = 0.6
"""Part of the statements that must run eight at once for the new order to be taken."""


_LINKABLE = np.zeros(op.CODES, np.uint8)
_LINKABLE[list(op.LINKABLE)] = 1
"""Which operations can take the last result as an operand."""


class Order(NamedTuple):
    """An order of execution.

    Attributes
    ----------
    rows : int64 array (variables,)
        Rows of the list in the order in which they run.
    batches : uint8 array (variables,)
        For each place ALONE, FIRST_OF_EIGHT or AMONG_EIGHT.
    """

    rows: NDArray[np.int64]
    batches: NDArray[np.uint8]


@kernel(types.int64(I4_2, I8_2, I8), stops=True)
def _find_levels(rows: NDArray[np.int32], facts: NDArray[np.int64], levels: NDArray[np.int64]) -> Int:
    """Longest way from a leaf to each variable; returns the longest of all."""
    deepest = np.int64(0)
    for k in range(rows.shape[0]):
        if k & 4095 == 4095 and stopped() != 0:
            return deepest
        level = np.int64(0)
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0:
                level = max(level, levels[operand] + 1)
        levels[k] = level
        deepest = max(deepest, level)
    return deepest


def execution_order(
    rows: NDArray[np.int32], laned: NDArray[np.int64], first_seed: int, *, nearby: bool = False,
    outputs: NDArray[np.int32] | None = None,
) -> Order:  # fmt: skip
    """The order for a list of which the variables marked in ``laned`` have a value per lane.

    The inputs from ``first_seed`` on are tangents or cotangents. The evaluator likes runs of one operation, which its
    branches learn; machine code wants each statement ``nearby`` its operands, which then are still in registers.
    Given the ``outputs``, products are taken into sums, in place (:mod:`adengine.fused`).
    """
    codes = rows[:, OPERATION]
    inputs = np.flatnonzero(codes == op.INPUT)
    inputs = inputs[np.lexsort((rows[inputs, PARAMETER], laned[inputs]))]
    single = np.flatnonzero((codes != op.INPUT) & (laned == 0))
    rest = np.flatnonzero((codes != op.INPUT) & (laned != 0))
    by_level = _by_level(rows, single, first_seed, nearby=nearby)
    order = Order(single, np.zeros(len(single), np.uint8)) if by_level is None else by_level
    if outputs is not None:
        left = fuse(rows, outputs, order.rows[order.batches == ALONE])[order.rows]
        order = Order(order.rows[left], order.batches[left])
    order = _along_chains(rows, order)
    nothing = np.zeros(len(inputs), np.uint8), np.zeros(len(rest), np.uint8)
    return Order(np.concatenate([inputs, order.rows, rest]), np.concatenate([nothing[0], order.batches, nothing[1]]))


@kernel(types.void(I4_2, I8_2, I8, I8, I8), stops=True)
def _count_readers(
    rows: NDArray[np.int32], facts: NDArray[np.int64], order: NDArray[np.int64], waiting: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> None:  # fmt: skip
    """How many operands of each row are in the order, and where the readers of each begin in a list of all."""
    for k in order:
        waiting[k] = 0
    for k in order:
        if k & 4095 == 4095 and stopped() != 0:
            return
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0 and waiting[operand] >= 0:
                waiting[k] += 1
                starts[operand + 1] += 1
    for k in range(rows.shape[0]):
        starts[k + 1] += starts[k]


@kernel(types.void(I4_2, I8_2, I8, I8, I8, I8), stops=True)
def _list_readers(
    rows: NDArray[np.int32], facts: NDArray[np.int64], order: NDArray[np.int64], waiting: NDArray[np.int64],
    ends: NDArray[np.int64], readers: NDArray[np.int64],
) -> None:  # fmt: skip
    """Write the list of all readers, row after row; ``ends`` begin as the starts."""
    for k in order:
        if k & 4095 == 4095 and stopped() != 0:
            return
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0 and waiting[operand] >= 0:
                readers[ends[operand]] = k
                ends[operand] += 1


class _Readers(NamedTuple):
    """Who reads whom, within an order.

    Attributes
    ----------
    waiting : int64 array (variables,)
        Operands that have yet to run; -1 for what is not in the order.
    starts, rows : int64 arrays (variables + 1,), (readers,)
        Row k is read by ``rows[starts[k]:starts[k + 1]]``.
    """

    waiting: NDArray[np.int64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]


_READERS = types.NamedUniTuple(I8, 3, _Readers)  # type: ignore[no-untyped-call]


def _readers(rows: NDArray[np.int32], order: NDArray[np.int64]) -> _Readers:
    waiting = np.full(len(rows), -1, np.int64)
    starts = np.zeros(len(rows) + 1, np.int64)
    _count_readers(rows, TABLES.facts, order, waiting, starts)
    readers = np.empty(int(starts[-1]), np.int64)
    _list_readers(rows, TABLES.facts, order, waiting, starts.copy(), readers)
    return _Readers(waiting, starts, readers)


@kernel(types.int64(_READERS, U1, types.int64), inner=True)
def _run_row(readers: _Readers, alone: NDArray[np.uint8], k: Int) -> Int:
    """Note that a row has run; returns a row for which it was the last operand, if that stands alone, else -1."""
    follower = np.int64(-1)
    readers.waiting[k] = -1
    for at in range(readers.starts[k], readers.starts[k + 1]):
        reader = readers.rows[at]
        readers.waiting[reader] -= 1
        if readers.waiting[reader] == 0 and alone[reader] != 0 and follower < 0:
            follower = reader
    return follower


@kernel(types.void(_READERS, U1, I8, U1, I8, U1), stops=True)
def _follow(
    readers: _Readers, alone: NDArray[np.uint8], order: NDArray[np.int64], batches: NDArray[np.uint8],
    to: NDArray[np.int64], to_batches: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Run each statement that stands alone right after the one whose result completes its operands."""
    written = 0
    for place in range(order.shape[0]):
        if place & 4095 == 4095 and stopped() != 0:
            return
        k = order[place]
        while k >= 0 and readers.waiting[k] >= 0:
            to[written] = k
            to_batches[written] = batches[place]
            written += 1
            follower = _run_row(readers, alone, k)
            k = follower if batches[place] == ALONE else np.int64(-1)


def _along_chains(rows: NDArray[np.int32], order: Order) -> Order:
    """Statements that can take the last result as an operand moved to where it is the last."""
    to = Order(np.empty_like(order.rows), np.empty_like(order.batches))
    alone = np.zeros(len(rows), np.uint8)
    alone[order.rows] = (order.batches == ALONE) & _LINKABLE[rows[order.rows, OPERATION]]
    _follow(_readers(rows, order.rows), alone, order.rows, order.batches, to.rows, to.batches)
    return to


@kernel(types.int64(types.int64, types.int64), inline=True, inner=True)
def _mix(h: Int, value: Int) -> Int:
    h = (h ^ value) * np.int64(-7046029254386353131)
    return h ^ (h >> np.int64(29))


@kernel(types.void(I4_2, I8_2, I8, I8), stops=True)
def _look_down(
    rows: NDArray[np.int32], facts: NDArray[np.int64], kinds: NDArray[np.int64], to: NDArray[np.int64]
) -> None:
    """Tell statements apart by the kinds of their operands."""
    for k in range(rows.shape[0]):
        if k & 4095 == 4095 and stopped() != 0:
            return
        code = np.int64(rows[k, OPERATION])
        h = _mix(kinds[k], code)
        for j in range(facts[code, ARITY]):
            operand = rows[k, FIRST + j]
            h = _mix(h, kinds[operand] if operand >= 0 else np.int64(j))
        to[k] = h


@kernel(types.void(I4_2, I8_2, I8, I8), stops=True)
def _look_up(
    rows: NDArray[np.int32], facts: NDArray[np.int64], kinds: NDArray[np.int64], to: NDArray[np.int64]
) -> None:
    """Tell statements apart by who reads them first, and as which argument."""
    for k in range(rows.shape[0] - 1, -1, -1):
        if k & 4095 == 4095 and stopped() != 0:
            return
        code = np.int64(rows[k, OPERATION])
        for j in range(facts[code, ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0:
                to[operand] = _mix(_mix(kinds[k], code), np.int64(j + 1))


def _kinds(rows: NDArray[np.int32], first_seed: int) -> NDArray[np.int64]:
    """A number for each statement, the same for those that do the same for the same purpose.

    An unrolled loop repeats its body; the statements of one line of the body compute alike and are read alike. Taken
    together in the order of the list, their operands lie side by side, for those were taken together too. So look at
    the operands of the operands, and at the readers of the readers, a few steps far. Seeds differ from other inputs,
    or tangents would mix with values.
    """
    codes = rows[:, OPERATION]
    below = np.where(codes == op.CONST, rows[:, FIRST].astype(np.int64) ^ rows[:, FIRST + 1], 0)
    below[(codes == op.INPUT) & (rows[:, PARAMETER] >= first_seed)] = 1
    above = np.zeros(len(rows), np.int64)
    for _ in range(_FAR):
        to = np.zeros(len(rows), np.int64)
        _look_down(rows, TABLES.facts, below, to)
        below = to
        to = np.zeros(len(rows), np.int64)
        _look_up(rows, TABLES.facts, above, to)
        above = to
    kinds: NDArray[np.int64] = below * 31 + above
    return kinds


def _one_key(keys: NDArray[np.int64], kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keys, and below them as many bits of the kinds as have room: sorted by one column in half the time of two."""
    room = 63 - int(keys.max()).bit_length()
    one: NDArray[np.int64] = keys << room | kinds & ((1 << room) - 1)
    return one


def _runs(*columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For sorted columns: the place of each row within its run of equal rows, and how many whole eights the run has."""
    check()
    changes = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    starts = np.flatnonzero(np.concatenate([[True], changes]))
    lengths = np.diff(np.concatenate([starts, [len(columns[0])]]))
    check()
    within = np.arange(len(columns[0])) - np.repeat(starts, lengths)
    return within, np.repeat(lengths - lengths % EIGHT_STATEMENTS, lengths)


@kernel(types.boolean(I4_2, I8_2, I8, I8, types.int64, types.int64, I8), inner=True)
def _runs_backwards(
    rows: NDArray[np.int32], facts: NDArray[np.int64], single: NDArray[np.int64], by_kind: NDArray[np.int64],
    first: Int, end: Int, signs: NDArray[np.int64],
) -> Bool:  # fmt: skip
    """Whether the operands of a run of statements mostly come in falling order."""
    rising = np.int64(0)
    for i in range(first + 1, end):
        k, before = single[by_kind[i]], single[by_kind[i - 1]]
        for j in range(facts[rows[k, OPERATION], ARITY]):
            x, y = np.int64(rows[before, FIRST + j]), np.int64(rows[k, FIRST + j])
            if x >= 0 and y >= 0 and x != y:
                rising += 1 if signs[x] * x < signs[y] * y else -1
                break
    return rising < 0


@kernel(types.void(I4_2, I8_2, I8, I8, I8, I8, I8))
def _turn_round(
    rows: NDArray[np.int32], facts: NDArray[np.int64], keys: NDArray[np.int64], kinds: NDArray[np.int64],
    single: NDArray[np.int64], by_kind: NDArray[np.int64], signs: NDArray[np.int64],
) -> None:  # fmt: skip
    """Turn the runs round that read their operands backwards, as reverse sweeps do, in place."""
    first = 0
    for i in range(1, keys.shape[0] + 1):
        if i < keys.shape[0] and keys[i] == keys[first] and kinds[i] == kinds[first]:
            continue
        if i - first >= EIGHT_STATEMENTS and _runs_backwards(rows, facts, single, by_kind, first, i, signs):
            for at in range(first, i):
                signs[single[by_kind[at]]] = -1
            for at in range((i - first) // 2):
                by_kind[first + at], by_kind[i - 1 - at] = by_kind[i - 1 - at], by_kind[first + at]
        first = i


def _by_level(rows: NDArray[np.int32], single: NDArray[np.int64], first_seed: int, *, nearby: bool) -> Order | None:
    """Single rows by level and operation, in pieces, where that pays."""
    if len(single) < _FEWEST:
        return None
    levels = np.zeros(len(rows), np.int64)
    deepest = _find_levels(rows, TABLES.facts, levels)
    if len(single) < _WIDE * deepest:
        return None
    codes = rows[single, OPERATION].astype(np.int64)
    batchable = (rows[single, SIZE] == 1) & (TABLES.facts[codes, EIGHT_AT_ONCE] != 0)
    keys = (levels[single] * 2 + batchable) * op.CODES + codes
    kinds = _kinds(rows, first_seed)[single]
    check()
    by_kind = sorting_order(_one_key(keys, kinds))
    _turn_round(rows, TABLES.facts, keys[by_kind], kinds[by_kind], single, by_kind, np.ones(len(rows), np.int64))
    within, whole = _runs(keys[by_kind], kinds[by_kind])
    # Eights of one kind first; what is left over of all kinds makes up eights of its own.
    check()
    left = within >= whole
    by_key = by_kind[sorting_order(keys[by_kind] * 2 + left)]
    left_over = np.zeros(len(single), np.int64)
    left_over[by_kind] = left
    within, whole = _runs(keys[by_key], left_over[by_key])
    together = batchable[by_key] & (within < whole)
    if together.sum() < _PAYS * len(single):
        return None
    check()
    marks = np.where(within % EIGHT_STATEMENTS == 0, FIRST_OF_EIGHT, AMONG_EIGHT)
    batches = np.where(together, marks, ALONE).astype(np.uint8)
    pieces = 2 * keys[by_key] + together
    near = near_operands(rows, single[by_key], batches == AMONG_EIGHT, pieces, shortest=nearby)
    return Order(single[by_key][near], batches[near])

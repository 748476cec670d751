"""The eights of a schedule, level by level, in an order that keeps what was computed at hand.

A level of a long list is larger than any cache, so what one level writes would be gone when the next reads it. Taken in
pieces, each after the pieces it reads from, a few levels share the cache. Within a piece all instructions are alike,
which the evaluator's branches learn; machine code has no branches and takes the shortest pieces there are.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.cancellation import check
from adengine.graph import FIRST, OPERATION
from adengine.jit import Int, kernel
from adengine.stopping import stopped
from adengine.templates import ARITY, TABLES

I4_2 = types.Array(types.int32, 2, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")

_PIECE = 128
"""Statements of a piece."""


@kernel(types.int64(I4_2, I8_2, I8, I8, types.int64, types.int64), inner=True)
def _missing(
    rows: NDArray[np.int32], facts: NDArray[np.int64], order: NDArray[np.int64], places: NDArray[np.int64], first: Int,
    end: Int,
) -> Int:  # fmt: skip
    """Where an operand of the statements from a place on begins that has not been given a place yet, or -1."""
    for i in range(first, end):
        k = order[i]
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0 and places[operand] >= 0:
                return places[operand]
    return -1


@kernel(types.void(I4_2, I8_2, I8, I8, I8, I8), stops=True)
def _after_operands(
    rows: NDArray[np.int32], facts: NDArray[np.int64], order: NDArray[np.int64], ends: NDArray[np.int64],
    places: NDArray[np.int64], stack: NDArray[np.int64],
) -> None:  # fmt: skip
    """Find an order of the same pieces in which each comes soon after its operands.

    ``places`` comes with the place at which each variable's piece begins, -1 for those that are not in the order, and
    leaves with -2 - place of where the piece now begins. ``ends`` says where the piece that begins at a place ends.
    """
    written = np.int64(0)
    for wanted in range(rows.shape[0]):
        if wanted & 1023 == 1023 and stopped() != 0:
            return
        depth = np.int64(0)
        if places[wanted] >= 0:
            stack[0] = places[wanted]
            depth = np.int64(1)
        while depth > 0:
            first = stack[depth - 1]
            end = ends[first]
            missing = _missing(rows, facts, order, places, first, end)
            if missing >= 0:
                stack[depth] = missing
                depth += 1
                continue
            depth -= 1
            if places[order[first]] >= 0:
                for i in range(first, end):
                    places[order[i]] = -2 - written
                written += end - first


def near_operands(
    rows: NDArray[np.int32], order: NDArray[np.int64], eights: NDArray[np.bool_], keys: NDArray[np.int64], *,
    shortest: bool,
) -> NDArray[np.int64]:  # fmt: skip
    """An order of the same statements in which each comes soon after its operands, as a permutation of the places.

    Parameters
    ----------
    rows : int32 array (variables, 6)
    order : int64 array (statements,)
        Rows in an order in which they may run.
    eights : bool array (statements,)
        Whether the statement at a place is one of eight at once, other than the first.
    keys : int64 array (statements,)
        The same number for neighbours that may stand in one piece: of one operation, and none reads another.
    shortest : bool
        Whether pieces are single eights, or single statements where those run alone.
    """
    starts = np.concatenate([[True], keys[1:] != keys[:-1]])
    numbers = np.arange(len(order))
    within = numbers - np.maximum.accumulate(np.where(starts, numbers, 0))
    begins = numbers[~eights if shortest else starts | (within % _PIECE == 0)]
    check()
    lengths = np.diff(begins, append=len(order))
    ends = np.zeros(len(order), np.int64)
    ends[begins] = begins + lengths
    check()
    places = np.full(len(rows), -1, np.int64)
    places[order] = np.repeat(begins, lengths)
    _after_operands(rows, TABLES.facts, order, ends, places, np.empty(len(order) + 1, np.int64))
    return np.argsort(-2 - places[order], kind="stable")

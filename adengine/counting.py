"""How many operations a list takes.

The count that reports give: 1 per element of an elementwise statement (FMA too), m k n for a matrix product, one per
element that a reduction reads or a scatter adds; moving elements around is free.

:mod:`adengine.measure` has the other count, which knows memory moves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, OPERATION, PARAMETER, SECOND, SIZE, FlatList
from adengine.jit import Int, kernel
from adengine.laned import depends
from adengine.stopping import stopped
from adengine.templates import ARITY, TABLES

I4 = types.Array(types.int32, 1, "C")
I4_2 = types.Array(types.int32, 2, "C")
I8_2 = types.Array(types.int64, 2, "C")


class Cost(NamedTuple):
    """What running a list takes, split by what depends on the seeds.

    Attributes
    ----------
    operations, seeded_operations : int
        All counted operations, and those of statements that depend on a seed.
    statements, seeded_statements : int
    elements, seeded_elements : int
        Elements that are written, as a measure of time.
    live_elements : int
        Most elements that are needed at the same time, as a measure of the arena, where places are used again.
    """

    operations: int
    seeded_operations: int
    statements: int
    seeded_statements: int
    elements: int
    seeded_elements: int
    live_elements: int


def row_operations(source: FlatList) -> NDArray[np.int64]:
    """Operations of each row."""
    rows = source.rows
    code, sizes = rows[:, OPERATION], rows[:, SIZE].astype(np.int64)
    counts = np.where(code < op.FIRST_STRUCTURAL, sizes, 0)
    for k in np.flatnonzero(code > op.GATHER):
        words = source.pool[source.starts[rows[k, PARAMETER]] :]
        if code[k] == op.SCATTER_ADD:
            counts[k] = sizes[rows[k, SECOND]]
        elif code[k] in (op.MATMUL, op.ZERO_SAFE_MATMUL):
            counts[k] = words[0] * words[1] * words[2]
        else:
            counts[k] = sizes[rows[k, FIRST]]
    scatters = np.flatnonzero(code == op.ACCUMULATE)
    counts[scatters] = _accumulated(rows, scatters)
    return counts


def _accumulated(rows: NDArray[np.int32], scatters: NDArray[np.intp]) -> NDArray[np.int64]:
    """Additions of ACCUMULATE rows; putting elements into an empty place is a move."""
    base, update = rows[scatters, FIRST], rows[scatters, SECOND]
    added = rows[update, SIZE].astype(np.int64)
    empty = (base < 0) | (rows[base, OPERATION] == op.CONST)
    return np.where(empty & (added <= rows[scatters, SIZE]), 0, added)


def _in_place(rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Rows that add to a base of their own size, which runs in place wherever nobody else reads the base."""
    scatter = (rows[:, OPERATION] == op.ACCUMULATE) | (rows[:, OPERATION] == op.SCATTER_ADD)
    scatter &= rows[:, FIRST] >= 0
    base = np.where(scatter, rows[:, FIRST], 0)
    in_place: NDArray[np.bool_] = scatter & (rows[base, SIZE] == rows[:, SIZE])
    return in_place


def seeded_rows(source: FlatList) -> NDArray[np.bool_]:
    """Which rows depend on a seed."""
    mask = np.zeros(max(len(source.inputs), 1), np.uint8)
    mask[len(source.inputs) - source.seeds :] = source.seeds > 0
    return depends(source, mask)


@kernel(types.int64(I4_2, I8_2, I4), stops=True)
def _most_alive(rows: NDArray[np.int32], facts: NDArray[np.int64], last_use: NDArray[np.int32]) -> Int:
    """Most elements that are needed at the same time; ``last_use`` begins as -1, or beyond the end for outputs."""
    for k in range(rows.shape[0] - 1, -1, -1):
        if k & 4095 == 4095 and stopped() != 0:
            return np.int64(0)
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0 and last_use[operand] < 0:
                last_use[operand] = k
    alive = np.int64(0)
    most = np.int64(0)
    for k in range(rows.shape[0]):
        if k & 4095 == 4095 and stopped() != 0:
            return most
        alive += rows[k, SIZE]
        most = max(most, alive)
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0 and last_use[operand] == k and facts[rows[operand, OPERATION], ARITY] != 0:
                alive -= rows[operand, SIZE]
                last_use[operand] = rows.shape[0]
    return most


def _live_elements(source: FlatList) -> int:
    last_use = np.full(len(source.rows), -1, np.int32)
    last_use[source.outputs[source.outputs >= 0]] = len(source.rows)
    return int(_most_alive(source.rows, TABLES.facts, last_use))


def cost(source: FlatList) -> Cost:
    """Count a list."""
    operations = row_operations(source)
    seeded = seeded_rows(source)
    code = source.rows[:, OPERATION]
    work = (code > op.ARRAY) | (code < op.FIRST_STRUCTURAL)
    sizes = np.where(work & ~_in_place(source.rows), source.rows[:, SIZE].astype(np.int64), 0) + operations
    return Cost(
        int(operations.sum()), int(operations[seeded].sum()), int(work.sum()), int((work & seeded).sum()),
        int(sizes.sum()), int(sizes[seeded].sum()), _live_elements(source),
    )  # fmt: skip

"""From a flat list to instructions: which variables are laned, where each lives, what runs.

A run carries L lanes side by side: K points, or p directions. A variable is laned if it depends on a laned input, else
it is single and computed once. All variables live in one arena; a laned variable of N elements takes N * L places,
lanes innermost; a place is used again when nobody reads it any more. A contiguous VIEW is no instruction, only another
address. ACCUMULATE and SCATTER_ADD work in place where nothing reads their base any more, so n single-element
contributions cost O(n), not O(n^2).

The order is that of :mod:`adengine.order`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, INT, NONE, OPERATION, PARAMETER, SIZE, FlatList
from adengine.jit import Int, kernel
from adengine.laned import LANED, mark_laned
from adengine.order import AMONG_EIGHT, EIGHT_STATEMENTS, FIRST_OF_EIGHT, execution_order
from adengine.stopping import stopped
from adengine.storage import (
    ADDRESS,
    EIGHTS,
    STORAGE,
    Eights,
    Storage,
    aligned,
    new_eights,
    own_one_of_eight,
    owner_of,
    release,
    take_eight,
    take_free,
)
from adengine.templates import ARITY, EIGHT_AT_ONCE, TABLES
from adengine.vector import APART, SIDE_BY_SIDE, THE_SAME

I4_2 = types.Array(types.int32, 2, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")
U1 = types.Array(types.uint8, 1, "C")
U4_2 = types.Array(types.uint32, 2, "C")
U4 = types.Array(types.uint32, 1, "C")

CODE, OUT, IN_1, IN_2, IN_3, POOL, COUNT, FLAGS = range(8)
"""Columns of an instruction: addresses, place of the parameters in the pool, elements, flags."""

COLUMNS, PLACES_OF_BATCH = 8, 3 * EIGHT_STATEMENTS

ROW = 4096
"""Added to the code of what is not one element of single variables."""
EIGHT = 8192
"""Added to the code of one element of laned variables that runs on eight lanes at once."""
BATCH = 16384
"""Added to the code of eight statements at once; IN_1 is then the row of their operands' places."""

LANED_1, LANED_2, LANED_3, MANY_1, MANY_2, MANY_3, LANED_OUT, IN_PLACE, NO_BASE, FLAT = (1 << bit for bit in range(10))
"""Flags: which operands are laned, which have more than one element, and how the statement runs."""


class Schedule(NamedTuple):
    """Instructions for one list, one choice of laned inputs and one number of lanes.

    Attributes
    ----------
    code : uint32 array (instructions, 8)
    singles : int
        How many instructions at the start do not depend on the lane: a run for more directions at the same point may
        begin after them.
    places : uint32 array (batches, 24)
        Where the operands of eight statements at once lie, eight for each argument.
    layout : int64 array (variables, 2)
        Address of each variable in the arena, and whether it is laned.
    elements : int
        Length of the arena in float64.
    lanes : int
    """

    code: NDArray[np.uint32]
    singles: int
    places: NDArray[np.uint32]
    layout: NDArray[np.int64]
    elements: int
    lanes: int


@kernel(types.void(I4_2, I8_2, I8, I8), stops=True)
def _find_last_use(
    rows: NDArray[np.int32], facts: NDArray[np.int64], order: NDArray[np.int64], last_use: NDArray[np.int64]
) -> None:
    """At which place of the order each variable is used last."""
    for place in range(order.shape[0]):
        if place & 4095 == 4095 and stopped() != 0:
            return
        k = order[place]
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0:
                last_use[operand] = place


@kernel(INT(I4_2, I8_2, INT, INT), inner=True)
def _elementwise_flags(rows: NDArray[np.int32], layout: NDArray[np.int64], k: Int, arity: Int) -> Int:
    """Flags of an elementwise statement."""
    flags = np.int64(0)
    many = np.int64(rows[k, SIZE] != 1)
    laned = layout[k, LANED]
    flat = True
    for j in range(arity):
        operand = rows[k, FIRST + j]
        operand_many = np.int64(rows[operand, SIZE] != 1)
        flags |= layout[operand, LANED] << j
        flags |= operand_many << (3 + j)
        alike = layout[operand, LANED] == laned and operand_many == many
        spread = layout[operand, LANED] == 0 and operand_many == 0
        flat = flat and (alike or spread)
    if laned:
        flags |= LANED_OUT
    if flat:
        flags |= FLAT
    return flags


@kernel(INT(I4_2, I8_2, INT, INT), inner=True)
def _structural_flags(rows: NDArray[np.int32], layout: NDArray[np.int64], k: Int, arity: Int) -> Int:
    """Flags of a structural statement."""
    flags = np.int64(0)
    for j in range(arity):
        operand = rows[k, FIRST + j]
        if operand >= 0:
            flags |= layout[operand, LANED] << j
            flags |= np.int64(rows[operand, SIZE] != 1) << (3 + j)
    if layout[k, LANED]:
        flags |= LANED_OUT
    if rows[k, FIRST] < 0:
        flags |= NO_BASE
    return flags


@kernel(INT(I4_2, I8_2, I8, I8_2, INT), inner=True)
def _pool_column(
    rows: NDArray[np.int32], facts: NDArray[np.int64], starts: NDArray[np.int64], layout: NDArray[np.int64], k: Int
) -> Int:
    """Where the parameters of a statement begin in the pool, or where its fourth operand lives; 0 without either."""
    operation = rows[k, OPERATION]
    parameter = rows[k, PARAMETER]
    if facts[operation, ARITY] == 4:
        return layout[parameter, ADDRESS]
    if parameter < 0 or operation == op.INPUT or operation == op.ARRAY:
        return 0
    return starts[parameter]


@kernel(types.void(I4_2, I8_2, INT, INT, INT, INT, I8_2, U4_2), inner=True)
def _write(
    rows: NDArray[np.int32], facts: NDArray[np.int64], k: Int, at: Int, in_place: Int, lanes: Int,
    layout: NDArray[np.int64], line: NDArray[np.uint32],
) -> None:  # fmt: skip
    """Write one instruction; ``at`` is what :func:`_pool_column` gave."""
    operation = np.int64(rows[k, OPERATION])
    arity = facts[operation, ARITY]
    elementwise = operation < op.FIRST_STRUCTURAL
    one = elementwise and rows[k, SIZE] == 1 and (layout[k, LANED] == 0 or lanes == 1)
    line[0, CODE] = operation if one else operation + ROW
    if elementwise and not one and rows[k, SIZE] == 1 and facts[operation, EIGHT_AT_ONCE] != 0:
        line[0, CODE] = operation + EIGHT
    line[0, OUT] = layout[k, ADDRESS]
    for j in range(3):
        operand = rows[k, FIRST + j]
        line[0, IN_1 + j] = layout[operand, ADDRESS] if j < arity and operand >= 0 else 0
    line[0, POOL] = at
    line[0, COUNT] = rows[k, SIZE]
    if elementwise:
        line[0, FLAGS] = _elementwise_flags(rows, layout, k, arity)
    else:
        line[0, FLAGS] = _structural_flags(rows, layout, k, arity) | (IN_PLACE * in_place)


@kernel(INT(U4, INT), inner=True)
def _how(places: NDArray[np.uint32], first: Int) -> Int:
    """How eight places lie: side by side, all the same, or apart."""
    side_by_side = True
    same = True
    for i in range(1, EIGHT_STATEMENTS):
        distance = np.int64(places[first + i]) - np.int64(places[first])
        side_by_side = side_by_side and distance == i
        same = same and distance == 0
    if side_by_side:
        return SIDE_BY_SIDE
    return THE_SAME if same else APART


@kernel(types.void(I4_2, I8_2, I8, INT, INT, I8_2, U4, U4, INT), inner=True)
def _write_batch(  # noqa: PLR0913  a kernel over flat columns
    rows: NDArray[np.int32], facts: NDArray[np.int64], order: NDArray[np.int64], place: Int, free: Int,
    layout: NDArray[np.int64], line: NDArray[np.uint32], places: NDArray[np.uint32], number: Int,
) -> None:  # fmt: skip
    """Write one instruction for the eight statements from ``place`` on; their results lie side by side."""
    operation = np.int64(rows[order[place], OPERATION])
    flags = np.int64(0)
    for i in range(EIGHT_STATEMENTS):
        layout[order[place + i], ADDRESS] = free + i
    for j in range(facts[operation, ARITY]):
        for i in range(EIGHT_STATEMENTS):
            operand = rows[order[place + i], FIRST + j]
            places[EIGHT_STATEMENTS * j + i] = layout[operand, ADDRESS]
        flags |= _how(places, EIGHT_STATEMENTS * j) << (2 * j)
    line[CODE] = operation + BATCH
    line[OUT] = free
    line[IN_1] = number
    line[POOL] = 0
    line[COUNT] = EIGHT_STATEMENTS
    line[FLAGS] = flags


@kernel(INT(I4_2, I8_2, I8, I8, I8, U1, I8_2, STORAGE, EIGHTS, U4_2, U4_2, INT, I8), stops=True)
def _emit_code(  # noqa: PLR0913  a kernel over flat columns
    rows: NDArray[np.int32], facts: NDArray[np.int64], pool: NDArray[np.int64], starts: NDArray[np.int64],
    order: NDArray[np.int64], batches: NDArray[np.uint8], layout: NDArray[np.int64], storage: Storage,
    eights: Eights, code: NDArray[np.uint32], places: NDArray[np.uint32], lanes: Int, totals: NDArray[np.int64],
) -> Int:  # fmt: skip
    """Lay out the variables and write the instructions; returns how many there are."""
    written = np.int64(0)
    free = np.int64(0)
    for place in range(order.shape[0]):
        if place & 4095 == 4095 and stopped() != 0:
            return written
        k = order[place]
        operation = np.int64(rows[k, OPERATION])
        if batches[place] != 0:
            if batches[place] != AMONG_EIGHT:
                at = np.int64(eights.address[take_eight(eights, free)])
                free = max(free, at + EIGHT_STATEMENTS)
                _write_batch(rows, facts, order, place, at, layout, code[written], places[totals[2]], totals[2])
                totals[2] += 1
                written += 1
                totals[1] = written
            own_one_of_eight(k, storage, eights)
            release(rows, facts, layout, k, place, storage, eights)
            continue
        width = lanes if layout[k, LANED] != 0 else np.int64(1)
        at = _pool_column(rows, facts, starts, layout, k)
        owner = owner_of(rows, pool, at, k, place, layout, storage, width)
        storage.owner[k] = owner
        storage.owner_last_use[owner] = max(storage.owner_last_use[owner], storage.last_use[k])
        computed = facts[operation, ARITY] != 0
        if owner == k and not (computed and take_free(k, layout, storage)):
            if rows[k, SIZE] * width >= 8:
                free = aligned(free)
            layout[k, ADDRESS] = free
            free += rows[k, SIZE] * width
        if computed:
            release(rows, facts, layout, k, place, storage, eights)
        if facts[operation, ARITY] == 0 or (owner != k and operation == op.VIEW):
            continue
        _write(rows, facts, k, at, np.int64(owner != k), lanes, layout, code[written : written + 1])
        written += 1
        if layout[k, LANED] == 0:
            totals[1] = written
    totals[0] = free
    return written


def schedule(source: FlatList, laned_inputs: NDArray[np.uint8], lanes: int, *, nearby: bool = False) -> Schedule:
    """Instructions for a list.

    Parameters
    ----------
    source : FlatList
    laned_inputs : uint8 array (inputs,)
        1 for each input that has a value per lane.
    lanes : int
        Number of lanes, at least 1.
    nearby : bool
        For machine code: see :func:`adengine.order.execution_order`. Nothing is fused then.
    """
    rows = source.rows if nearby else source.rows.copy()
    layout = np.zeros((len(rows), 2), np.int64)
    mask = laned_inputs if len(laned_inputs) else np.zeros(1, np.uint8)
    mark_laned(rows, TABLES.facts, mask, layout)
    first_seed, outputs = len(source.inputs) - source.seeds, None if nearby else source.outputs
    order, batches = execution_order(rows, layout[:, LANED], first_seed, nearby=nearby, outputs=outputs)
    many = int((batches == FIRST_OF_EIGHT).sum()) + 1
    places = np.zeros((many, PLACES_OF_BATCH), np.uint32)
    eights = new_eights(many, again=not nearby)
    last_use = np.full(len(rows), NONE, np.int64)
    _find_last_use(rows, TABLES.facts, order, last_use)
    last_use[source.outputs[source.outputs >= 0]] = len(rows)
    sizes = rows[:, SIZE] * np.where(layout[:, LANED] != 0, lanes, 1)
    classes, kind = np.unique(sizes, return_inverse=True)
    storage = Storage(
        np.zeros(len(rows), np.int64),
        np.full(len(rows), NONE, np.int64),
        last_use,
        kind.astype(np.int64),
        np.full(len(classes) + 1, NONE, np.int64),
        np.full(len(rows), NONE, np.int64),
    )
    code = np.empty((len(rows), COLUMNS), np.uint32)
    totals = np.zeros(3, np.int64)
    written = _emit_code(
        rows, TABLES.facts, source.pool, source.starts, order, batches, layout, storage, eights, code, places, lanes,
        totals,
    )  # fmt: skip
    return Schedule(code[:written].copy(), int(totals[1]), places, layout, int(totals[0]), lanes)

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
from adengine.graph import FIRST, INT, NONE, OPERATION, PARAMETER, SECOND, SIZE, FlatList
from adengine.jit import Bool, Int, kernel
from adengine.laned import LANED, mark_laned
from adengine.order import AMONG_EIGHT, EIGHT_STATEMENTS, FIRST_OF_EIGHT, execution_order
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

ADDRESS = 0
"""Column of the layout, beside LANED."""


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


@kernel(types.void(I4_2, I8_2, I8, I8))
def _find_last_use(
    rows: NDArray[np.int32], facts: NDArray[np.int64], order: NDArray[np.int64], last_use: NDArray[np.int64]
) -> None:
    """At which place of the order each variable is used last."""
    for place in range(order.shape[0]):
        k = order[place]
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0:
                last_use[operand] = place


@kernel(types.boolean(I8, INT), inner=True)
def is_contiguous(pool: NDArray[np.int64], at: Int) -> Bool:
    """Whether the view at ``pool[at:]`` is a run of neighbouring elements."""
    rank = pool[at + 2]
    expected = np.int64(1)
    for d in range(rank - 1, -1, -1):
        extent = pool[at + 3 + d]
        if extent != 1 and pool[at + 3 + rank + d] != expected:
            return False
        expected *= extent
    return True


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


class Storage(NamedTuple):
    """Who lives where: the owner of each variable's place, and when the place is read last.

    Attributes
    ----------
    owner, owner_last_use, last_use : int64 arrays (variables,)
    kind : int64 array (variables,)
        Number of the size class, so that places of the same size can be used again.
    free, next_free : int64 arrays (classes,), (variables,)
        Linked lists of owners whose place is free, by class.
    """

    owner: NDArray[np.int64]
    owner_last_use: NDArray[np.int64]
    last_use: NDArray[np.int64]
    kind: NDArray[np.int64]
    free: NDArray[np.int64]
    next_free: NDArray[np.int64]


_NEVER = 1 << 62
_STORAGE = types.NamedUniTuple(I8, 6, Storage)  # type: ignore[no-untyped-call]


@kernel(types.boolean(I4_2, I8_2, INT, INT, _STORAGE), inner=True)
def _may_reuse(rows: NDArray[np.int32], layout: NDArray[np.int64], k: Int, place: Int, storage: Storage) -> Bool:
    """Whether the scatter k may write over its base: as large, and nobody reads the base afterwards."""
    base = np.int64(rows[k, FIRST])
    if base < 0 or rows[base, SIZE] != rows[k, SIZE] or layout[base, LANED] != layout[k, LANED]:
        return False
    owner = storage.owner[base]
    code = rows[owner, OPERATION]
    if code == op.INPUT or code == op.CONST or code == op.ARRAY:
        return False
    return storage.owner_last_use[owner] <= place and storage.owner[rows[k, SECOND]] != owner


@kernel(INT(I4_2, I8, INT, INT, INT, I8_2, _STORAGE, INT), inner=True)
def _owner_of(
    rows: NDArray[np.int32], pool: NDArray[np.int64], at: Int, k: Int, place: Int, layout: NDArray[np.int64],
    storage: Storage, width: Int,
) -> Int:  # fmt: skip
    """Whose place the variable k takes: its argument's for a contiguous view or a scatter in place, else its own."""
    operation = rows[k, OPERATION]
    a = np.int64(rows[k, FIRST])
    if operation == op.VIEW and is_contiguous(pool, at):
        layout[k, ADDRESS] = layout[a, ADDRESS] + pool[at + 1] * width
        return storage.owner[a]
    if (operation == op.ACCUMULATE or operation == op.SCATTER_ADD) and _may_reuse(rows, layout, k, place, storage):
        layout[k, ADDRESS] = layout[a, ADDRESS]
        return storage.owner[a]
    return k


@kernel(types.boolean(INT, I8_2, _STORAGE), inner=True)
def _take_free(k: Int, layout: NDArray[np.int64], storage: Storage) -> Bool:
    """Give variable k the place of one that nobody reads any more."""
    kind = storage.kind[k]
    owner = storage.free[kind]
    if owner < 0:
        return False
    storage.free[kind] = storage.next_free[owner]
    layout[k, ADDRESS] = layout[owner, ADDRESS]
    return True


@kernel(types.void(I4_2, I8_2, I8_2, INT, INT, _STORAGE), inner=True)
def _release(
    rows: NDArray[np.int32], facts: NDArray[np.int64], layout: NDArray[np.int64], k: Int, place: Int, storage: Storage
) -> None:
    """Free the places that statement k reads last.

    Inputs are loaded and constants written behind the instructions' back: they keep their places. So does what is
    single but read by laned statements, for those run again for more directions at the same point.
    """
    for j in range(facts[rows[k, OPERATION], ARITY]):
        operand = np.int64(rows[k, FIRST + j])
        if operand < 0:
            continue
        owner = storage.owner[operand]
        code = rows[owner, OPERATION]
        fixed = code == op.INPUT or code == op.CONST or code == op.ARRAY
        if storage.owner_last_use[owner] == place and not fixed and layout[owner, LANED] == layout[k, LANED]:
            storage.owner_last_use[owner] = _NEVER
            storage.next_free[owner] = storage.free[storage.kind[owner]]
            storage.free[storage.kind[owner]] = owner


@kernel(types.void(I4_2, I8_2, INT, INT, INT, INT, I8_2, U4_2), inner=True)
def _write(
    rows: NDArray[np.int32], facts: NDArray[np.int64], k: Int, at: Int, in_place: Int, lanes: Int,
    layout: NDArray[np.int64], line: NDArray[np.uint32],
) -> None:  # fmt: skip
    """Write one instruction."""
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


@kernel(INT(INT), inline=True, inner=True)
def _aligned(free: Int) -> Int:
    """The next place where eight numbers lie in one line of the cache."""
    return (free + 7) & ~np.int64(7)


@kernel(INT(I4_2, I8_2, I8, I8, I8, U1, I8_2, _STORAGE, U4_2, U4_2, INT, I8))
def _emit_code(  # noqa: PLR0913  a kernel over flat columns
    rows: NDArray[np.int32], facts: NDArray[np.int64], pool: NDArray[np.int64], starts: NDArray[np.int64],
    order: NDArray[np.int64], batches: NDArray[np.uint8], layout: NDArray[np.int64], storage: Storage,
    code: NDArray[np.uint32], places: NDArray[np.uint32], lanes: Int, totals: NDArray[np.int64],
) -> Int:  # fmt: skip
    """Lay out the variables and write the instructions; returns how many there are."""
    written = np.int64(0)
    free = np.int64(0)
    for place in range(order.shape[0]):
        k = order[place]
        operation = np.int64(rows[k, OPERATION])
        if batches[place] != 0:
            if batches[place] != AMONG_EIGHT:
                free = _aligned(free)
                _write_batch(rows, facts, order, place, free, layout, code[written], places[totals[2]], totals[2])
                totals[2] += 1
                written += 1
                totals[1] = written
            storage.owner[k] = k
            storage.owner_last_use[k] = storage.last_use[k]
            free += 1
            _release(rows, facts, layout, k, place, storage)
            continue
        width = lanes if layout[k, LANED] != 0 else np.int64(1)
        at = np.int64(0)
        if rows[k, PARAMETER] >= 0 and operation != op.INPUT and operation != op.ARRAY:
            at = starts[rows[k, PARAMETER]]
        owner = _owner_of(rows, pool, at, k, place, layout, storage, width)
        storage.owner[k] = owner
        storage.owner_last_use[owner] = max(storage.owner_last_use[owner], storage.last_use[k])
        computed = facts[operation, ARITY] != 0
        if owner == k and not (computed and _take_free(k, layout, storage)):
            if rows[k, SIZE] * width >= 8:
                free = _aligned(free)
            layout[k, ADDRESS] = free
            free += rows[k, SIZE] * width
        if computed:
            _release(rows, facts, layout, k, place, storage)
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
        For machine code: see :func:`adengine.order.execution_order`.
    """
    rows = source.rows
    layout = np.zeros((len(rows), 2), np.int64)
    mask = laned_inputs if len(laned_inputs) else np.zeros(1, np.uint8)
    mark_laned(rows, TABLES.facts, mask, layout)
    order, batches = execution_order(rows, layout[:, LANED], len(source.inputs) - source.seeds, nearby=nearby)
    places = np.zeros((int((batches == FIRST_OF_EIGHT).sum()) + 1, PLACES_OF_BATCH), np.uint32)
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
        rows, TABLES.facts, source.pool, source.starts, order, batches, layout, storage, code, places, lanes, totals
    )
    return Schedule(code[:written].copy(), int(totals[1]), places, layout, int(totals[0]), lanes)

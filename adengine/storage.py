"""Whose place in the arena a variable takes, and when it is used again.

A contiguous VIEW stands where its argument does, and so does a scatter whose base nobody reads any more. A place is
used again by a variable of the same size. The results of eight statements at once lie side by side and have places of
their own, so that what reads them together still finds them so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, INT, NONE, OPERATION, SECOND, SIZE
from adengine.jit import Bool, Int, kernel
from adengine.laned import LANED
from adengine.order import EIGHT_STATEMENTS
from adengine.templates import ARITY

I4_2 = types.Array(types.int32, 2, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")

ADDRESS = 0
"""Column of the layout, beside LANED."""


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
STORAGE = types.NamedUniTuple(I8, 6, Storage)  # type: ignore[no-untyped-call]


class Eights(NamedTuple):
    """Where the results of eight statements at once lie: in places of their own, used again when all eight are free.

    A result's number of its place stands in ``next_free``, and its ``kind`` is the last of all.

    Attributes
    ----------
    taken : int64 array (batches,)
        How many of the eight are still read.
    address : int64 array (batches,)
    freed : int64 array (batches,)
        Numbers of places in the order in which they became free; some may have been taken again.
    state : int64 array (5,)
        How many places there are; where ``freed`` begins and ends; the place taken last; whether they are used again.
    """

    taken: NDArray[np.int64]
    address: NDArray[np.int64]
    freed: NDArray[np.int64]
    state: NDArray[np.int64]


_MADE, _HEAD, _TAIL, _LAST, _AGAIN = range(5)
"""Columns of the state of eights."""
EIGHTS = types.NamedUniTuple(I8, 4, Eights)  # type: ignore[no-untyped-call]


def new_eights(most: int, *, again: bool) -> Eights:
    """No places yet, and room for so many."""
    taken, address, freed = (np.zeros(most, np.int64) for _ in range(3))
    return Eights(taken, address, freed, np.array([0, 0, 0, NONE, again], np.int64))


@kernel(INT(INT), inline=True, inner=True)
def aligned(free: Int) -> Int:
    """The next place where eight numbers lie in one line of the cache."""
    return (free + 7) & ~np.int64(7)


@kernel(INT(EIGHTS, INT), inner=True)
def take_eight(eights: Eights, free: Int) -> Int:
    """Number of a free place, by choice the one after the last: what lies side by side is read at once."""
    state = eights.state
    last = state[_LAST]
    following = last + 1
    found = np.int64(NONE)
    is_free = 0 < following < state[_MADE] and eights.taken[following] == 0
    if is_free and eights.address[following] == eights.address[last] + EIGHT_STATEMENTS:
        found = following
    while found < 0 and state[_HEAD] < state[_TAIL]:
        found = eights.freed[state[_HEAD]]
        state[_HEAD] += 1
        if eights.taken[found] != 0:
            found = np.int64(NONE)
    if found < 0:
        found = state[_MADE]
        state[_MADE] += 1
        eights.address[found] = aligned(free)
    eights.taken[found] = EIGHT_STATEMENTS
    state[_LAST] = found
    return found


@kernel(types.void(INT, STORAGE, EIGHTS), inner=True)
def own_one_of_eight(k: Int, storage: Storage, eights: Eights) -> None:
    """Row k is one of the eight in the place that was taken last."""
    storage.owner[k] = k
    storage.owner_last_use[k] = storage.last_use[k]
    storage.kind[k] = storage.free.shape[0] - 1
    storage.next_free[k] = eights.state[_LAST]


@kernel(types.void(INT, STORAGE, EIGHTS), inner=True)
def _free_one_of_eight(owner: Int, storage: Storage, eights: Eights) -> None:
    number = storage.next_free[owner]
    eights.taken[number] -= 1
    if eights.taken[number] == 0 and eights.state[_AGAIN] != 0:
        eights.freed[eights.state[_TAIL]] = number
        eights.state[_TAIL] += 1


@kernel(types.boolean(I4_2, I8_2, INT, INT, STORAGE), inner=True)
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


@kernel(INT(I4_2, I8, INT, INT, INT, I8_2, STORAGE, INT), inner=True)
def owner_of(
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


@kernel(types.boolean(INT, I8_2, STORAGE), inner=True)
def take_free(k: Int, layout: NDArray[np.int64], storage: Storage) -> Bool:
    """Give variable k the place of one that nobody reads any more."""
    kind = storage.kind[k]
    owner = storage.free[kind]
    if owner < 0:
        return False
    storage.free[kind] = storage.next_free[owner]
    layout[k, ADDRESS] = layout[owner, ADDRESS]
    return True


@kernel(types.void(I4_2, I8_2, I8_2, INT, INT, STORAGE, EIGHTS), inner=True)
def release(
    rows: NDArray[np.int32], facts: NDArray[np.int64], layout: NDArray[np.int64], k: Int, place: Int, storage: Storage,
    eights: Eights,
) -> None:  # fmt: skip
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
            if storage.kind[owner] == storage.free.shape[0] - 1:
                _free_one_of_eight(owner, storage, eights)
                continue
            storage.next_free[owner] = storage.free[storage.kind[owner]]
            storage.free[storage.kind[owner]] = owner

"""Where the elements of each variable stand while somebody asks what they depend on.

Only variables that a selected input moves have a place. What is the same as an earlier variable stands where that one
stands: contiguous views, and elementwise statements of which one operand alone matters. ACCUMULATE and SCATTER_ADD
work in place where nothing reads their base any more, so n single-element contributions cost O(n), not O(n^2).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, INT, NONE, OPERATION, PARAMETER, SECOND, SIZE, FlatList
from adengine.jit import Int, kernel
from adengine.templates import ARITY, NO_PARTIAL, TABLES, TEMPLATE

I4 = types.Array(types.int32, 1, "C")
I4_2 = types.Array(types.int32, 2, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")

AT, OWNER, LAST = 0, 1, 2
"""Columns of the places of variables: first element, or -1 where nothing is passed on; the row that the place was made
for; and for such a row where its place is read last."""

PLACES, NODES, EDGES, PART, WHOLE = range(5)
"""Sizes that placing finds: places, most nodes and edges, largest part and largest whole of a scatter."""


class Columns(NamedTuple):
    """What the kernels read of a flat list, and the facts of the table."""

    rows: NDArray[np.int32]
    facts: NDArray[np.int64]
    pool: NDArray[np.int64]
    starts: NDArray[np.int64]


COLUMNS = types.NamedTuple((I4_2, I8_2, I8, I8), Columns)  # type: ignore[no-untyped-call]


@kernel(types.void(I4_2, I8_2, I4, I4_2))
def _find_last_uses(
    rows: NDArray[np.int32], facts: NDArray[np.int64], outputs: NDArray[np.int32], places: NDArray[np.int32]
) -> None:
    """Where each variable is read last; an output is read after all. Only what works in place asks for it."""
    wanted = False
    for k in range(rows.shape[0]):
        wanted |= rows[k, OPERATION] == op.ACCUMULATE or rows[k, OPERATION] == op.SCATTER_ADD
        places[k, AT] = NONE
        places[k, OWNER] = k
        places[k, LAST] = k
    if not wanted:
        return
    for k in range(rows.shape[0]):
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0:
                places[operand, LAST] = k
    for k in outputs:
        if k >= 0:
            places[k, LAST] = rows.shape[0]


@kernel(types.void(I4_2, INT, INT, INT), inner=True)
def _share(places: NDArray[np.int32], k: Int, x: Int, offset: Int) -> None:
    """Row k stands where x stands, from an offset on."""
    owner = places[x, OWNER]
    places[k, AT] = places[x, AT] + offset
    places[k, OWNER] = owner
    places[owner, LAST] = max(places[owner, LAST], places[k, LAST])


@kernel(types.void(I4_2, INT, INT, INT, INT, I8), inner=True)
def _own(places: NDArray[np.int32], k: Int, size: Int, nodes: Int, edges: Int, sizes: NDArray[np.int64]) -> None:
    """Row k gets a place of its own, and may need so many nodes and edges."""
    places[k, AT] = sizes[PLACES]
    sizes[PLACES] += size
    sizes[NODES] += nodes
    sizes[EDGES] += edges


@kernel(types.void(COLUMNS, INT, I4_2, I8), inner=True)
def _place_elementwise(columns: Columns, k: Int, places: NDArray[np.int32], sizes: NDArray[np.int64]) -> None:
    """A statement with one operand that counts, of its own size, is what that operand is."""
    rows = columns.rows
    code = np.int64(rows[k, OPERATION])
    size = np.int64(rows[k, SIZE])
    active = np.int64(0)
    only = np.int64(NONE)
    for j in range(columns.facts[code, ARITY]):
        x = np.int64(rows[k, FIRST + j])
        if columns.facts[code, TEMPLATE + 4 * j] != NO_PARTIAL and places[x, AT] >= 0 and x != only:
            active += 1
            only = x
    if active == 1 and np.int64(rows[only, SIZE]) == size:
        _share(places, k, only, 0)
    elif active > 0:
        _own(places, k, size, size, active * size, sizes)


@kernel(types.void(COLUMNS, INT, I4_2, I8), inner=True)
def _place_scatter(columns: Columns, k: Int, places: NDArray[np.int32], sizes: NDArray[np.int64]) -> None:
    """In place where nobody reads the base any more, or nothing is added."""
    rows = columns.rows
    size = np.int64(rows[k, SIZE])
    base = np.int64(rows[k, FIRST])
    update = np.int64(rows[k, SECOND])
    adds = places[update, AT] >= 0
    part = np.int64(rows[update, SIZE]) if adds else np.int64(0)
    has_base = base != NONE and places[base, AT] >= 0
    if has_base and rows[base, SIZE] == size and (not adds or places[places[base, OWNER], LAST] <= k):
        _share(places, k, base, 0)
        sizes[NODES] += part
        sizes[EDGES] += 2 * part
    elif has_base or adds:
        _own(places, k, size, min(part, size), 2 * part, sizes)
    if adds:
        sizes[PART] = max(sizes[PART], part)
        sizes[WHOLE] = max(sizes[WHOLE], size)


@kernel(types.void(COLUMNS, INT, I4_2, I8), inner=True)
def _place_structural(columns: Columns, k: Int, places: NDArray[np.int32], sizes: NDArray[np.int64]) -> None:
    rows = columns.rows
    code = np.int64(rows[k, OPERATION])
    if code == op.ACCUMULATE or code == op.SCATTER_ADD:
        _place_scatter(columns, k, places, sizes)
        return
    size = np.int64(rows[k, SIZE])
    x = np.int64(rows[k, FIRST])
    at = columns.starts[rows[k, PARAMETER]]
    pool = columns.pool
    if code == op.MATMUL or code == op.ZERO_SAFE_MATMUL:
        if places[x, AT] >= 0 or places[rows[k, SECOND], AT] >= 0:
            inner = pool[at + 1]
            nodes = pool[at] + pool[at + 2]
            _own(places, k, size, nodes + size, nodes * inner + 2 * size, sizes)
            sizes[PART] = max(sizes[PART], nodes)
    elif places[x, AT] < 0:
        return
    elif code == op.VIEW and (pool[at + 2] == 0 or (pool[at + 2] == 1 and pool[at + 4] == 1)):
        _share(places, k, x, pool[at + 1])
    elif code == op.VIEW or code == op.GATHER:
        _own(places, k, size, 0, 0, sizes)
        sizes[PART] = max(sizes[PART], size)
    else:
        _own(places, k, size, size, rows[x, SIZE], sizes)


@kernel(types.void(COLUMNS, I8, I4_2, I8))
def _place(columns: Columns, leaves: NDArray[np.int64], places: NDArray[np.int32], sizes: NDArray[np.int64]) -> None:
    """Give each variable that depends on a selected input its place."""
    rows = columns.rows
    for k in range(rows.shape[0]):
        code = np.int64(rows[k, OPERATION])
        if code < op.FIRST_STRUCTURAL:
            _place_elementwise(columns, k, places, sizes)
        elif code > op.ARRAY:
            if rows[k, SIZE] > 0:
                _place_structural(columns, k, places, sizes)
        elif code == op.INPUT and leaves[rows[k, PARAMETER]] >= 0:
            _own(places, k, rows[k, SIZE], 0, 0, sizes)


def find_places(source: FlatList, leaves: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Places of the variables of a list, and the sizes of all that is needed to walk it.

    Parameters
    ----------
    leaves : int64 array (inputs,)
        -1 for inputs that are not selected.

    Returns
    -------
    int32 array (rows, 3), int64 array (5,)
        Places are of use only where all elements together are fewer than 2^31; the sizes tell.
    """
    places, sizes = np.empty((len(source.rows), 3), np.int32), np.zeros(5, np.int64)
    _find_last_uses(source.rows, TABLES.facts, source.outputs, places)
    _place(columns_of(source), leaves, places, sizes)
    return places, sizes


def columns_of(source: FlatList) -> Columns:
    """What the kernels read of a list."""
    return Columns(source.rows, TABLES.facts, source.pool, source.starts)

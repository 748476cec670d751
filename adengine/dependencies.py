"""What each element depends on: a flat list as a graph of unions.

An element of a variable depends on no selected input, or on exactly what one earlier element depends on, or on a union
of several. Only the last makes a *node*; the others share a number. So copies, views, chains of unary statements and
everything that does not move with the selected inputs cost next to nothing, and what remains is the same small graph
for scalar lists and for lists of arrays.

A statement whose partial derivative is nothing (comparisons, SIGN, FLOOR, ...) passes nothing on. An element of a
matrix product is the union of one node for its row and one for its column: m k + k n + 2 m n edges, not 2 m k n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.errors import LimitExceeded
from adengine.graph import FIRST, INT, NONE, OPERATION, PARAMETER, SECOND, SIZE, FlatList
from adengine.jit import Int, kernel
from adengine.places import (
    AT,
    COLUMNS,
    EDGES,
    I4,
    I4_2,
    I8,
    NODES,
    OWNER,
    PART,
    PLACES,
    WHOLE,
    Columns,
    columns_of,
    find_places,
)
from adengine.stopping import stopped
from adengine.templates import ARITY, NO_PARTIAL, TEMPLATE
from adengine.views import MAX_RANK


class Building(NamedTuple):
    """A graph being built.

    Attributes
    ----------
    elements : int32 array
        What each placed element depends on: a node, or -1.
    starts, sources, used
        As in :class:`Unions`; `used` counts leaves, nodes and edges.
    where, head, link, value, touched : int32 arrays
        Scratch for views and scatters.
    """

    elements: NDArray[np.int32]
    starts: NDArray[np.int64]
    sources: NDArray[np.int32]
    used: NDArray[np.int64]
    where: NDArray[np.int32]
    head: NDArray[np.int32]
    link: NDArray[np.int32]
    value: NDArray[np.int32]
    touched: NDArray[np.int32]


class Unions(NamedTuple):
    """Sets as unions of earlier sets.

    Attributes
    ----------
    leaves : int
        Sets 0 to leaves - 1 hold their own number alone.
    starts : int64 array (nodes + 1,)
        Set ``leaves + i`` is the union of the sets ``sources[starts[i]:starts[i + 1]]``, all earlier ones.
    sources : int32 array (edges,)
    results : int32 array (results,)
        Sets that are asked for; -1 is the empty set.
    """

    leaves: int
    starts: NDArray[np.int64]
    sources: NDArray[np.int32]
    results: NDArray[np.int32]


BUILDING = types.NamedTuple((I4, I8, I4, I8, I4, I4, I4, I4, I4), Building)  # type: ignore[no-untyped-call]
_LEAVES, _NODE, _EDGE = 0, 1, 2
_MOST_BYTES = 1 << 33
"""Beyond, elements would no longer be counted by 32 bits."""
_LONG = 1024
"""Elements of a row before which it is looked whether the work is to stop."""


@kernel(types.void(BUILDING, INT), inline=True, inner=True)
def _join(building: Building, source: Int) -> None:
    """Add a source to the node that is open."""
    edge = building.used[_EDGE]
    if source >= 0 and (edge == building.starts[building.used[_NODE]] or building.sources[edge - 1] != source):
        building.sources[edge] = source
        building.used[_EDGE] = edge + 1


@kernel(INT(BUILDING), inline=True, inner=True)
def _close(building: Building) -> Int:
    """The number of what was joined: -1 for nothing, the source itself where it is one."""
    node = building.used[_NODE]
    first = building.starts[node]
    edge = building.used[_EDGE]
    if edge <= first + 1:
        building.used[_EDGE] = first
        return np.int64(building.sources[first]) if edge > first else np.int64(NONE)
    building.used[_NODE] = node + 1
    building.starts[node + 1] = edge
    return building.used[_LEAVES] + node


@kernel(types.void(COLUMNS, BUILDING, I4_2, INT), inner=True)
def _unite_elementwise(columns: Columns, building: Building, places: NDArray[np.int32], k: Int) -> None:
    rows = columns.rows
    code = np.int64(rows[k, OPERATION])
    arity = columns.facts[code, ARITY]
    if rows[k, SIZE] == 1:
        for j in range(arity):
            only = places[rows[k, FIRST + j], AT]
            if only >= 0 and columns.facts[code, TEMPLATE + 4 * j] != NO_PARTIAL:
                _join(building, building.elements[only])
        building.elements[places[k, AT]] = _close(building)
        return
    for i in range(rows[k, SIZE]):
        for j in range(arity):
            x = np.int64(rows[k, FIRST + j])
            at = places[x, AT]
            if at >= 0 and columns.facts[code, TEMPLATE + 4 * j] != NO_PARTIAL:
                _join(building, building.elements[at + (i if rows[x, SIZE] != 1 else 0)])
        building.elements[places[k, AT] + i] = _close(building)


@kernel(INT(I8, INT, I4), allocates=True, inner=True, apart=True)
def _view_positions(pool: NDArray[np.int64], at: Int, where: NDArray[np.int32]) -> Int:
    """Where in the whole each element of a view stands; returns how many there are."""
    rank = pool[at + 2]
    shape = at + 3
    strides = shape + rank
    index = np.zeros(MAX_RANK, np.int64)
    count = np.int64(1)
    for d in range(rank):
        count *= pool[shape + d]
    position = pool[at + 1]
    for i in range(count):
        where[i] = position
        d = rank - 1
        while d >= 0:
            position += pool[strides + d]
            index[d] += 1
            if index[d] < pool[shape + d]:
                break
            position -= pool[strides + d] * pool[shape + d]
            index[d] = 0
            d -= 1
    return count


@kernel(INT(COLUMNS, INT, I4), inner=True, apart=True)
def positions(columns: Columns, k: Int, where: NDArray[np.int32]) -> Int:
    """Where in the whole the elements of the part of row k stand."""
    pool = columns.pool
    at = columns.starts[columns.rows[k, PARAMETER]]
    code = columns.rows[k, OPERATION]
    if code == op.VIEW or code == op.ACCUMULATE:
        return _view_positions(pool, at, where)
    inner = pool[at + 2]
    here = np.int64(0)
    for o in range(pool[at]):
        for j in range(pool[at + 3]):
            there = (o * pool[at + 1] + pool[at + 4 + j]) * inner
            for i in range(inner):
                where[here] = there + i
                here += 1
    return here


@kernel(types.void(COLUMNS, BUILDING, I4_2, INT), inner=True, apart=True)
def _unite_scatter(columns: Columns, building: Building, places: NDArray[np.int32], k: Int) -> None:
    """Each element of the whole is joined with what the part adds to it."""
    rows = columns.rows
    elements = building.elements
    at = places[k, AT]
    base = np.int64(rows[k, FIRST])
    base_at = places[base, AT] if base != NONE else np.int64(NONE)
    if places[k, OWNER] == k:
        for i in range(rows[k, SIZE]):
            elements[at + i] = elements[base_at + (i if rows[base, SIZE] != 1 else 0)] if base_at >= 0 else NONE
    update_at = places[rows[k, SECOND], AT]
    if update_at < 0:
        return
    count = positions(columns, k, building.where)
    spread = rows[rows[k, SECOND], SIZE] == 1
    touched = np.int64(0)
    for i in range(count - 1, -1, -1):
        there = building.where[i]
        building.value[i] = elements[update_at + (0 if spread else i)]
        if building.head[there] == NONE:
            building.touched[touched] = there
            touched += 1
        building.link[i] = building.head[there]
        building.head[there] = i
    for t in range(touched):
        there = np.int64(building.touched[t])
        _join(building, elements[at + there])
        added: Int = np.int64(building.head[there])
        while added != NONE:
            _join(building, building.value[added])
            added = np.int64(building.link[added])
        building.head[there] = NONE
        elements[at + there] = _close(building)


@kernel(types.void(BUILDING, INT, INT, INT, INT, INT, INT), inner=True)
def _unite_lines(building: Building, first: Int, x_at: Int, lines: Int, length: Int, step: Int, along: Int) -> None:
    """One number for each line of a matrix, kept in ``value`` from ``first`` on."""
    for i in range(lines):
        if stopped() != 0:
            return
        if x_at >= 0:
            for p in range(length):
                _join(building, building.elements[x_at + i * step + p * along])
        building.value[first + i] = _close(building)


@kernel(types.void(COLUMNS, BUILDING, I4_2, INT), inner=True)
def _unite_product(columns: Columns, building: Building, places: NDArray[np.int32], k: Int) -> None:
    rows = columns.rows
    at = columns.starts[rows[k, PARAMETER]]
    m = columns.pool[at]
    inner = columns.pool[at + 1]
    n = columns.pool[at + 2]
    x_row, x_along = (inner, np.int64(1)) if columns.pool[at + 3] == 0 else (np.int64(1), m)
    y_column, y_along = (np.int64(1), n) if columns.pool[at + 4] == 0 else (inner, np.int64(1))
    _unite_lines(building, np.int64(0), places[rows[k, FIRST], AT], m, inner, x_row, x_along)
    _unite_lines(building, m, places[rows[k, SECOND], AT], n, inner, y_column, y_along)
    to: Int = places[k, AT]
    for i in range(m):
        if stopped() != 0:
            return
        for j in range(n):
            _join(building, building.value[i])
            _join(building, building.value[m + j])
            building.elements[to] = _close(building)
            to += 1


@kernel(types.void(COLUMNS, BUILDING, I4_2, INT), inner=True, apart=True)
def _unite_structural(columns: Columns, building: Building, places: NDArray[np.int32], k: Int) -> None:
    rows = columns.rows
    elements = building.elements
    code = np.int64(rows[k, OPERATION])
    at = places[k, AT]
    if code == op.ACCUMULATE or code == op.SCATTER_ADD:
        _unite_scatter(columns, building, places, k)
    elif code == op.MATMUL or code == op.ZERO_SAFE_MATMUL:
        _unite_product(columns, building, places, k)
    elif code == op.VIEW or code == op.GATHER:
        if places[k, OWNER] == k:
            x_at = places[rows[k, FIRST], AT]
            for i in range(positions(columns, k, building.where)):
                elements[at + i] = elements[x_at + building.where[i]]
    else:
        length = columns.pool[columns.starts[rows[k, PARAMETER]] + 1]
        x_at = places[rows[k, FIRST], AT]
        for row in range(rows[k, SIZE]):
            for i in range(length):
                _join(building, elements[x_at + row * length + i])
            elements[at + row] = _close(building)


@kernel(types.void(COLUMNS, BUILDING, I8, I4_2), stops=True)
def _unite(columns: Columns, building: Building, leaves: NDArray[np.int64], places: NDArray[np.int32]) -> None:
    """Walk the list once and make the graph."""
    rows = columns.rows
    for k in range(rows.shape[0]):
        at = places[k, AT]
        if at < 0:
            continue
        if (k & 255 == 255 or rows[k, SIZE] > _LONG) and stopped() != 0:
            return
        code = np.int64(rows[k, OPERATION])
        if code == op.INPUT:
            for i in range(rows[k, SIZE]):
                building.elements[at + i] = leaves[rows[k, PARAMETER]] + i
        elif code >= op.FIRST_STRUCTURAL:
            _unite_structural(columns, building, places, k)
        elif places[k, OWNER] == k:
            _unite_elementwise(columns, building, places, k)


def leaves_of(source: FlatList, with_respect_to: Sequence[int]) -> tuple[NDArray[np.int64], int]:
    """First leaf of each input, -1 for those not selected; and how many leaves there are."""
    chosen = np.array(with_respect_to, np.intp)
    sizes = source.input_sizes[chosen]
    first = np.full(max(len(source.inputs), 1), NONE, np.int64)
    first[chosen] = np.cumsum(sizes) - sizes
    return first, int(sizes.sum())


@kernel(types.void(I4_2, I4, I4, I8, I4_2, I4))
def _find_results(
    rows: NDArray[np.int32], elements: NDArray[np.int32], outputs: NDArray[np.int32], sizes: NDArray[np.int64],
    places: NDArray[np.int32], results: NDArray[np.int32],
) -> None:  # fmt: skip
    """What each output scalar depends on; a row of one element may stand for an output of any size."""
    to = np.int64(0)
    for o in range(outputs.shape[0]):
        row = np.int64(outputs[o])
        at = places[row, AT] if row >= 0 else np.int64(NONE)
        step = np.int64(1) if row >= 0 and rows[row, SIZE] == sizes[o] else np.int64(0)
        for i in range(sizes[o]):
            results[to + i] = elements[at + i * step] if at >= 0 else NONE
        to += sizes[o]


def dependencies(source: FlatList, with_respect_to: Sequence[int], most_bytes: int) -> Unions:
    """How the outputs of a list depend on the scalars of the selected inputs, in the order of the selection.

    Raises
    ------
    LimitExceeded
        Where the graph may take more than ``most_bytes``.
    """
    leaves, count = leaves_of(source, with_respect_to)
    places, sizes = find_places(source, leaves)
    needed = 4 * int(sizes[PLACES] + sizes[EDGES] + 4 * sizes[PART] + sizes[WHOLE]) + 8 * int(sizes[NODES])
    most_bytes = min(most_bytes, _MOST_BYTES)
    if needed > most_bytes:
        raise LimitExceeded("call_bytes", most_bytes, needed, "bytes to find which output depends on which input")
    part = int(sizes[PART])
    building = Building(
        np.empty(int(sizes[PLACES]), np.int32), np.zeros(int(sizes[NODES]) + 1, np.int64),
        np.empty(int(sizes[EDGES]) + 1, np.int32), np.array([count, 0, 0], np.int64), np.empty(part, np.int32),
        np.full(int(sizes[WHOLE]), NONE, np.int32), np.empty(part, np.int32), np.empty(part, np.int32),
        np.empty(part, np.int32),
    )  # fmt: skip
    _unite(columns_of(source), building, leaves, places)
    nodes, edges = int(building.used[_NODE]), int(building.used[_EDGE])
    results = np.empty(int(source.output_sizes.sum()), np.int32)
    _find_results(source.rows, building.elements, source.outputs, source.output_sizes, places, results)
    return Unions(count, building.starts[: nodes + 1], building.sources[:edges], results)

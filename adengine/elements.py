"""Elements of arrays as scalars of their own, so that each entry of a Jacobian can be one.

Only what moves with the selected inputs is taken apart; an element of anything else is a view of it, which is no
instruction. The arrays stay as they are, and so do the values of the outputs: the scalars are there to be
differentiated, and those that no derivative reads are dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.dependencies import leaves_of, positions
from adengine.derive import copy_row, input_rows, renamed, room
from adengine.graph import (
    FIRST,
    GRAPH,
    INT,
    NONE,
    OPERATION,
    OVERFLOW,
    PARAMETER,
    SECOND,
    SIZE,
    TABLES_TYPE,
    THIRD,
    WORDS_TYPE,
    FlatList,
    Graph,
    add_constant,
    append,
    finish,
    intern,
)
from adengine.jit import Int, kernel
from adengine.places import AT, COLUMNS, I4, I8, Columns, columns_of, find_places
from adengine.stopping import stopped
from adengine.templates import ARITY, TABLES, Tables

_TAKEN_APART = (op.INPUT, op.VIEW, op.GATHER, op.ACCUMULATE, op.SCATTER_ADD)
"""Structural operations whose results can be taken apart; reductions of other kinds and matrix products cannot."""


class Apart(NamedTuple):
    """A list being taken apart.

    Attributes
    ----------
    first : int64 array (rows,)
        Where the elements of a row stand, -1 for one that is not taken apart.
    moved : int32 array (rows,)
        Each row in the graph.
    elements : int32 array
        Each element in the graph; -1 for one that is zero so far.
    where : int32 array
        Scratch for views.
    """

    first: NDArray[np.int64]
    moved: NDArray[np.int32]
    elements: NDArray[np.int32]
    where: NDArray[np.int32]


class NoList(NamedTuple):
    """There is no list of all entries.

    Attributes
    ----------
    why : str
        The rest of a sentence that begins with "a list of all entries".
    """

    why: str


APART = types.NamedTuple((I8, I4, I4, I4), Apart)  # type: ignore[no-untyped-call]


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, WORDS_TYPE), inner=True)
def _view_element(graph: Graph, tables: Tables, x: Int, i: Int, words: NDArray[np.int64]) -> Int:
    """Element i of row x of the graph."""
    if graph.rows[x, SIZE] == 1:
        return x
    words[0] = graph.rows[x, SIZE]
    words[1] = i
    words[2] = 0
    return append(graph, tables, op.VIEW, x, NONE, NONE, intern(graph, words, 0, 3), 1)


@kernel(INT(GRAPH, TABLES_TYPE, COLUMNS, APART, INT, INT, WORDS_TYPE), inner=True)
def _element(
    graph: Graph, tables: Tables, columns: Columns, apart: Apart, x: Int, i: Int, words: NDArray[np.int64]
) -> Int:  # fmt: skip
    """Element i of row x of the list; the only one stands for all."""
    if x == NONE:
        return NONE
    if columns.rows[x, SIZE] == 1:
        i = np.int64(0)
    if apart.first[x] < 0:
        return _view_element(graph, tables, apart.moved[x], i, words)
    return np.int64(apart.elements[apart.first[x] + i])


@kernel(types.void(GRAPH, TABLES_TYPE, COLUMNS, APART, INT, WORDS_TYPE), inner=True, apart=True)
def _take_apart_scatter(
    graph: Graph, tables: Tables, columns: Columns, apart: Apart, k: Int, words: NDArray[np.int64]
) -> None:  # fmt: skip
    """ACCUMULATE and SCATTER_ADD: a sum for each element; zero and -0.0 to begin with add nothing."""
    rows = columns.rows
    elements = apart.elements
    first = apart.first[k]
    base = np.int64(rows[k, FIRST])
    nothing = add_constant(graph, -0.0)
    for i in range(rows[k, SIZE]):
        element = _element(graph, tables, columns, apart, base, i, words)
        elements[first + i] = NONE if element == nothing else element
    for i in range(positions(columns, k, apart.where)):
        to = first + apart.where[i]
        added = _element(graph, tables, columns, apart, rows[k, SECOND], i, words)
        if elements[to] != NONE:
            added = append(graph, tables, op.ADD, elements[to], added, NONE, NONE, 1)
        elements[to] = added
    for i in range(rows[k, SIZE]):
        if elements[first + i] == NONE:
            elements[first + i] = add_constant(graph, 0.0)


@kernel(types.void(GRAPH, TABLES_TYPE, COLUMNS, APART, INT, WORDS_TYPE), inner=True, apart=True)
def _take_apart_row(
    graph: Graph, tables: Tables, columns: Columns, apart: Apart, k: Int, words: NDArray[np.int64]
) -> None:  # fmt: skip
    rows = columns.rows
    code = np.int64(rows[k, OPERATION])
    first = apart.first[k]
    if code == op.ACCUMULATE or code == op.SCATTER_ADD:
        _take_apart_scatter(graph, tables, columns, apart, k, words)
    elif code == op.VIEW or code == op.GATHER:
        for i in range(positions(columns, k, apart.where)):
            whole = np.int64(apart.where[i])
            apart.elements[first + i] = _element(graph, tables, columns, apart, rows[k, FIRST], whole, words)
    else:
        arity = tables.facts[code, ARITY]
        for i in range(rows[k, SIZE]):
            if i & 1023 == 1023 and stopped() != 0:
                return
            if code == op.INPUT:
                apart.elements[first + i] = _view_element(graph, tables, apart.moved[k], i, words)
                continue
            a = _element(graph, tables, columns, apart, rows[k, FIRST], i, words)
            b = _element(graph, tables, columns, apart, rows[k, SECOND] if arity > 1 else NONE, i, words)
            c = _element(graph, tables, columns, apart, rows[k, THIRD] if arity > 2 else NONE, i, words)
            apart.elements[first + i] = append(graph, tables, code, a, b, c, rows[k, PARAMETER], 1)


@kernel(types.void(GRAPH, TABLES_TYPE, COLUMNS, APART), allocates=True, stops=True)
def _take_apart(graph: Graph, tables: Tables, columns: Columns, apart: Apart) -> None:
    """Copy a list and take apart the rows that have places for their elements."""
    words = np.empty(3, np.int64)
    for k in range(columns.rows.shape[0]):
        apart.moved[k] = copy_row(graph, tables, columns.rows, k, apart.moved)
        if graph.used[OVERFLOW] != 0 or (k & 255 == 255 and stopped() != 0):
            return
        if apart.first[k] >= 0:
            _take_apart_row(graph, tables, columns, apart, k, words)


def too_long(most_rows: int) -> NoList:
    """A list would have more rows than it may."""
    return NoList(f"would have more than {most_rows} statements")


def elements_of(source: FlatList, with_respect_to: Sequence[int], most_rows: int) -> FlatList | NoList:
    """The list with each scalar of its outputs as a row of its own, made of scalars as far as the inputs move it.

    Returns
    -------
    FlatList or NoList
        Outputs: those of the source, as they are, then one for each of their scalars, -1 for one that the selected
        inputs do not move. No list where there is what cannot be taken apart, or where it would be longer than
        ``most_rows``.
    """
    leaves, _ = leaves_of(source, with_respect_to)
    places, _ = find_places(source, leaves)
    active = places[:, AT] >= 0
    codes, sizes = source.rows[:, OPERATION], source.rows[:, SIZE].astype(np.int64)
    structural = active & (codes >= op.FIRST_STRUCTURAL)
    parts = _parts(source, active)
    total = int(sizes[active].sum())
    whole = codes[structural & ~np.isin(codes, _TAKEN_APART)]
    if len(whole):
        return NoList(f"does not exist, since {op.STRUCTURAL_NAMES[int(whole[0])]} is not taken apart into scalars")
    if total + int(parts.sum()) > most_rows:
        return too_long(most_rows)
    first = np.where(active, np.cumsum(np.where(active, sizes, 0)) - sizes, NONE)
    scratch = np.empty(int(max(parts.max(initial=0), sizes[active].max(initial=0))), np.int32)
    rows = len(source.rows) + 3 * (total + int(parts.sum())) + 64
    apart = Apart(first, np.full(len(codes), NONE, np.int32), np.empty(total, np.int32), scratch)
    graph = room(source, 0, rows, rows)
    _take_apart(graph, TABLES, columns_of(source), apart)
    if graph.used[OVERFLOW]:
        return too_long(most_rows)
    outputs = np.concatenate([renamed(apart.moved, source.outputs), _scalars_of_outputs(source, apart)])
    output_sizes = np.concatenate([source.output_sizes, np.ones(len(outputs) - len(source.outputs), np.int64)])
    inputs = input_rows(graph, len(source.inputs))
    return finish(graph, source.arrays, inputs, source.input_sizes, 0, outputs, output_sizes, len(source.outputs))


def _parts(source: FlatList, active: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Elements that each active scatter adds."""
    codes = source.rows[:, OPERATION]
    scatters = active & ((codes == op.ACCUMULATE) | (codes == op.SCATTER_ADD))
    added = np.where(scatters, source.rows[:, SECOND], 0)
    return np.where(scatters, source.rows[added, SIZE], 0).astype(np.int64)


def _scalars_of_outputs(source: FlatList, apart: Apart) -> NDArray[np.int32]:
    """Row of each output scalar in the graph; a row of one element may stand for an output of any size."""
    scalars = []
    for row, size in zip(source.outputs.tolist(), source.output_sizes.tolist(), strict=True):
        first = int(apart.first[row]) if row >= 0 else NONE
        if first < 0:
            scalars.append(np.full(size, NONE, np.int32))
        elif source.rows[row, SIZE] == size:
            scalars.append(apart.elements[first : first + size])
        else:
            scalars.append(np.full(size, apart.elements[first], np.int32))
    return np.concatenate([*scalars, np.empty(0, np.int32)])

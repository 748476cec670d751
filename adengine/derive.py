"""What both transformations share: room for the derivative list, copies of statements, names of rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import (
    FIRST,
    GRAPH,
    INT,
    NONE,
    OPERATION,
    OVERFLOW,
    PARAMETER,
    ROWS,
    SECOND,
    SIZE,
    TABLES_TYPE,
    THIRD,
    FlatList,
    Graph,
    add_constant,
    add_input,
    append,
    intern,
    new_graph,
)
from adengine.jit import Int, kernel
from adengine.templates import ARITY, FINITE, PARAMETRIC, TABLES, TEMPLATE, Tables

I4 = types.Array(types.int32, 1, "C")
I4_2 = types.Array(types.int32, 2, "C")
U1 = types.Array(types.uint8, 1, "C")

_STRUCTURAL_ROWS, _STRUCTURAL_PARAMETERS = 24, 6
"""Most rows and new parameters that the derivative of one structural statement adds."""


@kernel(INT(GRAPH, I4_2, INT), inner=True)
def _append_constant(graph: Graph, rows: NDArray[np.int32], k: Int) -> Int:
    """Append the constant of row k of a source list."""
    low = np.int64(rows[k, FIRST]) & 0xFFFFFFFF
    bits = np.int64((np.int64(rows[k, SECOND]) << 32) | low)
    return add_constant(graph, np.int64(bits).view(np.float64))


@kernel(INT(GRAPH, TABLES_TYPE, I4_2, INT, I4), inner=True, apart=True)
def copy_row(graph: Graph, tables: Tables, rows: NDArray[np.int32], k: Int, moved: NDArray[np.int32]) -> Int:
    """Append row k of a source list, its operands renamed by ``moved``."""
    code = np.int64(rows[k, OPERATION])
    a = np.int64(rows[k, FIRST])
    b = np.int64(rows[k, SECOND])
    c = np.int64(rows[k, THIRD])
    arity = tables.facts[code, ARITY]
    if arity > 0 and a >= 0:
        a = np.int64(moved[a])
    if arity > 1 and b >= 0:
        b = np.int64(moved[b])
    if arity > 2 and c >= 0:
        c = np.int64(moved[c])
    finite = tables.facts[code, FINITE]
    if code == op.CONST:
        return _append_constant(graph, rows, k)
    if code == op.INPUT:
        return add_input(graph, rows[k, PARAMETER], rows[k, SIZE], finite)
    return append(graph, tables, code, a, b, c, rows[k, PARAMETER], rows[k, SIZE])


def _template_rows() -> NDArray[np.int64]:
    """Most rows that the derivative of a statement adds, for each operation code."""
    bound = np.zeros(op.CODES, np.int64)
    for place in range(3):
        column = TEMPLATE + 4 * place
        rows = TABLES.facts[:, column + 2] - TABLES.facts[:, column + 1]
        bound += np.where(TABLES.facts[:, column] > 0, 3 * rows + 8, 0)
    bound[op.FIRST_STRUCTURAL :] = _STRUCTURAL_ROWS
    return bound


_ROW_BOUND = _template_rows()


_EXPECTED_GROWTH = 5
"""Derivative lists are seldom this many times longer than the list; where one is, it is made again with more room."""


def grown(source: FlatList, seeds: int, fill: Callable[[Graph], None]) -> Graph:
    """Fill a graph with the derivative of a list; with the room it surely needs where the expected is too little."""
    codes = source.rows[:, OPERATION]
    surely = len(codes) + int(_ROW_BOUND[codes].sum()) + 4 * (seeds + len(source.outputs)) + 64
    expected = _EXPECTED_GROWTH * len(codes) + 4 * (seeds + len(source.outputs)) + 64
    for rows in (min(expected, surely), surely):
        graph = room(source, seeds, rows)
        fill(graph)
        if not graph.used[OVERFLOW]:
            return graph
    raise MemoryError("a derivative list is longer than its bound says")  # pragma: no cover


def room(source: FlatList, seeds: int, rows: int, more_parameters: int = 0) -> Graph:
    """A graph with room for so many rows and all parameters of the derivative of a list, and some more."""
    codes = source.rows[:, OPERATION]
    structural = int((codes >= op.FIRST_STRUCTURAL).sum())
    parametric = int(TABLES.facts[codes, PARAMETRIC].sum())
    parameters = len(source.starts) + _STRUCTURAL_PARAMETERS * (structural + seeds + 1) + 2 * parametric
    parameters += more_parameters
    words = len(source.pool) + 8 * (parameters - len(source.starts)) + 64
    graph = new_graph(rows, words, parameters)
    for number in range(len(source.starts) - 1):
        first, end = int(source.starts[number]), int(source.starts[number + 1])
        intern(graph, source.pool, first, end - first)
    return graph


def renamed(moved: NDArray[np.int32], rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Rows of a source list as rows of the graph; a structural zero stays one."""
    if not len(moved):
        return rows.copy()
    return np.where(rows >= 0, moved[rows], NONE).astype(np.int32)


def input_rows(graph: Graph, count: int) -> NDArray[np.int32]:
    """Row of each input in a graph, -1 where it has none."""
    inputs = np.full(count, NONE, np.int32)
    rows = graph.rows[: graph.used[ROWS]]
    found = np.flatnonzero(rows[:, OPERATION] == op.INPUT)
    inputs[rows[found, PARAMETER]] = found
    return inputs

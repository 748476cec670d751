"""The forward transformation, list to list.

The *dual list* computes, beside each variable w, its tangent

    dw = sum over arguments of (partial of the primitive) * (tangent of the argument)

(Griewank and Walther, *Evaluating Derivatives*, ch. 3). It is again a list, so it can be evaluated by the same
evaluator and differentiated again. What the selected inputs do not reach has no tangent and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.derive import I4, I4_2, copy_row, grown, input_rows, renamed
from adengine.emit import SCRATCH_WORDS, add, contribution, product, row_weights, sum_rows, whole
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
    WORDS_TYPE,
    FlatList,
    Graph,
    add_input,
    append,
    finish,
)
from adengine.jit import Int, kernel
from adengine.stopping import stopped
from adengine.templates import ARITY, TABLES, Tables


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, INT, WORDS_TYPE), inner=True)
def _scatter_tangent(
    graph: Graph, tables: Tables, w: Int, base: Int, update: Int, update_size: Int, scratch: NDArray[np.int64]
) -> Int:
    """Tangent of ACCUMULATE or SCATTER_ADD."""
    if update == NONE:
        return base
    update = whole(graph, tables, update, update_size, scratch)
    code = np.int64(graph.rows[w, OPERATION])
    return append(graph, tables, code, base, update, NONE, graph.rows[w, PARAMETER], graph.rows[w, SIZE])


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, WORDS_TYPE), inner=True)
def _matmul_tangent(graph: Graph, tables: Tables, w: Int, dx: Int, dy: Int, scratch: NDArray[np.int64]) -> Int:
    """Tangent of a matrix product: dx y + x dy."""
    x = np.int64(graph.rows[w, FIRST])
    y = np.int64(graph.rows[w, SECOND])
    parameter = np.int64(graph.rows[w, PARAMETER])
    size = np.int64(graph.rows[w, SIZE])
    total = np.int64(NONE)
    if dx != NONE:
        dx = whole(graph, tables, dx, graph.rows[x, SIZE], scratch)
        total = append(graph, tables, op.ZERO_SAFE_MATMUL, dx, y, NONE, parameter, size)
    if dy != NONE:
        dy = whole(graph, tables, dy, graph.rows[y, SIZE], scratch)
        second = append(graph, tables, op.ZERO_SAFE_MATMUL, x, dy, NONE, parameter, size)
        total = add(graph, tables, total, second)
    return total


@kernel(INT(GRAPH, TABLES_TYPE, INT, I4, WORDS_TYPE), inner=True)
def _structural_tangent(
    graph: Graph, tables: Tables, w: Int, tangents: NDArray[np.int32], scratch: NDArray[np.int64]
) -> Int:
    """Tangent of a structural statement."""
    code = np.int64(graph.rows[w, OPERATION])
    a = np.int64(graph.rows[w, FIRST])
    b = np.int64(graph.rows[w, SECOND])
    da = np.int64(NONE)
    if a != NONE:
        da = np.int64(tangents[a])
    if code == op.VIEW or code == op.GATHER:
        if da == NONE or graph.rows[da, SIZE] == 1:
            return da
        return append(graph, tables, code, da, NONE, NONE, graph.rows[w, PARAMETER], graph.rows[w, SIZE])
    if code == op.ACCUMULATE or code == op.SCATTER_ADD:
        return _scatter_tangent(graph, tables, w, da, tangents[b], graph.rows[b, SIZE], scratch)
    if code == op.MATMUL or code == op.ZERO_SAFE_MATMUL:
        return _matmul_tangent(graph, tables, w, da, tangents[b], scratch)
    if da == NONE:
        return NONE
    weighted = product(graph, tables, row_weights(graph, tables, w, scratch), da)
    start = graph.starts[graph.rows[w, PARAMETER]]
    return sum_rows(graph, tables, weighted, graph.pool[start], graph.pool[start + 1], scratch)


@kernel(types.void(GRAPH, TABLES_TYPE, I4_2, I4, I4, I4), allocates=True, stops=True)
def _dual(
    graph: Graph, tables: Tables, rows: NDArray[np.int32], seeds: NDArray[np.int32], moved: NDArray[np.int32],
    tangent_of: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill a graph with a list and its tangents.

    ``seeds`` gives for each input of the list the input number of its tangent, or -1; ``moved`` and ``tangent_of``
    receive, for each row of the list, its row and its tangent's in the graph.
    """
    scratch = np.empty(SCRATCH_WORDS, np.int64)
    tangents = np.full(graph.rows.shape[0], NONE, np.int32)
    for k in range(rows.shape[0]):
        if k & 255 == 255 and stopped() != 0:
            return
        code = np.int64(rows[k, OPERATION])
        w = copy_row(graph, tables, rows, k, moved)
        if graph.used[OVERFLOW] != 0:
            return  # the row is not what it seems: start again with more room
        moved[k] = w
        if code == op.INPUT:
            seed = np.int64(seeds[rows[k, PARAMETER]])
            if seed >= 0:
                tangents[w] = add_input(graph, seed, rows[k, SIZE], 1)
        elif code >= op.FIRST_STRUCTURAL:
            if code > op.ARRAY:
                tangents[w] = _structural_tangent(graph, tables, w, tangents, scratch)
        elif tangents[w] == NONE:
            total = np.int64(NONE)
            for place in range(tables.facts[code, ARITY]):
                t = np.int64(tangents[graph.rows[w, FIRST + place]])
                total = add(graph, tables, total, contribution(graph, tables, w, place, t, scratch))
            tangents[w] = total
        tangent_of[k] = tangents[w]


def dual(source: FlatList, with_respect_to: Sequence[int]) -> FlatList:
    """The dual list: f, and the tangents of its outputs for tangents of the selected inputs.

    Parameters
    ----------
    source : FlatList
        A list with inputs x_1 ... x_p and outputs f_1 ... f_q.
    with_respect_to : sequence of int
        Numbers of the inputs to differentiate by, each once.

    Returns
    -------
    FlatList
        Inputs: those of the source, then one tangent per selected input in that order. Outputs: those of the source,
        then the tangent of each. One evaluation is one forward sweep.
    """
    p = len(source.inputs)
    seeds = np.full(max(p, 1), NONE, np.int32)
    seeds[list(with_respect_to)] = np.arange(p, p + len(with_respect_to))
    moved = np.full(len(source.rows), NONE, np.int32)
    tangents = np.full(len(source.rows), NONE, np.int32)
    graph = grown(source, len(with_respect_to), lambda graph: _dual(graph, TABLES, source.rows, seeds, moved, tangents))
    sizes = np.concatenate([source.input_sizes, source.input_sizes[list(with_respect_to)]]).astype(np.int64)
    inputs = input_rows(graph, len(sizes))
    outputs = np.concatenate([renamed(moved, source.outputs), renamed(tangents, source.outputs)])
    output_sizes = np.concatenate([source.output_sizes, source.output_sizes])
    return finish(graph, source.arrays, inputs, sizes, len(with_respect_to), outputs, output_sizes, len(source.outputs))

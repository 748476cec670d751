"""The reverse transformation, list to list.

The *adjoint list* computes f, then walks the statements backwards and adds to the adjoint of each argument

    adjoint(argument) += (partial of the primitive) * adjoint(w)

(Griewank and Walther, *Evaluating Derivatives*, ch. 3 and 6). It is again a list, so it can be evaluated by the same
evaluator and differentiated again. Only what lies between the selected inputs and the outputs has an adjoint.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.derive import I4, I4_2, U1, copy_row, grown, input_rows, renamed
from adengine.emit import SCRATCH_WORDS, add, contribution, matmul, product, repeat_view, row_weights, sum_rows, whole
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
    add_constant,
    add_input,
    append,
    finish,
)
from adengine.jit import Int, kernel
from adengine.stopping import stopped
from adengine.templates import ARITY, TABLES, Tables


@kernel(types.void(GRAPH, TABLES_TYPE, I4, U1, INT, INT), inner=True)
def _accumulate(
    graph: Graph, tables: Tables, adjoints: NDArray[np.int32], active: NDArray[np.uint8], x: Int, term: Int
) -> None:  # fmt: skip
    """adjoint(x) += term."""
    if term != NONE and x != NONE and active[x] != 0:
        adjoints[x] = add(graph, tables, adjoints[x], term)


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE), inner=True)
def _view_adjoint(
    graph: Graph, tables: Tables, w: Int, t: Int, adjoints: NDArray[np.int32], active: NDArray[np.uint8],
    scratch: NDArray[np.int64],
) -> None:  # fmt: skip
    """Adjoint of VIEW and GATHER: the adjoint is scattered into that of the argument, in place where possible."""
    x = np.int64(graph.rows[w, FIRST])
    if active[x] == 0:
        return
    code = op.ACCUMULATE if graph.rows[w, OPERATION] == op.VIEW else op.SCATTER_ADD
    update = whole(graph, tables, t, graph.rows[w, SIZE], scratch)
    parameter = np.int64(graph.rows[w, PARAMETER])
    adjoints[x] = append(graph, tables, code, adjoints[x], update, NONE, parameter, graph.rows[x, SIZE])


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE), inner=True)
def _scatter_adjoint(
    graph: Graph, tables: Tables, w: Int, t: Int, adjoints: NDArray[np.int32], active: NDArray[np.uint8],
    scratch: NDArray[np.int64],
) -> None:  # fmt: skip
    """Adjoint of ACCUMULATE and SCATTER_ADD: all of it for the base, a view of it for what was added."""
    base = np.int64(graph.rows[w, FIRST])
    update = np.int64(graph.rows[w, SECOND])
    if base != NONE and active[base] != 0:
        term = t
        if graph.rows[base, SIZE] == 1 and graph.rows[w, SIZE] != 1:
            term = sum_rows(graph, tables, t, 1, graph.rows[w, SIZE], scratch)
        _accumulate(graph, tables, adjoints, active, base, term)
    if active[update] != 0:
        term = t
        if graph.rows[t, SIZE] == graph.rows[w, SIZE]:
            code = op.VIEW if graph.rows[w, OPERATION] == op.ACCUMULATE else op.GATHER
            size = np.int64(graph.rows[update, SIZE])
            term = append(graph, tables, code, t, NONE, NONE, graph.rows[w, PARAMETER], size)
        _accumulate(graph, tables, adjoints, active, update, term)


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE), inner=True)
def _matmul_adjoint(
    graph: Graph, tables: Tables, w: Int, t: Int, adjoints: NDArray[np.int32], active: NDArray[np.uint8],
    scratch: NDArray[np.int64],
) -> None:  # fmt: skip
    """Adjoint of C = op(x) op(y): products of dC with the other factor, transposed by flags."""
    x = np.int64(graph.rows[w, FIRST])
    y = np.int64(graph.rows[w, SECOND])
    at = graph.starts[graph.rows[w, PARAMETER]]
    m = graph.pool[at]
    k = graph.pool[at + 1]
    n = graph.pool[at + 2]
    xt = graph.pool[at + 3]
    yt = graph.pool[at + 4]
    code = op.ZERO_SAFE_MATMUL
    t = whole(graph, tables, t, graph.rows[w, SIZE], scratch)
    if active[x] != 0:
        if xt == 0:
            term = matmul(graph, tables, t, y, m, n, k, 0, 1 - yt, code, scratch)
        else:
            term = matmul(graph, tables, y, t, k, n, m, yt, 1, code, scratch)
        _accumulate(graph, tables, adjoints, active, x, term)
    if active[y] != 0:
        if yt == 0:
            term = matmul(graph, tables, x, t, k, m, n, 1 - xt, 0, code, scratch)
        else:
            term = matmul(graph, tables, t, x, n, m, k, 1, xt, code, scratch)
        _accumulate(graph, tables, adjoints, active, y, term)


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE), inner=True)
def _structural_adjoint(
    graph: Graph, tables: Tables, w: Int, t: Int, adjoints: NDArray[np.int32], active: NDArray[np.uint8],
    scratch: NDArray[np.int64],
) -> None:  # fmt: skip
    """Adjoint of a structural statement."""
    code = np.int64(graph.rows[w, OPERATION])
    if code == op.VIEW or code == op.GATHER:
        _view_adjoint(graph, tables, w, t, adjoints, active, scratch)
    elif code == op.ACCUMULATE or code == op.SCATTER_ADD:
        _scatter_adjoint(graph, tables, w, t, adjoints, active, scratch)
    elif code == op.MATMUL or code == op.ZERO_SAFE_MATMUL:
        _matmul_adjoint(graph, tables, w, t, adjoints, active, scratch)
    else:
        at = graph.starts[graph.rows[w, PARAMETER]]
        rows = graph.pool[at]
        length = graph.pool[at + 1]
        if rows * length == 0:
            return
        spread = t
        if graph.rows[t, SIZE] == rows and rows != 1:
            spread = repeat_view(graph, tables, t, rows, length, scratch)
        weights = row_weights(graph, tables, w, scratch)
        term = product(graph, tables, weights, spread)
        _accumulate(graph, tables, adjoints, active, graph.rows[w, FIRST], term)


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE), inner=True)
def _elementwise_adjoint(
    graph: Graph, tables: Tables, w: Int, t: Int, adjoints: NDArray[np.int32], active: NDArray[np.uint8],
    scratch: NDArray[np.int64],
) -> None:  # fmt: skip
    """Adjoint of an elementwise statement; a scalar argument of an array statement gets the sum."""
    size = np.int64(graph.rows[w, SIZE])
    for place in range(tables.facts[graph.rows[w, OPERATION], ARITY]):
        x = np.int64(graph.rows[w, FIRST + place])
        if active[x] == 0:
            continue
        term = contribution(graph, tables, w, place, t, scratch)
        if term != NONE and graph.rows[x, SIZE] == 1 and size != 1:
            term = sum_rows(graph, tables, term, 1, size, scratch)
        _accumulate(graph, tables, adjoints, active, x, term)


@kernel(types.void(GRAPH, TABLES_TYPE, U1, I4), allocates=True, stops=True)
def _reverse_sweep(graph: Graph, tables: Tables, active: NDArray[np.uint8], adjoints: NDArray[np.int32]) -> None:
    """Walk the statements of the graph backwards; ``adjoints`` holds the seeds, then receives all adjoints."""
    scratch = np.empty(SCRATCH_WORDS, np.int64)
    for w in range(active.shape[0] - 1, -1, -1):
        if graph.used[OVERFLOW] != 0 or (w & 255 == 255 and stopped() != 0):
            return
        t = np.int64(adjoints[w])
        code = np.int64(graph.rows[w, OPERATION])
        if t == NONE or active[w] == 0 or code == op.INPUT:
            continue
        if code >= op.FIRST_STRUCTURAL:
            _structural_adjoint(graph, tables, w, t, adjoints, active, scratch)
        else:
            _elementwise_adjoint(graph, tables, w, t, adjoints, active, scratch)


@kernel(types.void(GRAPH, TABLES_TYPE, I4_2, U1, I4, U1), stops=True)
def _copy_list(
    graph: Graph, tables: Tables, rows: NDArray[np.int32], selected: NDArray[np.uint8], moved: NDArray[np.int32],
    active: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Copy a list into an empty graph and mark what depends on the selected inputs."""
    for k in range(rows.shape[0]):
        if k & 255 == 255 and stopped() != 0:
            return
        code = np.int64(rows[k, OPERATION])
        w = copy_row(graph, tables, rows, k, moved)
        moved[k] = w
        depends = np.int64(0)
        if code == op.INPUT:
            depends = np.int64(selected[rows[k, PARAMETER]])
        for place in range(tables.facts[code, ARITY]):
            operand = graph.rows[w, FIRST + place]
            if operand >= 0:
                depends |= np.int64(active[operand])
        active[w] = depends


def adjoint(source: FlatList, with_respect_to: Sequence[int], *, of_one: bool = False) -> FlatList:
    """The adjoint list: f, and the adjoints of the selected inputs for cotangents of its outputs.

    Parameters
    ----------
    source, with_respect_to
        As for :func:`dual`.
    of_one : bool
        The outputs have one element in all, and its cotangent is the constant 1 instead of an input.

    Returns
    -------
    FlatList
        Inputs: those of the source, then one cotangent per output. Outputs: those of the source, then the adjoint of
        each selected input in that order. One evaluation is one reverse sweep.
    """
    p, q = len(source.inputs), len(source.outputs)
    selected = np.zeros(max(p, 1), np.uint8)
    selected[list(with_respect_to)] = 1
    moved = np.full(len(source.rows), NONE, np.int32)
    adjoints = np.full(len(source.rows), NONE, np.int32)

    def fill(graph: Graph) -> None:
        active = np.zeros(len(source.rows), np.uint8)
        _copy_list(graph, TABLES, source.rows, selected, moved, active)
        adjoints[:] = NONE
        scratch = np.empty(SCRATCH_WORDS, np.int64)
        for number, row in enumerate(renamed(moved, source.outputs)):
            size = int(source.output_sizes[number])
            if row < 0 or not active[row] or (of_one and not size):
                continue
            seed = add_constant(graph, 1.0) if of_one else add_input(graph, p + number, size, 1)
            _seed(graph, adjoints, int(row), int(seed), scratch)
        _reverse_sweep(graph, TABLES, active, adjoints)

    graph = grown(source, q, fill)
    results = renamed(moved, source.outputs)
    seeds = np.zeros(0, np.int64) if of_one else source.output_sizes
    sizes = np.concatenate([source.input_sizes, seeds]).astype(np.int64)
    inputs = input_rows(graph, len(sizes))
    selection = inputs[list(with_respect_to)] if with_respect_to else np.empty(0, np.int32)
    outputs = np.concatenate([results, renamed(adjoints, selection)])
    chosen = source.input_sizes[list(with_respect_to)] if with_respect_to else np.empty(0, np.int64)
    output_sizes = np.concatenate([source.output_sizes, chosen])
    return finish(graph, source.arrays, inputs, sizes, len(seeds), outputs, output_sizes, q)


def _seed(graph: Graph, adjoints: NDArray[np.int32], row: int, seed: int, scratch: NDArray[np.int64]) -> None:
    """Add a cotangent to the adjoint of an output; an output that a scalar stands for gets the sum."""
    size = int(graph.rows[seed, SIZE])
    if graph.rows[row, SIZE] != size:
        seed = sum_rows(graph, TABLES, seed, 1, size, scratch)
    adjoints[row] = add(graph, TABLES, int(adjoints[row]), seed)

"""The two transformations, list to list.

Forward: the *dual list* computes, beside each variable w, its tangent

    dw = sum over arguments of (partial of the primitive) * (tangent of the argument).

Reverse: the *adjoint list* computes f, then walks the statements backwards and adds to the adjoint of each argument

    adjoint(argument) += (partial of the primitive) * adjoint(w).

Both are again lists (Griewank and Walther, *Evaluating Derivatives*, ch. 3), so they can be evaluated by the same
evaluator and differentiated again. What the selected inputs do not reach has no tangent and costs nothing; what no
output needs is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.emit import SCRATCH_WORDS, add, contribution, matmul, product, repeat_view, row_weights, sum_rows, whole
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
    WORDS_TYPE,
    FlatList,
    Graph,
    add_constant,
    add_input,
    append,
    finish,
    intern,
    new_graph,
)  # fmt: skip
from adengine.jit import Int, kernel
from adengine.templates import ARITY, PARAMETRIC, TABLES, TEMPLATE, Tables

I4 = types.Array(types.int32, 1, "C")
I4_2 = types.Array(types.int32, 2, "C")
I8 = types.Array(types.int64, 1, "C")
U1 = types.Array(types.uint8, 1, "C")

_STRUCTURAL_ROWS, _STRUCTURAL_PARAMETERS = 24, 6
"""Most rows and new parameters that the derivative of one structural statement adds."""


@kernel(INT(GRAPH, I4_2, INT))
def append_constant(graph: Graph, rows: NDArray[np.int32], k: Int) -> Int:
    """Append the constant of row k of a source list."""
    low = np.int64(rows[k, FIRST]) & 0xFFFFFFFF
    bits = np.int64((np.int64(rows[k, SECOND]) << 32) | low)
    return add_constant(graph, np.int64(bits).view(np.float64))


@kernel(INT(GRAPH, TABLES_TYPE, I4_2, INT, I4))
def _copy_row(graph: Graph, tables: Tables, rows: NDArray[np.int32], k: Int, moved: NDArray[np.int32]) -> Int:
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
    finite = tables.facts[code, 1]
    if code == op.CONST:
        return append_constant(graph, rows, k)
    if code == op.INPUT:
        return add_input(graph, rows[k, PARAMETER], rows[k, SIZE], finite)
    return append(graph, tables, code, a, b, c, rows[k, PARAMETER], rows[k, SIZE])


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, INT, WORDS_TYPE))
def _scatter_tangent(
    graph: Graph, tables: Tables, w: Int, base: Int, update: Int, update_size: Int, scratch: NDArray[np.int64]
) -> Int:
    """Tangent of ACCUMULATE or SCATTER_ADD."""
    if update == NONE:
        return base
    update = whole(graph, tables, update, update_size, scratch)
    code = np.int64(graph.rows[w, OPERATION])
    return append(graph, tables, code, base, update, NONE, graph.rows[w, PARAMETER], graph.rows[w, SIZE])


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, WORDS_TYPE))
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


@kernel(INT(GRAPH, TABLES_TYPE, INT, I4, WORDS_TYPE))
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


@kernel(types.void(GRAPH, TABLES_TYPE, I4_2, I4, I4, I4))
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
        code = np.int64(rows[k, OPERATION])
        w = _copy_row(graph, tables, rows, k, moved)
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


@kernel(types.void(GRAPH, TABLES_TYPE, I4, U1, INT, INT))
def _accumulate(
    graph: Graph, tables: Tables, adjoints: NDArray[np.int32], active: NDArray[np.uint8], x: Int, term: Int
) -> None:  # fmt: skip
    """adjoint(x) += term."""
    if term != NONE and x != NONE and active[x] != 0:
        adjoints[x] = add(graph, tables, adjoints[x], term)


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE))
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


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE))
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


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE))
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


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE))
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


@kernel(types.void(GRAPH, TABLES_TYPE, INT, INT, I4, U1, WORDS_TYPE))
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


@kernel(types.void(GRAPH, TABLES_TYPE, U1, I4))
def _reverse_sweep(graph: Graph, tables: Tables, active: NDArray[np.uint8], adjoints: NDArray[np.int32]) -> None:
    """Walk the statements of the graph backwards; ``adjoints`` holds the seeds, then receives all adjoints."""
    scratch = np.empty(SCRATCH_WORDS, np.int64)
    for w in range(active.shape[0] - 1, -1, -1):
        t = np.int64(adjoints[w])
        code = np.int64(graph.rows[w, OPERATION])
        if t == NONE or active[w] == 0 or code == op.INPUT:
            continue
        if code >= op.FIRST_STRUCTURAL:
            _structural_adjoint(graph, tables, w, t, adjoints, active, scratch)
        else:
            _elementwise_adjoint(graph, tables, w, t, adjoints, active, scratch)


@kernel(types.void(GRAPH, TABLES_TYPE, I4_2, U1, I4, U1))
def _copy_list(
    graph: Graph, tables: Tables, rows: NDArray[np.int32], selected: NDArray[np.uint8], moved: NDArray[np.int32],
    active: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Copy a list into an empty graph and mark what depends on the selected inputs."""
    for k in range(rows.shape[0]):
        code = np.int64(rows[k, OPERATION])
        w = _copy_row(graph, tables, rows, k, moved)
        moved[k] = w
        depends = np.int64(0)
        if code == op.INPUT:
            depends = np.int64(selected[rows[k, PARAMETER]])
        for place in range(tables.facts[code, ARITY]):
            operand = graph.rows[w, FIRST + place]
            if operand >= 0:
                depends |= np.int64(active[operand])
        active[w] = depends


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


def _grown(source: FlatList, seeds: int, fill: Callable[[Graph], None]) -> Graph:
    """Fill a graph with the derivative of a list; with the room it surely needs where the expected is too little."""
    codes = source.rows[:, OPERATION]
    surely = len(codes) + int(_ROW_BOUND[codes].sum()) + 4 * (seeds + len(source.outputs)) + 64
    expected = _EXPECTED_GROWTH * len(codes) + 4 * (seeds + len(source.outputs)) + 64
    graph = _room(source, seeds, min(expected, surely))
    fill(graph)
    if graph.used[OVERFLOW]:
        graph = _room(source, seeds, surely)
        fill(graph)
    return graph


def _room(source: FlatList, seeds: int, rows: int) -> Graph:
    """A graph with room for so many rows and all parameters of the derivative of a list."""
    codes = source.rows[:, OPERATION]
    structural = int((codes >= op.FIRST_STRUCTURAL).sum())
    parametric = int(TABLES.facts[codes, PARAMETRIC].sum())
    parameters = len(source.starts) + _STRUCTURAL_PARAMETERS * (structural + seeds + 1) + 2 * parametric
    words = len(source.pool) + 8 * (parameters - len(source.starts)) + 64
    graph = new_graph(rows, words, parameters)
    for number in range(len(source.starts) - 1):
        first, end = int(source.starts[number]), int(source.starts[number + 1])
        intern(graph, source.pool, first, end - first)
    return graph


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
    graph = _grown(
        source, len(with_respect_to), lambda graph: _dual(graph, TABLES, source.rows, seeds, moved, tangents)
    )
    sizes = np.concatenate([source.input_sizes, source.input_sizes[list(with_respect_to)]]).astype(np.int64)
    inputs = _input_rows(graph, len(sizes))
    outputs = np.concatenate([_renamed(moved, source.outputs), _renamed(tangents, source.outputs)])
    output_sizes = np.concatenate([source.output_sizes, source.output_sizes])
    return finish(graph, source.arrays, inputs, sizes, len(with_respect_to), outputs, output_sizes, len(source.outputs))


def adjoint(source: FlatList, with_respect_to: Sequence[int]) -> FlatList:
    """The adjoint list: f, and the adjoints of the selected inputs for cotangents of its outputs.

    Parameters
    ----------
    source, with_respect_to
        As for :func:`dual`.

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
        for number, row in enumerate(_renamed(moved, source.outputs)):
            if row >= 0 and active[row]:
                seed = add_input(graph, p + number, int(source.output_sizes[number]), 1)
                _seed(graph, adjoints, int(row), seed)
        _reverse_sweep(graph, TABLES, active, adjoints)

    graph = _grown(source, q, fill)
    results = _renamed(moved, source.outputs)
    sizes = np.concatenate([source.input_sizes, source.output_sizes]).astype(np.int64)
    inputs = _input_rows(graph, p + q)
    selection = inputs[list(with_respect_to)] if with_respect_to else np.empty(0, np.int32)
    outputs = np.concatenate([results, _renamed(adjoints, selection)])
    chosen = source.input_sizes[list(with_respect_to)] if with_respect_to else np.empty(0, np.int64)
    output_sizes = np.concatenate([source.output_sizes, chosen])
    return finish(graph, source.arrays, inputs, sizes, q, outputs, output_sizes, q)


def _seed(graph: Graph, adjoints: NDArray[np.int32], row: int, seed: int) -> None:
    """Add a cotangent to the adjoint of an output; an output that a scalar stands for gets the sum."""
    scratch = np.empty(SCRATCH_WORDS, np.int64)
    size = int(graph.rows[seed, SIZE])
    if graph.rows[row, SIZE] != size:
        seed = sum_rows(graph, TABLES, seed, 1, size, scratch)
    adjoints[row] = add(graph, TABLES, int(adjoints[row]), seed)


def _renamed(moved: NDArray[np.int32], rows: NDArray[np.int32]) -> NDArray[np.int32]:
    if not len(moved):
        return rows.copy()
    return np.where(rows >= 0, moved[rows], NONE).astype(np.int32)


def _input_rows(graph: Graph, count: int) -> NDArray[np.int32]:
    """Row of each input in a graph, -1 where it has none."""
    inputs = np.full(count, NONE, np.int32)
    rows = graph.rows[: graph.used[ROWS]]
    found = np.flatnonzero(rows[:, OPERATION] == op.INPUT)
    inputs[rows[found, PARAMETER]] = found
    return inputs

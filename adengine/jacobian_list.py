"""All entries of a sparse Jacobian as one list of scalar statements.

Where formulas are short, a list that computes each entry is faster than any sweep: what entries share is computed once,
and constants are folded. For deep narrow functions it can be far longer, so its growth is bounded while it is built.

Forward: each variable that several statements read carries its derivatives by the columns it depends on. Between such
variables stand trees, through which adjoints are brought from the root to the leaves first: a chain of statements costs
one product each, not one for each column. Reverse: the adjoints of one output after another. Both apply the partial
derivatives of the dual and the adjoint list (Griewank and Walther, ch. 9 and 10).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.dependencies import leaves_of
from adengine.derive import I4, I4_2, copy_row, input_rows, renamed, room
from adengine.elements import NoList, elements_of, too_long
from adengine.emit import SCRATCH_WORDS, add, contribution, product
from adengine.graph import (
    FIRST,
    GRAPH,
    INT,
    NONE,
    OPERATION,
    OVERFLOW,
    PARAMETER,
    SIZE,
    TABLES_TYPE,
    WORDS_TYPE,
    FlatList,
    Graph,
    add_constant,
    finish,
)
from adengine.jacobian_entries import ENTRIES, Entries, new_entries
from adengine.jit import Bool, Int, kernel
from adengine.stopping import stopped
from adengine.templates import ARITY, NO_PARTIAL, TABLES, TEMPLATE, Tables
from adengine.unions import Pattern

I8 = types.Array(types.int64, 1, "C")
_EXPECTED_GROWTH = 4
_STEPS_A_ROW, _ROWS_A_STEP = 4, 16
"""Products that may be formed for each row that the list may have, for those of constants make none; and rows that a
sweep passes in the time of a product."""
_MUCH_FEWER = 8
"""Reverse where the outputs are so many times fewer than the inputs."""


@kernel(types.void(I4_2, I8, I8, I8, I4))
def _find_leaves(
    rows: NDArray[np.int32], pool: NDArray[np.int64], starts: NDArray[np.int64], leaves: NDArray[np.int64],
    leaf: NDArray[np.int32],
) -> None:  # fmt: skip
    """Column of each row that is one scalar of a selected input."""
    for k in range(rows.shape[0]):
        if rows[k, SIZE] != 1:
            continue
        if rows[k, OPERATION] == op.INPUT:
            leaf[k] = leaves[rows[k, PARAMETER]]
        elif rows[k, OPERATION] == op.VIEW:
            x = rows[k, FIRST]
            if rows[x, OPERATION] == op.INPUT and leaves[rows[x, PARAMETER]] >= 0:
                leaf[k] = leaves[rows[x, PARAMETER]] + pool[starts[rows[k, PARAMETER]] + 1]


def _is_of_scalars(source: FlatList) -> bool:
    """Whether a list has no arrays but inputs and constants of which single elements are read."""
    rows = source.rows
    codes = rows[:, OPERATION]
    leaf = (codes == op.INPUT) | (codes == op.ARRAY)
    views = codes == op.VIEW
    plain = leaf | (codes == op.CONST) | views | (codes < op.FIRST_STRUCTURAL)
    of_leaves = leaf[rows[views, FIRST]].all()
    return bool(plain.all() and of_leaves and (rows[~leaf, SIZE] == 1).all() and (source.output_sizes == 1).all())


@kernel(types.void(I4_2, TABLES_TYPE, I4, I4, I4))
def _count_uses(
    rows: NDArray[np.int32], tables: Tables, outputs: NDArray[np.int32], leaf: NDArray[np.int32],
    uses: NDArray[np.int32],
) -> None:  # fmt: skip
    """How many statements need the derivatives of each row, 0 where it has none."""
    for k in range(rows.shape[0]):
        code = rows[k, OPERATION]
        active = leaf[k] >= 0
        if code < op.FIRST_STRUCTURAL:
            for place in range(tables.facts[code, ARITY]):
                x = rows[k, FIRST + place]
                active |= tables.facts[code, TEMPLATE + 4 * place] != NO_PARTIAL and x >= 0 and uses[x] != NONE
        uses[k] = 0 if active else NONE
    for k in outputs:
        if k >= 0 and uses[k] != NONE:
            uses[k] += 2
    for k in range(rows.shape[0] - 1, -1, -1):
        code = rows[k, OPERATION]
        if code < op.FIRST_STRUCTURAL and uses[k] > 0:
            for place in range(tables.facts[code, ARITY]):
                x = rows[k, FIRST + place]
                if tables.facts[code, TEMPLATE + 4 * place] != NO_PARTIAL and uses[x] != NONE:
                    uses[x] += 1


@kernel(INT(GRAPH, TABLES_TYPE, I4_2, ENTRIES, INT, INT, WORDS_TYPE), inner=True)
def _walk_tree(
    graph: Graph, tables: Tables, rows: NDArray[np.int32], entries: Entries, k: Int, one: Int,
    scratch: NDArray[np.int64],
) -> Int:  # fmt: skip
    """Bring the adjoint 1 from row k to the rows at which its tree ends; returns how many those are."""
    touched = np.int64(0)
    depth = np.int64(1)
    entries.stack[0] = k
    entries.row_total[k] = one
    while depth > 0:
        depth -= 1
        w = np.int64(entries.stack[depth])
        t = np.int64(entries.row_total[w])
        code = np.int64(rows[w, OPERATION])
        for place in range(tables.facts[code, ARITY]):
            x = np.int64(rows[w, FIRST + place])
            if entries.uses[x] <= 0:
                continue
            term = contribution(graph, tables, entries.moved[w], place, t, scratch)
            if term == NONE:
                continue
            if entries.uses[x] == 1 and entries.leaf[x] == NONE:
                entries.row_total[x] = term
                entries.stack[depth] = x
                depth += 1
            elif entries.row_stamp[x] == k:
                entries.row_total[x] = add(graph, tables, entries.row_total[x], term)
            else:
                entries.row_stamp[x] = k
                entries.row_total[x] = term
                entries.touched[touched] = x
                touched += 1
    return touched


@kernel(types.boolean(ENTRIES, INT, INT, INT), inner=True)
def _put(entries: Entries, at: Int, column: Int, value: Int) -> Bool:
    """Store one derivative; False where there is no room."""
    if at >= entries.column.shape[0]:
        return False
    entries.column[at] = column
    entries.value[at] = value
    return True


@kernel(INT(GRAPH, TABLES_TYPE, ENTRIES, I8, INT, INT, INT), inner=True)
def _put_together(
    graph: Graph, tables: Tables, entries: Entries, steps: NDArray[np.int64], k: Int, touched: Int, used: Int
) -> Int:  # fmt: skip
    """Derivatives of row k from those of the rows at which its tree ends; the end, or -1 where there is no room."""
    end = used
    for i in range(touched):
        x = np.int64(entries.touched[i])
        t = np.int64(entries.row_total[x])
        for e in range(entries.first[x], entries.first[x] + entries.length[x]):
            term = product(graph, tables, t, entries.value[e])
            column = np.int64(entries.column[e])
            if term == NONE:
                continue
            if entries.column_stamp[column] == k:
                entries.column_total[column] = add(graph, tables, entries.column_total[column], term)
            else:
                entries.column_stamp[column] = k
                entries.column_total[column] = term
                if not _put(entries, end, column, NONE):
                    return NONE
                end += 1
        steps[0] -= entries.length[x]
        if graph.used[OVERFLOW] != 0 or steps[0] < 0 or (i & 63 == 63 and stopped() != 0):
            return NONE
    for e in range(used, end):
        entries.value[e] = entries.column_total[entries.column[e]]
    entries.first[k] = used
    entries.length[k] = end - used
    return end


@kernel(INT(GRAPH, TABLES_TYPE, I4_2, ENTRIES, I8), allocates=True, stops=True)
def _forward(
    graph: Graph, tables: Tables, rows: NDArray[np.int32], entries: Entries, steps: NDArray[np.int64]
) -> Int:  # fmt: skip
    """Copy the list and find the derivatives of each row that several statements need; -1 where there is no room."""
    scratch = np.empty(SCRATCH_WORDS, np.int64)
    one = add_constant(graph, 1.0)
    used = np.int64(0)
    for k in range(rows.shape[0]):
        entries.moved[k] = copy_row(graph, tables, rows, k, entries.moved)
        if graph.used[OVERFLOW] != 0 or (k & 63 == 63 and stopped() != 0):
            return NONE
        if entries.leaf[k] >= 0:
            entries.first[k] = used
            entries.length[k] = 1
            if not _put(entries, used, entries.leaf[k], one):
                return NONE
            used += 1
        elif entries.uses[k] > 1:
            touched = _walk_tree(graph, tables, rows, entries, k, one, scratch)
            used = _put_together(graph, tables, entries, steps, k, touched, used)
            if used < 0:
                return NONE
    return used


@kernel(INT(GRAPH, TABLES_TYPE, I4_2, ENTRIES, INT, INT, WORDS_TYPE), inner=True)
def _sweep_output(
    graph: Graph, tables: Tables, rows: NDArray[np.int32], entries: Entries, k: Int, used: Int,
    scratch: NDArray[np.int64],
) -> Int:  # fmt: skip
    """Walk back from one output; the end of its derivatives, or -1 where there is no room."""
    for w in range(k, -1, -1):
        if entries.row_stamp[w] != k:
            continue
        if graph.used[OVERFLOW] != 0 or (w & 255 == 255 and stopped() != 0):
            return NONE
        t = np.int64(entries.row_total[w])
        if entries.leaf[w] >= 0:
            if not _put(entries, used, entries.leaf[w], t):
                return NONE
            used += 1
            continue
        for place in range(tables.facts[rows[w, OPERATION], ARITY]):
            x = np.int64(rows[w, FIRST + place])
            if entries.uses[x] <= 0:
                continue
            term = contribution(graph, tables, entries.moved[w], place, t, scratch)
            if term == NONE:
                continue
            if entries.row_stamp[x] == k:
                term = add(graph, tables, entries.row_total[x], term)
            entries.row_stamp[x] = k
            entries.row_total[x] = term
    return used


@kernel(INT(GRAPH, TABLES_TYPE, I4_2, ENTRIES, I8, I4), allocates=True, stops=True)
def _reverse(
    graph: Graph, tables: Tables, rows: NDArray[np.int32], entries: Entries, steps: NDArray[np.int64],
    outputs: NDArray[np.int32],
) -> Int:  # fmt: skip
    """Copy the list and find the adjoints of one output after another; -1 where there is no room."""
    scratch = np.empty(SCRATCH_WORDS, np.int64)
    for k in range(rows.shape[0]):
        entries.moved[k] = copy_row(graph, tables, rows, k, entries.moved)
    one = add_constant(graph, 1.0)
    used = np.int64(0)
    for k in outputs:
        if k < 0 or entries.uses[k] == NONE or entries.first[k] != NONE:
            continue
        if stopped() != 0:
            return NONE
        entries.first[k] = used
        entries.row_stamp[k] = k
        entries.row_total[k] = one
        used = _sweep_output(graph, tables, rows, entries, k, used, scratch)
        steps[0] -= k // _ROWS_A_STEP
        if used < 0 or steps[0] < 0:
            return NONE
        entries.length[k] = used - entries.first[k]
    return used


@kernel(types.void(I8, I4, I4, ENTRIES, I4))
def _read(
    starts: NDArray[np.int64], column: NDArray[np.int32], outputs: NDArray[np.int32], entries: Entries,
    found: NDArray[np.int32],
) -> None:  # fmt: skip
    """Row of each entry of the pattern in the graph, -1 for one that is always zero."""
    entries.column_stamp[:] = NONE
    for o in range(outputs.shape[0]):
        k = np.int64(outputs[o])
        if starts[o] == starts[o + 1]:
            continue
        for e in range(entries.first[k], entries.first[k] + entries.length[k]):
            entries.column_stamp[entries.column[e]] = o
            entries.column_total[entries.column[e]] = entries.value[e]
        for e in range(starts[o], starts[o + 1]):
            found[e] = entries.column_total[column[e]] if entries.column_stamp[column[e]] == o else NONE


def goes_in_reverse(pattern: Pattern) -> bool:
    """Whether the list of a Jacobian with this pattern is built from its few outputs."""
    return pattern.shape[0] * _MUCH_FEWER <= pattern.shape[1]


def jacobian_list(
    source: FlatList, with_respect_to: Sequence[int], pattern: Pattern, most_rows: int
) -> FlatList | NoList:
    """The list of f and of each entry of its Jacobian.

    Parameters
    ----------
    source : FlatList
    with_respect_to : sequence of int
        Numbers of the inputs to differentiate by, each once.
    pattern : Pattern
        Of the Jacobian of all outputs by these inputs.
    most_rows : int
        Rows that the list may take while it is built.

    Returns
    -------
    FlatList or NoList
        Inputs: those of the source. Outputs: those of the source, then one scalar for each entry of the pattern in its
        order, a structural zero for one that is zero at every point. No list where there is what cannot be taken apart
        into scalars, and where it would be longer than ``most_rows`` or take some times as many products to make.
    """
    leaves, _ = leaves_of(source, with_respect_to)
    apart: FlatList | NoList = source._replace(outputs=np.concatenate([source.outputs, source.outputs]))
    if not _is_of_scalars(source):
        apart = elements_of(source, with_respect_to, most_rows)
    if isinstance(apart, NoList):
        return apart
    scalars = apart.outputs[len(source.outputs) :][np.diff(pattern.starts) > 0]  # the others need no derivatives
    rows = _EXPECTED_GROWTH * len(apart.rows) + pattern.nnz + 64
    while True:
        rows = min(rows, most_rows)
        entries = new_entries(len(apart.rows), pattern.shape[1], rows)
        _find_leaves(apart.rows, apart.pool, apart.starts, leaves, entries.leaf)
        _count_uses(apart.rows, TABLES, scalars, entries.leaf, entries.uses)
        graph, steps = room(apart, 0, rows), np.array([_STEPS_A_ROW * rows], np.int64)
        if goes_in_reverse(pattern):
            used = _reverse(graph, TABLES, apart.rows, entries, steps, scalars)
        else:
            used = _forward(graph, TABLES, apart.rows, entries, steps)
        if used >= 0 and not graph.used[OVERFLOW]:
            return _finished(graph, source, apart.outputs, pattern, entries)
        if rows >= most_rows and graph.used[OVERFLOW]:
            return too_long(most_rows)
        if rows >= most_rows:  # products of constants, which make no statements, and derivatives on the way
            return NoList(f"would take more steps to make than a list of {most_rows} statements may")
        rows *= _EXPECTED_GROWTH


def _finished(
    graph: Graph, source: FlatList, outputs: NDArray[np.int32], pattern: Pattern, entries: Entries
) -> FlatList:  # fmt: skip
    """The list of the results, as the source has them, and of the entries."""
    results, found = len(source.outputs), np.empty(pattern.nnz, np.int32)
    _read(pattern.starts, pattern.column, outputs[results:].copy(), entries, found)
    rows = np.concatenate([renamed(entries.moved, outputs[:results].copy()), found])
    sizes = np.concatenate([source.output_sizes, np.ones(pattern.nnz, np.int64)])
    inputs = input_rows(graph, len(source.inputs))
    return finish(graph, source.arrays, inputs, source.input_sizes, 0, rows, sizes, results)

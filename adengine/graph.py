"""The flat form of a Wengert list, and the kernels that append to it.

Inside the engine a variable has a size, not a shape: geometry sits in the parameters of the structural operations
(:mod:`adengine.opcodes`). A list is one table of int32 rows, a row a variable, leaves included::

    operation | a | b | c | parameter | size          a, b, c: variables, or -1

Parameters are interned: equal parameters have one number. Rows are found again by their bits (hash-consing), so a
common subexpression is one variable, and 0.0 and -0.0 stay two constants.

There are two entries. :func:`append` takes a user's statement as it is. :func:`emit` is for statements that a
transformation makes: there, structural zeros and ones are folded, which must never happen to a user's ``0 * x``.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.account import take
from adengine.jit import Float, Int, kernel
from adengine.stopping import stopped
from adengine.templates import ARITY, FINITE, FINITE_ALWAYS, FINITE_WITH_ARGUMENTS, TABLES, Tables

OPERATION, FIRST, SECOND, THIRD, PARAMETER, SIZE = 0, 1, 2, 3, 4, 5
"""Columns of `rows`."""

ROWS, WORDS, PARAMETERS, OVERFLOW, SALT = 0, 1, 2, 3, 4
"""Places of `used`: how many rows, words of `pool` and parameters there are, whether a row or parameter found no
room, and a random number that the hashes start from."""

NONE = -1
"""No variable: an absent operand, or a structural zero."""


class Graph(NamedTuple):
    """A list being built: columns with room, and what is used of them.

    Attributes
    ----------
    rows : int32 array (capacity, 6)
    finite : uint8 array (capacity,)
        Whether the variable is proven finite for finite input.
    table : int32 array (power of two,)
        Open hash table of row numbers, -1 where empty.
    pool, starts : int64 arrays
        Words of all parameters; where each begins (one more than there are parameters).
    parameter_index : int32 array (power of two,)
        Open hash table of parameter numbers.
    used : int64 array (5,)
        See :data:`ROWS`. After an overflow the graph is of no use: start again with more room.
    """

    rows: NDArray[np.int32]
    finite: NDArray[np.uint8]
    table: NDArray[np.int32]
    pool: NDArray[np.int64]
    starts: NDArray[np.int64]
    parameter_index: NDArray[np.int32]
    used: NDArray[np.int64]


GRAPH = types.NamedTuple(  # type: ignore[no-untyped-call]
    (
        types.Array(types.int32, 2, "C"), types.Array(types.uint8, 1, "C"), types.Array(types.int32, 1, "C"),
        types.Array(types.int64, 1, "C"), types.Array(types.int64, 1, "C"), types.Array(types.int32, 1, "C"),
        types.Array(types.int64, 1, "C"),
    ),
    Graph,
)  # fmt: skip
TABLES_TYPE = types.NamedTuple(  # type: ignore[no-untyped-call]
    (types.Array(types.int64, 2, "C"), types.Array(types.int64, 2, "C"), types.Array(types.float64, 1, "C")), Tables
)
INT = types.int64
_NEAR, _SPACING = 8, 4
"""Places tried near the youngest operand, and how far apart the neighbourhoods of two operands begin."""
_SALT = secrets.randbits(62)
WORDS_TYPE = types.Array(types.int64, 1, "C")


def _power_of_two(least: int) -> int:
    return 1 << max(4, int(least - 1).bit_length())


def new_graph(rows: int, words: int, parameters: int) -> Graph:
    """An empty graph with room for so many rows, words of parameters and parameters."""
    slots = _power_of_two(2 * rows), _power_of_two(2 * parameters)
    take(25 * rows + 4 * slots[0] + 8 * (words + parameters) + 4 * slots[1], "a list that is made")
    starts = np.empty(parameters + 2, np.int64)
    starts[0] = 0
    used = np.zeros(5, np.int64)
    used[SALT] = _SALT
    return Graph(
        np.empty((rows, 6), np.int32),
        np.empty(rows, np.uint8),
        np.full(slots[0], NONE, np.int32),
        np.empty(words + 1, np.int64),
        starts,
        np.full(slots[1], NONE, np.int32),
        used,
    )


@kernel(INT(INT, INT), inline=True)
def _mix(h: Int, value: Int) -> Int:
    h = (h ^ value) * np.int64(-7046029254386353131)
    return h ^ (h >> np.int64(29))


@kernel(INT(GRAPH, WORDS_TYPE, INT, INT), apart=True)
def intern(graph: Graph, words: NDArray[np.int64], first: Int, count: Int) -> Int:
    """The number of the parameter with these words, new or found again."""
    h = count ^ graph.used[SALT]
    for i in range(first, first + count):
        h = _mix(h, words[i])
    mask = graph.parameter_index.shape[0] - 1
    slot = h & mask
    while graph.parameter_index[slot] >= 0:
        found = np.int64(graph.parameter_index[slot])
        start = graph.starts[found]
        if graph.starts[found + 1] - start == count:
            same = True
            for i in range(count):
                if graph.pool[start + i] != words[first + i]:
                    same = False
                    break
            if same:
                return found
        slot = (slot + 1) & mask
    number = graph.used[PARAMETERS]
    start = graph.used[WORDS]
    if start + count > graph.pool.shape[0] or number + 2 > graph.starts.shape[0]:
        graph.used[OVERFLOW] = 1
        return 0
    for i in range(count):
        graph.pool[start + i] = words[first + i]
    graph.used[WORDS] = start + count
    graph.used[PARAMETERS] = number + 1
    graph.starts[number + 1] = start + count
    graph.parameter_index[slot] = number
    return number


@kernel(INT(GRAPH, INT, INT, INT, INT, INT, INT, INT), inner=True)
def _find_or_add(graph: Graph, code: Int, a: Int, b: Int, c: Int, parameter: Int, size: Int, finite: Int) -> Int:
    """The row with these columns, new or found again.

    A few places near the youngest operand are tried first: a transformation works on young variables, so these are in
    the cache. Then the search goes on where a seeded hash says, so that nobody can make lists that collide.
    """
    h = _mix(_mix(_mix(_mix(code ^ graph.used[SALT], a), b), c), parameter)
    mask = graph.table.shape[0] - 1
    slot = h & mask
    probes = np.int64(_NEAR)
    if code != op.CONST and a != NONE:
        slot = (_SPACING * max(a, b, c) + (h & (_SPACING - 1))) & mask
        probes = np.int64(0)
    rows = graph.rows
    while graph.table[slot] >= 0:
        k = np.int64(graph.table[slot])
        if (
            rows[k, OPERATION] == code and rows[k, FIRST] == a and rows[k, SECOND] == b and rows[k, THIRD] == c
            and rows[k, PARAMETER] == parameter and rows[k, SIZE] == size
        ):  # fmt: skip
            return k
        probes += 1
        slot = h & mask if probes == _NEAR else (slot + 1) & mask
    k = graph.used[ROWS]
    if k == rows.shape[0]:
        graph.used[OVERFLOW] = 1
        return k - 1
    graph.used[ROWS] = k + 1
    graph.table[slot] = k
    rows[k, OPERATION] = code
    rows[k, FIRST] = a
    rows[k, SECOND] = b
    rows[k, THIRD] = c
    rows[k, PARAMETER] = parameter
    rows[k, SIZE] = size
    graph.finite[k] = finite
    return k


@kernel(INT(GRAPH, INT), inner=True)
def _is_finite(graph: Graph, k: Int) -> Int:
    return 1 if k == NONE or graph.finite[k] != 0 else 0


@kernel(INT(GRAPH, TABLES_TYPE, INT, INT, INT, INT, INT, INT), apart=True)
def append(graph: Graph, tables: Tables, code: Int, a: Int, b: Int, c: Int, parameter: Int, size: Int) -> Int:
    """Append a statement as it is, or find the same one again."""
    promise = tables.facts[code, FINITE]
    finite = np.int64(promise == FINITE_ALWAYS)
    if promise == FINITE_WITH_ARGUMENTS:
        finite = _is_finite(graph, a) & _is_finite(graph, b) & _is_finite(graph, c)
    return _find_or_add(graph, code, a, b, c, parameter, size, finite)


@kernel(INT(GRAPH, INT, INT, INT))
def add_input(graph: Graph, number: Int, size: Int, finite: Int) -> Int:
    """Append input number ``number``; seeds count as finite, points do not."""
    return _find_or_add(graph, op.INPUT, NONE, NONE, NONE, number, size, finite)


@kernel(INT(GRAPH, types.float64))
def add_constant(graph: Graph, value: Float) -> Int:
    """Append a scalar constant; its bits are its key."""
    bits = np.float64(value).view(np.int64)
    low = np.int64(np.int32(bits & 0xFFFFFFFF))
    return _find_or_add(graph, op.CONST, low, bits >> 32, NONE, NONE, 1, np.int64(np.isfinite(value)))


@kernel(types.float64(GRAPH, INT), inner=True)
def constant_value(graph: Graph, k: Int) -> Float:
    """Value of a CONST row."""
    low = np.int64(graph.rows[k, FIRST]) & 0xFFFFFFFF
    bits = np.int64((np.int64(graph.rows[k, SECOND]) << 32) | low)
    return np.int64(bits).view(np.float64)


@kernel(INT(GRAPH, INT, INT), inline=True, inner=True)
def broadcast_size(graph: Graph, a: Int, b: Int) -> Int:
    """Size of an elementwise result: scalars go with everything."""
    first = np.int64(graph.rows[a, SIZE])
    return np.int64(graph.rows[b, SIZE]) if first == 1 else first


class FlatList(NamedTuple):
    """A finished flat list.

    Attributes
    ----------
    rows : int32 array (variables, 6)
        Operands name earlier rows only.
    pool, starts : int64 arrays
        Parameters: number i is ``pool[starts[i]:starts[i + 1]]``.
    arrays : tuple of float64 arrays
        Array constants, flat; an ARRAY row names one.
    inputs : int32 array (inputs,)
        Row of each input, -1 where nothing depends on it.
    input_sizes : int64 array (inputs,)
    seeds : int
        How many inputs at the end are seeds (tangents or cotangents) and not the function's own.
    outputs : int32 array (outputs,)
        Row of each output, -1 for a structural zero. A row of size 1 stands for an output of any size.
    output_sizes : int64 array (outputs,)
    results : int
        How many outputs at the start are the function's own; the rest are derivatives.
    """

    rows: NDArray[np.int32]
    pool: NDArray[np.int64]
    starts: NDArray[np.int64]
    arrays: tuple[NDArray[np.float64], ...]
    inputs: NDArray[np.int32]
    input_sizes: NDArray[np.int64]
    seeds: int
    outputs: NDArray[np.int32]
    output_sizes: NDArray[np.int64]
    results: int


@kernel(
    types.Array(types.int32, 1, "C")(
        types.Array(types.int32, 2, "C"), types.Array(types.int64, 2, "C"), types.Array(types.int32, 1, "C")
    ),
    allocates=True,
    stops=True,
)
def _renumber(rows: NDArray[np.int32], facts: NDArray[np.int64], outputs: NDArray[np.int32]) -> NDArray[np.int32]:
    """New number of each row that an output needs, -1 for dead ones."""
    renumbered = np.full(rows.shape[0], NONE, np.int32)
    for k in outputs:
        if k >= 0:
            renumbered[k] = 0
    for k in range(rows.shape[0] - 1, -1, -1):
        if k & 4095 == 4095 and stopped() != 0:
            return renumbered
        if renumbered[k] == 0:
            for j in range(facts[rows[k, OPERATION], ARITY]):
                operand = rows[k, FIRST + j]
                if operand >= 0:
                    renumbered[operand] = 0
    alive = 0
    for k in range(rows.shape[0]):
        if renumbered[k] == 0:
            renumbered[k] = alive
            alive += 1
    return renumbered


@kernel(
    types.Array(types.int32, 2, "C")(
        types.Array(types.int32, 2, "C"), types.Array(types.int64, 2, "C"), types.Array(types.int32, 1, "C"), INT
    ),
    allocates=True,
    stops=True,
)
def _compact(
    rows: NDArray[np.int32], facts: NDArray[np.int64], renumbered: NDArray[np.int32], alive: Int
) -> NDArray[np.int32]:
    compacted = np.empty((alive, 6), np.int32)
    for k in range(rows.shape[0]):
        if k & 4095 == 4095 and stopped() != 0:
            return compacted
        to = np.int64(renumbered[k])
        if to < 0:
            continue
        for column in range(6):
            compacted[to, column] = rows[k, column]
        for j in range(facts[rows[k, OPERATION], ARITY]):
            operand = rows[k, FIRST + j]
            if operand >= 0:
                compacted[to, FIRST + j] = renumbered[operand]
    return compacted


def finish(
    graph: Graph, arrays: tuple[NDArray[np.float64], ...], inputs: NDArray[np.int32], input_sizes: NDArray[np.int64],
    seeds: int, outputs: NDArray[np.int32], output_sizes: NDArray[np.int64], results: int,
) -> FlatList:  # fmt: skip
    """Drop what no output needs and make the list that remains."""
    rows = graph.rows[: graph.used[ROWS]]
    renumbered = _renumber(rows, TABLES.facts, outputs)
    alive = int(renumbered.max(initial=NONE)) + 1
    words, parameters = int(graph.used[WORDS]), int(graph.used[PARAMETERS])
    return FlatList(
        _compact(rows, TABLES.facts, renumbered, alive),
        graph.pool[:words].copy(),
        graph.starts[: parameters + 1].copy(),
        arrays,
        np.where(inputs >= 0, renumbered[inputs], NONE).astype(np.int32) if rows.size else inputs,
        input_sizes,
        seeds,
        np.where(outputs >= 0, renumbered[outputs], NONE).astype(np.int32) if rows.size else outputs,
        output_sizes,
        results,
    )

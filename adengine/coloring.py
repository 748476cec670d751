"""Which columns, rows or both of a sparse matrix one sweep can compute together.

Two columns may have one colour where no row has entries in both: the product of the matrix with the sum of their unit
vectors then shows each entry by itself (Curtis, Powell and Reid 1974). Rows are the columns of the transpose. Where
a few rows are dense, as in an arrowhead, those are swept by rows and the rest by columns, or the other way round. A
symmetric matrix may do with fewer colours, by a *star* colouring: neighbours differ, and every path of four vertices
has three colours; each entry then shows in the column of one of its two ends (Coleman and More 1984; Gebremedhin,
Manne and Pothen, *What color is your Jacobian?*, 2005).

All are greedy: first fit, over a few orders, of which the one with fewest colours is kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.graph import INT, NONE
from adengine.jit import Int, kernel
from adengine.places import I4, I8
from adengine.stopping import stopped
from adengine.unions import U8, WORD, Pattern

_MOST_WORDS = 1 << 25
"""Words that a colouring may use; where it would take more, each column has a colour of its own."""
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)
_STEPS, _STEPS_PER_ENTRY = 1 << 28, 32
"""Steps that a star colouring may take, or so many for each entry: on a full matrix it would take n^4."""


class Coloring(NamedTuple):
    """Colours of the columns of a matrix, or of its rows.

    Attributes
    ----------
    colors : int32 array
        Colour of each, from 0 on; -1 for what has no entries to find.
    number : int
        How many colours.
    """

    colors: NDArray[np.int32]
    number: int


@kernel(INT(I8, I4, I4, U8, U8, I4), stops=True)
def _first_fit(
    starts: NDArray[np.int64], row: NDArray[np.int32], order: NDArray[np.int32], used: NDArray[np.uint64],
    forbidden: NDArray[np.uint64], colors: NDArray[np.int32],
) -> Int:  # fmt: skip
    """Colour columns given by their rows; ``used`` has words of colours for each row. -1 where they do not suffice."""
    words = forbidden.shape[0]
    count = np.int64(0)
    one = np.uint64(1)
    for j in order:
        if starts[j] == starts[j + 1]:
            continue
        if stopped() != 0:
            return NONE
        forbidden[:] = np.uint64(0)
        for e in range(starts[j], starts[j + 1]):
            at = np.int64(row[e]) * words
            for w in range(words):
                forbidden[w] |= used[at + w]
        free: Int = np.int64(0)
        while free < words and forbidden[free] == _FULL:
            free += 1
        if free == words:
            return NONE
        bit = np.int64(0)
        while (forbidden[free] >> np.uint64(bit)) & one:
            bit += 1
        for e in range(starts[j], starts[j + 1]):
            used[np.int64(row[e]) * words + free] |= one << np.uint64(bit)
        colors[j] = free * WORD + bit
        count = max(count, free * WORD + bit + 1)
    return count


def _orders(degrees: NDArray[np.int64]) -> list[NDArray[np.int32]]:
    """As they stand, and those with most neighbours first."""
    natural = np.arange(len(degrees), dtype=np.int32)
    return [natural, np.argsort(-degrees, kind="stable").astype(np.int32)]


def color_columns(pattern: Pattern, by_column: Pattern | None = None) -> Coloring:
    """Colours of the columns: no row has two entries of one colour.

    Parameters
    ----------
    pattern : Pattern
    by_column : Pattern
        Its transpose, where somebody has it.
    """
    by_column = pattern.transposed() if by_column is None else by_column
    lengths = np.diff(pattern.starts)
    columns, least = pattern.shape[1], int(lengths.max(initial=0))
    own = np.where(np.diff(by_column.starts) > 0, np.arange(columns, dtype=np.int32), NONE).astype(np.int32)
    best = Coloring(own, columns)
    if least == columns or not pattern.nnz:
        return best if pattern.nnz else Coloring(own, 0)
    reach = np.add.reduceat(np.append(lengths[by_column.column], 0), by_column.starts[:-1])
    for order in _orders(np.where(own >= 0, reach, 0)):
        found = _colored(pattern.shape[0], by_column, order, least)
        if found is not None and found.number < best.number:
            best = found
        if best.number == least:
            break
    return best


def _colored(rows: int, by_column: Pattern, order: NDArray[np.int32], least: int) -> Coloring | None:
    """First fit with twice the words that are needed at least, then with more; None where that is too much."""
    words = 2 * least // WORD + 1
    while rows * words <= _MOST_WORDS:
        colors = np.full(by_column.shape[0], NONE, np.int32)
        used, forbidden = np.zeros(rows * words, np.uint64), np.zeros(words, np.uint64)
        count = int(_first_fit(by_column.starts, by_column.column, order, used, forbidden, colors))
        if count >= 0:
            return Coloring(colors, count)
        words *= 2
    return None


# ---- symmetric matrices ----

_COLOR, _NEIGHBORS, _ONE = 0, 1, 2
"""What a slot says of a vertex: a colour among its neighbours, how many have it, one of them."""
SLOTS = types.Array(types.int32, 2, "C")


@kernel(INT(SLOTS, I8, I4, INT, INT), inner=True)
def _slot(slots: NDArray[np.int32], starts: NDArray[np.int64], filled: NDArray[np.int32], v: Int, color: Int) -> Int:
    """The slot of a vertex for a colour, or the free one after its last."""
    end = starts[v] + filled[v]
    for s in range(starts[v], end):
        if slots[s, _COLOR] == color:
            return s
    return end


@kernel(INT(I8, I4, SLOTS, I4, INT, I4, I4), inner=True)
def _forbid(
    starts: NDArray[np.int64], column: NDArray[np.int32], slots: NDArray[np.int32], filled: NDArray[np.int32], v: Int,
    colors: NDArray[np.int32], stamps: NDArray[np.int32],
) -> Int:  # fmt: skip
    """Mark the colours that v cannot have, by ``stamps[colour] = v + 1``; gives how many slots were looked at."""
    steps = starts[v + 1] - starts[v]
    for s in range(starts[v], starts[v] + filled[v]):
        shared = np.int64(slots[s, _COLOR])
        stamps[shared] = v + 1
        if slots[s, _NEIGHBORS] > 1:
            continue
        # w - x, x in the middle of a star of w's colour: v - w - x - another one of that colour
        w = np.int64(slots[s, _ONE])
        steps += filled[w]
        for t in range(starts[w], starts[w] + filled[w]):
            if slots[t, _NEIGHBORS] == 1:
                x = np.int64(slots[t, _ONE])
                there = _slot(slots, starts, filled, x, shared)
                steps += there - starts[x]
                if there < starts[x] + filled[x] and slots[there, _NEIGHBORS] > 1:
                    stamps[slots[t, _COLOR]] = v + 1
    # two neighbours of one colour: v becomes the middle of a star, so no other neighbour of theirs may look like v
    for e in range(starts[v], starts[v + 1]):
        w = np.int64(column[e])
        if w == v or colors[w] == NONE:
            continue
        s = _slot(slots, starts, filled, v, colors[w])
        steps += s - starts[v]
        if slots[s, _NEIGHBORS] > 1:
            steps += filled[w]
            for t in range(starts[w], starts[w] + filled[w]):
                stamps[slots[t, _COLOR]] = v + 1
    return steps


@kernel(INT(I8, I4, I4, SLOTS, I4, I4, I4, INT), stops=True)
def _star(
    starts: NDArray[np.int64], column: NDArray[np.int32], order: NDArray[np.int32], slots: NDArray[np.int32],
    filled: NDArray[np.int32], colors: NDArray[np.int32], stamps: NDArray[np.int32], most: Int,
) -> Int:  # fmt: skip
    """First fit for a star colouring of a symmetric pattern; -1 where that takes more than ``most`` steps."""
    count = np.int64(0)
    steps = np.int64(0)
    for v in order:
        if starts[v] == starts[v + 1]:
            continue
        steps += _forbid(starts, column, slots, filled, v, colors, stamps)
        if steps > most or stopped() != 0:
            return NONE
        color = np.int64(0)
        while stamps[color] == v + 1:
            color += 1
        colors[v] = color
        count = max(count, color + 1)
        for e in range(starts[v], starts[v + 1]):
            w = np.int64(column[e])
            if w == v:
                continue
            s = _slot(slots, starts, filled, w, color)
            steps += s - starts[w]
            if s == starts[w] + filled[w]:
                slots[s, _COLOR] = color
                slots[s, _NEIGHBORS] = 0
                slots[s, _ONE] = v
                filled[w] += 1
            slots[s, _NEIGHBORS] += 1
    return count


def color_symmetric(pattern: Pattern) -> Coloring:
    """A star colouring of a symmetric pattern, or colours of its columns where that would take too long.

    Either way (i, j) or (j, i) is the only entry of its row in columns of its colour.
    """
    found: list[Coloring] = []
    n, most = pattern.shape[0], max(_STEPS, _STEPS_PER_ENTRY * pattern.nnz)
    for order in _orders(np.diff(pattern.starts)):
        colors, slots = np.full(n, NONE, np.int32), np.empty((pattern.nnz, 3), np.int32)
        filled, stamps = np.zeros(n, np.int32), np.zeros(n + 1, np.int32)
        count = int(_star(pattern.starts, pattern.column, order, slots, filled, colors, stamps, most))
        if count >= 0:
            found.append(Coloring(colors, count))
    return min(found, key=lambda each: each.number) if found else color_columns(pattern, pattern)

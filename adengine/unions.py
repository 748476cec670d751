"""The members of sets that are unions of earlier sets, by whichever way is cheapest.

* *Strips*: 64 leaves at a time, one word for each set, a union is an OR. Best for few leaves or dense sets.
* *Lists*: sorted numbers for each set. A set that one other set alone asks for is never made: its members go straight
  to that one, so a long sum costs what its terms cost. A union that is equal to its largest part shares its numbers.
* Either of the two the other way round, from the results to the leaves, where there are fewer results or where the sets
  of what is asked for by whom are smaller.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.dependencies import Unions
from adengine.errors import LimitExceeded
from adengine.graph import INT, NONE
from adengine.jit import Bool, Int, kernel
from adengine.places import I4, I8
from adengine.stopping import stopped

UNIONS = types.NamedTuple((types.int64, I8, I4, I4), Unions)  # type: ignore[no-untyped-call]
U8 = types.Array(types.uint64, 1, "C")
WORD = 64
_FEW_STRIPS = 4
"""Strips serve where so many words hold all leaves. On sets of six, the stencil of the Brusselator, a strip takes a
third of what lists take in all; on larger sets lists take more."""
_LIST_ENTRIES = 16
"""Entries of lists for each edge, beyond which lists are no longer the cheap way."""
_LEAST_ENTRIES = 1 << 20
_INSERTION = 24


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where a matrix may have entries, row by row (CSR).

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    starts : int64 array (rows + 1,)
        Row i has the entries ``starts[i]`` to ``starts[i + 1] - 1``.
    column : int32 array (nnz,)
        Their columns, ascending in each row, each once.
    """

    shape: tuple[int, int]
    starts: NDArray[np.int64]
    column: NDArray[np.int32]

    @property
    def nnz(self) -> int:
        """Number of entries."""
        return len(self.column)

    @property
    def row(self) -> NDArray[np.int32]:
        """int32 array (nnz,): row of each entry."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.starts))

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the pattern, as the contract says: a heading, extents and nnz as uint64, indices as uint32."""
        extents = np.array([*self.shape, self.nnz], "<u8")
        made = hashlib.sha256(b"wengert pattern 1\n" + extents.tobytes())
        for indices in (self.row, self.column):
            made.update(np.ascontiguousarray(indices, "<u4").data)
        return made.digest()

    @property
    def kept_bytes(self) -> int:
        """Bytes of the columns."""
        return self.starts.nbytes + self.column.nbytes

    def transposed(self) -> Pattern:
        """Pattern of the transpose."""
        starts, row = np.zeros(self.shape[1] + 1, np.int64), np.empty(self.nnz, np.int32)
        _transpose(self.starts, self.column, starts, row)
        return Pattern((self.shape[1], self.shape[0]), starts, row)


@kernel(types.void(I8, I4, I8, I4))
def _transpose(
    starts: NDArray[np.int64], column: NDArray[np.int32], to_starts: NDArray[np.int64], row: NDArray[np.int32]
) -> None:
    """CSR to CSC; ``to_starts`` comes as zeros."""
    for j in column:
        to_starts[j + 1] += 1
    for j in range(1, to_starts.shape[0]):
        to_starts[j] += to_starts[j - 1]
    for i in range(starts.shape[0] - 2, -1, -1):
        for e in range(starts[i], starts[i + 1]):
            to_starts[column[e] + 1] -= 1
            row[to_starts[column[e] + 1]] = i
    for j in range(1, to_starts.shape[0] - 1):
        to_starts[j] = to_starts[j + 1]
    to_starts[to_starts.shape[0] - 1] = column.shape[0]


@kernel(types.void(UNIONS, I4))
def _count_uses(unions: Unions, uses: NDArray[np.int32]) -> None:
    """How many sets that are needed ask for each set; one that is a result counts as asked for twice."""
    for k in unions.results:
        if k >= 0:
            uses[k] = 2
    for i in range(unions.starts.shape[0] - 2, -1, -1):
        if uses[unions.leaves + i] > 0:
            for e in range(unions.starts[i], unions.starts[i + 1]):
                uses[unions.sources[e]] += 1


@kernel(types.void(UNIONS, UNIONS), inner=True)
def _count_askers(unions: Unions, reverse: Unions) -> None:
    """How many results and sets ask for each old set, as ends of the new sets' sources."""
    last = unions.leaves + unions.starts.shape[0] - 2
    starts = reverse.starts
    for k in unions.results:
        if k >= 0:
            starts[last - k + 1] += 1
    for k in unions.sources:
        starts[last - k + 1] += 1
    for v in range(1, starts.shape[0]):
        starts[v] += starts[v - 1]


@kernel(types.void(UNIONS, UNIONS))
def _reverse(unions: Unions, reverse: Unions) -> None:
    """Fill the graph from results to leaves: old set k is the set ``results + last - k``; its sources are who asks."""
    results = unions.results.shape[0]
    last = unions.leaves + unions.starts.shape[0] - 2
    starts = reverse.starts
    _count_askers(unions, reverse)
    for r in range(results):
        k = np.int64(unions.results[r])
        if k >= 0:
            starts[last - k + 1] -= 1
            reverse.sources[starts[last - k + 1]] = r
    for i in range(unions.starts.shape[0] - 1):
        for e in range(unions.starts[i], unions.starts[i + 1]):
            k = np.int64(unions.sources[e])
            starts[last - k + 1] -= 1
            reverse.sources[starts[last - k + 1]] = results + last - (unions.leaves + i)
    for v in range(1, starts.shape[0] - 1):
        starts[v] = starts[v + 1]
    starts[starts.shape[0] - 1] = reverse.sources.shape[0]
    for j in range(unions.leaves):
        reverse.results[j] = results + last - j


def reversed_unions(unions: Unions) -> Unions:
    """The same relation from results to leaves: set j of the results holds the old results that contain leaf j."""
    sets = unions.leaves + len(unions.starts) - 1
    edges = int((unions.results >= 0).sum()) + len(unions.sources)
    made = Unions(
        len(unions.results), np.zeros(sets + 1, np.int64), np.empty(edges, np.int32),
        np.empty(unions.leaves, np.int32),
    )  # fmt: skip
    _reverse(unions, made)
    return made


# ---- strips of 64 leaves ----


@kernel(types.void(UNIONS, I4, U8, INT), inner=True)
def _fill_words(unions: Unions, uses: NDArray[np.int32], words: NDArray[np.uint64], first: Int) -> None:
    """Which of 64 leaves from ``first`` on each set holds, as the bits of a word."""
    for j in range(unions.leaves):
        words[j] = np.uint64(1) << np.uint64(j - first) if first <= j < first + WORD else np.uint64(0)
    for i in range(unions.starts.shape[0] - 1):
        if uses[unions.leaves + i] > 0:
            word = np.uint64(0)
            for e in range(unions.starts[i], unions.starts[i + 1]):
                word |= words[unions.sources[e]]
            words[unions.leaves + i] = word


@kernel(types.void(UNIONS, I4, U8, I8, I4, types.boolean, INT), stops=True)
def _strips(
    unions: Unions, uses: NDArray[np.int32], words: NDArray[np.uint64], ends: NDArray[np.int64],
    column: NDArray[np.int32], fill: Bool, most: Int,
) -> None:  # fmt: skip
    """Count the members of each result in ``ends``, or fill them in from there on; no strip more after ``most``."""
    one = np.uint64(1)
    found = np.int64(0)
    for first in range(0, unions.leaves, WORD):
        if found > most or stopped() != 0:
            return
        _fill_words(unions, uses, words, first)
        for r in range(unions.results.shape[0]):
            k = unions.results[r]
            word = words[k] if k >= 0 else np.uint64(0)
            j = np.int64(first)
            while word != 0:
                if word & one:
                    if fill:
                        column[ends[r]] = j
                    ends[r] += 1
                    found += 1
                word >>= one
                j += 1


def by_strips(unions: Unions, uses: NDArray[np.int32], most: int) -> Pattern:
    """Members of the results, 64 leaves at a time; twice, so that nothing is kept but the answer.

    Raises
    ------
    LimitExceeded
        It tells how many were counted when there were too many.
    """
    count = len(unions.results)
    words, ends = np.zeros(len(uses), np.uint64), np.zeros(count, np.int64)
    _strips(unions, uses, words, ends, np.empty(0, np.int32), False, most)
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(ends, out=starts[1:])
    _check(int(starts[-1]), most)
    column = np.empty(int(starts[-1]), np.int32)
    _strips(unions, uses, words, starts[:-1].copy(), column, True, most)
    return Pattern((count, unions.leaves), starts, column)


# ---- sorted lists ----


@kernel(types.void(I4, INT, INT), inner=True)
def _sort_short(arena: NDArray[np.int32], first: Int, end: Int) -> None:
    """Sort a short run in place, by insertion."""
    for i in range(first + 1, end):
        value = arena[i]
        j = i
        while j > first and arena[j - 1] > value:
            arena[j] = arena[j - 1]
            j -= 1
        arena[j] = value


class Lists(NamedTuple):
    """Sets as lists being made: set k has the members ``arena[first[k]:first[k] + length[k]]``; the rest is scratch."""

    arena: NDArray[np.int32]
    first: NDArray[np.int64]
    length: NDArray[np.int32]
    stamps: NDArray[np.int32]
    stack: NDArray[np.int32]


LISTS = types.NamedTuple((I4, I8, I4, I4, I4), Lists)  # type: ignore[no-untyped-call]


@kernel(INT(UNIONS, LISTS, INT, INT), inline=True, inner=True)
def _push_sources(unions: Unions, lists: Lists, i: Int, depth: Int) -> Int:
    """Put the sources of node i on the stack; returns its new depth."""
    for e in range(unions.starts[i], unions.starts[i + 1]):
        lists.stack[depth] = unions.sources[e]
        depth += 1
    return depth


@kernel(INT(UNIONS, I4, LISTS, INT, INT), inner=True)
def _make_list(unions: Unions, uses: NDArray[np.int32], lists: Lists, i: Int, used: Int) -> Int:
    """Append the members of node i, through all that it alone asks for; returns the end, or -1 where there is no room.

    ``length`` of the node receives the number of its largest part.
    """
    leaves = unions.leaves
    arena = lists.arena
    depth = _push_sources(unions, lists, i, np.int64(0))
    end = used
    largest = np.int64(lists.stack[0])
    lists.length[leaves + i] = 0
    while depth > 0:
        depth -= 1
        k = np.int64(lists.stack[depth])
        if k >= leaves and uses[k] == 1:
            depth = _push_sources(unions, lists, k - leaves, depth)
            continue
        if end + lists.length[k] > arena.shape[0]:
            return NONE
        if lists.length[k] > lists.length[largest]:
            largest = k
        for e in range(lists.first[k], lists.first[k] + lists.length[k]):
            j = arena[e]
            if lists.stamps[j] != i + 1:
                lists.stamps[j] = i + 1
                arena[end] = j
                end += 1
    lists.length[leaves + i] = largest
    return end


@kernel(INT(UNIONS, I4, LISTS), allocates=True, stops=True)
def _make_lists(unions: Unions, uses: NDArray[np.int32], lists: Lists) -> Int:
    """Members of each set that is asked for more than once; -1 where there is no room."""
    leaves = unions.leaves
    for j in range(leaves):
        lists.arena[j] = j
        lists.first[j] = j
        lists.length[j] = 1
    used = leaves
    for i in range(unions.starts.shape[0] - 1):
        k = leaves + i
        if uses[k] < 2 or unions.starts[i] == unions.starts[i + 1]:
            continue
        if i & 15 == 15 and stopped() != 0:
            return NONE
        end = _make_list(unions, uses, lists, i, used)
        if end < 0:
            return end
        largest = np.int64(lists.length[k])
        lists.length[k] = end - used
        lists.first[k] = used
        if lists.length[k] == lists.length[largest]:
            lists.first[k] = lists.first[largest]
            continue
        if end - used > _INSERTION:
            lists.arena[used:end].sort()
        else:
            _sort_short(lists.arena, used, end)
        used = end
    return used


@kernel(types.void(UNIONS, LISTS, I8, I4))
def _copy_lists(unions: Unions, lists: Lists, starts: NDArray[np.int64], column: NDArray[np.int32]) -> None:
    for r in range(unions.results.shape[0]):
        k = unions.results[r]
        for e in range(starts[r], starts[r + 1]):
            column[e] = lists.arena[lists.first[k] + e - starts[r]]


def by_lists(unions: Unions, uses: NDArray[np.int32], room: int, most: int) -> Pattern | None:
    """Members of the results by sorted lists; None where all lists together have more than ``room`` entries."""
    sets, count = len(uses), len(unions.results)
    lists = Lists(
        np.empty(unions.leaves + room, np.int32), np.zeros(sets, np.int64), np.zeros(sets, np.int32),
        np.zeros(unions.leaves, np.int32), np.empty(len(unions.sources) + 1, np.int32),
    )  # fmt: skip
    if _make_lists(unions, uses, lists) < 0:
        return None
    starts = np.zeros(count + 1, np.int64)
    if sets:
        np.cumsum(np.where(unions.results >= 0, lists.length[unions.results], 0), out=starts[1:])
    _check(int(starts[-1]), most)
    column = np.empty(int(starts[-1]), np.int32)
    _copy_lists(unions, lists, starts, column)
    return Pattern((count, unions.leaves), starts, column)


# ---- which way ----


def _check(nnz: int, most: int) -> None:
    if nnz > most:
        raise LimitExceeded("pattern_entries", most, nnz, "entries of the sparsity pattern")


def uses_of(unions: Unions) -> NDArray[np.int32]:
    """int32 array (sets,): how many sets that are needed ask for each; 0 for what no result needs."""
    uses = np.zeros(unions.leaves + len(unions.starts) - 1, np.int32)
    _count_uses(unions, uses)
    return uses


def members(unions: Unions, most: int) -> Pattern:
    """Row r has the leaves that result r holds.

    Raises
    ------
    LimitExceeded
        Where there are more than ``most`` of them.
    """
    narrow = min(unions.leaves, len(unions.results))
    if narrow > _FEW_STRIPS * WORD:
        room = max(_LIST_ENTRIES * len(unions.sources), _LEAST_ENTRIES)
        found = by_lists(unions, uses_of(unions), room, most)
        if found is None:
            other = reversed_unions(unions)
            found = by_lists(other, uses_of(other), room, most)
            found = None if found is None else found.transposed()
        if found is not None:
            return found
    if len(unions.results) < unions.leaves:
        other = reversed_unions(unions)
        return by_strips(other, uses_of(other), most).transposed()
    return by_strips(unions, uses_of(unions), most)

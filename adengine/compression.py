"""A sparse matrix from few sweeps: which seeds to sweep with, and where each entry is read from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.coloring import Coloring, color_columns, color_symmetric
from adengine.jit import kernel
from adengine.places import I4, I8
from adengine.unions import Pattern

_NOTHING = Coloring(np.empty(0, np.int32), 0)


class Compression(NamedTuple):
    """Sweeps that show all entries of a matrix.

    Forward sweep c takes the sum of the unit vectors of the columns of colour c and gives m numbers; reverse sweep c
    takes the sum of those of the rows of colour c and gives n numbers.

    Attributes
    ----------
    shape : tuple of int
        m rows, n columns.
    columns, rows : Coloring
        Of forward and of reverse sweeps; either may have no colours at all.
    place : int64 array (nnz,)
        Where each entry stands in the results: those of all forward sweeps one after another, then those of all
        reverse sweeps.
    """

    shape: tuple[int, int]
    columns: Coloring
    rows: Coloring
    place: NDArray[np.int64]

    @property
    def kept_bytes(self) -> int:
        """Bytes of the colours and places."""
        return self.columns.colors.nbytes + self.rows.colors.nbytes + self.place.nbytes

    def tangents(self) -> NDArray[np.float64]:
        """float64 array (forward sweeps, n): the seeds of the forward sweeps."""
        return _seeds(self.columns, self.shape[1])

    def cotangents(self) -> NDArray[np.float64]:
        """float64 array (reverse sweeps, m): the seeds of the reverse sweeps."""
        return _seeds(self.rows, self.shape[0])


def _seeds(coloring: Coloring, width: int) -> NDArray[np.float64]:
    seeds = np.zeros((coloring.number, width))
    colored = np.flatnonzero(coloring.colors >= 0)
    seeds[coloring.colors[colored], colored] = 1.0
    return seeds


def compress(pattern: Pattern, forward_cost: float, reverse_cost: float, both_cost: float = 0.0) -> Compression:
    """The cheapest sweeps found: columns, rows, or both.

    Parameters
    ----------
    forward_cost, reverse_cost : float
        What one sweep takes.
    both_cost : float
        What it takes, beside the sweeps, to have both kinds.
    """
    by_column = pattern.transposed()
    nobody, everybody = np.zeros(pattern.nnz, np.bool_), np.ones(pattern.nnz, np.bool_)
    candidates = [
        _compression(pattern, color_columns(pattern, by_column), _NOTHING, nobody),
        _compression(pattern, _NOTHING, color_columns(by_column, pattern), everybody),
    ]

    def cost(compression: Compression) -> float:
        columns, rows = compression.columns.number, compression.rows.number
        return columns * forward_cost + rows * reverse_cost + (both_cost if columns and rows else 0.0)

    least = min(cost(each) for each in candidates) - both_cost
    dense = _dense_rows(pattern, forward_cost, reverse_cost, least)
    if dense is not None:
        columns, rows = _split(pattern, dense)
        candidates.append(_compression(pattern, columns, rows, dense[pattern.row]))
    dense = _dense_rows(by_column, reverse_cost, forward_cost, least)
    if dense is not None:
        rows, columns = _split(by_column, dense)
        candidates.append(_compression(pattern, columns, rows, ~dense[pattern.column]))
    return min(candidates, key=cost)


def compress_symmetric(pattern: Pattern) -> Compression:
    """Fewest products with a symmetric matrix that were found: an entry may be read at its mirror image."""
    columns, star = color_columns(pattern), color_symmetric(pattern)
    if columns.number <= star.number:
        return _compression(pattern, columns, _NOTHING, np.zeros(pattern.nnz, np.bool_))
    place = np.empty(pattern.nnz, np.int64)
    times, stamps = np.zeros(star.number, np.int32), np.zeros(star.number, np.int32)
    _star_places(pattern.starts, pattern.column, star.colors, times, stamps, place)
    return Compression(pattern.shape, star, _NOTHING, place)


@kernel(types.void(I8, I4, I4, I4, I4, I8))
def _star_places(
    starts: NDArray[np.int64], column: NDArray[np.int32], colors: NDArray[np.int32], times: NDArray[np.int32],
    stamps: NDArray[np.int32], place: NDArray[np.int64],
) -> None:  # fmt: skip
    """Entry (i, j) is read at row i of j's colour where no other neighbour of i has it, else at row j of i's."""
    n = np.int64(starts.shape[0] - 1)
    for i in range(n):
        for e in range(starts[i], starts[i + 1]):
            color = colors[column[e]]
            times[color] = times[color] + 1 if stamps[color] == i + 1 else 1
            stamps[color] = i + 1
        for e in range(starts[i], starts[i + 1]):
            j = np.int64(column[e])
            place[e] = colors[j] * n + i if times[colors[j]] == 1 else colors[i] * n + j


def _compression(pattern: Pattern, columns: Coloring, rows: Coloring, by_rows: NDArray[np.bool_]) -> Compression:
    """Entries marked in ``by_rows`` are read from the sweep of their row, the others from that of their column."""
    m, n = pattern.shape
    place = np.zeros(pattern.nnz, np.int64)
    row = pattern.row
    if columns.number:
        forward = ~by_rows
        place[forward] = columns.colors[pattern.column[forward]].astype(np.int64) * m + row[forward]
    if rows.number:
        place[by_rows] = (columns.number * m + rows.colors[row[by_rows]].astype(np.int64) * n) + pattern.column[by_rows]
    return Compression(pattern.shape, columns, rows, place)


def _dense_rows(pattern: Pattern, rest_cost: float, row_cost: float, least: float) -> NDArray[np.bool_] | None:
    """The longest rows, where a sweep for each and as many as the rest needs at least may cost less."""
    lengths = np.diff(pattern.starts)
    longest = np.argsort(-lengths, kind="stable")
    rest = np.append(lengths[longest], 0)[1:]
    costs = row_cost * np.arange(1, len(lengths) + 1) + rest_cost * rest
    if not len(costs) or costs.min() >= least:
        return None
    dense = np.zeros(len(lengths), np.bool_)
    dense[longest[: int(costs.argmin()) + 1]] = True
    return dense


def _split(pattern: Pattern, dense: NDArray[np.bool_]) -> tuple[Coloring, Coloring]:
    """Colours of the columns without the dense rows, and of the dense rows."""
    return color_columns(_rows_of(pattern, ~dense)), color_columns(_rows_of(pattern, dense).transposed())


def _rows_of(pattern: Pattern, kept: NDArray[np.bool_]) -> Pattern:
    """The pattern with some rows emptied."""
    lengths = np.where(kept, np.diff(pattern.starts), 0)
    starts = np.zeros(pattern.shape[0] + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return Pattern(pattern.shape, starts, pattern.column[kept[pattern.row]])

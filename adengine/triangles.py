"""Symmetric matrices of which one triangle is known: the other is filled from it, so both are equal bit for bit.

The lower triangle is the one that is computed, whatever computes it: so the dense matrix and the entries of the sparse
one are the same numbers, up to the rounding of the ways they are found. An entry (i, j) below the diagonal is the
derivative by x_j of the gradient's component i.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.graph import INT
from adengine.jit import Int, kernel
from adengine.unions import Pattern

_TILE = 32
"""Rows and columns that are mirrored at a time: a tile's lines of the cache are used whole."""


@kernel(types.void(types.Array(types.float64, 1, "C"), INT, INT))
def mirror(matrices: NDArray[np.float64], count: Int, n: Int) -> None:
    """Copy the lower triangle of each of some matrices, row-major one after another, to the upper one."""
    for number in range(count):
        start = number * n * n
        for top in range(0, n, _TILE):
            bottom = min(top + _TILE, n)
            for left in range(0, bottom, _TILE):
                for i in range(top, bottom):
                    for j in range(left, min(left + _TILE, i)):
                        matrices[start + j * n + i] = matrices[start + i * n + j]


def mirrored(pattern: Pattern) -> NDArray[np.int64]:
    """int64 array (nnz,): for each entry (i, j) of a symmetric pattern the number of the entry (j, i)."""
    # Sorted by column and then by row, the entries are the mirror images of those sorted by row and then by column.
    return np.argsort(pattern.column, kind="stable").astype(np.int64)


def lower_triangle(pattern: Pattern) -> Pattern:
    """The entries on and below the diagonal, of a square pattern."""
    kept = pattern.column <= pattern.row
    starts = np.zeros(pattern.shape[0] + 1, np.int64)
    np.cumsum(np.bincount(pattern.row[kept], minlength=pattern.shape[0]), out=starts[1:])
    return Pattern(pattern.shape, starts, pattern.column[kept])

"""Derivatives of each row by columns while the list of a Jacobian is made: the columns they stand in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.derive import I4
from adengine.graph import NONE


class Entries(NamedTuple):
    """Derivatives of each row by the columns it depends on, being found.

    Attributes
    ----------
    leaf : int32 array (rows,)
        Column of a row that is one scalar of a selected input, else -1.
    uses : int32 array (rows,)
        How many statements need the derivatives of a row; an output counts as two.
    moved : int32 array (rows,)
        Each row in the graph.
    first, length : int32 arrays (rows,)
        Where the derivatives of a row stand.
    column, value : int32 arrays (room,)
        Their columns, and their rows in the graph.
    row_total, row_stamp : int32 arrays (rows,)
        Adjoints while a tree is walked, and whose they are.
    column_total, column_stamp : int32 arrays (columns,)
        Sums while the derivatives of a row are put together, and whose they are.
    touched, stack : int32 arrays
        Scratch.
    """

    leaf: NDArray[np.int32]
    uses: NDArray[np.int32]
    moved: NDArray[np.int32]
    first: NDArray[np.int32]
    length: NDArray[np.int32]
    column: NDArray[np.int32]
    value: NDArray[np.int32]
    row_total: NDArray[np.int32]
    row_stamp: NDArray[np.int32]
    column_total: NDArray[np.int32]
    column_stamp: NDArray[np.int32]
    touched: NDArray[np.int32]
    stack: NDArray[np.int32]


ENTRIES = types.NamedUniTuple(I4, 13, Entries)  # type: ignore[no-untyped-call]


def new_entries(rows: int, columns: int, room_for: int) -> Entries:
    """Entries of so many rows and columns, nothing found yet, with room for so many derivatives."""

    def nothing(count: int) -> NDArray[np.int32]:
        return np.full(count, NONE, np.int32)

    return Entries(
        nothing(rows), np.zeros(rows, np.int32), nothing(rows), nothing(rows), np.zeros(rows, np.int32),
        np.empty(room_for, np.int32), np.empty(room_for, np.int32), nothing(rows), nothing(rows),
        nothing(columns), nothing(columns), nothing(rows), nothing(rows),
    )  # fmt: skip

"""Where the operands of eight statements at once lie, in as few numbers as say it.

Almost all lie side by side or are the same, which one number says; only what lies apart needs eight. A list too large
for the cache is bound by what its instructions take, and eight numbers for each argument were three quarters of that.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Int, kernel
from adengine.order import EIGHT_STATEMENTS
from adengine.schedule import BATCH, CODE, FLAGS, IN_1
from adengine.templates import ARITY, TABLES
from adengine.vector import APART

INT = types.int64
U4 = types.Array(types.uint32, 1, "C")
U4_2 = types.Array(types.uint32, 2, "C")
I8_2 = types.Array(types.int64, 2, "C")


@kernel(INT(U4_2, U4_2, I8_2, U4))
def _pack(
    code: NDArray[np.uint32], places: NDArray[np.uint32], facts: NDArray[np.int64], to: NDArray[np.uint32]
) -> Int:
    """Copy what is needed of the places and say in each instruction where it begins; returns how many were needed."""
    used = np.int64(0)
    for at in range(code.shape[0]):
        if code[at, CODE] < BATCH:
            continue
        row = np.int64(code[at, IN_1])
        code[at, IN_1] = used
        for j in range(facts[np.int64(code[at, CODE]) - BATCH, ARITY]):
            how = (np.int64(code[at, FLAGS]) >> (2 * j)) & 3
            for i in range(EIGHT_STATEMENTS if how == APART else 1):
                to[used] = places[row, EIGHT_STATEMENTS * j + i]
                used += 1
    return used


def packed(code: NDArray[np.uint32], places: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The places of a schedule as the evaluator reads them; its instructions are changed to say where theirs begin.

    Parameters
    ----------
    code : uint32 array (instructions, 8)
        A schedule's, before results are held; changed in place.
    places : uint32 array (batches, 24)

    Returns
    -------
    uint32 array
        For each argument of each instruction one number, or eight where its operands lie apart.
    """
    room = np.empty(places.size + 1, np.uint32)
    return room[: _pack(code, places, TABLES.facts, room) + 1].copy()

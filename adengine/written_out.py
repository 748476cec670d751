"""Sweeps written out: one list of all directions, one after another, for where a list runs without lanes.

What does not depend on the seeds stands once; the rest is repeated for each direction, with constants as its seeds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.counting import seeded_rows
from adengine.graph import FIRST, NONE, OPERATION, FlatList
from adengine.templates import ARITY, TABLES

Rows = NDArray[np.int32]


def written_length(derivative: FlatList, sweeps: int) -> int:
    """About how many rows :func:`written_out` gives."""
    seeded = int(seeded_rows(derivative).sum())
    return len(derivative.rows) - seeded + sweeps * seeded


class _Seeds:
    """Rows of the constants that are seeds, each constant once, and the arrays they name."""

    def __init__(self, arrays: int) -> None:
        self.rows: list[tuple[int, ...]] = []
        self.arrays: list[NDArray[np.float64]] = []
        self._known_arrays = arrays
        self._found: dict[bytes, int] = {}

    def row(self, values: NDArray[np.float64]) -> int:
        """Row of a constant."""
        places = np.flatnonzero(values.view(np.int64))  # of many ones that are nearly all zeros
        key = b"%d " % len(values) + places.tobytes() + values[places].tobytes()
        if key not in self._found:
            self._found[key] = len(self.rows)
            self.rows.append(self._made(values))
        return self._found[key]

    def _made(self, values: NDArray[np.float64]) -> tuple[int, ...]:
        if len(values) == 1:
            low, high = values.view(np.int32).tolist()
            return (op.CONST, low, high, NONE, NONE, 1)
        self.arrays.append(values)
        return (op.ARRAY, NONE, NONE, NONE, self._known_arrays + len(self.arrays) - 1, len(values))


def written_out(derivative: FlatList, seeds: NDArray[np.float64]) -> FlatList:
    """A dual or adjoint list, run along several directions.

    Parameters
    ----------
    derivative : FlatList
        Of which the last inputs are seeds.
    seeds : float64 array (sweeps, width)
        The directions.

    Returns
    -------
    FlatList
        Inputs: those that are no seeds. Outputs: the results, then the derivatives of each direction.
    """
    own = len(derivative.inputs) - derivative.seeds
    seeded = seeded_rows(derivative)
    repeated = np.flatnonzero(seeded & (derivative.rows[:, OPERATION] != op.INPUT))
    once = np.flatnonzero(~seeded)
    constants = _Seeds(len(derivative.arrays))
    edges = np.concatenate([[0], np.cumsum(derivative.input_sizes[own:])])
    given = [(place, int(row)) for place, row in enumerate(derivative.inputs[own:].tolist()) if row != NONE]
    chosen = [[constants.row(seed[edges[place] : edges[place + 1]]) for place, _ in given] for seed in seeds]
    moved = np.full(len(derivative.rows), NONE, np.int32)
    first = len(constants.rows)
    moved[once] = np.arange(first, first + len(once))
    first += len(once)
    parts = [np.array(constants.rows, np.int32).reshape(-1, 6), _renamed(derivative.rows[once], moved)]
    outputs = [_at(moved, derivative.outputs[: derivative.results])]
    for rows in chosen:
        moved[[row for _, row in given]] = rows
        moved[repeated] = np.arange(first, first + len(repeated))
        first += len(repeated)
        parts.append(_renamed(derivative.rows[repeated], moved))
        outputs.append(_at(moved, derivative.outputs[derivative.results :]))
    sizes = [derivative.output_sizes[: derivative.results]]
    sizes += [derivative.output_sizes[derivative.results :]] * len(seeds)
    return derivative._replace(
        rows=np.concatenate(parts), arrays=(*derivative.arrays, *constants.arrays), seeds=0,
        inputs=_at(moved, derivative.inputs[:own]), input_sizes=derivative.input_sizes[:own],
        outputs=np.concatenate(outputs), output_sizes=np.concatenate(sizes),
    )  # fmt: skip


def _at(moved: Rows, rows: Rows) -> Rows:
    """Where rows went; a structural zero stays one."""
    return np.where(rows >= 0, moved[rows], NONE).astype(np.int32) if len(moved) else rows.copy()


def _renamed(rows: Rows, moved: Rows) -> Rows:
    """Rows with their operands renamed."""
    renamed = rows.copy()
    for place in range(3):
        operands = rows[:, FIRST + place]
        used = (TABLES.facts[rows[:, OPERATION], ARITY] > place) & (operands >= 0)
        renamed[used, FIRST + place] = moved[operands[used]]
    return renamed

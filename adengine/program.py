"""A list made ready to run: instructions, arenas, and where inputs and outputs go."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, OPERATION, PARAMETER, SECOND, SIZE, FlatList
from adengine.schedule import ADDRESS, LANED, Schedule, schedule
from adengine.transfer import (
    IN_ADDRESS,
    IN_LANED,
    IN_OFFSET,
    IN_SIZE,
    IN_SOURCE,
    OUT_ADDRESS,
    OUT_DERIVATIVE,
    OUT_LANED,
    OUT_OFFSET,
    OUT_SIZE,
    OUT_SPREAD,
    SEED,
)
from adengine.vm import CHUNK, run_blocks

_IDLE_ARENAS = 4
"""Arenas that a program keeps for the next calls; one where they are large."""
_LARGE_BYTES = 16 << 20


class Program:
    """A list made ready to run with given laned inputs and number of lanes. Safe to run from several threads.

    Parameters
    ----------
    source : FlatList
    sources : int64 array (inputs, 2)
        For each input: POINT, SHARED or SEED, and its offset there.
    laned : uint8 array (inputs,)
        1 for inputs that have a value per lane.
    lanes : int
    """

    def __init__(self, source: FlatList, sources: NDArray[np.int64], laned: NDArray[np.uint8], lanes: int) -> None:
        self._schedule: Schedule = schedule(source, laned, lanes)
        self.lanes = lanes
        seeds = laned[sources[:, 0] == SEED]
        self._once: int = self._schedule.singles if seeds.all() else 0
        self._pool = source.pool if len(source.pool) else np.zeros(1, np.int64)
        self._constants = _constants(source, self._schedule)
        self._inputs = _input_table(source, sources, self._schedule)
        self._outputs = _output_table(source, self._schedule)
        self._arenas: list[NDArray[np.float64]] = []
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Bytes of one arena."""
        return 8 * (self._schedule.elements + 3 * CHUNK)

    @property
    def kept_bytes(self) -> int:
        """Bytes of the instructions and one arena, the same as long as the program lives."""
        plan = self._schedule
        return plan.code.nbytes + plan.places.nbytes + plan.layout.nbytes + self.bytes

    def _take_arena(self) -> NDArray[np.float64]:
        with self._lock:
            if self._arenas:
                return self._arenas.pop()
        arena = np.empty(self._schedule.elements + 3 * CHUNK)
        arena[self._constants.addresses] = self._constants.values
        for address, values in self._constants.arrays:
            arena[address : address + len(values)] = values
        return arena

    def _give_back(self, arena: NDArray[np.float64]) -> None:
        with self._lock:
            if len(self._arenas) < (_IDLE_ARENAS if self.bytes < _LARGE_BYTES else 1):
                self._arenas.append(arena)

    def run(
        self, blocks: NDArray[np.int64], x: NDArray[np.float64], shared: NDArray[np.float64],
        seeds: NDArray[np.float64], values: NDArray[np.float64], derivatives: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Run blocks, each a row of :data:`BLOCK_COLUMNS` numbers; all arrays are flat float64."""
        arena = self._take_arena()
        try:
            plan = self._schedule
            run_blocks(
                plan.code, self._once, plan.places, self._pool, arena, self.lanes, self._inputs, self._outputs,
                blocks, x, shared, seeds, values, derivatives,
            )  # fmt: skip
        finally:
            self._give_back(arena)


class Constants(NamedTuple):
    """Addresses and values of scalar constants, and address and values of each array constant."""

    addresses: NDArray[np.int64]
    values: NDArray[np.float64]
    arrays: list[tuple[int, NDArray[np.float64]]]


def _constants(source: FlatList, plan: Schedule) -> Constants:
    rows = source.rows
    scalars = np.flatnonzero(rows[:, OPERATION] == op.CONST)
    bits = (rows[scalars, SECOND].astype(np.int64) << 32) | (rows[scalars, FIRST].astype(np.int64) & 0xFFFFFFFF)
    arrays = np.flatnonzero(rows[:, OPERATION] == op.ARRAY)
    return Constants(
        plan.layout[scalars, ADDRESS],
        bits.view(np.float64),
        [(int(plan.layout[k, ADDRESS]), source.arrays[rows[k, PARAMETER]]) for k in arrays],
    )


def _input_table(source: FlatList, sources: NDArray[np.int64], plan: Schedule) -> NDArray[np.int64]:
    """One line per input that is used; neighbours that lie side by side at both ends are one line."""
    used = np.flatnonzero(source.inputs >= 0)
    rows = source.inputs[used]
    table = np.empty((len(used), 5), np.int64)
    table[:, IN_ADDRESS] = plan.layout[rows, ADDRESS]
    table[:, IN_SIZE] = source.input_sizes[used]
    table[:, IN_LANED] = plan.layout[rows, LANED]
    table[:, IN_SOURCE] = sources[used, 0]
    table[:, IN_OFFSET] = sources[used, 1]
    if len(table) < 2:
        return table
    width = np.where(table[:, IN_LANED] != 0, plan.lanes, 1)
    joined = (table[1:, IN_LANED] == table[:-1, IN_LANED]) & (table[1:, IN_SOURCE] == table[:-1, IN_SOURCE])
    joined &= table[1:, IN_OFFSET] == table[:-1, IN_OFFSET] + table[:-1, IN_SIZE]
    joined &= table[1:, IN_ADDRESS] == table[:-1, IN_ADDRESS] + table[:-1, IN_SIZE] * width[:-1]
    first = np.flatnonzero(np.concatenate([[True], ~joined]))
    lines = table[first]
    lines[:, IN_SIZE] = np.add.reduceat(table[:, IN_SIZE], first)
    return lines


def _output_table(source: FlatList, plan: Schedule) -> NDArray[np.int64]:
    table = np.zeros((len(source.outputs), 6), np.int64)
    used = source.outputs >= 0
    rows = source.outputs[used]
    table[:, OUT_ADDRESS] = -1
    table[used, OUT_ADDRESS] = plan.layout[rows, ADDRESS]
    table[:, OUT_SIZE] = source.output_sizes
    table[used, OUT_SPREAD] = source.rows[rows, SIZE] != source.output_sizes[used]
    table[used, OUT_LANED] = plan.layout[rows, LANED]
    table[source.results :, OUT_DERIVATIVE] = 1
    results, derivatives = source.output_sizes[: source.results], source.output_sizes[source.results :]
    table[: source.results, OUT_OFFSET] = np.cumsum(results) - results
    table[source.results :, OUT_OFFSET] = np.cumsum(derivatives) - derivatives
    return table

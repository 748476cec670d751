"""A list made ready to run: instructions, arenas, and where inputs and outputs go."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine import descriptor
from adengine import opcodes as op
from adengine.account import take
from adengine.graph import FIRST, OPERATION, PARAMETER, SECOND, SIZE, FlatList
from adengine.laned import LANED
from adengine.links import linked
from adengine.machine_code import MachineCode
from adengine.machine_text import machine_text
from adengine.packed import packed
from adengine.schedule import Schedule, schedule
from adengine.storage import ADDRESS
from adengine.strips import mark_strips
from adengine.strong_zeros import may_be_plain
from adengine.transfer import (
    IN_ADDRESS,
    IN_COLUMNS,
    IN_LANED,
    IN_OFFSET,
    IN_SIZE,
    IN_SOURCE,
    OUT_ADDRESS,
    OUT_COLUMNS,
    OUT_DERIVATIVE,
    OUT_LANED,
    OUT_OFFSET,
    OUT_SIZE,
    OUT_SPREAD,
    POINT,
    SCATTERED_FROM,
    SEED,
    SHARED,
    STRUCTURAL_ZERO,
)
from adengine.vector_library import Routines, best
from adengine.vm import CHUNK, run_bare, run_blocks, run_some

VM, MACHINE = "vm", "machine"
"""The tiers: what runs a program."""

SCRATCH = 3 * CHUNK
"""Elements at the end of an arena where the evaluator writes operands out."""
_LINE = 64
"""Bytes of a line of the cache: eight numbers that lie in one are loaded and stored at once."""
_IDLE_ARENAS = 4
"""Arenas that a program keeps for the next calls; one where they are large."""
_LARGE_BYTES = 16 << 20
_TRIALS = 5
_BYTES_OF_ROW = 200
"""What a row takes while its list is put in order (170 to 200 were measured, on lists of 10^5 to 2 10^6 rows)."""


class Arena(NamedTuple):
    """Where the variables of one run live, and the descriptor that the kernel is given."""

    memory: NDArray[np.float64]
    descriptor: NDArray[np.int64]


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
    routines : Routines
        Vector routines for the elementary functions; by default the best there are.
    compiled : bool
        Compile it to machine code, which takes some microseconds a statement; with 1 or 8 lanes only.

    Attributes
    ----------
    tier : str
        What runs it: ``vm`` or ``machine``.
    """

    def __init__(
        self, source: FlatList, sources: NDArray[np.int64], laned: NDArray[np.uint8], lanes: int,
        routines: Routines | None = None, *, compiled: bool = False,
    ) -> None:  # fmt: skip
        take(_BYTES_OF_ROW * len(source.rows), "the order in which statements run")
        self._schedule: Schedule = schedule(source, laned, lanes, nearby=compiled)
        self._pool = source.pool if len(source.pool) else np.zeros(1, np.int64)
        mark_strips(self._schedule, self._pool)
        code = self._schedule.code.copy()
        self._places = packed(code, self._schedule.places)
        self._code = linked(code, hold=not compiled)
        self.lanes = lanes
        self._routines = routines if routines is not None else best()
        seeds = laned[sources[:, 0] == SEED]
        self._once: int = self._schedule.singles if seeds.all() else 0
        self._constants = _constants(source, self._schedule)
        self._inputs = _input_table(source, sources, self._schedule)
        self._outputs, self._scattered = _output_table(source, self._schedule)
        self.bytes: int = 8 * (self._schedule.elements + SCRATCH)
        """Bytes of one arena."""
        self._most_idle = _IDLE_ARENAS if self.bytes < _LARGE_BYTES else 1
        self._idle: list[Arena] = []
        self._calls_in_pieces = 0
        self._lock = threading.Lock()
        self.pace = 1.0
        """How many times longer it takes than expected, as measured last."""
        self._machine: MachineCode | None = None
        self._plain = False
        self.tier = VM
        if compiled:
            self._plain = _has_many_products(source) and may_be_plain(source)
            self._itself = self._descriptor(np.zeros(0))
            used = source.outputs[source.outputs >= 0]
            self._machine = self._compile(self._schedule.layout[used, ADDRESS])
            self.tier = MACHINE
        self._schedule = self._schedule._replace(code=self._code[:0], places=self._schedule.places[:0].copy())

    @property
    def kept_bytes(self) -> int:
        """Bytes of the instructions and of the arenas that may stay, the same as long as the program lives."""
        plan = self._schedule
        tables = self._inputs.nbytes + self._outputs.nbytes + self._scattered.nbytes
        arenas = self._most_idle * self.bytes
        machine = self._machine.bytes if self._machine is not None else 0
        return self._code.nbytes + self._places.nbytes + plan.layout.nbytes + tables + arenas + machine

    def _compile(self, outputs: NDArray[np.int64]) -> MachineCode:
        elements = self._schedule.elements + 3 * CHUNK
        call_back = (
            f"call void inttoptr (i64 {run_some.address} to ptr)"
            f"(i64 {self._itself.ctypes.data}, ptr %0, i64 {elements}, i64 {self.lanes}, i64 "
        )
        text = machine_text(
            self._schedule, self._pool, outputs, self._once, self._routines, call_back, plain=self._plain
        )  # fmt: skip
        return MachineCode(text)

    def new_arena(self) -> Arena:
        """Memory for one run, with its constants and its descriptor."""
        room = np.empty(self._schedule.elements + SCRATCH + _LINE // 8)
        first = (-room.ctypes.data % _LINE) // 8
        memory = room[first : first + self._schedule.elements + SCRATCH]
        memory[self._constants.addresses] = self._constants.values
        for address, values in self._constants.arrays:
            memory[address : address + len(values)] = values
        return Arena(memory, self._descriptor(memory))

    def _descriptor(self, memory: NDArray[np.float64]) -> NDArray[np.int64]:
        """The program with one arena, as the kernel reads it; all columns live as long as the program."""
        row = np.zeros(descriptor.DESCRIPTOR_LENGTH, np.int64)
        columns: list[tuple[int, NDArray[Any]]] = [
            (descriptor.CODE, self._code), (descriptor.PLACES, self._places), (descriptor.POOL, self._pool),
            (descriptor.ARENA, memory), (descriptor.INPUTS, self._inputs), (descriptor.OUTPUTS, self._outputs),
            (descriptor.SCATTERED, self._scattered),
        ]  # fmt: skip
        for place, column in columns:
            row[place], row[place + 1] = column.ctypes.data, len(column)
        row[descriptor.LANES], row[descriptor.ONCE] = self.lanes, self._once
        row[descriptor.ROUTINES] = self._routines.address
        if self._machine is not None:
            row[descriptor.WHOLE], row[descriptor.REST] = self._machine.whole, self._machine.rest
            row[descriptor.PLAIN] = self._plain
        return row

    def run(
        self, blocks: NDArray[np.int64], x: NDArray[np.float64], shared: NDArray[np.float64],
        seeds: NDArray[np.float64], values: NDArray[np.float64], derivatives: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Run blocks, each a row of :data:`BLOCK_COLUMNS` numbers; all arrays are flat float64."""
        idle = self._idle  # popping and appending are atomic: no lock
        try:
            arena = idle.pop()
        except IndexError:
            arena = self.new_arena()
        try:
            run_blocks(arena.descriptor, blocks, x, shared, seeds, values, derivatives)
        finally:
            if len(idle) < self._most_idle or self._calls_in_pieces:
                idle.append(arena)

    def bare_ns(self) -> float:
        """Nanoseconds of one run, without what goes in and out; on zeros, the least of a few."""
        arena = self.new_arena()
        arena.memory[:] = 0.0
        least = math.inf
        for _ in range(_TRIALS):
            started = time.perf_counter_ns()
            run_bare(arena.descriptor)
            least = min(least, time.perf_counter_ns() - started)
        return least

    @contextmanager
    def keeping_arenas(self) -> Iterator[None]:
        """While a call runs in pieces, arenas stay for its next piece: a large one is slow to make."""
        with self._lock:
            self._calls_in_pieces += 1
        try:
            yield
        finally:
            with self._lock:
                self._calls_in_pieces -= 1
                if not self._calls_in_pieces:
                    del self._idle[self._most_idle :]


class Constants(NamedTuple):
    """Addresses and values of scalar constants, and address and values of each array constant."""

    addresses: NDArray[np.int64]
    values: NDArray[np.float64]
    arrays: list[tuple[int, NDArray[np.float64]]]


def _has_many_products(source: FlatList) -> bool:
    """Whether strong zeros cost more than looking for NaN: about as much for each product as that for each output."""
    products = source.rows[:, OPERATION] == op.ZERO_SAFE_MULTIPLY
    return int(source.rows[products, SIZE].sum()) >= int(source.output_sizes.sum())


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
    table = np.empty((len(used), IN_COLUMNS), np.int64)
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


def _output_table(source: FlatList, plan: Schedule) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lines, and the places of neighbouring outputs of one element, which share a line."""
    table = np.zeros((len(source.outputs), OUT_COLUMNS), np.int64)
    used = source.outputs >= 0
    rows = source.outputs[used]
    table[:, OUT_ADDRESS] = STRUCTURAL_ZERO
    table[used, OUT_ADDRESS] = plan.layout[rows, ADDRESS]
    table[:, OUT_SIZE] = source.output_sizes
    table[used, OUT_SPREAD] = source.rows[rows, SIZE] != source.output_sizes[used]
    table[used, OUT_LANED] = plan.layout[rows, LANED]
    table[source.results :, OUT_DERIVATIVE] = 1
    results, derivatives = source.output_sizes[: source.results], source.output_sizes[source.results :]
    table[: source.results, OUT_OFFSET] = np.cumsum(results) - results
    table[source.results :, OUT_OFFSET] = np.cumsum(derivatives) - derivatives
    return _joined_outputs(table)


def _joined_outputs(table: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Neighbouring outputs of one element as one line, with a list of their places: see `transfer`."""
    single = (table[:, OUT_SIZE] == 1) & (table[:, OUT_ADDRESS] >= 0)
    alike = single[1:] & single[:-1] & (table[1:, OUT_DERIVATIVE] == table[:-1, OUT_DERIVATIVE])
    first = np.flatnonzero(np.concatenate([[True], ~alike])) if len(table) else np.zeros(0, np.intp)
    lines = table[first]
    many = np.diff(np.concatenate([first, [len(table)]]))
    lines[many > 1, OUT_ADDRESS] = SCATTERED_FROM - first[many > 1]
    lines[many > 1, OUT_SIZE] = many[many > 1]
    return lines, np.concatenate([2 * table[:, OUT_ADDRESS] + (table[:, OUT_LANED] != 0), [0]])


def input_sources(flat: FlatList, own: int, shared: Sequence[int]) -> NDArray[np.int64]:
    """Where each input of a flat list finds its values: points in order, shared values as they were named.

    The first ``own`` inputs are the function's, the rest seeds.
    """
    offset_of_shared = dict(zip(shared, _offsets([int(flat.input_sizes[i]) for i in shared]), strict=True))
    offsets = {POINT: 0, SEED: 0}
    table = np.empty((len(flat.inputs), 2), np.int64)
    for number, size in enumerate(flat.input_sizes):
        if number in offset_of_shared:
            table[number] = SHARED, offset_of_shared[number]
            continue
        kind = SEED if number >= own else POINT
        table[number] = kind, offsets[kind]
        offsets[kind] += int(size)
    return table


def _offsets(sizes: Sequence[int]) -> list[int]:
    """Where each of several pieces begins when they stand one after another."""
    return list(itertools.accumulate(sizes, initial=0))[:-1]

"""The evaluator: one loop over instructions, over lanes, without the GIL.

A *job* is a sequence of blocks of lanes. Each block loads its inputs into the arena, runs the instructions and stores
its outputs. A block of directions fills the seeds with columns of the identity when a Jacobian is asked for.
"""

from __future__ import annotations

import threading

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.dispatch import row, scalar
from adengine.graph import FIRST, OPERATION, PARAMETER, SECOND, SIZE, FlatList
from adengine.jit import Int, kernel
from adengine.schedule import (
    ADDRESS,
    CODE,
    COUNT,
    FLAGS,
    FLAT,
    IN_1,
    IN_2,
    IN_3,
    IN_PLACE,
    LANED,
    LANED_1,
    LANED_2,
    LANED_3,
    LANED_OUT,
    MANY_1,
    MANY_2,
    MANY_3,
    NO_BASE,
    OUT,
    POOL,
    ROW,
    Schedule,
    schedule,
)  # fmt: skip
from adengine.structural import extremes, logsumexps, matrix_product, start_from, sum_all, take, walk

U = types.uint64
U4_2 = types.Array(types.uint32, 2, "C")
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")

POINT, SHARED, SEED = 0, 1, 2
"""Where an input's values come from."""


@kernel(types.void(U4_2, U, I8, F8, U))
def _elementwise(
    code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int
) -> None:
    """An elementwise statement over elements, lanes, or both."""
    operation = U(code[at, CODE] - ROW)
    flags = U(code[at, FLAGS])
    n = U(code[at, COUNT])
    out = U(code[at, OUT])
    i = U(code[at, IN_1])
    j = U(code[at, IN_2])
    h = U(code[at, IN_3])
    k = pool[code[at, POOL]]
    width = lanes if flags & LANED_OUT else U(1)
    if flags & FLAT:
        di = U(1) if flags & (LANED_1 | MANY_1) else U(0)
        dj = U(1) if flags & (LANED_2 | MANY_2) else U(0)
        dh = U(1) if flags & (LANED_3 | MANY_3) else U(0)
        row(operation, out, i, j, h, n * width, di, dj, dh, k, w)
        return
    li = U(1) if flags & LANED_1 else U(0)
    lj = U(1) if flags & LANED_2 else U(0)
    lh = U(1) if flags & LANED_3 else U(0)
    di = (width if li else U(1)) if flags & MANY_1 else U(0)
    dj = (width if lj else U(1)) if flags & MANY_2 else U(0)
    dh = (width if lh else U(1)) if flags & MANY_3 else U(0)
    for e in range(n):
        row(operation, out + e * width, i + e * di, j + e * dj, h + e * dh, width, li, lj, lh, k, w)


@kernel(types.void(U4_2, U, I8, F8, U))
def _scatter(code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int) -> None:
    """ACCUMULATE and SCATTER_ADD."""
    flags = U(code[at, FLAGS])
    out = U(code[at, OUT])
    base = U(code[at, IN_1])
    update = U(code[at, IN_2])
    count = U(code[at, COUNT])
    updates = U(code[at, IN_3])
    place = U(code[at, POOL])
    width = lanes if flags & LANED_OUT else U(1)
    base_width = lanes if flags & LANED_1 else U(1)
    update_width = lanes if flags & LANED_2 else U(1)
    if not flags & IN_PLACE:
        base_count = count if flags & MANY_1 else U(1)
        start_from(w, out, base, count, base_count, width, base_width, flags & NO_BASE == 0)
    if code[at, CODE] - ROW == op.SCATTER_ADD:
        take(w, pool, place, out, update, width, update_width, True)
    elif count == 1 and updates > 1 and update_width == width:
        sum_all(w, out, update, updates, width)
    else:
        walk(w, pool, place, out, update, width, update_width, True)


@kernel(types.void(U4_2, U, I8, F8, U))
def _structural(code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int) -> None:
    """One structural statement."""
    operation = code[at, CODE] - ROW
    flags = U(code[at, FLAGS])
    out = U(code[at, OUT])
    x = U(code[at, IN_1])
    place = U(code[at, POOL])
    width = lanes if flags & LANED_OUT else U(1)
    if operation == op.VIEW:
        walk(w, pool, place, x, out, width, width, False)
    elif operation == op.ACCUMULATE or operation == op.SCATTER_ADD:
        _scatter(code, at, pool, w, lanes)
    elif operation == op.GATHER:
        take(w, pool, place, x, out, width, width, False)
    elif operation == op.MATMUL or operation == op.ZERO_SAFE_MATMUL:
        x_width = lanes if flags & LANED_1 else U(1)
        y_width = lanes if flags & LANED_2 else U(1)
        y = U(code[at, IN_2])
        matrix_product(w, pool, place, out, x, y, width, x_width, y_width, operation == op.ZERO_SAFE_MATMUL)
    elif operation == op.LOGSUMEXPS:
        logsumexps(w, out, x, U(pool[place]), U(pool[place + 1]), width)
    else:
        extremes(w, out, x, U(pool[place]), U(pool[place + 1]), width, operation == op.MAXIMA)


@kernel(types.void(U4_2, I8, F8, U))
def run(code: NDArray[np.uint32], pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int) -> None:
    """Run all instructions on an arena."""
    for at in range(np.uint64(code.shape[0])):
        operation = U(code[at, CODE])
        if operation < ROW:
            k = pool[code[at, POOL]]
            scalar(operation, U(code[at, OUT]), U(code[at, IN_1]), U(code[at, IN_2]), U(code[at, IN_3]), k, w)
        elif operation < ROW + op.FIRST_STRUCTURAL:
            _elementwise(code, at, pool, w, lanes)
        else:
            _structural(code, at, pool, w, lanes)


IN_ADDRESS, IN_SIZE, IN_LANED, IN_SOURCE, IN_OFFSET = range(5)
"""Columns of a program's input table."""

OUT_ADDRESS, OUT_SIZE, OUT_SPREAD, OUT_LANED, OUT_DERIVATIVE, OUT_OFFSET = range(6)
"""Columns of its output table; address -1 is a structural zero, spread means that one element stands for all."""

VALID, X_BASE, X_STRIDE, S_BASE, S_STRIDE, V_BASE, V_STRIDE, D_BASE, D_LANE, D_ELEMENT, IDENTITY = range(11)
"""Columns of a block: lanes that count; where points, seeds, values and derivatives start and how far one lane is from
the next (elements for `D_ELEMENT`); the first column of the identity for the seeds, or -1. Values are skipped where
`V_BASE` is -1."""

BLOCK_COLUMNS = 11


@kernel(types.void(F8, I8_2, I8, U, F8, F8, F8))
def _load(
    w: NDArray[np.float64], inputs: NDArray[np.int64], block: NDArray[np.int64], lanes: Int, x: NDArray[np.float64],
    shared: NDArray[np.float64], seeds: NDArray[np.float64],
) -> None:  # fmt: skip
    """Bring the inputs of a block into the arena; lanes beyond the valid ones repeat the last."""
    for r in range(inputs.shape[0]):
        address = inputs[r, IN_ADDRESS]
        if address < 0:
            continue
        laned = inputs[r, IN_LANED] != 0
        width = np.int64(lanes) if laned else np.int64(1)
        source = inputs[r, IN_SOURCE]
        offset = inputs[r, IN_OFFSET]
        size = inputs[r, IN_SIZE]
        if source == SEED and block[IDENTITY] >= 0:
            for i in range(size * width):
                w[address + i] = 0.0
            for lane in range(width):
                one = block[IDENTITY] + min(lane, block[VALID] - 1) - offset
                if 0 <= one < size:
                    w[address + one * width + lane] = 1.0
            continue
        for lane in range(width):
            valid = min(lane, block[VALID] - 1)
            if source == SHARED:
                for i in range(size):
                    w[address + i] = shared[offset + i]
            elif source == POINT:
                first = block[X_BASE] + valid * block[X_STRIDE] + offset
                for i in range(size):
                    w[address + i * width + lane] = x[first + i]
            else:
                first = block[S_BASE] + valid * block[S_STRIDE] + offset
                for i in range(size):
                    w[address + i * width + lane] = seeds[first + i]


@kernel(types.void(F8, I8_2, I8, U, F8, F8))
def _store(
    w: NDArray[np.float64], outputs: NDArray[np.int64], block: NDArray[np.int64], lanes: Int,
    values: NDArray[np.float64], derivatives: NDArray[np.float64],
) -> None:  # fmt: skip
    """Take the outputs of a block from the arena."""
    for r in range(outputs.shape[0]):
        derivative = outputs[r, OUT_DERIVATIVE] != 0
        if not derivative and block[V_BASE] < 0:
            continue
        address = outputs[r, OUT_ADDRESS]
        width = np.int64(lanes) if outputs[r, OUT_LANED] != 0 else np.int64(1)
        spread = outputs[r, OUT_SPREAD] != 0
        target = derivatives if derivative else values
        element = block[D_ELEMENT] if derivative else np.int64(1)
        for lane in range(block[VALID]):
            if derivative:
                to = block[D_BASE] + lane * block[D_LANE] + outputs[r, OUT_OFFSET] * element
            else:
                to = block[V_BASE] + lane * block[V_STRIDE] + outputs[r, OUT_OFFSET]
            source = address + (lane if width != 1 else 0)
            for i in range(outputs[r, OUT_SIZE]):
                if address < 0:
                    target[to] = 0.0
                else:
                    target[to] = w[source + (0 if spread else i * width)]
                to += element
            if not derivative and block[V_STRIDE] == 0:
                break


@kernel(types.void(U4_2, I8, F8, U, I8_2, I8_2, I8_2, F8, F8, F8, F8, F8))
def run_blocks(
    code: NDArray[np.uint32], pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int, inputs: NDArray[np.int64],
    outputs: NDArray[np.int64], blocks: NDArray[np.int64], x: NDArray[np.float64], shared: NDArray[np.float64],
    seeds: NDArray[np.float64], values: NDArray[np.float64], derivatives: NDArray[np.float64],
) -> None:  # fmt: skip
    """Load, run and store, block after block."""
    for b in range(blocks.shape[0]):
        block = blocks[b]
        _load(w, inputs, block, lanes, x, shared, seeds)
        run(code, pool, w, lanes)
        _store(w, outputs, block, lanes, values, derivatives)


_IDLE_ARENAS = 4
"""Arenas that a program keeps for the next calls."""


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
        self._pool = source.pool if len(source.pool) else np.zeros(1, np.int64)
        self._constants = _constants(source, self._schedule)
        self._inputs = _input_table(source, sources, self._schedule)
        self._outputs = _output_table(source, self._schedule)
        self._arenas: list[NDArray[np.float64]] = []
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Bytes of one arena."""
        return 8 * self._schedule.elements

    @property
    def instructions(self) -> int:
        """Instructions of one run."""
        return len(self._schedule.code)

    def _take_arena(self) -> NDArray[np.float64]:
        with self._lock:
            if self._arenas:
                return self._arenas.pop()
        arena = np.empty(self._schedule.elements + 1)
        for address, values in self._constants:
            arena[address : address + len(values)] = values
        return arena

    def _give_back(self, arena: NDArray[np.float64]) -> None:
        with self._lock:
            if len(self._arenas) < _IDLE_ARENAS:
                self._arenas.append(arena)

    def run(
        self, blocks: NDArray[np.int64], x: NDArray[np.float64], shared: NDArray[np.float64],
        seeds: NDArray[np.float64], values: NDArray[np.float64], derivatives: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Run blocks, each a row of :data:`BLOCK_COLUMNS` numbers; all arrays are flat float64."""
        arena = self._take_arena()
        try:
            run_blocks(
                self._schedule.code, self._pool, arena, self.lanes, self._inputs, self._outputs, blocks, x, shared,
                seeds, values, derivatives,
            )  # fmt: skip
        finally:
            self._give_back(arena)


def _constants(source: FlatList, plan: Schedule) -> list[tuple[int, NDArray[np.float64]]]:
    """Address and values of every constant."""
    rows = source.rows
    found: list[tuple[int, NDArray[np.float64]]] = []
    scalars = np.flatnonzero(rows[:, OPERATION] == op.CONST)
    bits = (rows[scalars, SECOND].astype(np.int64) << 32) | (rows[scalars, FIRST].astype(np.int64) & 0xFFFFFFFF)
    for k, value in zip(scalars, bits.view(np.float64), strict=True):
        found.append((int(plan.layout[k, ADDRESS]), np.array([value])))
    for k in np.flatnonzero(rows[:, OPERATION] == op.ARRAY):
        found.append((int(plan.layout[k, ADDRESS]), source.arrays[rows[k, PARAMETER]]))
    return found


def _input_table(source: FlatList, sources: NDArray[np.int64], plan: Schedule) -> NDArray[np.int64]:
    table = np.empty((len(source.inputs), 5), np.int64)
    used = source.inputs >= 0
    table[:, IN_ADDRESS] = -1
    table[used, IN_ADDRESS] = plan.layout[source.inputs[used], ADDRESS]
    table[:, IN_LANED] = 0
    table[used, IN_LANED] = plan.layout[source.inputs[used], LANED]
    table[:, IN_SIZE] = source.input_sizes
    table[:, IN_SOURCE] = sources[:, 0]
    table[:, IN_OFFSET] = sources[:, 1]
    return table


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

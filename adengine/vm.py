"""The evaluator: one loop over instructions, over lanes, without the GIL.

Scalar statements go through the dispatcher one by one; statements over elements or lanes run as rows. Each block of
lanes loads its inputs into the arena, runs the instructions and stores its outputs.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import descriptor as of
from adengine import opcodes as op
from adengine.descriptor import (
    blocks_at,
    call_at,
    float64_at,
    inputs_at,
    instructions_at,
    int64_at,
    outputs_at,
    places_at,
)
from adengine.dispatch import batches, laned, row, single
from adengine.exponentials import logsumexps
from adengine.jit import Int, c_function, kernel
from adengine.moves import copy_eight, spread_to_eight
from adengine.products import matrix_product
from adengine.schedule import (
    BATCH,
    CODE,
    COLUMNS,
    COUNT,
    EIGHT,
    FLAGS,
    FLAT,
    IN_1,
    IN_2,
    IN_3,
    IN_PLACE,
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
)  # fmt: skip
from adengine.stopping import stopped
from adengine.strips import group_of, strip_of
from adengine.structural import extremes, start_from, take
from adengine.transfer import V_BASE, X_BASE, X_STRIDE, load, store, stored_nan
from adengine.views import walk, walk_part

U = types.uint64
U4 = types.Array(types.uint32, 1, "C")
U4_2 = types.Array(types.uint32, 2, "C")
F8 = types.Array(types.float64, 1, "C")
F8R = types.Array(types.float64, 1, "C", readonly=True)
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")

CHUNK = 1024
"""Elements of each of three scratch areas at the end of the arena; at least as many as there are lanes."""

_STRETCH, _PART, _BLOCKS, _LONG = 1 << 15, 1 << 15, 15, 1024
"""Instructions, elements of a statement, and blocks (less one, a power of two) after which a run looks whether it is to
stop, and elements before which it looks anyway. Shorter stretches disturb the prediction of branches: up to 1 us."""


@kernel(types.void(F8, U, U, U, U, U, U), inner=True)
def _spread(w: NDArray[np.float64], to: Int, source: Int, count: Int, width: Int, element: Int, lane: Int) -> None:
    """Write an operand out for all elements and lanes, from one that has only elements, or only lanes."""
    for e in range(count):
        first = source + e * element
        for i in range(U(0), width, U(8)):
            if lane:
                copy_eight(w, to + e * width + i, first + i)
            else:
                spread_to_eight(w, to + e * width + i, first)


_PLACE = types.UniTuple(U, 2)  # type: ignore[no-untyped-call]


@kernel(_PLACE(F8, U, U, U, U, U, U, U), inner=True, apart=True)
def _operand(
    w: NDArray[np.float64], flags: Int, number: Int, place: Int, first: Int, count: Int, width: Int, scratch: Int
) -> tuple[Int, Int]:  # fmt: skip
    """Where a piece of an operand stands for all elements and lanes, and its stride there."""
    laned = (flags >> number) & U(1)
    many = (flags >> (U(3) + number)) & U(1)
    if laned and many:
        return place + first * width, U(1)
    if not laned and not many:
        return place, U(0)
    start = place + first if many else place
    _spread(w, scratch, start, count, width, many, laned)
    return scratch, U(1)


@kernel(types.void(U4_2, U, types.int64, F8, U, U, U, U), inner=True)
def _by_chunks(
    code: NDArray[np.uint32], at: Int, k: Int, w: NDArray[np.float64], width: Int, routines: Int, begin: Int,
    end: Int,
) -> None:  # fmt: skip
    """An elementwise statement whose operands differ in lanes or elements: they are written out piece by piece."""
    operation = U(code[at, CODE] - ROW)
    flags = U(code[at, FLAGS])
    piece = max(U(1), U(CHUNK) // width)
    scratch = U(w.shape[0] - 3 * CHUNK)
    for first in range(begin, end, piece):
        count = min(piece, end - first)
        places = (U(code[at, IN_1]), U(code[at, IN_2]), U(code[at, IN_3]))
        i, di = _operand(w, flags, U(0), places[0], first, count, width, scratch)
        j, dj = _operand(w, flags, U(1), places[1], first, count, width, scratch + U(CHUNK))
        h, dh = _operand(w, flags, U(2), places[2], first, count, width, scratch + U(2 * CHUNK))
        out = U(code[at, OUT]) + first * width
        row(operation, out, i, j, h, count * width, di, dj, dh, k, w, routines)


@kernel(types.void(U4_2, U, I8, F8, U, U, U, U), inner=True, apart=True)
def _elementwise(
    code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int, routines: Int,
    first: Int, end: Int,
) -> None:  # fmt: skip
    """An elementwise statement over elements, lanes, or both; the elements from the first to the end."""
    operation = U(code[at, CODE] - ROW)
    flags = U(code[at, FLAGS])
    k = pool[code[at, POOL]]
    width = lanes if flags & LANED_OUT else U(1)
    if flags & FLAT:
        di = U(1) if flags & (LANED_1 | MANY_1) else U(0)
        dj = U(1) if flags & (LANED_2 | MANY_2) else U(0)
        dh = U(1) if flags & (LANED_3 | MANY_3) else U(0)
        skipped = first * width
        out = U(code[at, OUT]) + skipped
        i, j = U(code[at, IN_1]) + skipped * di, U(code[at, IN_2]) + skipped * dj
        h = U(code[at, IN_3]) + skipped * dh
        row(operation, out, i, j, h, (end - first) * width, di, dj, dh, k, w, routines)
        return
    _by_chunks(code, at, k, w, width, routines, first, end)


@kernel(types.void(U4_2, U, F8, U), inner=True)
def _start(code: NDArray[np.uint32], at: Int, w: NDArray[np.float64], lanes: Int) -> None:
    """What ACCUMULATE and SCATTER_ADD add to, unless it is there already."""
    flags = U(code[at, FLAGS])
    if flags & IN_PLACE:
        return
    count = U(code[at, COUNT])
    width = lanes if flags & LANED_OUT else U(1)
    base_width = lanes if flags & LANED_1 else U(1)
    base_count = count if flags & MANY_1 else U(1)
    start_from(
        w, U(code[at, OUT]), U(code[at, IN_1]), count, base_count, width, base_width, flags & NO_BASE == 0
    )  # fmt: skip


@kernel(types.void(U4_2, U, I8, F8, U), inner=True, apart=True)
def _scatter(code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int) -> None:
    """ACCUMULATE and SCATTER_ADD."""
    flags = U(code[at, FLAGS])
    out = U(code[at, OUT])
    update = U(code[at, IN_2])
    place = U(code[at, POOL])
    width = lanes if flags & LANED_OUT else U(1)
    update_width = lanes if flags & LANED_2 else U(1)
    _start(code, at, w, lanes)
    if code[at, CODE] - ROW == op.SCATTER_ADD:
        take(w, pool, place, out, update, width, update_width, True)
    else:
        walk(w, pool, place, out, update, width, update_width, True)


@kernel(types.void(U4_2, U, I8, F8, U, U), inner=True, apart=True)
def _structural(
    code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int, routines: Int
) -> None:  # fmt: skip
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
        logsumexps(w, out, x, U(pool[place]), U(pool[place + 1]), width, routines)
    else:
        extremes(w, out, x, U(pool[place]), U(pool[place + 1]), width, operation == op.MAXIMA)


@kernel(types.void(U4_2, U, I8, F8, U, U, U, U), inner=True, apart=True)
def _strip(
    code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int, routines: Int,
    first: Int, end: Int,
) -> None:  # fmt: skip
    """One strip of a statement: elementwise, VIEW or ACCUMULATE."""
    operation = code[at, CODE] - ROW
    if operation < op.FIRST_STRUCTURAL:
        _elementwise(code, at, pool, w, lanes, routines, first, end)
        return
    width = lanes if code[at, FLAGS] & LANED_OUT else U(1)
    out, place = U(code[at, OUT]), U(code[at, POOL])
    if operation == op.VIEW:
        walk_part(w, pool, place, U(code[at, IN_1]), out, width, first, end - first, False)
        return
    if first == U(0):
        _start(code, at, w, lanes)
    walk_part(w, pool, place, out, U(code[at, IN_2]), width, first, end - first, True)


@kernel(types.void(U4_2, U, I8, F8, U, U), inner=True, apart=True)
def _in_strips(
    code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int, routines: Int
) -> None:  # fmt: skip
    """Statements over the same elements, strip by strip, so that what they hand on stays in the cache."""
    count: Int = U(code[at, COUNT])
    strip: Int = U(strip_of(code[at, FLAGS]))
    last: Int = at + U(group_of(code[at, FLAGS]))
    for first in range(U(0), count, strip):
        if stopped() != 0:
            return
        for member in range(at, last):
            _strip(code, member, pool, w, lanes, routines, first, min(first + strip, count))


@kernel(types.void(U4_2, U, I8, F8, U, U), inner=True, apart=True)
def _in_parts(
    code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int, routines: Int
) -> None:  # fmt: skip
    """A long elementwise statement, part by part, each a multiple of eight elements."""
    count: Int = U(code[at, COUNT])
    for first in range(U(0), count, U(_PART)):
        if stopped() != 0:
            return
        _elementwise(code, at, pool, w, lanes, routines, first, min(first + U(_PART), count))


@kernel(U(U4_2, U, I8, F8, U, U), inner=True)
def _other(
    code: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], lanes: Int, routines: Int
) -> Int:  # fmt: skip
    """One instruction of the other kinds, or a group of them; returns where the next is."""
    group: Int = U(group_of(code[at, FLAGS]))
    if group > U(1) and at + group <= U(code.shape[0]):
        _in_strips(code, at, pool, w, lanes, routines)
        return at + group
    count: Int = U(code[at, COUNT])
    width = lanes if code[at, FLAGS] & LANED_OUT else U(1)
    if count * width >= U(_LONG) and stopped() != 0:
        return U(code.shape[0])
    if code[at, CODE] < ROW + op.FIRST_STRUCTURAL:
        if count > U(_PART):
            _in_parts(code, at, pool, w, lanes, routines)
        else:
            _elementwise(code, at, pool, w, lanes, routines, U(0), count)
    else:
        _structural(code, at, pool, w, lanes, routines)
    return at + U(1)


@kernel(types.void(U4_2, U, U4, I8, F8, U, U), inner=True, apart=True)
def run(
    code: NDArray[np.uint32], first: Int, places: NDArray[np.uint32], pool: NDArray[np.int64], w: NDArray[np.float64],
    lanes: Int, routines: Int,
) -> None:  # fmt: skip
    """Run the instructions from the first on an arena.

    Each kind has a kernel that runs its own as long as they last, so that the compiler sees small loops.
    ``routines``: address of the table of vector routines.
    """
    at = first
    end = U(code.shape[0])
    flat = code.reshape(code.size)
    while at < end:
        operation = code[at, CODE]
        if operation >= BATCH:
            at = batches(flat, at * U(COLUMNS), places, w, routines) // U(COLUMNS)
        elif operation >= EIGHT:
            at = laned(flat, at * U(COLUMNS), w, lanes, routines) // U(COLUMNS)
        elif operation >= ROW:
            at = _other(code, at, pool, w, lanes, routines)
        else:
            at = single(flat, at * U(COLUMNS), pool, w, routines) // U(COLUMNS)


@c_function(types.void(types.int64, types.int64, types.int64, types.int64, types.int64, types.int64))
def run_some(program: Int, arena: Int, elements: Int, lanes: Int, at: Int, count: Int) -> None:
    """Run instructions that machine code leaves to the evaluator; called from there, with addresses."""
    columns = int64_at(program, of.DESCRIPTOR_LENGTH)
    code = instructions_at(columns[of.CODE] + at * (4 * COLUMNS), count)
    places = places_at(columns[of.PLACES], columns[of.PLACES_COUNT])
    pool = int64_at(columns[of.POOL], columns[of.WORDS])
    w = float64_at(arena, elements)
    run(code, U(0), places, pool, w, U(lanes), U(columns[of.ROUTINES]))


@kernel(U(U4_2, U), inner=True)
def _stretch(code: NDArray[np.uint32], at: Int) -> Int:
    """Where some thousand instructions from a place on end, but not before one that takes the last result."""
    upto: Int = min(at + U(_STRETCH), U(code.shape[0]))
    while upto < U(code.shape[0]) and code[upto, CODE] < ROW and code[upto, CODE] >= op.LAST_IS_FIRST:
        upto += U(1)
    return upto


@kernel(types.void(I8, U, U4, I8, F8), inner=True, apart=True)
def _run_long(
    program: NDArray[np.int64], first: Int, places: NDArray[np.uint32], pool: NDArray[np.int64], w: NDArray[np.float64]
) -> None:
    """Run the instructions of a long program from the first on, unless its call is cancelled."""
    code = instructions_at(program[of.CODE], program[of.INSTRUCTIONS])
    at = first
    while at < U(code.shape[0]):
        upto = _stretch(code, at)
        some = instructions_at(program[of.CODE], np.int64(upto))
        run(some, at, places, pool, w, U(program[of.LANES]), U(program[of.ROUTINES]))
        if stopped() != 0:
            return
        at = upto


@kernel(types.void(I8, I8_2, F8R, F8R, F8R, F8, F8), apart=True)
def run_blocks(
    program: NDArray[np.int64], blocks: NDArray[np.int64], x: NDArray[np.float64], shared: NDArray[np.float64],
    seeds: NDArray[np.float64], values: NDArray[np.float64], derivatives: NDArray[np.float64],
) -> None:  # fmt: skip
    """Load, run and store, block after block; the program is given by its descriptor.

    Its first ``ONCE`` instructions depend neither on the lane nor on the seeds: they run once for all blocks of
    directions at one point. It stops early once its call is cancelled. The evaluator computes anew where machine code
    with ordinary products gave NaN (:mod:`adengine.strong_zeros`).
    """
    code = instructions_at(program[of.CODE], program[of.INSTRUCTIONS])
    places = places_at(program[of.PLACES], program[of.PLACES_COUNT])
    pool = int64_at(program[of.POOL], program[of.WORDS])
    w = float64_at(program[of.ARENA], program[of.ELEMENTS])
    inputs = inputs_at(program[of.INPUTS], program[of.INPUT_LINES])
    outputs = outputs_at(program[of.OUTPUTS], program[of.OUTPUT_LINES])
    scattered = int64_at(program[of.SCATTERED], program[of.SCATTERED_COUNT])
    lanes, once = U(program[of.LANES]), U(program[of.ONCE])
    routines = U(program[of.ROUTINES])
    whole, rest = program[of.WHOLE], program[of.REST]
    for b in range(blocks.shape[0]):
        if b & _BLOCKS == _BLOCKS and stopped() != 0:
            return
        block = blocks[b]
        load(w, inputs, block, lanes, x, shared, seeds)
        same = b > 0 and lanes > 1 and block[X_STRIDE] == 0 and block[X_BASE] == blocks[b - 1, X_BASE]
        same = same and block[V_BASE] < 0
        if whole != 0:
            call_at(rest if same else whole, w)
        elif code.shape[0] > _STRETCH:
            _run_long(program, once if same else U(0), places, pool, w)
        else:
            run(code, once if same else U(0), places, pool, w, lanes, routines)
        store(w, outputs, scattered, block, lanes, values, derivatives)
        if program[of.PLAIN] != 0 and stored_nan(outputs, block, values, derivatives):
            _run_long(program, U(0), places, pool, w)
            store(w, outputs, scattered, block, lanes, values, derivatives)


@kernel(types.void(I8))
def run_bound(row: NDArray[np.int64]) -> None:
    """Run blocks; all that it takes stands in a row of addresses, each with a length."""
    program = int64_at(row[0], row[1])
    blocks = blocks_at(row[2], row[3])
    x, shared, seeds = float64_at(row[4], row[5]), float64_at(row[6], row[7]), float64_at(row[8], row[9])
    values, derivatives = float64_at(row[10], row[11]), float64_at(row[12], row[13])
    run_blocks(program, blocks, x, shared, seeds, values, derivatives)


@kernel(types.void(I8))
def run_bare(program: NDArray[np.int64]) -> None:
    """Run the instructions of a program on its arena as it stands, to see how long they take."""
    w = float64_at(program[of.ARENA], program[of.ELEMENTS])
    if program[of.WHOLE] != 0:
        call_at(program[of.WHOLE], w)
        return
    code = instructions_at(program[of.CODE], program[of.INSTRUCTIONS])
    places = places_at(program[of.PLACES], program[of.PLACES_COUNT])
    pool = int64_at(program[of.POOL], program[of.WORDS])
    run(code, U(0), places, pool, w, U(program[of.LANES]), U(program[of.ROUTINES]))

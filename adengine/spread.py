"""Running a call: at once on the thread of its caller, or in pieces over the threads of a pool.

Whichever it is, the blocks are the same, each writes to places of its own, and none sees what another computed. So the
answer is the same bit for bit, whatever the number of threads and pieces.
"""

from __future__ import annotations

import time
from typing import TypeAlias

from adengine import pieces
from adengine.blocks import blocks_of
from adengine.calls import Array
from adengine.cancellation import Cancellation, check, current
from adengine.pool import Pool
from adengine.program import Program
from adengine.runs import Run

_SLOWEST, _FASTEST = 64.0, 1 / 64
"""Bounds of what is believed of a pace: one measurement may have been unlucky."""


Arrays: TypeAlias = tuple[Array, Array, Array, Array, Array]
"""What a call reads, and what it writes, flat: points, shared values, seeds; values, derivatives."""


def compute(run: Run, program: Program, arrays: Arrays, pool: Pool) -> None:
    """Run all blocks of a call."""
    ns = run.expected_ns * program.pace
    if ns < pieces.TIMED_NS:
        for blocks in (run.blocks,) if run.blocks is not None else blocks_of(run.work, run.lanes):
            program.run(blocks, *arrays)
    elif ns < pieces.SMALL_NS:
        _wanted(current(), run, program, arrays, 0, run.expected.blocks)
    else:
        wish = current()  # of this thread: the pieces run on others
        cut = pieces.cut(run.expected, program.pace, pool.threads)
        with program.keeping_arenas():
            pool.run(lambda first: _wanted(wish, run, program, arrays, first, first + cut.step), cut, run.arenas)


def _wanted(wish: Cancellation | None, run: Run, program: Program, arrays: Arrays, first: int, end: int) -> None:
    """Run blocks as long as the call is wanted.

    Raises
    ------
    Cancelled
    """
    if wish is None:
        _timed(run, program, arrays, first, end)
    else:
        with wish.in_kernels():
            _timed(run, program, arrays, first, end)


def _timed(run: Run, program: Program, arrays: Arrays, first: int, end: int) -> None:
    """Run blocks from the first to before the end, and see how long they really take.

    What counts is this thread's own time, whatever else the machine does.
    """
    end = min(end, run.expected.blocks)
    started = time.thread_time_ns()
    for blocks in blocks_of(run.work, run.lanes, first, end):
        program.run(blocks, *arrays)
        check()
    measured = (time.thread_time_ns() - started) / run.expected.of(end - first)
    program.pace = min(_SLOWEST, max(_FASTEST, (program.pace + measured) / 2))

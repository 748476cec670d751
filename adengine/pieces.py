"""How a large call is cut into pieces: how long it will take, and how many blocks make a few milliseconds.

The prediction decides about time alone: no answer depends on it. It counts what the run does and weighs it by what
that takes on a machine of these years; how far off it was for a program is measured while the program runs, and known
at its next call.
"""

from __future__ import annotations

from typing import NamedTuple

from adengine.blocks import BLOCKS_AT_ONCE, Work, number_of_blocks
from adengine.counting import Cost
from adengine.jacobian import Lanes
from adengine.transfer import BLOCK_COLUMNS

SMALL_NS = 2_000_000.0
"""A call of less than this is not cut: it runs at once, on the thread of its caller."""
TIMED_NS = 200_000.0
"""A call of less than this is not even timed."""
_PIECE_NS = 4_000_000.0
"""What a piece takes: long beside the 50 us it costs to hand it over, short beside the patience of who waits."""
_OVER_SHARED = 4
"""A piece takes so many times what all directions at a point share and each piece has to run for itself."""

_STATEMENT_NS, _ELEMENT_NS, _MOVED_NS, _BLOCK_NS = 1.5, 0.2, 0.5, 200.0
"""What a statement takes, an element and lane, a number that is brought in or out, and a block.

Fitted to runs of the benchmarks' lists in both modes, from 1 to 64 lanes: most of them lie within a factor of 2, lists
of elementary functions and those far larger than a cache up to 5 times above."""


class Expected(NamedTuple):
    """What a call is expected to take, before anything is known of its program's pace.

    Attributes
    ----------
    blocks : int
        How many it has.
    at_a_point : int
        Blocks that follow each other at one point, and share a part of their work.
    block_ns, shared_ns : float
        What a block takes, and what such blocks share.
    """

    blocks: int
    at_a_point: int
    block_ns: float
    shared_ns: float

    def of(self, blocks: int) -> float:
        """Nanoseconds of so many blocks."""
        return blocks * self.block_ns + -(-blocks // self.at_a_point) * self.shared_ns


def expected(work: Work, lanes: Lanes, cost: Cost) -> Expected:
    """Predict what a call takes, from what is counted."""
    blocks = number_of_blocks(work, lanes)
    of_point = work.point_width + work.values
    of_direction = work.direction_width + work.point_step // max(work.directions, 1)
    if lanes.points:
        block_ns = _list_ns(cost.statements, cost.elements, lanes.width)
        block_ns += (of_point + of_direction) * lanes.width * _MOVED_NS + _BLOCK_NS
        return Expected(blocks, 1, block_ns, 0.0)
    shared_ns = _list_ns(cost.statements - cost.seeded_statements, cost.elements - cost.seeded_elements, 1)
    block_ns = _list_ns(cost.seeded_statements, cost.seeded_elements, lanes.width)
    block_ns += (of_point + of_direction * lanes.width) * _MOVED_NS + _BLOCK_NS
    return Expected(blocks, max(1, -(-work.directions // lanes.width)), block_ns, shared_ns)


def _list_ns(statements: int, elements: int, lanes: int) -> float:
    return statements * _STATEMENT_NS + elements * lanes * _ELEMENT_NS


def description_bytes(work: Work) -> int:
    """Bytes that describing the blocks takes while they run, at most: with one lane, there is one for each sweep."""
    return 2 * 8 * BLOCK_COLUMNS * min(work.points * max(work.directions, 1), BLOCKS_AT_ONCE)


def cut(call: Expected, pace: float, threads: int) -> range:
    """Cut a call into pieces of some milliseconds each: the first block of each, and their number as the step.

    Parameters
    ----------
    call : Expected
    pace : float
        How many times longer its program takes than expected.
    threads : int
        There are at least as many pieces, and where they are few a multiple of it, so that no thread idles in the end.
    """
    least_ns = max(_PIECE_NS, _OVER_SHARED * call.shared_ns * pace if call.at_a_point > 1 else 0.0)
    turns = max(1, round(call.of(call.blocks) * pace / (least_ns * threads)))
    each = max(1, -(-call.blocks // (turns * threads)))
    if each > call.at_a_point:
        each -= each % call.at_a_point  # where a piece has several points, none is cut
    return range(0, call.blocks, each)

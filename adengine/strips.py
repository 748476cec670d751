"""Array statements in strips: which neighbours run together, a few thousand elements at a time.

Statements over the same large number of elements hand on arrays that leave the cache before they are read. Run strip by
strip, each reads what the one before it has just written. Instructions that follow each other make a group when no
strip of one needs, or spoils, another strip of another one:

* what one writes, another reads or writes from exactly the same address on, or not at all;
* a VIEW reads, and an ACCUMULATE adds to, what no other one writes;
* strips end where rows of their views end, and where sums have their pieces.

A group is marked in the flags of its first instruction. Each instruction can still be run alone, and gives the same
bits: the operations are the same, and so is the order of every sum.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.jit import Int, kernel
from adengine.schedule import (
    CODE,
    COUNT,
    FLAGS,
    IN_1,
    IN_PLACE,
    LANED_1,
    LANED_2,
    LANED_OUT,
    MANY_1,
    NO_BASE,
    OUT,
    POOL,
    ROW,
    Schedule,
)
from adengine.templates import ARITY, TABLES
from adengine.views import MAX_RANK, PIECE, join

_GROUP_BIT, _MOST_MEMBERS = 10, 63
_STRIP_BIT = 16
"""A group's size and the elements of a strip in the flags of its first instruction."""

STRIP_NUMBERS = 2048
"""About how many numbers of each variable are in a strip, lanes included."""
_MOST_NUMBERS = 16384
"""Longer strips would not stay in the cache."""
LEAST_NUMBERS = 1 << 15
"""Smaller variables stay in the second-level cache anyway."""


@kernel(types.int64(types.uint32), inner=True)
def group_of(flags: Int) -> Int:
    """How many instructions from this one on run in strips; 0 for none."""
    return (flags >> np.uint32(_GROUP_BIT)) & np.uint32(_MOST_MEMBERS)


@kernel(types.int64(types.uint32), inner=True)
def strip_of(flags: Int) -> Int:
    """Elements of a strip."""
    return flags >> np.uint32(_STRIP_BIT)


class _Span(NamedTuple):
    """Places from a first one up to an end; ``in_step`` if element i of a strip stands at place i."""

    first: int
    end: int
    in_step: bool

    def spoils(self, other: _Span) -> bool:
        """Whether two spans overlap other than element by element."""
        if self.end <= other.first or other.end <= self.first:
            return False
        return not (self.in_step and other.in_step and self.first == other.first)


class _Member(NamedTuple):
    """An instruction that can run in strips: elements, lanes, what strips must be a multiple of, reads and writes."""

    elements: int
    width: int
    multiple: int
    reads: list[_Span]
    write: _Span


def _elementwise(line: list[int], lanes: int) -> _Member:
    flags, count = line[FLAGS], line[COUNT]
    width = lanes if flags & LANED_OUT else 1
    reads = []
    for j in range(int(TABLES.facts[line[CODE] - ROW, ARITY])):
        many, laned = bool(flags & (MANY_1 << j)), bool(flags & (LANED_1 << j))
        size = (count if many else 1) * (lanes if laned else 1)
        first = line[IN_1 + j]
        reads.append(_Span(first, first + size, many and size == count * width))
    return _Member(count, width, 1, reads, _Span(line[OUT], line[OUT] + count * width, True))


def _plane(pool: NDArray[np.int64], at: int) -> tuple[int, int, int, int] | None:
    """Rows, columns and the columns' stride of a view of at most two dimensions, and its elements."""
    dims = np.zeros(3 * MAX_RANK, np.int64)
    found = int(join(pool, np.uint64(at), dims))
    if found not in (1, 2):
        return None
    rows = int(dims[1]) if found == 2 else 1
    columns = int(dims[0])
    return rows, columns, int(dims[MAX_RANK]), rows * columns


def _view(line: list[int], pool: NDArray[np.int64], lanes: int) -> _Member | None:
    plane = _plane(pool, line[POOL])
    if plane is None:
        return None
    rows, columns, _, count = plane
    width = lanes if line[FLAGS] & LANED_OUT else 1
    whole = _Span(line[IN_1], line[IN_1] + int(pool[line[POOL]]) * width, False)
    write = _Span(line[OUT], line[OUT] + count * width, True)
    return _Member(count, width, columns if rows > 1 else 1, [whole], write)


def _accumulate(line: list[int], pool: NDArray[np.int64], lanes: int) -> _Member | None:
    plane, flags = _plane(pool, line[POOL]), line[FLAGS]
    if plane is None or bool(flags & LANED_OUT) != bool(flags & LANED_2):
        return None
    rows, columns, stride, count = plane
    width = lanes if flags & LANED_OUT else 1
    update, out, size = line[IN_1 + 1], line[OUT], line[COUNT]
    reads = [_Span(update, update + count * width, True)]
    if not flags & (NO_BASE | IN_PLACE):
        base = (size if flags & MANY_1 else 1) * (lanes if flags & LANED_1 else 1)
        reads.append(_Span(line[IN_1], line[IN_1] + base, False))
    single = PIECE if stride == 0 else 1
    return _Member(count, width, columns if rows > 1 else single, reads, _Span(out, out + size * width, False))


def _member(line: list[int], pool: NDArray[np.int64], lanes: int) -> _Member | None:
    """What an instruction asks of strips; None if it cannot run in them."""
    operation = line[CODE] - ROW
    if operation < op.FIRST_STRUCTURAL:
        return _elementwise(line, lanes)
    if operation == op.VIEW:
        return _view(line, pool, lanes)
    if operation == op.ACCUMULATE:
        return _accumulate(line, pool, lanes)
    return None


def _strip_elements(width: int, multiple: int) -> int:
    """Elements of a strip that is a multiple of what its members ask for; 0 if it would be too long."""
    wanted = max(1, STRIP_NUMBERS // width)
    elements = -(-wanted // multiple) * multiple
    return elements if elements * width <= max(_MOST_NUMBERS, STRIP_NUMBERS) and elements < 1 << 16 else 0


class _Group:
    """Instructions that run in strips together, as they are found."""

    def __init__(self, first: int, member: _Member) -> None:
        self.first = first
        self.end = first + 1
        self.head = member
        self.multiple = member.multiple
        self.reads = list(member.reads)
        self.writes = [member.write]

    def takes(self, at: int, member: _Member) -> bool:
        """Take an instruction that follows, if it fits."""
        if at != self.end or at - self.first >= _MOST_MEMBERS:
            return False
        if (member.elements, member.width) != (self.head.elements, self.head.width):
            return False
        multiple = math.lcm(self.multiple, member.multiple)
        if not _strip_elements(member.width, multiple):
            return False
        if any(read.spoils(write) for read in member.reads for write in self.writes):
            return False
        if any(member.write.spoils(span) for span in (*self.reads, *self.writes)):
            return False
        self.end, self.multiple = at + 1, multiple
        self.reads += member.reads
        self.writes.append(member.write)
        return True


def mark_strips(plan: Schedule, pool: NDArray[np.int64]) -> None:
    """Mark the groups of a schedule that run in strips."""
    codes = plan.code[:, CODE]
    large = ((codes >= ROW) & (codes < ROW + op.FIRST_STRUCTURAL)) | (codes == ROW + op.VIEW)
    large &= plan.code[:, COUNT].astype(np.int64) * plan.lanes >= LEAST_NUMBERS
    sums = codes == ROW + op.ACCUMULATE
    group: _Group | None = None
    for at in np.flatnonzero(large | sums).tolist():
        if sums[at] and (group is None or at != group.end):
            continue
        line: list[int] = plan.code[at].tolist()
        member = _member(line, pool, plan.lanes)
        if member is None or member.elements * member.width < LEAST_NUMBERS:
            continue
        if group is not None and at != plan.singles and group.takes(at, member):
            continue
        _mark(plan, group)
        starts = line[CODE] != ROW + op.ACCUMULATE and _strip_elements(member.width, member.multiple)
        group = _Group(at, member) if starts else None
    _mark(plan, group)


def _mark(plan: Schedule, group: _Group | None) -> None:
    """Write a group of several instructions down."""
    if group is None or group.end - group.first < 2:
        return
    strip = _strip_elements(group.head.width, group.multiple)
    plan.code[group.first, FLAGS] |= ((group.end - group.first) << _GROUP_BIT) | (strip << _STRIP_BIT)

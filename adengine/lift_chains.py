"""Chains of ACCUMULATE, each adding to the one before, written as one CONCATENATE or one SCATTER_ADD.

The engine adds in place, so such a chain costs no more than what it adds. On the wire each link would be an array of
its own: n elements put into a vector, one after another, would be n vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.graph import FIRST, OPERATION, PARAMETER, SIZE, FlatList
from adengine.lift_views import View, whole_base
from adengine.lift_writer import Writer
from adengine.shapes import size_of
from adengine.templates import ARITY, TABLES

_MUCH_LARGER = 4
"""A chain whose arrays have so many times the elements that it adds is written as one SCATTER_ADD."""


class Chain(NamedTuple):
    """Rows of a flat list, each the base of the next and of nothing else; no view has a stride of 0."""

    rows: list[int]
    views: list[View]

    @property
    def added(self) -> int:
        """Elements that are added."""
        return sum(size_of(view.shape) for view in self.views)


def chains_of(source: FlatList) -> list[Chain]:
    """All chains of two links or more."""
    rows = source.rows
    found = np.flatnonzero((rows[:, OPERATION] == op.ACCUMULATE) & (rows[:, SIZE] > 1))
    if len(found) <= 1:
        return []
    uses = _uses(source)
    views: dict[int, View] = {}
    chain_of: dict[int, Chain] = {}
    for k in found.tolist():
        number = int(rows[k, PARAMETER])
        if number not in views:
            views[number] = View.of(source.pool[source.starts[number] : source.starts[number + 1]])
        view = views[number]
        if 0 in view.strides or 0 in view.shape:
            continue
        base = int(rows[k, FIRST])
        chain = chain_of.pop(base, None) if base >= 0 and uses[base] == 1 else None
        chain = chain or Chain([], [])
        chain.rows.append(k)
        chain.views.append(view)
        chain_of[k] = chain
    return [chain for chain in chain_of.values() if len(chain.rows) > 1]


def _uses(source: FlatList) -> NDArray[np.int64]:
    """How many operands and outputs name each row."""
    operands = source.rows[:, FIRST : FIRST + 3]
    named = (np.arange(3) < TABLES.facts[source.rows[:, OPERATION], ARITY][:, None]) & (operands >= 0)
    every = np.concatenate([operands[named], source.outputs[source.outputs >= 0]])
    return np.bincount(every, minlength=len(source.rows))


def written(writer: Writer, chain: Chain, base: int, updates: Sequence[int]) -> int | None:
    """A chain as one statement; None where it is better written link by link."""
    whole = chain.views[0].whole
    if base == 0 or writer.is_minus_zero(base):
        side_by_side = _concatenated(writer, chain, updates, whole)
        if side_by_side is not None:
            return side_by_side
    if len(chain.rows) * whole <= _MUCH_LARGER * chain.added:
        return None
    indices = np.concatenate([view.indices() for view in chain.views])
    into = whole_base(writer, base, (whole,))
    return writer.scatter_add(into, writer.concatenate([writer.flat(update) for update in updates], 0), 0, indices)


def _concatenated(writer: Writer, chain: Chain, updates: Sequence[int], whole: int) -> int | None:
    """What is added, side by side; None where that is not the whole, each element once."""
    if chain.added != whole:
        return None
    length = max(view.strides[0] for view in chain.views)
    if length == 1:
        length = whole
    if length <= 0 or whole % length:
        return None
    rows, offset, parts = whole // length, 0, []
    for place in sorted(range(len(updates)), key=lambda place: chain.views[place].offset):
        view = chain.views[place]
        columns = size_of(view.shape) // rows
        if view.offset != offset or not _fills(view, rows, columns, length):
            return None
        parts.append(writer.reshape(updates[place], (columns,) if rows == 1 else (rows, columns)))
        offset += columns
    return writer.concatenate(parts, int(rows != 1))


def _fills(view: View, rows: int, columns: int, length: int) -> bool:
    """Whether a view has so many neighbouring elements of each of so many rows of a length."""
    if rows == 1:
        return view.shape == (columns,) and view.strides == (1,)
    if columns == 1:
        return view.shape == (rows,) and view.strides == (length,)
    return view.shape == (rows, columns) and view.strides == (length, 1)

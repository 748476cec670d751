"""Jacobians and Hessians as lists of the wire: the list of all entries, or sweeps written out.

The list of all entries (:mod:`adengine.jacobian_list`) is short where the pattern is sparse or the list is small, but
on deep narrow lists it can be many times longer than any sweep. It is given up while it is built, where it becomes
longer than sweeps over the colours of the pattern, one after another in one list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.calls import Selection
from adengine.compression import compress
from adengine.derived_lists import Parts, check_counts, check_elements, check_length, within_limits
from adengine.elements import NoList
from adengine.functions import HeldFunction
from adengine.graph import FlatList
from adengine.hessian_plan import sweeps_of
from adengine.jacobian import Mode
from adengine.jacobian_list import jacobian_list
from adengine.lift import Lifting
from adengine.lift_writer import Writer
from adengine.limits import Limits
from adengine.second import entry_below, hessian_list
from adengine.second_plan import held_gradient, held_tangents
from adengine.shapes import Shape, size_of
from adengine.sparse import check_colors, hessian_pattern_of, pattern_of
from adengine.unions import Pattern
from adengine.wengert_list import Input, Output, WengertList
from adengine.written_out import written_length, written_out

_SLACK, _LEAST = 2, 256
"""A list of all entries may be so many times as long as the sweeps written out; a short one always may be."""
_FORWARD_COST, _REVERSE_COST = 1.0, 1.3
"""What a sweep costs, compared to a forward one."""
_NOT_BOTH = 1e30
"""What both kinds together cost: two lists would have to be written."""

Places = NDArray[np.int64]


class Entries(NamedTuple):
    """A list in which all entries of a matrix stand somewhere.

    Attributes
    ----------
    flat : FlatList
        Outputs: the results, then vectors and scalars that hold the entries.
    results : int
        How many outputs are results.
    place : int64 array (nnz,)
        Where each entry stands in the rest, laid one after another.
    """

    flat: FlatList
    results: int
    place: Places


def jacobian_matrix(held: HeldFunction, selection: Selection, limits: Limits) -> WengertList:
    """f, and for each output y the Jacobian ``jacobian.y``, of shape (size of y, n_w).

    Raises
    ------
    LimitExceeded, Unsupported
    """
    parts = Parts.of(held.list, selection, limits)
    n_w = parts.n_w()
    check_counts(parts, 0, len(parts.outputs), limits)
    check_elements([(size_of(shape), n_w) for _, shape in parts.outputs], limits)
    pattern = pattern_of(held, selection, limits)
    entries = _jacobian_entries(held, selection, pattern, limits)
    check_length(len(entries.flat.rows), limits)

    def write() -> WengertList:
        lifting = Lifting(entries.flat, parts.function.inputs, parts.tensor_shapes)
        lifting.rows()
        outputs = lifting.named(parts.outputs)
        vector = _Vector(lifting, entries)
        names, first = parts.output_names(), 0
        places = pattern.row.astype(np.int64) * n_w + pattern.column
        for (name, _), size in zip(parts.outputs, entries.flat.output_sizes.tolist(), strict=False):
            begin, end = int(pattern.starts[first]), int(pattern.starts[first + size])
            at = places[begin:end] - first * n_w
            argument = vector.matrix(slice(begin, end), at, (size, n_w))
            outputs.append(Output(names.add("jacobian", name), argument))
            first += size
        return lifting.finished(outputs, limits)

    return within_limits(write)


def _jacobian_entries(held: HeldFunction, selection: Selection, pattern: Pattern, limits: Limits) -> Entries:
    """The list of all entries, or of the sweeps that show them."""
    primal, by, q = held.primal(selection).flat, selection.with_respect_to, len(selection.outputs)
    if not pattern.nnz:
        return Entries(primal, q, np.zeros(0, np.int64))
    compression = compress(pattern, _FORWARD_COST, _REVERSE_COST, _NOT_BOTH)
    forward = compression.columns.number > 0
    derivative = held.derivative(Mode.FORWARD if forward else Mode.REVERSE, selection).flat
    length = written_length(derivative, compression.columns.number + compression.rows.number)
    flat = jacobian_list(primal, by, pattern, _most(length, limits))
    if not isinstance(flat, NoList):
        return Entries(flat, q, np.arange(pattern.nnz))
    check_length(length, limits)
    check_colors(compression, limits)
    seeds = compression.tangents() if forward else compression.cotangents()
    return Entries(written_out(derivative, seeds), q, compression.place)


def hessian_matrix(held: HeldFunction, selection: Selection, limits: Limits) -> WengertList:
    """f, and ``gradient`` (n_w,) and ``hessian`` (n_w, n_w) of its outputs' sum with the input ``weights`` (m,).

    Raises
    ------
    LimitExceeded, Unsupported
    """
    parts = Parts.of(held.list, selection, limits)
    n_w = parts.n_w()
    check_counts(parts, 1, 2, limits)
    check_elements([(n_w, n_w)], limits)
    pattern = hessian_pattern_of(held, selection, limits)
    entries = _hessian_entries(held, selection, pattern, limits)
    check_length(len(entries.flat.rows), limits)
    q = len(parts.outputs)
    sizes = entries.flat.input_sizes[len(parts.function.inputs) :].tolist()
    names, results = parts.input_names(), parts.output_names()

    def write() -> WengertList:
        weights = Input(names.add("weights"), (sum(sizes),))
        lifting = Lifting(entries.flat, [*parts.function.inputs, weights], parts.tensor_shapes, split=sizes)
        lifting.rows()
        outputs = lifting.named(parts.outputs)
        slopes = zip(entries.flat.outputs[q:].tolist(), parts.by, strict=False)
        gradient = [lifting.shaped(row, (size_of(value.shape),)) for row, value in slopes]
        outputs.append(Output(results.add("gradient"), _joined(lifting.writer, gradient)))
        at = pattern.row.astype(np.int64) * n_w + pattern.column
        argument = _Vector(lifting, entries).matrix(slice(0, pattern.nnz), at, (n_w, n_w))
        outputs.append(Output(results.add("hessian"), argument))
        return lifting.finished(outputs, limits)

    return within_limits(write)


def _hessian_entries(held: HeldFunction, selection: Selection, pattern: Pattern, limits: Limits) -> Entries:
    """The list of all entries below the diagonal, or of the sweeps that show them; those above are the same."""
    gradient, by = held_gradient(held, selection, weighted=True).flat, selection.with_respect_to
    own = len(gradient.outputs)
    check_length(len(gradient.rows), limits)  # which any list of the Hessian has in it
    if not pattern.nnz:
        return Entries(gradient, own, np.zeros(0, np.int64))
    below, number = pattern.column <= pattern.row, entry_below(pattern)
    sweeps = sweeps_of(pattern, limits)
    tangents = held_tangents(held, selection, weighted=True).flat
    length = written_length(tangents, sweeps.number)
    flat = hessian_list(gradient, by, pattern, _most(length, limits))
    if not isinstance(flat, NoList):
        chosen = np.r_[0:own, own + np.flatnonzero(below)]
        flat = flat._replace(outputs=flat.outputs[chosen], output_sizes=flat.output_sizes[chosen])
        return Entries(flat, own, number.astype(np.int64))
    check_length(length, limits)
    n = pattern.shape[0]
    if len(sweeps.seeds):
        return Entries(written_out(tangents, sweeps.seeds.reshape(-1, n)), own, sweeps.place)
    by_column = sweeps.place % n * n + sweeps.place // n  # a column after another, where the plan has a row
    return Entries(written_out(tangents, np.eye(n)), own, by_column)


def _most(length: int, limits: Limits) -> int:
    """Rows that a list of all entries may have, beside sweeps of some length."""
    return min(max(_SLACK * length, _LEAST), limits.statements)


class _Vector:
    """What holds the entries, laid one after another."""

    def __init__(self, lifting: Lifting, entries: Entries) -> None:
        self._lifting = lifting
        self._entries = entries
        self._alone = bool((entries.flat.output_sizes[entries.results :] == 1).all())
        self._all = 0

    def matrix(self, chosen: slice, at: Places, shape: Shape) -> int:
        """A matrix with the chosen entries at the given places, row-major, and 0 elsewhere."""
        writer, count = self._lifting.writer, len(at)
        if not count:
            return writer.filled(0.0, shape)
        if self._alone and shape == (1, 1):
            row = self._entries.flat.outputs[self._entries.results :][self._entries.place[chosen][0]]
            return self._lifting.shaped(int(row), shape)
        values = self._values(self._entries.place[chosen])
        if count == shape[0] * shape[1]:
            return writer.reshape(values, shape)
        whole = writer.filled(0.0, (shape[0] * shape[1],))
        return writer.reshape(writer.scatter_add(whole, values, 0, at), shape)

    def _values(self, place: Places) -> int:
        """Entries by where they stand."""
        if self._alone and len(np.unique(place)) == len(place):
            return self._laid(place)
        if not self._all:
            self._all = self._laid(np.arange(len(self._entries.flat.outputs) - self._entries.results))
        writer = self._lifting.writer
        if len(place) == writer.size(self._all) and (place == np.arange(len(place))).all():
            return self._all
        return writer.gather(self._all, 0, (len(place),), place)

    def _laid(self, outputs: Places) -> int:
        """Outputs that hold entries, one after another."""
        flat, first = self._entries.flat, self._entries.results
        rows, sizes = flat.outputs[first:][outputs].tolist(), flat.output_sizes[first:][outputs].tolist()
        return _joined(
            self._lifting.writer,
            [self._lifting.shaped(row, (size,)) for row, size in zip(rows, sizes, strict=True)],
        )


def _joined(writer: Writer, parts: Sequence[int]) -> int:
    """Vectors one after another."""
    return writer.concatenate(parts, 0) if parts else writer.filled(0.0, (0,))

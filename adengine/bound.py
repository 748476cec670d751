"""A question bound to arrays of its own, for loops that ask it again and again.

A call checks what it is given and makes new arrays for what it answers; that takes about two microseconds, as long as
ten thousand compiled operations. Bound to arrays, a question is asked in a quarter of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.blocks import blocks_of
from adengine.calls import NO_VALUES, Weighing
from adengine.functions import Plan
from adengine.hessian_plan import HessianPlan
from adengine.jacobian import Mode
from adengine.program import MACHINE, VM
from adengine.questions import EVALUATE, HESSIAN, HVP, JACOBIAN
from adengine.runs import Run
from adengine.second_plan import SecondPlan
from adengine.shapes import size_of
from adengine.sparse import SparsePlan
from adengine.unions import Pattern
from adengine.vm import run_bound
from adengine.wengert_list import WengertList

Array = NDArray[np.float64]


class Bound:
    """A question with its arrays: write into `points`, call, read `values` and `derivatives`.

    One thread at a time may use it; it keeps what it needs, whatever its engine forgets.

    Attributes
    ----------
    points : float64 array (n',) or (K, n')
    shared : dict of str to float64 arrays
        The values of the shared inputs, each of its input's shape.
    directions : float64 array
        Tangents or cotangents, (width,), (p, width) or (1, p, width); empty where nothing is propagated.
    values : float64 array (m,) or (K, m)
    derivatives : float64 array
        Products or the Jacobian, of the shape that the engine's call would give; empty for `evaluate`.
    tier : str
        What runs: ``vm`` or ``machine``.
    """

    def __init__(
        self, run: Run, points: Array, shared: dict[str, Array], flat_shared: Array, directions: Array, values: Array,
        derivatives: Array,
    ) -> None:  # fmt: skip
        self.points, self.shared, self.directions = points, shared, directions
        self.values, self.derivatives = values, derivatives
        self.tier = run.told.tier
        self._program = run.program
        if run.program is None:
            return
        blocks = run.blocks if run.blocks is not None else np.concatenate(list(blocks_of(run.work, run.lanes)))
        self._arena = run.program.new_arena()
        self._kept = (blocks, points, flat_shared, directions, values, derivatives)
        row = [self._arena.descriptor.ctypes.data, len(self._arena.descriptor)]
        row += [blocks.ctypes.data, len(blocks)]
        for array in self._kept[1:]:
            row += [array.ctypes.data, array.size]
        self._row = np.array(row, np.int64)

    def __call__(self) -> None:
        """Ask once more."""
        if self._program is not None:
            run_bound(self._row)


class BoundSparse(Bound):
    """A sparse Jacobian with its arrays; `derivatives` are its entries, in the order of :attr:`pattern`.

    Attributes
    ----------
    pattern : Pattern
        Where the entries stand.
    """

    def __init__(self, plan: SparsePlan, parts: Sequence[Bound], points: int, derivatives: Array) -> None:
        first = parts[0]
        self.points, self.shared, self.directions = first.points, first.shared, NO_VALUES
        self.values, self.derivatives = first.values, derivatives
        self.tier = MACHINE if all(part.tier == MACHINE for part in parts) else VM
        self.pattern = plan.pattern
        self._plan, self._parts, self._points = plan, parts, points

    def __call__(self) -> None:
        """Ask once more."""
        for part in self._parts:
            part()
        if self.derivatives is not self._parts[0].derivatives:
            found = self._plan.entries([part.derivatives for part in self._parts], self._points)
            self.derivatives[...] = found.reshape(self.derivatives.shape)


class BoundSecond(Bound):
    """Second derivatives of a weighted sum of the outputs with their arrays.

    `derivatives` are products with the directions, the dense Hessian, or the entries of the sparse one.

    Attributes
    ----------
    weights : float64 array (m,)
        The same for all points; empty where m = 1, of which the weight is 1.
    gradient : float64 array (n_w,) or (K, n_w)
        Of the weighted sum.
    pattern : Pattern or None
        Where the entries of a sparse Hessian stand, both triangles.
    """

    def __init__(
        self, part: Bound, weights: Array, m: int, derivatives: Array, made: Callable[[Array], Array] | None,
        pattern: Pattern | None,
    ) -> None:  # fmt: skip
        self.points, self.shared, self.directions, self.weights = part.points, part.shared, part.directions, weights
        self.values, self.gradient = part.values[..., :m], part.values[..., m:]
        self.derivatives, self.pattern, self.tier = derivatives, pattern, part.tier
        self._part, self._made = part, made

    def __call__(self) -> None:
        """Ask once more."""
        self._part()
        if self._made is not None:
            self.derivatives[...] = self._made(self._part.derivatives).reshape(self.derivatives.shape)


class Given(NamedTuple):
    """Arrays that bound questions read: points, and the values of the shared inputs by name and flat."""

    points: Array
    shared: dict[str, Array]
    flat_shared: Array


def _given(function: WengertList, plan: Plan, points: int | None, more: int = 0) -> Given:
    """The arrays, with room for more numbers behind the shared ones."""
    inputs = [function.inputs[number] for number in plan.selection.shared]
    flat = np.zeros(sum(size_of(value.shape) for value in inputs) + more)
    shared, place = {}, 0
    for value in inputs:
        shared[value.name] = flat[place : place + size_of(value.shape)].reshape(value.shape)
        place += size_of(value.shape)
    many = () if points is None else (points,)
    return Given(np.zeros((*many, plan.point_width)), shared, flat)


def bind(function: WengertList, plan: Plan, run: Run, what: str, points: int | None, directions: int | None) -> Bound:
    """Make the arrays of a question; ``points`` and ``directions`` are None where there is one without an axis."""
    many = () if points is None else (points,)
    several = () if directions is None else (directions,)
    width, reply = (plan.n_w, plan.m) if plan.mode is Mode.FORWARD else (plan.m, plan.n_w)
    given: tuple[int, ...] = (0,)
    found: tuple[int, ...] = (0,)
    if what == JACOBIAN:
        found = (*many, plan.m, plan.n_w)
    elif what != EVALUATE:
        given = ((1,) if many and several else ()) + (*several, width)
        found = (*many, *several, reply)
    arrays = _given(function, plan, points)
    return Bound(run, *arrays, np.zeros(given), np.zeros((*many, plan.m)), np.zeros(found))


def bind_second(
    function: WengertList, plan: SecondPlan, seeded: tuple[Run, Array], what: str, points: int | None,
    directions: int | None,
) -> BoundSecond:  # fmt: skip
    """Make the arrays of a question for second derivatives."""
    run, seeds = seeded
    number, n_w = 1 if points is None else points, plan.n_w
    many = () if points is None else (points,)
    several = () if directions is None else (directions,)
    weighed = plan.m if plan.weighing is Weighing.ALIKE else 0
    arrays = _given(function, plan, points, weighed)
    found = np.zeros((*many, plan.m + n_w))
    weights = arrays.flat_shared[len(arrays.flat_shared) - weighed :]
    if what == HVP:
        given = np.zeros(((1,) if many and several else ()) + (*several, n_w))
        part = Bound(run, *arrays, given, found, np.zeros((*many, *several, n_w)))
        return BoundSecond(part, weights, plan.m, part.derivatives, None, None)
    part = Bound(run, *arrays, seeds, found, np.zeros(run.derivatives))
    if what == HESSIAN:
        dense = np.zeros((*many, n_w, n_w))
        return BoundSecond(part, weights, plan.m, dense, lambda raw: plan.matrices(raw, number), None)
    assert isinstance(plan, HessianPlan)  # noqa: S101  a sparse Hessian has no other
    entries = np.zeros((*many, plan.pattern.nnz))
    return BoundSecond(part, weights, plan.m, entries, lambda raw: plan.entries(raw, number), plan.pattern)


def bind_sparse(
    function: WengertList, plan: SparsePlan, runs: Sequence[tuple[Run, Array]], points: int | None
) -> BoundSparse:
    """Make the arrays of a sparse Jacobian, which may take several runs."""
    many = () if points is None else (points,)
    given, values, entries = _given(function, plan, points), np.zeros((*many, plan.m)), (*many, plan.pattern.nnz)
    direct = plan.derivative_list is not None
    parts = [Bound(run, *given, seeds, values, np.zeros(entries if direct else run.derivatives)) for run, seeds in runs]
    return BoundSparse(
        plan, parts, 1 if points is None else points, parts[0].derivatives if direct else np.zeros(entries)
    )

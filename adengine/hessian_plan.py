"""The plan of a Hessian: one list of all entries, compressed sweeps, or a sweep for each column; and why.

All three give the same entries. One triangle is found, the other is the same numbers. What each way takes at a point is
predicted from counts; the list of all entries is given up as soon as it has more statements than the sweeps have time
for.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.blocks import Work
from adengine.calls import NO_VALUES, Array, Weighing
from adengine.compression import compress_symmetric
from adengine.counting import Cost, cost
from adengine.elements import NoList
from adengine.errors import LimitExceeded
from adengine.functions import HeldFunction
from adengine.jacobian import Mode, choose_lanes
from adengine.limits import Limits
from adengine.pieces import expected
from adengine.program import VM
from adengine.questions import Asked, Prepared
from adengine.runs import Run, Told
from adengine.second import hessian_list
from adengine.second_plan import SecondPlan, held_tangents
from adengine.sparse import CLEARLY, check_colors, hessian_pattern_of, usual
from adengine.triangles import mirrored
from adengine.unions import Pattern

_STATEMENT_NS = 1.7
"""What a statement of a list of scalars takes, with its element."""
_MOST_ROWS = 4_000_000
"""Statements that a list of all entries may have at most, whatever the sweeps take."""
_GAIN = 1.25
"""A list has to be so many times faster than the sweeps: it takes longer to make."""
_MOST_DENSE = 1 << 22
"""Entries of the pattern of a Hessian that is asked for dense, at most: with more, each column has a sweep."""
_ROOM = 1 << 27
"""Elements that lanes may take where only a prediction is made."""


class Sweeps(NamedTuple):
    """Forward sweeps over the list of products that show all entries.

    Attributes
    ----------
    number : int
    seeds : float64 array
        Their directions, flat; none for the columns of the identity.
    place : int64 array (nnz,)
        Where each entry stands in what they give; an entry above the diagonal where its mirror image does.
    """

    number: int
    seeds: Array
    place: NDArray[np.int64]


class HessianPlan(SecondPlan):
    """All that is the same for every call that asks for the same Hessian, dense or sparse.

    Attributes
    ----------
    pattern : Pattern
    """

    def __init__(self, held: HeldFunction, asked: Asked, weighing: Weighing, limits: Limits) -> None:
        super().__init__(held, asked, weighing)
        self.pattern = hessian_pattern_of(held, self.selection, limits)
        self._sweeps = sweeps_of(self.pattern, limits)
        self._list, self._reason = self._better_list()

    @property
    def kept_bytes(self) -> int:
        """Bytes of the list, the directions and the places; the pattern and the list of products are kept apart."""
        own = 0 if self._list is None else self._list.kept_bytes
        return own + self._sweeps.seeds.nbytes + self._sweeps.place.nbytes

    @cached_property
    def derivative(self) -> Prepared | None:
        """The list of all entries, or of products."""
        return self._products() if self._list is None else self._list

    @property
    def _derivative_key(self) -> str:
        return "tangents" if self._list is None else "entries"

    def run_over(self, points: int, limits: Limits) -> tuple[Run, Array]:
        """What to run at so many points, with the seeds.

        Raises
        ------
        LimitExceeded
        """
        directions = self._sweeps.number if self._list is None and len(self._sweeps.seeds) else 0
        return self.run(points, directions, False, limits), self._sweeps.seeds if directions else NO_VALUES

    def entries(self, found: Array, points: int) -> Array:
        """float64 array (points, nnz) of the derivatives that a run gave."""
        if self._list is not None or not points:
            return found.reshape(points, self.pattern.nnz)
        if self.pattern.nnz == self.n_w**2 and not len(self._sweeps.seeds):
            return super().matrices(found, points)
        return found.reshape(points, -1).take(self._sweeps.place, axis=1)

    def matrices(self, found: Array, points: int) -> Array:
        """float64 array (points, n_w * n_w) of the derivatives that a run gave."""
        n = self.n_w
        if self._list is None and not len(self._sweeps.seeds):
            return super().matrices(found, points)
        if self.pattern.nnz == n * n:
            return self.entries(found, points)
        dense = np.zeros((points, n * n))
        dense[:, self._flat_places] = self.entries(found, points)
        return dense

    # how ---------------------------------------------------------------------------------------------------------

    @cached_property
    def _flat_places(self) -> NDArray[np.int64]:
        """Where each entry stands in the dense matrix."""
        return self.pattern.row * np.int64(self.n_w) + self.pattern.column

    def _products(self) -> Prepared:
        return held_tangents(self._held, self.selection, weighted=self._weighted)

    def _better_list(self) -> tuple[Prepared | None, str]:
        """The list of all entries, where it exists and is predicted to be faster; and one sentence that says why."""
        nnz = self.pattern.nnz
        if nnz == 0:
            return self.gradient, "a list: no second derivative is other than zero, f and the gradient are computed."
        n, number = self.n_w, self._sweeps.number
        sweeps = f"{number} forward sweeps over the gradient's list for {n} columns"
        usually_ns = self._sweeps_ns(usual(self.gradient.cost))
        most = min(_MOST_ROWS, int(usually_ns / _STATEMENT_NS))
        flat = hessian_list(self.gradient.flat, self.selection.with_respect_to, self.pattern, most)
        if isinstance(flat, NoList):
            return None, f"{sweeps}; a list of all {nnz} entries {flat.why}."
        made = Prepared(flat, cost(flat))
        alone = expected(self._entries_work(1), choose_lanes(1, 1, made.cost, _ROOM), made.cost)
        list_ns = alone.of(alone.blocks)
        if list_ns * CLEARLY > usually_ns and list_ns * _GAIN > self._sweeps_ns(self._products().cost):
            return None, f"{sweeps}; a list of all {nnz} entries would take longer."
        return made, f"a list of all {nnz} entries: {made.cost.operations} operations; instead of {sweeps}."

    def _sweeps_ns(self, products: Cost) -> float:
        """What the sweeps are predicted to take at one point, over a list of products that costs this."""
        number = self._sweeps.number
        call = expected(self._sweeps_work(1), choose_lanes(1, number, products, _ROOM), products)
        return call.of(call.blocks)

    def _sweeps_work(self, points: int) -> Work:
        n, number, values = self.n_w, self._sweeps.number, self.m + self.n_w
        if not len(self._sweeps.seeds):
            return Work(points, self._point_step, n, n, True, False, values, n * n, 1, n)
        return Work(points, self._point_step, number, n, False, False, values, number * n, n, 1)

    def _entries_work(self, points: int) -> Work:
        return Work(points, self._point_step, 1, 0, False, False, self.m + self.n_w, self.pattern.nnz, 0, 1)

    def _work(self, points: int, directions: int, per_point: bool, limits: Limits) -> Work:  # noqa: ARG002  as in Plan
        return self._sweeps_work(points) if self._list is None else self._entries_work(points)

    def _told(self, directions: int) -> Told:  # noqa: ARG002  as in Plan
        sweeps = self._sweeps.number if self._list is None else 0
        return Told(Mode.FORWARD, sweeps, self.operations, self.primal.cost.operations, self._reason, VM)


def sweeps_of(pattern: Pattern, limits: Limits) -> Sweeps:
    """The fewest sweeps found that show all entries of a symmetric matrix.

    Raises
    ------
    LimitExceeded
    """
    n = pattern.shape[0]
    below = pattern.column <= pattern.row
    if 2 * pattern.nnz <= n * n:
        found = compress_symmetric(pattern)
        if found.columns.number < n:
            check_colors(found, limits)
            place = np.where(below, found.place, found.place[mirrored(pattern)])
            return Sweeps(found.columns.number, found.tangents().reshape(-1), place)
    low, high = np.maximum(pattern.row, pattern.column), np.minimum(pattern.row, pattern.column)
    return Sweeps(n, NO_VALUES, low * np.int64(n) + high)


def hessian_plan(held: HeldFunction, asked: Asked, weighing: Weighing, limits: Limits) -> HessianPlan:
    """The plan for calls that ask this and weigh outputs like this, made once.

    Raises
    ------
    LimitExceeded
    """
    return held.keep(("hessian", asked, weighing), lambda: HessianPlan(held, asked, weighing, limits))


class Dense(NamedTuple):
    """The plan of a Hessian that is asked for dense; what it keeps of its own."""

    plan: SecondPlan
    kept_bytes: int


def dense_plan(held: HeldFunction, asked: Asked, weighing: Weighing, limits: Limits) -> SecondPlan:
    """The same where the Hessian is asked for dense: without a pattern, where that would be too large."""

    def make() -> Dense:
        bounded = replace(limits, pattern_entries=min(_MOST_DENSE, limits.pattern_entries))
        try:
            return Dense(hessian_plan(held, asked, weighing, bounded), 0)  # which is kept by itself
        except LimitExceeded:
            plan = SecondPlan(held, asked, weighing)
            return Dense(plan, plan.kept_bytes)

    return held.keep(("dense hessian", asked, weighing), make).plan

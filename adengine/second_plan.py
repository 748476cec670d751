"""The plans of second derivatives: which lists are run, with which weights, over which directions.

A run's values are f and the gradient, its derivatives products with the Hessian. Weights that are the same for all
points travel with the shared values, those of each point with the point.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property

from adengine.blocks import Work
from adengine.calls import NO_VALUES, Array, Selection, Weighing
from adengine.counting import cost
from adengine.functions import HeldFunction, Plan
from adengine.jacobian import Mode
from adengine.limits import Limits
from adengine.program import VM
from adengine.questions import HVP, Asked, Prepared
from adengine.runs import Run, Told, check_reply
from adengine.second import gradient_list, tangents_of
from adengine.triangles import mirror


def held_gradient(held: HeldFunction, selection: Selection, *, weighted: bool) -> Prepared:
    """The gradient list of a selection, made once."""

    def make() -> Prepared:
        flat = gradient_list(held.primal(selection).flat, selection.with_respect_to, weighted=weighted)
        return Prepared(flat, cost(flat))

    return held.keep(("gradient", selection.outputs, selection.with_respect_to, weighted), make)


def held_tangents(held: HeldFunction, selection: Selection, *, weighted: bool) -> Prepared:
    """The list of products with the Hessian, made once."""

    def make() -> Prepared:
        gradient = held_gradient(held, selection, weighted=weighted).flat
        flat = tangents_of(gradient, selection.with_respect_to)
        return Prepared(flat, cost(flat))

    return held.keep(("tangents", selection.outputs, selection.with_respect_to, weighted), make)


class SecondPlan(Plan):
    """All that is the same for every call that asks for the same products with a Hessian, or for all its columns.

    Parameters
    ----------
    held : HeldFunction
    asked : Asked
        For :data:`HVP` or :data:`HESSIAN`; the mode does not matter.
    weighing : Weighing
    """

    def __init__(self, held: HeldFunction, asked: Asked, weighing: Weighing) -> None:
        super().__init__(held, asked._replace(mode=Mode.FORWARD))
        self.weighing = weighing
        self._weighted = weighing is not Weighing.ONE
        self._point_step = self.point_width + (self.m if weighing is Weighing.PER_POINT else 0)
        self._sources = self.selection
        if weighing is Weighing.ALIKE:
            self._shared_width += self.m
            first = len(held.list.inputs)
            weights = tuple(range(first, first + len(self.selection.outputs)))
            self._sources = self.selection._replace(shared=self.selection.shared + weights)

    @property
    def kept_bytes(self) -> int:
        """Bytes of the names; the lists are kept by themselves."""
        return self._asked.kept_bytes

    @cached_property
    def gradient(self) -> Prepared:
        """f and the gradient."""
        return held_gradient(self._held, self.selection, weighted=self._weighted)

    @cached_property
    def derivative(self) -> Prepared | None:
        """The list of products."""
        return held_tangents(self._held, self.selection, weighted=self._weighted)

    @property
    def _derivative_key(self) -> str:
        return "tangents"

    def run_over(self, points: int, limits: Limits) -> tuple[Run, Array]:
        """What to run at so many points for all columns of the Hessian, with the seeds.

        Raises
        ------
        LimitExceeded
        """
        return self.run(points, 0, False, limits), NO_VALUES

    def matrices(self, found: Array, points: int) -> Array:
        """float64 array (points, n_w * n_w): the Hessians, from the derivatives that a run gave for all columns."""
        mirror(found, points, self.n_w)
        return found.reshape(points, self.n_w * self.n_w)

    def _listed(self, differentiates: bool) -> tuple[Prepared, Hashable, Selection]:
        if differentiates and self.derivative is not None:
            return self.derivative, (self._derivative_key, self._weighted), self._sources
        return self.gradient, ("gradient", self._weighted), self._sources

    def _work(self, points: int, directions: int, per_point: bool, limits: Limits) -> Work:
        m, n_w, width = self.m, self.n_w, self._point_step
        if self._asked.what == HVP:
            check_reply(limits, points * max(directions * n_w, 1), "products", "points")
            check_reply(limits, directions * max(n_w, 1), "products at one point", "tangents")
            return Work(points, width, directions, n_w, False, per_point, m + n_w, directions * n_w, n_w, 1)
        return Work(points, width, n_w, n_w, True, False, m + n_w, n_w * n_w, 1, n_w)

    def _told(self, directions: int) -> Told:
        sweeps = directions if self._asked.what == HVP else self.n_w
        of = "each direction" if self._asked.what == HVP else "each column"
        reason = f"forward over reverse: one forward sweep over the gradient's list for {of}, {sweeps} at each point."
        return Told(Mode.FORWARD, sweeps, self.operations, self.primal.cost.operations, reason, VM)


def second_plan(held: HeldFunction, asked: Asked, weighing: Weighing) -> SecondPlan:
    """The plan for calls that ask this and weigh outputs like this, made once."""
    return held.keep(("second", asked, weighing), lambda: SecondPlan(held, asked, weighing))

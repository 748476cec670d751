"""The calls of an engine for second derivatives."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from adengine.calls import (
    NO_VALUES,
    Array,
    Points,
    Shared,
    Weighing,
    check_directions,
    check_points,
    check_weights,
    shared_values,
)
from adengine.functions import HeldFunction, Plan
from adengine.hessian_plan import HessianPlan, dense_plan, hessian_plan
from adengine.jacobian import Mode
from adengine.limits import Limits
from adengine.questions import HESSIAN, HVP, Asked
from adengine.results import HessianResult, HvpResult, SparseHessianResult, report_of
from adengine.runs import Run, check_reply
from adengine.second_plan import SecondPlan, second_plan
from adengine.wengert_list import WengertList

Seeded: TypeAlias = tuple[Run, Array]
"""A run with its seeds."""


class Given(NamedTuple):
    """Points and shared values as runs of second derivatives take them, weights among them; and what is asked."""

    points: Points
    fixed: Array
    asked: Asked
    weighing: Weighing
    n_w: int


class SecondCalls(ABC):
    """The calls of an engine for second derivatives of the weighted sum of the outputs."""

    limits: Limits

    @abstractmethod
    def _held(self, function: WengertList) -> HeldFunction:
        """What is kept for a function."""

    @abstractmethod
    def _plan(
        self,
        function: WengertList,
        what: str,
        mode: Mode,
        outputs: Sequence[str],
        with_respect_to: Sequence[str],
        shared: Shared,
    ) -> Plan:
        """The plan of a question."""

    @abstractmethod
    def _run(self, run: Run, at: Points, fixed: Array, seeds: Array) -> tuple[Array, Array]:
        """Values and derivatives of a run."""

    def hvp(
        self,
        function: WengertList,
        points: Array | None,
        tangents: Array | None,
        weights: Array | None = None,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
    ) -> HvpResult:
        """f, and of the weighted sum of its outputs the gradient and H u: one forward sweep for each direction u.

        Parameters
        ----------
        points : (n',) or (K, n')
        tangents : at one point (n_w,) or (p, n_w); at K points (n_w,), (1, p, n_w) or (K, p, n_w)
        weights : (m,), or at K points (K, 1, m)
            Absent, they mean 1 where m = 1.

        Raises
        ------
        InvalidPoints, InvalidDirections, AmbiguousDirections, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        given = self._given(function, HVP, points, weights, shared, outputs, with_respect_to)
        at, plan = given.points, second_plan(self._held(function), given.asked, given.weighing)
        directions = check_directions(tangents, at, plan.n_w, "tangents")
        run = plan.run(at.number, directions.number, directions.per_point, self.limits)
        found, products = self._run(run, at, given.fixed, directions.values)
        if at.batched or directions.listed:
            shape = (directions.number, plan.n_w) if directions.listed else (plan.n_w,)
            products = products.reshape((at.number, *shape) if at.batched else shape)
        return HvpResult(*_split(found, plan), products, report_of(run, started))

    def hessian(
        self,
        function: WengertList,
        points: Array | None = None,
        weights: Array | None = None,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
    ) -> HessianResult:
        """f, and of the weighted sum of its outputs the gradient and the dense Hessian, symmetric bit for bit.

        Raises
        ------
        InvalidPoints, InvalidDirections, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        given = self._given(function, HESSIAN, points, weights, shared, outputs, with_respect_to)
        at, n_w = given.points, given.n_w
        check_reply(self.limits, at.number * max(n_w * n_w, 1), "entries of the Hessian", "points")
        plan = dense_plan(self._held(function), given.asked, given.weighing, self.limits)
        run, seeds = plan.run_over(at.number, self.limits)
        found, derivatives = self._run(run, at, given.fixed, seeds)
        hessian = plan.matrices(derivatives, at.number)
        shape = (at.number, n_w, n_w) if at.batched else (n_w, n_w)
        return HessianResult(*_split(found, plan), hessian.reshape(shape), report_of(run, started))

    def sparse_hessian(
        self,
        function: WengertList,
        points: Array | None = None,
        weights: Array | None = None,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
    ) -> SparseHessianResult:
        """f, and of the weighted sum of its outputs the gradient and the entries of the Hessian, both triangles.

        The pattern depends on the list only and is found once; it is the one that :meth:`sparsity` gives. Costs one
        run of a list of all entries or a forward sweep for each colour, whichever is predicted to be faster.

        Raises
        ------
        InvalidPoints, InvalidDirections, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        given = self._given(function, HESSIAN, points, weights, shared, outputs, with_respect_to)
        at, plan = given.points, hessian_plan(self._held(function), given.asked, given.weighing, self.limits)
        check_reply(self.limits, at.number * max(plan.pattern.nnz, 1), "entries of the sparse Hessian", "points")
        run, seeds = plan.run_over(at.number, self.limits)
        found, derivatives = self._run(run, at, given.fixed, seeds)
        entries = plan.entries(derivatives, at.number)
        shaped = entries if at.batched else entries.reshape(-1)
        return SparseHessianResult(*_split(found, plan), plan.pattern, shaped, report_of(run, started))

    def _given(
        self,
        function: WengertList,
        what: str,
        points: Array | None,
        weights: Array | None,
        shared: Shared,
        outputs: Sequence[str],
        with_respect_to: Sequence[str],
    ) -> Given:
        """Check all but the directions, before any list is made."""
        basic = self._plan(function, what, Mode.FORWARD, outputs, with_respect_to, shared)
        at = check_points(points, basic.point_width, basic.free)
        fixed = shared_values(function.inputs, shared, basic.selection.shared) if shared else NO_VALUES
        weighed = check_weights(weights, at, basic.m)
        if weighed.weighing is Weighing.ALIKE:
            fixed = np.concatenate([fixed, weighed.values])
        elif weighed.weighing is Weighing.PER_POINT:
            each = [at.values.reshape(at.number, basic.point_width), weighed.values.reshape(at.number, basic.m)]
            at = at._replace(values=np.concatenate(each, axis=1).reshape(-1))
        names = tuple(name for name, _ in shared)
        asked = Asked(what, Mode.FORWARD, tuple(outputs), tuple(with_respect_to), names)
        return Given(at, fixed, asked, weighed.weighing, basic.n_w)


def _split(found: Array, plan: SecondPlan) -> tuple[Array, Array]:
    """f and the gradient, which a run gives as its values."""
    return found[..., : plan.m], found[..., plan.m :]


def ready_plan(held: HeldFunction, what: str, asked: Asked, limits: Limits) -> SecondPlan:
    """The plan of calls that ask ``hvp``, ``hessian`` or ``sparse_hessian``, with weights the same for all points.

    A function of one element is not weighed.

    Raises
    ------
    InvalidName, UnknownName, LimitExceeded
    """
    weighing = Weighing.ONE if held.plan(asked).m == 1 else Weighing.ALIKE
    if what == "hvp":
        return second_plan(held, asked, weighing)
    make = hessian_plan if what == "sparse_hessian" else dense_plan
    return make(held, asked, weighing, limits)


def ready_run(plan: SecondPlan, what: str, points: int, directions: int, limits: Limits) -> Seeded:
    """What such calls will run.

    Raises
    ------
    LimitExceeded
    """
    if what == "hvp":
        return plan.run(points, directions, False, limits), NO_VALUES
    entries = plan.pattern.nnz if isinstance(plan, HessianPlan) and what == "sparse_hessian" else plan.n_w**2
    check_reply(limits, points * max(entries, 1), "entries of the Hessian", "points")
    return plan.run_over(points, limits)

"""The calls of an engine that make it ready for a question: compiled beforehand, or bound to arrays of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeAlias

from adengine.bound import Bound, bind, bind_second, bind_sparse
from adengine.calls import NO_VALUES, Shared
from adengine.errors import EngineError
from adengine.functions import HeldFunction, Plan
from adengine.hessian import Seeded, ready_plan, ready_run
from adengine.jacobian import Mode
from adengine.limits import Limits
from adengine.program import MACHINE, VM
from adengine.questions import DIRECTIONAL, EVALUATE, HESSIAN, HVP, JACOBIAN, Asked
from adengine.second_plan import SecondPlan
from adengine.sparse import SparsePlan, sparse_plan
from adengine.wengert_list import WengertList

Runs: TypeAlias = list[Seeded]
_SPARSE = "sparse_jacobian"
_SECOND = {"hvp": HVP, "hessian": HESSIAN, "sparse_hessian": HESSIAN}
_QUESTIONS = {
    "evaluate": EVALUATE, "jvp": DIRECTIONAL, "vjp": DIRECTIONAL, "jacobian": JACOBIAN, _SPARSE: JACOBIAN, **_SECOND,
}  # fmt: skip
_MODES = {"jvp": Mode.FORWARD, "vjp": Mode.REVERSE, "evaluate": Mode.AUTO} | dict.fromkeys(_SECOND, Mode.FORWARD)


class BoundCalls(ABC):
    """The calls of an engine that make ready."""

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

    def prepare(
        self,
        function: WengertList,
        what: str = EVALUATE,
        *,
        points: int = 1,
        directions: int = 1,
        shared: Sequence[str] = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
        mode: Mode = Mode.AUTO,
    ) -> str:
        """Make ready for calls that ask this, machine code included where that pays, and wait for it.

        Parameters
        ----------
        what : str
            ``evaluate``, ``jvp``, ``vjp``, ``jacobian``, ``sparse_jacobian``, ``hvp``, ``hessian`` or
            ``sparse_hessian``; second derivatives without weights where m = 1, else with the same for all points.
        points, directions : int
            How many points, and directions at each, a call will have; what counts is whether there are several.
        shared : sequence of str
            Names of the inputs that will be shared.

        Returns
        -------
        str
            What will run such calls: ``machine``, or ``vm`` where machine code would gain nothing or is not wanted, at
            least for a part.

        Raises
        ------
        InvalidName, UnknownName, LimitExceeded
        """
        asked = _question(what, shared, outputs, with_respect_to, mode)
        _, runs = self._ready(function, what, asked, points, directions)
        return MACHINE if all(run.told.tier == MACHINE for run, _ in runs) else VM

    def bind(
        self,
        function: WengertList,
        what: str = EVALUATE,
        *,
        points: int | None = None,
        directions: int | None = None,
        shared: Sequence[str] = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
        mode: Mode = Mode.AUTO,
    ) -> Bound:
        """Bind a question to arrays of its own, for loops that ask it again and again; prepared as by :meth:`prepare`.

        Parameters
        ----------
        points : int, optional
            K; without, one point.
        directions : int, optional
            p; without, one direction.

        Raises
        ------
        InvalidName, UnknownName, LimitExceeded

        Examples
        --------
        >>> import numpy as np
        >>> from adengine import Engine, Input, Output, WengertList
        >>> f = WengertList.build(  # x1 * x2
        ...     inputs=[Input("x1"), Input("x2")], primitives=[12], arguments=[1, 2], outputs=[Output("f", 3)])
        >>> gradient = Engine().bind(f, "vjp")
        >>> gradient.points[:] = 3.0, 4.0
        >>> gradient.directions[:] = 1.0
        >>> gradient()
        >>> gradient.values, gradient.derivatives
        (array([12.]), array([4., 3.]))
        """
        number = 1 if points is None else points
        p = 1 if directions is None else directions
        asked = _question(what, shared, outputs, with_respect_to, mode)
        plan, runs = self._ready(function, what, asked, number, p)
        if isinstance(plan, SparsePlan):
            return bind_sparse(function, plan, runs, points)
        if isinstance(plan, SecondPlan):
            return bind_second(function, plan, runs[0], what, points, directions)
        return bind(function, plan, runs[0][0], what, points, directions)

    def _ready(self, function: WengertList, what: str, asked: Asked, points: int, directions: int) -> tuple[Plan, Runs]:
        """The plan and the runs of a question, compiled where that pays."""
        try:
            if what in _SECOND:
                second = ready_plan(self._held(function), what, asked, self.limits)
                return second, compiled(lambda: [ready_run(second, what, points, directions, self.limits)])
            if what == _SPARSE:
                sparse = sparse_plan(self._held(function), asked, self.limits)
                return sparse, compiled(lambda: sparse.runs(points, self.limits))
            named = [(name, NO_VALUES) for name in asked.shared]
            plan = self._plan(function, asked.what, asked.mode, asked.outputs, asked.with_respect_to, named)
        except EngineError as error:
            raise error.without(".input") from None
        of_points = (points, directions if asked.what == DIRECTIONAL else 0, False, self.limits)
        return plan, compiled(lambda: [(plan.run(*of_points), NO_VALUES)])


def compiled(runs: Callable[[], Runs]) -> Runs:
    """The runs of a question, once all of them are compiled that gain by it."""
    hot = [run.hot for run, _ in runs() if run.hot is not None]
    for each in hot:
        each.compile_now()
    return runs()


def _question(
    what: str,
    shared: Sequence[str],
    outputs: Sequence[str],
    with_respect_to: Sequence[str],
    mode: Mode,
) -> Asked:
    """What is asked, in the engine's terms."""
    if what not in _QUESTIONS:
        raise ValueError(f"what is {what!r}, expected one of {', '.join(_QUESTIONS)}")
    return Asked(_QUESTIONS[what], _MODES.get(what, mode), tuple(outputs), tuple(with_respect_to), tuple(shared))

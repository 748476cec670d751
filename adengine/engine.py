"""The engine: functions in, values and derivatives out."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from adengine.blocks import Work, blocks_of
from adengine.calls import NO_VALUES, Array, Points, Shared, check_directions, check_points, shared_values
from adengine.errors import LimitExceeded
from adengine.functions import Asked, HeldFunction, Plan
from adengine.jacobian import Mode
from adengine.limits import DEFAULT_LIMITS, Limits
from adengine.results import EvaluateResult, JacobianResult, JvpResult, Report, VjpResult
from adengine.wengert_list import WengertList


class Engine:
    """Evaluates and differentiates Wengert lists. Safe to use from several threads; kernels run without the GIL.

    Parameters
    ----------
    limits : Limits
        Bounds that hold before anything is allocated.
    functions : int
        Functions whose derivative lists and programs are kept; the least recently used go first.

    Examples
    --------
    >>> import numpy as np
    >>> from adengine import Engine, Input, Output, WengertList
    >>> f = WengertList.build(  # x1 * x2 + sin(x1)
    ...     inputs=[Input("x1"), Input("x2")],
    ...     primitives=[12, 60, 10], arguments=[1, 2, 1, 3, 4], outputs=[Output("f", 5)])
    >>> Engine().jacobian(f, np.array([0.0, 3.0])).jacobian
    array([[4., 0.]])
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, functions: int = 256) -> None:
        self.limits = limits
        self._most_functions = functions
        self._functions: OrderedDict[str, HeldFunction] = OrderedDict()
        self._lock = threading.Lock()

    def evaluate(
        self, function: WengertList, points: Array | None = None, *, shared: Shared = (), outputs: Sequence[str] = ()
    ) -> EvaluateResult:
        """f at one point (n',) or K points (K, n').

        Raises
        ------
        InvalidPoints, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        plan = self._plan(function, "evaluate", Mode.AUTO, outputs, (), shared)
        at = check_points(points, plan.point_width, plan.free)
        fixed = shared_values(function.inputs, shared, plan.selection.shared)
        values = self._run_primal(plan, at, fixed)
        operations = plan.primal.cost.operations
        seconds = time.perf_counter() - started
        return EvaluateResult(values, Report(None, 0, operations, operations, seconds, "f alone was asked for."))

    def jvp(
        self,
        function: WengertList,
        points: Array | None,
        tangents: Array | None,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
    ) -> JvpResult:
        """f and J u, one forward sweep per direction.

        Parameters
        ----------
        points : (n',) or (K, n')
        tangents : at one point (n_w,) or (p, n_w); at K points (n_w,), (1, p, n_w) or (K, p, n_w)

        Raises
        ------
        InvalidPoints, InvalidDirections, AmbiguousDirections, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        plan = self._plan(function, "directional", Mode.FORWARD, outputs, with_respect_to, shared)
        return JvpResult(*self._directional(started, plan, function, points, tangents, shared))

    def vjp(
        self,
        function: WengertList,
        points: Array | None,
        cotangents: Array | None = None,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
    ) -> VjpResult:
        """f and J^T v, one reverse sweep per direction; cotangents as tangents are, of width m.

        Absent cotangents mean 1 where m = 1.

        Raises
        ------
        InvalidPoints, InvalidDirections, AmbiguousDirections, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        plan = self._plan(function, "directional", Mode.REVERSE, outputs, with_respect_to, shared)
        return VjpResult(*self._directional(started, plan, function, points, cotangents, shared))

    def jacobian(
        self,
        function: WengertList,
        points: Array | None = None,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
        mode: Mode = Mode.AUTO,
    ) -> JacobianResult:
        """f and its dense Jacobian, J[i, j] = df_i/dx_j.

        Costs n_w forward or m reverse sweeps, whichever is predicted to take fewer operations; the report says why.

        Raises
        ------
        InvalidPoints, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        plan = self._plan(function, "jacobian", mode, outputs, with_respect_to, shared)
        at = check_points(points, plan.point_width, plan.free)
        fixed = shared_values(function.inputs, shared, plan.selection.shared)
        m, n_w = plan.m, plan.n_w
        shape = (at.number, m, n_w) if at.batched else (m, n_w)
        self._check_reply(at.number * max(m * n_w, 1), "entries of the Jacobian", "points")
        choice = plan.choice
        if plan.derivative is None or at.number == 0:
            values, jacobian = self._run_primal(plan, at, fixed), np.zeros(at.number * m * n_w)
        else:
            steps = (1, n_w) if choice.mode is Mode.FORWARD else (n_w, 1)
            work = Work(at.number, plan.point_width, choice.sweeps, choice.sweeps, True, False, m, m * n_w, *steps)
            values, jacobian = self._run_derivative(plan, work, at, fixed, NO_VALUES, at.number * m * n_w)
        seconds = time.perf_counter() - started
        report = Report(
            choice.mode, choice.sweeps, plan.operations, plan.primal.cost.operations, seconds, choice.reason
        )
        return JacobianResult(values, jacobian.reshape(shape), report)

    def forget(self, function_id: str) -> bool:
        """Drop what is kept for a function; returns whether anything was."""
        with self._lock:
            return self._functions.pop(function_id, None) is not None

    def _plan(
        self,
        function: WengertList,
        what: str,
        mode: Mode,
        outputs: Sequence[str],
        with_respect_to: Sequence[str],
        shared: Shared,
    ) -> Plan:
        names = tuple(name for name, _ in shared) if shared else ()
        return self._held(function).plan(Asked(what, mode, tuple(outputs), tuple(with_respect_to), names))

    def _held(self, function: WengertList) -> HeldFunction:
        with self._lock:
            held = self._functions.get(function.id)
            if held is None:
                while len(self._functions) >= self._most_functions:
                    self._functions.popitem(last=False)
                held = self._functions[function.id] = HeldFunction(function, self.limits.kept_bytes, self._drop_excess)
            else:
                self._functions.move_to_end(function.id)
            return held

    def _drop_excess(self) -> None:
        """Drop the functions used least recently while too much is kept; the one in use stays."""
        with self._lock:
            total = sum(held.kept_bytes for held in self._functions.values())
            while len(self._functions) > 1 and total > self.limits.kept_bytes:
                total -= self._functions.popitem(last=False)[1].kept_bytes

    def _directional(
        self,
        started: float,
        plan: Plan,
        function: WengertList,
        points: Array | None,
        given: Array | None,
        shared: Shared,
    ) -> tuple[Array, Array, Report]:
        """J u or J^T v."""
        at = check_points(points, plan.point_width, plan.free)
        fixed = shared_values(function.inputs, shared, plan.selection.shared)
        forward = plan.mode is Mode.FORWARD
        width, reply = (plan.n_w, plan.m) if forward else (plan.m, plan.n_w)
        directions = check_directions(given, at, width, "tangents" if forward else "cotangents")
        p = directions.number
        self._check_reply(at.number * max(p * reply, 1), "products", "points")
        self._check_reply(p * max(reply, 1), "products at one point", "tangents" if forward else "cotangents")
        if plan.derivative is None or p == 0 or at.number == 0:
            values, products = self._run_primal(plan, at, fixed), np.zeros(at.number * p * reply)
        else:
            work = Work(at.number, plan.point_width, p, width, False, directions.per_point, plan.m, p * reply, reply, 1)
            values, products = self._run_derivative(plan, work, at, fixed, directions.values, at.number * p * reply)
        shape = (p, reply) if directions.listed else (reply,)
        products = products.reshape((at.number, *shape) if at.batched else shape)
        reason = f"{'forward' if forward else 'reverse'}: one sweep for each direction, {p} at each point."
        seconds = time.perf_counter() - started
        return values, products, Report(plan.mode, p, plan.operations, plan.primal.cost.operations, seconds, reason)

    def _run_primal(self, plan: Plan, at: Points, fixed: Array) -> Array:
        """Values alone, (m,) or (K, m)."""
        work = Work(at.number, plan.point_width, 1, 0, False, False, plan.m, 0, 0, 0)
        return self._run(plan, work, at, fixed, NO_VALUES, NO_VALUES, differentiate=False)

    def _run_derivative(
        self, plan: Plan, work: Work, at: Points, fixed: Array, seeds: Array, reply: int
    ) -> tuple[Array, Array]:
        """Values and so many numbers of derivatives, the latter flat."""
        derivatives = np.empty(reply)
        return self._run(plan, work, at, fixed, seeds, derivatives, differentiate=True), derivatives

    def _run(
        self, plan: Plan, work: Work, at: Points, fixed: Array, seeds: Array, derivatives: Array, *, differentiate: bool
    ) -> Array:
        """Run a list for all points and directions; gives the values, (m,) or (K, m)."""
        count = at.number * plan.m
        self._check_reply(max(count, at.number), "values of the outputs", "points")
        values = np.empty(count)
        if count or len(derivatives):
            run = plan.run(work, differentiate, self.limits, count + len(derivatives))
            for blocks in (run.blocks,) if run.blocks is not None else blocks_of(work, run.lanes):
                run.program.run(blocks, at.values, fixed, seeds, values, derivatives)
        return values.reshape(at.number, plan.m) if at.batched else values

    def _check_reply(self, elements: int, what: str, field: str) -> None:
        """Refuse replies that are too large; also points and directions of nothing, which would run for ever."""
        if elements > self.limits.reply_elements:
            raise LimitExceeded("reply_elements", self.limits.reply_elements, elements, what, field)

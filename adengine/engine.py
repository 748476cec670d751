"""The engine: functions in, values and derivatives out."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np

from adengine.account import take
from adengine.binding import BoundCalls
from adengine.calls import NO_VALUES, Array, Points, Shared, check_directions, check_points, shared_values
from adengine.differentiate import ListCalls
from adengine.functions import HeldFunction, Plan
from adengine.hessian import SecondCalls
from adengine.jacobian import Mode
from adengine.limits import DEFAULT_LIMITS, Limits
from adengine.pool import Pool, cores
from adengine.program import MACHINE, VM
from adengine.questions import DIRECTIONAL, EVALUATE, JACOBIAN, Asked
from adengine.results import EvaluateResult, JacobianResult, JvpResult, Report, VjpResult, report_of
from adengine.runs import Run
from adengine.sparse import SparseCalls
from adengine.spread import compute
from adengine.statistics import Statistics, statistics_of
from adengine.streamed import StreamedCalls
from adengine.vector_library import SCALAR, best
from adengine.wengert_list import WengertList


class Engine(SparseCalls, SecondCalls, BoundCalls, ListCalls, StreamedCalls):
    """Evaluates and differentiates Wengert lists. Safe to use from several threads; kernels run without the GIL.

    Parameters
    ----------
    limits : Limits
        Bounds that hold before anything is allocated.
    functions : int
        Functions whose derivative lists and programs are kept; the least recently used go first.
    threads : int, optional
        Threads that compute calls of more than some milliseconds, of all callers together; one for each core, if None.
        Smaller calls run on the threads of their callers. No answer depends on it.
    executor : concurrent.futures.Executor, optional
        Computes, so many pieces at once, instead of threads of the engine's own. It works on this process's arrays.
    machine_code : bool
        Compile what is used much, in the background. No answer depends on it.
    reproducible : bool
        Elementary functions are the C library's scalar ones, so that machines with the same C library give the same
        bits whatever vectors their processors have, and nothing is compiled in the background. Slower by a factor of 2
        to 6 in those functions.
    niceness : int
        By how much the threads that compute give way to others of the process and of the machine, from 0 to 19.

    Attributes
    ----------
    reproducible : bool
    vector_functions : str
        How elementary functions run: ``libmvec avx512``, ``libmvec avx2`` or ``scalar``.
    tiers : tuple of str
        What may run, as reports tell it.

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

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        functions: int = 256,
        threads: int | None = None,
        executor: Executor | None = None,
        *,
        machine_code: bool = True,
        reproducible: bool = False,
        niceness: int = 0,
    ) -> None:
        self.limits = limits
        compiles = machine_code and not reproducible
        self._most_compiled = limits.compiled_statements if compiles else None
        self.tiers: tuple[str, ...] = (VM, MACHINE) if compiles else (VM,)
        self._pool = Pool(cores() if threads is None else threads, executor, niceness)
        self.reproducible = reproducible
        self._routines = SCALAR if reproducible else best()
        self.vector_functions: str = self._routines.name
        self._most_functions = functions
        self._functions: dict[str, HeldFunction] = {}
        self._uses = itertools.count()
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
        plan = self._plan(function, EVALUATE, Mode.AUTO, outputs, (), shared)
        at = check_points(points, plan.point_width, plan.free)
        fixed = shared_values(function.inputs, shared, plan.selection.shared) if shared else NO_VALUES
        run = plan.run(at.number, 0, False, self.limits)
        values, _ = self._run(run, at, fixed, NO_VALUES)
        return EvaluateResult(values, report_of(run, started))

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
        plan = self._plan(function, DIRECTIONAL, Mode.FORWARD, outputs, with_respect_to, shared)
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
        plan = self._plan(function, DIRECTIONAL, Mode.REVERSE, outputs, with_respect_to, shared)
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
        plan = self._plan(function, JACOBIAN, mode, outputs, with_respect_to, shared)
        at = check_points(points, plan.point_width, plan.free)
        fixed = shared_values(function.inputs, shared, plan.selection.shared) if shared else NO_VALUES
        run = plan.run(at.number, 0, False, self.limits)
        values, jacobian = self._run(run, at, fixed, NO_VALUES)
        shape = (at.number, plan.m, plan.n_w) if at.batched else (plan.m, plan.n_w)
        return JacobianResult(values, jacobian.reshape(shape), report_of(run, started))

    def close(self) -> None:
        """Let go of the threads. Large calls are refused from now on, by the executor."""
        self._pool.close()

    def forget(self, function_id: str) -> bool:
        """Drop what is kept for a function; returns whether anything was."""
        with self._lock:
            held = self._functions.pop(function_id, None)
        if held is not None:
            held.drop()
        return held is not None

    def statistics(self) -> Statistics:
        """Count what is held now."""
        with self._lock:
            held = list(self._functions.values())
        return statistics_of(held, self.tiers)

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
        asked = (what, mode, tuple(outputs), tuple(with_respect_to), names)
        held = self._held(function)
        return held.plans.get(asked) or held.plan(Asked(*asked))

    def _held(self, function: WengertList) -> HeldFunction:
        """What is kept for a function, which is used now."""
        held = self._functions.get(function.id) or self._hold(function)
        held.used = next(self._uses)
        return held

    def _hold(self, function: WengertList) -> HeldFunction:
        with self._lock:
            held = self._functions.get(function.id)
            if held is None:
                while len(self._functions) >= self._most_functions:
                    self._drop_oldest()
                held = HeldFunction(
                    function,
                    self.limits.kept_bytes,
                    self._drop_excess,
                    most_compiled=self._most_compiled,
                    routines=self._routines,
                )
                held.used = next(self._uses)
                self._functions[function.id] = held
            return held

    def _drop_oldest(self) -> HeldFunction:
        """Drop the function used least recently."""
        oldest = self._functions.pop(min(self._functions, key=lambda name: self._functions[name].used))
        oldest.drop()
        return oldest

    def _drop_excess(self) -> None:
        """Drop the functions used least recently while too much is kept; the one in use stays."""
        with self._lock:
            total = sum(held.kept_bytes for held in self._functions.values())
            while len(self._functions) > 1 and total > self.limits.kept_bytes:
                total -= self._drop_oldest().kept_bytes

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
        fixed = shared_values(function.inputs, shared, plan.selection.shared) if shared else NO_VALUES
        forward = plan.mode is Mode.FORWARD
        width, reply = (plan.n_w, plan.m) if forward else (plan.m, plan.n_w)
        directions = check_directions(given, at, width, "tangents" if forward else "cotangents")
        run = plan.run(at.number, directions.number, directions.per_point, self.limits)
        values, products = self._run(run, at, fixed, directions.values)
        if at.batched or directions.listed:
            shape = (directions.number, reply) if directions.listed else (reply,)
            products = products.reshape((at.number, *shape) if at.batched else shape)
        return values, products, report_of(run, started)

    def _run(self, run: Run, at: Points, fixed: Array, seeds: Array) -> tuple[Array, Array]:
        """Run a program for all points and directions; gives the values, (m,) or (K, m), and derivatives, flat."""
        take(run.bytes(self._pool.threads), "variables and the reply")
        values = np.empty(run.values)
        derivatives = np.empty(run.derivatives) if run.differentiates else np.zeros(run.derivatives)
        if run.program is not None:
            compute(run, run.program, (at.values, fixed, seeds, values, derivatives), self._pool)
        return values.reshape(at.number, run.work.values) if at.batched else values, derivatives

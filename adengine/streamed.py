"""A dense Jacobian in parts, computed one after another: for matrices that need not fit memory, or a message, whole.

A part is several whole points, or some rows of one point in reverse mode. Forward mode gives columns, and a row is
whole when the last column is: there a part is at least one point. Each part is a run of its own over the lists of the
ordinary call, so its numbers are the same bit for bit.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from adengine.account import for_a_while
from adengine.blocks import Work
from adengine.calls import NO_VALUES, Array, Points, Shared, check_points, shared_values
from adengine.errors import LimitExceeded
from adengine.functions import HeldFunction, Plan
from adengine.jacobian import Mode, predicted
from adengine.limits import Limits
from adengine.questions import JACOBIAN, Asked
from adengine.results import EvaluateResult, JacobianResult, Report, report_of
from adengine.runs import Run, check_reply, check_work
from adengine.wengert_list import WengertList

PART_ELEMENTS = 1 << 19
"""Entries of a part where nothing else is said: enough rows or points for all lanes, 4 MiB."""
_LANES = 64
"""Rows of a part are a multiple of this where they are more: no run has lanes that idle."""
_DEARER = 2
"""Reverse mode may be predicted to take so many times as long as forward: its rows can go out one by one."""
_CLEAR = 8
"""With so many times more rows than columns reverse mode is not considered while the matrix fits memory."""


class Part(NamedTuple):
    """Some whole points, or some rows of one."""

    first_point: int
    points: int
    first_row: int
    rows: int


def parts(points: int, rows: int, columns: int, most: int, *, by_rows: bool) -> Iterator[Part]:
    """Cut K matrices into parts that follow each other row-major, each of at most so many entries where that can be.

    Parameters
    ----------
    points, rows, columns : int
        K, m and n_w; none of them 0.
    most : int
        Entries of a part. One row, or else one point, is never cut.
    by_rows : bool
        Whether a point may be cut.

    Examples
    --------
    >>> [part.points for part in parts(5, 2, 3, 12, by_rows=True)]
    [2, 2, 1]
    >>> [(part.first_row, part.rows) for part in parts(1, 5, 3, 6, by_rows=True)]
    [(0, 2), (2, 2), (4, 1)]
    """
    together = most // (rows * columns)
    if together or not by_rows:
        together = max(1, together)
        for first in range(0, points, together):
            yield Part(first, min(together, points - first), 0, rows)
        return
    some = max(1, most // columns)
    some -= some % _LANES if some > _LANES else 0
    for point in range(points):
        for first in range(0, rows, some):
            yield Part(point, 1, first, min(some, rows - first))


class RowPlan(Plan):
    """All that is the same for runs that give some rows of a Jacobian at one point."""

    @property
    def kept_bytes(self) -> int:
        """Bytes of the names; the lists are kept by themselves."""
        return self._asked.kept_bytes

    def rows(self, first: int, number: int, limits: Limits) -> Run:
        """The run for so many rows.

        Raises
        ------
        LimitExceeded
        """
        run = self.run(1, number, False, limits)
        return run._replace(work=run.work._replace(first_direction=first), blocks=None)

    def _work(self, points: int, directions: int, per_point: bool, limits: Limits) -> Work:
        m, n_w = self.m, self.n_w
        check_reply(limits, directions * n_w, "entries of some rows of the Jacobian", "points")
        return Work(points, self.point_width, directions, m, True, per_point, m, directions * n_w, n_w, 1)


class JacobianStream:
    """f at once, and J[i, j] = df_i/dx_j part by part.

    Iterate over it, once: each part is computed when it is asked for, and is a flat float64 array that follows the one
    before, row-major, without gap.

    Attributes
    ----------
    values : float64 array (m,) or (K, m)
        f.
    shape : tuple of int
        Of the whole matrix, (m, n_w) or (K, m, n_w).
    report : Report
        How the parts came about that have been computed so far.
    """

    def __init__(
        self, values: Array, shape: tuple[int, ...], report: Report, compute: Iterator[tuple[Array, Report]]
    ) -> None:
        self.values = values
        self.shape = shape
        self.report = report
        self._compute = compute

    def __iter__(self) -> Iterator[Array]:
        seconds = 0.0
        for part, report in self._compute:
            seconds += report.seconds
            self.report = report._replace(seconds=seconds)
            yield part


class Sweeps(NamedTuple):
    """What a dense Jacobian takes: n_w sweeps in forward mode, m in reverse; and why that mode.

    Attributes
    ----------
    m, n_w : int
    mode : Mode
        FORWARD or REVERSE.
    number : int
    reason : str
    """

    m: int
    n_w: int
    mode: Mode
    number: int
    reason: str


class StreamedCalls(ABC):
    """The call of an engine for a Jacobian in parts."""

    limits: Limits

    @abstractmethod
    def evaluate(
        self, function: WengertList, points: Array | None = None, *, shared: Shared = (), outputs: Sequence[str] = ()
    ) -> EvaluateResult:
        """f at one point or K points."""

    @abstractmethod
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
        """f and its dense Jacobian."""

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
        """The plan for calls that ask the same."""

    @abstractmethod
    def _run(self, run: Run, at: Points, fixed: Array, seeds: Array) -> tuple[Array, Array]:
        """Run a program for all points."""

    def jacobian_stream(
        self,
        function: WengertList,
        points: Array | None = None,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
        mode: Mode = Mode.AUTO,
        part_elements: int = PART_ELEMENTS,
        enough_elements: int | None = None,
    ) -> JacobianStream:
        """f and its dense Jacobian, in parts of about so many entries at most, computed when they are asked for.

        Parts of `enough_elements` do where so many are rows or points for all lanes: the first one is there sooner, and
        less is left to compute when all but the last one are on their way.

        The same numbers as :meth:`jacobian` gives in the same mode. Where one point is more than a part, the mode that
        is chosen is reverse, for its rows, unless that takes much longer; in forward mode a whole point is computed at
        once. What one part takes is held to the limits of a call; all parts together only to ``call_elements``.

        Raises
        ------
        InvalidPoints, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        part_elements = min(part_elements, self.limits.reply_elements)
        plan = self._plan(function, JACOBIAN, mode, outputs, with_respect_to, shared)
        at = check_points(points, plan.point_width, plan.free)
        entries = at.number * plan.m * plan.n_w
        if entries <= part_elements:
            whole = self.jacobian(
                function, points, shared=shared, outputs=outputs, with_respect_to=with_respect_to, mode=mode
            )
            flat = whole.jacobian.reshape(-1)
            compute = iter([(flat, whole.report)] if entries else [])
            return JacobianStream(whole.values, whole.jacobian.shape, whole.report, compute)
        if entries > self.limits.call_elements:
            what = "entries of the Jacobian"
            raise LimitExceeded("call_elements", self.limits.call_elements, entries, what, "points")
        held = self._held(function)
        reason = ""
        if mode is Mode.AUTO and (reason := _by_rows(held, plan, part_elements, self.limits)):
            plan = self._plan(function, JACOBIAN, Mode.REVERSE, outputs, with_respect_to, shared)
        _check_all(plan, at.number, self.limits)
        values = self.evaluate(function, points, shared=shared, outputs=outputs)
        fixed = shared_values(function.inputs, shared, plan.selection.shared) if shared else NO_VALUES
        names = tuple(name for name, _ in shared)
        asked = Asked(JACOBIAN, Mode.REVERSE, tuple(outputs), tuple(with_respect_to), names)
        one = _Parts(held, asked, plan, at, fixed, reason or plan.choice.reason, self.limits, self._run)
        shape = (at.number, plan.m, plan.n_w) if at.batched else (plan.m, plan.n_w)
        most = _enough(part_elements, enough_elements, plan)
        return JacobianStream(values.values, shape, values.report, one.computed(most))

    def jacobian_sweeps(
        self,
        function: WengertList,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
        mode: Mode = Mode.AUTO,
    ) -> Sweeps:
        """The sweeps of which :meth:`jacobian` makes a matrix, for whoever wants to make them one by one.

        Row i is J^T v in reverse mode for the unit vector v = e_i, and column j is J u in forward mode for u = e_j, bit
        for bit.

        Raises
        ------
        InvalidName, UnknownName
        """
        plan = self._plan(function, JACOBIAN, mode, outputs, with_respect_to, shared)
        choice = plan.choice
        return Sweeps(plan.m, plan.n_w, choice.mode, choice.sweeps, choice.reason)


def _by_rows(held: HeldFunction, plan: Plan, most: int, limits: Limits) -> str:
    """Why reverse mode is better although forward is cheaper; nothing where it is not."""
    m, n_w = plan.m, plan.n_w
    fits = m * n_w <= limits.reply_elements
    if m * n_w <= most or plan.choice.mode is Mode.REVERSE or (fits and m > _CLEAR * n_w):
        return ""
    forward = predicted(held.derivative(Mode.FORWARD, plan.selection).cost, n_w)
    reverse = predicted(held.derivative(Mode.REVERSE, plan.selection).cost, m)
    if fits and reverse > _DEARER * forward:
        return ""
    return (
        f"reverse, whose rows can go out one by one: {m} sweeps take {reverse} operations, {n_w} forward {forward}, "
        f"at each point (n_w = {n_w}, m = {m})."
    )


def _enough(most: int, enough: int | None, plan: Plan) -> int:
    """Entries of a part."""
    if enough is None:
        return most
    point, some_rows = plan.m * plan.n_w, max(enough, _LANES * plan.n_w)
    if plan.choice.mode is Mode.REVERSE and point > some_rows:
        return min(most, some_rows)
    return min(most, max(enough, _LANES * point))


def _check_all(plan: Plan, points: int, limits: Limits) -> None:
    """Refuse what would take too long in all, before anything is sent."""
    if plan.derivative is not None:
        sweeps = plan.choice.sweeps
        check_work(plan.derivative.cost, Work(points, 0, sweeps, 0, True, False, 0, 0, 0, 0), limits)


class _Parts(NamedTuple):
    """What computes the parts of one Jacobian."""

    held: HeldFunction
    by_rows: Asked
    plan: Plan
    at: Points
    fixed: Array
    reason: str
    limits: Limits
    run: Callable[[Run, Points, Array, Array], tuple[Array, Array]]

    def computed(self, most: int) -> Iterator[tuple[Array, Report]]:
        """Each part in turn, with its report."""
        plan = self.plan
        by_rows = plan.choice.mode is Mode.REVERSE
        for part in parts(self.at.number, plan.m, plan.n_w, most, by_rows=by_rows):
            started = time.perf_counter()
            run = self._run_of(part)
            ends = part.first_point + part.points
            x = self.at.values[part.first_point * plan.point_width : ends * plan.point_width]
            with for_a_while():
                _, derivatives = self.run(run, Points(x, part.points, True), self.fixed, NO_VALUES)
            sweeps = plan.choice.sweeps
            yield derivatives, report_of(run, started)._replace(reason=self.reason, sweeps=sweeps)

    def _run_of(self, part: Part) -> Run:
        if part.rows == self.plan.m:
            return self.plan.run(part.points, 0, False, self.limits)
        rows = self.held.keep(("rows", self.by_rows), lambda: RowPlan(self.held, self.by_rows))
        return rows.rows(part.first_row, part.rows, self.limits)

"""The plan of a sparse Jacobian: one list of all entries, compressed sweeps, or the dense Jacobian; and why.

All three give the same entries. What each takes at a point is predicted from counts, as for the pieces of large calls.
The list of all entries may be much longer than any sweep, so it is given up while it is built as soon as it has more
statements than the sweeps have time for.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.blocks import Work
from adengine.calls import NO_VALUES, Array, Points, Selection, Shared, check_points, shared_values
from adengine.coloring import color_columns, color_symmetric
from adengine.compression import Compression, compress
from adengine.counting import Cost, cost
from adengine.elements import NoList
from adengine.errors import LimitExceeded
from adengine.functions import HeldFunction, Plan
from adengine.jacobian import Mode, choose_lanes
from adengine.jacobian_list import goes_in_reverse, jacobian_list
from adengine.limits import Limits
from adengine.pieces import expected
from adengine.program import VM
from adengine.questions import DIRECTIONAL, JACOBIAN, Asked, Prepared
from adengine.results import SparseJacobianResult, SparsityResult, report_of
from adengine.runs import Run, Told, check_reply
from adengine.sparsity import hessian_pattern, jacobian_pattern
from adengine.unions import Pattern
from adengine.wengert_list import WengertList

_FORWARD_COST, _REVERSE_COST = 1.0, 1.3
"""What a sweep takes compared to a forward one, before any list is made: the counts of the two lists, and lanes."""
_BOTH_COST = 3.0
"""What it takes beside the sweeps to run a second list: f and its partial derivatives once more."""
_NEVER = 1e30
"""Cost of a sweep in a mode that was not asked for."""
_STATEMENT_NS = 1.7
"""What a statement of a list of scalars takes, with its element."""
_MOST_ROWS = 4_000_000
"""Statements that a list of all entries may have at most, whatever the sweeps take."""
CLEARLY = 3
"""A list so many times faster than sweeps usually are is taken without making theirs."""
_MODES = {True: Mode.FORWARD, False: Mode.REVERSE}
_ROOM = 1 << 27
"""Elements that lanes may take where only a prediction is made."""


class Sweeps(NamedTuple):
    """Sweeps in one mode: what to ask, and the seeds, flat; no seeds for all columns or rows of a dense Jacobian."""

    asked: Asked
    number: int
    seeds: Array


def pattern_of(held: HeldFunction, selection: Selection, limits: Limits) -> Pattern:
    """The pattern of the Jacobian for a selection, found once.

    Raises
    ------
    LimitExceeded
    """

    def find() -> Pattern:
        return jacobian_pattern(held.primal(selection).flat, selection.with_respect_to, limits)

    return held.keep(("pattern", selection.outputs, selection.with_respect_to), find)


def hessian_pattern_of(held: HeldFunction, selection: Selection, limits: Limits) -> Pattern:
    """The pattern of the Hessian for a selection, found once.

    Raises
    ------
    LimitExceeded
    """

    def find() -> Pattern:
        return hessian_pattern(held.primal(selection).flat, selection.with_respect_to, limits)

    return held.keep(("hessian pattern", selection.outputs, selection.with_respect_to), find)


def check_colors(compression: Compression, limits: Limits) -> None:
    """Refuse sweeps by colours whose directions alone would take more memory than a call has.

    Raises
    ------
    LimitExceeded
    """
    (m, n), columns, rows = compression.shape, compression.columns.number, compression.rows.number
    needed = 8 * (columns * n + rows * m)
    if needed > limits.call_bytes:
        what = f"bytes of the directions of {columns + rows} colors"
        raise LimitExceeded("call_bytes", limits.call_bytes, needed, what)


class SparsePlan(Plan):
    """All that is the same for every call that asks for the same sparse Jacobian.

    Attributes
    ----------
    pattern : Pattern
    """

    def __init__(self, held: HeldFunction, asked: Asked, limits: Limits) -> None:
        super().__init__(held, asked._replace(what=JACOBIAN))
        self.pattern = pattern_of(held, self.selection, limits)
        forward = _NEVER if asked.mode is Mode.REVERSE else _FORWARD_COST
        reverse = _NEVER if asked.mode is Mode.FORWARD else _REVERSE_COST
        self._compression: Compression = compress(self.pattern, forward, reverse, _BOTH_COST)
        self._sweeps = self._needed_sweeps(limits)
        self._place: NDArray[np.int64] = self._places()
        self._list, self._reason = self._better_list()

    @property
    def kept_bytes(self) -> int:
        """Bytes of the list, the colours and the seeds; the pattern is kept by itself."""
        own = 0 if self._list is None else self._list.kept_bytes
        return own + self._compression.kept_bytes + self._place.nbytes + sum(each.seeds.nbytes for each in self._sweeps)

    @property
    def derivative_list(self) -> Prepared | None:
        """The list of all entries; None where sweeps are cheaper."""
        return self._list

    @cached_property
    def derivative(self) -> Prepared | None:
        """The list of all entries."""
        return self._list

    @property
    def _derivative_key(self) -> str:
        return "entries"

    def runs(self, points: int, limits: Limits) -> list[tuple[Run, Array]]:
        """What to run at so many points, each with its seeds.

        Raises
        ------
        LimitExceeded
        """
        check_reply(limits, points * max(self.pattern.nnz, 1), "entries of the sparse Jacobian", "points")
        if self._list is not None:
            return [(self.run(points, 0, False, limits), NO_VALUES)]
        made = []
        for asked, number, seeds in self._sweeps:
            run = self._held.plan(asked).run(points, number if len(seeds) else 0, False, limits)
            made.append((run._replace(told=self._told(0)._replace(tier=run.told.tier)), seeds))
        return made

    def entries(self, results: list[Array], points: int) -> Array:
        """float64 array (points, nnz) of what the runs gave."""
        if self._list is not None or not points:
            return results[0].reshape(points, self.pattern.nnz)
        parts = [part.reshape(points, -1) for part in results]
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        return whole.take(self._place, axis=1)

    # how ---------------------------------------------------------------------------------------------------------

    def _needed_sweeps(self, limits: Limits) -> list[Sweeps]:
        columns, rows = self._compression.columns, self._compression.rows
        if columns.number >= self.n_w or rows.number >= self.m:
            return [Sweeps(self._asked, max(columns.number, rows.number), NO_VALUES)]
        check_colors(self._compression, limits)
        tangents, cotangents = self._compression.tangents(), self._compression.cotangents()
        both = (
            Sweeps(self._asked._replace(what=DIRECTIONAL, mode=Mode.FORWARD), columns.number, tangents.reshape(-1)),
            Sweeps(self._asked._replace(what=DIRECTIONAL, mode=Mode.REVERSE), rows.number, cotangents.reshape(-1)),
        )
        return [each for each in both if each.number]

    def _places(self) -> NDArray[np.int64]:
        """Where each entry stands in the results of all sweeps."""
        if len(self._sweeps) == 1 and not len(self._sweeps[0].seeds):
            return self.pattern.row * np.int64(self.n_w) + self.pattern.column
        return self._compression.place

    def _better_list(self) -> tuple[Prepared | None, str]:
        """The list of all entries, where it exists and is predicted to be faster; and one sentence that says why."""
        nnz = self.pattern.nnz
        if nnz == 0:
            return self.primal, "a list: no output depends on an input, f alone is computed."
        sweeps = self._described_sweeps()
        if self._asked.mode is not Mode.AUTO:
            return None, f"{sweeps}, asked for."
        most = min(_MOST_ROWS, int(self._sweeps_ns(exactly=False) / _STATEMENT_NS))
        flat = jacobian_list(self.primal.flat, self.selection.with_respect_to, self.pattern, most)
        if isinstance(flat, NoList):
            return None, f"{sweeps}; a list of all {nnz} entries {flat.why}."
        made = Prepared(flat, cost(flat))
        alone = expected(self._entries_work(1), choose_lanes(1, 1, made.cost, _ROOM), made.cost)
        list_ns = alone.of(alone.blocks)
        if list_ns * CLEARLY > self._sweeps_ns(exactly=False) and list_ns > self._sweeps_ns(exactly=True):
            return None, f"{sweeps}; a list of all {nnz} entries would take longer."
        return made, f"a list of all {nnz} entries: {made.cost.operations} operations; instead of {sweeps}."

    def _described_sweeps(self) -> str:
        columns, rows = self._compression.columns.number, self._compression.rows.number
        if not len(self._sweeps[0].seeds):
            return f"dense sweeps (n_w = {self.n_w}, m = {self.m}, {self.pattern.nnz} entries)"
        forward = f"{columns} forward sweeps for {self.n_w} columns" if columns else ""
        reverse = f"{rows} reverse sweeps for {self.m} rows" if rows else ""
        return " and ".join(part for part in (forward, reverse) if part)

    def _sweeps_ns(self, *, exactly: bool) -> float:
        """What the sweeps are predicted to take at one point; exactly makes their lists."""
        total = 0.0
        for asked, number, _ in self._sweeps:
            mode = asked.mode
            if mode is Mode.AUTO:
                by_columns = self.n_w <= self.m
                mode = self._held.plan(asked).choice.mode if exactly else _MODES[by_columns]
            list_cost = self._held.derivative(mode, self.selection).cost if exactly else usual(self.primal.cost)
            width, reply = (self.n_w, self.m) if mode is Mode.FORWARD else (self.m, self.n_w)
            work = Work(1, self.point_width, number, width, False, False, self.m, number * reply, reply, 1)
            call = expected(work, choose_lanes(1, number, list_cost, _ROOM), list_cost)
            total += call.of(call.blocks)
        return total

    def _entries_work(self, points: int) -> Work:
        return Work(points, self.point_width, 1, 0, False, False, self.m, self.pattern.nnz, 0, 1)

    def _work(self, points: int, directions: int, per_point: bool, limits: Limits) -> Work:  # noqa: ARG002  as in Plan
        return self._entries_work(points)

    def _told(self, directions: int) -> Told:  # noqa: ARG002  as in Plan
        primal = self.primal.cost.operations
        if self._list is not None:
            mode = self._asked.mode
            if mode is Mode.AUTO:
                mode = Mode.REVERSE if goes_in_reverse(self.pattern) else Mode.FORWARD
            return Told(mode, 0, self._list.cost.operations, primal, self._reason, VM)
        asked = max(self._sweeps, key=lambda each: each.number).asked
        choice = self._held.plan(asked).choice if asked.what == JACOBIAN else None
        mode = asked.mode if choice is None else choice.mode
        number = sum(each.number for each in self._sweeps) if choice is None else choice.sweeps
        return Told(mode, number, self._held.derivative(mode, self.selection).cost.operations, primal, self._reason, VM)


def usual(primal: Cost) -> Cost:
    """What a derivative list of a function usually costs: twice f for f and the partials, and as much for a seed."""
    statements, elements = 2 * primal.statements, 2 * primal.elements
    operations = 2 * primal.operations
    live = 2 * primal.live_elements
    return Cost(2 * operations, operations, 2 * statements, statements, 2 * elements, elements, live)


def sparse_plan(held: HeldFunction, asked: Asked, limits: Limits) -> SparsePlan:
    """The plan for calls that ask this, made once.

    Raises
    ------
    InvalidName, UnknownName, LimitExceeded
    """
    return held.keep(("sparse", asked), lambda: SparsePlan(held, asked, limits))


def jacobian_sparsity(held: HeldFunction, selection: Selection, limits: Limits) -> SparsityResult:
    """Pattern and colours of the columns of a Jacobian.

    Raises
    ------
    LimitExceeded
    """
    pattern = pattern_of(held, selection, limits)
    return SparsityResult(pattern, color_columns(pattern).colors)


def hessian_sparsity(held: HeldFunction, selection: Selection, limits: Limits) -> SparsityResult:
    """Pattern and star colouring of a Hessian.

    Raises
    ------
    LimitExceeded
    """
    pattern = hessian_pattern_of(held, selection, limits)
    return SparsityResult(pattern, color_symmetric(pattern).colors)


class SparseCalls(ABC):
    """The calls of an engine for sparse matrices."""

    limits: Limits

    @abstractmethod
    def _held(self, function: WengertList) -> HeldFunction:
        """What is kept for a function."""

    @abstractmethod
    def _run(self, run: Run, at: Points, fixed: Array, seeds: Array) -> tuple[Array, Array]:
        """Values and derivatives of a run."""

    def sparse_jacobian(
        self,
        function: WengertList,
        points: Array | None = None,
        *,
        shared: Shared = (),
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
        mode: Mode = Mode.AUTO,
    ) -> SparseJacobianResult:
        """f and the entries of its Jacobian, of which the pattern depends on the list only and is found once.

        Costs one run of a list of all entries, or a sweep for each colour of the columns, of the rows or of both; or
        dense sweeps. Whichever is predicted to be fastest; the report says why. A mode asked for means sweeps.

        Raises
        ------
        InvalidPoints, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        names = tuple(name for name, _ in shared)
        asked = Asked(JACOBIAN, mode, tuple(outputs), tuple(with_respect_to), names)
        plan = sparse_plan(self._held(function), asked, self.limits)
        at = check_points(points, plan.point_width, plan.free)
        fixed = shared_values(function.inputs, shared, plan.selection.shared) if shared else NO_VALUES
        values, results = NO_VALUES, []
        runs = plan.runs(at.number, self.limits)
        for run, seeds in runs:
            values, derivatives = self._run(run, at, fixed, seeds)
            results.append(derivatives)
        entries = plan.entries(results, at.number)
        shaped = entries if at.batched else entries.reshape(-1)
        return SparseJacobianResult(values, plan.pattern, shaped, report_of(runs[0][0], started))

    def sparsity(
        self,
        function: WengertList,
        *,
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
        hessian: bool = False,
    ) -> SparsityResult:
        """The structural pattern of the Jacobian, or of the Hessian of a weighted sum of the outputs, and its colours.

        Raises
        ------
        InvalidName, UnknownName, LimitExceeded
        """
        held = self._held(function)
        asked = Asked(JACOBIAN, Mode.AUTO, tuple(outputs), tuple(with_respect_to), ())
        selection = held.plan(asked).selection
        if hessian:
            return held.keep(("hessian", selection), lambda: hessian_sparsity(held, selection, self.limits))
        return held.keep(("sparsity", selection), lambda: jacobian_sparsity(held, selection, self.limits))

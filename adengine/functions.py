"""What the engine keeps for a function: flat lists, derivative lists, plans, programs. Each is made once."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TypeVar

import numpy as np

from adengine.account import for_a_while
from adengine.adjoint import adjoint
from adengine.blocks import Work, blocks_of
from adengine.calls import Selection, select
from adengine.cancellation import holding, in_kernels
from adengine.counting import Cost, cost
from adengine.dual import dual
from adengine.folding import folded
from adengine.hot import GAIN, Hot, doubtful, price_s
from adengine.jacobian import Choice, Lanes, Mode, choose, choose_lanes, clear_choice, without_comparison
from adengine.limits import Limits
from adengine.lower import lower
from adengine.pieces import Expected, expected
from adengine.program import VM, Program, input_sources
from adengine.questions import EVALUATE, JACOBIAN, Asked, Compilable, Kept, Key, Prepared, compiled_lanes
from adengine.runs import Run, Told, arenas_that_fit, check_reply, check_work, elements_that_fit
from adengine.shapes import size_of
from adengine.transfer import BLOCK_COLUMNS, POINT, SEED
from adengine.vector_library import Routines
from adengine.wengert_list import Input, WengertList

T = TypeVar("T", bound="Kept")

_KEPT_PER_FUNCTION = 64
"""Lists, plans and programs kept for one function; the least recently used go first."""
_NO_BLOCKS = np.zeros((0, BLOCK_COLUMNS), np.int64)
_SINGLE_BLOCKS = 8
"""Calls of at most so many blocks keep their description."""


class Plan:
    """All that is the same for every call that asks the same: sizes, mode, lists, programs.

    Attributes
    ----------
    selection : Selection
    free : list of Input
        Inputs that make up a point.
    point_width, m, n_w : int
        n', selected output scalars, scalars differentiated by.
    mode : Mode or None
        As asked.

    Lists are made when they are first needed: a call that is refused makes none.
    """

    def __init__(self, held: HeldFunction, asked: Asked) -> None:
        function = held.list
        wrt = None if asked.what == EVALUATE else asked.with_respect_to
        self._held = held
        self.selection: Selection = select(held.input_numbers, held.output_numbers, asked.outputs, wrt, asked.shared)
        shared = set(self.selection.shared)
        self.free: list[Input] = [value for number, value in enumerate(function.inputs) if number not in shared]
        self.point_width = sum(size_of(value.shape) for value in self.free)
        self.m = sum(size_of(function.shape(function.outputs[number].argument)) for number in self.selection.outputs)
        self.n_w = sum(size_of(function.inputs[number].shape) for number in self.selection.with_respect_to)
        self._shared_width = sum(size_of(function.inputs[number].shape) for number in shared)
        self.mode: Mode | None = None if asked.what == EVALUATE else asked.mode
        self._asked = asked
        self._runs: dict[tuple[int, int, bool], Run] = {}

    @cached_property
    def primal(self) -> Prepared:
        """f with the selected outputs."""
        return self._held.primal(self.selection)

    @cached_property
    def choice(self) -> Choice:
        """Mode, sweeps and reason of a Jacobian; may make both derivative lists."""
        return _choice(self._held, self.selection, self.n_w, self.m, self._asked.mode)

    @cached_property
    def derivative(self) -> Prepared | None:
        """The dual or adjoint list; None where there is nothing to differentiate."""
        mode = self._mode_used
        if mode is None or self.n_w * self.m == 0:
            return None
        return self._held.derivative(mode, self.selection)

    @property
    def _mode_used(self) -> Mode | None:
        return self.choice.mode if self._asked.what == JACOBIAN else self.mode

    @property
    def _derivative_key(self) -> str:
        """What the programs of the derivative list are kept by."""
        return str(self._mode_used)

    @property
    def operations(self) -> int:
        """Operations of one sweep at one point, f included."""
        return (self.derivative or self.primal).cost.operations

    def run(self, points: int, directions: int, per_point: bool, limits: Limits) -> Run:
        """The run over so many points, with so many directions at each; a Jacobian has its own directions.

        Raises
        ------
        LimitExceeded
            Where the reply is too large, or the variables of one run do not fit the memory of a call.
        """
        run = self._runs.get((points, directions, per_point))
        if run is None or run.stale:
            run = self._new_run(points, directions, per_point, limits)
            if run.blocks is not None:
                if len(self._runs) >= _KEPT_PER_FUNCTION:
                    self._runs.clear()
                self._runs[points, directions, per_point] = run
        return run

    def _new_run(self, points: int, directions: int, per_point: bool, limits: Limits) -> Run:
        work = self._work(points, directions, per_point, limits)
        values, derivatives = points * work.values, points * work.point_step
        check_reply(limits, max(values, points), "values of the outputs", "points")
        differentiates = derivatives > 0 and self.derivative is not None
        numbers = values + derivatives + self._given(work)
        if not differentiates:
            work = Work(points, work.point_width, 1, 0, False, False, work.values, 0, 0, 0)
        told = self._told(directions)
        if values + derivatives == 0:
            return Run(
                None, work, Lanes(True, 1), _NO_BLOCKS, 0, 0, False, Expected(0, 1, 0.0, 0.0), 0.0, 1, None, told
            )  # fmt: skip
        program, lanes, cost, hot = self._program(work, differentiates, limits, numbers)
        few = work.directions * work.points <= _SINGLE_BLOCKS * lanes.width
        blocks = np.concatenate(list(blocks_of(work, lanes))) if few else None
        call = expected(work, lanes, cost)
        arenas = arenas_that_fit(program, work, numbers, limits)
        return Run(
            program, work, lanes, blocks, values, derivatives, differentiates, call, call.of(call.blocks), arenas, hot,
            told._replace(tier=program.tier),
        )  # fmt: skip

    def _given(self, work: Work) -> int:
        """How many numbers a call brings: points, shared values, directions."""
        seeds = 0 if work.identity else work.directions * work.direction_width
        return work.points * work.point_width + self._shared_width + seeds * (work.points if work.per_point else 1)

    def _listed(self, differentiates: bool) -> tuple[Prepared, Hashable, Selection]:
        """The list to run, and what its programs are kept by."""
        if differentiates and self.derivative is not None:
            return self.derivative, self._derivative_key, self.selection
        return self.primal, "primal", self.selection._replace(with_respect_to=())

    def _program(
        self, work: Work, differentiates: bool, limits: Limits, numbers: int
    ) -> tuple[Program, Lanes, Cost, Hot | None]:
        """The program for a piece of work that has so many numbers coming in and going out.

        With it come its lanes, what its list costs, and how hot it is where it may be compiled: once it has been, the
        compiled one is given.
        """
        prepared, key, selection = self._listed(differentiates)
        check_work(prepared.cost, work, limits)
        most = elements_that_fit(work, numbers, limits)
        lanes = choose_lanes(work.points, work.directions, prepared.cost, most)
        laned_seeds = work.per_point if lanes.points else True
        name = Compilable(key, selection, compiled_lanes(lanes), laned_seeds)
        hot = self._held.hot(prepared, name)
        compiled = self._held.compiled(name) if hot is not None else None
        if compiled is not None:
            return compiled, Lanes(lanes.points, compiled.lanes), prepared.cost, hot
        return self._held.program(prepared, key, selection, lanes, laned_seeds), lanes, prepared.cost, hot

    def _work(self, points: int, directions: int, per_point: bool, limits: Limits) -> Work:
        """What a call asks to be computed; refused where the reply would be too large."""
        if self._asked.what == EVALUATE:
            return Work(points, self.point_width, 1, 0, False, False, self.m, 0, 0, 0)
        m, n_w = self.m, self.n_w
        if self._asked.what == JACOBIAN:
            check_reply(limits, points * max(m * n_w, 1), "entries of the Jacobian", "points")
            sweeps = self.choice.sweeps
            steps = (1, n_w) if self.choice.mode is Mode.FORWARD else (n_w, 1)
            return Work(points, self.point_width, sweeps, sweeps, True, False, m, m * n_w, *steps)
        forward = self.mode is Mode.FORWARD
        width, reply = (n_w, m) if forward else (m, n_w)
        check_reply(limits, points * max(directions * reply, 1), "products", "points")
        check_reply(
            limits, directions * max(reply, 1), "products at one point", "tangents" if forward else "cotangents"
        )
        return Work(points, self.point_width, directions, width, False, per_point, m, directions * reply, reply, 1)

    def _told(self, directions: int) -> Told:
        """What the reports of calls with so many directions say."""
        primal = self.primal.cost.operations
        if self._asked.what == EVALUATE:
            return Told(None, 0, primal, primal, "f alone was asked for.", VM)
        if self._asked.what == JACOBIAN:
            return Told(self.choice.mode, self.choice.sweeps, self.operations, primal, self.choice.reason, VM)
        kind = "forward" if self.mode is Mode.FORWARD else "reverse"
        reason = f"{kind}: one sweep for each direction, {directions} at each point."
        return Told(self.mode, directions, self.operations, primal, reason, VM)


def _choice(held: HeldFunction, selection: Selection, n_w: int, m: int, mode: Mode) -> Choice:
    """The mode of a Jacobian: as asked, as the numbers of sweeps say, or by comparing both lists."""
    if mode is not Mode.AUTO:
        return without_comparison(mode, n_w, m, asked=True)
    clear = clear_choice(n_w, m)
    if clear is not None:
        return without_comparison(clear, n_w, m, asked=False)
    costs = [held.derivative(each, selection).cost for each in (Mode.FORWARD, Mode.REVERSE)]
    return choose(n_w, m, *costs)


class HeldFunction:
    """One function and what is kept for it. Safe to use from several threads.

    Parameters
    ----------
    function : WengertList
    most_bytes : int
        Bytes that may be kept for it.
    on_growth : callable
        Called whenever more is kept, so that whoever keeps several functions can bound them together.
    most_compiled : int or None
        Statements of a list that is compiled where it is used much; None to compile nothing.
    routines : Routines
        Vector routines for the elementary functions.

    Attributes
    ----------
    kept_bytes : int
        Bytes that are kept; read without a lock.
    used : int
        When it was used last, as its engine counts.
    plans : dict
        The plans by what is asked.
    """

    def __init__(
        self,
        function: WengertList,
        most_bytes: int,
        on_growth: Callable[[], None],
        *,
        most_compiled: int | None,
        routines: Routines,
    ) -> None:
        self.list = function
        self._most_compiled = most_compiled
        self._routines = routines
        self._dropped = False
        self._making = 0
        self.used = 0
        self._on_growth = on_growth
        self.kept_bytes = 0
        self._most_bytes = most_bytes
        self.input_numbers = {value.name: number for number, value in enumerate(function.inputs)}
        self.output_numbers = {value.name: number for number, value in enumerate(function.outputs)}
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self.plans: OrderedDict[Key, Plan] = OrderedDict()
        self._lock = threading.RLock()

    def plan(self, asked: Asked) -> Plan:
        """The plan for calls that ask this, made where it is not among :attr:`plans`."""
        with self._lock:
            if asked not in self.plans:
                self.plans[asked] = Plan(self, asked)
                self.kept_bytes += asked.kept_bytes
                while len(self.plans) > _KEPT_PER_FUNCTION:
                    self.kept_bytes -= Asked(*self.plans.popitem(last=False)[0]).kept_bytes
            return self.plans[asked]

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under a key, made once; a call that is cancelled meanwhile leaves nothing."""
        with holding(self._lock):
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]  # type: ignore[return-value]  # what this key was made with
            self._making += 1
            try:
                with in_kernels(), for_a_while():
                    made = make()
            finally:
                self._making -= 1
            self._kept[key] = made
            self.kept_bytes += made.kept_bytes
            self._make_room()
            alone = not self._making  # else this thread holds the lock still, which those who bound memory may want
        if alone:
            self._on_growth()
        return made

    def _make_room(self) -> None:
        """Drop what was used least recently; plans refer to it, so they go too."""
        dropped = False
        while len(self._kept) > 1 and (len(self._kept) > _KEPT_PER_FUNCTION or self.kept_bytes > self._most_bytes):
            key, gone = self._kept.popitem(last=False)
            self.kept_bytes -= gone.kept_bytes
            dropped = True
            hot = self._kept.get(("hot", key))
            if isinstance(hot, Hot):
                hot.cool()
        if dropped:
            self.kept_bytes -= sum(Asked(*asked).kept_bytes for asked in self.plans)
            self.plans.clear()

    def primal(self, selection: Selection) -> Prepared:
        """The flat list of f with the selected outputs."""

        def make() -> Prepared:
            flat = lower(self.list, selection.outputs)
            return Prepared(flat, cost(flat))

        return self.keep(("primal", selection.outputs), make)

    def derivative(self, mode: Mode, selection: Selection) -> Prepared:
        """The dual or adjoint list for a selection."""

        def make() -> Prepared:
            transform = dual if mode is Mode.FORWARD else adjoint
            flat = transform(self.primal(selection).flat, selection.with_respect_to)
            return Prepared(flat, cost(flat))

        return self.keep((mode, selection.outputs, selection.with_respect_to), make)

    def program(
        self, prepared: Prepared, key: Hashable, selection: Selection, lanes: Lanes, laned_seeds: bool
    ) -> Program:
        """A program with points or directions as lanes."""
        name = ("program", key, selection, lanes, laned_seeds)
        return self.keep(name, lambda: self._new_program(prepared, selection, lanes, laned_seeds, compiled=False))

    def _new_program(
        self, prepared: Prepared, selection: Selection, lanes: Lanes, laned_seeds: bool, *, compiled: bool
    ) -> Program:
        flat = folded(prepared.flat, self._routines)
        sources = input_sources(flat, len(flat.inputs) - flat.seeds, selection.shared)
        laned = np.zeros(len(sources), np.uint8)
        if lanes.width > 1:
            laned[(sources[:, 0] == POINT) & lanes.points] = 1
            laned[(sources[:, 0] == SEED) & laned_seeds] = 1
        return Program(flat, sources, laned, lanes.width, self._routines, compiled=compiled)

    def hot(self, prepared: Prepared, name: Compilable) -> Hot | None:
        """How hot a program is; None where it is not to be compiled."""
        most = self._most_compiled
        price = None if most is None else price_s(prepared.cost, name.lanes.width, most)
        if price is None:
            return None
        itself = weakref.ref(self)

        def make() -> bool:
            held = itself()
            return held is not None and held.compile(prepared, name)

        hot = self.keep(("hot", name), lambda: Hot(price, make))
        hot.ready = hot.ready or name in self._kept
        return hot

    def compiled(self, name: Compilable) -> Program | None:
        """A compiled program, where there is one."""
        with self._lock:
            program = self._kept.get(name)
        return program if isinstance(program, Program) else None

    def compile(self, prepared: Prepared, name: Compilable) -> bool:
        """Compile a program and keep it, without keeping others waiting; gives whether it is kept."""
        if self._dropped:
            return False
        with in_kernels():
            program = self._new_program(prepared, name.selection, name.lanes, name.laned_seeds, compiled=True)
        if doubtful(prepared.cost, name.lanes.width):
            other = self._new_program(prepared, name.selection, name.lanes, name.laned_seeds, compiled=False)
            if program.bare_ns() > GAIN * other.bare_ns():
                return False
        with self._lock:
            kept = not self._dropped
            if kept:
                self._kept[name] = program
                self.kept_bytes += program.kept_bytes
                self._make_room()
        self._on_growth()
        return kept

    def tiers(self) -> list[str]:
        """The tier of each program that is kept."""
        with self._lock:
            return [kept.tier for kept in self._kept.values() if isinstance(kept, Program)]

    def drop(self) -> None:
        """Let go of all that is kept; calls that run go on, what is being compiled is thrown away."""
        with self._lock:
            self._dropped = True
            self._kept.clear()
            self.plans.clear()

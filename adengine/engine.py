"""The engine: functions in, values and derivatives out; derivative lists and programs are made once and kept."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from adengine.calls import (
    NO_VALUES,
    Directions,
    Points,
    Selection,
    Shared,
    check_directions,
    check_points,
    select,
)  # fmt: skip
from adengine.counting import Cost, cost
from adengine.errors import LimitExceeded
from adengine.graph import FlatList
from adengine.jacobian import Choice, Lanes, Mode, choose, choose_lanes, clear_choice, without_comparison
from adengine.limits import DEFAULT_LIMITS, Limits
from adengine.lower import lower
from adengine.shapes import size_of
from adengine.transform import adjoint, dual
from adengine.vm import BLOCK_COLUMNS, POINT, SEED, SHARED, Program
from adengine.wengert_list import WengertList

Array = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Report:
    """How an answer came about.

    Attributes
    ----------
    mode : Mode or None
        FORWARD or REVERSE; None where nothing was differentiated.
    sweeps : int
        Sweeps at each point.
    operations, primal_operations : int
        Counted operations of one sweep at one point, f included, and of f alone.
    seconds : float
        Time spent in the engine.
    reason : str
        One sentence on why.
    """

    mode: Mode | None
    sweeps: int
    operations: int
    primal_operations: int
    seconds: float
    reason: str


class EvaluateResult(NamedTuple):
    """f at one or K points: values (m,) or (K, m)."""

    values: Array
    report: Report


class JvpResult(NamedTuple):
    """f and J u: values (m,) or (K, m); tangents (m,), (p, m), (K, m) or (K, p, m)."""

    values: Array
    tangents: Array
    report: Report


class VjpResult(NamedTuple):
    """f and J^T v: values (m,) or (K, m); cotangents (n_w,), (p, n_w), (K, n_w) or (K, p, n_w)."""

    values: Array
    cotangents: Array
    report: Report


class JacobianResult(NamedTuple):
    """f and J[i, j] = df_i/dx_j: values (m,) or (K, m); jacobian (m, n_w) or (K, m, n_w)."""

    values: Array
    jacobian: Array
    report: Report


class _Prepared(NamedTuple):
    """A flat list with its count."""

    flat: FlatList
    cost: Cost


class _Seeds(NamedTuple):
    """Seeds of a run: given directions, or the identity where ``values`` is None."""

    values: Array | None
    number: int
    width: int
    per_point: bool


class _Target(NamedTuple):
    """Where derivatives go: element (k, direction, component) at k * point + direction * step + component * element."""

    array: Array
    point: int
    direction: int
    element: int


_KEPT_PER_FUNCTION = 64
"""Lists and programs kept for one function: as many selections as that stay fast."""
_BLOCKS_AT_ONCE = 4096
"""Blocks described at once, so that the description of a large call stays small."""


class _Function:
    """What is kept for one function: flat lists, derivative lists, programs, the least recently used go first."""

    def __init__(self, wengert_list: WengertList) -> None:
        self.list = wengert_list
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.RLock()

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under a key, made once."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]  # type: ignore[return-value]
            made = make()
            self._kept[key] = made
            while len(self._kept) > _KEPT_PER_FUNCTION:
                self._kept.popitem(last=False)
            return made

    def primal(self, selection: Selection) -> _Prepared:
        """The flat list of f with the selected outputs."""

        def make() -> _Prepared:
            flat = lower(self.list, selection.outputs)
            return _Prepared(flat, cost(flat))

        return self.keep(("primal", selection.outputs), make)

    def derivative(self, mode: Mode, selection: Selection) -> _Prepared:
        """The dual or adjoint list for a selection."""

        def make() -> _Prepared:
            transform = dual if mode is Mode.FORWARD else adjoint
            flat = transform(self.primal(selection).flat, selection.with_respect_to)
            return _Prepared(flat, cost(flat))

        return self.keep((mode, selection.outputs, selection.with_respect_to), make)

    def sources(self, flat: FlatList, selection: Selection) -> NDArray[np.int64]:
        """Where each input of a flat list finds its values."""
        own = len(self.list.inputs)
        offsets = {POINT: 0, SHARED: 0, SEED: 0}
        table = np.empty((len(flat.inputs), 2), np.int64)
        for number, size in enumerate(flat.input_sizes):
            kind = SEED if number >= own else SHARED if number in selection.shared else POINT
            table[number] = kind, offsets[kind]
            offsets[kind] += int(size)
        return table

    def program(
        self, prepared: _Prepared, key: Hashable, selection: Selection, lanes: Lanes, laned_seeds: bool
    ) -> Program:
        """A program with points or directions as lanes."""

        def make() -> Program:
            sources = self.sources(prepared.flat, selection)
            laned = np.zeros(len(sources), np.uint8)
            if lanes.width > 1:
                laned[(sources[:, 0] == POINT) & lanes.points] = 1
                laned[(sources[:, 0] == SEED) & laned_seeds] = 1
            return Program(prepared.flat, sources, laned, lanes.width)

        return self.keep(("program", key, selection, lanes, laned_seeds), make)


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
    >>> from adengine import Engine, Input, Output, WengertList
    >>> f = WengertList.build(  # x1 * x2 + sin(x1)
    ...     inputs=[Input("x1"), Input("x2")],
    ...     primitives=[12, 60, 10], arguments=[1, 2, 1, 3, 4], outputs=[Output("f", 5)])
    >>> import numpy as np
    >>> Engine().jacobian(f, np.array([0.0, 3.0])).jacobian
    array([[4., 0.]])
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, functions: int = 256) -> None:
        self.limits = limits
        self._most_functions = functions
        self._functions: OrderedDict[str, _Function] = OrderedDict()
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
        held = self._held(function)
        selection, shared_values = select(function, outputs, None, shared)
        at = check_points(function, selection, points)
        primal = held.primal(selection)
        values = self._new_values(primal.flat, at)
        self._run_primal(held, primal, selection, at, shared_values, values)
        operations = primal.cost.operations
        report = _report(None, 0, operations, operations, started, "f alone was asked for.")
        return EvaluateResult(_shaped(values, at, int(primal.flat.output_sizes.sum())), report)

    def jvp(
        self, function: WengertList, points: Array | None, tangents: Array | None, *, shared: Shared = (),
        outputs: Sequence[str] = (), with_respect_to: Sequence[str] = (),
    ) -> JvpResult:  # fmt: skip
        """f and J u, one forward sweep per direction.

        Parameters
        ----------
        points : (n',) or (K, n')
        tangents : at one point (n_w,) or (p, n_w); at K points (n_w,), (1, p, n_w) or (K, p, n_w)

        Raises
        ------
        InvalidPoints, InvalidDirections, AmbiguousDirections, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        values, derivatives, report = self._directional(
            Mode.FORWARD, function, points, tangents, shared, outputs, with_respect_to
        )
        return JvpResult(values, derivatives, report)

    def vjp(
        self, function: WengertList, points: Array | None, cotangents: Array | None = None, *, shared: Shared = (),
        outputs: Sequence[str] = (), with_respect_to: Sequence[str] = (),
    ) -> VjpResult:  # fmt: skip
        """f and J^T v, one reverse sweep per direction; cotangents as tangents are, of width m.

        Absent cotangents mean 1 where m = 1.

        Raises
        ------
        InvalidPoints, InvalidDirections, AmbiguousDirections, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        values, derivatives, report = self._directional(
            Mode.REVERSE, function, points, cotangents, shared, outputs, with_respect_to
        )
        return VjpResult(values, derivatives, report)

    def jacobian(
        self, function: WengertList, points: Array | None = None, *, shared: Shared = (), outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (), mode: Mode = Mode.AUTO,
    ) -> JacobianResult:  # fmt: skip
        """f and its dense Jacobian, J[i, j] = df_i/dx_j.

        Costs n_w forward or m reverse sweeps, whichever is predicted to take fewer operations; the report says why.

        Raises
        ------
        InvalidPoints, InvalidShape, InvalidName, UnknownName, LimitExceeded
        """
        started = time.perf_counter()
        held = self._held(function)
        selection, shared_values = select(function, outputs, with_respect_to, shared)
        at = check_points(function, selection, points)
        primal = held.primal(selection)
        m = int(primal.flat.output_sizes.sum())
        n_w = _width(function, selection)
        values = self._new_values(primal.flat, at)
        self._check_reply(at.number * m * n_w, "entries of the Jacobian")
        jacobian = np.zeros(at.number * m * n_w)
        choice = self._choose(held, selection, n_w, m, mode)
        if choice.sweeps == 0 or at.number == 0 or n_w * m == 0:
            self._run_primal(held, primal, selection, at, shared_values, values)
            operations = primal.cost.operations
        else:
            prepared = held.derivative(choice.mode, selection)
            operations = prepared.cost.operations
            forward = choice.mode is Mode.FORWARD
            target = _Target(jacobian, m * n_w, 1 if forward else n_w, n_w if forward else 1)
            seeds = _Seeds(None, choice.sweeps, choice.sweeps, False)
            self._run(held, prepared, choice.mode, selection, at, shared_values, seeds, values, target)
        shape = (at.number, m, n_w) if at.batched else (m, n_w)
        report = _report(choice.mode, choice.sweeps, operations, primal.cost.operations, started, choice.reason)
        return JacobianResult(_shaped(values, at, m), jacobian.reshape(shape), report)

    def forget(self, function_id: str) -> bool:
        """Drop what is kept for a function; returns whether anything was."""
        with self._lock:
            return self._functions.pop(function_id, None) is not None

    def _held(self, function: WengertList) -> _Function:
        with self._lock:
            held = self._functions.get(function.id)
            if held is None:
                held = self._functions[function.id] = _Function(function)
                while len(self._functions) > self._most_functions:
                    self._functions.popitem(last=False)
            else:
                self._functions.move_to_end(function.id)
            return held

    def _choose(self, held: _Function, selection: Selection, n_w: int, m: int, mode: Mode) -> Choice:
        if mode is not Mode.AUTO:
            return without_comparison(mode, n_w, m, asked=True)
        clear = clear_choice(n_w, m)
        if clear is not None:
            return without_comparison(clear, n_w, m, asked=False)
        forward = held.derivative(Mode.FORWARD, selection)
        reverse = held.derivative(Mode.REVERSE, selection)
        return choose(n_w, m, forward.cost, reverse.cost)

    def _directional(
        self, mode: Mode, function: WengertList, points: Array | None, given: Array | None, shared: Shared,
        outputs: Sequence[str], with_respect_to: Sequence[str],
    ) -> tuple[Array, Array, Report]:  # fmt: skip
        """J u or J^T v."""
        started = time.perf_counter()
        held = self._held(function)
        selection, shared_values = select(function, outputs, with_respect_to, shared)
        at = check_points(function, selection, points)
        primal = held.primal(selection)
        m, n_w = int(primal.flat.output_sizes.sum()), _width(function, selection)
        forward = mode is Mode.FORWARD
        width, reply = (n_w, m) if forward else (m, n_w)
        directions = check_directions(
            given, at, width, "tangents" if forward else "cotangents", "n_w" if forward else "m"
        )
        values = self._new_values(primal.flat, at)
        self._check_reply(at.number * directions.number * reply, "products")
        derivatives = np.zeros(at.number * directions.number * reply)
        operations = primal.cost.operations
        if directions.number == 0 or at.number == 0 or n_w == 0 or m == 0:
            self._run_primal(held, primal, selection, at, shared_values, values)
        else:
            prepared = held.derivative(mode, selection)
            operations = prepared.cost.operations
            seeds = _Seeds(directions.values, directions.number, width, directions.per_point)
            target = _Target(derivatives, directions.number * reply, reply, 1)
            self._run(held, prepared, mode, selection, at, shared_values, seeds, values, target)
        reason = f"{'forward' if forward else 'reverse'}: one sweep for each of {directions.number} directions."
        report = _report(mode, directions.number, operations, primal.cost.operations, started, reason)
        return _shaped(values, at, m), derivatives.reshape(_directional_shape(at, directions, reply)), report

    def _run_primal(
        self, held: _Function, primal: _Prepared, selection: Selection, at: Points, shared: Array, values: Array
    ) -> None:
        """Values alone."""
        if at.number == 0:
            return
        nothing = _Target(NO_VALUES, 0, 0, 0)
        no_seeds = _Seeds(NO_VALUES, 1, 0, False)
        self._run(held, primal, "primal", selection, at, shared, no_seeds, values, nothing)

    def _run(
        self, held: _Function, prepared: _Prepared, key: Hashable, selection: Selection, at: Points, shared: Array,
        seeds: _Seeds, values: Array, target: _Target,
    ) -> None:  # fmt: skip
        """Run a list for all points and directions."""
        most = self.limits.call_bytes // 8 - len(values) - len(target.array)
        lanes = choose_lanes(at.number, seeds.number, prepared.cost, most)
        laned_seeds = seeds.per_point if lanes.points else True
        program = held.program(prepared, key, selection, lanes, laned_seeds)
        if program.bytes > 8 * most:
            raise LimitExceeded("call_bytes", self.limits.call_bytes, program.bytes, "bytes of the variables")
        m = int(prepared.flat.output_sizes[: prepared.flat.results].sum())
        given = NO_VALUES if seeds.values is None else seeds.values
        blocks = _point_blocks if lanes.points else _direction_blocks
        for chunk in blocks(at, seeds, target, m, lanes.width):
            program.run(chunk, at.values, shared, given, values, target.array)

    def _new_values(self, flat: FlatList, at: Points) -> Array:
        count = at.number * int(flat.output_sizes.sum())
        self._check_reply(count, "values of the outputs")
        return np.zeros(count)

    def _check_reply(self, elements: int, what: str) -> None:
        if elements > self.limits.reply_elements:
            raise LimitExceeded("reply_elements", self.limits.reply_elements, elements, what)


def _width(function: WengertList, selection: Selection) -> int:
    return sum(size_of(function.inputs[number].shape) for number in selection.with_respect_to)


def _shaped(values: Array, at: Points, m: int) -> Array:
    if not at.batched:
        return values
    return values.reshape(at.number, m)


def _directional_shape(at: Points, directions: Directions, reply: int) -> tuple[int, ...]:
    shape: tuple[int, ...] = (reply,)
    if directions.listed:
        shape = (directions.number, *shape)
    return (at.number, *shape) if at.batched else shape


def _report(mode: Mode | None, sweeps: int, operations: int, primal: int, started: float, reason: str) -> Report:
    return Report(mode, sweeps, operations, primal, time.perf_counter() - started, reason)


def _point_blocks(at: Points, seeds: _Seeds, target: _Target, m: int, width: int) -> Iterator[NDArray[np.int64]]:
    """Blocks with points as lanes: all points for each direction in turn."""
    identity = seeds.values is None
    starts = np.arange(0, at.number, width, dtype=np.int64)
    for direction in range(seeds.number):
        for first in range(0, len(starts), _BLOCKS_AT_ONCE):
            k = starts[first : first + _BLOCKS_AT_ONCE]
            seed_point = seeds.number * seeds.width if seeds.per_point else 0
            yield _blocks(
                len(k), np.minimum(width, at.number - k), k * at.width, at.width,
                k * seed_point + direction * seeds.width, seed_point,
                k * m if direction == 0 else -1, m,
                k * target.point + direction * target.direction, target.point, target.element,
                direction if identity else -1,
            )  # fmt: skip


def _direction_blocks(at: Points, seeds: _Seeds, target: _Target, m: int, width: int) -> Iterator[NDArray[np.int64]]:
    """Blocks with directions as lanes: all directions for each point in turn."""
    identity = seeds.values is None
    per_point = -(-seeds.number // width)
    for first in range(0, at.number * per_point, _BLOCKS_AT_ONCE):
        numbers = np.arange(first, min(first + _BLOCKS_AT_ONCE, at.number * per_point), dtype=np.int64)
        k, d = numbers // per_point, numbers % per_point * width
        seed_point = seeds.number * seeds.width if seeds.per_point else 0
        yield _blocks(
            len(numbers), np.minimum(width, seeds.number - d), k * at.width, 0,
            k * seed_point + d * seeds.width, seeds.width,
            np.where(d == 0, k * m, -1), 0,
            k * target.point + d * target.direction, target.direction, target.element,
            d if identity else -1,
        )  # fmt: skip


def _blocks(count: int, *columns: NDArray[np.int64] | int) -> NDArray[np.int64]:
    blocks = np.empty((count, BLOCK_COLUMNS), np.int64)
    for number, column in enumerate(columns):
        blocks[:, number] = column
    return blocks

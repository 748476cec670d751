"""Calls in pieces: the same bits whatever the number of threads; memory held to its limit; errors; taking turns."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pytest

import adengine
from adengine import Engine, Limits, Mode, errors, functions, pieces
from adengine.blocks import Work, blocks_of
from adengine.counting import Cost
from adengine.jacobian import Lanes
from adengine.program import Program
from tests.adengine.flat import Floats
from tests.adengine.test_engine import MIXED, random_points
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter

WAIT_S = 60.0
THREADS = [1, 2, 3, 5]


@pytest.fixture
def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut every call, block by block where it has few."""
    monkeypatch.setattr(pieces, "TIMED_NS", 0.0)
    monkeypatch.setattr(pieces, "SMALL_NS", 0.0)
    monkeypatch.setattr(pieces, "_PIECE_NS", 1.0)
    monkeypatch.setattr(pieces, "_OVER_SHARED", 0)


Ask = Callable[[Engine], tuple[Floats, ...]]


def _asks(function: adengine.WengertList, points: int, directions: int) -> dict[str, Ask]:
    random = np.random.default_rng(points)
    x = random_points(function, points)
    u, v = random.normal(size=(points, directions, function.n)), random.normal(size=(1, directions, function.m))
    return {
        "evaluate": lambda engine: engine.evaluate(function, x)[:1],
        "forward": lambda engine: engine.jacobian(function, x, mode=Mode.FORWARD)[:2],
        "reverse": lambda engine: engine.jacobian(function, x, mode=Mode.REVERSE)[:2],
        "jvp": lambda engine: engine.jvp(function, x, u)[:2],
        "vjp": lambda engine: engine.vjp(function, x, v)[:2],
        "one point": lambda engine: engine.jvp(function, x[0], u[0])[:2],
    }


@pytest.mark.parametrize(("points", "directions"), [(1, 200), (3, 70), (700, 1), (130, 9)])
@pytest.mark.usefixtures("in_small_pieces")
def test_the_same_bits_whatever_the_number_of_threads(
    points: int, directions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = _asks(MIXED, points, directions)
    engines = {threads: Engine(threads=threads) for threads in THREADS}
    with monkeypatch.context() as whole:
        whole.setattr(pieces, "TIMED_NS", np.inf)
        alone = Engine()
        expected = {name: ask(alone) for name, ask in asks.items()}
    for threads, engine in engines.items():
        for name, ask in asks.items():
            for given, right in zip(ask(engine), expected[name], strict=True):
                np.testing.assert_array_equal(given, right, f"{name}, {threads} threads")


@pytest.mark.usefixtures("in_small_pieces")
@pytest.mark.parametrize("pace", [1 / 64, 0.3, 1.0, 64.0])
def test_the_pace_that_was_measured_changes_no_bit(pace: float, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = _asks(MIXED, 200, 3)["jvp"]
    expected = ask(Engine(threads=1))
    original = Program.__init__

    def paced(self: Program, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        self.pace = pace

    monkeypatch.setattr(Program, "__init__", paced)
    for given, right in zip(ask(Engine(threads=2)), expected, strict=True):
        np.testing.assert_array_equal(given, right)


# ---- Cutting ----


def _cut(call: pieces.Expected, pace: float, threads: int) -> list[tuple[int, int]]:
    cut = pieces.cut(call, pace, threads)
    return [(first, min(first + cut.step, call.blocks)) for first in cut]


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("lanes", [Lanes(True, 8), Lanes(False, 8), Lanes(True, 1), Lanes(False, 64)])
@pytest.mark.parametrize(("points", "directions"), [(1, 1), (1, 300), (7, 65), (9000, 1), (500, 20)])
def test_pieces_are_the_blocks_of_the_call_in_order(threads: int, lanes: Lanes, points: int, directions: int) -> None:
    work = Work(points, 3, directions, 2, False, True, 4, directions * 5, 5, 1)
    call = pieces.expected(work, lanes, Cost(100, 50, 30, 20, 1000, 600, 1000))
    whole = np.concatenate(list(blocks_of(work, lanes)))
    for pace in (0.01, 1.0, 500.0):
        cut = _cut(call, pace, threads)
        assert all(first < end for first, end in cut)
        parts = [blocks for first, end in cut for blocks in blocks_of(work, lanes, first, end)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("ms", [2, 5, 9, 40, 1000])
def test_pieces_take_some_milliseconds_and_keep_all_threads_busy(threads: int, ms: int) -> None:
    call = pieces.Expected(1000 * ms, 1, 1000.0, 0.0)
    taken = [call.of(end - first) / 1e6 for first, end in _cut(call, 1.0, threads)]
    assert len(taken) % threads == 0
    assert max(taken) <= 8.0
    assert min(ms / threads, 2.0) * 0.9 <= max(taken)


def test_a_piece_takes_longer_than_what_it_shares_with_others() -> None:
    """One point and many directions: each piece runs f anew, so it has several blocks of directions."""
    call = pieces.Expected(1000, 1000, 1e5, 3e6)
    each = pieces.cut(call, 1.0, 2).step
    assert each * call.block_ns > 2 * call.shared_ns
    assert each < 1000 / 2
    few = pieces.Expected(4, 4, 1e5, 3e6)
    assert pieces.cut(few, 1.0, 2).step == 2


def test_points_are_not_cut_where_a_piece_has_several() -> None:
    call = pieces.Expected(30_000, 3, 1000.0, 1000.0)
    assert all(first % 3 == 0 for first, _ in _cut(call, 1.0, 2))


# ---- Which calls are cut, and where they run ----


class Recorded(Executor):
    """Runs pieces on threads of its own, and counts them."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads)
        self.count = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.count += 1
        return self._threads.submit(fn, *args, **kwargs)


def chain(n: int, depth: int) -> adengine.WengertList:
    """Return a function of a vector: the sine of the sine ..., and the sum of it all."""
    f = ListWriter()
    w = f.input("x", n)
    for _ in range(depth):
        w = f.add("SIN", w)
    f.output("f", f.sum(w, 0))
    return engine_list(f.message)


def test_small_calls_run_where_they_are_made_and_large_ones_in_pieces() -> None:
    executor = Recorded(2)
    engine = Engine(threads=2, executor=executor)
    engine.jacobian(MIXED, random_points(MIXED, 3))
    assert executor.count == 0
    engine.jacobian(chain(300, 300), np.ones(300), mode=Mode.FORWARD)
    assert executor.count > 1


def test_a_list_that_cannot_be_cut_is_one_piece() -> None:
    executor = Recorded(2)
    engine = Engine(threads=2, executor=executor)
    engine.evaluate(chain(10_000, 10_000), np.ones(10_000))
    assert executor.count == 1


def test_a_program_is_as_fast_as_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was thought to be large and is not runs at once the next time."""
    executor = Recorded(2)
    engine = Engine(threads=2, executor=executor)
    monkeypatch.setattr(pieces, "_ELEMENT_NS", 1e4)
    for _ in range(12):
        engine.evaluate(chain(20, 20), random_points(chain(20, 20), 10))
    pieces_of_all = executor.count
    assert pieces_of_all > 0
    engine.evaluate(chain(20, 20), random_points(chain(20, 20), 10))
    assert executor.count == pieces_of_all


# ---- Errors and memory ----


@pytest.mark.usefixtures("in_small_pieces")
def test_a_piece_without_memory_ends_the_call_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(threads=2)
    points = random_points(MIXED, 500)
    expected = engine.evaluate(MIXED, points).values
    original = Program.run
    runs = iter(range(10_000))

    def failing(self: Program, *arguments: Any) -> None:
        if next(runs) == 3:
            raise MemoryError
        original(self, *arguments)

    with monkeypatch.context() as broken:
        broken.setattr(Program, "run", failing)
        with pytest.raises(MemoryError):
            engine.evaluate(MIXED, points)
    np.testing.assert_array_equal(engine.evaluate(MIXED, points).values, expected)


class Arenas:
    """Counts the arenas that exist at the same time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[int] = []
        original = Program.new_arena

        def counted(program: Program) -> Any:
            self.made.append(program.bytes)
            return original(program)

        monkeypatch.setattr(Program, "new_arena", counted)


@pytest.mark.usefixtures("in_small_pieces")
@pytest.mark.parametrize("room", [1, 2, 3])
def test_fewer_threads_where_the_arenas_would_not_fit(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a call is predicted with an arena for each thread, and held to its limit."""
    monkeypatch.setattr(functions, "choose_lanes", lambda *_: Lanes(True, 8))
    function, points = chain(300, 3), np.ones((400, 300))
    work = Work(400, 300, 1, 0, False, False, 1, 0, 0, 0)
    needed = _needed(lambda limits: Engine(limits, threads=4).evaluate(function, points))
    arenas = Arenas(monkeypatch)
    expected = Engine(threads=1).evaluate(function, points).values
    (arena,) = set(arenas.made)
    arenas.made.clear()
    limits = replace(Limits(), call_bytes=needed + (room - 1) * (arena + pieces.description_bytes(work)))
    given = Engine(limits, threads=4).evaluate(function, points).values
    np.testing.assert_array_equal(given, expected)
    assert 1 <= len(arenas.made) <= room
    assert set(arenas.made) == {arena}


def _needed(call: Callable[[Limits], object]) -> int:
    """Bytes that a call says it needs at least, when it has none."""
    with pytest.raises(errors.LimitExceeded) as caught:
        call(replace(Limits(), call_bytes=1))
    assert caught.value.limit == "call_bytes"
    return caught.value.needed


@pytest.mark.parametrize("name", ["evaluate", "forward", "reverse", "jvp", "vjp", "one point"])
def test_a_call_needs_what_it_says(name: str) -> None:
    """With a byte less than it says it needs, it is refused with the figure; with that much, it runs.

    One lane is what it falls back to, so this is the least; all that goes in and comes out is in it.
    """
    ask = _asks(MIXED, 40, 5)[name]
    needed = _needed(lambda limits: ask(Engine(limits, threads=1)))
    assert _needed_with(needed - 1, ask) == needed
    given = ask(Engine(replace(Limits(), call_bytes=needed), threads=1))
    for each, right in zip(given, ask(Engine(threads=1)), strict=True):
        np.testing.assert_array_equal(each, right)
    x = 40 * MIXED.n
    brought = {"evaluate": x, "jvp": x + 40 * 5 * MIXED.n, "vjp": x + 5 * MIXED.m, "one point": MIXED.n * 6}
    assert needed > 8 * (brought.get(name, x) + sum(each.size for each in given))


def _needed_with(call_bytes: int, ask: Ask) -> int:
    with pytest.raises(errors.LimitExceeded) as caught:
        ask(Engine(replace(Limits(), call_bytes=call_bytes), threads=1))
    assert (caught.value.limit, caught.value.allowed) == ("call_bytes", call_bytes)
    return caught.value.needed


def test_shared_values_are_in_the_memory_of_a_call() -> None:
    f = ListWriter()
    x, data = f.input("x"), f.input("data", 5000)
    f.output("f", f.sum(f.add("MULTIPLY", x, data), 0))
    function = engine_list(f.message)

    def call(limits: Limits) -> object:
        return Engine(limits).evaluate(function, np.ones(1), shared=[("data", np.ones(5000))])

    without = _needed(lambda limits: Engine(limits).evaluate(function, np.ones(5001)))
    assert _needed(call) == without


# ---- Two calls at once ----


class Turns(Executor):
    """One thread; a piece waits until both calls have one in the queue, or one of them has ended."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1)
        self._changed = threading.Condition()
        self._waiting: dict[str, int] = {"first": 0, "second": 0}
        self._ended: set[str] = set()
        self.order: list[str] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        name = threading.current_thread().name
        with self._changed:
            self._waiting[name] += 1
            self._changed.notify_all()
        return self._threads.submit(self._turn, name, fn, *args, **kwargs)

    def _turn(self, name: str, fn: Any, *args: Any) -> None:
        other = "second" if name == "first" else "first"
        with self._changed:
            self._waiting[name] -= 1
            assert self._changed.wait_for(lambda: self._waiting[other] or other in self._ended, WAIT_S)
            self.order.append(name)
        fn(*args)

    def ended(self, name: str) -> None:
        """Say that a call has its answer."""
        with self._changed:
            self._ended.add(name)
            self._changed.notify_all()


def test_two_large_calls_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_PIECE_NS", 5e5)
    monkeypatch.setattr(pieces, "SMALL_NS", 0.0)
    monkeypatch.setattr(pieces, "TIMED_NS", 0.0)
    executor = Turns()
    engine = Engine(threads=1, executor=executor)
    functions = {"first": chain(100, 100), "second": chain(100, 101)}

    def call(name: str) -> None:
        engine.evaluate(functions[name], np.ones((12000, 100)))
        executor.ended(name)

    callers = [threading.Thread(target=call, args=(name,), name=name) for name in functions]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(WAIT_S)
    order = executor.order
    assert min(order.count(name) for name in functions) > 10
    last = min(len(order) - order[::-1].index(name) for name in functions)
    assert max(len(list(turn)) for _, turn in groupby(order[:last])) <= 3

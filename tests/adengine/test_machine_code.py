"""Machine code against the evaluator, bit for bit: every primitive, every width of routines, lanes, modes."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from adengine import Engine, Limits, Mode, machine_code
from adengine.cancellation import Cancellation
from adengine.errors import Cancelled
from adengine.hot import COMPILER
from adengine.machine_text import machine_text
from adengine.program import Program
from adengine.vector_library import available
from tests.adengine.machine_lists import ROWS, SIZES, list_of, random_list, special_points
from tests.conformance.in_process import engine_list

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adengine import WengertList
    from adengine.primitives import Primitive
    from adengine.vector_library import Routines

Floats = npt.NDArray[np.float64]
Shared = list[tuple[str, Floats]]

LANES = (1, 2, 3, 7, 8, 9, 15, 16, 17, 33)
VM = Engine(machine_code=False, threads=1)

ways = pytest.mark.parametrize("way", available(), ids=lambda way: way.name)


@pytest.fixture
def pair(way: Routines, monkeypatch: pytest.MonkeyPatch) -> tuple[Engine, Engine]:
    """An evaluator and an engine that compiles, both with the same routines."""
    monkeypatch.setattr("adengine.engine.best", lambda: way)
    return Engine(machine_code=False, threads=1), Engine(threads=1)


def same_bits(x: Floats, y: Floats) -> bool:
    """Whether two arrays agree in every bit, those of NaN excepted."""
    same = (x == y) & (np.signbit(x) == np.signbit(y)) | (np.isnan(x) & np.isnan(y))
    return x.shape == y.shape and bool(same.all())


class Question:
    """Points, directions, shared values and selections for a function, the same for every engine.

    Parameters
    ----------
    function : WengertList
    random : numpy.random.Generator
    points, directions : int
        1: without an axis.
    """

    def __init__(self, function: WengertList, random: np.random.Generator, points: int, directions: int) -> None:
        self.function, self.points, self.directions = function, points, directions
        self.shared: Shared = [
            (each.name, special_points(random, *each.shape)) for each in function.inputs if random.random() < 0.15
        ]
        free = [each for each in function.inputs if each.name not in dict(self.shared)]
        sizes = {each.name: int(np.prod(each.shape)) for each in function.inputs}
        chosen = [each.name for each in function.inputs if random.random() < 0.7]
        self.with_respect_to = chosen if random.random() < 0.5 else []
        x = special_points(random, points, sum(sizes[each.name] for each in free))
        self.x = x[0] if points == 1 else x
        n_w = sum(sizes[name] for name in self.with_respect_to or [each.name for each in free])
        self.u, self.v = self._directions(random, n_w), self._directions(random, function.m)

    def _directions(self, random: np.random.Generator, width: int) -> Floats:
        if self.directions == 1:
            return special_points(random, width)
        return special_points(random, *(() if self.points == 1 else (1,)), self.directions, width)

    def calls(self) -> list[tuple[str, dict[str, Any], Callable[[Engine], Any]]]:
        """What the engine names each call, how it is prepared, and the call."""
        f, x = self.function, self.x
        chosen: dict[str, Any] = {"with_respect_to": self.with_respect_to}
        more: dict[str, Any] = {"shared": self.shared, **chosen}
        p = {"directions": self.directions, **chosen}
        return [
            ("evaluate", {}, lambda e: e.evaluate(f, x, shared=self.shared)),
            ("jvp", p, lambda e: e.jvp(f, x, self.u, **more)),
            ("vjp", p, lambda e: e.vjp(f, x, self.v, **more)),
            ("jacobian", {"mode": Mode.FORWARD, **chosen}, lambda e: e.jacobian(f, x, mode=Mode.FORWARD, **more)),
            ("jacobian", {"mode": Mode.REVERSE, **chosen}, lambda e: e.jacobian(f, x, mode=Mode.REVERSE, **more)),
        ]

    def prepare(self, engine: Engine, call: str, how: dict[str, Any]) -> str:
        """Compile for a call; gives the tier."""
        shared = [name for name, _ in self.shared]
        return engine.prepare(self.function, call, points=self.points, shared=shared, **how)


def compare(pair: Sequence[Engine], question: Question) -> set[str]:
    """Ask an evaluator and an engine that compiles; gives the tiers of the latter."""
    evaluator, compiling = pair
    tiers = set()
    for call, how, ask in question.calls():
        prepared = question.prepare(compiling, call, how)
        expected, given = ask(evaluator), ask(compiling)
        assert expected.report.tier == "vm"
        assert given.report.tier == prepared
        tiers.add(prepared)
        for ours, theirs in zip(given[:-1], expected[:-1], strict=True):
            assert same_bits(ours, theirs), (call, how)
    return tiers


@ways
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_primitive(row: Primitive, pair: tuple[Engine, Engine]) -> None:
    """Enough statements of one primitive that some run one by one, some eight at once, some as rows."""
    random = np.random.default_rng(row.number)
    for sizes, points, directions in (((9,), 1, 3), ((), 9, 1)):
        function = engine_list(list_of(row, random, 20, sizes))
        assert "machine" in compare(pair, Question(function, random, points, directions))


@ways
@pytest.mark.parametrize("seed", range(8))
def test_lists_of_scalars(seed: int, pair: tuple[Engine, Engine]) -> None:
    random = np.random.default_rng(seed)
    statements, window = int(random.choice([1, 10, 100, 700])), int(random.choice([4, 12, 100]))
    function = engine_list(random_list(random, statements, (), int(random.integers(1, 12)), window))
    question = Question(function, random, int(random.choice(LANES)), int(random.choice(LANES)))
    assert compare(pair, question) <= {"machine", "vm"}


@ways
@pytest.mark.parametrize("seed", range(16))
def test_lists_of_arrays(seed: int, pair: tuple[Engine, Engine]) -> None:
    random = np.random.default_rng(1000 + seed)
    sizes = tuple(int(size) for size in random.choice(SIZES, int(random.integers(1, 5))))
    function = engine_list(random_list(random, int(random.choice([3, 30, 90])), sizes))
    compare(pair, Question(function, random, int(random.choice(LANES)), int(random.choice(LANES))))


@pytest.mark.parametrize("way", available()[:1], ids=lambda way: way.name)
@pytest.mark.parametrize("points", range(1, 34))
def test_every_number_of_lanes(points: int, pair: tuple[Engine, Engine]) -> None:
    random = np.random.default_rng(points)
    function = engine_list(random_list(random, 40, (8, 9)))
    assert "machine" in compare(pair, Question(function, random, points, 1 + points % 9))


@pytest.mark.parametrize("way", available()[:1], ids=lambda way: way.name)
def test_a_list_of_many_functions(pair: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough that values cross from one compiled function to the next, in every form."""
    monkeypatch.setattr("adengine.functions.doubtful", lambda *_: False)
    random = np.random.default_rng(3)
    function = engine_list(random_list(random, 4000, (7, 64), 20, window=300))
    assert compare(pair, Question(function, random, 1, 9)) == {"machine"}


@pytest.mark.parametrize("sizes", [(), (5,), (0,)], ids=str)
def test_lists_without_statements(sizes: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    function = engine_list(random_list(random, 0, sizes))
    compare((VM, Engine(threads=1)), Question(function, random, 1, 1))


def chain(statements: int, number: int = 0) -> WengertList:
    return engine_list(random_list(np.random.default_rng(number), statements, (), 3, 10))


def test_what_is_called_much_is_compiled_in_the_background() -> None:
    engine, function = Engine(threads=1), chain(50)
    x = np.random.default_rng(1).normal(size=function.n)
    first = engine.evaluate(function, x)
    tiers = [first.report.tier]
    while tiers[-1] == "vm":
        answer = engine.evaluate(function, x)
        assert same_bits(answer.values, first.values)
        tiers.append(answer.report.tier)
        assert len(tiers) < 1_000_000
    assert first.report.tier == "vm"


def test_answers_come_while_a_long_list_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The evaluator answers for the same list and for others; compiled code of others is used and dropped."""
    engine, long, other, gone = Engine(threads=1), chain(300), chain(30, 1), chain(30, 2)
    points = {f.id: np.ones(f.n) for f in (long, other, gone)}
    engine.prepare(other)
    engine.prepare(gone)
    compiling, may_go_on = threading.Event(), threading.Event()

    def held_up(*arguments: Any, **options: Any) -> bytes:
        compiling.set()
        assert may_go_on.wait(60)
        return machine_text(*arguments, **options)

    monkeypatch.setattr("adengine.program.machine_text", held_up)
    thread = threading.Thread(target=engine.prepare, args=(long,))
    thread.start()
    assert compiling.wait(60)
    tiers = [engine.evaluate(f, points[f.id]).report.tier for f in (long, other, gone)]
    assert engine.forget(gone.id)
    assert engine.evaluate(gone, points[gone.id]).report.tier == "vm"
    assert thread.is_alive()
    may_go_on.set()
    thread.join()
    assert tiers == ["vm", "machine", "machine"]
    assert engine.evaluate(long, points[long.id]).report.tier == "machine"


def test_a_function_dropped_while_it_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, function = Engine(threads=1), chain(300)
    x = np.ones(function.n)
    before = engine.evaluate(function, x)

    def dropped_meanwhile(*arguments: Any, **options: Any) -> bytes:
        assert engine.forget(function.id)
        return machine_text(*arguments, **options)

    monkeypatch.setattr("adengine.program.machine_text", dropped_meanwhile)
    assert engine.prepare(function) == "vm"
    monkeypatch.undo()
    assert same_bits(engine.evaluate(function, x).values, before.values)
    assert engine.prepare(function) == "machine"
    assert same_bits(engine.evaluate(function, x).values, before.values)


def test_what_cannot_be_compiled_stays_with_the_evaluator(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine, function = Engine(threads=1), chain(20)

    def fails(*_: Any) -> bytes:
        raise MemoryError("no room")

    monkeypatch.setattr("adengine.program.machine_text", fails)
    assert engine.prepare(function) == "vm"
    assert engine.prepare(function) == "vm"
    assert engine.evaluate(function, np.ones(function.n)).report.tier == "vm"
    assert [record.message for record in caplog.records].count(
        "a list could not be compiled; the evaluator goes on with it"
    ) == 1


def test_the_limit_of_statements() -> None:
    short, long = chain(1), chain(200)
    engine = Engine(Limits(compiled_statements=2), threads=1)
    assert (engine.prepare(short), engine.prepare(long)) == ("machine", "vm")
    assert VM.prepare(short) == "vm"
    assert (engine.tiers, VM.tiers) == (("vm", "machine"), ("vm",))


def test_compiled_code_is_dropped_with_its_function() -> None:
    engine, function = Engine(threads=1), chain(50)
    engine.prepare(function)
    engine.evaluate(function, np.ones(function.n))
    held = engine._functions[function.id]
    kept = [weakref.ref(each) for each in held._kept.values() if isinstance(each, Program)]
    assert len(kept) == 2
    assert held.kept_bytes > 0
    engine.forget(function.id)
    del held
    gc.collect()
    assert [each() for each in kept] == [None, None]


def test_what_does_not_fit_what_may_be_kept_is_dropped() -> None:
    """Many kinds of calls, of which few fit: numbers stay right, whatever is compiled or dropped at the moment."""
    function = chain(200)
    engine = Engine(Limits(kept_bytes=400_000), threads=1)
    random = np.random.default_rng(0)
    for _ in range(60):
        question = Question(function, random, int(random.choice([1, 9])), int(random.choice([1, 9])))
        calls = question.calls()
        call, how, ask = calls[random.integers(len(calls))]
        if random.random() < 0.5:
            question.prepare(engine, call, how)
        for ours, theirs in zip(ask(engine)[:-1], ask(VM)[:-1], strict=True):
            assert same_bits(ours, theirs)
    COMPILER.wait()


_ENDS = """
import threading, numpy as np, adengine.program
from adengine import Engine
from tests.adengine.test_machine_code import chain
compiling = threading.Event()
text = adengine.program.machine_text
def told(*arguments, **options):
    made = text(*arguments, **options)
    compiling.set()
    return made
adengine.program.machine_text = told
threading.Thread(target=Engine().prepare, args=(chain(8000),), daemon=True).start()
assert compiling.wait(60)
"""


def test_a_process_may_end_while_it_compiles() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", _ENDS], env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_who_waits_for_another_that_compiles_can_be_cancelled() -> None:
    wish = Cancellation()
    with machine_code._LLVM:
        threading.Timer(0.1, wish.cancel).start()
        with wish, pytest.raises(Cancelled):
            machine_code.MachineCode(b"")

"""The engine, in process: its virtual machine, and its compiled tier."""

from __future__ import annotations

from adengine import Engine, WengertList
from adengine.program import MACHINE
from benchmarks.peers.system import COMPILED as COMPILING
from benchmarks.peers.system import WIDTH, Answer, Ask, Question, System, Task
from wengert import v1
from wengert_server.decode import wengert_list
from wengert_server.settings import Settings

NAME, COMPILED = "wengert", "wengert, compiled"


def received(message: v1.WengertList) -> WengertList:
    """The engine's list from the wire's message, checked as the server checks it."""
    settings = Settings()
    return wengert_list(message, settings.engine_limits(), settings.max_tensors)


def on_vm(threads: int = 1) -> Engine:
    """An engine that never compiles a list."""
    return Engine(threads=threads, machine_code=False)


def engines() -> dict[str, Engine]:
    """The engine as it is measured beside other systems: its virtual machine, and its compiled tier."""
    return {NAME: on_vm(), COMPILED: Engine(threads=1)}


class Ours(System):
    """The engine's calls as the server makes them."""

    def __init__(self, question: Question, engine: Engine, name: str = NAME) -> None:
        self.name = name
        self._question = question
        self._engine = engine
        self.list = received(question.given.message)
        self._shared = tuple(question.given.shared.items())

    def ask(self, task: Task) -> Ask | None:
        """The call of the engine, once called: the first one makes the derivative list and schedules it."""
        call = self.call(task)
        call()
        if self.name != COMPILED:
            return call
        with self.once[task].stage(COMPILING):
            compiled = self._compiled(task)
        if compiled:
            return call
        self.left_out[task] = "the engine does not compile it: machine code would gain nothing"
        return None

    def _compiled(self, task: Task) -> bool:
        """Wait until what a task runs is compiled; whether it is."""
        what = {Task.F: "evaluate", Task.VJP: "vjp", Task.JACOBIAN: "jacobian"}.get(task, "jvp")
        directions = WIDTH if task is Task.TANGENTS else 1
        tier = self._engine.prepare(self.list, what, directions=directions, shared=[name for name, _ in self._shared])
        return tier == MACHINE

    def operations(self, task: Task) -> int:
        """Operations of one sweep of what a task runs, f included."""
        engine, x, shared, seed = self._engine, self._question.x, self._shared, self._question.seed(task)
        if task is Task.F:
            return engine.evaluate(self.list, x, shared=shared).report.operations
        differentiate = engine.vjp if task is Task.VJP else engine.jvp
        return differentiate(self.list, x, seed, shared=shared).report.operations

    def call(self, task: Task) -> Ask:
        """The call of the engine for a task."""
        engine, function, shared, x = self._engine, self.list, self._shared, self._question.x
        seed = self._question.seed(task)

        def value() -> Answer:
            return (engine.evaluate(function, x, shared=shared).values,)

        def tangents() -> Answer:
            given = engine.jvp(function, x, seed, shared=shared)
            return given.values, given.tangents

        def cotangents() -> Answer:
            given = engine.vjp(function, x, seed, shared=shared)
            return given.values, given.cotangents

        def jacobian() -> Answer:
            given = engine.jacobian(function, x, shared=shared)
            return given.values, given.jacobian

        calls: dict[Task, Ask] = {Task.F: value, Task.VJP: cotangents, Task.JACOBIAN: jacobian}
        return calls.get(task, tangents)

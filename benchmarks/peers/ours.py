"""The engine, in process: its virtual machine, and its compiled tier."""

from __future__ import annotations

import math
import time

from adengine import Engine, WengertList
from adengine.adjoint import adjoint
from adengine.bound import Bound, BoundSecond
from adengine.lower import lower
from adengine.program import MACHINE
from benchmarks.peers.system import COMPILED as COMPILING
from benchmarks.peers.system import WIDTH, Answer, Ask, Floats, Question, System, Task
from wengert import v1
from wengert_server.decode import wengert_list
from wengert_server.settings import Settings

NAME, COMPILED = "wengert", "wengert, compiled"
_TRIALS = 3
_CALLS = {
    Task.F: "evaluate", Task.VJP: "vjp", Task.JACOBIAN: "jacobian", Task.SPARSE: "sparse_jacobian",
    Task.HESSIAN: "sparse_hessian",
}  # fmt: skip


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


def copying(bound: Bound, x: Floats, seed: Floats | None = None) -> Ask:
    """Ask a bound question: arrays are copied in, and new ones come out."""
    points, directions, values, derivatives = bound.points, bound.directions, bound.values, bound.derivatives

    def value() -> Answer:
        points[:] = x
        bound()
        return (values.copy(),)

    def both() -> Answer:
        points[:] = x
        if seed is not None:
            directions[:] = seed
        bound()
        return values.copy(), derivatives.copy()

    return both if derivatives.size else value


def copying_second(bound: BoundSecond, x: Floats, weights: Floats) -> Ask:
    """The same for second derivatives."""
    if bound.weights.size:
        bound.weights[:] = weights

    def ask() -> Answer:
        bound.points[:] = x
        bound()
        return bound.values.copy(), bound.gradient.copy(), bound.derivatives.copy()

    return ask


class Ours(System):
    """One tier of the engine."""

    def __init__(self, question: Question, engine: Engine, name: str = NAME) -> None:
        self.name = name
        self._question = question
        self._engine = engine
        self.list = received(question.given.message)
        self._shared = tuple(question.given.shared.items())

    def ask(self, task: Task) -> Ask | None:
        """The question bound to arrays, with copies in and out, as other systems are asked.

        The engine is called before: that makes the derivative list and schedules it.
        """
        self.call(task)()
        if self.name == COMPILED:
            with self.once[task].stage(COMPILING):
                bound = self._bound(task)
        else:
            bound = self._bound(task)
        if self.name == COMPILED and bound.tier != MACHINE:
            self.left_out[task] = "the engine does not compile it: machine code would gain nothing"
            return None
        if isinstance(bound, BoundSecond):
            return copying_second(bound, self._question.x, self._question.v)
        return copying(bound, self._question.x, self._question.seed(task))

    def _bound(self, task: Task) -> Bound:
        what = _CALLS.get(task, "jvp")
        directions = WIDTH if task is Task.TANGENTS else None
        shared = [name for name, _ in self._shared]
        bound = self._engine.bind(self.list, what, directions=directions, shared=shared)
        for name, values in self._shared:
            bound.shared[name][...] = values
        return bound

    def transform_s(self) -> float:
        """Seconds that the transformation to the adjoint list takes: the best of a few, without lowering f before."""
        inputs = self.list.inputs
        chosen = [number for number, value in enumerate(inputs) if value.name not in self._question.given.shared]
        flat, best = lower(self.list, range(len(self.list.outputs))), math.inf
        for _ in range(_TRIALS):
            started = time.perf_counter()
            adjoint(flat, chosen)
            best = min(best, time.perf_counter() - started)
        return best

    def operations(self, task: Task) -> int:
        """Operations of one sweep of what a task runs, f included."""
        engine, x, shared, seed = self._engine, self._question.x, self._shared, self._question.seed(task)
        if task is Task.F:
            return engine.evaluate(self.list, x, shared=shared).report.operations
        differentiate = engine.vjp if task is Task.VJP else engine.jvp
        return differentiate(self.list, x, seed, shared=shared).report.operations

    def call(self, task: Task) -> Ask:
        """The call of the engine for a task, as the server makes it."""
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

        def entries() -> Answer:
            given = engine.sparse_jacobian(function, x, shared=shared)
            return given.values, given.entries

        def second() -> Answer:
            weights = None if function.m == 1 else self._question.v
            given = engine.sparse_hessian(function, x, weights, shared=shared)
            return given.values, given.gradient, given.entries

        calls: dict[Task, Ask] = {
            Task.F: value, Task.VJP: cotangents, Task.JACOBIAN: jacobian, Task.SPARSE: entries, Task.HESSIAN: second,
        }  # fmt: skip
        return calls.get(task, tangents)

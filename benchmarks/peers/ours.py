"""The engine, in process."""

from __future__ import annotations

from adengine import Engine, WengertList
from benchmarks.peers.system import Answer, Ask, Question, System, Task
from wengert import v1
from wengert_server.decode import wengert_list
from wengert_server.settings import Settings

NAME = "wengert"


def received(message: v1.WengertList) -> WengertList:
    """The engine's list from the wire's message, checked as the server checks it."""
    settings = Settings()
    return wengert_list(message, settings.engine_limits(), settings.max_tensors)


class Ours(System):
    """The engine's calls as the server makes them."""

    name = NAME

    def __init__(self, question: Question, engine: Engine) -> None:
        self._question = question
        self._engine = engine
        self.list = received(question.given.message)
        self._shared = tuple(question.given.shared.items())

    def ask(self, task: Task) -> Ask:
        """The call of the engine; the first one makes the derivative list."""
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

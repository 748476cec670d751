"""JAX: compiled by XLA, float64, one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from benchmarks.peers.system import COMPILED, Ask, Question, System, Task

# Its numbers are float32 unless told.
_config: Any = jax.config
_config.update("jax_enable_x64", True)
# With one thread it is at its fastest where the caller computes, not a thread that is handed the work.
_config.update("jax_cpu_enable_async_dispatch", False)

Written = Callable[[Any, Mapping[str, Any]], Any]
"""A function of x, shape (n,), and of shared values; it gives an array."""


class Jax(System):
    """JAX given a function written as its users write it; shared values are on its device before."""

    name = "JAX jit"

    def __init__(self, question: Question, written: Written) -> None:
        self._question = question
        self._written = written
        self._shared = jax.device_put(dict(question.given.shared))

    def ask(self, task: Task) -> Ask:
        """Differentiate, trace, compile."""
        seed = self._question.seed(task)
        given = (self._question.x,) if seed is None else (self._question.x, seed)
        compiled: Any = jax.jit(_differentiated(self._flat, task, len(self._question.v)))
        traced = compiled.lower(self._shared, *given)
        # Calls find what is compiled here.
        with self.once[task].stage(COMPILED):
            traced.compile()
        return copied(compiled, self._shared, *given)

    def _flat(self, x: Any, shared: Mapping[str, Any]) -> Any:
        return self._written(x, shared).reshape(-1)


def called(function: Callable[..., Any], shared: Mapping[str, Any], *given: Any) -> Ask:
    """Compile a function of shared values and arrays at its first call."""
    return copied(jax.jit(function), shared, *given)


def copied(compiled: Callable[..., Any], shared: Mapping[str, Any], *given: Any) -> Ask:
    """Call a compiled function: NumPy arrays go in, copies come out."""
    return lambda: tuple(np.array(each) for each in compiled(shared, *given))


def _differentiated(f: Written, task: Task, m: int) -> Callable[..., Any]:
    def value(shared: Any, x: Any) -> Any:
        return (f(x, shared),)

    def tangent(shared: Any, x: Any, u: Any) -> Any:
        return jax.jvp(lambda at: f(at, shared), (x,), (u,))

    def tangents(shared: Any, x: Any, u: Any) -> Any:
        linear = jax.linearize(lambda at: f(at, shared), x)
        return linear[0], jax.vmap(linear[1])(u)

    def cotangent(shared: Any, x: Any, v: Any) -> Any:
        y, pull = jax.vjp(lambda at: f(at, shared), x)
        return y, pull(v)[0]

    def jacobian(shared: Any, x: Any) -> Any:
        # A tangent costs JAX far less than a cotangent where there are loops.
        transform = jax.jacfwd if len(x) <= 8 * m else jax.jacrev
        return f(x, shared), transform(lambda at: f(at, shared))(x)

    calls: dict[Task, Callable[..., Any]] = {
        Task.F: value,
        Task.JVP: tangent,
        Task.VJP: cotangent,
        Task.JACOBIAN: jacobian,
    }
    return calls.get(task, tangents)

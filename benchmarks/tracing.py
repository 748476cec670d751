"""NumPy functions written down as lists: how long a call takes to trace, and how large a network's list is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import Effort
from benchmarks.results import Chapter, Table, Target
from wengert_client import Trace, trace

_US = 1e6
_SHAPE = 3


def _assigned(x: Any) -> Any:
    z = x.copy()
    z[0] = 1.0
    return z * x


CALLS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "2.0 * x": (1, lambda x: 2.0 * x),
    "np.sin(x)": (1, np.sin),
    "np.logaddexp(x, 1.0)": (1, lambda x: np.logaddexp(x, 1.0)),
    "x[::-1]": (1, lambda x: x[::-1]),
    "x[None, :] and [0]": (2, lambda x: x[None, :][0]),
    "np.where(x > 0, x, 1.0)": (2, lambda x: np.where(x > 0, x, 1.0)),
    "np.sum(x, axis=0, keepdims=True)": (1, lambda x: np.sum(x, axis=0, keepdims=True)),
    "M @ x": (1, lambda x: np.eye(_SHAPE) @ x),
    "np.einsum('ij,j->i', M, x)": (1, lambda x: np.einsum("ij,j->i", np.eye(_SHAPE), x)),
    "np.stack([x[0], x[1], x[2]])": (4, lambda x: np.stack([x[0], x[1], x[2]])),
    "np.concatenate([x[1:], x[:1]])": (3, lambda x: np.concatenate([x[1:], x[:1]])),
    "x * np.std(x)": (2, lambda x: x * np.std(x)),
    "np.interp(x, xp, fp)": (1, lambda x: np.interp(x, [0.0, 1.0, 2.0], [1.0, 2.0, 0.0])),
    "z = x.copy(); z[0] = 1.0; z * x": (3, _assigned),
}
"""What is done to x again and again, and how many calls of NumPy it is."""


def tracing(effort: Effort) -> Chapter:
    """Measure what a traced call costs, and how large a list is."""
    repetitions, rounds = (50, 1) if effort.quick else (2000, 7)
    taken = {name: _seconds(step, repetitions, rounds) / calls for name, (calls, step) in CALLS.items()}
    statements = {name: trace(step, {"x": _SHAPE}).statements for name, (_, step) in CALLS.items()}
    ordered = sorted(taken.values())
    listed = network()
    targets = [
        Target("a call of NumPy, median of the table", 30.0, ordered[len(ordered) // 2] * _US, "us"),
        Target("a call of NumPy, the slowest of the table", 30.0, ordered[-1] * _US, "us"),
        Target("the list of a 2-16-16-1 network on 100 points", 50.0, listed.message.ByteSize() / 1e3, "kB"),
    ]
    rows = [(name, f"{taken[name] * _US:.1f}", str(statements[name])) for name in CALLS]
    table = Table("Tracing", ("what is done", "us a call", "statements"), rows)
    text = (
        f"Each line is done {repetitions} times in a chain, traced as one function of x with {_SHAPE} elements; the "
        "time is the processor's, the least of some runs. The network gives its mean square error; the points and what "
        f"is expected there are constants of the list, which has {listed.statements} statements."
    )
    return Chapter("tracing", "NumPy functions, traced", text, targets, (), (table,))


def network() -> Trace:
    """Trace the mean square error of a network on 100 points, by its weights."""
    rng = np.random.default_rng(1)
    points, expected = rng.normal(size=(100, 2)), rng.normal(size=100)

    def loss(weights: Any) -> Any:
        layer = points
        for k, (W, b) in enumerate(weights):
            layer = np.tanh(layer @ W + b) if k < len(weights) - 1 else layer @ W + b
        return np.mean((layer[:, 0] - expected) ** 2)

    return trace(loss, {"weights": [((2, 16), 16), ((16, 16), 16), ((16, 1), 1)]})


def _seconds(step: Callable[[Any], Any], repetitions: int, rounds: int) -> float:
    """Give the processor's seconds for one step of a chain."""

    def chain(x: Any) -> Any:
        for _ in range(repetitions):
            x = step(x)
        return x

    found = []
    for _ in range(rounds):
        started = time.process_time()
        trace(chain, {"x": _SHAPE})
        found.append(time.process_time() - started)
    return min(found) / repetitions

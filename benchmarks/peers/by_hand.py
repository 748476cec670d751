"""Written by hand: Numba loops and NumPy, with the derivatives that a patient person would write."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numba
import numpy as np

from benchmarks.peers.system import COMPILED, Answer, Ask, Question, System, Task
from examples.dynamics import PKPD_DOSE, PKPD_DOSE_HOURS, PKPD_HOURS, PKPD_START

Steps = Any
"""A compiled function from (n,) to (m,)."""


class ByHand(System):
    """A function for each task that was written."""

    def __init__(
        self, name: str, question: Question, written: Mapping[Task, Callable[..., Answer]], *, rtol: float = 1e-9
    ) -> None:
        self.name = name
        self.rtol = rtol
        self._question = question
        self._written = written

    def ask(self, task: Task) -> Ask | None:
        """The function written for a task."""
        function = self._written.get(task)
        if function is None:
            return None
        seed = self._question.seed(task)
        given = (self._question.x,) if seed is None else (self._question.x, seed)
        if self.name.startswith("Numba"):
            # It compiles at the first call.
            with self.once[task].stage(COMPILED):
                function(*given)
        return lambda: function(*given)


def with_differences(f: Steps) -> dict[Task, Callable[..., Answer]]:
    """f, and its Jacobian by central differences: 2 n calls, inside one compiled loop."""

    @numba.njit
    def differences(x: Any) -> Any:
        value = f(x)
        jacobian = np.empty((len(value), len(x)))
        for j in range(len(x)):
            h = 6e-6 * max(1.0, abs(x[j]))
            there = x.copy()
            there[j] = x[j] + h
            above = f(there)
            there[j] = x[j] - h
            jacobian[:, j] = (above - f(there)) / (2.0 * h)
        return value, jacobian

    return {Task.F: lambda x: (f(x),), Task.JACOBIAN: differences}


def lotka_volterra(steps: int) -> Steps:
    """Prey and predators at t = 10."""
    h = 10.0 / steps

    @numba.njit
    def rate(x: Any, y: Any, p: Any) -> Any:
        met = x * y
        return p[0] * x - p[1] * met, p[3] * met - p[2] * y

    @numba.njit
    def final(p: Any) -> Any:
        x, y = p[4], p[5]
        for _ in range(steps):
            a1, b1 = rate(x, y, p)
            a2, b2 = rate(x + 0.5 * h * a1, y + 0.5 * h * b1, p)
            a3, b3 = rate(x + 0.5 * h * a2, y + 0.5 * h * b2, p)
            a4, b4 = rate(x + h * a3, y + h * b3, p)
            x += h / 6.0 * (a1 + 2.0 * (a2 + a3) + a4)
            y += h / 6.0 * (b1 + 2.0 * (b2 + b3) + b4)
        return np.array([x, y])

    return final


def pkpd(steps: int) -> Steps:
    """The five compartments after 240 hours."""
    h, dose_every, start = PKPD_HOURS / steps, steps * PKPD_DOSE_HOURS // PKPD_HOURS, np.array(PKPD_START)

    @numba.njit
    def rate(y: Any, p: Any, to: Any) -> None:
        c = y[1] / p[2]
        near, far = p[3] * (c - y[2] / p[4]), p[12] * (c - y[3] / p[13])
        power = c ** p[9]
        to[0] = -p[0] * y[0]
        to[1] = p[0] * y[0] - (p[1] + p[10] / (p[11] + c)) * c - near - far
        to[2] = near
        to[3] = far
        to[4] = p[5] * (1.0 - p[8] * power / (p[7] ** p[9] + power)) - p[6] * y[4]

    @numba.njit
    def final(p: Any) -> Any:
        y = start.copy()
        k1, k2, k3, k4 = np.empty(5), np.empty(5), np.empty(5), np.empty(5)
        for step in range(1, steps + 1):
            rate(y, p, k1)
            rate(y + 0.5 * h * k1, p, k2)
            rate(y + 0.5 * h * k2, p, k3)
            rate(y + h * k3, p, k4)
            y += h / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)
            if step % dose_every == 0:
                y[0] += PKPD_DOSE
        return y

    return final


def rosenbrock() -> dict[Task, Callable[..., Answer]]:
    """The value, and the gradient beside it, in one loop."""

    @numba.njit
    def value(x: Any) -> float:
        total = 0.0
        for i in range(len(x) - 1):
            total += 100.0 * (x[i + 1] - x[i] * x[i]) ** 2 + (1.0 - x[i]) ** 2
        return total

    @numba.njit
    def gradient(x: Any) -> Any:
        total, g = 0.0, np.zeros(len(x))
        for i in range(len(x) - 1):
            bend, rest = x[i + 1] - x[i] * x[i], 1.0 - x[i]
            total += 100.0 * bend * bend + rest * rest
            g[i] -= 400.0 * bend * x[i] + 2.0 * rest
            g[i + 1] += 200.0 * bend
        return total, g

    def with_seed(x: Any, v: Any) -> Answer:
        total, g = gradient(x)
        return np.array([total]), g * v[0]

    return {Task.F: lambda x: (np.array([value(x)]),), Task.VJP: with_seed}


def gaussian(y: Any) -> dict[Task, Callable[..., Answer]]:
    """NumPy."""
    n = len(y)
    constant = 0.5 * n * math.log(2.0 * math.pi)

    def value(x: Any) -> Answer:
        z = (y - x[0]) / x[1]
        return (np.array([-0.5 * (z @ z) - n * math.log(x[1]) - constant]),)

    def gradient(x: Any, v: Any) -> Answer:
        z = (y - x[0]) / x[1]
        squares = z @ z
        f = np.array([-0.5 * squares - n * math.log(x[1]) - constant])
        return f, v[0] * np.array([z.sum() / x[1], (squares - n) / x[1]])

    return {Task.F: value, Task.VJP: gradient}


def network(features: int, hidden: int, classes: int, images: Any, labels: Any) -> dict[Task, Callable[..., Answer]]:
    """NumPy, backwards by hand."""
    ends = np.cumsum([features * hidden, hidden, hidden * classes])
    batch = len(images)

    def forward(x: Any) -> tuple[Any, Any, Any, Any]:
        w1, b1, w2, b2 = np.split(x, ends)
        inner = np.tanh(images @ w1.reshape(features, hidden) + b1)
        logits = inner @ w2.reshape(hidden, classes) + b2
        most = logits.max(axis=1, keepdims=True)
        shifted = np.exp(logits - most)
        total = shifted.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total) + most) - (labels * logits).sum() / batch
        return np.array([loss]), inner, w2.reshape(hidden, classes), shifted / total

    def gradient(x: Any, v: Any) -> Answer:
        loss, inner, w2, chances = forward(x)
        at_logits = (chances - labels) * (v[0] / batch)
        at_inner = (at_logits @ w2.T) * (1.0 - inner * inner)
        parts = (images.T @ at_inner, at_inner.sum(axis=0), inner.T @ at_logits, at_logits.sum(axis=0))
        return loss, np.concatenate([np.ravel(part) for part in parts])

    return {Task.F: lambda x: (forward(x)[0],), Task.VJP: gradient}

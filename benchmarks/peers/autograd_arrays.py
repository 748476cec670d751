"""autograd (HIPS): NumPy's functions recorded call by call; for problems of arrays, written as its users write them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.peers.system import Absent, Answer, Ask, Question, System, Task
from examples.dynamics import BRUSSELATOR_A, BRUSSELATOR_ALPHA, brusselator_feed

Written = Callable[[Any, Any, Any], Any]
"""A function of autograd's NumPy, x and the shared values; it gives an array."""


class Autograd(System):
    """autograd given a function; it records at every call.

    Raises
    ------
    Absent
        Where it is not installed.
    """

    name = "autograd"

    def __init__(self, question: Question, written: Written) -> None:
        try:
            self._core: Any = importlib.import_module("autograd")
        except ModuleNotFoundError as missing:
            raise Absent("autograd is not installed (it is in the extra wengert[bench])") from missing
        numpy: Any = importlib.import_module("autograd.numpy")
        self._question = question

        def flat(x: Any) -> Any:
            return numpy.reshape(written(numpy, x, question.given.shared), (-1,))

        self._f = flat

    def ask(self, task: Task) -> Ask | None:
        """Values, and products with the transposed Jacobian, which is what it is made for."""
        f, x, v = self._f, self._question.x, self._question.v
        with_products = self._core.make_vjp(f)

        def value() -> Answer:
            return (np.array(f(x)),)

        def cotangents() -> Answer:
            pull, y = with_products(x)
            return y, np.array(pull(v))

        calls: dict[Task, Ask] = {Task.F: value, Task.VJP: cotangents}
        return calls.get(task)


def rosenbrock(numpy: Any, x: Any, _shared: Any) -> Any:
    """Rosenbrock's valley."""
    return numpy.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def brusselator(N: int) -> Written:
    """The right-hand side with rolled arrays."""
    scale, feed = BRUSSELATOR_ALPHA * (N - 1) ** 2, brusselator_feed(N)

    def rate(numpy: Any, x: Any, _shared: Any) -> Any:
        def around(y: Any) -> Any:
            rolled = sum(numpy.roll(y, by, axis) for by in (1, -1) for axis in (0, 1))
            return scale * (rolled - 4.0 * y)

        u, v = x.reshape((2, N, N))
        grown = u**2 * v
        du = around(u) + feed + grown - (BRUSSELATOR_A + 1.0) * u
        return numpy.stack([du, around(v) + BRUSSELATOR_A * u - grown])

    return rate


def gaussian(numpy: Any, x: Any, shared: Any) -> Any:
    """The log-likelihood of normal samples."""
    mu, sigma = x
    y = shared["y"]
    n = len(y)
    return -0.5 * numpy.sum(((y - mu) / sigma) ** 2) - n * numpy.log(sigma) - 0.5 * n * np.log(2.0 * np.pi)


def network(features: int, hidden: int, classes: int) -> Written:
    """Mean cross entropy of a network with one hidden layer."""
    ends = np.cumsum([0, features * hidden, hidden, hidden * classes, classes])

    def loss(numpy: Any, x: Any, shared: Any) -> Any:
        w1, b1, w2, b2 = (x[start:end] for start, end in pairwise(ends))
        inner = numpy.tanh(numpy.dot(shared["images"], w1.reshape((features, hidden))) + b1)
        logits = numpy.dot(inner, w2.reshape((hidden, classes))) + b2
        return numpy.mean(_log_sum_exp(numpy, logits) - numpy.sum(shared["labels"] * logits, axis=1))

    return loss


def mixture(d: int, K: int, constant: float) -> Written:
    """ADBench's log posterior of a mixture; `constant` is what depends on no parameter."""
    width = d + d * (d - 1) // 2
    square = np.full((d, d), width)  # above the diagonal: a zero that is put behind the factors
    square[np.arange(d), np.arange(d)] = np.arange(d)
    columns, rows = np.triu_indices(d, k=1)
    square[rows, columns] = np.arange(d, width)
    places = square.ravel()

    def log_posterior(numpy: Any, x: Any, shared: Any) -> Any:
        alphas, means, icf = x[:K], x[K : K + K * d].reshape((K, d)), x[K + K * d :].reshape((K, width))
        log_diagonals = icf[:, :d]
        entries = numpy.concatenate([numpy.exp(log_diagonals), icf[:, d:], np.zeros((K, 1))], axis=1)
        factors = entries[:, places].reshape((K, d, d))
        scaled = numpy.einsum("kij,nkj->nki", factors, shared["x"][:, None, :] - means)
        inner = alphas + numpy.sum(log_diagonals, axis=1) - 0.5 * numpy.sum(scaled**2, axis=2)
        fit = numpy.sum(_log_sum_exp(numpy, inner)) - len(shared["x"]) * _log_sum_exp(numpy, alphas[None, :])[0]
        return fit + 0.5 * numpy.sum(factors**2) - constant

    return log_posterior


def _log_sum_exp(numpy: Any, terms: Any) -> Any:
    """Of each row."""
    most = numpy.max(terms, axis=1, keepdims=True)
    return numpy.log(numpy.sum(numpy.exp(terms - most), axis=1)) + most[:, 0]

"""Array problems written by hand in Numba: one loop over the elements, with the derivatives beside the values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks.peers.system import Answer, Task
from examples.dynamics import (
    BRUSSELATOR_A,
    BRUSSELATOR_ALPHA,
    POLLU_BALANCE,
    POLLU_REACTANTS,
    brusselator_feed,
)

Written = dict[Task, Callable[..., Answer]]


def pollu(k: Any) -> Written:
    """Rates and their partial derivatives, spread over the species by a table of who takes part in what."""
    first = np.array([reactants[0] - 1 for reactants in POLLU_REACTANTS])
    second = np.array([reactants[1] - 1 if len(reactants) > 1 else -1 for reactants in POLLU_REACTANTS])
    terms = [(row, abs(r) - 1, math.copysign(1.0, r)) for row, balance in enumerate(POLLU_BALANCE) for r in balance]
    species, reactions = np.array([term[0] for term in terms]), np.array([term[1] for term in terms])
    signs = np.array([term[2] for term in terms])

    @numba.njit
    def value(y: Any) -> Any:
        to = np.zeros(20)
        for term in range(len(signs)):
            r = reactions[term]
            rate = k[r] * y[first[r]]
            to[species[term]] += signs[term] * (rate * y[second[r]] if second[r] >= 0 else rate)
        return to

    @numba.njit
    def jacobian(y: Any) -> Any:
        to = np.zeros((20, 20))
        for term in range(len(signs)):
            r, row = reactions[term], species[term]
            a, b, factor = first[r], second[r], signs[term] * k[reactions[term]]
            if b < 0:
                to[row, a] += factor
            else:
                to[row, a] += factor * y[b]
                to[row, b] += factor * y[a]
        return value(y), to

    return {Task.F: lambda y: (value(y),), Task.JACOBIAN: jacobian}


def brusselator(N: int) -> Written:
    """The stencil, and its derivative along a direction and back."""
    feed = brusselator_feed(N)
    return {
        Task.F: lambda x: (_rates(x, feed),),
        Task.JVP: lambda x, u: (_rates(x, feed), _rates_along(x, u, N)),
        Task.VJP: lambda x, v: (_rates(x, feed), _rates_back(x, v, N)),
    }


_A, _ALPHA = BRUSSELATOR_A, BRUSSELATOR_ALPHA


@numba.njit
def _around(x: Any, i: int, j: int, N: int) -> Any:
    neighbours = x[i - 1, j] + x[i + 1 - N, j] + x[i, j - 1] + x[i, j + 1 - N]
    return _ALPHA * (N - 1) ** 2 * (neighbours - 4.0 * x[i, j])


@numba.njit
def _rates(x: Any, feed: Any) -> Any:
    N = len(feed)
    to = np.empty((2, N, N))
    u, v = x.reshape((2, N, N))
    for i in range(N):
        for j in range(N):
            grown = u[i, j] * u[i, j] * v[i, j]
            to[0, i, j] = _around(u, i, j, N) + feed[i, j] + grown - (_A + 1.0) * u[i, j]
            to[1, i, j] = _around(v, i, j, N) + _A * u[i, j] - grown
    return to.ravel()


@numba.njit
def _rates_along(x: Any, direction: Any, N: int) -> Any:
    to = np.empty((2, N, N))
    u, v = x.reshape((2, N, N))
    p, q = direction.reshape((2, N, N))
    for i in range(N):
        for j in range(N):
            grown = 2.0 * u[i, j] * v[i, j] * p[i, j] + u[i, j] * u[i, j] * q[i, j]
            to[0, i, j] = _around(p, i, j, N) + grown - (_A + 1.0) * p[i, j]
            to[1, i, j] = _around(q, i, j, N) + _A * p[i, j] - grown
    return to.ravel()


@numba.njit
def _rates_back(x: Any, weights: Any, N: int) -> Any:
    to = np.empty((2, N, N))
    u, v = x.reshape((2, N, N))
    p, q = weights.reshape((2, N, N))
    for i in range(N):
        for j in range(N):
            difference = p[i, j] - q[i, j]
            growth = 2.0 * u[i, j] * v[i, j] * difference
            to[0, i, j] = _around(p, i, j, N) + growth - (_A + 1.0) * p[i, j] + _A * q[i, j]
            to[1, i, j] = _around(q, i, j, N) + u[i, j] * u[i, j] * difference
    return to.ravel()


def gaussian(y: Any) -> Written:
    """One pass over the samples."""
    n = len(y)
    constant = 0.5 * n * math.log(2.0 * math.pi)

    @numba.njit
    def sums(mu: float, sigma: float) -> Any:
        total, squares = 0.0, 0.0
        for each in y:
            z = (each - mu) / sigma
            total += z
            squares += z * z
        return total, squares

    def value(x: Any) -> Answer:
        squares = sums(x[0], x[1])[1]
        return (np.array([-0.5 * squares - n * math.log(x[1]) - constant]),)

    def gradient(x: Any, v: Any) -> Answer:
        total, squares = sums(x[0], x[1])
        f = np.array([-0.5 * squares - n * math.log(x[1]) - constant])
        return f, v[0] * np.array([total / x[1], (squares - n) / x[1]])

    return {Task.F: value, Task.VJP: gradient}

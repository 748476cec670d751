"""ADBench's mixture written by hand in Numba: for each sample two passes over the components."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks.peers.system import Answer, Task


def mixture(d: int, K: int, samples: Any, constant: float) -> dict[Task, Callable[..., Answer]]:
    """The log posterior and its gradient; `constant` is what depends on no parameter."""

    def with_seed(x: Any, v: Any) -> Answer:
        total, g = _gradient(x, samples, d, K)
        return np.array([total - constant]), g * v[0]

    return {Task.VJP: with_seed}


@numba.njit
def _unpacked(x: Any, d: int, K: int) -> Any:
    """The triangular factors, and the logarithms of their determinants."""
    factors, logs = np.zeros((K, d, d)), np.zeros(K)
    icf = x[K + K * d :].reshape((K, -1))
    for k in range(K):
        place = d
        for j in range(d):
            logs[k] += icf[k, j]
            factors[k, j, j] = math.exp(icf[k, j])
            for i in range(j + 1, d):
                factors[k, i, j] = icf[k, place]
                place += 1
    return factors, logs


@numba.njit
def _packed(by_factors: Any, factors: Any, chances: Any, icf: Any) -> None:
    """Derivatives by the parameters from those by the factors; the prior's are the factors themselves."""
    K, d = len(factors), len(factors[0])
    for k in range(K):
        place = d
        for j in range(d):
            icf[k, j] = (by_factors[k, j, j] + factors[k, j, j]) * factors[k, j, j] + chances[k]
            for i in range(j + 1, d):
                icf[k, place] = by_factors[k, i, j] + factors[k, i, j]
                place += 1


@numba.njit
def _log_sum_exp(terms: Any, share: Any) -> Any:
    """Of all terms; `share` receives the part of each."""
    most = terms.max()
    total = 0.0
    for k in range(len(terms)):
        share[k] = math.exp(terms[k] - most)
        total += share[k]
    share /= total
    return math.log(total) + most


@numba.njit
def _terms(sample: Any, means: Any, factors: Any, scaled: Any, terms: Any) -> None:
    """Take from each term half the squared length of Q (x - mu), which `scaled` receives."""
    for k in range(len(means)):
        squares = 0.0
        for i in range(len(sample)):
            z = 0.0
            for j in range(i + 1):
                z += factors[k, i, j] * (sample[j] - means[k, j])
            scaled[k, i] = z
            squares += z * z
        terms[k] -= 0.5 * squares


@numba.njit
def _back(sample: Any, means: Any, factors: Any, scaled: Any, share: Any, by_means: Any, by_factors: Any) -> None:
    for k in range(len(means)):
        for i in range(len(sample)):
            z = share[k] * scaled[k, i]
            for j in range(i + 1):
                by_factors[k, i, j] -= z * (sample[j] - means[k, j])
                by_means[k, j] += z * factors[k, i, j]


@numba.njit
def _gradient(x: Any, samples: Any, d: int, K: int) -> Any:
    factors, logs = _unpacked(x, d, K)
    means, g = x[K : K + K * d].reshape((K, d)), np.zeros(len(x))
    by_means, by_factors = g[K : K + K * d].reshape((K, d)), np.zeros((K, d, d))
    scaled, share, chances = np.empty((K, d)), np.empty(K), np.zeros(K)
    weights = x[:K] + logs
    total = 0.5 * (factors * factors).sum()
    for number in range(len(samples)):
        terms = weights.copy()
        _terms(samples[number], means, factors, scaled, terms)
        total += _log_sum_exp(terms, share)
        chances += share
        _back(samples[number], means, factors, scaled, share, by_means, by_factors)
    total -= len(samples) * _log_sum_exp(x[:K], share)
    g[:K] = chances - len(samples) * share
    _packed(by_factors, factors, chances, g[K + K * d :].reshape((K, -1)))
    return total, g

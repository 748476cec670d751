"""Likelihoods and losses: functions of many parameters and of data, with one value."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from examples.problem import Floats, Problem, flat
from wengert_client import ListBuilder, Variable, ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"


def gaussian_log_likelihood(N: int) -> Problem:
    """Give the log-likelihood of mu and sigma for N independent normal samples, the shared input y (N,)."""
    b = ListBuilder()
    mu, sigma = b.inputs("mu", "sigma")
    y = b.input("y", shape=N)
    squares = (((y - mu) / sigma) ** 2).sum()
    b.output("log_likelihood", -0.5 * squares - N * np.log(sigma) - 0.5 * N * math.log(2.0 * math.pi))
    samples = np.random.default_rng(1).normal(1.0, 2.0, N)
    return Problem(f"Gaussian log-likelihood, {N} samples", b, np.array([0.9, 2.2]), {"y": samples})


def network(features: int, hidden: int, classes: int, batch: int) -> Problem:
    """Give the mean cross entropy of a network with one hidden layer, tanh, over a batch.

    Inputs are w1 (features, hidden), b1, w2 (hidden, classes) and b2; shared are images (batch, features)
    and labels (batch, classes), with a 1 in each row's class.
    """
    b = ListBuilder()
    w1, b1 = b.input("w1", shape=(features, hidden)), b.input("b1", shape=hidden)
    w2, b2 = b.input("w2", shape=(hidden, classes)), b.input("b2", shape=classes)
    images, labels = b.input("images", shape=(batch, features)), b.input("labels", shape=(batch, classes))
    logits = ops.tanh(images @ w1 + b1) @ w2 + b2
    b.output("loss", (ops.logsumexp(logits, axis=1) - (labels * logits).sum(axis=1)).mean())
    random = np.random.default_rng(2)
    weights = [random.normal(size=(rows, columns)) / math.sqrt(rows)
               for rows, columns in ((features, hidden), (hidden, classes))]  # fmt: skip
    point = flat(weights[0], np.zeros(hidden), weights[1], np.zeros(classes))
    data = {"images": random.random((batch, features)), "labels": np.eye(classes)[random.integers(classes, size=batch)]}
    return Problem(f"network {features}-{hidden}-{classes}, batch {batch}", b, point, data)


def mixture(d: int, K: int, n: int, gamma: float = 1.0, dof: int = 0) -> Problem:
    """Give the log posterior of a mixture of K normal densities in d dimensions, for n samples (ADBench's).

    Inputs are alphas (K,), the logarithms of the weights but for a constant; means (K, d); and icf
    (K, d + d (d - 1) / 2), in each row a lower triangular factor Q of the inverse covariance: the logarithms of
    its diagonal, then what is below, column by column. The samples x (n, d) are shared; here they are random.

    Parameters
    ----------
    d, K, n
        Dimensions, components, samples.
    gamma, dof
        Of the Wishart prior: the precision, and degrees of freedom beyond d + 1.
    """
    b = ListBuilder()
    alphas, means = b.input("alphas", shape=K), b.input("means", shape=(K, d))
    icf, x = b.input("icf", shape=(K, d + d * (d - 1) // 2)), b.input("x", shape=(n, d))
    log_diagonals = icf[:, :d].sum(axis=1)
    factors = _factors(icf, d)
    # Q (x - mu) of all samples and components: one product of matrices, x Q^T, less Q mu.
    centres = (factors * means.reshape(K, 1, d)).sum(axis=2)
    scaled = x @ factors.reshape(K * d, d).T - centres.reshape(K * d)
    distances = (scaled**2).reshape(n, K, d).sum(axis=2)
    fit = ops.logsumexp(alphas + log_diagonals - 0.5 * distances, axis=1).sum() - n * ops.logsumexp(alphas)
    prior = 0.5 * gamma**2 * (factors**2).sum()
    if dof:
        prior = prior - dof * log_diagonals.sum()
    b.output("log_posterior", fit + prior - _constant(d, K, n, gamma, dof))
    random = np.random.default_rng(3)
    point = flat(random.normal(size=K), random.random((K, d)), random.normal(0.0, 0.5, (K, d + d * (d - 1) // 2)))
    return Problem(f"mixture d = {d}, K = {K}, n = {n}", b, point, {"x": random.normal(size=(n, d))})


def adbench_mixture() -> tuple[Problem, float, Floats]:
    """Give ADBench's mixture of d = 10, K = 25, n = 1000 with its data, its value and its gradient (1650,)."""
    entry: dict[str, Any] = json.loads((DATA / "adbench_gmm_d10_K25.json").read_text())
    d, K, n = entry["d"], entry["K"], entry["n"]
    written = mixture(d, K, n, entry["wishart_gamma"], entry["wishart_m"])
    point = flat(*(np.array(entry[name]) for name in ("alphas", "means", "icf")))
    problem = Problem(f"ADBench mixture d={d} K={K}", written.builder, point, {"x": np.array(entry["x"])})
    return problem, entry["objective"], np.array(entry["gradient"])


def _factors(icf: Variable, d: int) -> Variable:
    """Give the lower triangular matrices as one array (K, d, d): exponentials on the diagonal, zeros above."""
    K, width = icf.shape
    padded = ops.concatenate([np.exp(icf[:, :d]), icf[:, d:], np.zeros((K, 1))], axis=1)
    return ops.gather(padded, _places(d, width), axis=1)


def _places(d: int, zero: int) -> NDArray[np.int64]:
    """Give where each element of a matrix stands in a row of icf that ends with a zero."""
    places = np.full((d, d), zero)
    places[np.diag_indices(d)] = np.arange(d)
    columns, rows = np.triu_indices(d, k=1)  # Column by column is row by row of the transpose.
    places[rows, columns] = np.arange(d, zero)
    return places


def _constant(d: int, K: int, n: int, gamma: float, dof: int) -> float:
    """Give what depends on no parameter: of n normal densities, and of K Wishart densities."""
    k = d + dof + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * (k - i)) for i in range(d))
    wishart = k * d * (math.log(gamma) - 0.5 * math.log(2.0)) - log_gamma
    return 0.5 * n * d * math.log(2.0 * math.pi) + K * wishart

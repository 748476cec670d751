"""CasADi with matrices: expressions of MX, for problems whose SX would have millions of scalar nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import casadi
import numpy as np

from benchmarks.peers.casadi_sx import Made, differentiated
from benchmarks.peers.system import Ask, Floats, Question, System, Task

Written = Callable[[Any, Mapping[str, Floats]], Any]


class CasadiMX(System):
    """CasADi given a function written as its users write it."""

    name = "CasADi MX VM"

    def __init__(self, question: Question, written: Written) -> None:
        self._question = question
        self._x = casadi.MX.sym("x", len(question.x))
        self._f = written(self._x, question.given.shared)

    def ask(self, task: Task) -> Ask | None:
        """Differentiate, and make it callable."""
        return self.made(task).call()

    def made(self, task: Task) -> Made:
        """The function that answers a task."""
        return differentiated(casadi.MX, self._x, self._f, self._question, task)


def network(features: int, hidden: int, classes: int) -> Written:
    """Mean cross entropy; CasADi stores columns, so every matrix is the transpose of ours."""

    def loss(x: Any, shared: Mapping[str, Floats]) -> Any:
        images, labels = casadi.DM(shared["images"].T), casadi.DM(shared["labels"].T)
        batch = images.shape[1]
        ends = np.cumsum([0, features * hidden, hidden, hidden * classes, classes])
        w1, b1, w2, b2 = (x[int(start) : int(end)] for start, end in pairwise(ends))
        before = casadi.mtimes(casadi.reshape(w1, hidden, features), images) + casadi.repmat(b1, 1, batch)
        logits = casadi.mtimes(casadi.reshape(w2, classes, hidden), casadi.tanh(before))
        logits += casadi.repmat(b2, 1, batch)
        return (casadi.sum2(_log_sum_exp(logits)) - casadi.sum2(casadi.sum1(labels * logits))) / batch

    return loss


def mixture(d: int, K: int, constant: float) -> Written:
    """ADBench's log posterior; `constant` is what depends on no parameter."""
    lower = casadi.Sparsity.lower(d)
    rows, columns = (np.array(each) for each in lower.get_triplet())
    below = d + columns * d - columns * (columns + 1) // 2 + rows - columns - 1
    places = np.where(rows == columns, rows, below).tolist()

    def log_posterior(x: Any, shared: Mapping[str, Floats]) -> Any:
        samples = casadi.DM(shared["x"].T)
        n = samples.shape[1]
        alphas, means = x[:K], casadi.reshape(x[K : K + K * d], d, K)
        icf = casadi.reshape(x[K + K * d :], d + d * (d - 1) // 2, K)
        rows_of_terms, prior = [], 0
        for k in range(K):
            log_diagonal = icf[:d, k]
            entries = casadi.vertcat(casadi.exp(log_diagonal), icf[d:, k])[places]
            scaled = casadi.mtimes(casadi.MX(lower, entries), samples - casadi.repmat(means[:, k], 1, n))
            rows_of_terms.append(alphas[k] + casadi.sum1(log_diagonal) - 0.5 * casadi.sum1(scaled**2))
            prior += 0.5 * casadi.sumsqr(entries)
        fit = casadi.sum2(_log_sum_exp(casadi.vertcat(*rows_of_terms))) - n * casadi.logsumexp(alphas)
        return fit + prior - constant

    return log_posterior


def _log_sum_exp(terms: Any) -> Any:
    """Of each column."""
    most = terms[0, :]
    for row in range(1, terms.shape[0]):
        most = casadi.fmax(most, terms[row, :])
    return casadi.log(casadi.sum1(casadi.exp(terms - casadi.repmat(most, terms.shape[0], 1)))) + most

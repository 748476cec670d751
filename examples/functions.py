"""Functions of the literature, written as Wengert lists: for the demo, the benchmarks and the tests.

Each is a :class:`~examples.problem.Problem`: the list, the usual point, and its data.

>>> from examples.functions import log_density
>>> print(log_density().builder)
w_1 = y
w_2 = mu
w_3 = sigma
w_4 = SUBTRACT(w_1, w_2)
w_5 = DIVIDE(w_4, w_3)
w_6 = SQUARE(w_5)
w_7 = MULTIPLY(-0.5, w_6)
w_8 = LOG(w_3)
w_9 = SUBTRACT(w_7, w_8)
log_density = w_9
"""

from __future__ import annotations

import functools
import operator
from itertools import pairwise

import numpy as np

from examples.camera import bundle_adjustment_block
from examples.dynamics import brusselator_arrays, brusselator_scalars, lotka_volterra, pkpd_steps, pollu
from examples.models import gaussian_log_likelihood, mixture, network
from examples.problem import Floats, Problem, flat
from examples.regression import nist_residual
from wengert_client import ListBuilder

__all__ = [
    "Floats",
    "Problem",
    "brusselator_arrays",
    "brusselator_scalars",
    "bundle_adjustment_block",
    "flat",
    "gaussian_log_likelihood",
    "log_density",
    "lotka_volterra",
    "mixture",
    "network",
    "nist_residual",
    "pkpd_steps",
    "pollu",
    "product_plus_sine",
    "rosenbrock",
]


def product_plus_sine() -> Problem:
    """Give x1 x2 + sin x1, the first function of many a lecture."""
    b = ListBuilder()
    x1, x2 = b.inputs("x1", "x2")
    b.output("f", x1 * x2 + np.sin(x1))
    return Problem("x1 x2 + sin x1", b, np.array([1.0, 0.0]))


def log_density() -> Problem:
    """Give the logarithm of a normal density, but for its constant: -1/2 ((y - mu) / sigma)^2 - log sigma."""
    b = ListBuilder()
    y, mu, sigma = b.inputs("y", "mu", "sigma")
    b.output("log_density", -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma))
    return Problem("normal log-density", b, np.array([1.0, 0.0, 1.0]))


def rosenbrock(n: int, *, arrays: bool = True) -> Problem:
    """Give Rosenbrock's valley, the sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 over i < n - 1.

    Parameters
    ----------
    n
        Number of variables.
    arrays
        One input of shape (n,) and ten statements; or else n scalars and eight statements for each term.
    """
    b = ListBuilder()
    if arrays:
        x = b.input("x", shape=n)
        here, there = x[:-1], x[1:]
        b.output("f", (100.0 * (there - here**2) ** 2 + (1.0 - here) ** 2).sum())
    else:
        scalars = b.inputs(*(f"x{i + 1}" for i in range(n)))
        terms = [100.0 * (there - here**2) ** 2 + (1.0 - here) ** 2 for here, there in pairwise(scalars)]
        b.output("f", functools.reduce(operator.add, terms))
    point = np.ones(n)
    point[::2] = -1.2
    return Problem(f"Rosenbrock {n}, {'arrays' if arrays else 'scalars'}", b, point)

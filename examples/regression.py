"""Nonlinear regression: the sets that the National Institute of Standards and Technology certifies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from examples.models import DATA
from examples.problem import Floats, Problem
from wengert_client import ListBuilder, Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The models y = model(b, x), as their data files write them.
MODELS: dict[str, Callable[[Sequence[Variable], Floats], Variable]] = {
    "Misra1a": lambda b, x: b[0] * (1.0 - np.exp(-b[1] * x)),
    "Rat43": lambda b, x: b[0] / (1.0 + np.exp(b[1] - b[2] * x)) ** (1.0 / b[3]),
    "Thurber": lambda b, x: (
        (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1.0 + b[4] * x + b[5] * x**2 + b[6] * x**3)
    ),
    "Gauss1": lambda b, x: (
        b[0] * np.exp(-b[1] * x)
        + b[2] * np.exp(-((x - b[3]) ** 2) / b[4] ** 2)
        + b[5] * np.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    ),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
}


@dataclass(frozen=True)
class RegressionSet:
    """A set of observations, and what is certified about it.

    Attributes
    ----------
    name
        The set's name.
    x, y : float64, shape (N,)
        Observations.
    start : float64, shape (k,)
        Parameters to start from: the set's second, nearer start.
    jacobian : float64, shape (N, k)
        Derivatives of the residuals by the parameters at `start`, computed with 60 digits.
    certified : float64, shape (k,)
        The parameters of least squares, to 11 digits.
    """

    name: str
    x: Floats
    y: Floats
    start: Floats
    jacobian: Floats
    certified: Floats


def nist_sets() -> list[RegressionSet]:
    """Give the five sets."""
    entries: list[dict[str, Any]] = json.loads((DATA / "nist_strd.json").read_text())
    keys = ("x", "y", "start2", "jacobian_at_start2", "certified")
    return [RegressionSet(entry["name"], *(np.array(entry[key]) for key in keys)) for entry in entries]


def nist_residual(data: RegressionSet) -> Problem:
    """Give the residuals of a set, model(b, x) - y: shape (N,), of the parameters b (k,)."""
    b = ListBuilder()
    parameters = b.input("b", shape=data.start.shape)
    b.output("residual", MODELS[data.name](list(parameters), data.x) - data.y)
    return Problem(f"NIST {data.name}", b, data.start)

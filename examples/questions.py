"""What the demo asks a server, and what the answers must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from examples import references
from examples.camera import CAMERA, POINT, adbench_block
from examples.functions import (
    brusselator_arrays,
    bundle_adjustment_block,
    log_density,
    nist_residual,
    pollu,
    product_plus_sine,
    rosenbrock,
)
from examples.models import adbench_mixture
from examples.regression import nist_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from examples.problem import Floats, Problem
    from examples.regression import RegressionSet
    from wengert_client import Function, ValueAndDerivative

#: How a question is put to a function on the server.
Ask: TypeAlias = "Callable[[Function], ValueAndDerivative]"
#: A function, and what is asked about it.
Questions: TypeAlias = "tuple[Problem, list[Question]]"

#: The largest error that rounding explains, in sums of some thousand terms.
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Question:
    """A derivative to ask for, and its reference.

    Attributes
    ----------
    what
        The derivative, for people.
    n
        Number of input scalars that it is taken by.
    ask
        Gets it from the function on the server.
    derivative
        The reference, of the answer's shape.
    source
        Where the reference comes from, in a word or two.
    value : float64, shape (m,), or None
        The reference of f itself.
    axis
        Along which the entries of the derivative belong to one input, or are a product with one direction.
    """

    what: str
    n: int
    ask: Ask
    derivative: Floats
    source: str
    value: Floats | None = None
    axis: int = 0

    def error(self, answer: ValueAndDerivative) -> float:
        """Give the largest error, of a value relative to itself, of a derivative to the largest along the axis."""
        scale = np.max(np.abs(self.derivative), axis=self.axis, keepdims=True)
        error = _largest_error(answer.derivative, self.derivative, scale)
        if self.value is None:
            return error
        # Unlike Python's own, this maximum passes NaN on.
        return float(np.maximum(error, _largest_error(answer.value, self.value, np.abs(self.value))))


def _largest_error(given: Floats, reference: Floats, scale: Floats) -> float:
    if given.shape != reference.shape:
        raise ValueError(f"the answer has the shape {given.shape}; expected is {reference.shape}")
    return float(np.max(np.abs(given - reference) / np.where(scale > 0.0, scale, 1.0)))


def questions() -> Iterator[Questions]:
    """Give each function with what is asked about it, but for the regressions."""
    yield _gradient(product_plus_sine(), references.product_plus_sine)
    yield _gradient(log_density(), references.log_density)
    yield _pollu()
    yield _brusselator()
    yield _gradient(rosenbrock(1000), references.rosenbrock)
    yield _mixture()
    yield _bundle_adjustment()


def regressions() -> Iterator[tuple[RegressionSet, Problem, Question]]:
    """Give the NIST sets, each with the Jacobian of its residuals at the start."""
    for data in nist_sets():
        problem = nist_residual(data)
        source = "60 digits"
        yield data, problem, Question("J", len(data.start), _jacobian_at(data.start), data.jacobian, source)


def _jacobian_at(x: Floats) -> Ask:
    return lambda f: f.value_and_jacobian(x)


def _gradient(problem: Problem, by_hand: Callable[[Floats], tuple[Floats, Floats]]) -> Questions:
    value, gradient = by_hand(problem.point)

    def ask(f: Function) -> ValueAndDerivative:
        return f.value_and_gradient(problem.point)

    return problem, [Question("gradient", len(gradient), ask, gradient, "by hand", value)]


def _pollu() -> Questions:
    problem = pollu()
    y, k = problem.point[:20], problem.point[20:]
    value, by_y, by_k = references.pollu(y, k)

    def ask(name: str) -> Ask:
        return lambda f: f.value_and_jacobian(y=y, k=k, with_respect_to=name)

    source = "mass action"
    return problem, [
        Question("J in y", 20, ask("y"), by_y, source, value),
        Question("J in k", 25, ask("k"), by_k, source, value),
    ]


def _brusselator() -> Questions:
    problem = brusselator_arrays(32)
    x, n = problem.point, len(problem.point)
    linearised = references.Brusselator(x)
    u, v = np.random.default_rng(4).normal(size=(2, n))
    units = np.eye(n)[np.linspace(0, n - 1, 16).astype(int)]
    columns = np.array([linearised.jvp(unit) for unit in units])
    source, value = "by hand", linearised.value()
    return problem, [
        Question("J u", n, lambda f: f.value_and_jvp(x, u), linearised.jvp(u), source, value),
        Question("J^T v", n, lambda f: f.value_and_vjp(x, v), linearised.vjp(v), source, value),
        # Each direction's answer is a row.
        Question("16 columns", n, lambda f: f.value_and_jvp(x, units), columns, source, value, axis=1),
    ]


def _mixture() -> Questions:
    problem, value, gradient = adbench_mixture()

    def ask(f: Function) -> ValueAndDerivative:
        return f.value_and_gradient(problem.point, shared=problem.shared)

    source = "ADBench, JAX"
    return problem, [Question("gradient", len(gradient), ask, gradient, source, np.array([value]))]


def _bundle_adjustment() -> Questions:
    problem = bundle_adjustment_block()
    value, jacobian = adbench_block()

    def ask(f: Function) -> ValueAndDerivative:
        return f.value_and_jacobian(problem.point, with_respect_to=[*CAMERA, *POINT, "w"])

    source = "ADBench, JAX"
    return problem, [Question("J", 15, ask, jacobian, source, value)]

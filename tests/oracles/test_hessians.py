"""Hessians and products with them from the engine, beside differences in many digits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adengine import Engine
from tests.conformance.in_process import engine_list
from tests.oracles import problems
from tests.oracles.asking import ENGINE, Floats, agree
from tests.oracles.test_random_lists import POINT, array_lists, scalar_lists
from tests.oracles.test_second_derivatives import REDUCTIONS, second_differences, smooth_points
from tests.wire_lists import one_statement
from wengert.v1 import WengertList


def check(message: WengertList, x: Floats, relative: float, engine: Engine = ENGINE) -> None:
    """Compare the dense Hessian and products, for weights of all outputs, with differences of the gradient."""
    function = engine_list(message)
    weights = np.arange(function.m, dtype=np.float64) + 0.5
    expected = second_differences(message, x, weights)
    dense = engine.hessian(function, x, weights)
    agree(dense.hessian, expected, relative, "Hessian", floor=1.0)
    assert np.array_equal(dense.hessian, dense.hessian.T)
    agree(dense.values, engine.evaluate(function, x).values, 0.0, "values")
    agree(dense.gradient, engine.vjp(function, x, weights).cotangents, 1e-12, "gradient", floor=1.0)
    directions = np.random.default_rng(3).normal(size=(4, len(x)))
    found = engine.hvp(function, x, directions, weights)
    agree(found.products, directions @ expected, relative, "products", floor=1.0)
    agree(found.gradient, dense.gradient, 0.0, "gradient beside the products")


@pytest.mark.parametrize(("message", "point"), smooth_points())
def test_every_primitive(message: WengertList, point: list[float]) -> None:
    check(message, np.array(point, dtype=np.float64), 1e-11)


@pytest.mark.parametrize(("name", "shapes", "parameters"), REDUCTIONS)
def test_arrays(name: str, shapes: list[tuple[int, ...]], parameters: list[int]) -> None:
    n = sum(int(np.prod(shape)) for shape in shapes)
    check(one_statement(name, shapes, parameters), np.arange(n, dtype=np.float64) * 0.37 % 1.3 + 0.3, 1e-12)


def test_problems() -> None:
    check(problems.rosenbrock(5), np.array([0.3, -0.2, 1.1, 0.7, -0.9]), 1e-13)
    check(problems.brusselator(2), np.linspace(0.5, 1.9, 8), 1e-12)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(array_lists(), st.lists(POINT, min_size=18, max_size=18))
def test_random_lists_of_arrays(made: tuple[WengertList, int], point: list[float]) -> None:
    message, n = made
    check(message, np.array(point[: min(n, 18)], dtype=np.float64), 1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(scalar_lists(), st.lists(POINT, min_size=4, max_size=4))
def test_random_lists_of_scalars(message: WengertList, point: list[float]) -> None:
    check(message, np.array(point[: len(message.inputs)], dtype=np.float64), 1e-9)

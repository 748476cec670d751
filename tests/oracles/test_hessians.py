"""Hessians and products with them from the engine, beside differences in many digits."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adengine import Engine, Limits, hessian_plan
from tests.conformance.in_process import engine_list
from tests.oracles import problems
from tests.oracles.asking import ENGINE, Floats, agree
from tests.oracles.test_random_lists import POINT, array_lists, scalar_lists
from tests.oracles.test_second_derivatives import REDUCTIONS, second_differences, smooth_points
from tests.wire_lists import one_statement
from wengert.v1 import WengertList

DENSE = Engine(Limits(pattern_entries=1))


def check(message: WengertList, x: Floats, relative: float) -> None:
    """Compare Hessians and products, for weights of all outputs, with differences of the gradient."""
    function = engine_list(message)
    weights = np.arange(function.m, dtype=np.float64) + 0.5
    expected = second_differences(message, x, weights)
    values, gradient = ENGINE.evaluate(function, x).values, ENGINE.vjp(function, x, weights).cotangents
    with mock.patch.object(hessian_plan, "_MOST_ROWS", 0):
        sweeping = Engine()
        results = {"compressed sweeps": (sweeping.hessian(function, x, weights), sweeping)}
    results |= {"as planned": (ENGINE.hessian(function, x, weights), ENGINE)}
    results |= {"all columns": (DENSE.hessian(function, x, weights), DENSE)}
    for way, (found, engine) in results.items():
        agree(found.hessian, expected, relative, f"Hessian, {way}", floor=1.0)
        assert np.array_equal(found.hessian, found.hessian.T)
        agree(found.values, values, 0.0, "values")
        agree(found.gradient, gradient, 1e-12, "gradient", floor=1.0)
        if engine is not DENSE:
            sparse = engine.sparse_hessian(function, x, weights)
            assert sparse.pattern is engine.sparsity(function, hessian=True).pattern
            whole = np.zeros_like(found.hessian)
            whole[sparse.pattern.row, sparse.pattern.column] = sparse.entries
            agree(whole, found.hessian, 0.0, "sparse and dense")
    check_products(message, x, expected, relative)


def check_products(message: WengertList, x: Floats, hessian: Floats, relative: float) -> None:
    """Compare products with several directions."""
    function = engine_list(message)
    weights = np.arange(function.m, dtype=np.float64) + 0.5
    directions = np.random.default_rng(3).normal(size=(4, len(x)))
    found = ENGINE.hvp(function, x, directions, weights)
    agree(found.products, directions @ hessian, relative, "products", floor=1.0)
    agree(found.gradient, ENGINE.vjp(function, x, weights).cotangents, 1e-12, "gradient", floor=1.0)


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

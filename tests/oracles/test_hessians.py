"""Hessians and products with them from the engine, beside differences in many digits."""

import itertools
import math
from collections.abc import Iterator
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adengine import Engine, Limits, hessian_plan
from tests.conformance.in_process import engine_list
from tests.conformance.section_ordinary import BINARY, TERNARY, UNARY, WITH_PARAMETER
from tests.oracles import problems
from tests.oracles.asking import ENGINE, Floats, agree
from tests.oracles.test_random_lists import POINT, array_lists, scalar_lists
from tests.oracles.test_second_derivatives import REDUCTIONS, second_differences, smooth_points
from tests.wire_lists import ListWriter, one_statement
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
        assert found.hessian.tobytes() == found.hessian.T.tobytes()
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


# ---- where the table has a case of its own ----

EXACT = [0.0, -0.0, 1.0, -1.0, 2.0, -0.5, -3.0, 0.25]
AWKWARD = [0.0, -0.0, 1.0, -1.0, 2.0, -2.5, 0.5, math.inf, -math.inf, math.nan]


def elementwise() -> Iterator[tuple[str, int, list[int]]]:
    """Yield every elementwise primitive with the number of its arguments and each parameter."""
    for arity, table in ((1, UNARY), (2, BINARY), (3, TERNARY)):
        for name in table:
            yield name, arity, []
    for name, by_parameter in WITH_PARAMETER.items():
        for k in by_parameter:
            yield name, 1, [k]


@pytest.mark.parametrize(("name", "arity", "parameters"), list(elementwise()))
def test_zeros_and_ones_where_a_function_is_smooth(name: str, arity: int, parameters: list[int]) -> None:
    """A partial that is right by a case of its own has to have the right derivative too: both triangles."""
    message = one_statement(name, [()] * arity, parameters)
    function = engine_list(message)
    for point in itertools.product(EXACT if arity < 3 else EXACT[2:5], repeat=arity):
        x = np.array(point)
        if name in ("RECIPROCAL", "POLYGAMMA", "DIVIDE") or parameters in ([-1], [-4]):
            x[x == 0] = 4.0  # a pole; it is symmetric, so differences see nothing of it
        if name == "POLYGAMMA" and x[0] == np.floor(x[0]) and x[0] < 0:
            continue
        expected = second_differences(message, x, np.ones(1))
        if np.abs(expected).max() < 1e6 and np.allclose(expected, expected.T, rtol=1e-9):
            found = ENGINE.hvp(function, x, np.eye(arity)).products
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10, err_msg=f"{name} at {point}")


@pytest.mark.parametrize(("name", "arity", "parameters"), list(elementwise()))
@pytest.mark.parametrize("wrapped", [False, True])
def test_all_ways_agree_at_awkward_points(name: str, arity: int, parameters: list[int], wrapped: bool) -> None:
    f = ListWriter()
    x = [f.input(f"x{i}") for i in range(arity)]
    result = f.add(name, *x, parameters=parameters)
    f.output("f", f.add("SIN", f.add("MULTIPLY", result, x[-1])) if wrapped else result)
    function = engine_list(f.message)
    points = np.array(list(itertools.product(AWKWARD if arity < 3 else [*AWKWARD[:3], *AWKWARD[7:]], repeat=arity)))
    with mock.patch.object(hessian_plan, "_MOST_ROWS", 0):
        sweeps = Engine().hessian(function, points).hessian
    with mock.patch.object(hessian_plan, "_GAIN", 0.0):
        listed = Engine().hessian(function, points).hessian
    columns = DENSE.hessian(function, points).hessian
    np.testing.assert_array_equal(sweeps, columns)
    np.testing.assert_allclose(listed, columns, rtol=1e-9, atol=1e-15)
    pattern = ENGINE.sparsity(function, hessian=True).pattern
    outside = np.ones((arity, arity), np.bool_)
    outside[pattern.row, pattern.column] = False
    assert not columns[:, outside].any()


SPECIAL: list[tuple[str, list[float], list[list[float]]]] = [
    ("ABS", [0.0], [[0.0]]),
    ("SQRT", [0.0], [[-math.inf]]),
    ("LOG", [0.0], [[-math.inf]]),
    ("LOG", [-1.0], [[math.nan]]),
    ("SQUARE", [0.0], [[2.0]]),
    ("POWER", [0.0, 2.0], [[2.0, 0.0], [0.0, 0.0]]),
    ("POWER", [2.0, 0.0], [[0.0, 0.5], [0.5, math.log(2) ** 2]]),
    ("POWER", [-2.0, 2.0], [[2.0, math.nan], [math.nan, math.nan]]),
    ("XLOGY", [0.0, 2.0], [[0.0, 0.5], [0.5, 0.0]]),
    ("HYPOT", [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("HYPOT", [0.0, 4.0], [[0.25, 0.0], [0.0, 0.0]]),
    ("ATAN2", [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("MAXIMUM", [1.0, 1.0], [[0.0, 0.0], [0.0, 0.0]]),
    ("MULTIPLY", [0.0, math.inf], [[0.0, 1.0], [1.0, 0.0]]),
    ("LOGADDEXP", [-math.inf, -math.inf], [[0.0, 0.0], [0.0, 0.0]]),
    ("SELECT", [1.0, 2.0, math.nan], [[0.0] * 3] * 3),
]


@pytest.mark.parametrize(("name", "point", "expected"), SPECIAL)
def test_special_points(name: str, point: list[float], expected: list[list[float]]) -> None:
    function = engine_list(one_statement(name, [()] * len(point)))
    found = ENGINE.hessian(function, np.array(point)).hessian
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=0.0)
    np.testing.assert_allclose(ENGINE.hvp(function, np.array(point), np.eye(len(point))).products, expected, rtol=1e-15)


def test_the_square_of_a_magnitude_is_flat_at_its_kink() -> None:
    """The limit is 2: known, told in docs/special-points.md, and asserted so that it cannot change unnoticed."""
    f = ListWriter()
    x = f.input("x")
    f.output("f", f.add("SQUARE", f.add("ABS", x)))
    assert ENGINE.hessian(engine_list(f.message), np.zeros(1)).hessian.tolist() == [[0.0]]

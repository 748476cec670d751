"""Derivative lists are lists: their derivatives are second derivatives, by all four orders of the modes."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf

from adengine.adjoint import adjoint
from adengine.dual import dual
from adengine.graph import FlatList
from adengine.lower import lower
from tests import reference
from tests.conformance.in_process import engine_list
from tests.conformance.section_ordinary import BINARY, TERNARY, UNARY, WITH_PARAMETER
from tests.oracles import problems
from tests.oracles.asking import Floats, agree
from tests.oracles.flat_lists import run
from tests.oracles.test_random_lists import POINT as COORDINATE
from tests.oracles.test_random_lists import array_lists
from tests.reference_arrays import array
from tests.reference_numbers import Real
from tests.wire_lists import one_statement
from wengert.v1 import WengertList

STEP = mpf(10) ** -12
Transform = Callable[[FlatList, Sequence[int]], FlatList]


def _hessian(message: WengertList, x: Floats, weights: Floats, inner: Transform, outer: Transform) -> Floats:
    """Return the second derivatives of weights . f, one sweep of a twice transformed list per entry or row."""
    flat = lower(engine_list(message), range(len(message.outputs)))
    inputs = len(flat.inputs)
    own = [k for k in range(inputs) if flat.input_sizes[k]]
    first = inner(flat, own)
    second = outer(first, own)
    n = len(x)
    h = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            e, d = np.eye(n)[i], np.eye(n)[j]
            q = len(flat.outputs)
            if inner is dual:
                # J e, of which weights . (J e) is differentiated
                inside = np.concatenate([x, e])
                if outer is dual:
                    h[i, j] = weights @ np.concatenate(run(second, np.concatenate([inside, d]))[-q:])
                else:
                    seeds = np.concatenate([np.zeros(len(weights)), weights])
                    h[i] = np.concatenate(run(second, np.concatenate([inside, seeds]))[2 * q :])
                    break
            else:
                inside = np.concatenate([x, weights])
                if outer is dual:
                    h[:, j] = np.concatenate(run(second, np.concatenate([inside, d]))[-len(own) :])
                    continue
                seeds = np.concatenate([np.zeros(len(weights)), e])
                h[i] = np.concatenate(run(second, np.concatenate([inside, seeds]))[-len(own) :])
                break
    return h


def second_differences(message: WengertList, x: Floats, weights: Floats) -> Floats:
    """Return the same by central differences of the reference's gradients, in many digits."""

    def gradient(shift: int, sign: int) -> list[Any]:
        at = [Real(mpf(float(v)) + (sign * STEP if k == shift else 0)) for k, v in enumerate(x)]
        given_inputs: dict[str, Any] = {}
        for declared in message.inputs:
            size = math.prod(declared.shape)
            given_inputs[declared.name], at = array(at[:size], (size,)), at[size:]
        bars = reference.vjp(reference.run(message, given_inputs), [Real(w) for w in weights])
        return [mpf(bar.value) for declared in message.inputs for bar in bars[declared.name]]

    rows = []
    for k in range(len(x)):
        pair = zip(gradient(k, 1), gradient(k, -1), strict=True)
        rows.append([float((up - down) / (2 * STEP)) for up, down in pair])
    return np.array(rows).reshape(len(x), len(x))


ORDERS: list[tuple[Transform, Transform]] = [(dual, dual), (dual, adjoint), (adjoint, dual), (adjoint, adjoint)]


def _check(message: WengertList, x: Floats, relative: float) -> None:
    m = engine_list(message).m
    weights = np.arange(m, dtype=np.float64) + 0.5
    expected = second_differences(message, x, weights)
    for inner, outer in ORDERS:
        h = _hessian(message, x, weights, inner, outer)
        agree(h, expected, relative, f"{outer.__name__} of {inner.__name__}", floor=1.0)


def smooth_points() -> list[Any]:
    """Return one ordinary point, its list, for every elementwise primitive and parameter."""
    result = [pytest.param(one_statement(name, [()]), [points[1]], id=name) for name, points in UNARY.items()]
    several: dict[str, list[Any]] = {**BINARY, **TERNARY}
    del several["SHIFTED_EXP"]  # its shift counts as a constant, so its Hessian is not symmetric
    for name, rows in several.items():
        result.append(pytest.param(one_statement(name, [()] * len(rows[0])), list(rows[0]), id=name))
    for name, by_parameter in WITH_PARAMETER.items():
        for k, points in by_parameter.items():
            if (name, k) != ("POLYGAMMA", 20):
                message = one_statement(name, [()], [k])
                result.append(pytest.param(message, [points[1]], id=f"{name}-{k}"))
    return result


@pytest.mark.parametrize(("message", "point"), smooth_points())
def test_second_derivatives_of_every_primitive(message: WengertList, point: list[float]) -> None:
    _check(message, np.array(point, dtype=np.float64), 1e-11)


REDUCTIONS: list[tuple[str, list[tuple[int, ...]], list[int]]] = [
    ("PROD", [(2, 3)], [0, 1, 1]),
    ("LOGSUMEXP", [(2, 3)], [0, 1, 1]),
    ("MAX", [(2, 3)], [0, 1, 0]),
    ("SUM", [(2, 3)], [0, 1, 0]),
    ("MATMUL", [(2, 2), (2, 2)], []),
    ("MATMUL", [(2,), (2, 2)], []),
]


@pytest.mark.parametrize(("name", "shapes", "parameters"), REDUCTIONS)
def test_second_derivatives_of_arrays(name: str, shapes: list[tuple[int, ...]], parameters: list[int]) -> None:
    n = sum(math.prod(shape) for shape in shapes)
    _check(one_statement(name, shapes, parameters), np.arange(n, dtype=np.float64) * 0.37 % 1.3 + 0.3, 1e-12)


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ([0.0, 0.0, 3.0], [[0, 3, 0], [3, 0, 0], [0, 0, 0]]),
        ([0.0, 2.0, 3.0], [[0, 3, 2], [3, 0, 0], [2, 0, 0]]),
        ([0.0, 0.0, 0.0], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_second_derivatives_of_products_with_zeros(point: list[float], expected: list[list[float]]) -> None:
    message = one_statement("PROD", [(3,)], [0, 1, 0])
    for inner, outer in ORDERS:
        h = _hessian(message, np.array(point), np.ones(1), inner, outer)
        assert h.tolist() == expected, f"{outer.__name__} of {inner.__name__}"


def test_second_derivatives_of_problems() -> None:
    _check(problems.rosenbrock(5), np.array([0.3, -0.2, 1.1, 0.7, -0.9]), 1e-13)
    _check(problems.brusselator(2), np.linspace(0.5, 1.9, 8), 1e-12)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(array_lists(), st.lists(COORDINATE, min_size=18, max_size=18))
def test_second_derivatives_of_random_lists(made: tuple[WengertList, int], point: list[float]) -> None:
    message, n = made
    _check(message, np.array(point[: min(n, 18)], dtype=np.float64), 1e-9)

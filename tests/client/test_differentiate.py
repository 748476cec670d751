"""Derivatives as functions, in the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.client.modes import ALL_MODES, client_in
from wengert_client import Client, Function, InvalidRequest, ListBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=ALL_MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


@pytest.fixture
def f(client: Client) -> Function:
    b = ListBuilder()
    x, k = b.input("x", 3), b.input("k", default=2.0)
    b.output("y", np.exp(k * x) / (1 + x**2))
    b.output("total", (x**3).sum())
    return client.function(b)


X, U, V = np.array([0.1, -0.5, 1.2]), np.array([1.0, 2.0, -1.0]), np.array([0.5, 1.0, -2.0, 3.0])


def test_a_dual_list_is_a_function(f: Function) -> None:
    dual = f.differentiate("dual", with_respect_to="x")
    values = dual.value({"x": X, "tangent.x": U})
    np.testing.assert_array_equal(values[:4], f.value(X))
    np.testing.assert_array_equal(values[4:], f.jvp(X, U))
    assert str(dual).splitlines()[2] == "w_3 = tangent.x, shape (3,)"
    assert [each.name for each in dual.info.outputs] == ["y", "total", "tangent.y", "tangent.total"]


def test_an_adjoint_list_is_a_function(f: Function) -> None:
    adjoint = f.differentiate("adjoint", with_respect_to=["x"])
    given = {"x": X, "cotangent.y": V[:3], "cotangent.total": V[3]}
    np.testing.assert_array_equal(adjoint.value(given)[4:], f.vjp(X, V))
    hessian = adjoint.jacobian(given, outputs="adjoint.x", with_respect_to="x")
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-14)


def test_a_derivative_can_be_differentiated_again(f: Function) -> None:
    twice = f.differentiate("dual", outputs="total", with_respect_to="x").differentiate(
        "dual", outputs="tangent.total", with_respect_to="x"
    )
    values = twice.value({"x": X, "tangent.x": U, "tangent2.x": U})
    assert values[-1] == pytest.approx(float(np.sum(6 * X * U * U)), rel=1e-14)


def test_wrong_names_are_refused(f: Function) -> None:
    with pytest.raises(InvalidRequest, match="expected is one of dual"):
        f.differentiate("gradient")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="nothing"):
        f.differentiate("dual", outputs="nothing")


def test_matrices_are_functions(f: Function) -> None:
    jacobian = f.differentiate("jacobian", with_respect_to="x")
    rows = jacobian.value(X)[4:].reshape(4, 3)
    np.testing.assert_allclose(rows, f.jacobian(X), rtol=1e-14)
    assert jacobian.unpack(jacobian.value(X))["jacobian.y"].shape == (3, 3)
    hessian = f.differentiate("hessian", outputs="total", with_respect_to="x")
    values = hessian.unpack(hessian.value({"x": X, "weights": [2.0]}))
    np.testing.assert_allclose(values["gradient"], 6 * X**2, rtol=1e-14)
    np.testing.assert_allclose(values["hessian"], np.diag(12 * X), rtol=1e-14)


def test_third_derivatives_of_matrices(f: Function) -> None:
    hessian = f.differentiate("hessian", outputs="total", with_respect_to="x")
    third = hessian.differentiate("jacobian", outputs="hessian", with_respect_to="x")
    values = third.unpack(third.value({"x": X, "weights": [1.0]}))
    expected = np.zeros((3, 3, 3))
    expected[[0, 1, 2], [0, 1, 2], [0, 1, 2]] = 6.0
    np.testing.assert_array_equal(values["jacobian.hessian"], expected.reshape(9, 3))
    assert f.differentiate("jacobian").id == f.differentiate("jacobian").id


def test_a_derivative_has_the_calls_of_any_function(f: Function) -> None:
    jacobian = f.differentiate("jacobian", outputs="y", with_respect_to="x")
    points = np.stack([X, 2 * X, -X])
    each = jacobian.value(points)
    np.testing.assert_array_equal(each[1], jacobian.value(points[1]))
    slopes = jacobian.jacobian(X, outputs="jacobian.y").reshape(3, 3, 3)
    np.testing.assert_allclose(
        np.einsum("iii->i", slopes), f.hvp(X, np.ones(3), V[:3], outputs="y") / V[:3], rtol=1e-12
    )

"""Hessians and products with them in the client: shapes, weights, names, sparse matrices, patterns fetched once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize

from tests.client.modes import ALL_MODES, client_in
from wengert_client import Client, Function, InvalidRequest, ListBuilder, ValueGradientAndSecond

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wengert_client._results import Floats

X, K = np.array([0.5, -1.0, 2.0]), 0.75
AT = np.array([*X, K])
WEIGHTS = np.array([1.0, -2.0, 0.5, 3.0])


@pytest.fixture(scope="module", params=ALL_MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


@pytest.fixture(scope="module")
def f(client: Client) -> Function:
    """Give y = k x^2 (3,) and s = sum of x^3 / 6, with x (3,)."""
    b = ListBuilder()
    x, k = b.input("x", 3), b.input("k")
    b.output("y", k * x**2)
    b.output("s", (x**3).sum() / 6)
    return client.function(b)


def hessian_at(x: Any, k: float, weights: Any) -> Floats:
    w, s = np.asarray(weights[:3]), weights[3]
    h = np.zeros((4, 4))
    h[:3, :3] = np.diag(2 * k * w + s * np.asarray(x))
    h[:3, 3] = h[3, :3] = 2 * w * x
    return h


def gradient_at(x: Any, k: float, weights: Any) -> Floats:
    w, s = np.asarray(weights[:3]), weights[3]
    return np.array([*(2 * k * w * x + s * x**2 / 2), (w * x**2).sum()])


def test_a_hessian(f: Function) -> None:
    h = hessian_at(X, K, WEIGHTS)
    np.testing.assert_allclose(f.hessian(AT, WEIGHTS), h, rtol=1e-13)
    np.testing.assert_allclose(f.hessian(x=X, k=K, weights=WEIGHTS), h, rtol=1e-13)
    np.testing.assert_allclose(f.hessian(AT, {"y": WEIGHTS[:3], "s": 3.0}), h, rtol=1e-13)
    np.testing.assert_allclose(f.hessian(AT, {"s": 3.0}), np.diag([*(3 * X), 0.0]), rtol=1e-13)
    np.testing.assert_allclose(f.hessian(AT, outputs="s"), np.diag([*X, 0.0]), rtol=1e-13)
    swapped = f.hessian(AT, {"y": WEIGHTS[:3], "s": 3.0}, outputs=["s", "y"], with_respect_to=["k", "x"])
    np.testing.assert_allclose(swapped, h[np.ix_([3, 0, 1, 2], [3, 0, 1, 2])], rtol=1e-13)
    np.testing.assert_allclose(f.hessian(X, WEIGHTS, shared={"k": K}), h[:3, :3], rtol=1e-13)


def test_products(f: Function) -> None:
    h, u = hessian_at(X, K, WEIGHTS), np.array([1.0, 2.0, -1.0, 0.5])
    np.testing.assert_allclose(f.hvp(AT, u, WEIGHTS), h @ u, rtol=1e-13)
    np.testing.assert_allclose(f.hvp(AT, np.eye(4), WEIGHTS), h, rtol=1e-13)
    np.testing.assert_allclose(f.hvp(AT, {"x": u[:3]}, WEIGHTS), h[:, :3] @ u[:3], rtol=1e-13)
    np.testing.assert_allclose(f.hvp(AT, u, outputs="s"), np.array([*X, 0.0]) * u, rtol=1e-13)


def test_everything_comes_with_it(f: Function) -> None:
    h, g, u = hessian_at(X, K, WEIGHTS), gradient_at(X, K, WEIGHTS), np.ones(4)
    for answer, second in (
        (f.value_gradient_and_hessian(AT, WEIGHTS), h),
        (f.value_gradient_and_hvp(AT, u, WEIGHTS), h @ u),
    ):
        assert isinstance(answer, ValueGradientAndSecond)
        value, gradient, got = answer
        np.testing.assert_array_equal(value, f.value(AT))
        np.testing.assert_allclose(gradient, g, rtol=1e-13)
        np.testing.assert_allclose(got, second, rtol=1e-13)
        assert answer.report.mode in {"forward", "reverse"}
        assert answer.report.reason


def test_shapes_at_many_points(f: Function) -> None:
    many, each = np.tile(AT, (5, 1)), np.tile(WEIGHTS, (5, 1, 1))
    for array, shape in (
        (f.hessian(many, WEIGHTS), (5, 4, 4)),
        (f.hessian(many, each), (5, 4, 4)),
        (f.hessian(many, each, with_respect_to="x"), (5, 3, 3)),
        (f.hessian(many[:0], WEIGHTS), (0, 4, 4)),
        (f.hvp(many, np.ones(4), WEIGHTS), (5, 4)),
        (f.hvp(many, np.ones((1, 2, 4)), each), (5, 2, 4)),
        (f.hvp(many, np.ones((5, 2, 4)), WEIGHTS), (5, 2, 4)),
        (f.hvp(AT, np.ones((0, 4)), WEIGHTS), (0, 4)),
        (f.value_gradient_and_hessian(many, WEIGHTS).gradient, (5, 4)),
        (f.value_gradient_and_hessian(many, WEIGHTS).value, (5, 4)),
    ):
        assert array.shape == shape
        assert array.dtype == np.float64
        assert array.flags.writeable
    each[1] *= 2
    np.testing.assert_array_equal(f.hessian(many, each)[1], f.hessian(AT, 2 * WEIGHTS))


def test_sparse_matrices(f: Function) -> None:
    for _ in range(2):
        one = f.hessian(AT, WEIGHTS, sparse=True)
        assert isinstance(one, sparse.csr_array)
        np.testing.assert_allclose(one.toarray(), f.hessian(AT, WEIGHTS), rtol=1e-13)
        assert one.nnz == 3 + 2 * 3
    answer = f.value_gradient_and_hessian(np.stack([AT, 2 * AT]), WEIGHTS, sparse=True)
    dense = f.hessian(np.stack([AT, 2 * AT]), WEIGHTS)
    np.testing.assert_allclose([matrix.toarray() for matrix in answer.second], dense, rtol=1e-13)
    linear = f.hessian(AT, outputs="s", with_respect_to="k", sparse=True)
    assert (linear.nnz, linear.shape) == (0, (1, 1))


def test_patterns_of_jacobian_and_hessian_are_two(f: Function) -> None:
    for _ in range(2):
        assert f.hessian(AT, outputs="s", sparse=True).shape == (4, 4)
        assert f.jacobian(AT, outputs="s", sparse=True).shape == (1, 4)


@pytest.mark.parametrize(
    ("options", "reason", "told"),
    [
        ({}, "INVALID_DIRECTIONS", ""),
        ({"weights": [1.0, 2.0]}, "INVALID_DIRECTIONS", ""),
        (
            {"weights": {"z": 1.0}},
            "UNKNOWN_NAME",
            "the function has no output z, or it is not selected; selected: y, s",
        ),
        ({"weights": {"y": np.ones(3)}, "outputs": "s"}, "UNKNOWN_NAME", "no output y"),
        ({"weights": {"y": 1.0}}, "INVALID_DIRECTIONS", "weights of y have the shape (); expected is (3,)"),
        ({"weights": 1j}, "MALFORMED_REQUEST", "real numbers are expected"),
        ({"weights": {"s": 1.0}, "outputs": ["s", "nothing"]}, "UNKNOWN_NAME", ""),
    ],
)
def test_wrong_weights(f: Function, options: dict[str, Any], reason: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        f.hessian(AT, **options)
    assert caught.value.reason == reason
    assert told in str(caught.value)


def test_a_minimiser_takes_them(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x", 8)
    b.output("f", (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
    f = client.function(b)
    start = np.full(8, -0.5)

    def gradient(x: Any) -> Any:
        return f.gradient(x)

    solve: Any = minimize
    by_products = solve(lambda x: f.value(x)[0], start, jac=gradient, hessp=f.hvp, method="trust-ncg")
    by_matrix = solve(
        lambda x: f.value(x)[0], start, jac=gradient, hess=lambda x: f.hessian(x, sparse=True), method="trust-constr"
    )
    for found in (by_products, by_matrix):
        np.testing.assert_allclose(found.x, 1.0, atol=1e-3)

"""Adapters for SciPy: every method that takes derivatives gets what it wants, and published numbers come out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import integrate, optimize, sparse
from scipy.optimize import rosen_der
from scipy.sparse.linalg import LinearOperator, lsmr, svds

from examples.regression import MODELS, nist_sets
from tests.client.asked import kinds_of_requests, rosenbrock_list
from tests.client.modes import EMBEDDED, SERVED, client_in
from wengert_client import Client, Function, InvalidRequest, ListBuilder, MissingDependency
from wengert_client.scipy import Objective, Residuals, RightHandSide, linear_operator

if TYPE_CHECKING:
    from collections.abc import Iterator

# Their annotations, where there are any, leave out much of what they take.
minimize: Any = optimize.minimize
least_squares: Any = optimize.least_squares
root: Any = optimize.root
solve_ivp: Any = integrate.solve_ivp

START = np.array([-1.2, 1.0, -0.5, 0.8])


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Of this process: solvers make thousands of calls. One test below runs them all through a server."""
    with client_in(EMBEDDED) as opened:
        yield opened


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of all requests that functions send."""
    return kinds_of_requests(monkeypatch)


@pytest.fixture(scope="module")
def rosenbrock(client: Client) -> Function:
    return client.function(rosenbrock_list())


# ---- least_squares and root


@pytest.mark.parametrize("form", ["dense", "sparse", "operator"])
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_every_method_of_least_squares(client: Client, method: str, form: Any) -> None:
    if method == "lm" and form != "dense":
        return  # MINPACK takes dense ones only, and says so.
    b = ListBuilder()
    x = b.input("x", 30)
    b.output("y", 10 * (x[1:] - x[:-1] ** 2))
    b.output("z", 1 - x)
    fit = Residuals(client.function(b), jacobian=form)
    kinds = {"dense": np.ndarray, "sparse": sparse.csr_array, "operator": LinearOperator}
    assert isinstance(fit.jac(np.ones(30)), kinds[form])
    found = least_squares(fit.fun, np.full(30, 0.5), jac=fit.jac, method=method)
    np.testing.assert_allclose(found.x, 1, atol=1e-6)
    assert found.success


CERTIFIED = {each.name: each for each in nist_sets()}


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
@pytest.mark.parametrize("name", ["Misra1a", "Thurber", "Gauss1"])
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_certified_fits_at_data_points(client: Client, name: str, method: str, form: Any) -> None:
    if form == "sparse" and (method == "lm" or name == "Thurber"):
        return  # MINPACK takes dense ones only; LSMR, which sparse ones bring, is too inexact for Thurber.
    data = CERTIFIED[name]
    b = ListBuilder()
    x, k = b.input("x"), b.input("b", len(data.start))
    model: Any = MODELS[name]
    b.output("y", model(k, x))
    fit = Residuals(client.function(b), with_respect_to="b", points={"x": data.x}, target=data.y, jacobian=form)
    if form == "dense":
        np.testing.assert_allclose(
            fit.jac(data.start), data.jacobian, rtol=1e-9, atol=1e-12 * np.abs(data.jacobian).max()
        )
    found = least_squares(fit.fun, data.start, jac=fit.jac, method=method, x_scale="jac", xtol=1e-12, ftol=1e-12)
    np.testing.assert_allclose(found.x, data.certified, rtol=1e-6)


def test_jacobians_come_with_values_as_long_as_they_are_used(client: Client, calls: list[str]) -> None:
    b = ListBuilder()
    x = b.input("x", 2)
    b.output("y", np.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]]))
    fit = Residuals(client.function(b))
    for at in np.ones((4, 2)) * [[1.0], [2.0], [3.0], [4.0]]:
        fit.fun(at)
        fit.jac(at)[:] = 0.0
        assert fit.jac(at)[1, 0] == -1
    assert calls == ["Jacobian"] * 4
    for factor in (5.0, 6.0, 7.0):
        fit.fun(np.ones(2) * factor)
    assert calls[4:] == ["Jacobian", "Evaluate", "Evaluate"]


@pytest.mark.parametrize("method", ["hybr", "lm", "anderson", "krylov", "df-sane"])
def test_every_method_of_root(client: Client, method: str) -> None:
    n = 12
    b = ListBuilder()
    x, shift = b.input("x", n), b.input("shift")
    left, right = np.concatenate([np.zeros(1), x[:-1]]), np.concatenate([x[1:], np.zeros(1)])
    b.output("y", (3 - 2 * x) * x - left - 2 * right + shift)  # Broyden's tridiagonal function.
    fit = Residuals(client.function(b), arguments="shift")
    jac: Any = {"jac": fit.jac} if method in {"hybr", "lm"} else {}
    found = root(fit.fun, -np.ones(n), args=(1.0,), method=method, **jac)
    assert found.success
    np.testing.assert_allclose(fit.fun(found.x, 1.0), 0, atol=1e-5)
    assert found.x[0] == pytest.approx(-0.5707, abs=1e-4)


def test_what_cannot_be_residuals(rosenbrock: Function) -> None:
    with pytest.raises(ValueError, match="'dense', 'sparse' or 'operator'"):
        Residuals(rosenbrock, jacobian="csr")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="dense or sparse"):
        Residuals(rosenbrock, jacobian="operator", points={"x": [START]})
    with pytest.raises(InvalidRequest, match="target has 2 numbers, and f gives 3"):
        Residuals(rosenbrock, outputs="sides", target=[1.0, 2.0]).fun(START)


# ---- solve_ivp


@pytest.fixture(scope="module")
def robertson(client: Client) -> Function:
    b = ListBuilder()
    y, k = b.input("y", 3), b.input("k", 3)
    slow, fast, quadratic = k[0] * y[0], k[1] * y[1] * y[2], k[2] * y[1] ** 2
    b.output("dy", np.stack([-slow + fast, slow - fast - quadratic, quadratic]))
    return client.function(b)


RATES = np.array([0.04, 1e4, 3e7])


@pytest.mark.parametrize(("method", "as_sparse"), [("Radau", 0), ("Radau", 1), ("BDF", 0), ("BDF", 1), ("LSODA", 0)])
def test_robertson(robertson: Function, method: Any, as_sparse: int) -> None:
    side = RightHandSide(robertson, arguments="k", sparse=bool(as_sparse))
    matrix = side.jac(0.0, [1.0, 0.0, 0.0], RATES)
    assert isinstance(matrix, sparse.csr_array if as_sparse else np.ndarray)
    solved = solve_ivp(
        side.fun, (0.0, 40.0), [1.0, 0.0, 0.0], method=method, jac=side.jac, args=(RATES,), rtol=1e-7, atol=1e-11
    )
    assert solved.success
    np.testing.assert_allclose(solved.y[:, -1], [0.71582707, 9.1855348e-6, 0.28416374], rtol=1e-5)


@pytest.mark.parametrize("method", ["RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA"])
def test_time_is_handed_on(client: Client, method: Any) -> None:
    b = ListBuilder()
    t, y, k = b.input("t"), b.input("y", 2), b.input("k", default=1.0)
    b.output("dy", np.stack([y[1], -k * y[0] + np.sin(2 * t)]))
    side = RightHandSide(client.function(b), arguments="k")
    jac: Any = {"jac": side.jac} if method in {"Radau", "BDF", "LSODA"} else {}
    solved = solve_ivp(side.fun, (0.0, 3.0), [1.0, 0.0], method=method, args=(1.0,), rtol=1e-8, atol=1e-10, **jac)
    expected = np.cos(3.0) + 2 / 3 * np.sin(3.0) - np.sin(6.0) / 3
    assert solved.y[0, -1] == pytest.approx(expected, abs=1e-5)
    np.testing.assert_allclose(side.fun(0.5, [1.0, 2.0], 4.0), [2.0, -4 + np.sin(1.0)])
    np.testing.assert_array_equal(side.jac(0.5, [1.0, 2.0], 4.0), [[0.0, 1.0], [-4.0, 0.0]])
    many = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_allclose(side.fun(0.5, many, 4.0), [many[1], -4 * many[0] + np.sin(1.0)])


def test_vectorized(robertson: Function, calls: list[str]) -> None:
    side = RightHandSide(robertson, shared={"k": RATES})
    solved = solve_ivp(side.fun, (0.0, 1.0), [1.0, 0.0, 0.0], method="BDF", vectorized=True, rtol=1e-6)
    assert solved.success
    assert set(calls) == {"Evaluate"}


def test_what_cannot_be_a_right_hand_side(robertson: Function) -> None:
    with pytest.raises(InvalidRequest, match=r"dy/dt has 3 numbers and y \(y, k\) has 6"):
        RightHandSide(robertson)


# ---- LinearOperator


def test_an_operator_is_the_jacobian(rosenbrock: Function, calls: list[str]) -> None:
    whole = rosenbrock.jacobian(START)
    operator: Any = linear_operator(rosenbrock, START)
    assert LinearOperator in type(operator).__mro__
    assert (operator.shape, operator.dtype) == ((4, 4), np.float64)
    calls.clear()
    rng = np.random.default_rng(0)
    for size, run, matrix in [(4, operator.matvec, whole), (4, operator.rmatvec, whole.T)]:
        vector = rng.normal(size=size)
        np.testing.assert_allclose(run(vector), matrix @ vector, rtol=1e-12)
        np.testing.assert_allclose(run(vector[:, None]), matrix @ vector[:, None], rtol=1e-12)
    assert len(calls) == 4
    columns = rng.normal(size=(4, 3))
    np.testing.assert_allclose(operator.matmat(columns), whole @ columns, rtol=1e-12)
    np.testing.assert_allclose(operator.rmatmat(columns), whole.T @ columns, rtol=1e-12)
    assert len(calls) == 6  # All columns in one call.
    np.testing.assert_allclose(operator.T @ columns, whole.T @ columns, rtol=1e-12)
    np.testing.assert_allclose(operator @ (columns * 1j + 2), whole @ (columns * 1j + 2), rtol=1e-12)
    assert operator.matmat(columns).flags.c_contiguous


def test_an_operator_for_solvers(client: Client) -> None:
    b = ListBuilder()
    x, matrix = b.input("x", 12), b.input("A", (20, 12))
    b.output("y", np.sin(matrix @ x))
    f = client.function(b)
    rng = np.random.default_rng(3)
    at, a = rng.normal(size=12), rng.normal(size=(20, 12))
    whole = np.cos(a @ at)[:, None] * a
    operator = linear_operator(f, at, shared={"A": a})
    expected = np.linalg.svd(whole, compute_uv=False)
    np.testing.assert_allclose(sorted(svds(operator, k=3, return_singular_vectors=False)), expected[2::-1], rtol=1e-10)
    right = rng.normal(size=20)
    np.testing.assert_allclose(
        lsmr(operator, right, atol=1e-13, btol=1e-13)[0], np.linalg.lstsq(whole, right)[0], rtol=1e-8
    )
    by_name = linear_operator(f, {"x": at, "A": a}, with_respect_to="x")
    assert by_name.shape == (20, 12)
    at[:] = 0.0  # It keeps its own point.
    np.testing.assert_allclose(by_name @ np.eye(12), whole, rtol=1e-12)
    with pytest.raises(InvalidRequest, match="one point"):
        linear_operator(f, np.zeros((2, 12)))


def test_traced_functions_with_structured_inputs(client: Client) -> None:
    def model(theta: dict[str, Any], t: Any) -> Any:
        return theta["height"] * np.exp(-theta["rate"] * t)

    f = client.function(model, inputs={"theta": {"height": (), "rate": ()}, "t": ()})
    times = np.linspace(0.0, 2.0, 9)
    fit = Residuals(f, points={"t": times}, target=3.0 * np.exp(-0.7 * times))
    found = least_squares(fit.fun, [1.0, 1.0], jac=fit.jac)
    np.testing.assert_allclose(found.x, [3.0, 0.7], rtol=1e-8)
    shared: Any = {"theta": {"height": 2.0, "rate": 0.5}}
    cost = Objective(f, shared=shared)
    assert cost.jac([1.0])[0] == pytest.approx(-np.exp(-0.5))


def test_over_a_session(client: Client, rosenbrock: Function) -> None:
    with client.session() as session:
        cost = Objective(session.function(rosenbrock), outputs="cost")
        found = minimize(cost.fun, np.full(4, 0.8), jac=cost.jac, method="BFGS")
    np.testing.assert_allclose(found.x, 1, atol=1e-4)


def test_through_a_server(calls: list[str]) -> None:
    b = ListBuilder()
    x = b.input("x", 4)
    b.output("y", np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]]))
    b.output("cost", (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
    with client_in(SERVED) as client:
        f = client.function(b)
        cost, start = Objective(f, outputs="cost"), np.full(4, 0.8)
        for method in ("SLSQP", "trust-exact"):
            hess: Any = {"hess": cost.hess} if method == "trust-exact" else {}
            np.testing.assert_allclose(minimize(cost.fun, start, jac=cost.jac, method=method, **hess).x, 1, atol=1e-4)
        forms: list[Any] = ["dense", "sparse", "operator"]
        for form in forms:
            fit = Residuals(f, outputs="y", jacobian=form)
            np.testing.assert_allclose(least_squares(fit.fun, start, jac=fit.jac).x, 1, atol=1e-6)
        assert set(calls) == {"Jacobian", "Hessian", "Evaluate", "Vjp", "Jvp"}
        np.testing.assert_allclose(linear_operator(f, start, outputs="cost") @ np.eye(4), [rosen_der(start)])


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wengert_client.scipy")
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingDependency, match=r"pip install 'wengert\[scipy\]'"):
        import wengert_client.scipy  # noqa: F401, PLC0415

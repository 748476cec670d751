"""Adapters for SciPy: every method that takes derivatives gets what it wants, and published numbers come out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import integrate, optimize, sparse
from scipy.optimize import BFGS, NonlinearConstraint, rosen, rosen_der, rosen_hess
from scipy.sparse.linalg import LinearOperator, lsmr, svds

from examples.regression import MODELS, nist_sets
from tests.client.modes import EMBEDDED, SERVED, client_in
from wengert_client import Client, Function, InvalidRequest, ListBuilder, MissingDependency
from wengert_client._held import HeldFunction
from wengert_client.scipy import Objective, Residuals, RightHandSide, constraint, linear_operator

if TYPE_CHECKING:
    from collections.abc import Iterator

# Their annotations, where there are any, leave out much of what they take.
minimize: Any = optimize.minimize
least_squares: Any = optimize.least_squares
root: Any = optimize.root
differential_evolution: Any = optimize.differential_evolution
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
    sent: list[str] = []
    ask = HeldFunction.ask

    async def spy(self: HeldFunction, rpc: Any, request: Any, ends: float | None = None) -> Any:
        sent.append(type(request).__name__.removesuffix("Request"))
        return await ask(self, rpc, request, ends)

    monkeypatch.setattr(HeldFunction, "ask", spy)
    return sent


@pytest.fixture(scope="module")
def rosenbrock(client: Client) -> Function:
    b = ListBuilder()
    x, scale = b.input("x", 4), b.input("scale", default=100.0)
    b.output("cost", (scale * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
    b.output("sides", x[1:] - x[:-1])
    return client.function(b)


@pytest.fixture
def cost(rosenbrock: Function) -> Objective:
    return Objective(rosenbrock, outputs="cost")


# ---- minimize


def test_an_objective_gives_what_scipy_gives(cost: Objective) -> None:
    value = cost.fun(START)
    assert isinstance(value, float)
    assert value == pytest.approx(rosen(START), rel=1e-14)
    for array, expected in [
        (cost.jac(START), rosen_der(START)),
        (cost.hess(START), rosen_hess(START)),
        (cost.hessp(START, [1.0, 2.0, 3.0, 4.0]), rosen_hess(START) @ [1.0, 2.0, 3.0, 4.0]),
    ]:
        np.testing.assert_allclose(array, expected, rtol=1e-13)
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.shape == expected.shape
    np.testing.assert_allclose(cost.fun(np.stack([START, 2 * START], axis=1)), [rosen(START), rosen(2 * START)])


OPTIONS = {
    "Nelder-Mead": {"xatol": 1e-8, "fatol": 1e-12},
    "COBYLA": {"maxiter": 1000, "tol": 1e-6},
    "COBYQA": {"maxfev": 150},
    "TNC": {"maxfun": 1000, "gtol": 1e-9, "ftol": 1e-16, "xtol": 1e-12},
}
WITH = {
    "": ["Nelder-Mead", "Powell", "COBYLA", "COBYQA"],
    "jac": ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "trust-constr"],
    "jac hess": ["Newton-CG", "dogleg", "trust-ncg", "trust-exact", "trust-krylov", "trust-constr"],
    "jac hessp": ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"],
}


@pytest.mark.parametrize(("given", "method"), [(given, method) for given, all_ in WITH.items() for method in all_])
def test_every_method_of_minimize_finds_the_minimum(cost: Objective, given: str, method: str) -> None:
    # dogleg needs a Hessian that is positive definite; COBYLA goes slowly along a valley.
    start = {"dogleg": np.full(4, 1.2), "COBYLA": np.full(4, 0.98)}.get(method, START)
    options: Any = OPTIONS.get(method, {})
    derivatives: Any = {name: getattr(cost, name) for name in given.split()}
    found = minimize(cost.fun, start, method=method, options=options, **derivatives)
    local = np.array([-0.77565923, 0.61309337, 0.38206285, 0.14597202])  # The other minimum for n = 4.
    distance = min(np.abs(found.x - 1).max(), np.abs(found.x - local).max())
    assert distance < {"COBYLA": 0.05, "COBYQA": 5e-3}.get(method, 1e-4), found


@pytest.mark.parametrize("method", ["Newton-CG", "trust-constr"])
def test_a_sparse_hessian(rosenbrock: Function, method: str) -> None:
    cost = Objective(rosenbrock, outputs="cost", sparse=True)
    hessian = cost.hess(START)
    assert isinstance(hessian, sparse.csr_array)
    hessian.eliminate_zeros()  # It is the caller's own.
    np.testing.assert_allclose(cost.hess(START).toarray(), rosen_hess(START), rtol=1e-13)
    found = minimize(cost.fun, np.full(4, 0.8), jac=cost.jac, hess=cost.hess, method=method)
    np.testing.assert_allclose(found.x, 1, atol=1e-4)


def test_value_and_gradient_are_one_call_and_remembered(cost: Objective, calls: list[str]) -> None:
    for _ in range(2):
        cost.fun(START)
        cost.jac(START)
    assert calls == ["Jacobian"]
    x = START.copy()
    cost.jac(x)[:] = 0.0  # A caller may change what it got,
    np.testing.assert_allclose(cost.jac(x), rosen_der(START), rtol=1e-13)
    x[0] = 2.0  # and what it gave.
    np.testing.assert_allclose(cost.jac(x), rosen_der(x), rtol=1e-13)
    assert cost.fun(x) == pytest.approx(rosen(x), rel=1e-14)
    assert calls == ["Jacobian"] * 2
    found = minimize(cost.fun, START, jac=cost.jac, method="L-BFGS-B")
    assert len(calls) <= 2 + found.nfev
    assert set(calls) == {"Jacobian"}


def test_who_never_asks_for_gradients_stops_getting_them(cost: Objective, calls: list[str]) -> None:
    points = [START * factor for factor in np.linspace(1.0, 2.0, 8)]
    for x in points:
        cost.fun(x)
    assert calls == ["Jacobian"] * 3 + ["Evaluate"] * 5
    np.testing.assert_allclose(cost.jac(points[-1]), rosen_der(points[-1]), rtol=1e-13)
    cost.fun(START)
    assert calls[8:] == ["Jacobian"] * 2


def test_zeros_and_numbers_that_are_none_are_no_memory(cost: Objective) -> None:
    assert cost.fun([0.0, 0.0, 0.0, 0.0]) == 3.0
    assert np.isnan(cost.fun([np.nan, 0.0, 0.0, 0.0]))
    assert cost.fun(np.zeros(4, np.float32)) == 3.0
    assert cost.fun([0, 0, 0, 0]) == 3.0


def test_arguments_of_the_solver(rosenbrock: Function, calls: list[str]) -> None:
    cost = Objective(rosenbrock, outputs="cost", arguments="scale")
    assert cost.fun(START, 1.0) == pytest.approx(sum((START[1:] - START[:-1] ** 2) ** 2 + (1 - START[:-1]) ** 2))
    assert cost.fun(START, 100.0) == pytest.approx(rosen(START))
    assert calls[-2:] == ["Jacobian"] * 2
    for method in ("BFGS", "Newton-CG", "trust-constr"):
        derivatives: Any = {"hessp": cost.hessp} if method != "BFGS" else {}
        found = minimize(cost.fun, START + 2, args=(3.0,), jac=cost.jac, method=method, **derivatives)
        np.testing.assert_allclose(found.x, 1, atol=1e-4)
    with pytest.raises(TypeError, match="as many arguments beside x, and there are 0"):
        cost.fun(START)


def test_x_may_be_any_inputs_in_any_order(rosenbrock: Function) -> None:
    both = Objective(rosenbrock, outputs="cost", with_respect_to=["scale", "x"])
    at = np.array([7.0, *START])
    expected = rosenbrock.gradient(x=START, scale=7.0, outputs="cost", with_respect_to=["scale", "x"])
    np.testing.assert_array_equal(both.jac(at), expected)
    np.testing.assert_allclose(both.hessp(at, np.ones(5)), both.hess(at) @ np.ones(5), rtol=1e-13)
    scale = Objective(rosenbrock, outputs="cost", shared={"x": START})
    np.testing.assert_allclose(scale.jac(7.0), ((START[1:] - START[:-1] ** 2) ** 2).sum(), rtol=1e-13)


def test_what_cannot_be_an_objective(rosenbrock: Function) -> None:
    cases: dict[str, Any] = {
        "a scalar": {},
        "no input y": {"with_respect_to": "y", "outputs": "cost"},
        "no output y": {"outputs": "y"},
        "is in x, and is shared": {"with_respect_to": "x", "shared": {"x": START}, "outputs": "cost"},
        "it has no value": {"with_respect_to": "scale", "outputs": "cost"},
        "no input left": {"shared": {"x": START, "scale": 1.0}, "outputs": "cost"},
    }
    for told, options in cases.items():
        with pytest.raises(InvalidRequest, match=told):
            Objective(rosenbrock, **options)
    with pytest.raises(InvalidRequest, match=r"x has 3 numbers; expected are 4: x \(4,\)"):
        Objective(rosenbrock, outputs="cost").fun(START[:3])


# ---- constraints: Hock and Schittkowski's problem 71

HS71_START, HS71_MINIMUM = [1.0, 5.0, 5.0, 1.0], [1.0, 4.7429994, 3.8211503, 1.3794082]


@pytest.fixture(scope="module")
def hs71(client: Client) -> Function:
    b = ListBuilder()
    x = b.input("x", 4)
    b.output("cost", x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2])
    b.output("product", x[0] * x[1] * x[2] * x[3])
    b.output("squares", (x**2).sum())
    return client.function(b)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "sparse trust-constr", "COBYQA", "COBYLA"])
def test_hock_schittkowski_71(hs71: Function, method: str) -> None:
    cost, whole = Objective(hs71, outputs="cost", sparse=method.startswith("sparse")), method.endswith("trust-constr")
    options: Any = {"sparse": method.startswith("sparse"), "hess": whole}
    constraints = [
        constraint(hs71, 25.0, np.inf, outputs="product", **options),
        constraint(hs71, 40.0, 40.0, outputs="squares", **options),
    ]
    assert all(isinstance(each, NonlinearConstraint) for each in constraints)
    derivatives: Any = {} if method.startswith("COB") else {"jac": cost.jac}
    derivatives |= {"hess": cost.hess} if whole else {}
    tolerance: Any = {"gtol": 1e-9, "xtol": 1e-10} if whole else {"maxiter": 20000} if method.startswith("COB") else {}
    found = minimize(
        cost.fun,
        HS71_START,
        bounds=[(1, 5)] * 4,
        constraints=constraints,
        method=method.rsplit(maxsplit=1)[-1],
        options=tolerance,
        **derivatives,
    )
    loose = {"SLSQP": 1e-6}.get(method, 1e-4 if whole else 1e-3)
    assert found.fun == pytest.approx(17.0140173, abs=loose)
    np.testing.assert_allclose(found.x, HS71_MINIMUM, atol=100 * loose)


def test_constraints_have_weighted_hessians(hs71: Function) -> None:
    made = constraint(hs71, [0.0, 0.0], np.inf, outputs=["product", "squares"])
    x, v = np.array(HS71_START), np.array([0.5, -2.0])
    np.testing.assert_array_equal(made.hess(x, v), hs71.hessian(x, v, outputs=["product", "squares"]))
    assert made.jac(x).shape == (2, 4)
    assert isinstance(constraint(hs71, 0.0, 1.0, hess=False).hess, BFGS)


def test_populations_in_one_call(rosenbrock: Function, calls: list[str]) -> None:
    cost = Objective(rosenbrock, outputs="cost")
    bounds = [(-2.0, 2.0)] * 4
    found = differential_evolution(
        cost.fun, bounds, vectorized=True, updating="deferred", rng=1, maxiter=5, polish=False
    )
    assert calls == ["Evaluate"] * 6
    assert found.fun == pytest.approx(rosen(found.x), rel=1e-12)


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
    operator = linear_operator(rosenbrock, START)
    assert isinstance(operator, LinearOperator)
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

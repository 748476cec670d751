"""SciPy's minimize: every method gets what it wants, and minima that are known come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import optimize, sparse
from scipy.optimize import BFGS, NonlinearConstraint, rosen, rosen_der, rosen_hess

from tests.client.asked import kinds_of_requests, rosenbrock_list
from tests.client.modes import EMBEDDED, client_in
from wengert_client import Client, Function, InvalidRequest, ListBuilder
from wengert_client.scipy import Objective, constraint

if TYPE_CHECKING:
    from collections.abc import Iterator

# Their annotations, where there are any, leave out much of what they take.
minimize: Any = optimize.minimize
differential_evolution: Any = optimize.differential_evolution

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

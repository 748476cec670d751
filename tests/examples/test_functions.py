"""Each list of the examples gives what plain NumPy gives, at random points, through a real server."""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from examples import functions, references, regression
from examples.models import DATA, adbench_mixture
from examples.problem import Floats, Problem
from tests.examples import plain
from tests.serving import running_server
from wengert_client import Client

Reference = Callable[[Floats, dict[str, Floats]], Floats | float]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running_server() as server, Client(server.address, deadline_s=120) as opened:
        yield opened


# the problem, its function in NumPy of the point and the shared data
CASES: dict[str, tuple[Problem, Reference]] = {
    "product_plus_sine": (functions.product_plus_sine(), lambda x, _: references.product_plus_sine(x)[0]),
    "log_density": (functions.log_density(), lambda x, _: references.log_density(x)[0]),
    "rosenbrock": (functions.rosenbrock(9), lambda x, _: references.rosenbrock(x)[0]),
    "rosenbrock_scalars": (functions.rosenbrock(9, arrays=False), lambda x, _: references.rosenbrock(x)[0]),
    "lotka_volterra": (functions.lotka_volterra(50), lambda x, _: plain.lotka_volterra(x, 50)),
    "pollu": (functions.pollu(), lambda x, _: references.pollu(x[:20], x[20:])[0]),
    "brusselator_arrays": (functions.brusselator_arrays(6), lambda x, _: references.Brusselator(x).value()),
    "brusselator_scalars": (functions.brusselator_scalars(6), lambda x, _: references.Brusselator(x).value()),
    "pkpd": (functions.pkpd_steps(240), lambda x, _: plain.pkpd(x)),
    "gaussian": (functions.gaussian_log_likelihood(70), lambda x, data: plain.gaussian_log_likelihood(x, data["y"])),
    "network": (
        functions.network(7, 5, 3, 4),
        lambda x, data: plain.network(x, data["images"], data["labels"], hidden=5),
    ),
    "mixture": (functions.mixture(3, 4, 20), lambda x, data: plain.mixture(x, data["x"], 4, 1.0, 0)),
    "mixture_prior": (
        functions.mixture(3, 2, 20, gamma=0.7, dof=2),
        lambda x, data: plain.mixture(x, data["x"], 2, 0.7, 2),
    ),
    "bundle_adjustment": (functions.bundle_adjustment_block(), lambda x, _: plain.reprojection_error(x)),
}


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_numpy(client: Client, name: str) -> None:
    problem, reference = CASES[name]
    function = client.function(problem.builder)
    random = np.random.default_rng(7)
    for x in (problem.point, problem.point * random.uniform(0.9, 1.1, problem.point.shape)):
        expected = np.atleast_1d(reference(x, problem.shared))
        np.testing.assert_allclose(function.value(x, shared=problem.shared), expected, rtol=1e-10, atol=1e-13)


def test_scalars_and_arrays_of_a_function_have_one_jacobian(client: Client) -> None:
    for arrays, scalars in (
        (functions.brusselator_arrays(4), functions.brusselator_scalars(4)),
        (functions.rosenbrock(6), functions.rosenbrock(6, arrays=False)),
    ):
        first = client.function(arrays.builder).jacobian(arrays.point)
        second = client.function(scalars.builder).jacobian(scalars.point)
        np.testing.assert_allclose(first, second, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("data", regression.nist_sets(), ids=lambda data: data.name)
def test_residuals_of_certified_parameters(client: Client, data: regression.RegressionSet) -> None:
    certified = {entry["name"]: entry["certified_rss"] for entry in json.loads((DATA / "nist_strd.json").read_text())}
    residual = client.function(functions.nist_residual(data).builder).value(data.certified)
    assert residual @ residual == pytest.approx(certified[data.name], rel=1e-9)


def test_mixture_with_adbench_data_has_its_objective(client: Client) -> None:
    problem, objective, _ = adbench_mixture()
    value = client.function(problem.builder).value(problem.point, shared=problem.shared)
    assert value[0] == pytest.approx(objective, rel=1e-14)


def test_doses_must_fall_between_steps() -> None:
    with pytest.raises(ValueError, match="multiple of 10"):
        functions.pkpd_steps(241)

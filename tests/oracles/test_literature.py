"""Functions of the literature against published or independently computed derivatives."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize

from tests.oracles import problems, regression
from tests.oracles.asking import Floats, agree, check_duality, value_and_jacobian

DATA = Path(__file__).parents[2] / "examples" / "data"


@pytest.mark.parametrize("name", regression.MODELS)
def test_nist_residual_jacobians_at_start_2(name: str) -> None:
    entry = regression.sets()[name]
    values, jacobian = value_and_jacobian(regression.residuals(entry), entry["start2"])
    agree(jacobian.T, np.array(entry["jacobian_at_start2"]).T, 1e-12, name)
    check_duality(regression.residuals(entry), entry["start2"])
    certified, _ = value_and_jacobian(regression.residuals(entry), entry["certified"])
    assert float(certified @ certified) == pytest.approx(entry["certified_rss"], rel=1e-9)
    assert float(values @ values) > entry["certified_rss"]


def test_adbench_mixture_gradient() -> None:
    entry = json.loads((DATA / "adbench_gmm_d10_K25.json").read_text())
    message = problems.mixture(np.array(entry["x"]), entry["K"], entry["wishart_gamma"], entry["wishart_m"])
    point = np.concatenate([np.ravel(entry[name]) for name in ("alphas", "means", "icf")])
    value, gradient = value_and_jacobian(message, point, modes=("REVERSE",))
    assert value[0] == pytest.approx(entry["objective"], rel=1e-13)
    agree(gradient[0], entry["gradient"], 1e-12, "gradient")
    check_duality(message, point)


def test_adbench_bundle_adjustment_block() -> None:
    entry = json.loads((DATA / "adbench_ba1.json").read_text())
    values, jacobian = value_and_jacobian(problems.bundle_adjustment(entry["feat"]), entry["z"])
    np.testing.assert_allclose(values, entry["residual"], rtol=1e-10)
    np.testing.assert_allclose(jacobian, entry["jacobian"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [2, 10, 1000])
def test_rosenbrock_gradient(n: int) -> None:
    x = np.cos(np.arange(n) * 1.7)
    value, gradient = value_and_jacobian(
        problems.rosenbrock(n), x, modes=("FORWARD", "REVERSE") if n < 100 else ("REVERSE",)
    )
    assert value[0] == pytest.approx(scipy.optimize.rosen(x), rel=1e-13)
    agree(gradient[0], scipy.optimize.rosen_der(x), 1e-13)
    check_duality(problems.rosenbrock(n), x)


def _pollu_by_hand(y: Floats, k: Floats) -> tuple[Floats, Floats]:
    """Return dy/dt and its Jacobian by (y, k) from the reaction table: products, differentiated by hand."""
    stoichiometry = np.zeros((20, 25))
    for species in range(20):
        for r in problems.POLLU_GAINS[species]:
            stoichiometry[species, r - 1] += 1
        for r in problems.POLLU_LOSSES[species]:
            stoichiometry[species, r - 1] -= 1
    rates, by_y, by_k = np.zeros(25), np.zeros((25, 20)), np.zeros((25, 25))
    for r, reactants in enumerate(problems.POLLU_REACTANTS):
        factors = [y[i - 1] for i in reactants]
        by_k[r, r] = np.prod(factors)
        rates[r] = k[r] * by_k[r, r]
        for j, species in enumerate(reactants):
            by_y[r, species - 1] += k[r] * np.prod(factors[:j] + factors[j + 1 :])
    return stoichiometry @ rates, np.hstack([stoichiometry @ by_y, stoichiometry @ by_k])


def test_pollu_jacobians() -> None:
    y = problems.pollu_start() + 1e-3 * np.arange(1, 21)
    k = problems.POLLU_RATES
    values, jacobian = value_and_jacobian(problems.pollu(), np.concatenate([y, k]))
    expected, by_hand = _pollu_by_hand(y, k)
    agree(values, expected, 1e-14)
    agree(jacobian, by_hand, 1e-14)

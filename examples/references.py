"""Derivatives by hand, in plain NumPy: what the demo's answers are held against.

Nothing here differentiates a program, and nothing is shared with the lists but the numbers of the problems.
"""

from __future__ import annotations

import numpy as np

from examples.dynamics import BRUSSELATOR_A, BRUSSELATOR_ALPHA, brusselator_feed
from examples.problem import Floats, flat

# ---- one value


def product_plus_sine(x: Floats) -> tuple[Floats, Floats]:
    """Give x1 x2 + sin x1 and its gradient."""
    return np.array([x[0] * x[1] + np.sin(x[0])]), np.array([x[1] + np.cos(x[0]), x[0]])


def log_density(x: Floats) -> tuple[Floats, Floats]:
    """Give -1/2 ((y - mu) / sigma)^2 - log sigma and its gradient."""
    y, mu, sigma = x
    z = (y - mu) / sigma
    return np.array([-0.5 * z * z - np.log(sigma)]), np.array([-z, z, z * z - 1.0]) / sigma


def rosenbrock(x: Floats) -> tuple[Floats, Floats]:
    """Give Rosenbrock's function and its gradient."""
    slack = x[1:] - x[:-1] ** 2
    gradient = np.zeros_like(x)
    gradient[:-1] = -400.0 * x[:-1] * slack - 2.0 * (1.0 - x[:-1])
    gradient[1:] += 200.0 * slack
    return np.array([100.0 * slack @ slack + np.sum((1.0 - x[:-1]) ** 2)]), gradient


# ---- POLLU, from its chemistry

POLLU_SPECIES = "NO2 NO O3P O3 HO2 OH HCHO CO ALD MEO2 C2O3 CO2 PAN CH3O HNO3 O1D SO2 SO4 NO3 N2O5".split()  # noqa: SIM905

POLLU_REACTIONS = """
NO2 = NO + O3P; NO + O3 = NO2; HO2 + NO = NO2 + OH; HCHO = HO2 + HO2 + CO; HCHO = CO; HCHO + OH = HO2 + CO;
ALD = MEO2 + HO2 + CO; ALD + OH = C2O3; C2O3 + NO = NO2 + MEO2 + CO2; C2O3 + NO2 = PAN; PAN = C2O3 + NO2;
MEO2 + NO = CH3O + NO2; CH3O = HCHO + HO2; NO2 + OH = HNO3; O3P = O3; O3 = O1D; O3 = O3P; O1D = OH + OH; O1D = O3P;
SO2 + OH = SO4 + HO2; NO3 = NO; NO3 = NO2 + O3P; NO2 + O3 = NO3; NO3 + NO2 = N2O5; N2O5 = NO3 + NO2
"""


def pollu(y: Floats, k: Floats) -> tuple[Floats, Floats, Floats]:
    """Give dy/dt of POLLU, its Jacobian by y (20, 20) and its Jacobian by k (20, 25), by the law of mass action."""
    consumed, produced = _stoichiometry()
    balance = produced - consumed
    # No species enters a reaction twice: a rate is k times the product of those that enter.
    products = np.prod(np.where(consumed > 0, y[:, None], 1.0), axis=0)
    by_y = np.zeros((25, 20))
    for reaction, species in np.argwhere(consumed.T > 0):
        others = np.delete(y, species)[np.delete(consumed[:, reaction], species) > 0]
        by_y[reaction, species] = k[reaction] * np.prod(others)
    return balance @ (k * products), balance @ by_y, balance * products


def _stoichiometry() -> tuple[Floats, Floats]:
    """Give how many of each species each reaction consumes and produces: two arrays (20, 25)."""
    consumed, produced = np.zeros((20, 25)), np.zeros((20, 25))
    for reaction, text in enumerate(POLLU_REACTIONS.split(";")):
        for side, counts in zip(text.split("="), (consumed, produced), strict=True):
            for species in side.split("+"):
                counts[POLLU_SPECIES.index(species.strip()), reaction] += 1.0
    return consumed, produced


# ---- Brusselator, linearised


class Brusselator:
    """The Brusselator at one point: its value, J u and J^T v.

    Parameters
    ----------
    x : float64, shape (2 N^2,)
        U, then V, each row-major.
    """

    def __init__(self, x: Floats) -> None:
        self.u, self.v = self._halves(x)
        N = len(self.u)
        # The second difference along one axis, periodic, as a matrix; it is symmetric.
        ring = np.roll(np.eye(N), 1, axis=0) + np.roll(np.eye(N), -1, axis=0) - 2.0 * np.eye(N)
        self._second = BRUSSELATOR_ALPHA * (N - 1) ** 2 * ring

    def value(self) -> Floats:
        """Give f: shape (2 N^2,)."""
        reaction = self.u**2 * self.v
        du = self._diffused(self.u) + brusselator_feed(len(self.u)) + reaction - (BRUSSELATOR_A + 1.0) * self.u
        return flat(du, self._diffused(self.v) + BRUSSELATOR_A * self.u - reaction)

    def jvp(self, direction: Floats) -> Floats:
        """Give J u for a direction u (2 N^2,)."""
        a, b = self._halves(direction)
        reaction = 2.0 * self.u * self.v * a + self.u**2 * b
        du = self._diffused(a) + reaction - (BRUSSELATOR_A + 1.0) * a
        return flat(du, self._diffused(b) + BRUSSELATOR_A * a - reaction)

    def vjp(self, direction: Floats) -> Floats:
        """Give J^T v for a direction v (2 N^2,)."""
        a, b = self._halves(direction)
        by_u = self._diffused(a) + 2.0 * self.u * self.v * (a - b) - (BRUSSELATOR_A + 1.0) * a + BRUSSELATOR_A * b
        return flat(by_u, self._diffused(b) + self.u**2 * (a - b))

    def _diffused(self, x: Floats) -> Floats:
        return self._second @ x + x @ self._second

    @staticmethod
    def _halves(x: Floats) -> tuple[Floats, Floats]:
        N = round((len(x) / 2) ** 0.5)
        return x[: N * N].reshape(N, N), x[N * N :].reshape(N, N)

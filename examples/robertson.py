"""Robertson's kinetics: an implicit solver with the exact Jacobian, over eleven decades of time, and sensitivities.

The reference at t = 1e11 is of the IVP test set. The sensitivities at t = 0.4 are those of CVODES's example, which
prints 5 digits, of which 4 are right; the others come from differences of solutions with a tolerance of 1e-12.
The reactions are written as source text, as any language could send it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from wengert_client import Client, Function
from wengert_client.scipy import RightHandSide

SOURCE = """
    # Robertson's kinetics
    input y[3]
    input k1 = 0.04, k2 = 1e4, k3 = 3e7
    r1 = k1*y[0];  r2 = k2*y[1]*y[2];  r3 = k3*y[1]^2
    output dy = [-r1 + r2, r1 - r2 - r3, r3]
"""
START = np.array([1.0, 0.0, 0.0])
AT_1E11 = [0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050]
Y1_BY_K_AT_04 = [-0.355952566, 9.54238143e-8, -1.58317664e-11]
PRINTED_BY_CVODES = [-3.5595e-01, 9.5431e-08, -1.5833e-11]


def main() -> None:
    """Integrate to t = 1e11, and the sensitivities to t = 0.4."""
    with Client() as client:
        f = client.function(SOURCE)
        rates = RightHandSide(f)
        found = solve_ivp(
            rates.fun, (0.0, 1e11), START, method="Radau", jac=rates.jac,
            rtol=1e-8, atol=[1e-16, 1e-20, 1e-12],
        )  # fmt: skip
        print(f"Radau to t = 1e11: {found.nfev} values, {found.njev} Jacobians, {found.nlu} factorisations")
        print("y =", found.y[:, -1])
        np.testing.assert_allclose(found.y[:, -1], AT_1E11, rtol=1e-9)

        by_k = sensitivities(f)
    print("d y1 / d (k1, k2, k3) at t = 0.4:", by_k[0])
    np.testing.assert_allclose(by_k[0], Y1_BY_K_AT_04, rtol=1e-7)
    np.testing.assert_allclose(by_k[0], PRINTED_BY_CVODES, rtol=1e-4)


def sensitivities(f: Function) -> NDArray[np.float64]:
    """Give S = dy/dk at t = 0.4, (3, 3): it obeys S' = (df/dy) S + df/dk."""

    def both(_: float, state: NDArray[np.float64]) -> NDArray[np.float64]:
        y, s = state[:3], state[3:].reshape(3, 3)
        slopes = f.value_and_jacobian(y, with_respect_to=["y", "k1", "k2", "k3"])
        by_y, by_k = slopes.derivative[:, :3], slopes.derivative[:, 3:]
        return np.concatenate([slopes.value, (by_y @ s + by_k).ravel()])

    def matrix(_: float, state: NDArray[np.float64]) -> NDArray[np.float64]:
        # What S' depends on beside S is left out: the solver's own iteration makes up for it.
        by_y = f.jacobian(state[:3])
        return np.block([
            [by_y, np.zeros((3, 9))],
            [np.zeros((9, 3)), np.kron(by_y, np.eye(3))],
        ])  # fmt: skip

    start = np.concatenate([START, np.zeros(9)])
    scale = np.array([1.0, 1e-4, 1.0, *np.outer([1.0, 1e-4, 1.0], [1.0, 1e-6, 1e-10]).ravel()])
    found = solve_ivp(both, (0.0, 0.4), start, method="Radau", jac=matrix, rtol=1e-10, atol=1e-12 * scale)
    return np.reshape(found.y[3:, -1], (3, 3))


if __name__ == "__main__":
    main()

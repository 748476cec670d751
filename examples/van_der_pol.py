"""Van der Pol's oscillator, a million times stiffer than it is fast: implicit solvers with the exact Jacobian.

The reference at t = 2 for epsilon = 1e-6 is of the IVP test set (Lioen and de Swart).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from wengert_client import Client
from wengert_client.scipy import RightHandSide

EPSILON = 1e-6
AT_2 = [1.70616773, -0.8928097]


def oscillator(y: Any) -> Any:
    """Give dy/dt: y1' = y2 and epsilon y2' = (1 - y1^2) y2 - y1."""
    return np.stack([y[1], ((1.0 - y[0] ** 2) * y[1] - y[0]) / EPSILON])


def main() -> None:
    """Integrate to t = 2 by two methods."""
    print("method  values  Jacobians  y(2)")
    with Client() as client:
        rates = RightHandSide(client.function(oscillator, inputs={"y": 2}))
        for method, tolerance in (("Radau", 1e-6), ("BDF", 1e-8)):
            found = solve_ivp(rates.fun, (0.0, 2.0), [2.0, 0.0], method, jac=rates.jac, rtol=tolerance, atol=tolerance)
            y = found.y[:, -1]
            print(f"{method:8}{found.nfev:6}{found.njev:11}  {y[0]:.8f} {y[1]:.8f}")
            np.testing.assert_allclose(y, AT_2, rtol=1e-6)


if __name__ == "__main__":
    main()

"""Newton's method on the conditions of an optimum: problem 71 of Hock and Schittkowski.

    minimise   x1 x4 (x1 + x2 + x3) + x3
    such that  x1 x2 x3 x4 = 25,  x1^2 + x2^2 + x3^2 + x4^2 = 40,  x1 = 1

which are the constraints that hold with equality at the solution. One call gives f, its gradient and the Hessian of
the Lagrangian, another the Jacobian of the constraints; f* = 17.0140173 is published with the problem.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert_client import Client

SOLUTION = [1.0, 4.7429994, 3.8211503, 1.3794082]
COST = 17.0140173
CONSTRAINTS = ["product", "squares", "bound"]


def problem(x: Any) -> dict[str, Any]:
    """Give the cost, and what is 0 where the constraints hold."""
    return {
        "cost": x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2],
        "product": x[0] * x[1] * x[2] * x[3] - 25.0,
        "squares": x @ x - 40.0,
        "bound": x[0] - 1.0,
    }


def main() -> None:
    """Solve for the point and the multipliers at once."""
    with Client() as client:
        f = client.function(problem, inputs={"x": 4})
        x = np.array([1.0, 5.0, 5.0, 1.0])
        slopes = f.jacobian(x)
        multipliers = np.linalg.lstsq(slopes[1:].T, -slopes[0])[0]
        print("step      cost  residual")
        for step in range(1, 20):
            weights = np.array([1.0, *multipliers])
            value, gradient, hessian = f.value_gradient_and_hessian(x, weights)
            slopes = f.jacobian(x, outputs=CONSTRAINTS)
            residual = np.concatenate([gradient, value[1:]])
            print(f"{step:4}{value[0]:10.6f}{np.linalg.norm(residual):10.1e}")
            if np.linalg.norm(residual) < 1e-12:
                break
            matrix = np.block([[hessian, slopes.T], [slopes, np.zeros((3, 3))]])
            change = np.linalg.solve(matrix, -residual)
            x, multipliers = x + change[:4], multipliers + change[4:]
        value = f.value(x)
    print("x =", x)
    print("multipliers =", multipliers)
    np.testing.assert_allclose(x, SOLUTION, atol=5e-8)
    np.testing.assert_allclose(value, [COST, 0.0, 0.0, 0.0], atol=5e-8)


if __name__ == "__main__":
    main()

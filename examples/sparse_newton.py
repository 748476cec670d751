"""Newton's method for a hundred thousand equations: Broyden's tridiagonal function, with a sparse Jacobian.

f[i] = (3 - 2 x[i]) x[i] - x[i-1] - 2 x[i+1] + 1, zeros beyond the ends, from x = -1 (More, Garbow and Hillstrom 1981,
problem 30). Each Jacobian of 100 000 columns takes three sweeps; a direct solver of SciPy does the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.linalg import spsolve

from wengert_client import Client

N = 100_000
COLORS = 3


def broyden(x: Any) -> Any:
    """Give the n equations."""
    around = np.concatenate([np.zeros(1), x, np.zeros(1)])
    return (3.0 - 2.0 * x) * x - around[:-2] - 2.0 * around[2:] + 1.0


def main() -> None:
    """Solve the equations."""
    with Client() as client:
        f = client.function(broyden, inputs={"x": N})
        pattern = f.sparsity()
        print(f"{pattern.shape[0]} x {pattern.shape[1]}, {pattern.nnz} entries, {pattern.number_of_colors} colors")
        np.testing.assert_equal((pattern.nnz, pattern.number_of_colors), (3 * N - 2, COLORS))
        x = -np.ones(N)
        norms: list[float] = []
        while not norms or norms[-1] > 1e-12:
            value, jacobian = f.value_and_jacobian(x, sparse=True)
            norms.append(float(np.max(np.abs(value))))
            print(f"step {len(norms) - 1}: largest residual {norms[-1]:.1e}")
            # Each step squares the residual, until rounding is all that is left.
            np.testing.assert_array_less(len(norms), 10)
            x = x - spsolve(jacobian.tocsc(), value)
    # Far from the ends all equations are one: (3 - 2 x) x - 3 x + 1 = 0.
    print(f"in the middle x = {x[N // 2]:.15f}, -sqrt(1/2) = {-np.sqrt(0.5):.15f}")
    np.testing.assert_allclose(x[N // 2], -np.sqrt(0.5), rtol=1e-14)


if __name__ == "__main__":
    main()

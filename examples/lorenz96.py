"""Chaos measured: the Lyapunov spectrum of Lorenz's model of the weather along a circle of latitude.

x[i]' = (x[i+1] - x[i-2]) x[i-1] - x[i] + 8, i = 0 ... 39 (Lorenz 1996). One step of Runge and Kutta is the function;
its tangent model carries 40 directions at once, which QR keeps apart. Published: 13 exponents are positive, and their
sum is -40, since the trace of the Jacobian is -40 everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wengert_client import Client, Function

N, FORCING, STEP = 40, 8.0, 0.05
#: Trajectories, all in one call; steps until they have forgotten how they began; steps over which is measured.
K, SETTLING, STEPS = 10, 500, 5000
POSITIVE, SUM = 13, -40.0
#: One exponent is 0, along the trajectory; measured over a finite time it is not so exactly. The next one is 0.03.
ZERO = 0.012


def rate(x: Any) -> Any:
    """Give dx/dt."""
    return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + FORCING


def step(x: Any) -> Any:
    """Give x one step of the classical Runge-Kutta method later."""
    k1 = rate(x)
    k2 = rate(x + 0.5 * STEP * k1)
    k3 = rate(x + 0.5 * STEP * k2)
    k4 = rate(x + STEP * k3)
    return x + STEP / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)


def main() -> None:
    """Follow trajectories, and what is near them."""
    with Client() as client:
        trace = np.trace(client.function(rate, inputs={"x": N}).jacobian(np.arange(N)))
        print(f"trace of the Jacobian: {trace}")
        np.testing.assert_equal(trace, SUM)
        exponents = spectrum(client.function(step, inputs={"x": N}))
    print("exponents, the largest first:")
    for row in exponents.reshape(5, 8):
        print("  " + " ".join(f"{each:7.3f}" for each in row))
    positive = int(np.sum(exponents > ZERO))
    print(f"{positive} are positive; their sum is {exponents.sum():.4f}")
    np.testing.assert_equal(positive, POSITIVE)
    np.testing.assert_allclose(exponents.sum(), SUM, rtol=1e-3)


def spectrum(f: Function) -> NDArray[np.float64]:
    """Give the exponents (40,): how fast directions grow that are kept at right angles."""
    x = FORCING + np.random.default_rng(0).normal(size=(K, N))
    directions = np.tile(np.eye(N), (K, 1, 1))
    growth = np.zeros((K, N))
    for count in range(SETTLING + STEPS):
        x, moved = f.value_and_jvp(x, directions)
        q, r = np.linalg.qr(moved.transpose(0, 2, 1))
        directions = np.ascontiguousarray(q.transpose(0, 2, 1))
        if count >= SETTLING:
            growth += np.log(np.abs(np.diagonal(r, axis1=1, axis2=2)))
    return np.sort(growth.mean(axis=0) / (STEPS * STEP))[::-1]


if __name__ == "__main__":
    main()

"""A network's backpropagation, against JAX: two spirals told apart by 2-16-16-1 neurons.

The loss of 100 points is one function of NumPy; its parameters are a list of layers, as they come. The gradient equals
that of jax.grad to rounding, the whole function travels in less than 50 kB, and BFGS trains it.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from wengert_client import Client
from wengert_client.scipy import Objective

WIDTHS = (2, 16, 16, 1)
POINTS = 100
MOST_BYTES = 50_000


def loss(xp: Any, layers: Any, points: Any, labels: Any) -> Any:
    """Give the mean cross entropy of a network with tanh between its layers; `xp` is NumPy, or JAX's."""
    x = points
    for weights, bias in layers[:-1]:
        x = xp.tanh(x @ weights + bias)
    weights, bias = layers[-1]
    logits = (x @ weights + bias)[:, 0]
    return xp.mean(xp.logaddexp(0.0, logits) - labels * logits)


def spirals() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give points (100, 2) on two arms, and the arm of each, 0 or 1."""
    turn = np.linspace(0.5, 3.0, POINTS // 2) * np.pi
    arm = np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=1) / (3.0 * np.pi)
    return np.concatenate([arm, -arm]), np.repeat([0.0, 1.0], POINTS // 2)


def main() -> None:
    """Compare gradients, then train."""
    random = np.random.default_rng(7)
    layers = [
        (random.normal(size=(rows, columns)) / np.sqrt(rows), np.zeros(columns)) for rows, columns in pairwise(WIDTHS)
    ]
    points, labels = spirals()
    with Client() as client:
        f = client.function(partial(loss, np), inputs={"layers": layers, "points": points, "labels": labels})
        size = f.to_message().ByteSize()
        print(f"{f.statements} statements in {size} bytes")
        np.testing.assert_array_less(size, MOST_BYTES)

        data = {"points": points, "labels": labels}
        found = f.gradient({"layers": layers}, shared=data)
        expected = by_jax(layers, points, labels)
        error = float(np.max(np.abs(found - expected)))
        print(f"gradient by {len(found)} parameters: {error:.1e} from that of jax.grad at most")
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)

        start = np.concatenate([np.ravel(each) for layer in layers for each in layer])

        cost = Objective(f, shared=data)
        trained = minimize(cost.fun, start, jac=cost.jac, method="BFGS", options={"maxiter": 500, "gtol": 1e-4})
        print(f"loss {f.value(start, shared=data)[0]:.3f}, after {trained.nit} steps {trained.fun:.6f}")
        np.testing.assert_array_less(trained.fun, 1e-2)


def by_jax(layers: Any, points: Any, labels: Any) -> NDArray[np.float64]:
    """Give the gradient by jax.grad, in float64, as one vector."""
    with jax.enable_x64():
        gradient = jax.grad(partial(loss, jax.numpy))(layers, points, labels)
        return np.concatenate([np.ravel(each) for layer in gradient for each in layer])


if __name__ == "__main__":
    main()

"""Whole programs as people write them: traced as they are, values beside NumPy's, derivatives beside differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import adengine
from tests.client.test_numpy_probes import differences
from tests.conformance.in_process import engine_list
from tests.numpy_probes.probe import Floats
from wengert_client import trace

ENGINE = adengine.Engine()
RNG = np.random.default_rng(3)
POINTS, CLASSES = RNG.normal(size=(20, 4)), RNG.integers(0, 3, 20)


def lorenz(y: Any) -> Any:
    def f(y: Any) -> Any:
        return np.array([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])

    h = 0.01
    for _ in range(5):
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        k4 = f(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def gravity(q: Any) -> Any:
    d = q[:, None] - q[None]
    r2 = (d**2).sum(-1) + np.eye(4)
    return -(d / r2[..., None] ** 1.5).sum(1)


def heat_in_place(u: Any) -> Any:
    u = u.copy()
    for _ in range(4):
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return u


def heat_into_another(u: Any) -> Any:
    for _ in range(4):
        new = np.zeros_like(u)
        new[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        new[0], new[-1] = u[0], u[-1]
        u = new
    return u


def gaussian_process(theta: Any) -> Any:
    x = np.linspace(0, 1, 4)
    y = np.sin(6 * x)
    L = np.linalg.cholesky(
        theta[0] ** 2 * np.exp(-0.5 * ((x[:, None] - x) / theta[1]) ** 2) + theta[2] ** 2 * np.eye(4)
    )
    z: list[Any] = []
    for i in range(4):
        z.append((y[i] - sum(L[i, j] * z[j] for j in range(i))) / L[i, i])
    return 0.5 * sum(e * e for e in z) + np.sum(np.log(np.diag(L)))


def cross_entropy(W: Any) -> Any:
    z = POINTS @ W
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(20), CLASSES]))


def recurrent(x: Any, W: Any) -> Any:
    h = c = np.zeros(2)
    for row in x:
        z = W @ np.concatenate([row, h])
        i, f, o = 1 / (1 + np.exp(-z[:2])), 1 / (1 + np.exp(-z[2:4])), 1 / (1 + np.exp(-z[4:6]))
        c = f * c + i * np.tanh(z[6:])
        h = o * np.tanh(c)
    return h


def convolution(image: Any, kernel: Any) -> Any:
    out: Any = 0.0
    for i in range(3):
        for j in range(3):
            out = out + kernel[i, j] * image[i : i + 3, j : j + 3]
    return np.maximum(out, 0.1 * out)


def option(S: Any, K: Any, v: Any) -> Any:
    d = (np.log(S / K) + 0.5 * v * v) / v
    return S * special.ndtr(d) - K * special.ndtr(d - v)


def distances(x: Any) -> Any:
    i, j = np.triu_indices(4, 1)
    return np.linalg.norm(x[i] - x[j], axis=1)


def filtered(z: Any) -> Any:
    x, P = 0.0, 1.0
    for each in z:
        P = P + 0.1
        K = P / (P + 0.5)
        x = x + K * (each - x)
        P = (1 - K) * P
    return x


def quaternions(a: Any, b: Any) -> Any:
    vector = a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:])
    return np.array([a[0] * b[0] - a[1:] @ b[1:], *vector])


def shares(x: Any) -> Any:
    total, sums = 0.0, []
    for each in x:
        total += each**2
        sums.append(total)
    return np.array(sums) / total


def draw(*shapes: tuple[int, ...]) -> list[Floats]:
    return [RNG.normal(size=shape) for shape in shapes]


PROGRAMS: list[tuple[Callable[..., Any], list[Floats]]] = [
    (lorenz, draw((3,))),
    (gravity, draw((4, 3))),
    (heat_in_place, draw((8,))),
    (heat_into_another, draw((8,))),
    (gaussian_process, [np.array([1.0, 0.3, 0.4])]),
    (cross_entropy, draw((4, 3))),
    (recurrent, draw((3, 2), (8, 4))),
    (convolution, draw((5, 5), (3, 3))),
    (option, [np.asarray(1.05), np.asarray(0.98), np.asarray(0.3)]),
    (distances, draw((4, 3))),
    (filtered, draw((5,))),
    (quaternions, draw((4,), (4,))),
    (shares, draw((6,))),
]


@pytest.mark.parametrize(("program", "arrays"), PROGRAMS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_program_is_traced_as_it_is(program: Callable[..., Any], arrays: list[Floats]) -> None:
    names = program.__code__.co_varnames
    shapes = {name: each.shape for name, each in zip(names, arrays, strict=False)}
    made = engine_list(trace(program, shapes).message)
    x = np.concatenate([each.ravel() for each in arrays])
    cuts = np.cumsum([each.size for each in arrays])[:-1]

    def of_numpy(z: Floats) -> Floats:
        parts = np.split(z, cuts)
        given = [part.reshape(each.shape).copy()[()] for part, each in zip(parts, arrays, strict=True)]
        return np.ravel(np.asarray(program(*given), dtype=np.float64))

    np.testing.assert_allclose(ENGINE.evaluate(made, points=x).values, of_numpy(x), rtol=1e-12, atol=1e-13)
    J = differences(of_numpy, x)
    for mode in (adengine.Mode.FORWARD, adengine.Mode.REVERSE):
        found = ENGINE.jacobian(made, points=x, mode=mode).jacobian
        np.testing.assert_allclose(found, J, rtol=1e-7, atol=1e-8 * (1 + np.abs(J).max()), err_msg=mode.name)

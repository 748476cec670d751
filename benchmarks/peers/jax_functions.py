"""The problems as users of JAX write them; each takes x, shape (n,), and the shared values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from examples.dynamics import (
    BRUSSELATOR_A,
    BRUSSELATOR_ALPHA,
    PKPD_DOSE,
    PKPD_DOSE_HOURS,
    PKPD_HOURS,
    PKPD_START,
    POLLU_BALANCE,
    POLLU_REACTANTS,
    brusselator_feed,
)

Shared = Mapping[str, Any]
Written = Callable[[Any, Shared], Any]


def rosenbrock(x: Any, _shared: Shared) -> Any:
    """Rosenbrock's valley."""
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def _rk4(rate: Callable[[Any], Any], h: float) -> Callable[[Any], Any]:
    def step(y: Any) -> Any:
        k1 = rate(y)
        k2 = rate(y + 0.5 * h * k1)
        k3 = rate(y + 0.5 * h * k2)
        k4 = rate(y + h * k3)
        return y + h / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)

    return step


def lotka_volterra(steps: int) -> Written:
    """RK4 in a scan; unrolling it made it slower."""

    def final(x: Any, _shared: Shared) -> Any:
        a, b, c, d = x[:4]
        step = _rk4(
            lambda y: jnp.stack([a * y[0] - b * (y[0] * y[1]), d * (y[0] * y[1]) - c * y[1]]),
            10.0 / steps,
        )
        return jax.lax.scan(lambda y, _: (step(y), None), x[4:], None, length=steps)[0]

    return final


def pkpd(steps: int) -> Written:
    """RK4 in a scan over the hours between doses, in a scan over doses."""
    doses = PKPD_HOURS // PKPD_DOSE_HOURS

    def final(x: Any, _shared: Shared) -> Any:
        step = _rk4(lambda y: _pkpd_rate(y, x), PKPD_HOURS / steps)

        def day(y: Any, _: Any) -> Any:
            y = jax.lax.scan(lambda z, _: (step(z), None), y, None, length=steps // doses)[0]
            return y.at[0].add(PKPD_DOSE), None

        return jax.lax.scan(day, jnp.array(PKPD_START), None, length=doses)[0]

    return final


def _pkpd_rate(y: Any, p: Any) -> Any:
    Ka1, CL, Vc, Q, Vp, Kin, Kout, IC50, IMAX, gamma, Vmax, Km, Q2, Vp2 = p
    c = y[1] / Vc
    near, far = Q * (c - y[2] / Vp), Q2 * (c - y[3] / Vp2)
    power = c**gamma
    response = Kin * (1.0 - IMAX * power / (IC50**gamma + power)) - Kout * y[4]
    central = Ka1 * y[0] - (CL + Vmax / (Km + c)) * c - near - far
    return jnp.stack([-Ka1 * y[0], central, near, far, response])


def brusselator(N: int) -> Written:
    """The right-hand side with rolled arrays."""
    scale, feed = BRUSSELATOR_ALPHA * (N - 1) ** 2, brusselator_feed(N)

    def around(x: Any) -> Any:
        rolled = jnp.roll(x, 1, 0) + jnp.roll(x, -1, 0) + jnp.roll(x, 1, 1) + jnp.roll(x, -1, 1)
        return scale * (rolled - 4.0 * x)

    def rate(x: Any, _shared: Shared) -> Any:
        u, v = x.reshape(2, N, N)
        grown = u**2 * v
        du = around(u) + feed + grown - (BRUSSELATOR_A + 1.0) * u
        return jnp.stack([du, around(v) + BRUSSELATOR_A * u - grown])

    return rate


def pollu(concentrations: Any, k: Any) -> Any:
    """Rates of all reactions as products of gathered concentrations, and their balance as a matrix."""
    y = jnp.append(concentrations, 1.0)
    first = np.array([reactants[0] - 1 for reactants in POLLU_REACTANTS])
    second = np.array([reactants[1] - 1 if len(reactants) > 1 else 20 for reactants in POLLU_REACTANTS])
    return jnp.asarray(_balance(POLLU_BALANCE)) @ (k * y[first] * y[second])


def _balance(rows: Sequence[Sequence[int]]) -> Any:
    matrix = np.zeros((20, 25))
    for species, reactions in enumerate(rows):
        for reaction in reactions:
            matrix[species, abs(reaction) - 1] += np.sign(reaction)
    return matrix


def gaussian(x: Any, shared: Shared) -> Any:
    """The log-likelihood of normal samples."""
    mu, sigma = x
    y = shared["y"]
    n = y.shape[0]
    return -0.5 * jnp.sum(((y - mu) / sigma) ** 2) - n * jnp.log(sigma) - 0.5 * n * jnp.log(2.0 * jnp.pi)


def network(features: int, hidden: int, classes: int) -> Written:
    """Mean cross entropy of a network with one hidden layer."""
    ends = np.cumsum([features * hidden, hidden, hidden * classes])

    def loss(x: Any, shared: Shared) -> Any:
        w1, b1, w2, b2 = jnp.split(x, ends)
        inner = jnp.tanh(shared["images"] @ w1.reshape(features, hidden) + b1)
        logits = inner @ w2.reshape(hidden, classes) + b2
        return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.sum(shared["labels"] * logits, axis=1))

    return loss


def mixture(d: int, K: int, constant: float) -> Written:
    """ADBench's log posterior of a mixture; `constant` is what depends on no parameter."""
    ends = np.cumsum([K, K * d])

    def log_posterior(x: Any, shared: Shared) -> Any:
        alphas, means, icf = jnp.split(x, ends)
        icf = icf.reshape(K, -1)
        log_diagonals = icf[:, :d]
        columns, rows = np.triu_indices(d, k=1)
        factors = jnp.zeros((K, d, d)).at[:, rows, columns].set(icf[:, d:])
        factors = factors.at[:, np.arange(d), np.arange(d)].set(jnp.exp(log_diagonals))
        scaled = jnp.einsum("kij,nkj->nki", factors, shared["x"][:, None, :] - means.reshape(K, d))
        inner = alphas + jnp.sum(log_diagonals, axis=1) - 0.5 * jnp.sum(scaled**2, axis=2)
        fit = jnp.sum(jax.nn.logsumexp(inner, axis=1)) - shared["x"].shape[0] * jax.nn.logsumexp(alphas)
        return fit + 0.5 * jnp.sum(factors**2) - constant

    return log_posterior


def mixture_constant(d: int, K: int, n: int) -> float:
    """What depends on no parameter: of n normal densities, and of K Wishart densities of precision 1."""
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * (d + 1 - i)) for i in range(d))
    return 0.5 * n * d * math.log(2.0 * math.pi) - K * (0.5 * d * (d + 1) * math.log(2.0) + log_gamma)


def reprojection_error(x: Any) -> Any:
    """ADBench's block of bundle adjustment: camera (11), point (3), weight, and where it was seen (2)."""
    turned = _rotated(x[:3], x[11:14] - x[3:6])
    seen = turned[:2] / turned[2]
    radius = jnp.sum(seen**2)
    projected = x[6] * (1.0 + x[9] * radius + x[10] * radius**2) * seen + x[7:9]
    return x[14] * (projected - x[15:17])


def _rotated(rotation: Any, x: Any) -> Any:
    angle = jnp.sqrt(jnp.sum(rotation**2))
    axis = rotation / angle
    along = jnp.dot(axis, x) * (1.0 - jnp.cos(angle))
    return x * jnp.cos(angle) + jnp.cross(axis, x) * jnp.sin(angle) + axis * along

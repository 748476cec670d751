"""The engine beside JAX and CasADi: the same functions written in their own way."""

from collections.abc import Callable
from typing import Any

import casadi
import jax
import jax.numpy as jnp
import numpy as np

from tests.oracles import problems
from tests.oracles.asking import Floats, agree, check_duality, value_and_jacobian

jax.config.update("jax_enable_x64", val=True)  # type: ignore[no-untyped-call]


def _jax(f: Callable[[Any], Any], point: Floats) -> tuple[Floats, Floats]:
    return np.atleast_1d(f(jnp.asarray(point))), np.atleast_2d(jax.jit(jax.jacrev(f))(jnp.asarray(point)))


def _same(message: Any, f: Callable[[Any], Any], point: Floats) -> None:
    values, jacobian = value_and_jacobian(message, point)
    expected, expected_jacobian = _jax(f, point)
    agree(values, expected, 1e-13, "values")
    agree(jacobian, expected_jacobian, 1e-12, "Jacobian")
    check_duality(message, point)


def test_brusselator_beside_jax() -> None:
    n = 6

    def f(x: Any) -> Any:
        u, v = x.reshape(2, n, n)

        def diffused(w: Any) -> Any:
            around = jnp.roll(w, 1, 0) + jnp.roll(w, -1, 0) + jnp.roll(w, 1, 1) + jnp.roll(w, -1, 1)
            return 10.0 * (n - 1) ** 2 * (around - 4 * w)

        du = diffused(u) + 1.0 + u**2 * v - 4.4 * u
        return jnp.concatenate([du.ravel(), (diffused(v) + 3.4 * u - u**2 * v).ravel()])

    point = 1.5 + np.sin(np.arange(2 * n * n) * 0.7)
    _same(problems.brusselator(n), f, point)


def test_brusselator_32_sweeps() -> None:
    point = 1.5 + np.sin(np.arange(2048) * 0.7)
    check_duality(problems.brusselator(32), point)


def test_network_beside_jax() -> None:
    random = np.random.default_rng(5)
    batch, features, hidden, classes = 6, 5, 4, 3
    samples, labels = random.normal(size=(batch, features)), [0, 2, 1, 1, 0, 2]
    sizes = np.cumsum([hidden * features, hidden, classes * hidden])

    def f(x: Any) -> Any:
        w1, b1, w2, b2 = jnp.split(x, sizes)
        layer = jnp.tanh(samples @ w1.reshape(hidden, features).T + b1)
        logits = layer @ w2.reshape(classes, hidden).T + b2
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(batch), jnp.array(labels)])

    point = random.normal(size=sizes[-1] + classes)
    _same(problems.network(samples, labels, hidden, classes), f, point)


def test_small_mixture_beside_jax() -> None:
    random = np.random.default_rng(8)
    n, d, components, gamma = 7, 3, 2, 0.8
    samples = random.normal(size=(n, d))
    width = d + d * (d - 1) // 2
    shift = problems._prior_constant(d, gamma, 0) * components + 0.5 * n * d * np.log(2 * np.pi)

    def distance(row: Any, mean: Any) -> Any:
        factor = jnp.diag(jnp.exp(row[:d])).at[jnp.array([1, 2, 2]), jnp.array([0, 0, 1])].set(row[d:])
        return jnp.sum(((samples - mean) @ factor.T) ** 2, axis=1)

    def f(x: Any) -> Any:
        alphas, means, icf = jnp.split(x, [components, components * (1 + d)])
        means, icf = means.reshape(components, d), icf.reshape(components, width)
        terms = [alphas[k] + jnp.sum(icf[k, :d]) - 0.5 * distance(icf[k], means[k]) for k in range(components)]
        fit = jnp.sum(jax.nn.logsumexp(jnp.stack(terms), axis=0)) - n * jax.nn.logsumexp(alphas)
        return fit + 0.5 * gamma**2 * (jnp.sum(jnp.exp(icf[:, :d]) ** 2) + jnp.sum(icf[:, d:] ** 2)) - shift

    point = random.normal(size=components * (1 + d + width))
    _same(problems.mixture(samples, components, gamma, 0), f, point)


def test_pollu_beside_casadi() -> None:
    y, k = casadi.SX.sym("y", 20), casadi.SX.sym("k", 25)
    rates = []
    for r, reactants in enumerate(problems.POLLU_REACTANTS):
        rate = k[r]
        for species in reactants:
            rate = rate * y[species - 1]
        rates.append(rate)
    rows = []
    for gains, losses in zip(problems.POLLU_GAINS, problems.POLLU_LOSSES, strict=True):
        rows.append(sum(rates[r - 1] for r in gains) - sum(rates[r - 1] for r in losses))
    x = casadi.vertcat(y, k)
    f = casadi.Function("f", [x], [casadi.vertcat(*rows), casadi.jacobian(casadi.vertcat(*rows), x)])
    point = np.concatenate([problems.pollu_start() + 0.01, problems.POLLU_RATES])
    expected, expected_jacobian = f(point)
    values, jacobian = value_and_jacobian(problems.pollu(), point)
    agree(values, np.array(expected).ravel(), 1e-14)
    agree(jacobian, np.array(expected_jacobian), 1e-14)


def test_rosenbrock_beside_casadi() -> None:
    x = casadi.SX.sym("x", 50)
    total = casadi.sumsqr(10 * (x[1:] - x[:-1] ** 2)) + casadi.sumsqr(1 - x[:-1])
    gradient = casadi.Function("g", [x], [casadi.gradient(total, x)])
    point = np.sin(np.arange(50) * 0.9)
    _, jacobian = value_and_jacobian(problems.rosenbrock(50), point)
    agree(jacobian[0], np.array(gradient(point)).ravel(), 1e-13)

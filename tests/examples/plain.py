"""The functions of the examples once more, in plain NumPy and SciPy, from other formulas where there are any."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import stats
from scipy.spatial.transform import Rotation

from examples.problem import Floats

# ---- integrations


def rk4(rate: Callable[[Floats], Floats], y: Floats, h: float) -> Floats:
    k1 = rate(y)
    k2 = rate(y + h / 2 * k1)
    k3 = rate(y + h / 2 * k2)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(y + h * k3))


def lotka_volterra(p: Floats, steps: int) -> Floats:
    a, b, c, d = p[:4]
    state = p[4:]
    for _ in range(steps):
        state = rk4(lambda z: np.array([z[0] * (a - b * z[1]), z[1] * (d * z[0] - c)]), state, 10 / steps)
    return state


def pkpd(p: Floats) -> Floats:
    """Return the state after 240 steps of an hour, with a dose each 24."""
    state = np.array([100.0, 2**-52, 2**-52, 2**-52, 5.0])
    for hour in range(1, 241):
        state = rk4(lambda z: _pkpd_rate(z, p), state, 1.0)
        state[0] += 100.0 * (hour % 24 == 0)
    return state


def _pkpd_rate(z: Floats, p: Floats) -> Floats:
    ka, cl, vc, q, vp, k_in, k_out, ic50, imax, gamma, vmax, km, q2, vp2 = p
    c = z[1] / vc
    # Amounts that flow each hour: in, out, to and from two tissues.
    flows = np.array([ka * z[0], cl * c, vmax * c / (km + c), q * c, q * z[2] / vp, q2 * c, q2 * z[3] / vp2])
    central = flows @ [1, -1, -1, -1, 1, -1, 1]
    hindered = imax / (1 + (ic50 / c) ** gamma)
    return np.array(
        [-flows[0], central, flows[3] - flows[4], flows[5] - flows[6], k_in * (1 - hindered) - k_out * z[4]]
    )


# ---- likelihoods and losses


def gaussian_log_likelihood(p: Floats, y: Floats) -> float:
    return float(np.sum(stats.norm.logpdf(y, p[0], p[1])))


def network(p: Floats, images: Floats, labels: Floats, hidden: int) -> float:
    """Return minus the mean logarithm of the probability given to the right class."""
    features, classes = images.shape[1], labels.shape[1]
    sizes = (features * hidden, hidden, hidden * classes, classes)
    w1, b1, w2, b2 = np.split(p, np.cumsum(sizes)[:-1])
    layer = np.tanh(images @ w1.reshape(features, hidden) + b1)
    weights = np.exp(layer @ w2.reshape(hidden, classes) + b2)
    chosen = np.sum(weights * labels, axis=1) / np.sum(weights, axis=1)
    return float(-np.mean(np.log(chosen)))


def mixture(p: Floats, x: Floats, K: int, gamma: float, dof: int) -> float:
    """Return the sum over samples of log sum w_k N(x; mu_k, (Q_k^T Q_k)^-1), and the prior of each Q_k."""
    d = x.shape[1]
    alphas, means, icf = p[:K], p[K : K + K * d].reshape(K, d), p[K + K * d :].reshape(K, -1)
    weights = np.exp(alphas) / np.sum(np.exp(alphas))
    density, prior = np.zeros(len(x)), 0.0
    for k in range(K):
        factor = _factor(icf[k], d)
        covariance: Any = np.linalg.inv(factor.T @ factor)  # SciPy has no types; its default, 1, is taken for one.
        density += weights[k] * stats.multivariate_normal.pdf(x, means[k], covariance)
        prior += _prior(factor, gamma, dof)
    return float(np.sum(np.log(density)) + prior)


def _factor(row: Floats, d: int) -> Floats:
    factor = np.diag(np.exp(row[:d]))
    rest = iter(row[d:])
    for column in range(d):
        for below in range(column + 1, d):
            factor[below, column] = next(rest)
    return factor


def _prior(factor: Floats, gamma: float, dof: int) -> float:
    d = len(factor)
    k = d + dof + 1
    constant = (
        k * d * math.log(gamma / math.sqrt(2))
        - sum(math.lgamma((k - i) / 2) for i in range(d))
        - d * (d - 1) / 4 * math.log(math.pi)
    )
    return gamma**2 / 2 * float(np.sum(factor**2)) - dof * math.log(float(np.linalg.det(factor))) - constant


# ---- a camera


def reprojection_error(p: Floats) -> Floats:
    """Return weight times where the camera sees the point, less where it was seen."""
    rotation, centre, (f, u0, v0, k1, k2), point, weight, seen = _split(p, (3, 3, 5, 3, 1, 2))
    x, y, depth = Rotation.from_rotvec(rotation).apply(point - centre)
    plane = np.array([x, y]) / depth
    square = plane @ plane
    error: Floats = weight * (f * (1 + k1 * square + k2 * square**2) * plane + [u0, v0] - seen)
    return error


def _split(p: Floats, sizes: Sequence[int]) -> list[Floats]:
    return np.split(p, np.cumsum(sizes)[:-1])

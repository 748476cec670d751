"""Functions of the literature, written as Wengert lists by hand, each with the size it is asked for."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.wire_lists import ListWriter
from wengert.v1 import WengertList

Floats = npt.NDArray[np.float64]

# ---- POLLU: air pollution, 20 species, 25 reactions (Verwer 1994; IVP test set) ----

POLLU_RATES: Floats = np.array([
    0.35, 26.6, 1.23e4, 8.6e-4, 8.2e-4, 1.5e4, 1.3e-4, 2.4e4, 1.65e4, 9e3, 2.2e-2, 1.2e4, 1.88, 1.63e4, 4.8e6, 3.5e-4,
    1.75e-2, 1e8, 4.44e11, 1.24e3, 2.1, 5.78, 4.74e-2, 1.78e3, 3.12,
])  # fmt: skip

# the species that enter each reaction, counted from 1
POLLU_REACTANTS: list[tuple[int, ...]] = [
    (1,), (2, 4), (5, 2), (7,), (7,), (7, 6), (9,), (9, 6), (11, 2), (11, 1), (13,), (10, 2), (14,),
    (1, 6), (3,), (4,), (4,), (16,), (16,), (17, 6), (19,), (19,), (1, 4), (19, 1), (20,),
]  # fmt: skip

# per species the reactions that feed it, and those that use it up; one counted twice stands twice
POLLU_GAINS: list[tuple[int, ...]] = [
    (2, 3, 9, 11, 12, 22, 25), (1, 21), (1, 17, 19, 22), (15,), (4, 4, 6, 7, 13, 20), (3, 18, 18), (13,),
    (4, 5, 6, 7), (), (7, 9), (8, 11), (9,), (10,), (12,), (14,), (16,), (), (20,), (23, 25), (24,),
]  # fmt: skip
POLLU_LOSSES: list[tuple[int, ...]] = [
    (1, 10, 14, 23, 24), (2, 3, 9, 12), (15,), (2, 16, 17, 23), (3,), (6, 8, 14, 20), (4, 5, 6), (), (7, 8),
    (12,), (9, 10), (), (11,), (13,), (), (18, 19), (20,), (), (21, 22, 24), (25,),
]  # fmt: skip


def pollu_start() -> Floats:
    """Return the concentrations at t = 0."""
    y = np.zeros(20)
    y[[1, 3, 6, 7, 8, 16]] = [0.2, 0.04, 0.1, 0.3, 0.01, 0.007]
    return y


def pollu() -> WengertList:
    """Return dy/dt of y1 ... y20 and k1 ... k25, all scalars."""
    f = ListWriter()
    y = [f.input(f"y{i + 1}") for i in range(20)]
    k = [f.input(f"k{i + 1}") for i in range(25)]
    rates = []
    for rate, reactants in zip(k, POLLU_REACTANTS, strict=True):
        for species in reactants:
            rate = f.add("MULTIPLY", rate, y[species - 1])  # noqa: PLW2901  the product grows
        rates.append(rate)
    for species in range(20):
        total = f.constant(0.0)
        for r in POLLU_GAINS[species]:
            total = f.add("ADD", total, rates[r - 1])
        for r in POLLU_LOSSES[species]:
            total = f.add("SUBTRACT", total, rates[r - 1])
        f.output(f"dy{species + 1}", total)
    return f.message


# ---- Brusselator: two species that diffuse on a periodic square ----


def _shifted(f: ListWriter, x: int, n: int, axis: int, by: int) -> int:
    indices = [(i + by) % n for i in range(n)]
    return f.add("GATHER", x, parameters=[axis, 1, n, *indices])


def brusselator(n: int) -> WengertList:
    """Return du/dt and dv/dt on an n x n grid, with A = 3.4, B = 1, alpha = 10."""
    f = ListWriter()
    u, v = f.input("u", n, n), f.input("v", n, n)
    scale = f.constant(10.0 * (n - 1) ** 2)
    diffusion = []
    for x in (u, v):
        total = f.add("MULTIPLY", f.constant(-4.0), x)
        for axis in (0, 1):
            for by in (1, -1):
                total = f.add("ADD", total, _shifted(f, x, n, axis, by))
        diffusion.append(f.add("MULTIPLY", scale, total))
    uuv = f.add("MULTIPLY", f.add("SQUARE", u), v)
    used = f.add("MULTIPLY", f.constant(4.4), u)
    grown = f.add("ADD", f.add("SUBTRACT", uuv, used), f.constant(1.0))
    f.output("du", f.add("ADD", diffusion[0], grown))
    fed = f.add("SUBTRACT", f.add("MULTIPLY", f.constant(3.4), u), uuv)
    f.output("dv", f.add("ADD", diffusion[1], fed))
    return f.message


def rosenbrock(n: int) -> WengertList:
    """Return sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2."""
    f = ListWriter()
    x = f.input("x", n)
    here = f.add("SLICE", x, parameters=[1, 0, n - 1, 1])
    there = f.add("SLICE", x, parameters=[1, 1, n - 1, 1])
    valley = f.add("SQUARE", f.add("SUBTRACT", there, f.add("SQUARE", here)))
    slope = f.add("SQUARE", f.add("SUBTRACT", f.constant(1.0), here))
    f.output("f", f.sum(f.add("FMA", f.constant(100.0), valley, slope), 0))
    return f.message


# ---- Gaussian mixture (ADBench) ----


def _factor(f: ListWriter, icf: int, k: int, d: int) -> tuple[int, int, int, int]:
    """Return component k's factor L (d, d), its log-diagonal, diagonal and strictly lower part."""
    width = d * (d - 1) // 2
    row = f.add("GATHER", icf, parameters=[0, 0, k])
    logs = f.add("SLICE", row, parameters=[1, 0, d, 1])
    lower = f.add("SLICE", row, parameters=[1, d, width, 1])
    diagonal = f.add("EXP", logs)
    at_diagonal = [i * d + i for i in range(d)]
    at_lower = [i * d + j for j in range(d) for i in range(j + 1, d)]
    flat = f.add("BROADCAST", f.constant(0.0), parameters=[1, d * d])
    flat = f.add("SCATTER_ADD", flat, diagonal, parameters=[0, 1, d, *at_diagonal])
    flat = f.add("SCATTER_ADD", flat, lower, parameters=[0, 1, width, *at_lower])
    return f.add("RESHAPE", flat, parameters=[2, d, d]), logs, diagonal, lower


def _prior_constant(d: int, gamma: float, m: int) -> float:
    dof = d + m + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi)
    log_gamma += sum(math.lgamma(0.5 * dof + 0.5 * (1 - j)) for j in range(1, d + 1))
    return dof * d * (math.log(gamma) - 0.5 * math.log(2)) - log_gamma


def mixture(x: Floats, components: int, gamma: float, m: int) -> WengertList:
    """Return the log posterior of a mixture's alphas, means and inverse covariance factors."""
    n, d = x.shape
    f = ListWriter()
    alphas, means = f.input("alphas", components), f.input("means", components, d)
    icf = f.input("icf", components, d + d * (d - 1) // 2)
    samples = f.array(x)
    terms, penalty = [], f.constant(0.0)
    for k in range(components):
        factor, logs, diagonal, lower = _factor(f, icf, k, d)
        centred = f.add("SUBTRACT", samples, f.add("GATHER", means, parameters=[0, 0, k]))
        scaled = f.add("MATMUL", centred, f.add("TRANSPOSE", factor, parameters=[2, 1, 0]))
        distance = f.sum(f.add("SQUARE", scaled), 1)
        level = f.add("ADD", f.add("GATHER", alphas, parameters=[0, 0, k]), f.sum(logs, 0))
        term = f.add("FMA", f.constant(-0.5), distance, level)
        terms.append(f.add("RESHAPE", term, parameters=[2, 1, n]))
        for part in (diagonal, lower):
            penalty = f.add("ADD", penalty, f.sum(f.add("SQUARE", part), 0))
    stacked = f.add("CONCATENATE", *terms, parameters=[0, components])
    fit = f.sum(f.add("LOGSUMEXP", stacked, parameters=[0, 1, 0]), 0)
    weights = f.add("MULTIPLY", f.constant(float(n)), f.add("LOGSUMEXP", alphas, parameters=[0, 1, 0]))
    prior = f.add("MULTIPLY", f.constant(0.5 * gamma**2), penalty)
    assert m == 0, "the term -m times the sum of logarithms is left out"
    constant = -0.5 * n * d * math.log(2 * math.pi) - components * _prior_constant(d, gamma, m)
    total = f.add("ADD", f.add("SUBTRACT", fit, weights), prior)
    f.output("f", f.add("ADD", total, f.constant(constant)))
    return f.message


# ---- Bundle adjustment (ADBench): one observation ----


def _cross(f: ListWriter, a: Sequence[int], b: Sequence[int]) -> list[int]:
    return [
        f.add(
            "SUBTRACT",
            f.add("MULTIPLY", a[(i + 1) % 3], b[(i + 2) % 3]),
            f.add("MULTIPLY", a[(i + 2) % 3], b[(i + 1) % 3]),
        )
        for i in range(3)
    ]


def _dot(f: ListWriter, a: Sequence[int], b: Sequence[int]) -> int:
    total = f.add("MULTIPLY", a[0], b[0])
    for x, y in zip(a[1:], b[1:], strict=True):
        total = f.add("FMA", x, y, total)
    return total


def _rotated(f: ListWriter, rotation: Sequence[int], x: Sequence[int]) -> list[int]:
    """Return x rotated about an axis by its length (Rodrigues)."""
    angle = f.add("SQRT", _dot(f, rotation, rotation))
    axis = [f.add("DIVIDE", r, angle) for r in rotation]
    cosine, sine = f.add("COS", angle), f.add("SIN", angle)
    along = f.add("MULTIPLY", _dot(f, axis, x), f.add("SUBTRACT", f.constant(1.0), cosine))
    turned = _cross(f, axis, x)
    result = []
    for i in range(3):
        flat = f.add("FMA", x[i], cosine, f.add("MULTIPLY", turned[i], sine))
        result.append(f.add("FMA", axis[i], along, flat))
    return result


def bundle_adjustment(feature: Sequence[float]) -> WengertList:
    """Return the weighted reprojection error (2,) of z: camera (11), point (3), weight."""
    f = ListWriter()
    z = f.input("z", 15)
    at = [f.add("GATHER", z, parameters=[0, 0, i]) for i in range(15)]
    moved = [f.add("SUBTRACT", at[11 + i], at[3 + i]) for i in range(3)]
    x, y, depth = _rotated(f, at[:3], moved)
    plane = [f.add("DIVIDE", x, depth), f.add("DIVIDE", y, depth)]
    square = _dot(f, plane, plane)
    inner = f.add("FMA", at[10], square, at[9])
    distortion = f.add("FMA", inner, square, f.constant(1.0))
    for i in range(2):
        projected = f.add("FMA", f.add("MULTIPLY", plane[i], distortion), at[6], at[7 + i])
        difference = f.add("SUBTRACT", projected, f.constant(feature[i]))
        f.output(f"e{i}", f.add("MULTIPLY", at[14], difference))
    return f.message


# ---- A small network: two layers, cross entropy ----


def network(samples: Floats, labels: Sequence[int], hidden: int, classes: int) -> WengertList:
    """Return the mean cross entropy of softmax(W2 tanh(W1 x + b1) + b2)."""
    batch, features = samples.shape
    f = ListWriter()
    w1, b1 = f.input("w1", hidden, features), f.input("b1", hidden)
    w2, b2 = f.input("w2", classes, hidden), f.input("b2", classes)
    first = f.add("MATMUL", f.array(samples), f.add("TRANSPOSE", w1, parameters=[2, 1, 0]))
    layer = f.add("TANH", f.add("ADD", first, b1))
    second = f.add("MATMUL", layer, f.add("TRANSPOSE", w2, parameters=[2, 1, 0]))
    logits = f.add("ADD", second, b2)
    flat = f.add("RESHAPE", logits, parameters=[1, batch * classes])
    right = f.add("GATHER", flat, parameters=[0, 1, batch, *[i * classes + k for i, k in enumerate(labels)]])
    losses = f.add("SUBTRACT", f.add("LOGSUMEXP", logits, parameters=[0, 1, 1]), right)
    f.output("loss", f.add("DIVIDE", f.sum(losses, 0), f.constant(float(batch))))
    return f.message

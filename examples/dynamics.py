"""Right-hand sides of differential equations, and whole integrations of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from examples.problem import Floats, Problem, flat
from wengert_client import ListBuilder, Variable, ops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The components of a system: variables, or at first numbers.
State: TypeAlias = "Sequence[Variable | float]"


def rk4_step(rate: Callable[[State], State], y: State, h: float) -> list[Variable | float]:
    """Give y after one step of the classical Runge-Kutta method, h long."""
    k1 = rate(y)
    k2 = rate(_moved(y, 0.5 * h, k1))
    k3 = rate(_moved(y, 0.5 * h, k2))
    k4 = rate(_moved(y, h, k3))
    return [a + (h / 6.0) * (p + 2.0 * (q + r) + s) for a, p, q, r, s in zip(y, k1, k2, k3, k4, strict=True)]


def _moved(y: State, h: float, slope: State) -> State:
    return [a + h * b for a, b in zip(y, slope, strict=True)]


# ---- Lotka-Volterra


def lotka_volterra(steps: int) -> Problem:
    """Give prey and predators at t = 10, after steps of RK4, from their parameters and start: 6 inputs, 2 outputs.

    x' = a x - b x y and y' = -c y + d x y.
    """
    builder = ListBuilder()
    a, b, c, d, x, y = builder.inputs("a", "b", "c", "d", "x", "y")

    def rate(state: State) -> State:
        prey, predators = state
        met = prey * predators
        return a * prey - b * met, d * met - c * predators

    state: State = [x, y]
    for _ in range(steps):
        state = rk4_step(rate, state, 10.0 / steps)
    for name, value in zip(("prey", "predators"), state, strict=True):
        builder.output(name, value)
    return Problem(f"Lotka-Volterra, {steps} RK4 steps", builder, np.array([1.5, 1.0, 3.0, 1.0, 1.0, 1.0]))


# ---- POLLU: air pollution, 20 species, 25 reactions (Verwer 1994; the IVP test set)

POLLU_RATES: Floats = np.array([
    0.35, 26.6, 1.23e4, 8.6e-4, 8.2e-4, 1.5e4, 1.3e-4, 2.4e4, 1.65e4, 9e3, 2.2e-2, 1.2e4, 1.88, 1.63e4, 4.8e6, 3.5e-4,
    1.75e-2, 1e8, 4.44e11, 1.24e3, 2.1, 5.78, 4.74e-2, 1.78e3, 3.12,
])  # fmt: skip

#: Concentrations at t = 0 of the species that are there at all; species count from 1.
POLLU_START = {2: 0.2, 4: 0.04, 7: 0.1, 8: 0.3, 9: 0.01, 17: 0.007}

#: The species that meet in each reaction.
POLLU_REACTANTS: list[tuple[int, ...]] = [
    (1,), (2, 4), (5, 2), (7,), (7,), (7, 6), (9,), (9, 6), (11, 2), (11, 1), (13,), (10, 2), (14,),
    (1, 6), (3,), (4,), (4,), (16,), (16,), (17, 6), (19,), (19,), (1, 4), (19, 1), (20,),
]  # fmt: skip

#: For each species the reactions that use it up, negative, and those that make it; one counted twice stands twice.
POLLU_BALANCE: list[tuple[int, ...]] = [
    (-1, -10, -14, -23, -24, 2, 3, 9, 11, 12, 22, 25), (-2, -3, -9, -12, 1, 21), (-15, 1, 17, 19, 22),
    (-2, -16, -17, -23, 15), (-3, 4, 4, 6, 7, 13, 20), (-6, -8, -14, -20, 3, 18, 18), (-4, -5, -6, 13),
    (4, 5, 6, 7), (-7, -8), (-12, 7, 9), (-9, -10, 8, 11), (9,), (-11, 10), (-13, 12), (14,), (-18, -19, 16),
    (-20,), (20,), (-21, -22, -24, 23, 25), (-25, 24),
]  # fmt: skip


def pollu() -> Problem:
    """Give dy/dt of the 20 species of POLLU, with inputs y (20,) and k (25,): 20 scalar outputs.

    The point has every concentration at 0.01 above that of t = 0, so that no derivative vanishes.
    """
    b = ListBuilder()
    concentrations, constants = b.input("y", shape=20), b.input("k", shape=25)
    y = dict(enumerate(concentrations, start=1))
    rates = {}
    for r, (k, reactants) in enumerate(zip(constants, POLLU_REACTANTS, strict=True), start=1):
        rates[r] = k * y[reactants[0]]
        for species in reactants[1:]:
            rates[r] = rates[r] * y[species]
    for species, balance in enumerate(POLLU_BALANCE, start=1):
        first, *rest = sorted(balance, reverse=True)
        total = rates[first] if first > 0 else -rates[-first]
        for r in rest:
            total = total + rates[r] if r > 0 else total - rates[-r]
        b.output(f"dy{species}", total)
    start = np.full(20, 0.01)
    start[np.array(list(POLLU_START)) - 1] += list(POLLU_START.values())
    return Problem("POLLU", b, flat(start, POLLU_RATES))


# ---- Brusselator: two species that react, and diffuse on a periodic square

BRUSSELATOR_A, BRUSSELATOR_B, BRUSSELATOR_ALPHA = 3.4, 1.0, 10.0


def brusselator_start(N: int) -> tuple[Floats, Floats]:
    """Give U and V at t = 0 on an N x N grid of the unit square; x runs along the first axis."""
    grid = np.linspace(0.0, 1.0, N)
    x, y = grid[:, None] + np.zeros(N), grid + np.zeros((N, 1))
    return 22.0 * (y * (1.0 - y)) ** 1.5, 27.0 * (x * (1.0 - x)) ** 1.5


def brusselator_feed(N: int) -> Floats:
    """Give what flows into U at each cell, from t = 1.1 on: B, and 5 more within a disc."""
    grid = np.linspace(0.0, 1.0, N)
    disc = (grid[:, None] - 0.3) ** 2 + (grid - 0.6) ** 2 <= 0.01
    return np.where(disc, BRUSSELATOR_B + 5.0, BRUSSELATOR_B)


def brusselator_arrays(N: int) -> Problem:
    """Give dU/dt and dV/dt of the Brusselator on an N x N grid, as array statements: n = m = 2 N^2.

    U' = alpha lap U + B + f + U^2 V - (A + 1) U and V' = alpha lap V + A U - U^2 V, with the five-point
    Laplacian (Rackauckas et al. 2018, arXiv 1812.01892).
    """
    b = ListBuilder()
    u, v = b.inputs("u", "v", shape=(N, N))
    scale = BRUSSELATOR_ALPHA * (N - 1) ** 2
    grown = u**2 * v
    b.output("du", scale * _laplacian(u) + brusselator_feed(N) + grown - (BRUSSELATOR_A + 1.0) * u)
    b.output("dv", scale * _laplacian(v) + BRUSSELATOR_A * u - grown)
    return Problem(f"Brusselator {N} x {N}, arrays", b, flat(*brusselator_start(N)))


def _laplacian(x: Variable) -> Variable:
    """Give the sum of a cell's four neighbours, less four times itself."""
    neighbours = ops.roll(x, 1, axis=0) + ops.roll(x, -1, axis=0) + ops.roll(x, 1, axis=1) + ops.roll(x, -1, axis=1)
    return neighbours - 4.0 * x


def brusselator_scalars(N: int) -> Problem:
    """Give the function of :func:`brusselator_arrays`, with a scalar input and output for each cell and species."""
    b = ListBuilder()
    cells = [(i, j) for i in range(N) for j in range(N)]
    u = dict(zip(cells, b.inputs(*(f"u{i}_{j}" for i, j in cells)), strict=True))
    v = dict(zip(cells, b.inputs(*(f"v{i}_{j}" for i, j in cells)), strict=True))
    scale, feed = BRUSSELATOR_ALPHA * (N - 1) ** 2, brusselator_feed(N)
    grown = {at: u[at] ** 2 * v[at] for at in cells}
    for i, j in cells:
        rate = scale * _stencil(u, i, j, N) + float(feed[i, j]) + grown[i, j] - (BRUSSELATOR_A + 1.0) * u[i, j]
        b.output(f"du{i}_{j}", rate)
    for i, j in cells:
        b.output(f"dv{i}_{j}", scale * _stencil(v, i, j, N) + BRUSSELATOR_A * u[i, j] - grown[i, j])
    return Problem(f"Brusselator {N} x {N}, scalars", b, flat(*brusselator_start(N)))


def _stencil(x: dict[tuple[int, int], Variable], i: int, j: int, N: int) -> Variable:
    around = x[(i - 1) % N, j] + x[(i + 1) % N, j] + x[i, (j - 1) % N] + x[i, (j + 1) % N]
    return around - 4.0 * x[i, j]


# ---- PKPD: a drug that is taken up, spread, used up, and acts

#: Parameters in the order of the inputs, with their usual values.
PKPD_PARAMETERS = {
    "Ka1": 1.0, "CL": 1.0, "Vc": 20.0, "Q": 2.0, "Vp": 10.0, "Kin": 10.0, "Kout": 2.0,
    "IC50": 2.0, "IMAX": 1.0, "gamma": 1.0, "Vmax": 0.0, "Km": 2.0, "Q2": 0.5, "Vp2": 100.0,
}  # fmt: skip
PKPD_START: tuple[Variable | float, ...] = (100.0, 2.0**-52, 2.0**-52, 2.0**-52, 5.0)
PKPD_HOURS, PKPD_DOSE, PKPD_DOSE_HOURS = 240, 100.0, 24


def pkpd_steps(steps: int) -> Problem:
    """Give the five compartments after 240 hours, a dose each 24, by steps of RK4, from 14 parameters.

    The number of steps must be a multiple of 10, so that doses fall between two of them.
    """
    if steps <= 0 or steps % (PKPD_HOURS // PKPD_DOSE_HOURS):
        raise ValueError(f"the number of steps is {steps}; expected is a multiple of {PKPD_HOURS // PKPD_DOSE_HOURS}")
    b = ListBuilder()
    parameters = b.inputs(*PKPD_PARAMETERS)
    dose_every = steps * PKPD_DOSE_HOURS // PKPD_HOURS
    state = list(PKPD_START)
    for step in range(1, steps + 1):
        state = rk4_step(lambda y: pkpd_rate(y, parameters), state, PKPD_HOURS / steps)
        if step % dose_every == 0:
            state[0] = state[0] + PKPD_DOSE
    for name, value in zip(("Ev", "Cent", "P", "P2", "R"), state, strict=True):
        b.output(name, value)
    return Problem(f"PKPD, {steps} RK4 steps", b, np.array(list(PKPD_PARAMETERS.values())))


def pkpd_rate(state: State, parameters: Sequence[Variable]) -> State:
    """Give the rates of the depot Ev, the amounts Cent, P and P2 in three tissues, and the response R."""
    Ka1, CL, Vc, Q, Vp, Kin, Kout, IC50, IMAX, gamma, Vmax, Km, Q2, Vp2 = parameters
    depot, central, near, far, response = state
    c = central / Vc
    taken_up = Ka1 * depot
    to_near, to_far = Q * (c - near / Vp), Q2 * (c - far / Vp2)
    power = c**gamma
    inhibition = IMAX * power / (IC50**gamma + power)
    return (
        -taken_up,
        taken_up - (CL + Vmax / (Km + c)) * c - to_near - to_far,
        to_near,
        to_far,
        Kin * (1.0 - inhibition) - Kout * response,
    )

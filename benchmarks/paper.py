"""Two problems of Rackauckas et al. 2018 as fixed-step lists: the Jacobian of p -> u(T), beside differences.

Christopher Rackauckas et al., "A comparison of automatic differentiation and continuous sensitivity analysis for
derivatives of differential equation solutions" (arXiv 1812.01892).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax.numpy as jnp
import numba
import numpy as np

from adengine import WengertList
from benchmarks.checking import check
from benchmarks.markdown import number_text, seconds_text
from benchmarks.measure import Effort, compare
from benchmarks.peers import by_hand, jax_functions
from benchmarks.peers.casadi_sx import CasadiSX
from benchmarks.peers.jax_jit import Jax, Written
from benchmarks.peers.ours import COMPILED, NAME, Ours, engines, received
from benchmarks.peers.system import Answer, Ask, Floats, Given, Question, Task
from benchmarks.results import Chapter, Comparison, Table
from examples import functions
from examples.dynamics import State, rk4_step
from examples.functions import Problem
from wengert_client import ListBuilder

_DIFFERENCES = "differences"
BY_HAND = "differences over Numba"
TOGETHER = f"differences over {NAME}, all points in one call"
_STEP = 6e-6
"""Of central differences, beside each parameter: about the cube root of the rounding error."""


@dataclass(frozen=True)
class Printed:
    """What the paper prints, in seconds: discrete sensitivities by automatic differentiation, and by differences."""

    automatic: float
    numerical: float

    @property
    def ratio(self) -> float:
        """How much longer differences take."""
        return self.numerical / self.automatic


def paper(effort: Effort) -> Chapter:
    """Measure Lotka-Volterra and PKPD."""
    steps, hours = 20 if effort.quick else 200, 240
    lotka_volterra = _compared(
        _lotka_volterra(steps), by_hand_lotka_volterra(steps), _jax_lotka_volterra(steps), effort
    )
    found = [(lotka_volterra, Printed(122.9e-6, 670.6e-6))]
    if not effort.quick:
        pkpd = _compared(functions.pkpd_steps(hours), by_hand.pkpd(hours), jax_functions.pkpd(hours), effort)
        found.append((pkpd, Printed(1.642e-3, 12.35e-3)))
    text = (
        "Rackauckas et al. (2018, arXiv 1812.01892) time the Jacobian of the parameters of a differential equation to "
        "its final state, the solver differentiated, beside numerical differences over the same solver. Here both "
        "problems are integrated by fixed steps of RK4 and written as lists; where the paper's solver chooses its "
        "steps, these do not, so times cannot be held beside the paper's, but how much longer differences take can. "
        "Differences are central, two evaluations for each parameter: over a loop written by hand in Numba, which is "
        "the strongest opponent, and over the engine's own f, which is what the paper compares."
    )
    comparisons, tables = [each for each, _ in found], _tables(found)
    title = "Sensitivities of a differential equation"
    return Chapter("paper", title, text, (), comparisons, tables, front=tables[0])


def _lotka_volterra(steps: int) -> Problem:
    """Prey and predators at t = 10 from three parameters: x' = a x - b x y, y' = -c y + x y, from (1, 1)."""
    builder = ListBuilder()
    a, b, c = builder.inputs("a", "b", "c")

    def rate(state: State) -> State:
        prey, predators = state
        met = prey * predators
        return a * prey - b * met, met - c * predators

    state: State = [1.0, 1.0]
    for _ in range(steps):
        state = rk4_step(rate, state, 10.0 / steps)
    for name, value in zip(("prey", "predators"), state, strict=True):
        builder.output(name, value)
    return Problem(f"Lotka-Volterra, {steps} RK4 steps, 2 x 3", builder, np.array([1.5, 1.0, 3.0]))


def by_hand_lotka_volterra(steps: int) -> by_hand.Steps:
    """The same in Numba."""
    whole = by_hand.lotka_volterra(steps)

    @numba.njit
    def final(p: Any) -> Any:
        return whole(np.array([p[0], p[1], p[2], 1.0, 1.0, 1.0]))

    return final


def _jax_lotka_volterra(steps: int) -> Written:
    whole = jax_functions.lotka_volterra(steps)
    return lambda p, shared: whole(jnp.concatenate([p, jnp.ones(3)]), shared)


def _compared(problem: Problem, hand: by_hand.Steps, of_jax: Written, effort: Effort) -> Comparison:
    given = Given(problem.name, problem.builder.build(), problem.point, {})
    function, p = received(given.message), problem.point
    question = Question.of(given, function.m)
    calls: dict[str, Ask] = {
        name: call
        for name, engine in engines().items()
        if (call := Ours(question, engine, name).ask(Task.JACOBIAN)) is not None
    }
    calls |= {_point_by(name): partial(_point_by_point, _f(function, name), p) for name in calls}
    calls |= {
        BY_HAND: partial(by_hand.with_differences(hand)[Task.JACOBIAN], p),
        TOGETHER: partial(_together, _f(function, NAME, 2 * len(p) + 1), p),
        CasadiSX.name: CasadiSX(question).made(Task.JACOBIAN).call(),
        Jax.name: Jax(question, of_jax).ask(Task.JACOBIAN),
    }
    exact = calls[NAME]()
    errors = {}
    for name, call in calls.items():
        numerical = name.startswith(_DIFFERENCES)
        answer = call()
        check(answer, exact, 1e-4 if numerical else 1e-9, f"{problem.name}: {name}")
        errors[name] = float(np.max(np.abs(answer[1] - exact[1])) / np.max(np.abs(exact[1])))
    facts = {"statements": function.statements, "away from ours": errors}
    return Comparison(problem.name, compare(calls, effort), NAME, "f and J", facts)


def _point_by(name: str) -> str:
    return f"{_DIFFERENCES} over {name}, point by point"


def _f(function: WengertList, name: str, points: int | None = None) -> Callable[[Floats], Floats]:
    bound = engines()[name].bind(function, points=points)

    def answer(at: Floats) -> Floats:
        bound.points[:] = at
        bound()
        return bound.values.copy()

    return answer


def _point_by_point(f: Callable[[Floats], Floats], p: Floats) -> Answer:
    value, columns = f(p), []
    for j in range(len(p)):
        h = _STEP * max(1.0, abs(p[j]))
        above, below = p.copy(), p.copy()
        above[j] += h
        below[j] -= h
        columns.append((f(above) - f(below)) / (2.0 * h))
    return value, np.stack(columns, axis=1)


def _together(f: Callable[[Floats], Floats], p: Floats) -> Answer:
    n = len(p)
    h = _STEP * np.maximum(1.0, np.abs(p))
    points = np.repeat(p[None, :], 2 * n + 1, axis=0)
    points[range(1, n + 1), range(n)] += h
    points[range(n + 1, 2 * n + 1), range(n)] -= h
    values = f(points)
    return values[0], ((values[1 : n + 1] - values[n + 1 :]) / (2.0 * h[:, None])).T.copy()


def _tables(found: Sequence[tuple[Comparison, Printed]]) -> tuple[Table, Table]:
    ours = [name for name in (NAME, COMPILED) if any(t.name == name for t in found[0][0].timings)]
    columns = [
        "",
        *(f"AD: {name}" for name in ours),
        *(f"differences, {whose} f / AD: {name}" for name in ours for whose in ("Numba's", "own")),
    ]
    rows = [
        [
            comparison.title,
            *(seconds_text(comparison.timing(name).median) for name in ours),
            *(number_text(comparison.ratio(d, name)) for name in ours for d in (BY_HAND, _point_by(name))),
            number_text(printed.ratio),
            seconds_text(printed.automatic),
        ]
        for comparison, printed in found
    ]
    times = Table(
        "How much longer differences take",
        [*columns, "the paper's ratio", "the paper's AD"],
        rows,
        "The paper's own times are of another machine, solver and accuracy: they are here for the ratio alone.",
    )
    away = [
        [f"{each.title}: {name}", f"{e:.1e}"] for each, _ in found for name, e in each.facts["away from ours"].items()
    ]
    return times, Table("How far each Jacobian is from ours, beside its largest entry", ["", "away"], away)

"""How costs grow: with statements, with n, with n and m of a dense Jacobian, with K points."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from adengine import Engine, WengertList
from benchmarks.irregular import irregular_list, point
from benchmarks.measure import Call, Effort, compare
from benchmarks.peers import by_hand, jax_functions
from benchmarks.peers.casadi_sx import CasadiSX
from benchmarks.peers.jax_jit import Jax
from benchmarks.peers.ours import NAME, received
from benchmarks.peers.system import Ask, Given, Question, Task
from benchmarks.processes import our_server
from benchmarks.results import Chapter, Curve, Plot
from benchmarks.service import elementwise_by_sum
from examples import functions
from wengert_client import Client

T = TypeVar("T")

_GRADIENT = "f and gradient"


class Curves:
    """Points of several curves as they are found."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[list[float], list[float]]] = {}

    def add(self, name: str, size: float, value: float) -> None:
        """One more point of a curve."""
        sizes, values = self._found.setdefault(name, ([], []))
        sizes.append(size)
        values.append(value)

    def add_times(self, calls: dict[str, Call], size: float, unit: float, effort: Effort) -> None:
        """Time calls at one size; times are divided by a unit."""
        for timing in compare(calls, effort):
            self.add(timing.name, size, timing.median / unit)

    def plot(self, name: str, title: str, x_label: str, y_label: str) -> Plot:
        """All curves in one plot."""
        curves = [Curve(curve, tuple(sizes), tuple(values)) for curve, (sizes, values) in self._found.items()]
        return Plot(name, title, x_label, y_label, curves)


def scaling(effort: Effort) -> Chapter:
    """Measure curves."""
    engine = Engine()
    # What is loaded at the first answer of all belongs to no size.
    _irregular_calls(engine, received(irregular_list(50)), point())[_GRADIENT]()
    short = Effort(
        rounds=min(effort.rounds, 25), turn_s=effort.turn_s, comparison_s=effort.comparison_s / 4, quick=effort.quick
    )
    plots = [*_statements(engine, short), _inputs(engine, short), *_served(engine, short)]
    text = (
        "Irregular lists are random scalar lists. Curves show medians; where they are flat, cost grows with size alone "
        "and what is fixed for each call no longer matters."
    )
    return Chapter("scaling", "How costs grow", text, plots=plots)


def _sizes(quick: bool, *full: int) -> Sequence[int]:
    return full[:2] if quick else full


def _statements(engine: Engine, effort: Effort) -> tuple[Plot, Plot]:
    """Irregular lists from a hundred statements to a million."""
    cost, once = Curves(), Curves()
    for statements in _sizes(effort.quick, 100, 1_000, 10_000, 100_000, 1_000_000):
        message = irregular_list(statements)
        x = point()
        function = _timed(once, "checked", statements, partial(received, message))
        calls = _irregular_calls(engine, function, x)
        _timed(once, "f, first call", statements, calls["f"])
        _timed(once, f"{_GRADIENT}, first call", statements, calls[_GRADIENT])
        named = {f"{NAME}: {task}": call for task, call in calls.items()}
        # CasADi would take minutes to differentiate the largest.
        if statements <= 100_000:
            theirs = CasadiSX(Question.of(Given("", message, x, {}), 1))
            asked = {"f": theirs.made(Task.F), _GRADIENT: theirs.made(Task.VJP)}
            named |= {f"{theirs.name}: {task}": made.call() for task, made in asked.items()}
        cost.add_times(named, statements, statements * 1e-9, effort)
    return (
        cost.plot("statements", "Irregular scalar lists", "statements", "ns for each statement of f"),
        once.plot("once", "What happens once: irregular scalar lists", "statements", "seconds"),
    )


def _irregular_calls(engine: Engine, function: WengertList, x: np.ndarray) -> dict[str, Call]:
    return {"f": lambda: engine.evaluate(function, x), _GRADIENT: lambda: engine.vjp(function, x)}


def _timed(curves: Curves, name: str, size: float, call: Callable[[], T]) -> T:
    started = time.perf_counter()
    made = call()
    curves.add(name, size, time.perf_counter() - started)
    return made


def _inputs(engine: Engine, effort: Effort) -> Plot:
    """Rosenbrock's gradient as array statements, from ten variables to a million."""
    curves = Curves()
    for n in _sizes(effort.quick, 10, 100, 1_000, 10_000, 100_000, 1_000_000):
        problem = functions.rosenbrock(n, arrays=True)
        given = Given(problem.name, problem.builder.build(), problem.point, {})
        function, question = received(given.message), Question.of(given, 1)
        hand = by_hand.rosenbrock()[Task.VJP]
        calls: dict[str, Ask] = {
            "JAX jit": Jax(question, jax_functions.rosenbrock).ask(Task.VJP),
            "Numba by hand": partial(hand, question.x, question.v),
        }
        curves.add_times({NAME: partial(engine.vjp, function, problem.point), **calls}, n, n * 1e-9, effort)
    return curves.plot("inputs", "Rosenbrock: f and gradient", "n", "ns for each variable")


def _served(engine: Engine, effort: Effort) -> tuple[Plot, Plot]:
    """In process and through the server: many points, dense Jacobians."""
    with our_server() as served, Client(served.address) as client:
        return _points(engine, client, effort), _dense(engine, client, effort)


def _points(engine: Engine, client: Client, effort: Effort) -> Plot:
    curves = Curves()
    builder = functions.product_plus_sine().builder
    local, remote = received(builder.build()), client.function(builder)
    for K in _sizes(effort.quick, 1, 10, 100, 1_000, 10_000, 100_000):
        x = np.random.default_rng(0).normal(size=(K, 2))
        calls: dict[str, Call] = {
            "in process": partial(engine.jacobian, local, x),
            "through the server": partial(remote.value_and_gradient, x),
        }
        curves.add_times(calls, K, K * 1e-9, effort)
    return curves.plot("points", "x1 x2 + sin x1 with gradients, K points in a call", "K", "ns for each point")


def _dense(engine: Engine, client: Client, effort: Effort) -> Plot:
    curves = Curves()
    for n in _sizes(effort.quick, 1, 4, 16, 64, 256, 1024):
        builder = elementwise_by_sum(n)
        local, remote, x = received(builder.build()), client.function(builder), np.linspace(0.0, 1.0, n)
        calls: dict[str, Call] = {
            "in process": partial(engine.jacobian, local, x),
            "through the server": partial(remote.value_and_jacobian, x),
        }
        curves.add_times(calls, n, n * n * 1e-9, effort)
    return curves.plot("dense", "Dense n x n Jacobian", "n = m", "ns for each entry")

"""How costs grow: with statements, with n, with m, with n and m of a dense Jacobian, with K points."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import jax
import numpy as np

from adengine import Engine, WengertList
from adengine.program import MACHINE
from benchmarks.irregular import irregular_list, point
from benchmarks.measure import Call, Effort, compare
from benchmarks.peers import by_hand, jax_functions
from benchmarks.peers.casadi_sx import CasadiSX
from benchmarks.peers.jax_jit import Jax, called
from benchmarks.peers.ours import COMPILED, NAME, engines, on_vm, received
from benchmarks.peers.system import Ask, Given, Question, Task
from benchmarks.processes import our_server
from benchmarks.results import Chapter, Curve, Plot
from benchmarks.service import elementwise_by_sum
from examples import functions
from examples.dynamics import State, rk4_step
from wengert.v1 import WengertList as WengertListMessage
from wengert_client import Client, ListBuilder

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
    engine = on_vm()
    # What is loaded at the first answer of all belongs to no size.
    _irregular_calls(engine, received(irregular_list(50)), point())[_GRADIENT]()
    short = Effort(
        rounds=min(effort.rounds, 25), turn_s=effort.turn_s, comparison_s=effort.comparison_s / 4, quick=effort.quick
    )
    with our_server() as server, Client(server.address, deadline_s=600) as client:
        plots = [
            *_irregular(engine, client, short),
            _regular(engine, short),
            _inputs(engine, short),
            _outputs(engine, short),
            _points(engine, client, short),
            _dense(engine, client, short),
        ]
    text = (
        "Irregular lists are random scalar lists; the regular one is Lotka-Volterra with more and more steps. Curves "
        "show medians; where they are flat, cost grows with size alone and what is fixed for each call no longer "
        "matters."
    )
    return Chapter("scaling", "How costs grow", text, plots=plots)


def _sizes(quick: bool, *full: int) -> Sequence[int]:
    return full[:2] if quick else full


def _irregular(engine: Engine, client: Client, effort: Effort) -> tuple[Plot, Plot]:
    """Irregular lists from a hundred statements to a million."""
    cost, once, compiling = Curves(), Curves(), engines()[COMPILED]
    _register(client, irregular_list(50))
    for statements in _sizes(effort.quick, 100, 1_000, 10_000, 100_000, 1_000_000):
        message = irregular_list(statements)
        function = _timed(once, "checked", statements, partial(received, message))
        _timed(once, "registered through the server", statements, partial(_register, client, message))
        calls = _irregular_calls(engine, function, point())
        _timed(once, "f, first call", statements, calls["f"])
        _timed(once, f"{_GRADIENT}, first call", statements, calls[_GRADIENT])
        named = {f"{NAME}: {task}": call for task, call in calls.items()}
        named |= _compiled(compiling, function, point(), once) | _by_casadi(message, point(), statements)
        cost.add_times(named, statements, statements * 1e-9, effort)
    return (
        cost.plot("statements", "Irregular scalar lists", "statements", "ns for each statement of f"),
        once.plot("once", "What happens once: irregular scalar lists", "statements", "seconds"),
    )


def _register(client: Client, message: WengertListMessage) -> None:
    # Another function's list, so that the server has not seen it.
    client.function(message).info  # noqa: B018  asks the server, which checks the list for it


def _by_casadi(message: WengertListMessage, x: np.ndarray, statements: int) -> dict[str, Call]:
    """CasADi's virtual machine; it would take minutes to differentiate the largest lists."""
    if statements > 110_000:
        return {}
    theirs = CasadiSX(Question.of(Given("", message, x, {}), 1))
    asked = {"f": theirs.made(Task.F), _GRADIENT: theirs.made(Task.VJP)}
    return {f"{theirs.name}: {task}": made.call() for task, made in asked.items()}


def _regular(engine: Engine, effort: Effort) -> Plot:
    """An unrolled loop: prey and predators after 2 to 20 000 steps, their sum."""
    curves, compiling = Curves(), engines()[COMPILED]
    for steps in _sizes(effort.quick, 2, 20, 200, 2_000, 20_000):
        builder, x = _one_output(steps)
        message = builder.build()
        function = received(message)
        calls = {f"{NAME}: {task}": call for task, call in _irregular_calls(engine, function, x).items()}
        statements = function.statements
        calls |= _compiled(compiling, function, x) | _by_casadi(message, x, statements)
        curves.add_times(calls, statements, statements * 1e-9, effort)
    return curves.plot("regular", "Lotka-Volterra, unrolled", "statements", "ns for each statement of f")


def _one_output(steps: int) -> tuple[ListBuilder, np.ndarray]:
    """Lotka-Volterra's prey alone after t = 10, or earlier where steps would be too long to be stable."""
    builder = ListBuilder()
    a, b, c, x, y = builder.inputs("a", "b", "c", "x", "y")

    def rate(state: State) -> State:
        prey, predators = state
        met = prey * predators
        return a * prey - b * met, met - c * predators

    state: State = [x, y]
    for _ in range(steps):
        state = rk4_step(rate, state, min(0.05, 10.0 / steps))
    builder.output("sum", state[0] + state[1])
    return builder, np.array([1.5, 1.0, 3.0, 1.0, 1.0])


def _compiled(engine: Engine, function: WengertList, x: np.ndarray, once: Curves | None = None) -> dict[str, Call]:
    """The same calls compiled, where the engine compiles them."""
    found = {}
    for (task, call), what in zip(_irregular_calls(engine, function, x).items(), ("evaluate", "vjp"), strict=True):
        call()
        started = time.perf_counter()
        if engine.prepare(function, what) != MACHINE:
            continue
        if once is not None:
            once.add(f"{task}, compiled", function.statements, time.perf_counter() - started)
        found[f"{COMPILED}: {task}"] = call
    return found


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


def _outputs(engine: Engine, effort: Effort) -> Plot:
    """A cubic at m places: its Jacobian by four coefficients."""
    curves = Curves()
    for m in _sizes(effort.quick, 10, 100, 1_000, 10_000, 100_000, 1_000_000):
        builder = ListBuilder()
        coefficients = builder.inputs("a", "b", "c", "d")
        t = np.linspace(0.0, 1.0, m)
        a, b, c, d = coefficients
        builder.output("f", ((a * t + b) * t + c) * t + d)
        function, x = received(builder.build()), np.array([1.0, -2.0, 0.5, 3.0])
        calls: dict[str, Call] = {
            NAME: partial(engine.jacobian, function, x),
            "JAX jit": called(_cubic, {"t": jax.device_put(t)}, x),
            "NumPy by hand": partial(_cubic_by_hand, x, t),
        }
        curves.add_times(calls, m, 4 * m * 1e-9, effort)
    return curves.plot("outputs", "A cubic at m places: f and J, m x 4", "m", "ns for each entry")


def _cubic(shared: Mapping[str, Any], x: Any) -> Any:
    def f(p: Any) -> Any:
        t = shared["t"]
        return ((p[0] * t + p[1]) * t + p[2]) * t + p[3]

    return f(x), jax.jacfwd(f)(x)


def _cubic_by_hand(x: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    jacobian = np.empty((len(t), 4))
    jacobian[:, 3] = 1.0
    for power in (2, 1, 0):
        np.multiply(jacobian[:, power + 1], t, out=jacobian[:, power])
    return jacobian @ x, jacobian


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

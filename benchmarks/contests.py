"""Problems with their contenders: who stands beside the engine, and what is asked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.irregular import irregular_list, point
from benchmarks.peers import by_hand, casadi_mx, jax_functions
from benchmarks.peers.by_hand import ByHand
from benchmarks.peers.casadi_mx import CasadiMX
from benchmarks.peers.casadi_sx import CasadiSX
from benchmarks.peers.jax_jit import Jax, Written
from benchmarks.peers.system import Answer, Given, Question, System, Task
from examples import functions
from examples.functions import Problem

Peer = Callable[[Question], System]
DIFFERENCES = "Numba, central differences"
DERIVATIVES = (Task.F, Task.JVP, Task.VJP)
WITH_JACOBIAN = (*DERIVATIVES, Task.JACOBIAN)


@dataclass(frozen=True)
class Contest:
    """A problem, what is asked of it, and who answers beside the engine."""

    write: Callable[[], Given]
    tasks: Sequence[Task]
    peers: Sequence[Peer]


def written(problem: Callable[..., Problem], *arguments: int, **options: bool) -> Callable[[], Given]:
    """An example, not yet written; writing it is timed."""

    def write() -> Given:
        example = problem(*arguments, **options)
        return Given(example.name, example.builder.build(), example.point, example.shared)

    return write


def jax_of(written: Written) -> Peer:
    """JAX with a function."""
    return lambda question: Jax(question, written)


def casadi_mx_of(written: casadi_mx.Written) -> Peer:
    """CasADi's matrices with a function."""
    return lambda question: CasadiMX(question, written)


def differences(name: str, f: Callable[[int], by_hand.Steps], steps: int) -> Peer:
    """Numba, and central differences over it."""
    return lambda question: ByHand(name, question, by_hand.with_differences(f(steps)), rtol=1e-4)


def contests(*, quick: bool) -> list[Contest]:
    """All contests."""
    return [*_dynamics(quick=quick), *_scalars_and_arrays(quick=quick), *_models(quick=quick)]


def _dynamics(*, quick: bool) -> list[Contest]:
    steps, hours = 20 if quick else 200, 240
    return [
        Contest(
            written(functions.lotka_volterra, steps),
            WITH_JACOBIAN,
            (
                CasadiSX,
                jax_of(jax_functions.lotka_volterra(steps)),
                differences(DIFFERENCES, by_hand.lotka_volterra, steps),
            ),
        ),
        Contest(
            written(functions.pkpd_steps, hours),
            WITH_JACOBIAN,
            (CasadiSX, jax_of(jax_functions.pkpd(hours)), differences(DIFFERENCES, by_hand.pkpd, hours)),
        ),
        Contest(written(functions.pollu), WITH_JACOBIAN, (CasadiSX, jax_of(jax_functions.pollu))),
    ]


def _scalars_and_arrays(*, quick: bool) -> list[Contest]:
    N, n, many = (4, 20, 100) if quick else (32, 1000, 100_000)
    brusselator = jax_of(jax_functions.brusselator(N))
    rosenbrock = (jax_of(jax_functions.rosenbrock), _rosenbrock_by_hand)
    gradient = (Task.F, Task.VJP)
    return [
        Contest(written(functions.brusselator_scalars, N), DERIVATIVES, (CasadiSX, brusselator)),
        Contest(
            written(functions.brusselator_arrays, N),
            (*DERIVATIVES, Task.TANGENTS),
            (CasadiSX, brusselator),
        ),
        Contest(written(functions.rosenbrock, n, arrays=False), DERIVATIVES, (CasadiSX, *rosenbrock)),
        Contest(written(functions.rosenbrock, n, arrays=True), DERIVATIVES, (CasadiSX, *rosenbrock)),
        Contest(written(functions.rosenbrock, many, arrays=True), gradient, rosenbrock),
        Contest(functools.partial(irregular, 500 if quick else 10_000), gradient, (CasadiSX,)),
    ]


def irregular(statements: int) -> Given:
    """A random scalar list."""
    return Given(f"irregular, {statements} statements", irregular_list(statements), point(), {})


def _rosenbrock_by_hand(question: Question) -> System:
    return ByHand("Numba by hand", question, by_hand.rosenbrock())


def _models(*, quick: bool) -> list[Contest]:
    samples = 100 if quick else 10_000
    sizes = (12, 6, 4) if quick else (784, 64, 10)
    d, K, n = (2, 3, 20) if quick else (10, 25, 1000)
    constant = jax_functions.mixture_constant(d, K, n)
    return [
        Contest(
            written(functions.gaussian_log_likelihood, samples),
            DERIVATIVES,
            (CasadiSX, jax_of(jax_functions.gaussian), _gaussian_by_hand),
        ),
        Contest(
            written(functions.network, *sizes, 4 if quick else 32),
            DERIVATIVES,
            (
                casadi_mx_of(casadi_mx.network(*sizes)),
                jax_of(jax_functions.network(*sizes)),
                lambda question: ByHand("NumPy by hand", question, _network_by_hand(question, sizes)),
            ),
        ),
        Contest(
            written(functions.mixture, d, K, n),
            DERIVATIVES,
            (casadi_mx_of(casadi_mx.mixture(d, K, constant)), jax_of(jax_functions.mixture(d, K, constant))),
        ),
    ]


def _gaussian_by_hand(question: Question) -> System:
    return ByHand("NumPy by hand", question, by_hand.gaussian(question.given.shared["y"]))


def _network_by_hand(question: Question, sizes: tuple[int, int, int]) -> Mapping[Task, Callable[..., Answer]]:
    shared = question.given.shared
    return by_hand.network(*sizes, shared["images"], shared["labels"])

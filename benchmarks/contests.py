"""Problems with their contenders: who stands beside the engine, and what is asked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.irregular import irregular_list, point
from benchmarks.peers import autograd_arrays, by_hand, by_hand_arrays, by_hand_mixture, casadi_mx, jax_functions
from benchmarks.peers.autograd_arrays import Autograd
from benchmarks.peers.by_hand import ByHand
from benchmarks.peers.casadi_c import CasadiC, CasadiMatrixC
from benchmarks.peers.casadi_mx import CasadiMX
from benchmarks.peers.casadi_sx import CasadiSX
from benchmarks.peers.jax_jit import Jax, Written
from benchmarks.peers.system import Answer, Given, Question, System, Task
from examples import functions
from examples.functions import Problem

Peer = Callable[[Question], System]
DIFFERENCES = "Numba, central differences"
NUMBA, NUMPY = "Numba by hand", "NumPy by hand"
DERIVATIVES = (Task.F, Task.JVP, Task.VJP)
WITH_JACOBIAN = (*DERIVATIVES, Task.JACOBIAN)


@dataclass(frozen=True)
class Contest:
    """A problem, what is asked of it, and who answers beside the engine; some are left out of quick runs."""

    write: Callable[[], Given]
    tasks: Sequence[Task]
    peers: Sequence[Peer]
    always: bool = True


def written(problem: Callable[..., Problem], *arguments: int, **options: bool) -> Callable[[], Given]:
    """An example, not yet written; writing it is timed."""

    def write() -> Given:
        example = problem(*arguments, **options)
        return Given(example.name, example.builder.build(), example.point, example.shared)

    return write


def jax_of(written: Written) -> Peer:
    """JAX with a function."""
    return lambda question: Jax(question, written)


def matrices(written: casadi_mx.Written) -> tuple[Peer, Peer]:
    """CasADi's matrices with a function, on its virtual machine and as C."""
    return (lambda question: CasadiMX(question, written)), (lambda question: CasadiMatrixC(question, written))


def autograd_of(written: autograd_arrays.Written) -> Peer:
    """Autograd with a function."""
    return lambda question: Autograd(question, written)


def hand(name: str, write: Callable[[Question], Mapping[Task, Callable[..., Answer]]]) -> Peer:
    """What was written by hand, made from the question's data."""
    return lambda question: ByHand(name, question, write(question))


def differences(name: str, f: Callable[[int], by_hand.Steps], steps: int) -> Peer:
    """Numba, and central differences over it."""
    return lambda question: ByHand(name, question, by_hand.with_differences(f(steps)), rtol=1e-4)


def contests(*, quick: bool) -> list[Contest]:
    """All contests."""
    found = [*_dynamics(quick=quick), *_scalars_and_arrays(quick=quick), *_models(quick=quick)]
    return [each for each in found if each.always or not quick]


def _dynamics(*, quick: bool) -> list[Contest]:
    steps, hours = 20 if quick else 200, 240
    return [
        Contest(
            written(functions.lotka_volterra, steps),
            WITH_JACOBIAN,
            (
                CasadiSX,
                CasadiC,
                jax_of(jax_functions.lotka_volterra(steps)),
                differences(DIFFERENCES, by_hand.lotka_volterra, steps),
            ),
        ),
        Contest(
            written(functions.pkpd_steps, hours),
            WITH_JACOBIAN,
            (CasadiSX, CasadiC, jax_of(jax_functions.pkpd(hours)), differences(DIFFERENCES, by_hand.pkpd, hours)),
            always=False,
        ),
        Contest(
            pollu_of_concentrations,
            WITH_JACOBIAN,
            (
                CasadiSX,
                CasadiC,
                jax_of(lambda y, shared: jax_functions.pollu(y, shared["k"])),
                hand(NUMBA, lambda question: by_hand_arrays.pollu(question.given.shared["k"])),
            ),
        ),
    ]


def pollu_of_concentrations() -> Given:
    """POLLU with its rate constants shared: 20 x 20."""
    example = functions.pollu()
    y, k = np.split(example.point, [20])
    return Given("POLLU, right-hand side", example.builder.build(), y, {"k": k})


def _scalars_and_arrays(*, quick: bool) -> list[Contest]:
    small, middle, large = (3, 4, 4) if quick else (5, 32, 128)
    few, some, many = (5, 20, 100) if quick else (10, 1000, 100_000)
    rosenbrock = (
        jax_of(jax_functions.rosenbrock),
        autograd_of(autograd_arrays.rosenbrock),
        hand(NUMBA, lambda _: by_hand.rosenbrock()),
    )
    gradient, scalars = (Task.F, Task.VJP), functools.partial(written, functions.rosenbrock, arrays=False)
    return [
        _brusselator(functions.brusselator_scalars, small, WITH_JACOBIAN, CasadiSX, CasadiC),
        replace(_brusselator(functions.brusselator_scalars, middle, DERIVATIVES, CasadiSX, CasadiC), always=False),
        _brusselator(functions.brusselator_arrays, middle, (*DERIVATIVES, Task.TANGENTS), CasadiSX),
        replace(_brusselator(functions.brusselator_arrays, large, DERIVATIVES, CasadiSX), always=False),
        Contest(scalars(few), gradient, (CasadiSX, CasadiC, *rosenbrock), always=False),
        Contest(scalars(some), DERIVATIVES, (CasadiSX, CasadiC, *rosenbrock)),
        Contest(written(functions.rosenbrock, some, arrays=True), DERIVATIVES, (CasadiSX, *rosenbrock)),
        Contest(written(functions.rosenbrock, many, arrays=True), gradient, rosenbrock, always=False),
        Contest(functools.partial(irregular, 500 if quick else 10_000), DERIVATIVES, (CasadiSX, CasadiC)),
    ]


def _brusselator(problem: Callable[[int], Problem], N: int, tasks: Sequence[Task], *casadi: Peer) -> Contest:
    peers = (
        *casadi,
        jax_of(jax_functions.brusselator(N)),
        autograd_of(autograd_arrays.brusselator(N)),
        hand(NUMBA, lambda _: by_hand_arrays.brusselator(N)),
    )
    return Contest(written(problem, N), tasks, peers)


def irregular(statements: int) -> Given:
    """A random scalar list."""
    return Given(f"irregular, {statements} statements", irregular_list(statements), point(), {})


def _models(*, quick: bool) -> list[Contest]:
    samples = 100 if quick else 10_000
    sizes = (12, 6, 4) if quick else (784, 64, 10)
    d, K, n = (2, 3, 20) if quick else (10, 25, 1000)
    constant = jax_functions.mixture_constant(d, K, n)
    return [
        Contest(
            written(functions.gaussian_log_likelihood, samples),
            DERIVATIVES,
            (
                CasadiSX,
                jax_of(jax_functions.gaussian),
                autograd_of(autograd_arrays.gaussian),
                hand(NUMPY, lambda question: by_hand.gaussian(question.given.shared["y"])),
                hand(NUMBA, lambda question: by_hand_arrays.gaussian(question.given.shared["y"])),
            ),
        ),
        Contest(
            written(functions.network, *sizes, 4 if quick else 32),
            DERIVATIVES,
            (
                *matrices(casadi_mx.network(*sizes)),
                jax_of(jax_functions.network(*sizes)),
                autograd_of(autograd_arrays.network(*sizes)),
                hand(NUMPY, lambda question: _network_by_hand(question, sizes)),
            ),
        ),
        Contest(
            written(functions.mixture, d, K, n),
            DERIVATIVES,
            (
                *matrices(casadi_mx.mixture(d, K, constant)),
                jax_of(jax_functions.mixture(d, K, constant)),
                autograd_of(autograd_arrays.mixture(d, K, constant)),
                hand(NUMBA, lambda question: by_hand_mixture.mixture(d, K, question.given.shared["x"], constant)),
            ),
        ),
    ]


def _network_by_hand(question: Question, sizes: tuple[int, int, int]) -> Mapping[Task, Callable[..., Answer]]:
    shared = question.given.shared
    return by_hand.network(*sizes, shared["images"], shared["labels"])

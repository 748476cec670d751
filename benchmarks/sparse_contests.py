"""The problems of the chapter on sparse Jacobians and Hessians, and who answers beside the engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from benchmarks.contests import Contest, Peer, written
from benchmarks.peers import jax_functions, sparse_functions
from benchmarks.peers.casadi_c import CasadiC
from benchmarks.peers.casadi_sx import CasadiSX
from benchmarks.peers.colored import Differences, JaxColored
from benchmarks.peers.sparse_functions import Written
from benchmarks.peers.system import Given, Task
from examples import functions
from examples import sparse as problems

_TASKS = (Task.F, Task.SPARSE)
_SECOND = (Task.F, Task.HESSIAN)


def contests(*, quick: bool) -> list[Contest]:
    """All of them."""
    n, many = (20, 100) if quick else (1000, 100_000)
    views = (4, 10, 50) if quick else (100, 900, 10_000)
    return [
        *(brusselator(N, CasadiC) if N < 100 else brusselator(N) for N in grids(quick=quick)),
        _contest(written(problems.rosenbrock_residuals, n), sparse_functions.rosenbrock_residuals, CasadiSX, CasadiC),
        _contest(written(problems.arrowhead, n), sparse_functions.arrowhead, CasadiSX),
        _contest(written(problems.broyden, many), sparse_functions.broyden, CasadiSX),
        Contest(written(problems.broyden, many, arrays=False), _TASKS, ()),
        _contest(written(problems.bundle_adjustment, *views), _bundle_adjustment(*views), CasadiSX),
        *_hessians(n, 20 if quick else 200),
    ]


def _hessians(n: int, steps: int) -> list[Contest]:
    """Second derivatives: a long chain, and a deep narrow function."""
    rosenbrock, lotka_volterra = (
        lambda question: JaxColored(question, jax_functions.rosenbrock),
        lambda question: JaxColored(question, jax_functions.lotka_volterra(steps)),
    )
    return [
        Contest(written(functions.rosenbrock, n, arrays=False), _SECOND, (CasadiSX, CasadiC, rosenbrock)),
        Contest(written(functions.lotka_volterra, steps), _SECOND, (CasadiSX, lotka_volterra)),
    ]


def grids(*, quick: bool) -> tuple[int, int, int]:
    """Sizes of the Brusselator."""
    return (3, 4, 5) if quick else (5, 32, 128)


def brusselator(N: int, *others: Peer) -> Contest:
    """The Brusselator in scalars."""
    return _contest(
        written(functions.brusselator_scalars, N), partial(sparse_functions.brusselator, N=N), CasadiSX, *others
    )


def _bundle_adjustment(cameras: int, points: int, observations: int) -> Callable[[Any], Written]:
    return partial(sparse_functions.bundle_adjustment, cameras=cameras, points=points, observations=observations)


def _contest(write: Callable[[], Given], plain: Callable[[Any], Written], *casadi: Peer) -> Contest:
    """A problem with a function written for NumPy and JAX alike."""
    peers = (
        *casadi,
        lambda question: JaxColored(question, plain(jnp)),
        lambda question: Differences(question, plain(np)),
    )
    return Contest(write, _TASKS, peers)

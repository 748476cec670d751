"""What is aimed at beside other systems, as ratios of medians of one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.measure import Stages
from benchmarks.peers.ours import COMPILED, NAME
from benchmarks.peers.system import COMPILED as COMPILING
from benchmarks.peers.system import Task
from benchmarks.results import Comparison, Target

SX, C, JAX, AUTOGRAD, SCIPY, HAND = "CasADi VM", "CasADi C", "JAX jit", "autograd", "SciPy", "by hand"
KINDS = (NAME, COMPILED, SX, C, JAX, AUTOGRAD, SCIPY, HAND)
"""Contenders as columns of tables."""


@dataclass
class Held:
    """What one contest gave.

    Attributes
    ----------
    name, sizes : str
    comparisons : list of Comparison
        One for each task.
    written : dict
        Seconds in which each system was given the problem.
    once : dict
        For each system and task the stages of its first answer.
    left_out : list of str
        Who did not answer what, and why.
    operations : dict
        Of one sweep of ours, f included, for f and its products.
    transform_s : float
        Seconds that the transformation to the adjoint list takes, once f is lowered.
    """

    name: str
    sizes: str
    statements: int
    comparisons: list[Comparison] = field(default_factory=list)
    written: dict[str, float] = field(default_factory=dict)
    once: dict[tuple[str, str], Stages] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    operations: dict[Task, int] = field(default_factory=dict)
    transform_s: float = 0.0

    def comparison(self, task: Task) -> Comparison | None:
        """The comparison for a task."""
        return next((each for each in self.comparisons if each.task == task.value), None)

    def seconds(self, task: Task, kind: str) -> float | None:
        """Median of a kind of contender."""
        comparison = self.comparison(task)
        name = None if comparison is None else contender(comparison, kind)
        return None if comparison is None or name is None else comparison.timing(name).median


def kind_of(name: str) -> str:
    """Which kind a contender is of; what is neither ours nor another system is written by hand."""
    if name in {NAME, COMPILED}:
        return name
    if name.startswith("CasADi"):
        return C if " C," in name else SX
    return next((kind for kind in (JAX, AUTOGRAD, SCIPY) if name.startswith(kind)), HAND)


def contender(comparison: Comparison, kind: str) -> str | None:
    """Name of the contender of a kind, the fastest where there are several."""
    found = [each for each in comparison.timings if kind_of(each.name) == kind]
    return min(found, key=lambda each: each.median).name if found else None


Words = Sequence[str]
Aim = tuple[Words, Task, str, str, float]
_LOTKA, _PKPD, _BRUSSELATOR, _ROSENBROCK, _IRREGULAR = (
    ("Lotka",), ("PKPD",), ("Brusselator 32", "scalars"), ("Rosenbrock 1000", "scalars"), ("irregular",),
)  # fmt: skip
_FOUR = (_LOTKA, _BRUSSELATOR, _ROSENBROCK, _IRREGULAR)

_REACH: tuple[Aim, ...] = (
    *((words, Task.F, NAME, SX, aim) for words, aim in zip(_FOUR, (0.8, 0.5, 0.6, 0.6), strict=True)),
    *((words, Task.F, COMPILED, SX, aim) for words, aim in zip(_FOUR, (0.35, 0.15, 0.15, 0.5), strict=True)),
    *((words, Task.F, COMPILED, C, 1.2) for words in _FOUR),
    (_ROSENBROCK, Task.VJP, COMPILED, SX, 0.15),
    (_LOTKA, Task.VJP, COMPILED, SX, 0.4),
    (_LOTKA, Task.JACOBIAN, COMPILED, HAND, 0.5),
    (("mixture",), Task.VJP, NAME, JAX, 1.0),
    (("network",), Task.VJP, NAME, JAX, 1.0),
    (("network",), Task.VJP, NAME, HAND, 1.2),
    (("Brusselator 32", "arrays"), Task.TANGENTS, NAME, JAX, 0.8),
)
"""Words of the problem's name, the task, who of ours beside whom, and the ratio aimed at."""

_SWEEPS = ((NAME, Task.JVP, 2.8), (NAME, Task.VJP, 3.0), (COMPILED, Task.JVP, 2.0), (COMPILED, Task.VJP, 2.5))
"""Of one derivative with f beside f alone, the worst problem."""


_SPARSE_REACH: tuple[Aim, ...] = (
    (("Brusselator 32",), Task.SPARSE, COMPILED, SX, 0.2),
    (("Brusselator 32",), Task.SPARSE, COMPILED, JAX, 0.2),
    (("Brusselator 128",), Task.SPARSE, NAME, SX, 0.3),
    (("Rosenbrock 1000, scalars",), Task.HESSIAN, NAME, SX, 0.5),
    (("Rosenbrock 1000, scalars",), Task.HESSIAN, COMPILED, SX, 0.5),
)
_FURTHER = 3.0
"""Of a sparse Jacobian beside f, of long tridiagonal systems."""


def sparse_targets(held: Sequence[Held]) -> Iterator[Target]:
    """What is aimed at for sparse Jacobians and Hessians."""
    yield from _beside_others(held, _SPARSE_REACH)
    for each in held:
        ratio = sweep(each, Task.SPARSE, NAME)
        if each.name.startswith("Broyden") and ratio is not None:
            yield Target(f"{each.name}: ({Task.SPARSE.value}) / f, {NAME}", _FURTHER, ratio, "x")


def targets(held: Sequence[Held]) -> list[Target]:
    """All that can be told from what was measured."""
    return [*_beside_others(held, _REACH), *_compile_times(held), *_sweeps(held), *_transform(held)]


def _found(held: Sequence[Held], words: Words, task: Task) -> Held | None:
    """The problem whose name has these words, and of which the task was asked."""
    return next((each for each in held if all(word in each.name for word in words) and each.comparison(task)), None)


def _beside_others(held: Sequence[Held], aims: Sequence[Aim]) -> Iterator[Target]:
    for words, task, ours, kind, aim in aims:
        each = _found(held, words, task)
        comparison = None if each is None else each.comparison(task)
        if comparison is None:
            continue
        mine, theirs = contender(comparison, ours), contender(comparison, kind)
        if mine is not None and theirs is not None:
            what = f"{comparison.title}: {task.value}, {mine} / {theirs}"
            yield Target(what, aim, comparison.ratio(mine, theirs), "x")


def _compile_times(held: Sequence[Held]) -> Iterator[Target]:
    """Seconds to compile f beside gcc's, by the worst of the four."""
    ratios: dict[str, float] = {}
    for each in filter(None, (_found(held, words, Task.F) for words in _FOUR)):
        ours, theirs = (_compiling(each, kind) for kind in (COMPILED, C))
        if ours and theirs:
            ratios[each.name] = ours / theirs
    yield from _worst(ratios, 0.02, f"time to compile f, {COMPILED} / {C}")


def _compiling(held: Held, kind: str) -> float | None:
    for (name, task), stages in held.once.items():
        if task == Task.F.value and kind_of(name) == kind:
            return stages.seconds.get(COMPILING)
    return None


def _sweeps(held: Sequence[Held]) -> Iterator[Target]:
    for kind, task, aim in _SWEEPS:
        ratios = {each.name: ratio for each in held if (ratio := sweep(each, task, kind)) is not None}
        yield from _worst(ratios, aim, f"({task.value}) / f, {kind}")


def sweep(held: Held, task: Task, kind: str) -> float | None:
    """A derivative with f beside f alone, both by the same contender."""
    plain, derived = held.seconds(Task.F, kind), held.seconds(task, kind)
    return None if plain is None or derived is None else derived / plain


_LONG = 1000
"""Lists at least so long tell what a statement costs; on shorter ones what is fixed for each call counts."""


def _transform(held: Sequence[Held]) -> Iterator[Target]:
    """Microseconds for each statement of f that the transformation to the adjoint list takes."""
    costs = {each.name: each.transform_s / each.statements * 1e6 for each in held if each.statements >= _LONG}
    yield from _worst(costs, 1.5, "adjoint list made, for each statement of f", "us")


def _worst(found: dict[str, float], aim: float, what: str, unit: str = "x") -> Iterator[Target]:
    if found:
        where = max(found, key=lambda name: found[name])
        yield Target(f"{what}; the worst: {where}", aim, found[where], unit)

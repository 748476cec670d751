"""The engine beside other systems, all in one process, input and output copies included."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from adengine import Engine
from benchmarks.checking import check
from benchmarks.contests import Contest, contests
from benchmarks.markdown import number_text, seconds_text
from benchmarks.measure import Effort, Stages, compare
from benchmarks.peers.ours import NAME, Ours, received
from benchmarks.peers.system import Answer, Ask, Question, System, Task
from benchmarks.results import Chapter, Comparison, Table, Target

_HAND = "by hand"
_PEERS = ("CasADi", "JAX", _HAND)

_REACH: tuple[tuple[tuple[str, ...], Task, str, float], ...] = (
    (("Lotka",), Task.F, "CasADi", 0.8),
    (("Brusselator", "scalars"), Task.F, "CasADi", 0.5),
    (("Rosenbrock", "scalars"), Task.F, "CasADi", 0.6),
    (("irregular",), Task.F, "CasADi", 0.6),
    (("Rosenbrock", "scalars"), Task.VJP, "CasADi", 0.15),
    (("Lotka",), Task.VJP, "CasADi", 0.4),
    (("Lotka",), Task.JACOBIAN, _HAND, 0.5),
    (("PKPD",), Task.JACOBIAN, _HAND, 0.5),
    (("mixture",), Task.VJP, "JAX", 1.0),
    (("network",), Task.VJP, "JAX", 1.0),
    (("network",), Task.VJP, _HAND, 1.2),
    (("Brusselator", "arrays"), Task.TANGENTS, "JAX", 0.8),
)
"""Words of the problem's name, the task, beside whom, and the ratio aimed at."""


@dataclass
class Held:
    """What one contest gave.

    Attributes
    ----------
    name : str
    comparisons : list of Comparison
        One for each task.
    once : dict
        For each system its stages: writing, and each task's first answer.
    """

    name: str
    sizes: str
    comparisons: list[Comparison] = field(default_factory=list)
    once: dict[str, Stages] = field(default_factory=dict)


def in_process(effort: Effort) -> Chapter:
    """Measure all contests."""
    engine = Engine()
    held = []
    for contest in contests(quick=effort.quick):
        started = time.perf_counter()
        held.append(hold(contest, engine, effort))
        print(f"bench:   {held[-1].name}, {time.perf_counter() - started:.0f} s", flush=True)
    tables = (_summary(held), _sweeps(held), _once(held))
    text = (
        "Every system answers the same question: f and the derivative together, from NumPy arrays to new NumPy arrays. "
        "CasADi runs the very statements of the list as SX, or a matrix formulation (MX) where SX would have millions "
        "of nodes, on its virtual machine through preallocated buffers; JAX has the function as its users write it, "
        "compiled; *by hand* is Numba or NumPy. Each answer was compared with the engine's first."
    )
    comparisons = [comparison for each in held for comparison in each.comparisons]
    return Chapter("in-process", "Beside other systems, in process", text, _targets(held), comparisons, tables)


def hold(contest: Contest, engine: Engine, effort: Effort) -> Held:
    """Write a problem in all systems, compare their answers, time them."""
    ours = Stages()
    with ours.stage("written"):
        given = contest.write()
    function = received(given.message)
    question = Question.of(given, function.m)
    sizes = f"n = {len(given.x)}, m = {function.m}, {function.statements} statements"
    held = Held(given.name, sizes, once={NAME: ours})
    with ours.stage("checked"):
        systems: list[System] = [Ours(question, engine)]
    for peer in contest.peers:
        stages = Stages()
        with stages.stage("written"):
            systems.append(peer(question))
        held.once[systems[-1].name] = stages
    for task in contest.tasks:
        held.comparisons.append(_task(task, systems, held, effort))
    return held


def _task(task: Task, systems: Sequence[System], held: Held, effort: Effort) -> Comparison:
    calls: dict[str, Ask] = {}
    expected: Answer | None = None
    for system in systems:
        with held.once[system.name].stage(task.value):
            call = system.ask(task)
            answer = None if call is None else call()
        if call is None or answer is None:
            del held.once[system.name].seconds[task.value]
            continue
        expected = answer if expected is None else expected
        check(answer, expected, system.rtol, f"{held.name}, {task.value}: {system.name}")
        calls[system.name] = call
    return Comparison(held.name, compare(calls, effort), NAME, task.value, {"sizes": held.sizes})


def _peer(comparison: Comparison, kind: str) -> str | None:
    """Name of the contender of a kind; what is neither CasADi nor JAX nor ours is written by hand."""
    for each in comparison.timings:
        known = next((peer for peer in (NAME, *_PEERS[:2]) if each.name.startswith(peer)), _HAND)
        if known == kind:
            return each.name
    return None


def _summary(held: Sequence[Held]) -> Table:
    """Medians of all systems, and ours over theirs."""
    rows = []
    for each in held:
        for place, comparison in enumerate(each.comparisons):
            peers = [_peer(comparison, kind) for kind in _PEERS]
            times = [seconds_text(comparison.timing(name).median) if name else "" for name in (NAME, *peers)]
            ratios = [number_text(comparison.ratio(NAME, name)) if name else "" for name in peers]
            rows.append([f"{'' if place else each.name + ': '}{comparison.task}", *times, *ratios])
    columns = ["median", NAME, "CasADi VM", "JAX jit", _HAND, "/ CasADi", "/ JAX", "/ by hand"]
    return Table("Side by side", columns, rows, "Ratios below 1: the engine is faster.")


def _sweeps(held: Sequence[Held]) -> Table:
    """What one derivative costs beside f, for every system; f there is its own."""
    rows = []
    for each in held:
        plain = each.comparisons[0]
        for comparison in each.comparisons[1:]:
            if comparison.task not in {Task.JVP.value, Task.VJP.value}:
                continue
            names = [NAME, _peer(comparison, "CasADi"), _peer(comparison, "JAX")]
            ratios = [comparison.timing(n).median / plain.timing(n).median if n else None for n in names]
            rows.append([f"{each.name}: ({comparison.task}) / f", *(number_text(r) if r else "" for r in ratios)])
    note = "The measure of the textbooks: 2.5 forward and 4 in reverse, with memory moves counted."
    return Table("A derivative beside its function", ["", NAME, "CasADi VM", "JAX jit"], rows, note)


def _once(held: Sequence[Held]) -> Table:
    """Seconds of what happens once."""
    tasks = [task.value for task in Task]
    rows = []
    for each in held:
        for name, stages in each.once.items():
            seconds = stages.seconds
            first = [seconds_text(seconds[task]) if task in seconds else "" for task in tasks]
            written = seconds["written"] + seconds.get("checked", 0.0)
            rows.append([f"{each.name}: {name}", seconds_text(written), *first])
    note = (
        "*Written*: the function is written in the system, for ours list and checks; then for each task the time to "
        "its first answer: transformed, traced, compiled, run."
    )
    return Table("Once", ["", "written", *tasks], rows, note)


def _targets(held: Sequence[Held]) -> list[Target]:
    """Ratios that the engine is to keep; those of a derivative beside f by the worst problem."""
    return [_worst(held, task, aim) for task, aim in ((Task.JVP, 2.8), (Task.VJP, 3.0))] + [
        Target(f"{comparison.title}: {task.value} / {peer}", aim, comparison.ratio(NAME, peer), "x")
        for words, task, kind, aim in _REACH
        for comparison in _found(held, words, task)
        if (peer := _peer(comparison, kind)) is not None
    ]


def _found(held: Sequence[Held], words: Sequence[str], task: Task) -> list[Comparison]:
    chosen = [each for each in held if all(word in each.name for word in words)]
    return [comparison for each in chosen[:1] for comparison in each.comparisons if comparison.task == task.value]


def _worst(held: Sequence[Held], task: Task, aim: float) -> Target:
    ratios: dict[str, float] = {}
    for each in held:
        plain = each.comparisons[0].timing(NAME).median
        for comparison in each.comparisons:
            if comparison.task == task.value:
                ratios[each.name] = comparison.timing(NAME).median / plain
    where = max(ratios, key=lambda name: ratios[name])
    return Target(f"({task.value}) / f, the worst problem: {where}", aim, ratios[where], "x")

"""The engine beside other systems, all in one process, input and output copies included."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from adengine import Engine
from benchmarks.checking import check
from benchmarks.contests import Contest, contests
from benchmarks.markdown import number_text, seconds_text
from benchmarks.measure import Effort, Stages, compare
from benchmarks.peers.ours import COMPILED, NAME, Ours, engines, received
from benchmarks.peers.system import BUILT, FIRST, Absent, Answer, Ask, Question, System, Task
from benchmarks.peers.system import COMPILED as COMPILING
from benchmarks.reach import KINDS, Held, contender, sweep, targets
from benchmarks.results import Chapter, Comparison, Table

COUNTED = (Task.F, Task.JVP, Task.VJP)
"""Tasks of one sweep at most."""


def in_process(effort: Effort) -> Chapter:
    """Measure all contests."""
    ours, held = engines(), []
    for contest in contests(quick=effort.quick):
        started = time.perf_counter()
        held.append(hold(contest, ours, effort))
        print(f"bench:   {held[-1].name}, {time.perf_counter() - started:.0f} s", flush=True)
    tables = (
        summary_table(held),
        ratios_table(held),
        _sweeps(held),
        _operations(held),
        once_table(held),
        left_out_table(held),
    )
    text = (
        "Every system answers the same question: f and the derivative together, from NumPy arrays to new NumPy arrays. "
        "Ours stands here twice: its virtual machine, which runs any list at once, and lists compiled to machine code; "
        "both are bound to arrays (`Engine.bind`), as CasADi's functions are, and copies in and out are counted. "
        "CasADi runs the very statements of the list as SX, or a matrix formulation (MX) where SX would have millions "
        "of nodes: on its virtual machine, and as C that it generates and gcc compiles, both through preallocated "
        "buffers. JAX has the function as its users write it, compiled; autograd the same for problems of arrays; *by "
        "hand* is Numba or NumPy. Each answer was compared with the engine's first."
    )
    comparisons = [comparison for each in held for comparison in each.comparisons]
    shown = tuple(each for each in tables if each.rows)
    return Chapter("in-process", "Beside other systems, in process", text, targets(held), comparisons, shown)


def hold(contest: Contest, ours: Mapping[str, Engine], effort: Effort) -> Held:
    """Write a problem in all systems, compare their answers, time them."""
    stages = Stages()
    with stages.stage(NAME):
        given = contest.write()
        function = received(given.message)
    question = Question.of(given, function.m)
    sizes = f"n = {len(given.x)}, m = {function.m}, {function.statements} statements"
    held = Held(given.name, sizes, function.statements, written=stages.seconds)
    tiers = [Ours(question, engine, name) for name, engine in ours.items()]
    systems: list[System] = [*tiers, *_others(contest, question, held)]
    for task in contest.tasks:
        held.comparisons.append(_task(task, systems, held, effort))
    # Only now, since it makes the lists whose making is timed.
    held.operations = {task: tiers[0].operations(task) for task in contest.tasks if task in COUNTED}
    held.transform_s = tiers[0].transform_s()
    for system in systems:
        held.left_out += _reasons(system)
    return held


def _reasons(system: System) -> list[str]:
    """What a system was not asked, tasks with the same reason together."""
    tasks: dict[str, list[str]] = {}
    for task, why in system.left_out.items():
        tasks.setdefault(why, []).append(task.value)
    return [f"{system.name}, {'; '.join(values)}: {why}" for why, values in tasks.items()]


def _others(contest: Contest, question: Question, held: Held) -> list[System]:
    """The systems beside ours that are there."""
    systems = []
    for peer in contest.peers:
        started = time.perf_counter()
        try:
            systems.append(peer(question))
        except Absent as absent:
            held.left_out.append(str(absent))
            continue
        held.written[systems[-1].name] = time.perf_counter() - started
    return systems


def _task(task: Task, systems: Sequence[System], held: Held, effort: Effort) -> Comparison:
    calls: dict[str, Ask] = {}
    expected: Answer | None = None
    for system in systems:
        asked = _first_answer(system, task)
        if asked is None:
            continue
        calls[system.name], answer = asked
        held.once[system.name, task.value] = system.once[task]
        expected = answer if expected is None else expected
        check(answer, expected, system.rtol, f"{held.name}, {task.value}: {system.name}")
    return Comparison(held.name, compare(calls, effort), NAME, task.value, {"sizes": held.sizes})


def _first_answer(system: System, task: Task) -> tuple[Ask, Answer] | None:
    """Ask a system, timing what happens once."""
    stages = Stages()
    with stages.stage(BUILT):
        call = system.ask(task)
    if call is None:
        return None
    once = system.once[task]
    once.seconds[BUILT] = stages.seconds[BUILT] - once.seconds.get(COMPILING, 0.0)
    with once.stage(FIRST):
        answer = call()
    return call, answer


def _columns(held: Sequence[Held]) -> list[str]:
    """Kinds of contenders that are there at all."""
    return [kind for kind in KINDS if any(contender(c, kind) for each in held for c in each.comparisons)]


def summary_table(held: Sequence[Held]) -> Table:
    """Medians of all systems."""
    kinds, rows = _columns(held), []
    for each in held:
        for place, comparison in enumerate(each.comparisons):
            names = [contender(comparison, kind) for kind in kinds]
            times = [seconds_text(comparison.timing(name).median) if name else "" for name in names]
            rows.append([f"{'' if place else each.name + ': '}{comparison.task}", *times])
    note = "*By hand* is the faster one where both Numba and NumPy were written."
    return Table("Side by side", ["median", *kinds], rows, note)


def ratios_table(held: Sequence[Held]) -> Table:
    """Each of ours over each of the others."""
    kinds = _columns(held)
    pairs = [
        (ours, kind) for ours in (NAME, COMPILED) if ours in kinds for kind in kinds if kind not in {NAME, COMPILED}
    ]
    rows = []
    for each in held:
        for place, comparison in enumerate(each.comparisons):
            row = [f"{'' if place else each.name + ': '}{comparison.task}"]
            for pair in pairs:
                mine, theirs = (contender(comparison, kind) for kind in pair)
                row.append(number_text(comparison.ratio(mine, theirs)) if mine and theirs else "")
            rows.append(row)
    columns = ["", *(f"{'VM' if ours == NAME else 'compiled'} / {kind}" for ours, kind in pairs)]
    return Table("Ratios", columns, rows, "Below 1: the engine is faster.")


def _sweeps(held: Sequence[Held]) -> Table:
    """What one derivative costs beside f, for every system; f there is its own."""
    kinds, rows = _columns(held), []
    for each in held:
        for task in (Task.JVP, Task.VJP):
            ratios = [sweep(each, task, kind) for kind in kinds]
            if any(ratios):
                rows.append([f"{each.name}: ({task.value}) / f", *(number_text(r) if r else "" for r in ratios)])
    note = "The measure of the textbooks: 2.5 forward and 4 in reverse, with memory moves counted."
    return Table("A derivative beside its function", ["", *kinds], rows, note)


def _operations(held: Sequence[Held]) -> Table:
    """What a sweep's time is made of: how many operations, and how long each takes."""
    kinds = [kind for kind in _columns(held) if kind in {NAME, COMPILED}]
    rows = []
    for each in held:
        plain = each.operations[Task.F]
        for task, operations in each.operations.items():
            costs = [(each.seconds(task, kind) or 0.0) * 1e9 / operations for kind in kinds]
            row = [str(operations), number_text(operations / plain), *(number_text(c) if c else "" for c in costs)]
            rows.append([f"{each.name}: {task.value}" if task is Task.F else task.value, *row])
    columns = ["", "operations", "/ those of f", *(f"ns each, {kind}" for kind in kinds)]
    note = (
        "An operation is one number computed: a scalar statement, or an element of an array statement; products of "
        "matrices count their multiplications. The time of the whole call is divided, so what is fixed for each call "
        "is in it."
    )
    return Table("Operations", columns, rows, note)


def once_table(held: Sequence[Held]) -> Table:
    """Seconds of what happens once."""
    rows = []
    for each in held:
        for (name, task), stages in each.once.items():
            seconds = [stages.seconds.get(stage) for stage in (BUILT, COMPILING, FIRST)]
            first = task == each.comparisons[0].task
            written = seconds_text(each.written.get(name, each.written[NAME])) if first else ""
            shown = [seconds_text(each) if each is not None else "" for each in seconds]
            rows.append([f"{each.name}: {name}, {task}", written, *shown])
    note = (
        "*Written*: the function is written in the system, for ours also sent and checked. *Built*: differentiated, "
        "traced, generated; for ours the first answer of its virtual machine, for which the derivative list is made "
        "and scheduled. *Compiled*: by XLA, gcc, Numba or ours. *First call*: what then is answered first."
    )
    return Table("Once", ["", "written", BUILT, COMPILING, FIRST], rows, note)


def left_out_table(held: Sequence[Held]) -> Table:
    """What was not asked, and why."""
    rows = [[each.name, why] for each in held for why in dict.fromkeys(each.left_out)]
    return Table("Not asked", ["", "why"], rows, words=True)

"""What it costs to have a part of a large call computed on a Dask cluster: when that pays, and for how many."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.dask_processes import dask_processes
from benchmarks.markdown import number_text, seconds_text
from benchmarks.measure import Effort, compare
from benchmarks.results import Chapter, Comparison, Curve, Plot, Table
from examples import functions
from wengert import v1
from wengert.v1.tensors import write_tensor
from wengert_server import remote
from wengert_server.cluster import Cluster, of
from wengert_server.cutting import Part
from wengert_server.settings import Settings

HERE, THERE = "here", "on the cluster"
_VARIABLES = {"WENGERT_THREADS": "1", "WENGERT_MACHINE_CODE": "false"}
_MANY = 400
_WORKERS = (2, 10, 100, 1000)
_WORTH = 9
_BYTES = 1_000_000


def cluster(effort: Effort) -> Chapter:
    """Measure parts of several lengths and sizes, here and on a worker process of a cluster."""
    with tempfile.TemporaryDirectory() as folder, _environment(), dask_processes(Path(folder), 1) as processes:
        there = of(Settings(executor="dask", scheduler=processes.address))
        assert there is not None  # noqa: S101  asked for above
        try:
            long = [_compared(_lotka_volterra(count, effort), there, effort) for count in _counts(effort)]
            wide = [_compared(_product(count), there, effort) for count in _sizes(effort)]
            each_s = _pipelined(_product(1), there, effort)
        finally:
            there.close()
    added_s = statistics.median(_added(each) for each in long)
    byte_s = _for_a_byte(wide)
    tables = (
        _table(long, "Longer and longer parts"),
        _table(wide, "Larger and larger parts"),
        _outlook(added_s, each_s, byte_s),
    )
    return Chapter("cluster", "Parts of large calls on a cluster", _TEXT, (), (*long, *wide), tables, (_plot(long),))


_TEXT = (
    "The same part of a call, computed in this process and by a worker process of a Dask cluster on the same machine, "
    "one thread each, turn by turn. What the cluster adds is what a part must be long beside; what it adds for each "
    "byte is what its work must be large beside. Then many parts of next to nothing, sent without waiting: how many a "
    "second the scheduler hands out. Between machines the network comes on top."
)


@contextmanager
def _environment() -> Iterator[None]:
    """Both engines are set up by the same variables."""
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(_VARIABLES)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _counts(effort: Effort) -> tuple[int, ...]:
    """Points of parts that take from a millisecond to a quarter of a second."""
    return (16, 64) if effort.quick else (64, 256, 1024, 4096, 16384)


def _sizes(effort: Effort) -> tuple[int, ...]:
    return (100, 1000) if effort.quick else (1_000, 10_000, 100_000, 200_000)


def _lotka_volterra(count: int, effort: Effort) -> tuple[Part, int]:
    problem = functions.lotka_volterra(20 if effort.quick else 200)
    return _jacobians(problem, count)


def _product(count: int) -> tuple[Part, int]:
    return _jacobians(functions.product_plus_sine(), count)


def _jacobians(problem: functions.Problem, count: int) -> tuple[Part, int]:
    """The part that asks for Jacobians at so many points, and how many."""
    x = problem.point * (1.0 + 0.01 * np.random.default_rng(count).normal(size=(count, len(problem.point))))
    request = v1.JacobianRequest(function=v1.FunctionSource(list=problem.builder.build()))
    write_tensor(request.points, x)
    return Part("Jacobian", request.SerializeToString()), count


def _compared(asked: tuple[Part, int], there: Cluster, effort: Effort) -> Comparison:
    part, count = asked
    version = remote.version()
    became, expected = remote.perform(part, version)
    if (became, len(expected)) != (remote.DONE, len(there.submit(remote.perform, part, version).result()[1])):
        raise RuntimeError("the answer of the cluster is not the one of this process")
    contenders = {
        HERE: lambda: remote.perform(part, version),
        THERE: lambda: there.submit(remote.perform, part, version).result(),
    }
    facts = {"points": count, "bytes": len(part.request) + len(expected)}
    return Comparison(f"Jacobians at {count} points", compare(contenders, effort), HERE, "f and J", facts)


def _added(comparison: Comparison) -> float:
    """Seconds that the cluster adds to a part, by the best turns: other processes disturb the usual ones."""
    return max(0.0, comparison.timing(THERE).minimum - comparison.timing(HERE).minimum)


def _for_a_byte(comparisons: list[Comparison]) -> float:
    """Seconds that the cluster adds for each byte, from the smallest part to the largest."""
    least, most = comparisons[0], comparisons[-1]
    more_bytes: int = most.facts["bytes"] - least.facts["bytes"]
    return max(0.0, _added(most) - _added(least)) / more_bytes


def _pipelined(asked: tuple[Part, int], there: Cluster, effort: Effort) -> float:
    """Seconds for each of many small parts, all sent before the first answer is looked at."""
    count = 20 if effort.quick else _MANY
    turns = []
    for _ in range(3):
        started = time.perf_counter()
        for answer in [there.submit(remote.perform, asked[0], remote.version()) for _ in range(count)]:
            answer.result()
        turns.append((time.perf_counter() - started) / count)
    return min(turns)


def _table(comparisons: list[Comparison], title: str) -> Table:
    rows = [
        [
            each.title,
            f"{each.facts['bytes'] / 1e6:.3g} MB",
            *(seconds_text(timing.minimum) for timing in each.timings),
            seconds_text(_added(each)),
            number_text(each.timing(THERE).minimum / each.timing(HERE).minimum),
        ]
        for each in comparisons
    ]
    return Table(title, ["minimum", "there and back", HERE, THERE, "added", "times as long"], rows)


def _outlook(added_s: float, each_s: float, byte_s: float) -> Table:
    """How long parts must be for so many threads: the server sends, and the scheduler hands out, one after another."""
    rows = []
    for threads in _WORKERS:
        empty_s, full_s = (
            max(threads * (each_s + bytes_ * byte_s), _WORTH * (added_s + bytes_ * byte_s)) for bytes_ in (0, _BYTES)
        )
        per_second = threads / full_s
        rows.append([
            str(threads),
            seconds_text(empty_s),
            f"{threads / empty_s:.0f} / s",
            seconds_text(full_s),
            f"{per_second * _BYTES / 1e6:.0f} MB/s",
        ])  # fmt: skip
    note = (
        f"A part adds {seconds_text(added_s)}, and each megabyte of its request and answer "
        f"{seconds_text(1e6 * byte_s)}. Parts are handed out one after another, in {seconds_text(each_s)} each. They "
        "are to take nine times what is added, for nine tenths of the gain, and no less than it takes to hand one to "
        "each thread, since each thread waits for its next part until all others have theirs."
    )
    columns = ["threads", "parts of no size take at least", "parts", "parts of 1 MB take at least", "bytes"]
    return Table("How long parts must take", columns, rows, note)


def _plot(comparisons: list[Comparison]) -> Plot:
    sizes = [each.timing(HERE).minimum * 1e3 for each in comparisons]
    values = [each.timing(THERE).minimum / each.timing(HERE).minimum for each in comparisons]
    curve = Curve("one part, Jacobians of Lotka-Volterra", sizes, values)
    return Plot("cluster", "A part on a cluster", "milliseconds of the part here", "times as long", [curve])

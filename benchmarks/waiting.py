"""How long tiny calls wait while the server computes large ones.

``python -m benchmarks.waiting ADDRESS POINTS`` asks for large ones, from a process of its own, until its standard input
ends; it prints a line when the first was asked for, and in the end how long each took, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import numpy as np

from benchmarks.measure import Effort, Timing
from benchmarks.processes import asking_much
from benchmarks.results import Comparison, Table, Target
from examples import functions
from wengert_client import Client

ALONE, BESIDE = "alone", "beside two large calls"
_LARGE_CALLS = 2


def waiting(address: str, effort: Effort) -> tuple[Comparison, tuple[Target, ...], Table]:
    """Time tiny calls alone, then while a process with two clients asks one large Jacobian after another."""
    tiny = functions.product_plus_sine()
    points = 50 if effort.quick else 20_000
    with Client(address) as client:
        function = client.function(tiny.builder)
        seconds = 0.3 if effort.quick else 6.0
        alone = calls_for(lambda: function.value_and_jacobian(tiny.point), seconds)
        with asking_much(address, points) as large:
            beside = calls_for(lambda: function.value_and_jacobian(tiny.point), seconds)
    timings = (Timing(ALONE, 1, alone), Timing(BESIDE, 1, beside))
    comparison = Comparison("Tiny value and Jacobian", timings, ALONE, "f and J", {"points of a large call": points})
    usual, p99 = (float(np.percentile(each, 99)) for each in (alone, beside))
    targets = (
        Target("tiny value and Jacobian, p99: beside two large calls / alone", 5.0, p99 / usual, "x"),
        Target("the longest wait of a tiny call beside two large ones", 50.0, max(beside) * 1e3, "ms"),
    )
    rows = [[each.name, *_milliseconds(each), str(len(each.seconds))] for each in timings]
    note = (
        f"A process with two clients asks for the Jacobians of Lotka-Volterra at {points} points, one call after "
        f"another; {len(large)} were answered meanwhile, in {np.median(large):.2f} s each."
    )
    return comparison, targets, Table("A tiny call beside large ones: milliseconds", _COLUMNS, rows, note)


_COLUMNS = ["", "p50", "p90", "p99", "longest", "calls"]


def _milliseconds(timing: Timing) -> list[str]:
    return [f"{1e3 * float(np.percentile(timing.seconds, percent)):.2f}" for percent in (50, 90, 99, 100)]


def calls_for(call: Callable[[], object], seconds: float) -> tuple[float, ...]:
    """Seconds of each of the calls that fit into a time."""
    taken: list[float] = []
    ends = time.perf_counter() + seconds
    while (started := time.perf_counter()) < ends or not taken:
        call()
        taken.append(time.perf_counter() - started)
    return tuple(taken)


@contextmanager
def large_calls(address: str, points: int) -> Iterator[list[float]]:
    """Two clients that call until the end; gives the seconds of what was answered."""
    problem = functions.lotka_volterra(200)
    x = problem.point * (1.0 + 0.01 * np.random.default_rng(8).normal(size=(points, len(problem.point))))
    answered: list[float] = []
    ended, begun = Event(), Event()

    def ask() -> None:
        with Client(address, deadline_s=600) as client:
            function = client.function(problem.builder)
            function.value_and_jacobian(x[:1])
            begun.set()
            while not ended.is_set():
                started = time.perf_counter()
                function.value_and_jacobian(x)
                answered.append(time.perf_counter() - started)

    with ThreadPoolExecutor(_LARGE_CALLS) as pool:
        asking = [pool.submit(ask) for _ in range(_LARGE_CALLS)]
        begun.wait()
        try:
            yield answered
        finally:
            ended.set()
            for each in asking:
                each.result()


if __name__ == "__main__":
    with large_calls(sys.argv[1], int(sys.argv[2])) as taken:
        print("begun", flush=True)
        sys.stdin.read()
    print(json.dumps(taken), flush=True)

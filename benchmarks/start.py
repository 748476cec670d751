"""From the start of a process to its first answer: with kernels cached, and with nothing cached."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping

from benchmarks.measure import Effort, Timing
from benchmarks.processes import our_server
from benchmarks.results import Chapter, Comparison, Target
from examples.functions import product_plus_sine
from wengert_client import Client

LISTENS = "server listens"
ANSWERS = "server answers its first call"
IN_PROCESS = "engine in a new process answers"
COLD = "server listens, nothing cached"

_IN_PROCESS = """
import numpy as np
from adengine import Engine, Input, Output, WengertList
f = WengertList.build(inputs=[Input("x1"), Input("x2")], primitives=[12, 60, 10], arguments=[1, 2, 1, 3, 4],
                      outputs=[Output("f", 5)])
Engine().jacobian(f, np.array([1.0, 0.0]))
"""


def start(effort: Effort) -> Chapter:
    """Measure starts."""
    # Once before, so that kernels are cached.
    _served({})
    listens, answers, alone = [], [], []
    for _ in range(2 if effort.quick else 7):
        to_listen, to_answer = _served({})
        listens.append(to_listen)
        answers.append(to_answer)
        alone.append(_seconds(_in_process))
    timings = [
        Timing(LISTENS, 1, tuple(listens)),
        Timing(ANSWERS, 1, tuple(answers)),
        Timing(IN_PROCESS, 1, tuple(alone)),
    ]
    targets = [
        Target("server listens, kernels cached", 2.0, timings[0].median, "s"),
        Target("first answer from the start of the process, kernels cached: server", 1.5, timings[1].median, "s"),
        Target("first answer from the start of the process, kernels cached: engine", 1.5, timings[2].median, "s"),
    ]
    if not effort.quick:
        with tempfile.TemporaryDirectory() as folder:
            timings.append(Timing(COLD, 1, (_served({"NUMBA_CACHE_DIR": folder})[0],)))
        targets.append(Target("server listens, nothing cached", 40.0, timings[-1].median, "s"))
    comparison = Comparison("From the start of a process until", timings, ANSWERS)
    text = "Whole processes, with Python's own start. The first call asks for f and J of x1 x2 + sin x1."
    return Chapter("start", "Starting", text, targets, (comparison,))


def _served(environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until a server listens, and until it has answered its first call."""
    problem = product_plus_sine()
    started = time.perf_counter()
    with our_server(environment) as served:
        listens = time.perf_counter() - started
        with Client(served.address) as client:
            client.function(problem.builder).value_and_jacobian(problem.point)
            return listens, time.perf_counter() - started


def _in_process() -> None:
    subprocess.run([sys.executable, "-c", _IN_PROCESS], check=True, env=os.environ | {"PYTHONPATH": _path()})


def _path() -> str:
    """So that the engine that was imported here is found there, whatever is installed."""
    return os.pathsep.join(path for path in sys.path if path)


def _seconds(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started

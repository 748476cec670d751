"""The client without a server: a tiny call computed in its own process, and what it takes to import it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from adengine import Engine, Input, Output, WengertList
from benchmarks.measure import Effort, Timing, compare_single_calls
from benchmarks.results import Comparison, Target
from wengert_client import Client, ListBuilder

EMBEDDED = "wengert_client, embedded"
ENGINE = "adengine alone"
LIBRARIES, OURS = "grpcio and numpy", "wengert_client after them"

_IMPORT = """
import time
started = time.perf_counter()
import grpc, numpy
there = time.perf_counter()
from wengert_client import Client
print(there - started, time.perf_counter() - there)
"""


def embedded(builder: ListBuilder, effort: Effort) -> tuple[list[Comparison], list[Target]]:
    """Measure a client of this process.

    Parameters
    ----------
    builder
        x1 x2 + sin x1.
    """
    x = np.array([2.0, 5.0])
    same = WengertList.build(
        inputs=[Input("x1"), Input("x2")], primitives=[12, 60, 10], arguments=[1, 2, 1, 3, 4], outputs=[Output("f", 5)]
    )
    engine = Engine()
    with _no_server_named(), Client() as client:
        function = client.function(builder)
        function.prepare("jacobian")
        engine.prepare(same, "jacobian")
        calls = {EMBEDDED: lambda: function.value_and_jacobian(x), ENGINE: lambda: engine.jacobian(same, x)}
        tiny = Comparison(
            "Value and Jacobian of x1 x2 + sin x1, in the client's process",
            compare_single_calls(calls, effort.single_calls),
            ENGINE,
            "f and J",
        )
    imports = _imports(3 if effort.quick else 9)
    targets = [
        Target("tiny value and Jacobian, p50: embedded", 80.0, tiny.timing(EMBEDDED).median * 1e6, "us"),
        Target("Client imported from wengert_client, beyond grpcio and numpy", 0.15, imports.timing(OURS).median, "s"),
    ]
    return [tiny, imports], targets


def _imports(processes: int) -> Comparison:
    """Seconds in fresh processes, one after another."""
    found = [_import() for _ in range(processes)]
    timings = [Timing(name, 1, tuple(each[at] for each in found)) for at, name in enumerate((LIBRARIES, OURS))]
    return Comparison("Importing, in a fresh process", timings, LIBRARIES)


def _import() -> tuple[float, float]:
    path = os.pathsep.join(each for each in sys.path if each)
    command = [sys.executable, "-c", _IMPORT]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})
    before, after = done.stdout.split()
    return float(before), float(after)


@contextmanager
def _no_server_named() -> Iterator[None]:
    named = os.environ.pop("WENGERT_TARGET", None)
    try:
        yield
    finally:
        if named is not None:
            os.environ["WENGERT_TARGET"] = named

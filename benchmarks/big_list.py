"""A scalar list of a million statements, through the server: sent, checked, evaluated, differentiated."""

from __future__ import annotations

import grpc
import numpy as np

from benchmarks.bare_server import ANY_SIZE
from benchmarks.irregular import INPUTS, WINDOW, irregular_list, point
from benchmarks.measure import Effort, Stages, Timing, compare
from benchmarks.processes import Served, our_server
from benchmarks.results import Chapter, Comparison, Table, Target
from wengert.v1 import RegisterRequest, WengertList
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_client import Client, Function

_MIB = 2.0**20


def big_list(effort: Effort) -> Chapter:
    """Measure a list of 10^6 statements."""
    statements = 10_000 if effort.quick else 1_000_000
    stages = Stages()
    with stages.stage("message made from arrays"):
        message = irregular_list(statements)
    x = point()
    with our_server() as served, Client(served.address, deadline_s=600) as client:
        _answer_once(client, x)
        memory = {"idle": _memory(served)}
        _register(served, message, stages)
        memory["registered"] = _memory(served)
        function = client.function(message)
        function.info  # noqa: B018  asks the server, which holds it by now
        calls = _calls(function, x, stages, memory, served, effort)
    gradient = stages.seconds["gradient, first call"] - calls.timing("f and gradient").median
    times = [
        Target(f"{statements} statements registered: encoded, sent, decoded, checked", 4.0, _registration(stages), "s"),
        Target("evaluated", 20.0, calls.timing("f").median * 1e3, "ms"),
        Target("gradient list built (its first call less a later one)", 4.0, gradient, "s"),
    ]
    text = (
        f"A random scalar list of {statements} statements with {INPUTS} inputs and one output; arguments are among "
        f"the {WINDOW} variables before. Times are those of the caller: the way to the server and back is in them."
    )
    tables = (_stage_table(stages), _memory_table(memory))
    return Chapter("big-list", "A list of a million statements", text, times, (calls,), tables)


def _answer_once(client: Client, x: np.ndarray) -> None:
    """Let the server load what it loads at its first answer; it is no part of what is measured."""
    function = client.function(irregular_list(1000))
    function.value(x)
    function.gradient(x)


def _register(served: Served, message: WengertList, stages: Stages) -> None:
    """Encode, send, let it be checked."""
    with grpc.insecure_channel(served.address, options=ANY_SIZE) as channel:
        stub = DifferentiationServiceStub(channel)
        request = RegisterRequest()
        request.function.list.CopyFrom(message)
        with stages.stage("encoded alone"):
            request.SerializeToString()
        with stages.stage("registered: encoded, sent, decoded, checked"):
            stub.Register(request)


def _registration(stages: Stages) -> float:
    return stages.seconds["registered: encoded, sent, decoded, checked"]


def _calls(
    function: Function, x: np.ndarray, stages: Stages, memory: dict[str, str], served: Served, effort: Effort
) -> Comparison:
    """First and later calls."""
    with stages.stage("f, first call"):
        function.value(x)
    memory["evaluated"] = _memory(served)
    with stages.stage("gradient, first call"):
        report = function.value_and_gradient(x).report
    memory["differentiated"] = _memory(served)
    timings = compare(
        {"f": lambda: function.value(x), "f and gradient": lambda: function.value_and_gradient(x)}, effort
    )
    in_engine = tuple(function.value_and_gradient(x).report.seconds for _ in range(3 if effort.quick else 10))
    timings = (*timings, Timing("f and gradient, in the engine", 1, in_engine))
    facts = {"operations of f": report.primal_operations, "operations of f and gradient": report.operations}
    return Comparison("Later calls", timings, "f", "f and gradient", facts)


def _memory(served: Served) -> str:
    peak, resident = served.peak_bytes(), served.resident_bytes()
    return "not told here" if peak is None or resident is None else f"{peak / _MIB:.0f} | {resident / _MIB:.0f}"


def _stage_table(stages: Stages) -> Table:
    rows = [[name, f"{seconds:.3f}"] for name, seconds in stages.seconds.items()]
    return Table("Once", ["", "seconds"], rows)


def _memory_table(memory: dict[str, str]) -> Table:
    rows = [[name, *told.split(" | ")] for name, told in memory.items()]
    note = "Peak is the most that was ever resident in the server's process (VmHWM)."
    return Table("Memory of the server's process", ["after it was", "peak, MiB", "resident, MiB"], rows, note)

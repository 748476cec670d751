"""Large calls over the cores, in process, and small calls beside large ones, through the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np

from adengine import Engine
from benchmarks.checking import check
from benchmarks.irregular import irregular_list, point
from benchmarks.markdown import number_text, seconds_text
from benchmarks.measure import Call, Effort, Timing, compare
from benchmarks.peers.ours import on_vm, received
from benchmarks.processes import our_server
from benchmarks.results import Chapter, Comparison, Table, Target
from examples import functions
from wengert.v1 import JacobianRequest, Mode
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import write_tensor
from wengert_client import ListBuilder

ONE, TWO = "1 thread", "2 threads"
IDLE, BESIDE = "alone", "beside two large calls"
_WAIT_MS = 50.0
_SMALL_THREADS = 2


def threads(effort: Effort) -> Chapter:
    """Measure what threads gain, and what they cost others."""
    wide = [_wide_jacobian(effort), _many_tangents(effort)]
    beside = _beside(effort)
    longest_ms = max(beside.timing(BESIDE).seconds) * 1e3
    target = Target("longest wait of a tiny call beside two large ones", _WAIT_MS, longest_ms, "ms")
    text = (
        "A large call is cut into pieces of some milliseconds, which run on the threads of a pool; calls take turns "
        "there, piece by piece. First, one call in process, on engines of one thread and of two: the same answers bit "
        "for bit. Then a value and Jacobian of x1 x2 through the server, one call after the other, alone and while two "
        "calls that take seconds run on two threads. Many points are in the chapter on many points."
    )
    tables = [_gains(wide), _waits(beside)]
    return Chapter("threads", "Threads, and fairness", text, [target], [*wide, beside], tables)


def _wide_jacobian(effort: Effort) -> Comparison:
    """A dense Jacobian at one point: directions over the threads."""
    problem = functions.brusselator_scalars(4 if effort.quick else 32)
    function, x = received(problem.builder.build()), problem.point

    def jacobian(engine: Engine) -> Call:
        return lambda: engine.jacobian(function, x)[:2]

    return _compared(f"{problem.name}, dense Jacobian", jacobian(on_vm(threads=1)), jacobian(on_vm(threads=2)), effort)


def _many_tangents(effort: Effort) -> Comparison:
    """Many directions at one point."""
    statements, directions = (1_000, 64) if effort.quick else (10_000, 4_000)
    function, x = received(irregular_list(statements)), point()
    u = np.random.default_rng(0).normal(size=(directions, function.n))

    def tangents(engine: Engine) -> Call:
        return lambda: engine.jvp(function, x, u)[:2]

    title = f"irregular list, {statements} statements, {directions} tangents"
    return _compared(title, tangents(on_vm(threads=1)), tangents(on_vm(threads=2)), effort)


def _compared(title: str, one: Call, two: Call, effort: Effort) -> Comparison:
    check(two(), one(), 0.0, f"{title}: {TWO}")  # type: ignore[arg-type]  # both give arrays
    return Comparison(title, compare({ONE: one, TWO: two}, effort), ONE, "f and derivatives")


def _gains(comparisons: list[Comparison]) -> Table:
    rows = [
        [each.title, *(seconds_text(t.median) for t in each.timings), number_text(each.ratio(ONE, TWO))]
        for each in comparisons
    ]
    return Table("One large call over the threads", ["median", ONE, TWO, "times as fast"], rows)


def _beside(effort: Effort) -> Comparison:
    """Tiny calls through the server, one by one."""
    environment = {"WENGERT_THREADS": str(_SMALL_THREADS), "WENGERT_GRACE_S": "0"}
    with our_server(environment) as served, grpc.insecure_channel(served.address) as channel:
        stub = DifferentiationServiceStub(channel)
        tiny = _request(_product(), np.array([3.0, 4.0]))
        alone = _waited(stub, tiny, effort)
        with _large_calls(served.address, effort):
            beside = _waited(stub, tiny, effort)
    timings = (Timing(IDLE, 1, alone), Timing(BESIDE, 1, beside))
    return Comparison("a tiny call through the server", timings, IDLE, "f and J")


def _waited(stub: DifferentiationServiceStub, request: JacobianRequest, effort: Effort) -> tuple[float, ...]:
    seconds = []
    for _ in range(effort.single_calls):
        started = time.perf_counter()
        stub.Jacobian(request)
        seconds.append(time.perf_counter() - started)
    return tuple(seconds[effort.single_calls // 20 :])


@contextmanager
def _large_calls(address: str, effort: Effort) -> Iterator[None]:
    """Keep two large calls running."""
    n, depth = (300, 300) if effort.quick else (1500, 5000)
    request = _request(_sines(n, depth), np.full(n, 0.5))
    # With one output, the engine would need a single sweep.
    request.mode = Mode.MODE_FORWARD
    with grpc.insecure_channel(address) as channel:
        calls = [DifferentiationServiceStub(channel).Jacobian.future(request) for _ in range(2)]
        yield
        if not effort.quick and any(call.done() for call in calls):
            raise RuntimeError("a large call ended before the tiny ones did: they were not beside it all the while")
        for call in calls:
            call.cancel()


def _product() -> ListBuilder:
    builder = ListBuilder()
    x1, x2 = builder.inputs("x1", "x2")
    builder.output("f", x1 * x2)
    return builder


def _sines(n: int, depth: int) -> ListBuilder:
    """The sum of sines of sines: n sweeps over so many vectors of n."""
    builder = ListBuilder()
    w: Any = builder.input("x", n)
    for _ in range(depth):
        w = np.sin(w)
    builder.output("f", np.sum(w))
    return builder


def _request(builder: ListBuilder, x: np.ndarray) -> JacobianRequest:
    request = JacobianRequest()
    request.function.list.CopyFrom(builder.build())
    write_tensor(request.points, x)
    return request


def _waits(beside: Comparison) -> Table:
    percents = (50, 90, 99, 100)
    rows = [
        [each.name, *(f"{np.percentile(each.seconds, percent) * 1e3:.2f}" for percent in percents)]
        for each in beside.timings
    ]
    return Table("A tiny call through the server: milliseconds", ["", "p50", "p90", "p99", "longest"], rows)

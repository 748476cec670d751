"""Through the server, processes apart: tiny calls, a large Jacobian, many points; beside gRPC without content."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from benchmarks.bare_server import ANY_SIZE, PATH
from benchmarks.embedded import embedded
from benchmarks.measure import Effort, Timing, compare, compare_single_calls
from benchmarks.others import beside_others, others
from benchmarks.processes import bare_server, our_server
from benchmarks.results import Chapter, Comparison, Table, Target
from benchmarks.throughput import throughput
from benchmarks.waiting import waiting
from wengert.v1 import JacobianRequest, RegisterRequest
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import write_tensor
from wengert_client import Client, Function, ListBuilder

BARE = "bare grpcio, the same bytes"
STUB = "generated stub"
CLIENT = "wengert_client"
ENGINE = "of it in the engine"


def service(effort: Effort) -> Chapter:
    """Measure through the server."""
    with our_server() as served, Client(served.address) as client:
        tiny = _beside_bare(client, _tiny(), np.array([2.0, 5.0]), "Value and Jacobian of x1 x2 + sin x1", effort)
        n = 50 if effort.quick else 1000
        dense = _beside_bare(
            client, elementwise_by_sum(n), np.linspace(0.0, 1.0, n), f"{n} x {n} dense Jacobian", effort
        )
        points = _many_points(client, 1_000 if effort.quick else 100_000, effort)
        beside, waits_aimed_at, waits = waiting(served.address, effort)
        services = _beside_others(client, n, effort)
    own, embedded_aimed_at = embedded(_tiny(), effort)
    per_second = points.facts["points"] / points.timing(CLIENT).median
    targets = [
        Target("tiny value and Jacobian, p50: generated stub / bare grpcio", 1.4, tiny.ratio(STUB, BARE), "x"),
        Target("tiny value and Jacobian, p50: wengert_client / bare grpcio", 1.6, tiny.ratio(CLIENT, BARE), "x"),
        Target(f"{n} x {n} dense Jacobian: wengert_client / bare transfer", 2.0, dense.ratio(CLIENT, BARE), "x"),
        Target("points of x1 x2 + sin x1 with gradients, in one call", 1.0, per_second / 1e6, "M points/s", False),
        *waits_aimed_at,
        *embedded_aimed_at,
    ]
    text = (
        "Client and servers are processes of their own on one machine, over the loopback interface. The bare server "
        "is a synchronous grpcio server on a thread pool that answers every request with the same bytes, as many as "
        "ours; it is called with requests of the same bytes, without serializers. The generated stub sends a request "
        "made before and parses the reply; the client makes the request from a NumPy array and gives NumPy arrays. "
        "Tiny calls are timed one by one, in turns; medians are p50. Embedded, the client's process computes itself."
    )
    if services:
        text += _OTHERS
    comparisons = (tiny, dense, points, beside, *own, *services)
    return Chapter(
        "service", "Through the server", text, targets, comparisons, (_latencies(tiny), waits, throughput(effort))
    )


_OTHERS = (
    " The other services have the same functions and their derivatives written in them, with NumPy, and are called by "
    "their own clients. Both take one request for the value and one for the derivative. UM-Bridge has no Jacobian: "
    "there it is one more output of the model, which takes less than a thousand products."
)


def _beside_others(client: Client, n: int, effort: Effort) -> list[Comparison]:
    """Ask for the tiny and the dense Jacobian here and in the services that are installed."""
    with others(n) as services:
        tiny, dense = client.function(_tiny()), client.function(elementwise_by_sum(n))
        asked = (
            ("Value and Jacobian of x1 x2 + sin x1, other services", "tiny", tiny, np.array([2.0, 5.0])),
            (f"{n} x {n} dense Jacobian, other services", "dense", dense, np.linspace(0.0, 1.0, n)),
        )
        found = [
            beside_others(title, what, (CLIENT, partial(_both, function, x)), services, effort)
            for title, what, function, x in asked
        ]
    return [each for each in found if each is not None]


def _both(function: Function, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    answer = function.value_and_jacobian(x)
    return answer.value, answer.derivative


def _tiny() -> ListBuilder:
    builder = ListBuilder()
    x1, x2 = builder.inputs("x1", "x2")
    builder.output("f", x1 * x2 + np.sin(x1))
    return builder


def elementwise_by_sum(n: int) -> ListBuilder:
    """x_i times the sum of x: a dense Jacobian that costs next to nothing."""
    builder = ListBuilder()
    x = builder.input("x", n)
    builder.output("f", x * np.sum(x))
    return builder


def _beside_bare(
    client: Client, builder: ListBuilder, x: NDArray[np.float64], title: str, effort: Effort
) -> Comparison:
    """Value and Jacobian at one point: bare, by the stub, by the client."""
    function = client.function(builder)
    with grpc.insecure_channel(client.target, options=ANY_SIZE) as channel:
        stub = DifferentiationServiceStub(channel)
        register = RegisterRequest()
        register.function.list.CopyFrom(builder.build())
        request = JacobianRequest()
        request.function.id = stub.Register(register).info.id
        write_tensor(request.points, x)
        reply = stub.Jacobian(request).SerializeToString()
        sent = request.SerializeToString()
        with bare_server(reply) as bare, grpc.insecure_channel(bare.address, options=ANY_SIZE) as bare_channel:
            echo = bare_call(bare_channel, sent)
            calls = {
                BARE: echo,
                STUB: lambda: stub.Jacobian(request),
                CLIENT: lambda: function.value_and_jacobian(x),
            }
            tiny = len(reply) < 2**16
            timings = compare_single_calls(calls, effort.single_calls) if tiny else compare(calls, effort)
    seconds = _engine_seconds(function, x)
    facts = {"request bytes": len(sent), "reply bytes": len(reply), "p90": _percentiles(timings, 90)}
    return Comparison(title, (*timings, Timing(ENGINE, 1, seconds)), BARE, "f and J", facts)


def bare_call(channel: grpc.Channel, request: bytes) -> Callable[[], bytes]:
    """Call a bare server with the same bytes, time and again."""
    # Registered, as generated stubs are: it saves the same time on both sides.
    unary: Any = channel.unary_unary
    call = unary(PATH, _registered_method=True)

    def reply() -> bytes:
        received: bytes = call(request)
        return received

    return reply


def _engine_seconds(function: Function, x: NDArray[np.float64]) -> tuple[float, ...]:
    """What reports say that the engine took."""
    return tuple(function.value_and_jacobian(x).report.seconds for _ in range(50))


def _many_points(client: Client, points: int, effort: Effort) -> Comparison:
    """Values and gradients at many points in one call, beside the bare transfer of the same bytes."""
    function = client.function(_tiny())
    x = np.random.default_rng(0).normal(size=(points, 2))
    request, reply = bytes(x.nbytes), bytes(points * 3 * 8)
    with bare_server(reply) as bare, grpc.insecure_channel(bare.address, options=ANY_SIZE) as channel:
        calls = {BARE: bare_call(channel, request), CLIENT: lambda: function.value_and_gradient(x)}
        timings = compare(calls, effort)
    seconds = _engine_seconds(function, x)
    title = f"{points} points of x1 x2 + sin x1 with gradients, in one call"
    return Comparison(title, (*timings, Timing(ENGINE, 1, seconds)), BARE, "f and gradient", {"points": points})


def _percentiles(timings: tuple[Timing, ...], percent: int) -> dict[str, float]:
    return {each.name: float(np.percentile(each.seconds, percent)) for each in timings}


def _latencies(tiny: Comparison) -> Table:
    """Percentiles of the tiny call."""
    percents = (10, 50, 90, 99)
    rows = [
        [each.name, *(f"{np.percentile(each.seconds, percent) * 1e6:.0f}" for percent in percents)]
        for each in tiny.timings
        if each.name != ENGINE
    ]
    return Table("Tiny value and Jacobian: microseconds a call", ["", *(f"p{each}" for each in percents)], rows)

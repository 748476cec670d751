"""Many calls over one stream, and a matrix in blocks, beside calls by themselves."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable

import grpc
import numpy as np

from benchmarks.bare_server import ANY_SIZE
from benchmarks.checking import check
from benchmarks.measure import Call, Effort, Timing, compare, compare_single_calls
from benchmarks.processes import bare_server, our_server
from benchmarks.results import Chapter, Comparison, Target
from benchmarks.service import bare_call, elementwise_by_sum
from examples import functions
from wengert.v1 import JacobianRequest, SessionRequest
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import write_tensor
from wengert_client import Client, Function, SessionFunction

STUB, STUB_SESSION, STUB_MANY = "generated stub", "generated stub, session", "generated stub, session, many under way"
CLIENT, SESSION, MANY = "wengert_client", "wengert_client, session", "wengert_client, session, many under way"
BARE, WHOLE, BLOCKS = "bare grpcio, as many bytes", "one answer", "in blocks"
_UNDER_WAY = 64
_X = np.array([2.0, 5.0])


def streaming(effort: Effort) -> Chapter:
    """Measure sessions and blocks through a server."""
    with our_server() as server, Client(server.address) as client:
        tiny, many = _sessions(client, effort)
        n = 50 if effort.quick else 1000
        dense = _blocks(client, n, effort)
    targets = [
        Target("tiny value and Jacobian: session / call by itself, stub", 0.6, tiny.ratio(STUB_SESSION, STUB), "x"),
        Target("tiny value and Jacobian: session / call by itself, client", 0.6, tiny.ratio(SESSION, CLIENT), "x"),
        Target("calls/s: many under way / calls by themselves, stub", 2.5, many.ratio(STUB, STUB_MANY), "x", False),
        Target("calls/s: many under way / calls by themselves, client", 2.5, many.ratio(CLIENT, MANY), "x", False),
        Target(f"{n} x {n} dense Jacobian: in blocks / bare transfer", 1.2, dense.ratio(BLOCKS, BARE), "x"),
    ]
    text = (
        "Client and server are processes of their own on one machine, over the loopback interface. Tiny calls are "
        "timed one by one, in turns. Where many are under way, all 64 are sent before the first answer is waited for, "
        "beside 64 calls one after the other; the times are for one call. Messages of the stub are made before."
    )
    return Chapter("streaming", "Sessions and blocks", text, targets, (tiny, many, dense))


def _sessions(client: Client, effort: Effort) -> tuple[Comparison, Comparison]:
    function = client.function(functions.product_plus_sine().builder)
    with client.session(in_flight=_UNDER_WAY) as session, grpc.insecure_channel(client.target) as channel:
        over = session.function(function)
        stub = _Stub(channel, function)
        check((over.jacobian(_X),), (function.jacobian(_X),), 0.0, "the Jacobian over a session")
        one: dict[str, Call] = {
            STUB: stub.alone,
            STUB_SESSION: stub.over_session,
            CLIENT: lambda: function.value_and_jacobian(_X),
            SESSION: lambda: over.value_and_jacobian(_X),
        }
        timings = compare_single_calls(one, effort.single_calls)
        calls: dict[str, Call] = {
            STUB: _times(stub.alone),
            STUB_MANY: stub.many,
            CLIENT: _times(one[CLIENT]),
            MANY: lambda: _many(over),
        }
        together = compare(calls, effort)
        stub.end()
    title = "Value and Jacobian of x1 x2 + sin x1"
    each = [Timing(t.name, t.calls * _UNDER_WAY, tuple(s / _UNDER_WAY for s in t.seconds)) for t in together]
    return (
        Comparison(f"{title}, one by one", timings, CLIENT, "f and J"),
        Comparison(f"{title}, 64 calls", each, CLIENT, "f and J"),
    )


def _times(call: Call) -> Call:
    def again() -> None:
        for _ in range(_UNDER_WAY):
            call()

    return again


def _many(function: SessionFunction) -> None:
    for future in [function.submit("value_and_jacobian", _X) for _ in range(_UNDER_WAY)]:
        future.result()


class _Stub:
    """The tiny call by a generated stub, with a session that stays open."""

    def __init__(self, channel: grpc.Channel, function: Function) -> None:
        stub = DifferentiationServiceStub(channel)
        self._request = JacobianRequest()
        self._request.function.id = function.id
        write_tensor(self._request.points, _X)
        self._in_session = SessionRequest(call=1, jacobian=self._request)
        self._call = stub.Jacobian
        self._requests: queue.SimpleQueue[SessionRequest | None] = queue.SimpleQueue()
        self._answers = iter(stub.Session(iter(self._requests.get, None)))

    def alone(self) -> object:
        return self._call(self._request)

    def over_session(self) -> object:
        self._requests.put(self._in_session)
        return next(self._answers)

    def many(self) -> object:
        for _ in range(_UNDER_WAY):
            self._requests.put(self._in_session)
        return list(itertools.islice(self._answers, _UNDER_WAY))

    def end(self) -> None:
        self._requests.put(None)


def _blocks(client: Client, n: int, effort: Effort) -> Comparison:
    function, x = client.function(elementwise_by_sum(n)), np.linspace(0.0, 1.0, n)
    check((function.jacobian(x, stream=True),), (function.jacobian(x),), 0.0, "the Jacobian in blocks")
    reply = bytes(8 * (n * n + n))
    with bare_server(reply) as bare, grpc.insecure_channel(bare.address, options=ANY_SIZE) as channel:
        calls: dict[str, Callable[[], object]] = {
            BARE: bare_call(channel, bytes(x.nbytes)),
            WHOLE: lambda: function.value_and_jacobian(x, stream=False),
            BLOCKS: lambda: function.value_and_jacobian(x, stream=True),
        }
        timings = compare(calls, effort)
    return Comparison(f"{n} x {n} dense Jacobian", timings, BARE, "f and J", {"reply bytes": len(reply)})

"""Many calls over one stream, and a matrix in blocks, beside calls by themselves."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from benchmarks.bare_server import ANY_SIZE, BLOCKS_PATH, SESSION_PATH, SIZE_BYTES
from benchmarks.checking import check
from benchmarks.measure import Call, Effort, Timing, compare
from benchmarks.processes import bare_server, our_server
from benchmarks.results import Chapter, Comparison, Target
from benchmarks.service import bare_call, elementwise_by_sum
from examples import functions
from wengert.v1 import JacobianRequest, SessionRequest
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import write_tensor
from wengert_client import Client, Function, SessionFunction

BARE, BARE_SESSION, BARE_MANY = "bare grpcio", "bare grpcio, session", "bare grpcio, session, many under way"
STUB, STUB_SESSION, STUB_MANY = "generated stub", "generated stub, session", "generated stub, session, many under way"
CLIENT, SESSION, MANY = "wengert_client", "wengert_client, session", "wengert_client, session, many under way"
WHOLE_BARE, BLOCKS_BARE = "bare grpcio, as many bytes", "bare grpcio, in blocks"
WHOLE, BLOCKS = "one answer", "in blocks"
_UNDER_WAY = 64
_BLOCK_BYTES = 1 << 20
# Callers that iterate ask again and again: a turn is many calls, so that the threads of a session do not sleep before
# each of them.
_TURNS = 5
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
        Target(f"{n} x {n} dense Jacobian: in blocks / bare transfer", 1.2, dense.ratio(BLOCKS, WHOLE_BARE), "x"),
    ]
    text = (
        "Client and servers are processes of their own on one machine, over the loopback interface. The bare server "
        "answers the same bytes, read and computed by nobody: what grpcio takes, and what a session and blocks can "
        "save at most. One by one, each call is answered before the next one is made; contenders take turns of 20 ms. "
        "Where many are under way, all 64 are sent before the first answer is waited for, beside 64 calls one after "
        "the other; the times are for one call. Messages of the stub are made before. Blocks have 1 MiB; bare ones are "
        "copied into one array."
    )
    return Chapter("streaming", "Sessions and blocks", text, targets, (tiny, many, dense))


def _sessions(client: Client, effort: Effort) -> tuple[Comparison, Comparison]:
    function = client.function(functions.product_plus_sine().builder)
    with ExitStack() as opened:
        over = opened.enter_context(client.session(in_flight=_UNDER_WAY)).function(function)
        check((over.jacobian(_X),), (function.jacobian(_X),), 0.0, "the Jacobian over a session")
        stub, call = _by_stub(opened, client, function)
        bare, bare_one = _bare(opened, stub)
        alone: dict[str, Call] = {BARE: bare_one, STUB: call, CLIENT: lambda: function.value_and_jacobian(_X)}
        sessions: dict[str, Call] = {
            BARE_SESSION: bare.one,
            STUB_SESSION: stub.one,
            SESSION: lambda: over.value_and_jacobian(_X),
        }
        long = replace(effort, turn_s=_TURNS * effort.turn_s, comparison_s=_TURNS * effort.comparison_s)
        timings = compare({**alone, **sessions}, long)
        many: dict[str, Call] = {BARE_MANY: bare.many, STUB_MANY: stub.many, MANY: lambda: _many(over)}
        together = compare({name: _times(each) for name, each in alone.items()} | many, long)
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


class _Session:
    """A session that stays open, over which one message is sent again and again."""

    def __init__(self, opened: ExitStack, session: Callable[[Iterator[Any]], Iterator[Any]], message: Any) -> None:
        self.message = message
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._answers = session(iter(self._requests.get, None))
        opened.callback(self._requests.put, None)

    def one(self) -> Any:
        self._requests.put(self.message)
        return next(self._answers)

    def many(self) -> object:
        for _ in range(_UNDER_WAY):
            self._requests.put(self.message)
        return list(itertools.islice(self._answers, _UNDER_WAY))


def _by_stub(opened: ExitStack, client: Client, function: Function) -> tuple[_Session, Call]:
    """The tiny call by a generated stub: over a session, and by itself."""
    stub = DifferentiationServiceStub(opened.enter_context(grpc.insecure_channel(client.target)))
    request = JacobianRequest()
    request.function.id = function.id
    write_tensor(request.points, _X)
    return _Session(opened, stub.Session, SessionRequest(call=1, jacobian=request)), lambda: stub.Jacobian(request)


def _bare(opened: ExitStack, stub: _Session) -> tuple[_Session, Call]:
    """As many bytes as the stub sends and gets, over a bare session, and by themselves."""
    server = opened.enter_context(bare_server(stub.one().SerializeToString()))
    channel = opened.enter_context(grpc.insecure_channel(server.address))
    request = stub.message.SerializeToString()
    # Registered, as those of generated stubs are.
    stream: Any = channel.stream_stream
    return _Session(opened, stream(SESSION_PATH, _registered_method=True), request), bare_call(channel, request)


def _blocks(client: Client, n: int, effort: Effort) -> Comparison:
    function, x = client.function(elementwise_by_sum(n)), np.linspace(0.0, 1.0, n)
    check((function.jacobian(x, stream=True),), (function.jacobian(x),), 0.0, "the Jacobian in blocks")
    reply = bytes(8 * (n * n + n))
    with bare_server(reply) as bare, grpc.insecure_channel(bare.address, options=ANY_SIZE) as channel:
        calls: dict[str, Callable[[], object]] = {
            WHOLE_BARE: bare_call(channel, bytes(x.nbytes)),
            BLOCKS_BARE: _bare_blocks(channel, len(reply)),
            WHOLE: lambda: function.value_and_jacobian(x, stream=False),
            BLOCKS: lambda: function.value_and_jacobian(x, stream=True),
        }
        timings = compare(calls, effort)
    facts = {"reply bytes": len(reply)}
    return Comparison(f"{n} x {n} dense Jacobian", timings, WHOLE_BARE, "f and J", facts)


def _bare_blocks(channel: grpc.Channel, size: int) -> Callable[[], NDArray[np.uint8]]:
    """A reply in blocks, put together in one array."""
    unary: Any = channel.unary_stream
    call = unary(BLOCKS_PATH, _registered_method=True)
    request = _BLOCK_BYTES.to_bytes(SIZE_BYTES, "little")

    def reply() -> NDArray[np.uint8]:
        whole, first = np.empty(size, np.uint8), 0
        for block in call(request):
            whole[first : first + len(block)] = np.frombuffer(block, np.uint8)
            first += len(block)
        return whole

    return reply

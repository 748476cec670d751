"""Servers whose sessions are answered as a test tells, and clients of them."""

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
import numpy as np

from wengert import v1
from wengert.v1.tensors import read_tensor, write_tensor
from wengert_client import Client, Function, ListBuilder

X = np.array([0.3, -1.2, 2.5])


class Peer(NamedTuple):
    """A client that opened a session: its requests, its context, and how many sessions there were before."""

    requests: Iterator[v1.SessionRequest]
    context: grpc.ServicerContext
    before: int


Answers = Callable[[Peer], Iterator[v1.SessionResponse]]


def answer(request: v1.SessionRequest) -> v1.SessionResponse:
    """The sum of x."""
    response = v1.SessionResponse(call=request.call)
    write_tensor(response.evaluate.values, read_tensor(request.evaluate.points).sum(keepdims=True))
    return response


@contextmanager
def serving(answers: Answers, max_attempts: int | None = None) -> Iterator[tuple[Client, Function]]:
    """A client of a server whose sessions are answered as told: requests, context, how many sessions before."""
    opened = 0

    def session(requests: Iterator[v1.SessionRequest], context: grpc.ServicerContext) -> Iterator[v1.SessionResponse]:
        nonlocal opened
        opened += 1
        return answers(Peer(requests, context, opened - 1))

    class Handler(grpc.GenericRpcHandler):
        def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
            if handler_call_details.method.endswith("/Register"):
                return grpc.unary_unary_rpc_method_handler(
                    lambda *_: v1.RegisterResponse(info=v1.FunctionInfo(id="0" * 64, n=3, m=1)),
                    response_serializer=v1.RegisterResponse.SerializeToString,
                )
            return grpc.stream_stream_rpc_method_handler(
                session,
                request_deserializer=v1.SessionRequest.FromString,
                response_serializer=v1.SessionResponse.SerializeToString,
            )

    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[Handler()])
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    try:
        with Client(address, deadline_s=30, max_attempts=max_attempts) as client:
            yield client, client.function(b)
    finally:
        server.stop(None).wait()


def hanging(begun: threading.Event, ended: threading.Event) -> Answers:
    """Answer nothing; tell when a call has come, and when its session is over."""

    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        if not peer.context.add_callback(ended.set):
            ended.set()  # Cancelled before it was begun here.
        for _ in peer.requests:
            begun.set()
            ended.wait(30)
        yield from ()

    return answers

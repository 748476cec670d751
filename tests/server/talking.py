"""Talk to a server over a session, as any client could."""

from __future__ import annotations

import os
import queue
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest

from tests.server.asking import DEADLINE_S, product
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

if TYPE_CHECKING:
    from tests.serving import RunningServer

PRODUCT = v1.FunctionSource(list=product())


class Session:
    """A session as a client sees it: send, receive, end."""

    def __init__(self, channel: grpc.Channel, timeout: float = DEADLINE_S) -> None:
        self._requests: queue.SimpleQueue[v1.SessionRequest | None] = queue.SimpleQueue()
        self.call: Any = DifferentiationServiceStub(channel).Session(iter(self._requests.get, None), timeout=timeout)

    def send(self, request: v1.SessionRequest) -> None:
        self._requests.put(request)

    def receive(self) -> v1.SessionResponse:
        return cast("v1.SessionResponse", next(self.call))

    def ask(self, request: v1.SessionRequest) -> v1.SessionResponse:
        self.send(request)
        return self.receive()

    def stop(self) -> None:
        """Send no more."""
        self._requests.put(None)

    def end(self) -> list[v1.SessionResponse]:
        """Send no more, and give what still comes."""
        self.stop()
        return list(self.call)

    def refused(self) -> grpc.Call:
        with pytest.raises(grpc.RpcError) as caught:
            self.receive()
        self.stop()
        return cast("grpc.Call", caught.value)


def jacobian(call: int, *x: float) -> v1.SessionRequest:
    return v1.SessionRequest(call=call, jacobian=v1.JacobianRequest(function=PRODUCT, points=tensor(x)))


def derivatives(response: v1.SessionResponse) -> list[float]:
    return list(response.jacobian.dense.values)


def opened(channel: grpc.Channel) -> Session:
    session = Session(channel)
    assert derivatives(session.ask(jacobian(1, 3.0, 4.0))) == [4.0, 3.0]
    return session


def opened_soon(channel: grpc.Channel) -> Session:
    """A session, as soon as there is room for one."""
    ends = time.monotonic() + DEADLINE_S
    while True:
        session = Session(channel)
        session.send(jacobian(1, 3.0, 4.0))
        try:
            assert derivatives(session.receive()) == [4.0, 3.0]
        except grpc.RpcError:
            assert time.monotonic() < ends
            session.stop()
        else:
            return session


def until_it_computes(server: RunningServer) -> None:
    """Wait until the server has used 0.1 s of a processor since this was called."""

    def ticks() -> int:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    ends, before = time.monotonic() + DEADLINE_S, ticks()
    while ticks() < before + 0.1 * os.sysconf("SC_CLK_TCK"):
        assert time.monotonic() < ends
        time.sleep(0.01)

"""Callers that are gone without a word: what they held is free again, and other callers notice nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest

from tests.server.asking import DEADLINE_S, long_call
from tests.server.proxy import proxy
from tests.server.talking import derivatives, jacobian, opened_soon, until_it_computes
from tests.serving import running_server
from tests.wire_lists import ListWriter
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import write_tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.server.proxy import Proxy
    from tests.serving import RunningServer

MiB = 1 << 20
# One session and one stream have room: another one is let in only when the one before is over.
ROOM = "--max-sessions", "1", "--streams", "1", "--threads", "1", "--max-call-elements", str(2**45)
SOON = "--keepalive-s", "0.3", "--keepalive-timeout-s", "1.5"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server(*ROOM, *SOON) as server:
        yield server


@pytest.fixture
def way(server: RunningServer) -> Iterator[Proxy]:
    with proxy(server.address) as way:
        yield way


def _status(server: RunningServer, name: str) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0])


def _until(what: Callable[[], bool]) -> None:
    ends = time.monotonic() + DEADLINE_S
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.02)


def _rests(server: RunningServer) -> bool:
    """Whether its threads have nothing to do."""

    def ticks() -> int:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(0.4)
    return ticks() - before < 10


def _matrix(n: int) -> v1.StreamJacobianRequest:
    f = ListWriter()
    x = f.input("x", n)
    f.output("f", f.add("MULTIPLY", x, f.sum(x, 0)))
    request = v1.JacobianRequest(function=v1.FunctionSource(list=f.message))
    write_tensor(request.points, np.linspace(-1.0, 1.0, n))
    return v1.StreamJacobianRequest(request=request)


def _begun(channel: grpc.Channel, blocks: int) -> Iterator[v1.StreamJacobianResponse]:
    """A Jacobian of 3.2 GB of which some blocks have come."""
    stream = iter(DifferentiationServiceStub(channel).StreamJacobian(_matrix(20_000), timeout=DEADLINE_S))
    for _ in range(blocks):
        next(stream)
    return stream


@pytest.fixture(params=["fall_silent", "cut"])
def leave(request: pytest.FixtureRequest, way: Proxy) -> Callable[[], None]:
    """Lose all connections over the proxy: nothing comes any more, or they break."""
    gone: Callable[[], None] = getattr(way, request.param)
    return gone


def test_a_session_that_waits(server: RunningServer, way: Proxy, leave: Callable[[], None]) -> None:
    with grpc.insecure_channel(way.address) as lost, server.channel() as channel:
        session = opened_soon(lost)
        leave()
        other = opened_soon(channel)
        assert derivatives(other.ask(jacobian(2, 5.0, 6.0))) == [6.0, 5.0]
        other.end()
        session.stop()


def test_a_session_that_computes(server: RunningServer, way: Proxy, leave: Callable[[], None]) -> None:
    with grpc.insecure_channel(way.address) as lost, server.channel() as channel:
        session = opened_soon(lost)
        session.send(v1.SessionRequest(call=1, jacobian=long_call(depth=20_000)))
        until_it_computes(server)
        leave()
        _until(lambda: _rests(server))
        other = opened_soon(channel)
        assert derivatives(other.ask(jacobian(2, 5.0, 6.0))) == [6.0, 5.0]
        other.end()
        session.stop()
    assert "CANCELLED" in server.logged()


def test_a_stream_that_is_sent(server: RunningServer, way: Proxy, leave: Callable[[], None]) -> None:
    with grpc.insecure_channel(way.address) as lost, server.channel() as channel:
        stub = DifferentiationServiceStub(channel)
        whole = stub.Jacobian(_matrix(100).request, timeout=DEADLINE_S)
        before = _status(server, "VmRSS")
        stream = _begun(lost, 10)
        leave()
        blocks = list(stub.StreamJacobian(_matrix(100), timeout=DEADLINE_S))  # The only thread for streams is free.
        assert [entry for block in blocks for entry in block.entries] == list(whole.dense.values)
        _until(lambda: _rests(server))
        assert _status(server, "VmRSS") - before < 64 * 1024
        del stream


def test_threads_come_back(server: RunningServer) -> None:
    """Whoever came and went, in whichever way: no threads are left beside those that wait for the next ones."""
    counts = []
    for _ in range(8):
        with proxy(server.address) as way, grpc.insecure_channel(way.address) as lost, server.channel() as channel:
            session = opened_soon(lost)
            way.fall_silent()
            opened_soon(channel).end()
            session.stop()
        counts.append(_status(server, "Threads"))
    # gRPC itself has now one more and now one less; six that stayed would be ours.
    _until(lambda: _status(server, "Threads") < counts[1] + 4)


def test_who_is_there_and_says_nothing_is_kept(server: RunningServer) -> None:
    with server.channel() as channel:
        session = opened_soon(channel)
        time.sleep(2.5)  # Longer than a silent end has.
        assert derivatives(session.ask(jacobian(2, 5.0, 6.0))) == [6.0, 5.0]
        session.end()

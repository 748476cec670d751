"""A call that nobody waits for any more frees the threads that computed for it: over a real socket, in any call."""

from __future__ import annotations

import re
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

from tests.server.asking import product_at
from tests.serving import running_server
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.serving import RunningServer

    Ask = Callable[..., Any]

# Each call takes far longer than this, and every wait here ends within a small part of it where all is well.
PATIENCE_S = 30.0
BUSY_S = 0.3


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server("--threads", "2", "--max-message-bytes", "256MiB", "--max-call-elements", str(2**45)) as server:
        yield server


@pytest.fixture
def stub(server: RunningServer) -> Iterator[DifferentiationServiceStub]:
    with server.channel() as channel:
        yield DifferentiationServiceStub(channel)


def _deep(statements: int, inputs: int = 2) -> v1.FunctionSource:
    f = v1.WengertList(outputs=[v1.Output(name="f", argument=inputs + statements)])
    f.inputs.extend(v1.Input(name=f"x{i}") for i in range(inputs))
    names = ["SIN", "MULTIPLY", "ADD"]
    kinds = [getattr(v1.Primitive, f"PRIMITIVE_{name}") for name in names]
    f.primitives.extend(np.resize(kinds, statements).tolist())
    newest = np.arange(statements) + inputs
    older = np.maximum(1, newest - 1 - newest % 997)
    f.arguments.extend([a for k in range(statements) for a in ((newest[k], older[k]) if k % 3 else (newest[k],))])
    return v1.FunctionSource(list=f)


def _at_many_points(stub: DifferentiationServiceStub) -> Ask:
    points = tensor(np.full((1_000_000, 2), 0.5))
    return partial(stub.Evaluate.future, v1.EvaluateRequest(function=_deep(30_000), points=points))


def _large_jacobian(stub: DifferentiationServiceStub) -> Ask:
    request = v1.JacobianRequest(function=_deep(60_000, 2000), points=tensor(np.full((1000, 2000), 0.5)))
    request.mode = v1.Mode.MODE_FORWARD
    return partial(stub.Jacobian.future, request)


def _large_hessian(stub: DifferentiationServiceStub) -> Ask:
    request = v1.HessianRequest(function=_deep(60_000, 5000), points=tensor(np.full(5000, 0.5)))
    return partial(stub.Hessian.future, request)


def _long_list(stub: DifferentiationServiceStub) -> Ask:
    return partial(stub.Hessian.future, v1.HessianRequest(function=_deep(1_000_000), points=tensor(np.full(2, 0.5))))


def _matrices(stub: DifferentiationServiceStub) -> Ask:
    f = ListWriter()
    x = w = f.input("x", 2000, 2000)
    for _ in range(50):
        w = f.add("MATMUL", w, x)
    f.output("f", w)
    request = v1.EvaluateRequest(function=v1.FunctionSource(list=f.message), points=tensor(np.zeros(4_000_000)))
    return partial(stub.Evaluate.future, request)


ASKS = [_at_many_points, _large_jacobian, _large_hessian, _long_list, _matrices]


def _cpu_s(server: RunningServer) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _wait_until(what: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.05)


def _rests(server: RunningServer) -> bool:
    """Whether its threads have nothing to do."""
    before = _cpu_s(server)
    time.sleep(0.4)
    return _cpu_s(server) - before < 0.1


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.__name__[1:])
def test_what_is_cancelled_frees_its_threads(
    server: RunningServer, stub: DifferentiationServiceStub, ask: Callable[[DifferentiationServiceStub], Ask]
) -> None:
    call, used = ask(stub)(), _cpu_s(server)
    _wait_until(lambda: _cpu_s(server) > used + BUSY_S)
    assert not call.done()
    call.cancel()
    _wait_until(lambda: _rests(server))
    with server.channel() as channel:
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
    assert "CANCELLED" in server.logged()
    assert "Traceback" not in server.logged()


def test_a_deadline_reaches_into_what_runs(server: RunningServer, stub: DifferentiationServiceStub) -> None:
    call = _at_many_points(stub)(timeout=1.0)
    assert call.exception().code() is grpc.StatusCode.DEADLINE_EXCEEDED
    _wait_until(lambda: _rests(server))
    # Who has a deadline ends the call by itself, and may be first to.
    assert re.search("code=(DEADLINE_EXCEEDED|CANCELLED)", server.logged())


def test_a_caller_that_vanishes_is_not_computed_for(server: RunningServer) -> None:
    with server.channel() as channel:
        used = _cpu_s(server)
        call = _at_many_points(DifferentiationServiceStub(channel))()
        _wait_until(lambda: _cpu_s(server) > used + BUSY_S)
    _wait_until(lambda: _rests(server))
    assert call.done()

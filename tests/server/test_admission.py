"""Memory in flight and calls that wait: bounded for the whole server, told with reason and pause, over real sockets."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from adengine.errors import LimitExceeded
from tests.server.asking import product_at, refusal
from tests.serving import running_server
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_server.admission import CRUMB, Admission, CallAccount
from wengert_server.errors import Overloaded
from wengert_server.queueing import CallThreads, check_queue

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 60.0
MIB = 1 << 20


def _slow(statements: int = 60_000) -> v1.FunctionSource:
    f = ListWriter()
    w = f.input("x")
    for _ in range(statements):
        w = f.add("LGAMMA", w)
    f.output("f", w)
    return v1.FunctionSource(list=f.message)


def _hold(stub: DifferentiationServiceStub) -> Any:
    """Begin a call of minutes that takes a few MiB."""
    return stub.Evaluate.future(v1.EvaluateRequest(function=_slow(), points=tensor(np.full((60_000, 1), 3.0))))


def _pause_ms(error: Any) -> int:
    status = rpc_status.from_call(error)
    assert status is not None
    told = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(told) for detail in status.details)
    trailers = dict(error.trailing_metadata())
    assert int(trailers["grpc-retry-pushback-ms"]) == told.retry_delay.ToMilliseconds()
    return int(told.retry_delay.ToMilliseconds())


def _until_refused(ask: Callable[[], object]) -> Any:
    """Ask until the server has begun what it is to be busy with."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        try:
            ask()
        except grpc.RpcError as error:
            return error
    raise AssertionError("never refused")


def _until_let_in(ask: Callable[[], object]) -> None:
    """Ask until what was cancelled has ended."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            ask()
        except grpc.RpcError:
            assert time.monotonic() < ends
        else:
            return


def test_memory_in_flight() -> None:
    flags = ("--max-flight-bytes", "40MiB", "--wait-s", "0.2", "--threads", "1")
    with running_server(*flags) as server, server.channel() as channel:
        stub = DifferentiationServiceStub(channel)
        never = refusal(partial(stub.Forget, v1.ForgetRequest(id="x" * MIB)))
        assert (never.code, never.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
        assert f"the limit flight_bytes is {40 * MIB}" in never.message
        large = partial(stub.Forget, v1.ForgetRequest(id="x" * (MIB * 3 // 4)))
        large()
        held = _hold(stub)
        error = _until_refused(large)
        refused = refusal(large)
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "OVERLOADED")
        assert "flight_bytes" in refused.message
        assert _pause_ms(error) > 0
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
        held.cancel()
        _until_let_in(large)


def test_calls_that_wait() -> None:
    with running_server("--calls", "1", "--max-waiting-calls", "2") as server, server.channel() as channel:
        stub = DifferentiationServiceStub(channel)
        held = [_hold(stub) for _ in range(3)]
        ask = partial(stub.Forget, v1.ForgetRequest(id="x"), timeout=1.0)
        error = _until_refused(ask)
        while error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:  # it was let in, before one of those, to wait
            error = _until_refused(ask)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert "the limit waiting_calls" in str(error)
        assert _pause_ms(error) > 0
        for call in held:
            call.cancel()
        _until_let_in(ask)
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]


def test_what_is_taken_is_given_back() -> None:
    admission = Admission(100 * MIB, 50 * MIB, 0.0)
    with CallAccount(admission) as account:
        account.take(20 * MIB, "a")
        account.take(CRUMB - 1, "crumbs")
        account.take_beside(40 * MIB, "b")
        assert (account.taken, admission.taken) == (60 * MIB, 60 * MIB)
        with pytest.raises(LimitExceeded, match="the limit call_bytes is"):
            account.take(1 * MIB, "c")
        with pytest.raises(LimitExceeded, match="the limit flight_bytes is"):
            account.take_beside(41 * MIB, "d")
        other = CallAccount(admission)
        with pytest.raises(Overloaded, match="flight_bytes"):
            other.take(41 * MIB, "e")
        account.give_back(30 * MIB)
        other.take(41 * MIB, "e")
        other.give_back(41 * MIB)
    assert admission.taken == 0


def test_who_came_first_is_first() -> None:
    admission = Admission(10 * MIB, 10 * MIB, PATIENCE_S)
    admission.reserve(8 * MIB, "a", wait=True)
    got: list[int] = []

    def come(number: int, size: int) -> None:
        admission.reserve(size, "b", wait=True)
        got.append(number)

    threads = []
    for number, size in enumerate([9 * MIB, 1 * MIB]):
        threads.append(threading.Thread(target=come, args=(number, size)))
        threads[-1].start()
        while len(admission._line) <= number:
            time.sleep(0.001)
    assert got == []
    admission.release(8 * MIB)
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(got) == [0, 1]
    assert admission.taken == 10 * MIB


def test_threads_of_calls_refuse_what_is_too_many() -> None:
    threads, go_on = CallThreads(1, 1), threading.Event()
    waiting = [threads.submit(go_on.wait, PATIENCE_S) for _ in range(2)]
    with pytest.raises(Overloaded, match="the limit waiting_calls"):
        threads.submit(check_queue).result(PATIENCE_S)
    go_on.set()
    assert all(each.result(PATIENCE_S) for each in waiting)
    threads.submit(check_queue).result(PATIENCE_S)
    threads.shutdown()
    with pytest.raises(RuntimeError):
        threads.submit(check_queue)

"""Small calls beside large ones, over real sockets: who is answered first, and how long a small call waits."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.server.asking import DEADLINE_S, long_call, product, product_at, raw, unary
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1

if TYPE_CHECKING:
    from collections.abc import Callable

    import grpc

TINY_CALLS = 50
ATTEMPTS = 8


def _started(channel: grpc.Channel, request: v1.JacobianRequest, count: int) -> list[grpc.Future[bytes]]:
    call, data = unary(channel, "Jacobian"), request.SerializeToString()
    return [call.future(data, timeout=count * DEADLINE_S) for _ in range(count)]


@pytest.mark.parametrize("large", [2, 8])
def test_tiny_calls_are_answered_while_large_ones_run(
    large: int, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with running_server("--threads", "2", "--grace-s", "0") as server, server.channel() as channel:
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
        # Each takes seconds, so all of them run all the while.
        calls = _started(channel, long_call(depth=2500 // large), large)
        waits = []
        for k in range(TINY_CALLS):
            started = time.perf_counter()
            assert product_at(channel, 3.0, k) == [k, 3.0]
            waits.append(time.perf_counter() - started)
        assert not any(call.done() for call in calls)
        for call in calls:
            call.cancel()
    told = f"{TINY_CALLS} tiny calls beside {large} large ones: {np.median(waits) * 1e3:.1f} ms in the median"
    record_property("largest_wait_ms", max(waits) * 1e3)
    with capsys.disabled():
        sys.stdout.write(f"\n{told}, {max(waits) * 1e3:.1f} ms at most\n")


def test_with_one_handler_a_tiny_call_waits() -> None:
    """What the setting `calls` is for, and that the test above could fail."""
    flags = ("--calls", "1", "--log-format", "json", "--log-level", "debug")
    tiny = v1.EvaluateRequest(function=v1.FunctionSource(list=product()), points=tensor([3.0, 4.0]))
    with running_server(*flags) as server, server.channel() as channel:
        orders = []
        for _ in range(ATTEMPTS):  # on a busy machine the small request may come in first
            (large,) = _started(channel, long_call(n=600, depth=600), 1)
            answer = v1.EvaluateResponse.FromString(raw(channel, "Evaluate", tiny.SerializeToString()))
            assert answer.values.values == [12.0]
            large.result()
            lines = [json.loads(line) for line in server.logged().splitlines()]
            orders.append([line["rpc"] for line in lines if line["message"] == "call"][-2:])
            if orders[-1] == ["Jacobian", "Evaluate"]:
                break
        assert orders[-1] == ["Jacobian", "Evaluate"], orders


def test_large_calls_that_take_turns_are_right() -> None:
    request = long_call(n=600, depth=300)
    with running_server("--threads", "2") as server, server.channel() as channel:
        expected = v1.JacobianResponse.FromString(unary(channel, "Jacobian")(request.SerializeToString()))
        answers = [v1.JacobianResponse.FromString(call.result()) for call in _started(channel, request, 4)]
        assert [answer.dense for answer in answers] == [expected.dense] * 4

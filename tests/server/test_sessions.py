"""Session over real sockets: many calls over one stream, in order, each with an error of its own."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

from tests.server.asking import DEADLINE_S, SERVICE, long_call, product_at, read_refusal
from tests.server.talking import PRODUCT, Session, derivatives, jacobian, opened, opened_soon, until_it_computes
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.serving import RunningServer
    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_every_kind_of_call_gives_what_its_rpc_gives(stub: DifferentiationServiceStub, channel: grpc.Channel) -> None:
    x, one, u = tensor([2.0, 5.0]), tensor([1.0]), tensor([1.0, -1.0])
    at: dict[str, Any] = {"function": PRODUCT, "points": x}
    calls: list[tuple[str, Any, Any]] = [
        ("evaluate", stub.Evaluate, v1.EvaluateRequest(**at)),
        ("jvp", stub.Jvp, v1.JvpRequest(tangents=u, **at)),
        ("vjp", stub.Vjp, v1.VjpRequest(cotangents=one, **at)),
        ("jacobian", stub.Jacobian, v1.JacobianRequest(**at)),
        ("hessian", stub.Hessian, v1.HessianRequest(weights=one, **at)),
        ("hvp", stub.Hvp, v1.HvpRequest(weights=one, tangents=u, **at)),
    ]
    session = Session(channel)
    for number, (kind, rpc, request) in enumerate(calls):
        answer = session.ask(v1.SessionRequest(call=number, **{kind: request}))
        assert (answer.call, answer.WhichOneof("response"), answer.HasField("error")) == (number, kind, False)
        expected, found = rpc(request, timeout=DEADLINE_S), getattr(answer, kind)
        expected.report.seconds = found.report.seconds = 0.0
        assert found == expected
    assert session.end() == []
    assert session.call.code() is grpc.StatusCode.OK


def test_answers_come_in_order_and_errors_end_no_session(channel: grpc.Channel) -> None:
    session = Session(channel)
    for k in range(200):
        session.send(jacobian(k, 1.0 * k, 2.0) if k % 3 else jacobian(k, 1.0))
    answers = session.end()
    assert [answer.call for answer in answers] == list(range(200))
    for k, answer in enumerate(answers):
        if k % 3:
            assert derivatives(answer) == [2.0, k]
        else:
            assert (answer.error.code, answer.error.reason, answer.error.field) == (INVALID, "INVALID_POINTS", "points")
            assert answer.error.message


def test_what_no_call_is(channel: grpc.Channel) -> None:
    session = Session(channel)
    nothing = session.ask(v1.SessionRequest(call=2**64 - 1))
    assert (nothing.call, nothing.error.reason, nothing.error.field) == (2**64 - 1, "MALFORMED_REQUEST", "request")
    unknown = v1.SessionRequest(call=7, evaluate=v1.EvaluateRequest(function=v1.FunctionSource(id="0" * 64)))
    assert session.ask(unknown).error.reason == "UNKNOWN_FUNCTION"
    assert derivatives(session.ask(jacobian(8, 3.0, 4.0))) == [4.0, 3.0]
    session.end()


def test_bytes_that_are_no_message_are_answered_too(channel: grpc.Channel) -> None:
    call: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(f"/{SERVICE}/Session")
    ask = jacobian(0, 3.0, 4.0).jacobian.SerializeToString()
    head = b"\x2a" + bytes([len(ask) & 0x7F | 0x80, len(ask) >> 7])
    sent = [
        b"\xff",
        b"",
        b"\x2a\x7f",
        head + ask,  # without a number
        head + ask + b"\x08\x05",  # the number last
        b"\x08\x09" + b"\x12\x00" + head + ask,  # the last kind counts
        b"\x08\x0a" + b"\xf8\x07\x01" + head + ask,  # a field of a later version
    ]
    answers = [v1.SessionResponse.FromString(data) for data in call(iter(sent), timeout=DEADLINE_S)]
    assert [answer.error.reason for answer in answers] == ["MALFORMED_REQUEST"] * 3 + [""] * 4
    assert [answer.call for answer in answers[3:]] == [0, 5, 9, 10]
    assert [derivatives(answer) for answer in answers[3:]] == [[4.0, 3.0]] * 4


@pytest.fixture(scope="module")
def narrow() -> Iterator[RunningServer]:
    """Handles two calls at a time, and holds four sessions."""
    with running_server("--calls", "2", "--max-sessions", "4", "--threads", "1") as server:
        yield server


def test_idle_sessions_starve_no_call_and_one_too_many_is_told_so(narrow: RunningServer) -> None:
    with narrow.channel() as channel:
        sessions = [opened(channel) for _ in range(4)]
        for k in range(20):
            assert product_at(channel, 3.0, k) == [k, 3.0]
        refused = read_refusal(Session(channel).refused())
        assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
        assert "limit sessions is 4" in refused.message
        sessions[0].end()
        sessions[1].call.cancel()
        sessions += [opened_soon(channel) for _ in range(2)]
        for session in sessions[2:]:
            assert derivatives(session.ask(jacobian(2, 5.0, 6.0))) == [6.0, 5.0]
            session.end()


def test_a_client_that_vanishes_frees_its_session(narrow: RunningServer) -> None:
    for number in range(3):
        channel = narrow.channel()
        sessions = [opened_soon(channel) for _ in range(4)]
        for session in sessions:
            session.send(jacobian(2, float(number), 6.0))
        channel.close()  # with answers on their way
    with narrow.channel() as channel:
        for session in [opened_soon(channel) for _ in range(4)]:
            session.end()


def test_calls_beside_a_session_that_computes(narrow: RunningServer) -> None:
    with narrow.channel() as channel:
        session = opened_soon(channel)
        session.send(v1.SessionRequest(call=1, jacobian=long_call(depth=500)))
        session.send(jacobian(2, 3.0, 4.0))
        for k in range(20):
            assert product_at(channel, 3.0, k) == [k, 3.0]
        assert [answer.call for answer in session.end()] == [1, 2]


def test_a_server_that_drains_ends_idle_sessions_and_answers_the_others() -> None:
    with running_server("--grace-s", "120") as server, server.channel() as channel:
        idle, busy = opened(channel), opened(channel)
        busy.send(v1.SessionRequest(call=2, jacobian=long_call(depth=1500)))
        until_it_computes(server)
        server.process.send_signal(signal.SIGTERM)
        ended = {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
        assert idle.refused().code() in ended
        assert busy.receive().call == 2
        assert busy.refused().code() in ended
        assert server.process.wait(DEADLINE_S) == 0


def test_many_points_in_a_session(channel: grpc.Channel) -> None:
    x = np.arange(20_000.0).reshape(-1, 2)
    request = v1.JacobianRequest(function=PRODUCT, points=tensor(x))
    session = Session(channel)
    answer = session.ask(v1.SessionRequest(jacobian=request))
    np.testing.assert_array_equal(np.reshape(derivatives(answer), (-1, 2)), x[:, ::-1])
    session.end()

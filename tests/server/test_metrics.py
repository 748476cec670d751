"""What Prometheus is told: every call by rpc and code, what is held, and nothing of what callers sent."""

from __future__ import annotations

import dataclasses
import re
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server.asking import DEADLINE_S, long_call, product, raw, refusal, unary
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_server import workers
from wengert_server.server import Server
from wengert_server.settings import Settings
from wengert_server.token_file import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.serving import RunningServer

EVALUATE = v1.EvaluateRequest(function=v1.FunctionSource(list=product()), points=tensor([3.0, 4.0]))
Labels = tuple[tuple[str, str], ...]


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server("--metrics-address", "127.0.0.1:0") as running:
        yield running


@pytest.fixture
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with server.channel() as channel:
        yield channel


def page(server: RunningServer) -> str:
    (address,) = re.findall(r" metrics address=(\S+)", server.logged())
    connection = HTTPConnection(address, timeout=DEADLINE_S)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read().decode()


def samples(server: RunningServer) -> dict[tuple[str, Labels], float]:
    families = text_string_to_metric_families(page(server))
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def counted(server: RunningServer, rpc: str, code: str) -> float:
    return samples(server).get(("wengert_calls_total", (("code", code), ("rpc", rpc))), 0.0)


def wait_until_counted(server: RunningServer, rpc: str, code: str) -> None:
    """The call may have been answered before it is counted."""
    ends = time.monotonic() + DEADLINE_S
    while not counted(server, rpc, code):
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_calls_by_rpc_and_code(server: RunningServer, channel: grpc.Channel) -> None:
    request = EVALUATE.SerializeToString()
    answer = raw(channel, "Evaluate", request)
    raw(channel, "Evaluate", request)
    refusal(lambda: raw(channel, "Evaluate", b"\xff\xff"))
    wait_until_counted(server, "Evaluate", "INVALID_ARGUMENT")
    found = samples(server)
    assert found["wengert_calls_total", (("code", "OK"), ("rpc", "Evaluate"))] == 2
    of_rpc: Labels = (("rpc", "Evaluate"),)
    assert found["wengert_call_seconds_count", of_rpc] == 3
    assert 0 < found["wengert_call_seconds_sum", of_rpc] < DEADLINE_S
    assert found["wengert_request_bytes_sum", of_rpc] == 2 * len(request) + 2
    assert found["wengert_response_bytes_sum", of_rpc] == pytest.approx(2 * len(answer), abs=40)
    assert found["wengert_calls_in_flight", ()] == 0
    assert found["process_resident_memory_bytes", ()] > 0


def test_streams_and_the_calls_of_sessions(server: RunningServer, channel: grpc.Channel) -> None:
    asked = v1.JacobianRequest(function=v1.FunctionSource(list=product()), points=tensor([3.0, 4.0]))
    stub = DifferentiationServiceStub(channel)
    blocks = list(stub.StreamJacobian(v1.StreamJacobianRequest(request=asked), timeout=DEADLINE_S))
    session = [v1.SessionRequest(call=1, evaluate=EVALUATE), v1.SessionRequest(call=2, jacobian=asked)]
    session.append(v1.SessionRequest(call=3, evaluate=v1.EvaluateRequest()))
    assert len(list(stub.Session(iter(session), timeout=DEADLINE_S))) == 3
    wait_until_counted(server, "StreamJacobian", "OK")
    wait_until_counted(server, "Session", "OK")
    found = samples(server)
    calls = {labels: value for (name, labels), value in found.items() if name == "wengert_calls_total"}
    assert {(dict(labels)["rpc"], dict(labels)["code"]): value for labels, value in calls.items()} == {
        ("StreamJacobian", "OK"): 1,
        ("Session", "OK"): 1,
        ("Evaluate", "OK"): 1,
        ("Jacobian", "OK"): 1,
        ("Evaluate", "INVALID_ARGUMENT"): 1,
    }
    sent = found["wengert_response_bytes_sum", (("rpc", "StreamJacobian"),)]
    assert sent == sum(block.ByteSize() for block in blocks)


def test_what_is_held(server: RunningServer, channel: grpc.Channel) -> None:
    assert samples(server)["wengert_functions", ()] == 0
    request = v1.RegisterRequest(function=v1.FunctionSource(list=product()))
    registered = v1.RegisterResponse.FromString(raw(channel, "Register", request.SerializeToString()))
    raw(channel, "Evaluate", EVALUATE.SerializeToString())
    found = samples(server)
    assert found["wengert_functions", ()] == found["wengert_differentiated_functions", ()] == 1
    assert found["wengert_function_bytes", ()] > 100
    assert found["wengert_kept_bytes", ()] > 100
    assert found["wengert_programs", (("tier", "vm"),)] == 1
    assert found["wengert_programs", (("tier", "machine"),)] == 0
    assert found["wengert_compile_queue", ()] == 0
    assert registered.info.id[:12] not in page(server)
    raw(channel, "Forget", v1.ForgetRequest(id=registered.info.id).SerializeToString())
    assert samples(server)["wengert_functions", ()] == 0


def test_a_call_whose_caller_goes_is_in_flight_until_it_has_ended(server: RunningServer, channel: grpc.Channel) -> None:
    computing = unary(channel, "Jacobian").future(long_call().SerializeToString(), timeout=DEADLINE_S)
    while samples(server)["wengert_calls_in_flight", ()] == 0:
        assert not computing.done()
    computing.cancel()
    wait_until_counted(server, "Jacobian", "CANCELLED")
    assert samples(server)["wengert_calls_in_flight", ()] == 0


def test_who_calls(tmp_path: Path) -> None:
    token = "token-of-team-a-" * 3
    (tmp_path / "tokens").write_text(f"team-a sha256:{digest_of(token).hex()}")
    flags = ("--metrics-address", "127.0.0.1:0", "--token-file", str(tmp_path / "tokens"))
    with running_server(*flags) as server, server.channel() as channel:
        unary(channel, "GetCapabilities")(b"", metadata=(("authorization", f"Bearer {token}"),), timeout=DEADLINE_S)
        refusal(lambda: raw(channel, "GetCapabilities", b""))
        wait_until_counted(server, "GetCapabilities", "UNAUTHENTICATED")
        assert samples(server)["wengert_subject_calls_total", (("subject", "team-a"),)] == 1
        assert token not in page(server)


def test_an_rpc_that_is_none_makes_no_metric(server: RunningServer, channel: grpc.Channel) -> None:
    assert refusal(lambda: raw(channel, "Nonsense", b"")).code is grpc.StatusCode.UNIMPLEMENTED
    assert "Nonsense" not in page(server)


def test_an_address_that_is_taken_ends_the_server_with_a_sentence(server: RunningServer) -> None:
    (address,) = re.findall(r" metrics address=(\S+)", server.logged())
    with pytest.raises(RuntimeError, match="cannot be listened on for metrics: Address already in use"):
        Server(Settings(address=("127.0.0.1:0",), metrics_address=address))


def test_each_worker_has_a_port_of_its_own() -> None:
    settings = Settings(metrics_address="127.0.0.1:9464", workers=3)
    environment = {"WENGERT_WORKER": "2", "WENGERT_WORKER_ADDRESSES": "127.0.0.1:1"}
    worker = workers.as_worker(settings, environment)
    assert worker == dataclasses.replace(
        settings, workers=1, address=("127.0.0.1:1",), metrics_address="127.0.0.1:9466"
    )
    alone = workers.as_worker(Settings(workers=3), environment)
    assert alone is not None
    assert not alone.metrics_address

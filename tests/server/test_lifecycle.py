"""Starting, addresses, health, reflection, logs, signals: real processes on real sockets."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2

from tests.server.asking import DEADLINE_S, SERVICE, long_call, product, product_at, raw, refusal, unary
from tests.server.probing import NOT_SERVING, SERVING, health, reflect, watch
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_server.server import Server
from wengert_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.serving import RunningServer


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health(channel: grpc.Channel, service: str) -> None:
    assert health(channel, service).status == SERVING


def test_health_of_a_service_that_is_none(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        health(channel, "wengert.v2.DifferentiationService")
    assert "NOT_FOUND" in str(caught.value)


@pytest.mark.parametrize("version", ["v1alpha", "v1"])
def test_reflection_lists_the_services_and_gives_the_contract(channel: grpc.Channel, version: str) -> None:
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
    ]
    listed, file = reflect(channel, iter(asked), version)
    names = {service.name for service in listed.list_services_response.service}
    assert names == {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    files = b"".join(file.file_descriptor_response.file_descriptor_proto)
    assert b"wengert/v1/service.proto" in files
    assert b"wengert/v1/primitive.proto" in files


class _Open:
    """A health Watch and a reflection stream that are left open."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._requests = threading.Event()
        self.watch = watch(channel)
        assert next(self.watch).status == SERVING
        self.reflection = reflect(channel, self._ask())
        assert next(self.reflection).list_services_response.service

    def _ask(self) -> Iterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        self._requests.wait(DEADLINE_S)

    def close(self) -> None:
        self._requests.set()


def _in_flight(channel: grpc.Channel, count: int, depth: int = 2500) -> Sequence[grpc.Future[bytes]]:
    """Start calls that take seconds; gives them when the server has them all."""
    call = unary(channel, "Jacobian")
    data = long_call(depth=depth).SerializeToString()
    # They take turns, so all of them end late.
    calls = [call.future(data, timeout=count * DEADLINE_S) for _ in range(count)]
    # Sent later over the same connection, so handled later.
    for _ in range(3 * count):
        health(channel)
    return calls


def test_health_while_every_handler_waits_then_a_drain_that_loses_no_call(tmp_path: Path) -> None:
    address = f"unix:{tmp_path / 'socket'}"
    with running_server("--address", address, "--calls", "2", "--grace-s", "600") as server:
        assert server.address == address
        with server.channel() as channel:
            opened = _Open(channel)
            calls = _in_flight(channel, 3, 1000)
            assert health(channel).status == SERVING
            assert not any(call.done() for call in calls)
            server.process.send_signal(signal.SIGTERM)
            assert [update.status for update in opened.watch] == [NOT_SERVING]
            assert not all(call.done() for call in calls)
            for call in calls:
                dense = v1.JacobianResponse.FromString(call.result()).dense
                assert list(dense.shape) == [1, 1500]
            # The grace is long, and no open stream holds the stop for it.
            assert server.process.wait(DEADLINE_S) == 0
            opened.close()


def test_interrupt_with_no_call_left(tmp_path: Path) -> None:
    flags = ("--address", "127.0.0.1:0", "--address", f"unix:{tmp_path / 's'}", "--log-format", "json")
    with running_server(*flags, "--log-level", "debug", "--grace-s", "120") as server, server.channel() as channel:
        assert server.process.stdout is not None
        opened = _Open(channel)
        with grpc.insecure_channel(server.process.stdout.readline().strip()) as second:
            assert product_at(second, 3.0, 4.0) == [4.0, 3.0]
        request = v1.EvaluateRequest(function=v1.FunctionSource(list=product()), points=tensor([271828.0]))
        stub = DifferentiationServiceStub(channel)
        metadata = (("x-request-id", "mine-1"),)
        assert refusal(lambda: stub.Evaluate(request, metadata=metadata)).reason == "INVALID_POINTS"
        assert server.stop(signal.SIGINT) == 0
        _check_log(server)
        opened.close()


def _check_log(server: RunningServer) -> None:
    lines = [json.loads(line) for line in server.logged().splitlines()]
    # What compiles in the background may end, and say so, at any time.
    said = [line["message"] for line in lines if not line["message"].startswith("compiled ")]
    assert said[-2:] == ["draining", "stopped"]
    calls = [line for line in lines if line["message"] == "call"]
    assert [(line["rpc"], line["code"], line["level"]) for line in calls] == [
        ("Jacobian", "OK", "debug"),
        ("Evaluate", "INVALID_ARGUMENT", "info"),
    ]
    refused = calls[1]
    assert refused["reason"] == "INVALID_POINTS"
    assert refused["request_id"] == "mine-1"
    assert refused["peer"].startswith("ipv4:127.0.0.1")
    assert refused["ms"] > 0
    assert "271828" not in server.logged()


def test_a_delay_in_which_calls_are_still_taken() -> None:
    with running_server("--drain-delay-s", "600", "--grace-s", "600") as server, server.channel() as channel:
        watched = watch(channel)
        assert next(watched).status == SERVING
        server.process.send_signal(signal.SIGTERM)
        assert [update.status for update in watched] == [NOT_SERVING]
        assert health(channel).status == NOT_SERVING
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
        with server.channel() as late:
            assert product_at(late, 3.0, 4.0) == [4.0, 3.0]
        # A second signal ends the delay and the grace.
        assert server.stop() == 0


def test_a_second_signal_ends_the_grace() -> None:
    with running_server("--grace-s", "600") as server, server.channel() as channel:
        (call,) = _in_flight(channel, 1)
        server.process.send_signal(signal.SIGTERM)
        assert _refused_in_the_end(channel)
        assert not call.done()
        assert server.stop() == 0
        assert call.exception() is not None


def _refused_in_the_end(channel: grpc.Channel) -> bool:
    """Ask for health until the server takes no more calls."""
    for _ in range(100_000):
        try:
            health(channel)
        except grpc.RpcError:
            return True
    return False


def test_many_clients_at_once(server: RunningServer) -> None:
    def work(number: int) -> None:
        with server.channel() as channel:
            for k in range(20):
                assert product_at(channel, number, k) == [k, number]
                with pytest.raises(grpc.RpcError):
                    raw(channel, "Jacobian", b"\xff")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def _command(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wengert_server", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_an_address_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = _command("--address", address)
    assert ended.returncode == 1
    assert f"wengert-server: Failed to bind to address {address}" in ended.stderr
    assert not ended.stdout


def test_an_address_that_others_can_reach() -> None:
    ended = _command("--address", "0.0.0.0:0")
    assert ended.returncode == 2
    assert "0.0.0.0:0 can be reached from other machines" in ended.stderr


def test_a_server_within_a_program(tmp_path: Path) -> None:
    server = Server(Settings(address=("127.0.0.1:0", f"unix:{tmp_path / 'socket'}")))
    assert server.addresses[0].startswith("127.0.0.1:")
    server.start()
    for address in server.addresses:
        with grpc.insecure_channel(address) as channel:
            assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
    assert server.drain(60).wait(60)
    assert server.close()

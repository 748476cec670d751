"""A real server asked over real sockets: damaged requests as calls, and connections that no library would make."""

from __future__ import annotations

import random
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

import grpc

from tests.fuzz.answers import Answer, fault
from tests.fuzz.findings import Findings
from tests.fuzz.frames import damaged_connection
from tests.fuzz.in_process import LIMITS
from tests.fuzz.memory import resident_bytes
from tests.fuzz.requests import SERVICE, Asked, asked, originals
from tests.server.asking import product_at
from tests.serving import running_server

if TYPE_CHECKING:
    from tests.serving import RunningServer

DEADLINE_S = 60.0
_READ_S = 0.02
_BETWEEN = 200


def over_sockets(seed: int, calls: int, connections: int, seconds: float) -> Findings:
    """Ask a server of its own.

    Parameters
    ----------
    seed : int
    calls : int
        Requests made as calls.
    connections : int
        Connections of raw bytes.
    seconds : float
        When to end, at the latest.
    """
    findings, started = Findings("over sockets"), time.monotonic()
    flags = [text for name, value in LIMITS.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    source = random.Random(seed)  # noqa: S311  reproducible, not secret
    with running_server(*flags, "--log-level", "error") as server, server.channel() as channel:
        product_at(channel, 1.0, 2.0)
        for number in range(calls + connections):
            if time.monotonic() > started + seconds:
                break
            began = time.monotonic()
            if number * connections // (calls + connections) != (number + 1) * connections // (calls + connections):
                _connect(server, source, findings)
            else:
                _call(channel, asked(source), findings)
            findings.longest_s = max(findings.longest_s, time.monotonic() - began)
            if number % _BETWEEN == 0:
                _look_after(server, channel, findings)
        _look_after(server, channel, findings)
        # What gRPC itself logs of a damaged connection need not be text.
        logged = server.log.read_text(errors="replace")
        if "fault in" in logged:
            findings.faults.append(f"the server's log: {logged[-3000:]}")
    findings.seconds = time.monotonic() - started
    return findings


def _call(channel: grpc.Channel, call: Asked, findings: Findings) -> None:
    answer = _answer(channel, call)
    findings.codes[f"{call.kind}: {answer.code}"] += 1
    if wrong := fault(call, answer):
        sent = b"".join(call.messages).hex()
        findings.faults.append(f"{call.kind}, {call.rpc}: {wrong}; sent {sent}")


def _answer(channel: grpc.Channel, call: Asked) -> Answer:
    """Make a call, of whatever kind its rpc is."""
    method = SERVICE.methods_by_name[call.rpc]
    path = f"/{SERVICE.full_name}/{call.rpc}"
    # Without serializers all three take and give bytes, which grpc's types cannot say.
    untyped: Any = channel
    try:
        if method.client_streaming:
            responses = list(untyped.stream_stream(path)(iter(call.messages), timeout=DEADLINE_S))
        elif method.server_streaming:
            responses = list(untyped.unary_stream(path)(call.messages[0], timeout=DEADLINE_S))
        else:
            responses = [untyped.unary_unary(path)(call.messages[0], timeout=DEADLINE_S)]
    except grpc.RpcError as error:
        ended: Any = error
        return Answer(ended.code().name, ended.details() or "", dict(ended.trailing_metadata() or ()), [])
    return Answer("OK", "", {}, responses)


def _connect(server: RunningServer, source: random.Random, findings: Findings) -> None:
    """Send bytes of a damaged connection, read a little, and go: politely, or not."""
    case = source.choice(originals())
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as connection:
        connection.settimeout(_READ_S)
        ended = "left"
        try:
            connection.sendall(damaged_connection(source, case.rpc, case.request_bytes))
            if source.random() < 0.3:
                connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
            ended = "closed by the server"
        except (TimeoutError, OSError):
            pass
        if source.random() < 0.5:
            # With no time to linger, what is closed is reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    findings.codes[f"connection: {ended}"] += 1


def _look_after(server: RunningServer, channel: grpc.Channel, findings: Findings) -> None:
    """See that the server lives, answers right, and has not grown."""
    if product_at(channel, 3.0, 4.0) != [4.0, 3.0]:
        findings.faults.append("a wrong Jacobian of x * y")
    findings.remember("the server", resident_bytes(server.process.pid))

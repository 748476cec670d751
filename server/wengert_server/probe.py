"""A health check as a command, for what starts and stops servers: ``python -m wengert_server.probe``.

It is given the flags and variables that the server is given, and asks the first address that it can reach
from the same machine; exits 0 if the server there takes calls, else 1 with a sentence. It loads gRPC and
nothing of the engine.

Where the server encrypts, it is to have a ``unix:`` address too, which is for the same machine and in plain
text: the probe has no certificate to show, and the server's is made out to another name.
"""

from __future__ import annotations

import os
import sys
from typing import cast

import grpc

from wengert_server.settings import Settings

_CHECK = "/grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"  # HealthCheckResponse(status=SERVING); an empty request asks for the whole server
_TIMEOUT_S = 3.0


def reachable(address: str) -> str:
    """Give what to call so as to reach a server that listens on an address.

    >>> [reachable(a) for a in ("0.0.0.0:50051", "[::]:50051", "unix:/run/w.sock", "10.1.2.3:5")]
    ['127.0.0.1:50051', 'localhost:50051', 'unix:/run/w.sock', '10.1.2.3:5']
    """
    host, _, port = address.rpartition(":")
    loopback = {"0.0.0.0": "127.0.0.1", "[::]": "localhost"}  # noqa: S104  what a server may listen on
    return f"{loopback[host]}:{port}" if host in loopback else address


def choose(settings: Settings) -> str | None:
    """Give the address to ask, one in plain text; None if there is none."""
    local = [address for address in settings.address if address.startswith("unix:")]
    if local or not settings.tls_certificate:
        return reachable((local or settings.address)[0])
    return None


def ask(target: str) -> str:
    """Ask a server how it is; gives what is wrong, or an empty text."""
    # A proxy named in the environment is for others.
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_CHECK)
        try:
            answer = check(b"", timeout=_TIMEOUT_S, wait_for_ready=False)
        except grpc.RpcError as error:
            call = cast("grpc.Call", error)  # which errors of calls are, too
            return f"{target} does not answer: {call.code().name}: {call.details()}"
    return "" if answer == _SERVING else f"{target} takes no calls now"


def main() -> None:
    """Exit 0 if the server takes calls, else 1."""
    target = choose(Settings.from_command(sys.argv[1:], os.environ))
    if target is None:
        sys.exit("all addresses are encrypted: give the server a unix: address too, for its probe")
    if wrong := ask(target):
        sys.exit(wrong)


if __name__ == "__main__":
    main()

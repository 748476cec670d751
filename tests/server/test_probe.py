"""The probe: 0 from a server that takes calls, 1 and a sentence from any other; without loading the engine."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import grpc

from tests.serving import running_server
from wengert_server import probe
from wengert_server.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.serving import RunningServer


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wengert_server.probe", *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_server_that_takes_calls(server: RunningServer) -> None:
    told = run("--address", server.address)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_a_server_that_is_not_there() -> None:
    told = run("--address", "127.0.0.1:1")
    assert told.returncode == 1
    assert told.stderr.startswith("127.0.0.1:1 does not answer: UNAVAILABLE")


def test_a_server_that_drains() -> None:
    """Its health says so while it still listens; a bare server that says the same stands for it."""
    not_serving: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(lambda *_: b"\x08\x02")
    draining = grpc.server(ThreadPoolExecutor(1))
    draining.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": not_serving})]
    )
    address = f"127.0.0.1:{draining.add_insecure_port('127.0.0.1:0')}"
    draining.start()
    try:
        assert probe.ask(address) == f"{address} takes no calls now"
    finally:
        draining.stop(None).wait()


def test_a_local_address_is_asked_where_the_others_are_encrypted(tmp_path: Path) -> None:
    path = f"unix:{tmp_path}/server.sock"
    encrypted = Settings(tls_certificate="c.pem", tls_key="k.pem")
    assert probe.choose(replace(encrypted, address=("127.0.0.1:1", path))) == path
    assert probe.choose(encrypted) is None
    with running_server("--address", path):
        assert probe.ask(path) == ""


def test_nothing_of_the_engine_is_loaded() -> None:
    heavy = ("numba", "numpy", "adengine")
    script = f"import sys, wengert_server.probe; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert told.stdout.strip() == "[]"

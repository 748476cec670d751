"""Several workers on one port: real processes, killed and stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numba.core import event

from tests.server.asking import DEADLINE_S, product_at
from tests.serving import RunningServer, running_server
from wengert_client import Client, ListBuilder
from wengert_server import compiling
from wengert_server.ports import HeldPorts

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = ("--log-format", "json")


def _lines(server: RunningServer, message: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in server.logged().splitlines() if line.endswith("}")]
    return [line for line in found if line["message"] == message]


def _pids(server: RunningServer) -> dict[int, int]:
    """The process of each worker, as last started."""
    return {line["worker"]: line["pid"] for line in _lines(server, "worker started")}


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _until(reached: Callable[[], bool]) -> None:
    for _ in range(int(DEADLINE_S * 20)):
        if reached():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


def _calls_until(address: str, done: threading.Event, seed: int) -> int:
    """Call, over a connection of its own, until it is time; every answer must be right. Gives how many there were."""
    builder = ListBuilder()
    x = builder.input("x", 3)
    builder.output("f", (x * x).sum())
    count = 0
    with Client(address, max_attempts=20) as client:
        f = client.function(builder)
        while not done.is_set():
            at = np.array([seed, count, 1.0])
            assert f.gradient(at).tolist() == [2.0 * seed, 2.0 * count, 2.0]
            count += 1
    return count


def test_a_worker_that_is_killed_fails_no_call_and_is_started_again() -> None:
    with running_server("--workers", "2", *JSON) as server, ThreadPoolExecutor(8) as pool:
        done = threading.Event()
        counts = [pool.submit(_calls_until, server.address, done, k) for k in range(8)]
        try:
            first = _pids(server)
            assert sorted(first) == [0, 1]
            for k in (0, 1):
                os.kill(_pids(server)[k], signal.SIGKILL)
                _until(lambda k=k: len(_lines(server, "worker serves again")) == k + 1)  # type: ignore[misc]
        finally:
            done.set()
        assert sum(count.result(DEADLINE_S) for count in counts) > 0
        ended = _lines(server, "worker ended")
        assert [(line["worker"], line["status"]) for line in ended] == [(0, -9), (1, -9)]
        second = _pids(server)
        assert not set(first.values()) & set(second.values())
        assert server.stop() == 0
        assert not any(_runs(pid) for pid in second.values())


def test_one_worker_stopped_is_replaced_and_nothing_outlives_its_parent(tmp_path: Path) -> None:
    flags = ("--address", "127.0.0.1:0", "--address", f"unix:{tmp_path}/{{worker}}.sock")
    with running_server("--workers", "2", *flags, *JSON) as server:
        assert server.process.stdout is not None
        told = [server.process.stdout.readline().strip() for _ in range(2)]
        assert told == [f"unix:{tmp_path}/{k}.sock" for k in (0, 1)]
        os.kill(_pids(server)[1], signal.SIGTERM)
        _until(lambda: bool(_lines(server, "worker serves again")))
        assert _lines(server, "worker ended")[0]["status"] == 0
        for address in (server.address, *told):
            with RunningServer(server.process, address, server.log).channel() as channel:
                assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
        workers = _pids(server).values()
        server.process.kill()
        _until(lambda: not any(_runs(pid) for pid in workers))


def _command(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wengert_server", "--workers", "2", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = _command("--address", address)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"wengert-server: {address} cannot be listened on: Address already in use" in ended.stderr


def test_workers_that_cannot_start_end_it() -> None:
    ended = _command("--address", "unix:/nowhere/{worker}", *JSON)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "worker could not start" in ended.stderr
    assert "wengert-server: Failed to bind to address unix:/nowhere/" in ended.stderr


def test_held_ports_are_taken_once_and_shared() -> None:
    with HeldPorts(["127.0.0.1:0", "localhost:0", "unix:/a"]) as held:
        first, second, third = held.addresses
        assert third == "unix:/a"
        assert second.startswith("localhost:")
        assert not second.endswith(":0")
        host, port = first.split(":")
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((host, int(port)))
        with socket.socket() as sharing:
            sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sharing.bind((host, int(port)))


def test_kernels_are_compiled_by_one_at_a_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "wengert_server.compiling")
    missed = SimpleNamespace(
        data={"dispatcher": SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path / "cache")))}
    )
    first, second = compiling._First(), compiling._First()
    for _ in range(2):
        first.on_start(missed)
    waiting = threading.Thread(target=lambda: second.on_start(missed), daemon=True)
    waiting.start()
    _until(lambda: "waiting for it" in caplog.text)
    assert waiting.is_alive()
    first.unlock()
    waiting.join(DEADLINE_S)
    assert not waiting.is_alive()
    second.unlock()


def test_a_cache_that_cannot_be_written_to_locks_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = str(tmp_path / "file" / "cache")
    first = compiling._First()
    first.on_start(SimpleNamespace(data={"dispatcher": SimpleNamespace(stats=SimpleNamespace(cache_path=path))}))
    first.unlock()


def test_only_while_the_kernels_are_loaded() -> None:
    def listening() -> int:
        return sum(isinstance(each, compiling._First) for each in event._registered["numba:compile"])

    with compiling.once():
        assert listening() == 1
    assert listening() == 0

"""Servers in processes of their own: ours, and a bare gRPC server that answers every call with the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_STOP_S = 60.0


class Served:
    """A server process.

    Attributes
    ----------
    address : str
        Where it listens.
    pid : int
    """

    def __init__(self, address: str, pid: int) -> None:
        self.address = address
        self.pid = pid

    def peak_bytes(self) -> int | None:
        """The most memory it has had resident so far; None where the system does not tell."""
        return self._status("VmHWM")

    def resident_bytes(self) -> int | None:
        """The memory it has resident; None where the system does not tell."""
        return self._status("VmRSS")

    def _status(self, name: str) -> int | None:
        status = Path(f"/proc/{self.pid}/status")
        if not status.exists():
            return None
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields[name].split()[0]) * 1024


@contextmanager
def our_server(environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """``wengert-server`` on a free port of the loopback interface, with variables beside those of this process."""
    command = ["-m", "wengert_server", "--address", "127.0.0.1:0"]
    with _running(command, b"", {"WENGERT_LOG_LEVEL": "warning"} | dict(environment or {})) as served:
        yield served


@contextmanager
def bare_server(reply: bytes = b"") -> Iterator[Served]:
    """A gRPC server without content: the same reply to every request, or one as long as the request says."""
    with _running(["-m", "benchmarks.bare_server"], reply, {}) as served:
        yield served


@contextmanager
def bare_collector() -> Iterator[Served]:
    """A collector of traces that keeps none."""
    with _running(["-m", "benchmarks.bare_collector"], b"", {}) as served:
        yield served


@contextmanager
def asking_much(address: str, points: int) -> Iterator[list[float]]:
    """Clients in a process of their own, whose large calls keep every thread of a server computing.

    Yields
    ------
    taken : list of float
        In the end, the seconds of each large call that was answered.
    """
    taken: list[float] = []
    command = [sys.executable, "-m", "benchmarks.waiting", address, str(points)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101  asked for above
        assert process.stdout is not None  # noqa: S101
        if not process.stdout.readline():
            raise RuntimeError(f"{' '.join(command)} ended before it began")
        try:
            yield taken
        finally:
            process.stdin.close()
            taken += json.loads(process.stdout.read())
            process.wait(_STOP_S)


@contextmanager
def _running(arguments: list[str], sent: bytes, environment: Mapping[str, str]) -> Iterator[Served]:
    command, variables = [sys.executable, *arguments], os.environ | dict(environment)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables) as process:
        assert process.stdin is not None  # noqa: S101  asked for above
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(sent)
            process.stdin.close()
            address = process.stdout.readline().decode().strip()
            if not address:
                raise RuntimeError(f"{' '.join(arguments)} ended before it told its address")
            yield Served(address, process.pid)
        finally:
            process.terminate()
            process.wait(_STOP_S)

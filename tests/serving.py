"""A real server in a process of its own, for tests: ``with running_server() as server: ...``."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Kernels may have to be compiled first, while other jobs run.
START_S = 600.0
STOP_S = 60.0


class RunningServer:
    """A server that listens.

    Attributes
    ----------
    address : str
        The first line of its standard output.
    process : subprocess.Popen
        Its process.
    log : Path
        Its standard error, as it grows.
    """

    def __init__(self, process: subprocess.Popen[str], address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self.log = log

    def channel(self) -> grpc.Channel:
        """A new channel to it, whose messages may be of any size."""
        sizes = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        return grpc.insecure_channel(self.address, options=sizes)

    def stub(self) -> DifferentiationServiceStub:
        """A generated stub on a channel of its own."""
        return DifferentiationServiceStub(self.channel())

    def logged(self) -> str:
        """What it has logged so far; gRPC's own lines need not be text."""
        return self.log.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and give the exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_S)


@contextmanager
def running_server(
    *flags: str, environment: Mapping[str, str] | None = None, log_folder: Path | None = None
) -> Iterator[RunningServer]:
    """Start ``python -m wengert_server`` and stop it in the end, killing it if it will not.

    Parameters
    ----------
    flags
        Its command line; without ``--address`` it listens on a free port of 127.0.0.1.
    environment
        Variables beside those of this process.
    log_folder
        Where its log lies; a folder of its own, if None.

    Yields
    ------
    server : RunningServer
    """
    if "--address" not in flags and "WENGERT_ADDRESS" not in (environment or {}):
        flags = ("--address", "127.0.0.1:0", *flags)
    # The tests' filters of warnings are not the server's.
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("WENGERT_", "PYTHONWARNINGS"))}
    with tempfile.TemporaryDirectory(dir=log_folder) as folder:
        log = Path(folder) / "stderr"
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "wengert_server", *flags],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=variables | dict(environment or {}),
            )
        try:
            yield RunningServer(process, _first_line(process, log), log)
            if process.poll() is None:
                process.terminate()
                process.wait(STOP_S)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _first_line(process: subprocess.Popen[str], log: Path) -> str:
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        lines.put(process.stdout.readline().strip())

    threading.Thread(target=read, daemon=True).start()
    line = lines.get(timeout=START_S)
    if not line:
        raise RuntimeError(f"the server ended with status {process.wait(STOP_S)}:\n{log.read_text()}")
    return line

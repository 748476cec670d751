"""A server in a process of its own, on a free port of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANY_PORT = "127.0.0.1:0"
TELL_EVERY_S = 10.0
STOP_S = 30.0


@contextmanager
def local_server(tell: Callable[[str], None]) -> Iterator[str]:
    """Start ``wengert-server``, and stop it in the end.

    Parameters
    ----------
    tell
        Is given a sentence now and then while the server is not ready: at its first start it compiles its kernels.

    Yields
    ------
    address : str
        Where it listens.

    Raises
    ------
    RuntimeError
        The server ended before it listened; the message has what it logged.
    """
    # Settings of the surroundings are meant for another server.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WENGERT_")}
    command = [sys.executable, "-m", "wengert_server", "--address", ANY_PORT]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as process,
    ):
        try:
            yield _address(process, log, tell)
        finally:
            _stop(process)


def _address(process: subprocess.Popen[str], log: IO[str], tell: Callable[[str], None]) -> str:
    """Wait for the first line of standard output, which is the address."""
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.append(_first_line(process)), daemon=True)
    started = time.monotonic()
    reader.start()
    while reader.is_alive():
        reader.join(TELL_EVERY_S)
        if reader.is_alive():
            tell(f"kernels are being compiled, which is done once; {time.monotonic() - started:.0f} s so far")
    if not lines[0]:
        log.seek(0)
        raise RuntimeError(f"the server ended with status {process.wait(STOP_S)} before it listened:\n{log.read()}")
    return lines[0]


def _first_line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline().strip() if process.stdout else ""


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()

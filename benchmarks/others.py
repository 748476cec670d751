"""Other services that give derivatives, called by their own clients, beside ours: all in processes of their own.

They are installed in an environment of their own, ``.venv-peers`` beside ``.venv``; where it is missing they are left
out, with a word.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.checking import check
from benchmarks.measure import Effort, Timing
from benchmarks.results import Comparison

PYTHON = Path(sys.prefix + "-peers") / "bin" / "python"
FOLDER = Path(__file__).parent / "other_services"
_START_S = 120.0
_STOP_S = 30.0
_ROUNDS = 10
NAMES = ("UM-Bridge", "Tesseract")

OurCall = Callable[[], tuple[NDArray[np.float64], NDArray[np.float64]]]


class Other:
    """A service and its client."""

    def __init__(self, name: str, client: subprocess.Popen[str]) -> None:
        self.name = name
        self._client = client

    def answer(self, what: str) -> list[NDArray[np.float64]]:
        """Value and Jacobian."""
        return [np.array(each) for each in self._ask(what, 0)]

    def seconds(self, what: str, calls: int) -> list[float]:
        """Of each of so many calls, by the client's own clock."""
        return [float(each) for each in self._ask(what, calls)]

    def _ask(self, what: str, calls: int) -> list[float]:
        assert self._client.stdin is not None  # noqa: S101  asked for below
        assert self._client.stdout is not None  # noqa: S101
        self._client.stdin.write(f"{what} {calls}\n")
        self._client.stdin.flush()
        line = self._client.stdout.readline()
        if not line:
            raise RuntimeError(f"the client of {self.name} ended with {self._client.wait(_STOP_S)}")
        answer: list[float] = json.loads(line)
        return answer


@contextmanager
def others(n: int) -> Iterator[list[Other]]:
    """The services that are installed, each with n inputs of the larger function."""
    if not PYTHON.exists():
        print(f"other services are left out: {PYTHON} is not there; make bench brings it", file=sys.stderr)
        yield []
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield [stack.enter_context(_other(name, n, folder)) for name in NAMES]


@contextmanager
def _other(name: str, n: int, folder: Path) -> Iterator[Other]:
    port = _free_port()
    if name == "UM-Bridge":
        command = [str(PYTHON), str(FOLDER / "umbridge_server.py"), str(port), str(n)]
    else:
        command = [str(PYTHON.with_name("tesseract-runtime")), "serve", "--host", "127.0.0.1", "--port", str(port)]
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    variables |= {"TESSERACT_API_PATH": str(FOLDER / "tesseract_api.py")}
    with ExitStack() as stack, (folder / f"{name}.log").open("w+") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=variables, cwd=folder)
        stack.callback(_end, server)
        _wait_for(port, server, folder / f"{name}.log")
        calling = [str(PYTHON), str(FOLDER / "calling.py"), name, f"http://127.0.0.1:{port}", str(n)]
        pipes = subprocess.PIPE
        client = subprocess.Popen(calling, stdin=pipes, stdout=pipes, text=True, env=variables, cwd=folder)
        stack.callback(_end, client)
        yield Other(name, client)


def _end(process: subprocess.Popen[Any]) -> None:
    with process:
        process.terminate()
        process.wait(_STOP_S)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
    return port


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"a service did not start: {log.read_text()[-2000:]}")


def beside_others(
    title: str, what: str, ours: tuple[str, OurCall], services: list[Other], effort: Effort
) -> Comparison | None:
    """Time one question to ours and to the others, in turns; None where there are no others."""
    if not services:
        return None
    name, call = ours
    for each in services:
        check(each.answer(what), call(), 1e-12, f"{title}, {each.name}")
    calls = 2 if effort.quick else 100 if what == "tiny" else 1
    taken: dict[str, list[float]] = {name: [], **{each.name: [] for each in services}}
    for number in range(1 + _ROUNDS):
        for who, turn in [(name, _own(call, calls)), *((each.name, each.seconds(what, calls)) for each in services)]:
            if number:  # the first turn is to warm up
                taken[who] += turn
    timings = [Timing(who, 1, tuple(seconds)) for who, seconds in taken.items()]
    return Comparison(title, timings, name, "f and J")


def _own(call: OurCall, calls: int) -> list[float]:
    taken = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return taken

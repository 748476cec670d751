"""A Dask cluster of real processes on the loopback interface, for measurements and tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

START_S = 120.0


@dataclass
class DaskProcesses:
    """A scheduler and workers.

    Attributes
    ----------
    address : str
        The scheduler's.
    scheduler : subprocess.Popen
    workers : list of subprocess.Popen
    """

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)


@contextmanager
def dask_processes(
    folder: Path, workers: int, *, flags: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[DaskProcesses]:
    """Start a scheduler and so many workers of one thread each, and kill what is left of them in the end.

    Parameters
    ----------
    folder
        For logs and scratch.
    workers
        How many.
    flags
        For scheduler and workers, such as those of TLS.
    environment
        Variables beside those of this process.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONWARNINGS")}
    variables |= {"DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False", "WENGERT_THREADS": "1"}
    variables |= dict(environment or {})
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (folder / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", *arguments, *flags]
            process = subprocess.Popen(command, stdout=log, stderr=log, env=variables, cwd=folder)
        started.append(process)
        return process

    found = folder / "scheduler.json"
    try:
        host = ["--host", "127.0.0.1", "--no-dashboard"]
        told = ["--port", "0", "--scheduler-file", str(found)]
        scheduler = start("scheduler", "distributed.cli.dask_scheduler", *host, *told)
        cluster = DaskProcesses(_address(found, folder / "scheduler.log"), scheduler)
        for number in range(workers):
            alone = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder / str(number))]
            alone += ["--preload", "wengert_server.remote"]
            worker = start(f"worker{number}", "distributed.cli.dask_worker", cluster.address, *alone)
            cluster.workers.append(worker)
        for number in range(workers):
            # It registers once it has loaded the engine.
            log = folder / f"worker{number}.log"
            _wait(lambda log=log: "Registered to" in log.read_text(), log)  # type: ignore[misc]
        yield cluster
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def _address(found: Path, log: Path) -> str:
    _wait(lambda: found.exists() and found.read_text().endswith("}"), log)
    address: str = json.loads(found.read_text())["address"]
    return address


def _wait(until: Callable[[], bool], told: object) -> None:
    ends = time.monotonic() + START_S
    while not until():
        if time.monotonic() > ends:
            raise RuntimeError(f"the cluster did not start: {told}")
        time.sleep(0.05)

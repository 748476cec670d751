"""Processes that are asked at random, watched for crashes and hangs."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz.black_box import BlackBox
from tests.fuzz.findings import Findings
from tests.fuzz.memory import cpu_seconds
from tests.fuzz.worker import BATCH, BOX

START_S = 600.0
"""The first batch may wait for kernels to be compiled."""
HANG_S = 120.0
"""A batch that computes for longer has a call that hangs: the longest one may take is bounded by the limits."""
STUCK_S = 900.0
"""A batch that takes longer waits for something that never comes, however busy the machine."""


class _Process(NamedTuple):
    name: str
    process: subprocess.Popen[str]
    folder: Path
    stderr: Path


def in_processes(seed: int, calls: int, seconds: float, workers: int) -> Findings:
    """Ask services in processes of their own.

    Parameters
    ----------
    seed : int
        Worker w has the seeds seed + w, seed + w + workers and so on, one for each batch.
    calls : int
        In all.
    seconds : float
        When to end, at the latest.
    workers : int
        Processes.
    """
    findings, started = Findings("handlers in process"), time.monotonic()
    lines: queue.SimpleQueue[tuple[_Process, str]] = queue.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        running = [_start(Path(folder) / str(w), seed + w, calls // workers, seconds, workers) for w in range(workers)]
        try:
            readers = [threading.Thread(target=_read, args=(each, lines), daemon=True) for each in running]
            for reader in readers:
                reader.start()
            _watch(running, lines, findings)
            for reader in readers:
                reader.join()
        finally:
            for each in running:
                _end(each)
    findings.seconds = time.monotonic() - started
    return findings


def _start(folder: Path, seed: int, calls: int, seconds: float, step: int) -> _Process:
    folder.mkdir()
    stderr = folder / "stderr"
    command = [sys.executable, "-m", "tests.fuzz.worker", "--folder", str(folder), "--seed", str(seed)]
    command += ["--step", str(step), "--calls", str(calls), "--seconds", str(seconds)]
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    with stderr.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=variables)
    return _Process(f"process {seed}", process, folder, stderr)


def _end(each: _Process) -> None:
    each.process.kill()
    each.process.wait()
    if each.process.stdout is not None:
        each.process.stdout.close()


def _read(each: _Process, lines: queue.SimpleQueue[tuple[_Process, str]]) -> None:
    assert each.process.stdout is not None
    for line in each.process.stdout:
        lines.put((each, line))
    lines.put((each, ""))


class _Clock:
    """What a process has used since it told something."""

    def __init__(self, each: _Process) -> None:
        self._pid = each.process.pid
        self._since, self._computed = time.monotonic() + START_S, cpu_seconds(self._pid) + START_S

    def told(self) -> None:
        """It has told something just now."""
        self._since, self._computed = time.monotonic(), cpu_seconds(self._pid)

    def hangs(self) -> bool:
        """Whether it computes, or waits, for longer than anything may take."""
        return cpu_seconds(self._pid) > self._computed + HANG_S or time.monotonic() > self._since + STUCK_S


def _watch(running: list[_Process], lines: queue.SimpleQueue[tuple[_Process, str]], findings: Findings) -> None:
    """Take what the processes tell until all have ended."""
    clocks = {each.name: _Clock(each) for each in running}
    while clocks:
        try:
            each, line = lines.get(timeout=1.0)
        except queue.Empty:
            for each in running:
                if each.name in clocks and clocks[each.name].hangs():
                    each.process.send_signal(signal.SIGABRT)  # it tells where it stands
            continue
        if line:
            clocks[each.name].told()
            _take(each, json.loads(line), findings)
        else:
            del clocks[each.name]
            if status := each.process.wait():
                findings.faults.append(_epitaph(each, status))


def _take(each: _Process, told: dict[str, Any], findings: Findings) -> None:
    findings.codes.update(told["codes"])
    findings.faults += told["faults"]
    findings.longest_s = max(findings.longest_s, told["longest_s"])
    findings.remember(each.name, told["bytes"])


def _epitaph(each: _Process, status: int) -> str:
    kind = f"hangs: {BATCH} calls were not answered" if status == -signal.SIGABRT else f"ended with {status}"
    name, content = BlackBox(each.folder / BOX).read()
    return f"{each.name}: {kind}; last asked: {name}, sent {content.hex()}\n{each.stderr.read_text()[-3000:]}"

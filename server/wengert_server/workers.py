"""Several workers on one port: each a process of its own, started again when it dies, all ended together.

A worker is this same command, told by two variables which one it is and where to listen. Nothing is
forked: gRPC's threads, and the kernels' locks, do not survive that.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

from wengert_server import addresses
from wengert_server.logs import WORKER, with_fields
from wengert_server.ports import HeldPorts
from wengert_server.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wengert_server.settings import Settings

_log = logging.getLogger("wengert_server.workers")

_ADDRESSES = "WENGERT_WORKER_ADDRESSES"
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
# One that lived so long did not die of what its start met.
_LIVED_S = 30.0
# What a worker may need to end beyond what is set.
_BEYOND_GRACE_S = 15.0


def as_worker(settings: Settings, environment: Mapping[str, str]) -> Settings | None:
    """Give the settings of this process if it is a worker, else None."""
    if WORKER not in environment or _ADDRESSES not in environment:
        return None
    metrics = settings.metrics_address and addresses.moved(settings.metrics_address, int(environment[WORKER]))
    listened = tuple(environment[_ADDRESSES].split(","))
    return dataclasses.replace(settings, workers=1, address=listened, metrics_address=metrics)


def end_with_parent() -> None:
    """Have this process stop, as by SIGTERM, when the one that holds its standard input is gone."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def supervise(settings: Settings, arguments: Sequence[str]) -> int:
    """Run as many workers as are set until SIGTERM or SIGINT; a second signal ends their grace.

    Parameters
    ----------
    settings
        As they were read from the arguments and the environment.
    arguments
        The command line of each worker, without the name of the program.

    Returns
    -------
    status
        0; that of a worker that could not even start; 1 where one did not end as it should.
    """
    try:
        held = HeldPorts(settings.address)
    except OSError as error:
        sys.exit(f"wengert-server: {error.strerror or error}")
    with held:
        return _Supervisor(settings, arguments, held.addresses).run()


@dataclass
class _Worker:
    """One place among the workers, and the process that fills it now."""

    index: int
    addresses: tuple[str, ...]
    process: subprocess.Popen[str] | None = None
    ready: bool = False
    started: float = 0.0
    failures: int = 0
    due: float | None = None


class _Supervisor:
    """Workers, and the loop that follows them: signals, ends and readiness come through one queue."""

    def __init__(self, settings: Settings, arguments: Sequence[str], listened: Sequence[str]) -> None:
        self._command = [sys.executable, "-P", "-m", "wengert_server", *arguments]
        self._longest_s = settings.drain_delay_s + settings.grace_s + _BEYOND_GRACE_S
        self._workers = [
            _Worker(k, tuple(addresses.of_worker(address, k) for address in listened)) for k in range(settings.workers)
        ]
        self._signals = Signals()
        self._events: SimpleQueue[tuple[str, _Worker]] = SimpleQueue()
        self._serving = False
        self._ends: float | None = None
        self._status = 0

    def run(self) -> int:
        _log.info("starting workers", extra=with_fields(workers=len(self._workers)))
        for worker in self._workers:
            self._start(worker)
        try:
            while self._ends is None or any(worker.process for worker in self._workers):
                self._step()
        finally:
            for worker in self._workers:
                if worker.process is not None:
                    worker.process.kill()
        _log.info("stopped")
        return self._status

    def _step(self) -> None:
        now = time.monotonic()
        if self._ends is not None and now >= self._ends:
            _log.error("workers that do not end are killed")
            self._ends, self._status = now + _BEYOND_GRACE_S, 1
            self._send(signal.SIGKILL)
        for worker in self._workers:
            if worker.due is not None and now >= worker.due:
                self._start(worker)
        dues = [due for due in (self._ends, *(worker.due for worker in self._workers)) if due is not None]
        if self._signals.wait(max(min(dues) - now, 0.0) if dues else None):
            self._stop()
        while not self._events.empty():
            what, about = self._events.get()
            if what == "ready":
                self._note_ready(about)
            else:
                self._note_end(about)

    def _tell(self, what: str, about: _Worker) -> None:
        """Have the loop take note of something. From any thread."""
        self._events.put((what, about))
        self._signals.wake()

    def _start(self, worker: _Worker) -> None:
        variables = os.environ | {
            WORKER: str(worker.index),
            _ADDRESSES: ",".join(worker.addresses),
            # Whatever this process finds its code by.
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        worker.due, worker.ready, worker.started = None, False, time.monotonic()
        # A group of its own: a terminal's interrupt comes to this process, which tells the workers once.
        worker.process = subprocess.Popen(  # noqa: S603  this command itself
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables, process_group=0
        )
        _log.info("worker started", extra=with_fields(worker=worker.index, pid=worker.process.pid))
        threading.Thread(target=self._follow, args=(worker, worker.process), daemon=True).start()

    def _follow(self, worker: _Worker, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101  for the type checkers
        for lines, _ in enumerate(process.stdout, 1):
            if lines == len(worker.addresses):
                self._tell("ready", worker)
        process.wait()
        self._tell("end", worker)

    def _note_ready(self, worker: _Worker) -> None:
        worker.ready = True
        if not self._serving and all(each.ready for each in self._workers):
            self._serving = True
            for address in dict.fromkeys(address for each in self._workers for address in each.addresses):
                print(address, flush=True)  # noqa: T201  promised to whoever started the server
        elif self._serving:
            _log.info("worker serves again", extra=with_fields(worker=worker.index))

    def _note_end(self, worker: _Worker) -> None:
        process, worker.process = worker.process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        status = process.returncode
        if self._ends is not None:
            self._status = self._status or int(status != 0)
        elif not self._serving:
            # What keeps one from starting would keep it from starting again: a port, a file, a limit.
            _log.error("worker could not start", extra=with_fields(worker=worker.index, status=status))
            self._status = max(status, 1)
            self._stop()
        else:
            self._start_later(worker, status)

    def _start_later(self, worker: _Worker, status: int) -> None:
        lived_s = time.monotonic() - worker.started
        worker.failures = 0 if lived_s > _LIVED_S else worker.failures
        pause_s = min(_FIRST_PAUSE_S * 2.0**worker.failures, _LONGEST_PAUSE_S)
        worker.failures = min(worker.failures + 1, 30)
        worker.due = time.monotonic() + pause_s
        fields = with_fields(worker=worker.index, status=status, lived_s=round(lived_s, 3), again_in_s=pause_s)
        _log.error("worker ended", extra=fields)

    def _stop(self) -> None:
        """Tell all workers to drain; told again, they do not wait for calls any longer."""
        if self._ends is None:
            self._ends = time.monotonic() + self._longest_s
            _log.info("draining workers")
        for worker in self._workers:
            worker.due = None
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.process is not None:
                worker.process.send_signal(number)

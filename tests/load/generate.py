"""The load: processes of clients, what they found, and a table of it."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.load.client import DEADLINE_S, Tally
from tests.load.kinds import KINDS, Kind

_START_S = 60.0


@dataclass
class Load:
    """What clients found.

    Attributes
    ----------
    seconds : float
    tallies : dict
        By kind of call.
    """

    seconds: float
    tallies: Mapping[str, Tally]

    @property
    def answered(self) -> int:
        """Calls that were answered, those of a session one by one."""
        calls = {kind.name: kind.calls for kind in KINDS}
        return sum(calls[name] * len(tally.seconds) for name, tally in self.tallies.items())

    @property
    def wrong(self) -> int:
        """Answers that were not the known ones."""
        return sum(tally.wrong for tally in self.tallies.values())

    @property
    def errors(self) -> collections.Counter[str]:
        """Calls that failed, by code."""
        return sum((tally.errors for tally in self.tallies.values()), collections.Counter())

    def lines(self) -> Iterator[str]:
        """A table for people."""
        columns = "calls", "calls/s", "p50 ms", "p99 ms", "longest"
        yield f"{'':32}" + "".join(f"{name:>10}" for name in columns) + "  failed  wrong"
        for kind in KINDS:
            if (tally := self.tallies.get(kind.name)) is not None:
                yield self._line(kind, tally)
        failed = ", ".join(f"{count} {code}" for code, count in self.errors.items()) or "none"
        yield f"{self.answered} calls answered in {self.seconds:.0f} s, {self.wrong} wrong; failed: {failed}"

    def _line(self, kind: type[Kind], tally: Tally) -> str:
        p50, p99, longest = np.percentile(tally.seconds or [np.nan], [50, 99, 100]) * 1e3
        calls = kind.calls * len(tally.seconds)
        counts = f"{calls:9} {calls / self.seconds:9.1f} {p50:9.2f} {p99:9.2f} {longest:9.2f}"
        return f"{kind.name:32} {counts} {tally.errors.total():7} {tally.wrong:6}"


class Clients:
    """Processes that call, from when this is made.

    Parameters
    ----------
    target : str
        The server, or several, as gRPC names them.
    seconds : float
    calls : int
        At most so many, all together.
    processes, threads : int
        Processes, and threads of each.
    seed : int
    kinds : sequence
        What they call.
    """

    def __init__(
        self,
        target: str,
        seconds: float,
        calls: int,
        *,
        processes: int = 2,
        threads: int = 4,
        seed: int = 1,
        kinds: Sequence[type[Kind]] = KINDS,
    ) -> None:
        self._seconds = seconds
        self._started = time.monotonic()
        names = ",".join(kind.__name__ for kind in kinds)
        shared = ["--target", target, "--seconds", str(seconds), "--threads", str(threads), "--kinds", names]
        shared += ["--calls", str(max(1, calls // processes))]
        self._running = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.load.client", *shared, "--seed", str(seed + 1000 * number)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(processes)
        ]

    def result(self) -> Load:
        """Wait for them to end, and give what they found.

        Raises
        ------
        RuntimeError
            One ended without telling.
        """
        told = []
        for process in self._running:
            out, _ = process.communicate(timeout=self._seconds + DEADLINE_S + _START_S)
            if process.returncode:
                raise RuntimeError(f"a process of clients ended with {process.returncode}")
            told += json.loads(out)
        return Load(time.monotonic() - self._started, _together(told))

    def end(self) -> None:
        """End those that still run."""
        for process in self._running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _together(told: Sequence[Mapping[str, Mapping[str, object]]]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for each in told:
        for name, found in each.items():
            part = Tally(**found)  # type: ignore[arg-type]
            whole = tallies.setdefault(name, Tally())
            whole.seconds += part.seconds
            whole.errors.update(part.errors)
            whole.wrong += part.wrong
    return tallies


def load(target: str, seconds: float, calls: int, *, processes: int = 2, threads: int = 4, seed: int = 1) -> Load:
    """Have clients call, and wait for them."""
    clients = Clients(target, seconds, calls, processes=processes, threads=threads, seed=seed)
    try:
        return clients.result()
    finally:
        clients.end()

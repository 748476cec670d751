"""``python -m tests.load.soak``: mixed load for ten minutes beside clients that misbehave, while the disk fills up.

It ends with 1 where a call failed, an answer was wrong, or the server grew: in memory, open files or threads.
"""

from __future__ import annotations

import argparse
import resource
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.memory import growth, resident_bytes
from tests.load.faults import Faults
from tests.load.generate import Clients, Load
from tests.server.asking import product_at
from tests.serving import running_server

if TYPE_CHECKING:
    from tests.serving import RunningServer

MOST_GROWTH = 64 << 20
"""Bytes that a warm server may grow by."""
MORE_FILES = 16
"""Open files that it may have more, after everybody has gone, than before."""
MORE_THREADS = 16
"""Threads by which a warm server may grow; its pools make theirs when they are first needed, up to what is set."""
_SETTLED_S = 15.0


@dataclass
class Soak:
    """What a soak found.

    Attributes
    ----------
    load : Load
        What well-behaved clients found.
    faults : dict
        How often which misbehaviour was done.
    memory : list of int
        Resident bytes of the server, each second.
    threads : list of int
        Threads of the server, each second.
    files : tuple of int
        Open files of the server before and after.
    log_bytes : int
        What it had logged when the disk was full.
    """

    load: Load
    faults: dict[str, int]
    memory: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    files: tuple[int, int] = (0, 0)
    log_bytes: int = 0

    def wrongs(self, most_growth: int = MOST_GROWTH) -> Iterator[str]:
        """What is not as it should be."""
        if self.load.wrong:
            yield f"{self.load.wrong} wrong answers"
        if self.load.errors:
            yield f"failed calls: {dict(self.load.errors)}"
        if growth(self.memory) > most_growth:
            yield f"memory has grown by {growth(self.memory) >> 20} MiB"
        if self.files[1] > self.files[0] + MORE_FILES:
            yield f"open files: {self.files[0]} before, {self.files[1]} after"
        if growth(self.threads) > MORE_THREADS:
            yield f"{growth(self.threads)} threads more"
        if idle := [name for name, count in self.faults.items() if not count]:
            yield f"never done: {', '.join(idle)}"

    def lines(self) -> Iterator[str]:
        """A report for people."""
        yield from self.load.lines()
        yield "misbehaved: " + ", ".join(f"{count} {name}" for name, count in self.faults.items())
        at_last, most = self.memory[-1] >> 20, max(self.memory) >> 20
        yield f"memory: {self.memory[0] >> 20} MiB at first, {at_last} at last, {most} at most"
        yield f"  grown by {growth(self.memory) >> 20} MiB once warm; by quarters {self._quarters()}"
        yield f"open files: {self.files[0]} before, {self.files[1]} after"
        yield f"threads: {self.threads[0]} at first, {self.threads[-1]} at last, {max(self.threads)} at most"
        yield f"the disk was full from {self.log_bytes} bytes of log on"

    def _quarters(self) -> list[int]:
        size = max(1, len(self.memory) // 4)
        return [sorted(self.memory[k : k + size])[size // 2] >> 20 for k in range(0, 4 * size, size)]


def soak(seconds: float, seed: int = 1, processes: int = 2, threads: int = 3) -> Soak:
    """Soak a server of its own."""
    with running_server("--log-level", "debug", "--log-format", "json") as server, server.channel() as channel:
        product_at(channel, 1.0, 2.0)
        files = _files(server)
        faults, ended = Faults(server.address, seed), threading.Event()
        memory, running = list[int](), list[int]()
        watching = threading.Thread(target=_watch, args=(server, memory, running, ended))
        watching.start()
        clients = Clients(server.address, seconds, 10_000_000, processes=processes, threads=threads, seed=seed)
        try:
            with faults.going_on():
                time.sleep(seconds / 2)
                log_bytes = _fill_disk(server)
                load = clients.result()
        finally:
            clients.end()
            ended.set()
            watching.join()
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
        return Soak(load, faults.done, memory, running, (files, _settled_files(server, files)), log_bytes)


def _fill_disk(server: RunningServer) -> int:
    """From now on the server can write no file beyond what its log has: neither log nor compiled code."""
    size = server.log.stat().st_size
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, size))
    return size


def _watch(server: RunningServer, memory: list[int], running: list[int], ended: threading.Event) -> None:
    while not ended.wait(1.0):
        memory.append(resident_bytes(server.process.pid))
        running.append(len(list(Path(f"/proc/{server.process.pid}/task").iterdir())))


def _files(server: RunningServer) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def _settled_files(server: RunningServer, before: int) -> int:
    """Open files once those who left are forgotten, which takes the server a moment."""
    ends = time.monotonic() + _SETTLED_S
    while time.monotonic() < ends and _files(server) > before + MORE_FILES:
        time.sleep(0.2)
    return _files(server)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long")
    parser.add_argument("--processes", type=int, default=2, help="processes of well-behaved clients")
    parser.add_argument("--threads", type=int, default=3, help="threads of each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = soak(options.seconds, options.seed, options.processes, options.threads)
    wrongs = list(found.wrongs())
    sys.stdout.write("\n".join([*found.lines(), *(f"WRONG: {text}" for text in wrongs)]) + "\n")
    sys.exit(1 if wrongs else 0)


if __name__ == "__main__":
    main()

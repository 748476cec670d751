"""Calls with known answers while replicas fail one after the other: how many failed, how many were wrong."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wengert_client import Client, ListBuilder, WengertError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from tests.replicas.fleet import Fleet
    from wengert_client import Function, SessionFunction

THREADS = 6
CLIENTS = 3
FUNCTIONS = 8
N = 4


@dataclass
class Outcome:
    """What came of the calls.

    Attributes
    ----------
    calls, failed, wrong
        How many were made; raised an error; gave other numbers than they should.
    slowest_s
        The longest that a call took, repetitions included.
    told
        Some of the errors.
    """

    calls: int = 0
    failed: int = 0
    wrong: int = 0
    slowest_s: float = 0.0
    seconds: float = 0.0
    told: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Count another's calls too."""
        self.calls += other.calls
        self.failed += other.failed
        self.wrong += other.wrong
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.told = (self.told + other.told)[:5]


class _Load:
    """Threads that call until they are told to end."""

    def __init__(self, target: str | Sequence[str]) -> None:
        self._clients = [Client(target, deadline_s=60) for _ in range(CLIENTS)]
        self._lists = [_power_sum(k) for k in range(FUNCTIONS)]
        self.counts = [Outcome() for _ in range(THREADS)]
        self.end = threading.Event()

    @property
    def calls(self) -> int:
        return sum(count.calls for count in self.counts)

    @property
    def ids(self) -> list[str]:
        return [self._clients[0].function(each).id for each in self._lists]

    def work(self, thread: int) -> None:
        """Make calls by themselves; every third thread makes them over a session."""
        client = self._clients[thread % CLIENTS]
        functions = [client.function(each) for each in self._lists]
        if thread % 3:
            self._call(thread, functions)
        else:
            with client.session() as session:
                self._call(thread, [session.function(each) for each in functions])

    def _call(self, thread: int, functions: Sequence[Function | SessionFunction]) -> None:
        random = np.random.default_rng(thread)
        mine = self.counts[thread]
        while not self.end.is_set():
            k = int(random.integers(FUNCTIONS))
            x = random.uniform(-2.0, 2.0, N)
            started = time.monotonic()
            try:
                answer = functions[k].value_and_gradient(x)
                right = np.allclose(answer.value, (x**2).sum() + k) and np.allclose(answer.derivative, 2.0 * x)
                mine.wrong += not right
            except WengertError as error:
                mine.failed += 1
                mine.told.append(f"{type(error).__name__}: {error}")
            mine.slowest_s = max(mine.slowest_s, time.monotonic() - started)
            mine.calls += 1

    def close(self) -> None:
        for client in self._clients:
            client.close()


def _power_sum(k: int) -> ListBuilder:
    builder = ListBuilder()
    x = builder.input("x", N)
    builder.output("f", (x * x).sum() + float(k))
    return builder


def under_faults(fleet: Fleet, target: str | Sequence[str], calls: int) -> Outcome:
    """Make at least so many calls while one replica is killed, one drained, both come back, and one forgets."""
    load = _Load(target)
    started = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        threads = [pool.submit(load.work, k) for k in range(THREADS)]
        try:
            for k, _ in enumerate(_faults(fleet, load), 1):
                _wait_for(load, calls * k // (_STEPS + 1), threads)
            _wait_for(load, calls, threads)
        finally:
            load.end.set()
    load.close()
    total = Outcome(seconds=time.monotonic() - started)
    for count in load.counts:
        total.add(count)
    return total


_STEPS = 5


def _faults(fleet: Fleet, load: _Load) -> Iterator[None]:
    yield
    fleet.kill(0)
    yield
    fleet.start(0)
    assert fleet.forget(2, load.ids) > 0
    yield
    fleet.drain(1)
    yield
    fleet.start(1)
    fleet.kill(2)
    yield
    fleet.start(2)


def _wait_for(load: _Load, calls: int, threads: Sequence[Future[None]]) -> None:
    while load.calls < calls:
        time.sleep(0.02)
        for thread in threads:
            if thread.done():
                thread.result()
                raise RuntimeError("a thread that calls has ended")

"""Timing: contenders take turns, round after round, so that what disturbs one disturbs all."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

Call = Callable[[], object]

_TRIAL_S = 0.002
"""How long is tried how many calls fill a turn."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes
    ----------
    rounds : int
        Turns of every contender.
    turn_s : float
        A turn makes as many calls as fill this time, at least one.
    comparison_s : float
        One comparison takes about this long at most; slow calls then get fewer rounds, at least three.
    single_calls : int
        Calls of every contender where each is timed alone, for latencies.
    quick : bool
        Whether sizes are cut down too: only to see that everything runs.
    """

    rounds: int = 100
    turn_s: float = 0.004
    comparison_s: float = 1.5
    single_calls: int = 3000
    quick: bool = False


FULL = Effort()
QUICK = Effort(rounds=3, turn_s=0.0005, comparison_s=1.0, single_calls=50, quick=True)


@dataclass(frozen=True)
class Timing:
    """Times of one contender.

    Attributes
    ----------
    name : str
    calls : int
        Calls in a turn.
    seconds : tuple of float
        Seconds a call, one number a turn.
    """

    name: str
    calls: int
    seconds: tuple[float, ...]

    @property
    def minimum(self) -> float:
        """Seconds a call in the best turn."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """Seconds a call in the median turn: p50 where a turn is one call."""
        return statistics.median(self.seconds)


def compare(contenders: Mapping[str, Call], effort: Effort) -> tuple[Timing, ...]:
    """Time contenders in turns that fill a few milliseconds each."""
    calls = {name: _calls_for(call, effort.turn_s) for name, call in contenders.items()}
    started = time.perf_counter()
    _turn(contenders, calls)
    one_round = time.perf_counter() - started
    rounds = max(3, min(effort.rounds, int(effort.comparison_s / max(one_round, 1e-9))))
    return _rounds(contenders, calls, rounds)


def compare_single_calls(contenders: Mapping[str, Call], calls: int) -> tuple[Timing, ...]:
    """Time every call alone, contenders taking turns call by call: for latencies."""
    single = dict.fromkeys(contenders, 1)
    for _ in range(max(3, calls // 20)):
        _turn(contenders, single)
    return _rounds(contenders, single, calls)


def _rounds(contenders: Mapping[str, Call], calls: Mapping[str, int], rounds: int) -> tuple[Timing, ...]:
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    with _no_collection():
        for _ in range(rounds):
            for name, seconds in _turn(contenders, calls).items():
                taken[name].append(seconds)
    return tuple(Timing(name, calls[name], tuple(seconds)) for name, seconds in taken.items())


def _turn(contenders: Mapping[str, Call], calls: Mapping[str, int]) -> dict[str, float]:
    """Give the seconds a call of every contender, each having its turn."""
    seconds = {}
    for name, call in contenders.items():
        count = range(calls[name])
        started = time.perf_counter()
        for _ in count:
            call()
        seconds[name] = (time.perf_counter() - started) / len(count)
    return seconds


def _calls_for(call: Call, turn_s: float) -> int:
    """Number of calls that fill a turn; the first call of all is not counted."""
    call()
    count, started = 0, time.perf_counter()
    while (taken := time.perf_counter() - started) < _TRIAL_S or not count:
        call()
        count += 1
    return max(1, int(turn_s * count / taken))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector of garbage from striking one contender for what another left."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Stages:
    """What happens once, step by step, with the seconds of each: building, transforming, the first call."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is inside; the same name again adds up."""
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

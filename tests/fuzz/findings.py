"""What a run of the fuzzer saw, and how it is told."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.fuzz.memory import growth

MOST_GROWTH = 64 << 20
"""Bytes that a warm process may grow by: what allocators keep in more places than one."""
_SHOWN = 20


@dataclass
class Findings:
    """What was seen.

    Attributes
    ----------
    title : str
    codes : Counter
        How often which kind of request was answered how.
    faults : list of str
        Improper answers, crashes, hangs.
    longest_s : float
        Seconds of the slowest answer.
    memory : dict
        By process, resident bytes from time to time.
    seconds : float
    """

    title: str
    codes: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    memory: dict[str, list[int]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def calls(self) -> int:
        """How many requests were made."""
        return self.codes.total()

    def remember(self, process: str, resident: int) -> None:
        """Note what a process has resident."""
        if resident:
            self.memory.setdefault(process, []).append(resident)

    def all_faults(self) -> list[str]:
        """All faults, growth of memory among them."""
        grown = {name: growth(samples) for name, samples in self.memory.items()}
        leaks = [f"{name} has grown by {by >> 20} MiB" for name, by in grown.items() if by > MOST_GROWTH]
        return self.faults + leaks

    def _by_kind(self) -> dict[str, collections.Counter[str]]:
        kinds: dict[str, collections.Counter[str]] = {}
        for name, count in self.codes.items():
            kind, _, code = name.partition(": ")
            kinds.setdefault(kind, collections.Counter())[code] += count
        return kinds

    def lines(self) -> Iterator[str]:
        """A report for people."""
        yield f"{self.title}: {self.calls} requests in {self.seconds:.0f} s, the slowest {self.longest_s:.2f} s"
        for name, samples in self.memory.items():
            ends = f"{samples[0] >> 20} MiB at first, {samples[-1] >> 20} at last, {max(samples) >> 20} at most"
            yield f"  memory of {name}: {ends}; grown by {growth(samples) >> 20} once warm"
        for kind, codes in sorted(self._by_kind().items()):
            told = ", ".join(f"{count} {code}" for code, count in codes.most_common())
            yield f"  {codes.total():9} {kind}: {told}"
        faults = self.all_faults()
        yield f"  {len(faults)} faults"
        yield from (f"  FAULT {text}" for text in faults[:_SHOWN])

"""What an engine holds now, for those who watch it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adengine.functions import HeldFunction
from adengine.hot import COMPILER


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts at one moment.

    Attributes
    ----------
    functions : int
        Functions for which something is kept.
    kept_bytes : int
        Bytes of derivative lists, instructions and working memory kept for them.
    programs : mapping of str to int
        Programs kept for them, by tier.
    compile_waiting : int
        Programs that wait to be compiled, those of all engines of the process.
    """

    functions: int
    kept_bytes: int
    programs: Mapping[str, int]
    compile_waiting: int


def statistics_of(held: Iterable[HeldFunction], tiers: Iterable[str]) -> Statistics:
    """Count what is kept for functions."""
    functions, kept_bytes = 0, 0
    programs = Counter(dict.fromkeys(tiers, 0))
    for each in held:
        functions += 1
        kept_bytes += each.kept_bytes
        programs.update(each.tiers())
    return Statistics(functions, kept_bytes, dict(programs), COMPILER.waiting)

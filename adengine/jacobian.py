"""The plan: forward or reverse, points or directions as lanes, how many, and why.

A dense Jacobian takes n_w forward sweeps (one per column) or m reverse sweeps (one per row). The part of a list that
does not depend on the seeds runs once for all of them, so the predicted cost of s sweeps is

    operations of f's part  +  s * operations that depend on the seed;

for equal sweeps this is n_w against m. At equal cost forward wins: its lanes are cheaper.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from adengine.counting import Cost


class Mode(Enum):
    """How derivatives are propagated."""

    AUTO = 1
    FORWARD = 2
    REVERSE = 3

    __hash__ = object.__hash__
    """Each mode is one object, and plans are looked up by it at every call; Enum would hash the name, in Python."""


class Choice(NamedTuple):
    """A mode, its number of sweeps at each point, and one sentence that says why."""

    mode: Mode
    sweeps: int
    reason: str


_CLEAR = 8
"""One sweep of either list takes at least 1 and at most this many evaluations of f: no need to build both lists to
compare when the numbers of sweeps are further apart."""


def clear_choice(n_w: int, m: int) -> Mode | None:
    """The mode where the numbers of sweeps alone decide, else None."""
    if n_w == 0 or n_w * _CLEAR <= m:
        return Mode.FORWARD
    if m == 0 or m * _CLEAR <= n_w:
        return Mode.REVERSE
    return None


def predicted(cost: Cost, sweeps: int) -> int:
    """Operations of so many sweeps at one point, the part that they share counted once."""
    return cost.operations - cost.seeded_operations + sweeps * cost.seeded_operations


def choose(n_w: int, m: int, dual: Cost, adjoint: Cost) -> Choice:
    """Compare both modes by counted operations."""
    forward, reverse = predicted(dual, n_w), predicted(adjoint, m)
    both = f"{_sweeps(n_w, 'forward')} {forward} operations, {_sweeps(m, 'reverse')} {reverse}"
    if forward <= reverse:
        return Choice(Mode.FORWARD, n_w, f"forward: {both}, at each point (n_w = {n_w}, m = {m}).")
    return Choice(Mode.REVERSE, m, f"reverse: {both}, at each point (n_w = {n_w}, m = {m}).")


def without_comparison(mode: Mode, n_w: int, m: int, *, asked: bool) -> Choice:
    """The choice that was asked for, or that the numbers of sweeps make clear."""
    why = "asked for" if asked else "far fewer sweeps"
    if mode is Mode.FORWARD:
        return Choice(mode, n_w, f"forward, {why}: n_w = {n_w} forward against m = {m} reverse sweeps.")
    return Choice(mode, m, f"reverse, {why}: m = {m} reverse against n_w = {n_w} forward sweeps.")


def _sweeps(number: int, kind: str) -> str:
    return f"1 {kind} sweep takes" if number == 1 else f"{number} {kind} sweeps take"


class Lanes(NamedTuple):
    """Whether points (else directions) are the lanes, and how many run side by side."""

    points: bool
    width: int


_WIDTHS = (1, 8, 16, 32, 64)
_CACHE_ELEMENTS = 1 << 16
"""Elements of the arena that should stay in a core's second-level cache."""
_LEAST_WIDE = 8
_STATEMENT_NS, _ELEMENT_NS = 3.0, 0.35
"""A statement costs about this much, plus this much for each element and lane (measured on the evaluator)."""


def width_for(count: int, cost: Cost, most_elements: int) -> int:
    """Number of lanes for so many points or directions over a list: what is needed at a time should stay in cache."""
    cached = max(_LEAST_WIDE, _CACHE_ELEMENTS // max(cost.live_elements, 1))
    allowed = max(1, min(cached, most_elements // max(cost.elements, 1)))
    wanted = next((width for width in _WIDTHS if width >= count), _WIDTHS[-1])
    return max(width for width in _WIDTHS if width <= max(1, min(wanted, allowed)))


def choose_lanes(points: int, directions: int, cost: Cost, most_elements: int) -> Lanes:
    """Points or directions as lanes, by predicted time."""
    by_points = width_for(points, cost, most_elements)
    by_directions = width_for(directions, cost, most_elements)
    runs = directions * -(-points // by_points)
    points_ns = runs * (cost.statements * _STATEMENT_NS + cost.elements * by_points * _ELEMENT_NS)
    seeded_ns = cost.seeded_statements * _STATEMENT_NS + cost.seeded_elements * by_directions * _ELEMENT_NS
    shared_ns = (cost.statements - cost.seeded_statements) * _STATEMENT_NS
    shared_ns += (cost.elements - cost.seeded_elements) * _ELEMENT_NS
    directions_ns = points * -(-directions // by_directions) * (shared_ns + seeded_ns)
    if points_ns < directions_ns:
        return Lanes(True, by_points)
    return Lanes(False, by_directions)

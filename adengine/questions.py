"""What calls ask, and what is kept for those who ask the same."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple, Protocol

from adengine.calls import Selection
from adengine.counting import Cost
from adengine.graph import FlatList
from adengine.jacobian import Lanes, Mode

EVALUATE, DIRECTIONAL, JACOBIAN, HVP, HESSIAN = "evaluate", "directional", "jacobian", "hvp", "hessian"
"""What a call asks for."""

_BYTES_PER_NAME = 100


class Kept(Protocol):
    """What a function keeps."""

    @property
    def kept_bytes(self) -> int:
        """Bytes it takes."""
        ...


class Prepared(NamedTuple):
    """A flat list and what it costs."""

    flat: FlatList
    cost: Cost

    @property
    def kept_bytes(self) -> int:
        """Bytes of the list's columns; its array constants belong to the function."""
        return self.flat.rows.nbytes + self.flat.pool.nbytes + self.flat.starts.nbytes


class Asked(NamedTuple):
    """What distinguishes the calls of one function: what is asked, with which names. Key of the plans.

    Attributes
    ----------
    what : str
        :data:`EVALUATE`, :data:`DIRECTIONAL`, :data:`JACOBIAN`, :data:`HVP` or :data:`HESSIAN`.
    mode : Mode
        AUTO for a Jacobian where the engine chooses.
    outputs, with_respect_to, shared : tuple of str
        Names as in the request.
    """

    what: str
    mode: Mode
    outputs: tuple[str, ...]
    with_respect_to: tuple[str, ...]
    shared: tuple[str, ...]

    @property
    def kept_bytes(self) -> int:
        """About what the names, and their numbers in a plan, take."""
        return _BYTES_PER_NAME * (len(self.outputs) + len(self.with_respect_to) + len(self.shared))


Key = tuple[str, Mode, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""An :class:`Asked` as a plain tuple, which is made in less time and finds the same plan."""


class Compilable(NamedTuple):
    """What distinguishes the compiled programs of one function; the key under which one is kept."""

    list_key: Hashable
    selection: Selection
    lanes: Lanes
    laned_seeds: bool


def compiled_lanes(lanes: Lanes) -> Lanes:
    """Machine code has one lane or eight."""
    return Lanes(lanes.points, min(lanes.width, 8))

"""How the points and directions of a call are cut into blocks of lanes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.jacobian import Lanes
from adengine.transfer import BLOCK_COLUMNS

Blocks = NDArray[np.int64]

BLOCKS_AT_ONCE = 4096
"""Blocks described at once, so that the description of a large call stays small."""


class Work(NamedTuple):
    """What a program is to run over.

    Attributes
    ----------
    points, point_width : int
        K and n'.
    directions, direction_width : int
        Directions at each point, and the length of one.
    identity : bool
        Directions are the columns of the identity, and are not read from anywhere.
    per_point : bool
        Each point has its own directions.
    values : int
        m, what one point's values take.
    point_step, direction_step, element_step : int
        Component i of direction d at point k goes to place ``k point_step + d direction_step + i element_step``.
    first_direction : int
        Of the identity's columns, the one that is direction 0.
    """

    points: int
    point_width: int
    directions: int
    direction_width: int
    identity: bool
    per_point: bool
    values: int
    point_step: int
    direction_step: int
    element_step: int
    first_direction: int = 0


def number_of_blocks(work: Work, lanes: Lanes) -> int:
    """How many blocks a call is."""
    if lanes.points:
        return work.directions * -(-work.points // lanes.width)
    return work.points * -(-work.directions // lanes.width)


def blocks_of(work: Work, lanes: Lanes, first: int = 0, end: int | None = None) -> Iterator[Blocks]:
    """The blocks of a call from the first to before the end, some thousand at a time."""
    some = _point_blocks if lanes.points else _direction_blocks
    last = number_of_blocks(work, lanes) if end is None else end
    for begin in range(first, last, BLOCKS_AT_ONCE):
        yield some(work, lanes.width, np.arange(begin, min(begin + BLOCKS_AT_ONCE, last), dtype=np.int64))


def _point_blocks(work: Work, width: int, numbers: NDArray[np.int64]) -> Blocks:
    """Points as lanes: all points for each direction in turn."""
    per_direction = -(-work.points // width)
    direction, k = numbers // per_direction, numbers % per_direction * width
    seed_step = work.directions * work.direction_width if work.per_point else 0
    return _blocks(
        len(numbers),
        np.minimum(width, work.points - k),
        k * work.point_width,
        work.point_width,
        k * seed_step + direction * work.direction_width,
        seed_step,
        np.where(direction == 0, k * work.values, -1),
        work.values,
        k * work.point_step + direction * work.direction_step,
        work.point_step,
        work.element_step,
        work.first_direction + direction if work.identity else -1,
    )


def _direction_blocks(work: Work, width: int, numbers: NDArray[np.int64]) -> Blocks:
    """Directions as lanes: all directions for each point in turn."""
    per_point = -(-work.directions // width)
    k, d = numbers // per_point, numbers % per_point * width
    seed_step = work.directions * work.direction_width if work.per_point else 0
    return _blocks(
        len(numbers),
        np.minimum(width, work.directions - d),
        k * work.point_width,
        0,
        k * seed_step + d * work.direction_width,
        work.direction_width,
        np.where(d == 0, k * work.values, -1),
        0,
        k * work.point_step + d * work.direction_step,
        work.direction_step,
        work.element_step,
        work.first_direction + d if work.identity else -1,
    )


def _blocks(count: int, *columns: NDArray[np.int64] | int) -> Blocks:
    blocks = np.empty((count, BLOCK_COLUMNS), np.int64)
    for number, column in enumerate(columns):
        blocks[:, number] = column
    return blocks

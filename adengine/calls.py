"""What a call asks for: names resolved, points and directions checked, before anything runs.

Field paths of the errors are those of the request: ``points``, ``shared[1].value``, ``outputs[2]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.errors import (
    AmbiguousDirections,
    InvalidDirections,
    InvalidName,
    InvalidPoints,
    InvalidShape,
    UnknownName,
)
from adengine.wengert_list import Input

Array = NDArray[np.float64]
Shared = Sequence[tuple[str, Array]]
NO_VALUES = np.empty(0)
ONE = np.ones(1)

_BATCHED = 2
_LISTED = 2
_PER_POINT = 3
"""Ranks of (K, n'), (p, d) and (K, p, d)."""


class Selection(NamedTuple):
    """Which outputs, by which inputs, with which inputs shared; all by number."""

    outputs: tuple[int, ...]
    with_respect_to: tuple[int, ...]
    shared: tuple[int, ...]


class Points(NamedTuple):
    """Points of a call.

    Attributes
    ----------
    values : float64 array
        Flat, point after point.
    number : int
        K, and 1 for one point.
    batched : bool
        Whether replies have the axis K.
    """

    values: Array
    number: int
    batched: bool


class Directions(NamedTuple):
    """Directions of a call.

    Attributes
    ----------
    values : float64 array
        Flat.
    number : int
        p, and 1 for a single direction.
    listed : bool
        Whether replies have the axis p.
    per_point : bool
        Whether each point has its own.
    """

    values: Array
    number: int
    listed: bool
    per_point: bool


class Weighing(Enum):
    """How the outputs are weighed: with the weight 1, all points alike, or each point with weights of its own."""

    ONE = 1
    ALIKE = 2
    PER_POINT = 3

    __hash__ = object.__hash__
    """Each is one object; Enum would hash the name, in Python."""


class Weights(NamedTuple):
    """Weights of the outputs of a call: flat, of all points or point after point."""

    values: Array
    weighing: Weighing


def select(
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    chosen_outputs: Sequence[str],
    with_respect_to: Sequence[str] | None,
    shared: Sequence[str],
) -> Selection:
    """Resolve the names of a call.

    ``with_respect_to`` is None for calls without derivatives; empty, it selects all inputs that are not shared.

    Raises
    ------
    UnknownName, InvalidName
    """
    bound = _numbers(shared, inputs, "shared", ".input", "input")
    wrt: tuple[int, ...] = ()
    if with_respect_to:
        wrt = _numbers(with_respect_to, inputs, "with_respect_to", "", "input")
    elif with_respect_to is not None:
        fixed = set(bound)
        wrt = tuple(number for number in inputs.values() if number not in fixed)
    selected = _numbers(chosen_outputs, outputs, "outputs", "", "output") or tuple(outputs.values())
    return Selection(selected, wrt, bound)


def _numbers(names: Sequence[str], known: Mapping[str, int], field: str, suffix: str, kind: str) -> tuple[int, ...]:
    numbers: dict[int, None] = {}
    for place, name in enumerate(names):
        number = known.get(name)
        if number is None:
            raise UnknownName(
                f"the function has no {kind} called {_shown(name)}; it has {_some(known)}", f"{field}[{place}]{suffix}"
            )
        if number in numbers:
            raise InvalidName(f"{kind} {_shown(name)} is named twice", f"{field}[{place}]{suffix}")
        numbers[number] = None
    return tuple(numbers)


def _shown(name: str) -> str:
    longest = 60
    return ascii(name if len(name) <= longest else name[:longest] + "...")


def _some(names: Mapping[str, int]) -> str:
    most = 8
    listed = ", ".join(name[:60] for name in list(names)[:most])
    return (listed + (", ..." if len(names) > most else "")) or "none"


def shared_values(inputs: Sequence[Input], shared: Shared, numbers: Sequence[int]) -> Array:
    """Values of the shared inputs one after another, in the order of the call.

    Raises
    ------
    InvalidShape
        Where a value has not exactly the input's shape.
    """
    if not shared:
        return NO_VALUES
    flat = []
    for place, (number, (name, value)) in enumerate(zip(numbers, shared, strict=True)):
        expected = inputs[number].shape
        if np.shape(value) != expected:
            raise InvalidShape(
                f"the value of input {name} has shape {np.shape(value)}, expected {expected}", f"shared[{place}].value"
            )
        flat.append(np.asarray(value, np.float64).reshape(-1))
    return np.concatenate(flat)


def check_points(points: Array | None, width: int, free: Sequence[Input]) -> Points:
    """Check the shape of points: (n',) or (K, n') with n' = ``width``; absent only where n' is 0.

    Raises
    ------
    InvalidPoints
        It names the inputs that make up a point.
    """
    if points is not None and points.shape == (width,):
        return Points(np.ascontiguousarray(points, np.float64), 1, False)
    if points is None:
        if width:
            raise InvalidPoints(
                f"points are missing; ({width},) or (K, {width}) is expected for {_described(free)}", "points"
            )
        return Points(NO_VALUES, 1, False)
    if points.ndim != _BATCHED or points.shape[1] != width:
        raise InvalidPoints(
            f"points have shape {points.shape}, expected ({width},) or (K, {width}) for {_described(free)}", "points"
        )
    return Points(np.ascontiguousarray(points, np.float64).reshape(-1), len(points), True)


def _described(inputs: Sequence[Input]) -> str:
    most = 6
    listed = ", ".join(f"{value.name[:60]}{list(value.shape) if value.shape else ''}" for value in inputs[:most])
    return f"the inputs {listed}{', ...' if len(inputs) > most else ''}" if inputs else "no inputs"


def check_directions(directions: Array | None, points: Points, width: int, field: str) -> Directions:
    """Check the shape of tangents or cotangents, of width n_w or m.

    At one point (d,) or (p, d); at K points (d,), (1, p, d) or (K, p, d). Absent cotangents mean 1 where m = 1.

    Raises
    ------
    InvalidDirections, AmbiguousDirections
    """
    if directions is None:
        if field == "cotangents" and width == 1:
            return Directions(ONE, 1, False, False)
        raise InvalidDirections(f"{field} are missing; {_expected(points, width, field)}", field)
    shape = directions.shape
    values = np.ascontiguousarray(directions, np.float64)
    if shape == (width,):
        return Directions(values, 1, False, False)
    values = values.reshape(-1)
    if len(shape) == _LISTED and points.batched:
        raise AmbiguousDirections(
            f"{field} have shape {shape} at {points.number} points: one for each point, or all for every point? "
            f"Send (K, p, {width}), (1, p, {width}) or ({width},)",
            field,
        )
    if len(shape) == _LISTED and shape[1] == width:
        return Directions(values, shape[0], True, False)
    if len(shape) == _PER_POINT and points.batched and shape[2] == width and shape[0] in (1, points.number):
        return Directions(values, shape[1], True, shape[0] != 1)
    raise InvalidDirections(f"{field} have shape {shape}; {_expected(points, width, field)}", field)


def check_weights(weights: Array | None, points: Points, width: int) -> Weights:
    """Check the shape of weights, of width m: (m,), or at K points (K, 1, m). Absent, they mean 1 where m = 1.

    Raises
    ------
    InvalidDirections
    """
    if weights is None and width == 1:
        return Weights(NO_VALUES, Weighing.ONE)
    if weights is not None:
        values = np.ascontiguousarray(weights, np.float64).reshape(-1)
        if weights.shape == (width,):
            return Weights(values, Weighing.ALIKE)
        if points.batched and weights.shape == (points.number, 1, width):
            return Weights(values, Weighing.PER_POINT)
    given = "are missing" if weights is None else f"have shape {weights.shape}"
    shapes = f"({width},) or ({points.number}, 1, {width})" if points.batched else f"({width},)"
    raise InvalidDirections(f"weights {given}; {shapes} is expected, m = {width}", "weights")


def _expected(points: Points, width: int, field: str) -> str:
    letter = "n_w" if field == "tangents" else "m"
    if points.batched:
        shapes = f"({width},), (1, p, {width}) or ({points.number}, p, {width})"
    else:
        shapes = f"({width},) or (p, {width})"
    return f"{shapes} is expected, {letter} = {width}"

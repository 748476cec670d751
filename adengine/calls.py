"""What a call asks for: names resolved, points and directions checked, before anything runs.

Field paths of the errors are those of the request: ``points``, ``shared[1].value``, ``outputs[2]``.
"""

from __future__ import annotations

from collections.abc import Sequence
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
)  # fmt: skip
from adengine.shapes import size_of
from adengine.wengert_list import WengertList

Shared = Sequence[tuple[str, NDArray[np.float64]]]
NO_VALUES = np.empty(0)


class Selection(NamedTuple):
    """Which outputs, by which inputs, with which inputs shared; all by number. Keys of the engine's caches."""

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
    width : int
        n', the scalars of a point.
    """

    values: NDArray[np.float64]
    number: int
    batched: bool
    width: int


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

    values: NDArray[np.float64]
    number: int
    listed: bool
    per_point: bool


def _numbers(names: Sequence[str], known: Sequence[str], field: str, kind: str) -> tuple[int, ...]:
    """Numbers of selected names; none selected is all."""
    numbers: list[int] = []
    for place, name in enumerate(names):
        if name not in known:
            raise UnknownName(f"the function has no {kind} called {_shown(name)}; it has {_some(known)}",
                              f"{field}[{place}]")  # fmt: skip
        number = known.index(name)
        if number in numbers:
            raise InvalidName(f"{kind} {name} is named twice", f"{field}[{place}]")
        numbers.append(number)
    return tuple(numbers)


def _shown(name: str) -> str:
    longest = 60
    return ascii(name if len(name) <= longest else name[:longest] + "...")


def _some(names: Sequence[str]) -> str:
    most = 8
    listed = ", ".join(name[:60] for name in names[:most])
    return (listed + (", ..." if len(names) > most else "")) or "none"


def select(
    function: WengertList, outputs: Sequence[str], with_respect_to: Sequence[str] | None, shared: Shared
) -> tuple[Selection, NDArray[np.float64]]:
    """Resolve the names of a call; gives the selection and the shared values, flat, in the order of the inputs.

    ``with_respect_to`` is None for calls without derivatives; empty, it selects all inputs that are not shared.
    """
    input_names = [value.name for value in function.inputs]
    output_names = [value.name for value in function.outputs]
    bound: dict[int, NDArray[np.float64]] = {}
    for place, (name, value) in enumerate(shared):
        (number,) = _numbers([name], input_names, "shared", "input") if name in input_names else (-1,)
        if number < 0:
            raise UnknownName(f"the function has no input called {_shown(name)}; it has {_some(input_names)}",
                              f"shared[{place}].input")  # fmt: skip
        if number in bound:
            raise InvalidName(f"input {name} is bound twice", f"shared[{place}].input")
        if np.shape(value) != function.inputs[number].shape:
            raise InvalidShape(
                f"the value of input {name} has shape {np.shape(value)}, expected {function.inputs[number].shape}",
                f"shared[{place}].value",
            )
        bound[number] = value
    numbers = tuple(sorted(bound))
    wrt: tuple[int, ...] = ()
    if with_respect_to is not None:
        chosen = _numbers(with_respect_to, input_names, "with_respect_to", "input")
        wrt = chosen if with_respect_to else tuple(i for i in range(len(input_names)) if i not in bound)
    selected = _numbers(outputs, output_names, "outputs", "output") or tuple(range(len(output_names)))
    flat = [np.asarray(bound[number], np.float64).reshape(-1) for number in numbers]
    return Selection(selected, wrt, numbers), np.concatenate(flat) if flat else NO_VALUES


def check_points(function: WengertList, selection: Selection, points: NDArray[np.float64] | None) -> Points:
    """Check the shape of points: (n',) or (K, n'); absent only where n' is 0."""
    free = [value for number, value in enumerate(function.inputs) if number not in selection.shared]
    width = sum(size_of(value.shape) for value in free)
    if points is None:
        if width:
            raise InvalidPoints(f"points are missing; ({width},) or (K, {width}) is expected for {_described(free)}",
                                "points")  # fmt: skip
        return Points(NO_VALUES, 1, False, 0)
    if points.ndim not in (1, 2) or points.shape[-1] != width:
        raise InvalidPoints(
            f"points have shape {points.shape}, expected ({width},) or (K, {width}) for {_described(free)}", "points"
        )
    batched = points.ndim == 2
    values = np.ascontiguousarray(points, np.float64).reshape(-1)
    return Points(values, len(points) if batched else 1, batched, width)


def _described(inputs: Sequence[object]) -> str:
    most = 6
    listed = ", ".join(f"{value.name[:60]}{list(value.shape)}" for value in inputs[:most])  # type: ignore[attr-defined]
    return f"the inputs {listed}{', ...' if len(inputs) > most else ''}" if inputs else "no inputs"


def check_directions(
    directions: NDArray[np.float64] | None, points: Points, width: int, field: str, letter: str
) -> Directions:
    """Check the shape of tangents or cotangents (conventions of the contract, see :class:`Directions`)."""
    if directions is None:
        if field == "cotangents" and width == 1:
            return Directions(np.ones(1), 1, False, False)
        raise InvalidDirections(
            f"{field} are missing; {_expected(points, width)} is expected, {letter} = {width}", field
        )
    shape = directions.shape
    values = np.ascontiguousarray(directions, np.float64).reshape(-1)
    if shape == (width,):
        return Directions(values, 1, False, False)
    if len(shape) == 2 and points.batched:
        raise AmbiguousDirections(
            f"{field} have shape {shape} at {points.number} points: one for each point, or all for every point? "
            f"Send (K, p, {width}), (1, p, {width}) or ({width},)",
            field,
        )
    if len(shape) == 2 and shape[1] == width:
        return Directions(values, shape[0], True, False)
    if len(shape) == 3 and points.batched and shape[2] == width and shape[0] in (1, points.number):
        per_point = shape[0] == points.number and points.number != 1
        return Directions(values, shape[1], True, per_point)
    raise InvalidDirections(
        f"{field} have shape {shape}, expected {_expected(points, width)}, {letter} = {width}", field
    )


def _expected(points: Points, width: int) -> str:
    if points.batched:
        return f"({width},), (1, p, {width}) or ({points.number}, p, {width})"
    return f"({width},) or (p, {width})"

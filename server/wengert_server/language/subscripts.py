"""Elements and slices of arrays, with NumPy's meaning: counted from 0, negative ones from the end.

One place of one axis is a GATHER; several places and slices together are a SLICE and, where axes go, a RESHAPE; an
array of indices is a GATHER of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from wengert_server.language import known
from wengert_server.language.faults import Fault, ShapeFault
from wengert_server.language.functions import gathered
from wengert_server.language.statements import NUMBERS
from wengert_server.language.values import Buffer, Literal, Parts, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wengert_server.language.statements import Statements
    from wengert_server.language.values import Shape, Value

_GATHER = NUMBERS["GATHER"]


class Range(NamedTuple):
    """What a slice says: each of its bounds, or None."""

    start: int | None
    stop: int | None
    step: int | None


class Span(NamedTuple):
    """The elements of one axis at start + i * step, i < size."""

    start: int
    size: int
    step: int


Part: TypeAlias = "int | Range | NDArray[np.int64]"
_Slot: TypeAlias = "int | Span"


def part(value: Value) -> Part:
    """Give what one index says: a place, or an array of places."""
    if isinstance(value, float):
        if value.is_integer():
            return int(value)
        raise Fault(f"an index must be a whole number, not {value:.17g}")
    if type(value) is int or isinstance(value, Buffer | Parts):
        told = "an index must be a number that is known here"
        raise Fault(f"{told}; to choose by the value of a variable write condition ? a : b")
    places = known.places(value)
    return places if places.ndim else int(places)


def take(list_: Statements, value: Value, parts: Sequence[Part]) -> Value:
    """Give what is at some places of an array."""
    if isinstance(value, float):
        raise Fault("a number has no elements")
    if isinstance(value, Buffer | Literal) and all(isinstance(each, int) for each in parts):
        shape = value.shape if isinstance(value, Buffer) else value.array.shape
        if len(parts) == len(shape):
            at = position(shape, parts)
            return value.elements[at] if isinstance(value, Buffer) else float(value.array.flat[at])
    variable = list_.argument(value)
    shape = list_.shape(variable)
    if not shape:
        raise Fault("a scalar has no elements")
    if len(parts) > len(shape):
        raise ShapeFault(f"{len(parts)} axes are indexed, of an array of the shape {written(shape)}")
    if len(shape) == 1 and isinstance(parts[0], int):
        return list_.append(_GATHER, (variable,), (), (0, 0, _place(parts[0], 0, shape)))
    return _advanced(list_, variable, parts)


def position(shape: Shape, parts: Sequence[Part]) -> int:
    """Give where an element stands, row-major; an index for each axis."""
    at = 0
    for axis, (extent, index) in enumerate(zip(shape, parts, strict=True)):
        if not isinstance(index, int):
            raise Fault("elements are assigned one by one; write a loop over the places of a slice")
        at = at * extent + _place(index, axis, shape)
    return at


def _place(index: int, axis: int, shape: Shape) -> int:
    extent = shape[axis]
    if not -extent <= index < extent:
        raise ShapeFault(f"index {index} is outside axis {axis} of an array of the shape {written(shape)}")
    return index if index >= 0 else index + extent


def _advanced(list_: Statements, variable: int, parts: Sequence[Part]) -> int:
    """Take places and slices first, then along the one axis that has an array of places."""
    arrays = [axis for axis, each in enumerate(parts) if isinstance(each, np.ndarray)]
    if len(arrays) > 1:
        raise Fault("one array of indices at most; take them one after another")
    simple = [Range(None, None, None) if isinstance(each, np.ndarray) else each for each in parts]
    made = _basic(list_, variable, simple)
    if not arrays:
        return made
    indices = parts[arrays[0]]
    assert isinstance(indices, np.ndarray)  # noqa: S101  what was asked above, for the type checkers
    extent = list_.shape(variable)[arrays[0]]
    if indices.size and not (-extent <= indices.min() and indices.max() < extent):
        told = f"an index leaves axis {arrays[0]} of an array of the shape {written(list_.shape(variable))}"
        raise ShapeFault(told)
    axis = arrays[0] - sum(isinstance(each, int) for each in parts[: arrays[0]])
    made = gathered(list_, made, indices, float(axis), "an index")
    return made if _together(parts) else _in_front(list_, made, range(axis, axis + indices.ndim))


def _together(parts: Sequence[Part]) -> bool:
    """Whether no slice stands between places and arrays of places."""
    chosen = [axis for axis, each in enumerate(parts) if not isinstance(each, Range)]
    return chosen[-1] - chosen[0] < len(chosen)


def _in_front(list_: Statements, variable: int, axes: range) -> int:
    """Put these axes before all others, as NumPy does where a slice stands between indices."""
    if not axes.start:
        return variable
    rank = len(list_.shape(variable))
    others = (axis for axis in range(rank) if axis not in axes)
    return list_.structural("TRANSPOSE", (variable,), (rank, *axes, *others))


def _basic(list_: Statements, variable: int, parts: Sequence[int | Range]) -> int:
    shape = list_.shape(variable)
    slots: list[_Slot] = [_span(each, axis, shape) for axis, each in enumerate(parts)]
    slots += [Span(0, extent, 1) for extent in shape[len(parts) :]]
    touched = [axis for axis, extent in enumerate(shape) if slots[axis] != Span(0, extent, 1)]
    if not touched:
        return variable
    first = slots[touched[0]]
    if len(touched) == 1 and isinstance(first, int):
        left = shape[: touched[0]] + shape[touched[0] + 1 :]
        return list_.append(_GATHER, (variable,), left, (touched[0], 0, first))
    spans = [Span(each, 1, 1) if isinstance(each, int) else each for each in slots]
    made = list_.structural("SLICE", (variable,), (len(spans), *(number for span in spans for number in span)))
    left = tuple(span.size for span, slot in zip(spans, slots, strict=True) if not isinstance(slot, int))
    return made if len(left) == len(shape) else list_.reshaped(made, left)


def _span(part_: int | Range, axis: int, shape: Shape) -> _Slot:
    if isinstance(part_, int):
        return _place(part_, axis, shape)
    if part_.step == 0:
        raise Fault("the step of a slice is not 0")
    found = range(*slice(*part_).indices(shape[axis]))
    if not found:
        return Span(0, 0, 1)  # Where nothing is taken the start is free, and 0 always is within the axis.
    return Span(found.start, len(found), found.step if len(found) > 1 else 1)


def assign(buffer: Buffer, parts: Sequence[Part], value: float) -> None:
    """Put a number or a scalar variable at one place."""
    if len(parts) != len(buffer.shape):
        raise Fault(f"an element has {len(buffer.shape)} indices here, not {len(parts)}")
    buffer.elements[position(buffer.shape, parts)] = value
    buffer.variable = 0


def buffer_of(literal: Literal) -> Buffer:
    """Give an array whose elements can be assigned, with those of an array of numbers."""
    return Buffer(literal.array.ravel().tolist(), literal.array.shape)

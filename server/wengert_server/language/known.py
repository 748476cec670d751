"""Values that must be known while a text is read: whole numbers, axes, shapes, indices, arrays of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wengert_server.language.faults import Fault, ShapeFault
from wengert_server.language.values import Literal, Parts, size_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wengert_server.language.statements import Statements
    from wengert_server.language.values import Shape, Value

_LARGEST = 2**53
_MOST_WHOLES = 1000


def number(value: Value, what: str) -> float:
    """Give a known number."""
    if isinstance(value, float):
        return value
    if isinstance(value, Literal) and not value.array.shape:
        return float(value.array)
    raise Fault(f"{what} must be a number that is known here, no variable and no array")


def whole(value: Value, what: str) -> int:
    """Give a known whole number."""
    known = number(value, what)
    if not abs(known) <= _LARGEST or not known.is_integer():
        raise Fault(f"{what} must be a whole number, not {known:.17g}")
    return int(known)


def truth(value: Value, what: str) -> bool:
    """Give a known truth value."""
    return number(value, what) != 0


def array(value: Value, what: str) -> NDArray[np.float64]:
    """Give an array of known numbers; a number is one of rank 0."""
    if isinstance(value, float):
        return np.array(float(value))
    if isinstance(value, Literal):
        return value.array
    raise Fault(f"{what} must be made of numbers that are known here; this is a variable")


def places(value: Value) -> NDArray[np.int64]:
    """Give known indices, of any rank."""
    given = array(value, "indices")
    if given.size and not (np.all(np.abs(given) <= _LARGEST) and np.all(given == np.floor(given))):
        raise Fault("indices must be whole numbers")
    return given.astype(np.int64)


def wholes(value: Value, what: str) -> tuple[int, ...]:
    """Give one or several known whole numbers."""
    if isinstance(value, Parts):
        return tuple(whole(each, what) for each in value.values)
    given = array(value, what)
    if given.ndim > 1 or given.size > _MOST_WHOLES:
        raise Fault(f"{what} must be one number, or several in brackets, not an array of the shape {given.shape}")
    return tuple(whole(float(each), what) for each in given.ravel())


def extents(value: Value, what: str) -> Shape:
    """Give a known shape; a single number is a shape of one axis."""
    return wholes(value, f"the shape of {what}")


def completed(shape: Shape, size: int) -> Shape:
    """Give a shape with the one extent that is -1 worked out."""
    if shape.count(-1) == 1:
        rest = -size_of(shape)
        if rest > 0 and size % rest == 0:
            return tuple(size // rest if extent == -1 else extent for extent in shape)
    return shape


def axis_of(axis: int, rank: int, what: str) -> int:
    """Give an axis counted from 0; negative ones count from the end."""
    if not -rank <= axis < rank:
        raise ShapeFault(f"{what}: axis {axis} does not exist, there are {rank} axes")
    return axis % rank


def axes(value: Value, rank: int, what: str) -> Sequence[int]:
    """Give known axes, ascending, each once."""
    given = [axis_of(axis, rank, what) for axis in wholes(value, "axis")]
    if len(set(given)) != len(given):
        raise ShapeFault(f"{what}: an axis is named twice")
    return sorted(given)


def filled(list_: Statements, shape: Shape, value: float) -> NDArray[np.float64]:
    """Give an array of one number, if it is not too large."""
    if any(extent < 0 for extent in shape):
        raise ShapeFault(f"the shape {written(shape)} has a negative extent")
    list_.check_array(shape)
    return np.full(shape, float(value))

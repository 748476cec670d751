"""Indexing with all of NumPy's keys: whole numbers, slices, ``...``, ``None``, arrays of places and of truth.

One place of one axis is a GATHER; slices and places together are a SLICE and, if axes come or go, a
RESHAPE; arrays are a GATHER, over one axis into which those they index are joined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from wengert_client._errors import BuildError, IndexOutOfRange, NotANumber, ShapeError
from wengert_client._node import Node, as_integer, broadcast
from wengert_client._shaping import gather, reshape, strided, transpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wengert_client._variable import Variable

__all__ = ["take_key"]

Places: TypeAlias = "NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class _New:
    """An axis of extent 1 that the result has and the array has not."""


@dataclass(frozen=True, slots=True)
class _Range:
    """The elements of one axis at start + i * step, i < count."""

    start: int
    count: int
    step: int


# What is said of one axis: a single place, a range, or an array of places.
_Slot: TypeAlias = "int | _Range | Places"
_Part: TypeAlias = "_New | _Slot"


def take_key(x: Node, key: Any) -> Variable:
    """Give ``x[key]``, with NumPy's meaning of the key."""
    parts = _parts(x, key)
    if any(isinstance(part, np.ndarray) for part in parts):
        return _advanced(x, parts)
    return _basic(x, parts)


def _basic(x: Node, parts: Sequence[_Part]) -> Variable:
    """Take places and ranges."""
    slots = _slots(parts)
    touched = [axis for axis, extent in enumerate(x.shape) if slots[axis] != _Range(0, extent, 1)]
    if len(touched) == 1 and isinstance(slots[touched[0]], int) and len(parts) == x.ndim:
        taken = gather(x, cast(int, slots[touched[0]]), touched[0])
        if taken.shape:
            x.columns.share(x, taken)
        return taken
    if touched:
        x = strided(x, [_triple(slot) for slot in slots])
    shape = tuple(part.count if isinstance(part, _Range) else 1 for part in parts if not isinstance(part, int))
    if x.shape != shape:
        return reshape(x, shape)
    if touched:
        return cast("Variable", x)
    view = x.columns.variable(x.number, shape)
    x.columns.share(x, view)
    return view


def _advanced(x: Node, parts: Sequence[_Part]) -> Variable:
    """Take arrays of places, with which single places broadcast."""
    slots = _slots(parts)
    x = _basic(x, [slot if isinstance(slot, _Range) else _Range(0, x.shape[k], 1) for k, slot in enumerate(slots)])
    axes = [axis for axis, slot in enumerate(slots) if not isinstance(slot, _Range)]
    places = _joined([slot for slot in slots if not isinstance(slot, _Range)], [x.shape[axis] for axis in axes])
    at = axes[0]
    if not _adjacent(parts):
        # NumPy puts the axes of the places first where something stands between them.
        x = transpose(x, [*axes, *(axis for axis in range(x.ndim) if axis not in axes)])
        at = 0
    if len(axes) > 1:
        joined = math.prod(x.shape[at : at + len(axes)])
        x = reshape(x, (*x.shape[:at], joined, *x.shape[at + len(axes) :]))
    return _with_new_axes(gather(x, places, at), parts, places.ndim)


def _with_new_axes(x: Variable, parts: Sequence[_Part], rank: int) -> Variable:
    """Put in the axes that None asks for; the `rank` axes of the places are one block among the others."""
    if not any(isinstance(part, _New) for part in parts):
        return x
    adjacent = _adjacent(parts)
    extents = list(x.shape)
    block = [] if adjacent else [extents.pop(0) for _ in range(rank)]
    shape = list(block)
    placed = not adjacent
    for part in parts:
        if isinstance(part, _New):
            shape.append(1)
        elif isinstance(part, _Range):
            shape.append(extents.pop(0))
        elif not placed:
            shape.extend(extents.pop(0) for _ in range(rank))
            placed = True
    return reshape(x, shape)


def _parts(x: Node, key: Any) -> list[_Part]:
    """Take a key apart, one part for each axis and each new one."""
    items = list(key) if isinstance(key, tuple) else [key]
    items = [each for item in items for each in _without_masks(item)]
    if sum(item is Ellipsis for item in items) > 1:
        raise IndexOutOfRange("an index has at most one '...'")
    used = sum(_axes_used(item) for item in items)
    if used > x.ndim:
        raise IndexOutOfRange(f"{used} axes are indexed, of an array of the shape {x.shape}")
    if not any(item is Ellipsis for item in items):
        items.append(Ellipsis)
    rest = [slice(None)] * (x.ndim - used)
    items = [each for item in items for each in (rest if item is Ellipsis else [item])]
    parts: list[_Part] = []
    axis = 0
    for item in items:
        parts.append(_New() if item is None else _part(item, x, axis))
        axis += item is not None
    return parts


def _without_masks(item: Any) -> list[Any]:
    """Replace an array of truth values by the places where it is true, an array for each of its axes."""
    if isinstance(item, (bool, np.bool_)):
        raise BuildError("a single truth value is no index; write x[None] for a new axis")
    if isinstance(item, (list, np.ndarray)):
        array = np.asarray(item)
        if array.dtype == np.bool_:
            return [_Mask(places, extent) for places, extent in zip(np.nonzero(array), array.shape, strict=True)]
        return [array]
    return [item]


@dataclass(frozen=True, slots=True, eq=False)
class _Mask:
    """The places where an array of truth values is true along one axis, and the extent it must have."""

    places: Places
    extent: int


def _axes_used(item: Any) -> int:
    return 0 if item is None or item is Ellipsis else 1


def _part(item: Any, x: Node, axis: int) -> _Part:
    """Read what is said of one axis."""
    extent = x.shape[axis]
    if isinstance(item, slice):
        return _range(item, extent)
    if isinstance(item, _Mask):
        if item.extent != extent:
            raise ShapeError(f"a truth array has the extent {item.extent} on axis {axis} of the shape {x.shape}")
        return item.places
    if isinstance(item, np.ndarray) and item.ndim > 0:
        return _checked(item, x, axis)
    if isinstance(item, np.ndarray):
        item = item[()]
    if isinstance(item, Node):
        if item.number in item.columns.truths:
            raise NotANumber(
                "a mask must be known while the list is written, for it says how many elements there are; write "
                "np.where(condition, x, 0)"
            )
        raise NotANumber("an index must be known while the list is written; to choose by a value write np.where")
    place = as_integer(item, "an index")
    if not -extent <= place < extent:
        raise IndexOutOfRange(f"index {place} is outside axis {axis} of an array of the shape {x.shape}")
    return place % extent


def _range(item: slice, extent: int) -> _Range:
    for bound in (item.start, item.stop, item.step):
        if isinstance(bound, Node):
            raise NotANumber("the bounds of a slice must be known while the list is written")
    try:
        places = range(*item.indices(extent))
    except (TypeError, ValueError) as error:
        raise BuildError(f"{item} is no slice: {error}") from None
    if not places:
        return _Range(0, 0, 1)  # Where nothing is taken, the start is free, and 0 always is within the axis.
    return _Range(places.start, len(places), places.step if len(places) > 1 else 1)


def _checked(array: NDArray[Any], x: Node, axis: int) -> Places:
    extent = x.shape[axis]
    if array.size and array.dtype.kind not in "iu":
        raise BuildError(f"an index is an array of {array.dtype}; whole numbers or truth values are expected")
    if array.size and not (-extent <= array.min() and array.max() < extent):
        raise IndexOutOfRange(f"an index leaves axis {axis} of an array of the shape {x.shape}")
    places = array.astype(np.int64)
    return np.where(places < 0, places + extent, places)


def _slots(parts: Sequence[_Part]) -> list[_Slot]:
    return [part for part in parts if not isinstance(part, _New)]


def _joined(slots: Sequence[int | Places], extents: Sequence[int]) -> Places:
    """Give places on the one axis into which several, row-major, are joined."""
    joined = np.zeros((), dtype=np.int64)
    for slot, extent in zip(slots, extents, strict=True):
        broadcast(joined.shape, np.shape(slot))
        joined = np.asarray(joined * extent + slot)
    return joined


def _adjacent(parts: Sequence[_Part]) -> bool:
    """Whether the places stand side by side in the key."""
    at = [k for k, part in enumerate(parts) if not isinstance(part, (_New, _Range))]
    return at[-1] - at[0] == len(at) - 1


def _triple(slot: _Slot) -> tuple[int, int, int]:
    return (slot.start, slot.count, slot.step) if isinstance(slot, _Range) else (cast(int, slot), 1, 1)

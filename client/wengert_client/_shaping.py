"""Functions that move elements: reshape, transpose, slice, concatenate, gather, and what follows from them.

Shapes follow NumPy's rules; negative axes and indices are resolved here, for the contract has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsIndex, TypeAlias

import numpy as np

from wengert.v1 import primitive_pb2 as p
from wengert_client._errors import BuildError, IndexOutOfRange, ShapeError
from wengert_client._node import (
    Node,
    Operand,
    as_constant,
    as_integer,
    as_node,
    axis_of,
    broadcast,
    columns_of,
    derive,
    is_truth,
    settled,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wengert_client._columns import Shape
    from wengert_client._node import Axes
    from wengert_client._variable import Variable

__all__ = [
    "as_shape",
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "gather",
    "ravel",
    "reshape",
    "roll",
    "scatter_add",
    "squeeze",
    "stack",
    "strided",
    "transpose",
]

ShapeLike: TypeAlias = "SupportsIndex | Sequence[SupportsIndex]"


def as_shape(shape: ShapeLike, what: str) -> Shape:
    """Give a shape as a tuple; a single number is a shape of one axis."""
    extents = shape if isinstance(shape, Sequence) else (shape,)
    return tuple(as_integer(extent, f"{what}: shape") for extent in extents)


def reshape(x: Node, shape: ShapeLike) -> Variable:
    """Give the elements, row-major, in another shape of the same size; one extent may be -1."""
    wanted = as_shape(shape, "RESHAPE")
    size = math.prod(x.shape)
    if wanted.count(-1) == 1:
        rest = -math.prod(wanted)
        if rest > 0 and size % rest == 0:
            wanted = tuple(size // rest if extent == -1 else extent for extent in wanted)
    if min(wanted, default=0) < 0 or math.prod(wanted) != size:
        raise ShapeError(f"RESHAPE: {x.shape} has {size} elements, which the shape {wanted} does not")
    return derive(x, p.PRIMITIVE_RESHAPE, (x.number,), (len(wanted), *wanted), wanted)


def ravel(x: Node) -> Variable:
    """Give all elements, row-major, as one axis."""
    return reshape(x, (math.prod(x.shape),))


def expand_dims(x: Node, axis: Axes) -> Variable:
    """Give `x` with axes of extent 1 put in at the given places of the result."""
    given = tuple(axis) if isinstance(axis, Sequence) else (axis,) if axis is not None else ()
    rank = x.ndim + len(given)
    places = {axis_of(each, rank, "RESHAPE") for each in given}
    if len(places) != len(given):
        raise BuildError(f"RESHAPE: an axis is put in twice, among {given}")
    extents = iter(x.shape)
    return reshape(x, tuple(1 if place in places else next(extents) for place in range(rank)))


def squeeze(x: Node, axis: Axes = None) -> Variable:
    """Give `x` without the given axes of extent 1; None: without all of them."""
    if axis is None:
        return reshape(x, tuple(extent for extent in x.shape if extent != 1))
    given = axis if isinstance(axis, Sequence) else (axis,)
    places = {axis_of(each, x.ndim, "RESHAPE") for each in given}
    for place in places:
        if x.shape[place] != 1:
            raise ShapeError(f"RESHAPE: axis {place} has the extent {x.shape[place]}; only 1 can be left out")
    return reshape(x, tuple(extent for place, extent in enumerate(x.shape) if place not in places))


def broadcast_to(x: Node, shape: ShapeLike) -> Variable:
    """Give `x` repeated to a shape, to which it must broadcast."""
    wanted = as_shape(shape, "BROADCAST")
    if min(wanted, default=0) < 0 or broadcast(x.shape, wanted) != wanted:
        raise ShapeError(f"BROADCAST: the shape {x.shape} does not broadcast to {wanted}")
    return derive(x, p.PRIMITIVE_BROADCAST, (x.number,), (len(wanted), *wanted), wanted)


def transpose(x: Node, axes: Sequence[SupportsIndex] | None = None) -> Variable:
    """Give `x` with its axes permuted: axis i of the result is axis axes[i]; None: reversed."""
    order = range(x.ndim)[::-1] if axes is None else [axis_of(each, x.ndim, "TRANSPOSE") for each in axes]
    if sorted(order) != list(range(x.ndim)):
        raise BuildError(f"TRANSPOSE: {tuple(order)} is no permutation of {x.ndim} axes")
    shape = tuple(x.shape[axis] for axis in order)
    return derive(x, p.PRIMITIVE_TRANSPOSE, (x.number,), (len(order), *order), shape)


def strided(x: Node, ranges: Sequence[tuple[int, int, int]]) -> Variable:
    """Give, along each axis, the elements at start + i * step, i < count; `ranges` are (start, count, step)."""
    for axis, ((start, count, step), extent) in enumerate(zip(ranges, x.shape, strict=True)):
        last = start + (count - 1) * step
        inside = 0 <= start <= extent if count == 0 else 0 <= start < extent and 0 <= last < extent
        if step == 0 or count < 0 or not inside:
            raise IndexOutOfRange(f"SLICE: start {start}, count {count}, step {step} leave axis {axis} of {x.shape}")
    parameters = [x.ndim, *(number for each in ranges for number in each)]
    return derive(x, p.PRIMITIVE_SLICE, (x.number,), parameters, tuple(count for _, count, _ in ranges))


def concatenate(parts: Sequence[Operand], axis: SupportsIndex | None = 0) -> Variable:
    """Give the parts one after another along an axis; None: each one flattened first."""
    columns = columns_of(parts, "CONCATENATE")
    nodes = [as_node(columns, part, "CONCATENATE") for part in parts]
    if axis is None:
        nodes, axis = [each if each.ndim == 1 else ravel(each) for each in nodes], 0
    first = nodes[0].shape
    if not first:
        raise ShapeError("CONCATENATE: scalars have no axis to be put along; write stack([...])")
    at = axis_of(axis, len(first), "CONCATENATE")
    for node in nodes:
        if node.ndim != len(first) or node.shape[:at] + node.shape[at + 1 :] != first[:at] + first[at + 1 :]:
            raise ShapeError(f"CONCATENATE: {node.shape} does not fit {first}: only axis {at} may differ")
    shape = (*first[:at], sum(node.shape[at] for node in nodes), *first[at + 1 :])
    numbers = [node.number for node in nodes]
    joined = columns.variable(columns.statement(p.PRIMITIVE_CONCATENATE, numbers, (at, len(nodes))), shape)
    if columns.truths and all(is_truth(columns, settled(part)) for part in parts):
        columns.truths.add(joined.number)
    return joined


def stack(parts: Sequence[Operand], axis: SupportsIndex = 0) -> Variable:
    """Give parts of one shape along a new axis: a RESHAPE for each, and a CONCATENATE."""
    columns_of(parts, "CONCATENATE")
    lifted: list[Operand] = []
    shapes = set()
    for part in parts:
        array = part if isinstance(part, Node) else as_constant(part, "CONCATENATE")
        shapes.add(array.shape)
        at = axis_of(axis, len(array.shape) + 1, "CONCATENATE")
        lifted.append(expand_dims(array, at) if isinstance(array, Node) else np.expand_dims(array, at))
    if len(shapes) != 1:
        raise ShapeError(f"CONCATENATE: parts of one shape are stacked, not {sorted(shapes)}")
    return concatenate(lifted, axis)


def gather(x: Node, indices: ArrayLike, axis: SupportsIndex = 0) -> Variable:
    """Give ``numpy.take(x, indices, axis)``: the axis is replaced by the axes of the indices, which are fixed."""
    at, places = _places(x, indices, axis, "GATHER")
    shape = (*x.shape[:at], *places.shape, *x.shape[at + 1 :])
    return derive(x, p.PRIMITIVE_GATHER, (x.number,), _index_parameters(at, places), shape)


def scatter_add(base: Operand, indices: ArrayLike, updates: Operand, axis: SupportsIndex = 0) -> Variable:
    """Give `base` with updates added where :func:`gather` would read; repeated indices add up."""
    columns = columns_of([base, updates], "SCATTER_ADD")
    x = as_node(columns, base, "SCATTER_ADD")
    y = as_node(columns, updates, "SCATTER_ADD")
    at, places = _places(x, indices, axis, "SCATTER_ADD")
    wanted = (*x.shape[:at], *places.shape, *x.shape[at + 1 :])
    if y.shape != wanted:
        raise ShapeError(f"SCATTER_ADD: the updates have the shape {y.shape}; expected is {wanted}")
    return derive(x, p.PRIMITIVE_SCATTER_ADD, (x.number, y.number), _index_parameters(at, places), x.shape)


def roll(x: Node, shift: SupportsIndex, axis: SupportsIndex | None = None) -> Variable:
    """Give `x` moved along an axis, around its end; None: flattened, moved, and shaped again."""
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    at = axis_of(axis, x.ndim, "GATHER")
    extent = x.shape[at]
    moved = (np.arange(extent) - as_integer(shift, "GATHER: shift")) % extent if extent else np.arange(0)
    return gather(x, moved, at)


def _places(x: Node, indices: ArrayLike, axis: SupportsIndex, what: str) -> tuple[int, NDArray[np.int64]]:
    """Give axis and indices, counted from 0."""
    at = axis_of(axis, x.ndim, what)
    places = np.asarray(indices)
    if places.size == 0:
        places = places.astype(np.int64)
    if places.dtype.kind not in "iu":
        raise BuildError(f"{what}: whole numbers are expected as indices, not {places.dtype}")
    extent = x.shape[at]
    if places.size and not (-extent <= places.min() and places.max() < extent):
        raise IndexOutOfRange(f"{what}: indices from {places.min()} to {places.max()} leave axis {at} of {x.shape}")
    places = places.astype(np.int64)
    return at, np.where(places < 0, places + extent, places)


def _index_parameters(axis: int, places: NDArray[np.int64]) -> list[int]:
    return [axis, places.ndim, *places.shape, *places.ravel().tolist()]

"""Shapes and parameters of the structural statements of the wire.

Each rule reads a statement's parameters, checks them against the shapes of the arguments and gives the shape of the
result, with what the lowering needs to know. Nothing on the wire is negative or counts from the end, and nothing is
clamped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.errors import InvalidList, InvalidShape, LimitExceeded, Unsupported
from adengine.limits import Limits

Shape = tuple[int, ...]
_NO_INDICES = np.empty(0, np.int64)


class Detail(NamedTuple):
    """What the lowering needs besides the shapes.

    Attributes
    ----------
    numbers : tuple of int
        Axes, a permutation, or starts and steps; empty where the shapes say all.
    indices : int64 array
        Of GATHER and SCATTER_ADD.
    """

    numbers: tuple[int, ...] = ()
    indices: NDArray[np.int64] = _NO_INDICES


@dataclass(slots=True)
class Statement:
    """One structural statement while it is checked; errors name it.

    Attributes
    ----------
    number : int
        Statement, counted from 0.
    name : str
        Its primitive.
    parameters : int64 array
        The whole parameter column.
    position : int
        Where in the column the next parameter of this statement stands.
    shapes : list of tuple
        Shapes of the arguments.
    limits : Limits
    """

    number: int
    name: str
    parameters: NDArray[np.int64]
    position: int
    shapes: list[Shape]
    limits: Limits

    @property
    def title(self) -> str:
        """How errors call this statement."""
        return f"statement {self.number + 1} ({self.name})"

    def bad_parameter(self, what: str, back: int = 1) -> InvalidList:
        """An error about a parameter that was read ``back`` reads ago."""
        return InvalidList(f"{self.title}: {what}", f"parameters[{self.position - back}]")

    def bad_shape(self, what: str) -> InvalidShape:
        """An error about the shapes of this statement."""
        return InvalidShape(f"{self.title}: {what}", f"primitives[{self.number}]")

    def take(self, what: str) -> int:
        """The next parameter."""
        if self.position >= len(self.parameters):
            raise InvalidList(f"{self.title}: the parameters end before its {what}", "parameters")
        self.position += 1
        return int(self.parameters[self.position - 1])

    def take_many(self, count: int, what: str) -> NDArray[np.int64]:
        """The next ``count`` parameters, as a view of the column."""
        if count > len(self.parameters) - self.position:
            raise InvalidList(
                f"{self.title}: the parameters end before its {what}: {count} expected, "
                f"{len(self.parameters) - self.position} left",
                "parameters",
            )
        self.position += count
        return self.parameters[self.position - count : self.position]

    def take_in(self, least: int, most: int, what: str) -> int:
        """The next parameter, which must lie in ``[least, most]``."""
        value = self.take(what)
        if not least <= value <= most:
            expected = f"expected {least} to {most}" if least <= most else "and there are none"
            raise self.bad_parameter(f"{what} is {value}, {expected}")
        return value

    def check_size(self, shape: Shape) -> None:
        """Refuse a shape that is too large, before anything of it exists."""
        if len(shape) > self.limits.rank:
            raise self.bad_shape(f"the result has rank {len(shape)}, at most {self.limits.rank}")
        if largest(shape) > self.limits.variable_elements:
            raise LimitExceeded(
                "variable_elements", self.limits.variable_elements, largest(shape), f"{self.title}: elements",
                f"primitives[{self.number}]",
            )  # fmt: skip

    def take_shape(self) -> Shape:
        """A rank and so many extents."""
        rank = self.take("rank")
        if not 0 <= rank <= self.limits.rank:
            if rank > self.limits.rank:
                raise self.bad_shape(f"rank {rank}, at most {self.limits.rank}")
            raise self.bad_parameter(f"rank is {rank}, expected 0 to {self.limits.rank}")
        extents = self.take_many(rank, "shape")
        for axis in range(rank):
            if extents[axis] < 0:
                raise self.bad_parameter(f"extent of axis {axis} is {extents[axis]}, expected 0 or more", rank - axis)
        shape = tuple(int(extent) for extent in extents)
        self.check_size(shape)
        return shape


def largest(shape: Sequence[int]) -> int:
    """Number of elements, or the largest extent where that is more: an array of nothing has bounded extents too."""
    return max(size_of(shape), *shape, 0)


def size_of(shape: Sequence[int]) -> int:
    """Number of elements."""
    return math.prod(shape)


def broadcast(statement: Statement) -> Shape:
    """Shape of an elementwise statement, as NumPy broadcasts."""
    rank = max(len(shape) for shape in statement.shapes)
    result: list[int] = []
    for axis in range(-rank, 0):
        extents = {shape[axis] for shape in statement.shapes if -axis <= len(shape)} - {1}
        if len(extents) > 1:
            raise statement.bad_shape(f"shapes {_listed(statement.shapes)} do not broadcast")
        result.append(extents.pop() if extents else 1)
    return tuple(result)


def _listed(shapes: Sequence[Shape]) -> str:
    return " and ".join(str(shape) for shape in shapes)


def _reshape(statement: Statement) -> tuple[Shape, Detail]:
    shape = statement.take_shape()
    given = statement.shapes[0]
    if size_of(shape) != size_of(given):
        raise statement.bad_shape(
            f"cannot reshape {given} ({size_of(given)} elements) to {shape} ({size_of(shape)} elements)"
        )
    return shape, Detail()


def _broadcast_to(statement: Statement) -> tuple[Shape, Detail]:
    shape = statement.take_shape()
    given = statement.shapes[0]
    padded = (1,) * (len(shape) - len(given)) + given
    if len(given) > len(shape) or any(g not in (1, s) for g, s in zip(padded, shape, strict=True)):
        raise statement.bad_shape(f"cannot broadcast {given} to {shape}")
    return shape, Detail()


def _transpose(statement: Statement) -> tuple[Shape, Detail]:
    given = statement.shapes[0]
    rank = statement.take("rank")
    if rank != len(given):
        raise statement.bad_parameter(f"rank is {rank}, the argument has {len(given)} axes")
    permutation = tuple(int(axis) for axis in statement.take_many(rank, "permutation"))
    if sorted(permutation) != list(range(rank)):
        raise statement.bad_parameter(f"{permutation} is no permutation of the {rank} axes", rank)
    return tuple(given[axis] for axis in permutation), Detail(permutation)


def _slice(statement: Statement) -> tuple[Shape, Detail]:
    given = statement.shapes[0]
    rank = statement.take("rank")
    if rank != len(given):
        raise statement.bad_parameter(f"rank is {rank}, the argument has {len(given)} axes")
    starts, counts, steps = [], [], []
    for axis, extent in enumerate(given):
        start, count, step = (int(value) for value in statement.take_many(3, "start, count, step"))
        if step == 0:
            raise statement.bad_parameter(f"step of axis {axis} is 0")
        if count < 0:
            raise statement.bad_parameter(f"count of axis {axis} is {count}, expected 0 or more", 2)
        last = start + (count - 1) * step
        if count == 0 and not 0 <= start <= extent:
            raise statement.bad_parameter(f"start {start} of axis {axis} lies outside 0 to {extent}", 3)
        if count > 0 and not (0 <= start < extent and 0 <= last < extent):
            raise statement.bad_parameter(
                f"axis {axis} has {extent} elements; start {start}, count {count}, step {step} leave it", 3
            )
        starts.append(start)
        counts.append(count)
        steps.append(step)
    return tuple(counts), Detail((*starts, *steps))


def _concatenate(statement: Statement) -> tuple[Shape, Detail]:
    first = statement.shapes[0]
    axis = int(statement.parameters[statement.position - 2])
    if not first:
        raise statement.bad_shape("scalars cannot be concatenated, rank 1 at least is expected")
    if not 0 <= axis < len(first):
        raise statement.bad_parameter(f"axis is {axis}, the arguments have {len(first)} axes", 2)
    total = 0
    for place, shape in enumerate(statement.shapes):
        if len(shape) != len(first) or shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :]:
            raise statement.bad_shape(
                f"argument {place + 1} has shape {shape}, which does not fit {first} beside axis {axis}"
            )
        total += shape[axis]
    return (*first[:axis], total, *first[axis + 1 :]), Detail((axis,))


def _indices(statement: Statement) -> tuple[int, Shape, NDArray[np.int64]]:
    given = statement.shapes[0]
    axis = statement.take("axis")
    if not 0 <= axis < len(given):
        raise statement.bad_parameter(f"axis is {axis}, the argument has {len(given)} axes")
    shape = statement.take_shape()
    count = size_of(shape)
    indices = statement.take_many(count, "indices")
    bad = np.flatnonzero((indices < 0) | (indices >= given[axis]))
    if len(bad):
        raise statement.bad_parameter(
            f"index {indices[bad[0]]} lies outside axis {axis} with {given[axis]} elements", count - int(bad[0])
        )
    return axis, shape, indices


def _gather(statement: Statement) -> tuple[Shape, Detail]:
    given = statement.shapes[0]
    axis, shape, indices = _indices(statement)
    return given[:axis] + shape + given[axis + 1 :], Detail((axis,), indices)


def _scatter_add(statement: Statement) -> tuple[Shape, Detail]:
    base, updates = statement.shapes
    axis, shape, indices = _indices(statement)
    expected = base[:axis] + shape + base[axis + 1 :]
    if updates != expected:
        raise statement.bad_shape(f"updates have shape {updates}, expected {expected}")
    return base, Detail((axis,), indices)


def _reduce(statement: Statement) -> tuple[Shape, Detail]:
    given = statement.shapes[0]
    keep = statement.take_in(0, 1, "keep_dims")
    count = statement.take_in(0, len(given), "number of axes")
    axes = tuple(int(axis) for axis in statement.take_many(count, "axes"))
    for place, axis in enumerate(axes):
        if not 0 <= axis < len(given):
            raise statement.bad_parameter(f"axis {axis} is not one of the {len(given)} axes", count - place)
        if place and axes[place - 1] >= axis:
            raise statement.bad_parameter(f"axes {axes} are not ascending, each once", count - place)
    if statement.name in ("MAX", "MIN") and any(given[axis] == 0 for axis in axes):
        raise statement.bad_shape(f"no {statement.name.lower()} over an empty axis of {given}")
    if keep:
        return tuple(1 if axis in axes else extent for axis, extent in enumerate(given)), Detail(axes)
    return tuple(extent for axis, extent in enumerate(given) if axis not in axes), Detail(axes)


def _matmul(statement: Statement) -> tuple[Shape, Detail]:
    x, y = statement.shapes
    if len(x) > 2 or len(y) > 2:
        raise Unsupported(
            f"{statement.title}: matrix products of ranks above 2 are not served, shapes are {x} and {y}",
            f"primitives[{statement.number}]",
        )
    if not x or not y:
        raise statement.bad_shape(f"shapes {x} and {y}: a scalar has no matrix product")
    if x[-1] != y[0]:
        raise statement.bad_shape(f"shapes {x} and {y} do not fit: {x[-1]} columns meet {y[0]} rows")
    return x[:-1] + y[1:], Detail()


RULES: dict[str, Callable[[Statement], tuple[Shape, Detail]]] = {
    "RESHAPE": _reshape,
    "BROADCAST": _broadcast_to,
    "TRANSPOSE": _transpose,
    "SLICE": _slice,
    "CONCATENATE": _concatenate,
    "GATHER": _gather,
    "SCATTER_ADD": _scatter_add,
    "SUM": _reduce,
    "PROD": _reduce,
    "MAX": _reduce,
    "MIN": _reduce,
    "LOGSUMEXP": _reduce,
    "MATMUL": _matmul,
    "ZERO_SAFE_MATMUL": _matmul,
}
"""Rule of each structural primitive of the table."""

"""VIEW, ACCUMULATE, GATHER and SCATTER_ADD of flat lists, written as statements of the wire.

A view walks over the elements of an array with strides. Where each stride belongs to one axis of a shape, the view is a
SLICE of that shape, with its axes TRANSPOSEd, and BROADCAST along strides of 0. The shape is its own, or one that
the strides tell. A view that fits no shape is a GATHER from the array laid flat. ACCUMULATE is the way back: SUM over
strides of 0, then ADD where the view covers everything, and SCATTER_ADD along one axis after another where not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.lift_writer import SUM, Writer
from adengine.limits import DEFAULT_LIMITS
from adengine.shapes import Shape, size_of

Words = NDArray[np.int64]
_MOST_AXES = DEFAULT_LIMITS.rank


class View(NamedTuple):
    """A view of an array laid flat.

    Attributes
    ----------
    whole : int
        Elements of the array.
    offset : int
    shape, strides : tuple of int
    """

    whole: int
    offset: int
    shape: Shape
    strides: tuple[int, ...]

    @staticmethod
    def of(words: Words) -> View:
        """From the parameters of a VIEW; axes of one element are left out, but for the last one."""
        whole, offset, rank = (int(word) for word in words[:3])
        axes = zip(words[3 : 3 + rank].tolist(), words[3 + rank : 3 + 2 * rank].tolist(), strict=True)
        kept = [(extent, stride) for extent, stride in axes if extent != 1] or [(1, 1)]
        return View(whole, offset, tuple(extent for extent, _ in kept), tuple(stride for _, stride in kept))

    @property
    def moving(self) -> View:
        """Without the axes of stride 0."""
        kept = [axis for axis, stride in enumerate(self.strides) if stride != 0]
        shape, strides = tuple(self.shape[axis] for axis in kept), tuple(self.strides[axis] for axis in kept)
        return self._replace(shape=shape, strides=strides)

    def indices(self) -> Words:
        """Places in the array, row-major."""
        places = np.full((), self.offset, np.int64)
        for extent, stride in zip(self.shape, self.strides, strict=True):
            places = places[..., None] + stride * np.arange(extent)
        return places.reshape(-1)


class Walk(NamedTuple):
    """A view as slices of a shape.

    Attributes
    ----------
    shape : tuple of int
    starts, counts, steps : list of int
        For each axis of the shape.
    axes : list of int
        For each axis of the view, the axis of the shape that it walks along.
    """

    shape: Shape
    starts: list[int]
    counts: list[int]
    steps: list[int]
    axes: list[int]

    @property
    def order(self) -> list[int]:
        """A permutation that brings the axes of the view to the front, in its order."""
        return [*self.axes, *(axis for axis in range(len(self.shape)) if axis not in self.axes)]


def _row_major(shape: Sequence[int]) -> list[int]:
    strides, step = [0] * len(shape), 1
    for axis in range(len(shape) - 1, -1, -1):
        strides[axis] = step
        step *= shape[axis]
    return strides


def _walk_on(view: View, shape: Shape) -> Walk | None:
    """A view without strides of 0 as slices of a shape; None where it is none."""
    units = _row_major(shape)
    starts = [view.offset // unit % extent for unit, extent in zip(units, shape, strict=True)]
    counts, steps = [1] * len(shape), [1] * len(shape)
    axes: list[int] = []
    for extent, stride in zip(view.shape, view.strides, strict=True):
        axis = _axis_of(abs(stride), units, shape)
        if axis is None or axis in axes:
            return None
        step = stride // units[axis]
        if not 0 <= starts[axis] + (extent - 1) * step < shape[axis]:
            return None
        axes.append(axis)
        counts[axis], steps[axis] = extent, step
    return Walk(shape, starts, counts, steps, axes)


def _axis_of(stride: int, units: Sequence[int], shape: Shape) -> int | None:
    """The axis with the largest unit that divides a stride, passing over axes of one element."""
    for axis, unit in enumerate(units):
        if shape[axis] > 1 and unit <= stride and stride % unit == 0:
            return axis
    return None


def _walk_of(view: View, given: Shape) -> Walk | None:
    """A view without strides of 0 as slices of the array's own shape, or of one that its strides tell."""
    candidates = [given]
    largest_first = sorted({abs(stride) for stride in view.strides}, reverse=True)
    edges = [view.whole, *largest_first]
    if all(outer % inner == 0 for outer, inner in pairwise(edges)):
        told = [outer // inner for outer, inner in pairwise(edges)]
        candidates.append((*told, *([largest_first[-1]] if largest_first and largest_first[-1] > 1 else [])))
    candidates.append((view.whole,))
    for shape in candidates:
        if size_of(shape) == view.whole and len(shape) <= _MOST_AXES:
            walk = _walk_on(view, shape)
            if walk is not None:
                return walk
    return None


def viewed(writer: Writer, x: int, words: Words) -> int:
    """A VIEW of x."""
    view = View.of(words)
    size = size_of(view.shape)
    if size == 1:
        return x if view.whole == 1 else writer.gather(writer.flat(x), 0, (), [view.offset])
    if size == 0:
        return writer.filled(0.0, (0,))
    if view.whole == 1:
        return writer.broadcast(x, view.shape)
    moving = view.moving
    part = _moving_part(writer, x, moving)
    if moving.shape == view.shape:
        return part
    if _fits(writer.shape(part), view):
        return writer.broadcast(part, view.shape)
    padded = tuple(1 if stride == 0 else extent for extent, stride in zip(view.shape, view.strides, strict=True))
    while padded and padded[0] == 1:
        padded = padded[1:]
    return writer.broadcast(writer.reshape(part, padded), view.shape)


def _fits(given: Shape, view: View) -> bool:
    """Whether a broadcast of this shape repeats it as the view does."""
    padded = (1,) * (len(view.shape) - len(given)) + given
    return len(given) <= len(view.shape) and all(
        extent == (1 if stride == 0 else wanted)
        for extent, wanted, stride in zip(padded, view.shape, view.strides, strict=True)
    )


def _moving_part(writer: Writer, x: int, view: View) -> int:
    """A view without strides of 0: all its elements once, in some shape."""
    if view.offset == 0 and size_of(view.shape) == view.whole and list(view.strides) == _row_major(view.shape):
        return x
    walk = _walk_of(view, writer.shape(x))
    if walk is None:
        return writer.gather(writer.flat(x), 0, view.shape, view.indices())
    part = writer.slice(writer.reshape(x, walk.shape), walk.starts, walk.counts, walk.steps)
    if walk.axes == sorted(walk.axes):
        return part
    return writer.transpose(part, walk.order)


def accumulated(writer: Writer, base: int, update: int, words: Words) -> int:
    """A base (0: zeros; a scalar: spread), and an update added through a view."""
    view = View.of(words)
    if size_of(view.shape) == 0:
        return whole_base(writer, base, (view.whole,))
    moving = view.moving
    if moving.shape != view.shape:
        shaped = writer.reshape(update, view.shape)
        update = writer.reduce(SUM, shaped, [axis for axis, stride in enumerate(view.strides) if stride == 0])
    if view.whole == 1:
        return _added(writer, base, writer.scalar(update))
    if size_of(moving.shape) == 1:
        moving = moving._replace(shape=(1,), strides=(1,))
    walk = _walk_of(moving, writer.shape(base) if base and writer.size(base) == view.whole else (view.whole,))
    if walk is None:
        flat = whole_base(writer, base, (view.whole,))
        return writer.scatter_add(flat, writer.flat(update), 0, moving.indices())
    return _along_axes(writer, base, update, moving, walk)


def _along_axes(writer: Writer, base: int, update: int, view: View, walk: Walk) -> int:
    """Add an update along the slices of a shape: one axis after another, the last ones into nothing."""
    part = writer.reshape(update, view.shape)
    if walk.axes != sorted(walk.axes):
        part = writer.transpose(part, np.argsort(walk.axes).tolist())
    part = writer.reshape(part, tuple(walk.counts))
    partial = [
        axis
        for axis, extent in enumerate(walk.shape)
        if (walk.starts[axis], walk.steps[axis], walk.counts[axis]) != (0, 1, extent)
    ]
    if not partial:
        return _added(writer, base, part)
    for axis in reversed(partial):
        shape = list(writer.shape(part))
        shape[axis] = walk.shape[axis]
        last = axis == partial[0]
        into = whole_base(writer, base, walk.shape) if last else writer.filled(-0.0, tuple(shape))
        indices = walk.starts[axis] + walk.steps[axis] * np.arange(walk.counts[axis])
        part = writer.scatter_add(into, part, axis, indices)
    return part


def whole_base(writer: Writer, base: int, shape: Shape) -> int:
    """The base in a shape of its size: zeros where there is none, spread where it is a scalar."""
    if base == 0:
        return writer.filled(0.0, shape)
    if writer.size(base) == size_of(shape):
        return writer.reshape(base, shape)
    return writer.broadcast(base, shape)


def _added(writer: Writer, base: int, update: int) -> int:
    """The base and an update of the whole size; a missing base, or -0.0, changes nothing."""
    if base == 0 or writer.is_minus_zero(base):
        return update
    if writer.size(base) != 1:
        base = writer.reshape(base, writer.shape(update))
    return writer.add(base, update)


def gathered(writer: Writer, x: int, words: Words) -> int:
    """A GATHER: along the axis of x that its parameters tell."""
    outer, extent, inner, count = (int(word) for word in words[:4])
    indices = words[4:]
    if outer * inner * count == 0:
        return writer.filled(0.0, (0,))
    if outer * inner * count == 1:
        return writer.gather(writer.flat(x), 0, (), indices)
    shape, axis = _taken(writer.shape(x), outer, extent, inner)
    return writer.gather(writer.reshape(x, shape), axis, (count,), indices)


def scattered(writer: Writer, base: int, update: int, words: Words) -> int:
    """A SCATTER_ADD: the way back of a GATHER."""
    outer, extent, inner, count = (int(word) for word in words[:4])
    given = writer.shape(base) if base else ()
    shape, axis = _taken(given, outer, extent, inner)
    into = whole_base(writer, base, shape)
    part = writer.reshape(update, (*shape[:axis], count, *shape[axis + 1 :]))
    total = writer.scatter_add(into, part, axis, words[4:])
    return writer.scalar(total) if outer * extent * inner == 1 else total


def _taken(given: Shape, outer: int, extent: int, inner: int) -> tuple[Shape, int]:
    """A shape with an axis of so many elements, between so many outside and inside; the given one where it fits."""
    for axis, each in enumerate(given):
        if each == extent and size_of(given[:axis]) == outer and size_of(given[axis + 1 :]) == inner:
            return given, axis
    shape = (*([outer] if outer != 1 else []), extent, *([inner] if inner != 1 else []))
    return shape, int(outer != 1)

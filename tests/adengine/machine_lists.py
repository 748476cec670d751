"""Random lists over all primitives, and points that bring out what is special: zeros, infinities, NaN, subnormals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from adengine import primitives
from adengine.primitives import ELEMENTWISE, Primitive
from tests.wire_lists import ListWriter

if TYPE_CHECKING:
    import numpy.typing as npt

    from wengert.v1 import WengertList

Shape = tuple[int, ...]

SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -1e-310, 1e308, -1e300, 1.0, -1.0, 0.5, 2.0, 700.0)
SIZES = (0, 1, 7, 8, 9, 64, 65)
_SMALL = 200
"""Elements of the largest variable a list may have."""


def special_points(random: np.random.Generator, *shape: int) -> npt.NDArray[np.float64]:
    """Numbers of ordinary and extraordinary size."""
    ordinary = random.normal(size=shape)
    return np.where(random.random(shape) < 0.3, random.choice(SPECIAL, shape), ordinary)


class RandomList:
    """A list that grows by random statements.

    Parameters
    ----------
    random : numpy.random.Generator
    sizes : sequence of int
        Of the vectors that it starts with; none for a list of scalars.
    scalars : int
        How many scalar inputs.
    window : int
        Operands are among so many of the latest variables.
    """

    def __init__(self, random: np.random.Generator, sizes: tuple[int, ...], scalars: int, window: int) -> None:
        self._random = random
        self._window = window
        self._writer = ListWriter()
        self._known: list[tuple[int, Shape]] = []
        for number in range(scalars):
            self._known.append((self._writer.input(f"s{number}"), ()))
        for number, size in enumerate(sizes):
            self._known.append((self._writer.input(f"v{number}", size), (size,)))
        self._constants = [self._writer.constant(float(value)) for value in special_points(random, 6)]

    def elementwise(self, row: Primitive | None = None) -> None:
        """Append an elementwise statement, of a random primitive if none is given."""
        row = row or ELEMENTWISE[self._random.integers(len(ELEMENTWISE))]
        first, shape = self._pick()
        arguments = [first]
        for _ in range(row.arity - 1):
            other, shape = self._fitting(shape)
            arguments.append(other)
        parameters = [self._parameter(row)] if row.parametric else []
        order = self._random.permutation(len(arguments))
        self._append(row.name, [arguments[i] for i in order], shape, parameters)

    def structural(self) -> None:
        """Append a statement that moves or reduces elements, if one fits."""
        argument, shape = self._pick()
        names = ["RESHAPE", "BROADCAST", "SCALARS"]
        if shape:
            names += ["TRANSPOSE", "SLICE", "CONCATENATE", "GATHER", "SCATTER_ADD", "SUM", "PROD", "MAX", "MIN"]
            names += ["LOGSUMEXP", "MATMUL"]
        name = names[self._random.integers(len(names))]
        getattr(self, f"_{name.lower()}")(argument, shape)

    def finished(self, outputs: int) -> WengertList:
        """The list with so many of its variables as outputs, the last one among them."""
        chosen = self._random.choice(len(self._known), min(outputs, len(self._known)), replace=False)
        for number, place in enumerate({*chosen.tolist(), len(self._known) - 1}):
            self._writer.output(f"f{number}", self._known[place][0])
        return self._writer.message

    def _append(self, name: str, arguments: list[int], shape: Shape, parameters: list[int]) -> None:
        self._known.append((self._writer.add(name, *arguments, parameters=parameters), shape))

    def _parameter(self, row: Primitive) -> int:
        if row.name == "POLYGAMMA":
            return int(self._random.integers(0, primitives.MAX_POLYGAMMA_ORDER + 1))
        return int(self._random.choice([-3, -2, -1, 0, 1, 2, 3, 4, 5, 9]))

    def _pick(self) -> tuple[int, Shape]:
        if self._random.random() < 0.08:
            return int(self._random.choice(self._constants)), ()
        latest = self._known[-self._window :]
        return latest[self._random.integers(len(latest))]

    def _fitting(self, shape: Shape) -> tuple[int, Shape]:
        """An operand that broadcasts with a shape, and what they give together."""
        for _ in range(8):
            other, other_shape = self._pick()
            try:
                together = np.broadcast_shapes(shape, other_shape)
            except ValueError:
                continue
            if math.prod(together) <= _SMALL:
                return other, together
        return int(self._random.choice(self._constants)), shape

    def _scalars(self, argument: int, shape: Shape) -> None:
        """A scalar of an array, so that scalar statements come after array statements."""
        axes = [axis for axis, extent in enumerate(shape) if extent]
        if len(axes) < len(shape):
            self._reduce("SUM", argument, shape, list(range(len(shape))))
            return
        triples = [int(part) for extent in shape for part in (self._random.integers(extent), 1, 1)]
        self._append("SLICE", [argument], (1,) * len(shape), [len(shape), *triples])
        self._append("RESHAPE", [self._known[-1][0]], (), [0])

    def _reshape(self, argument: int, shape: Shape) -> None:
        size = math.prod(shape)
        columns = [count for count in range(1, 10) if size % count == 0]
        extent = int(self._random.choice(columns))
        new = (size // extent, extent) if self._random.random() < 0.5 else (size,)
        self._append("RESHAPE", [argument], new, [len(new), *new])

    def _broadcast(self, argument: int, shape: Shape) -> None:
        new = (int(self._random.choice([1, 2, 7, 8, 9])), *shape)
        if math.prod(new) <= _SMALL:
            self._append("BROADCAST", [argument], new, [len(new), *new])

    def _transpose(self, argument: int, shape: Shape) -> None:
        order = self._random.permutation(len(shape)).tolist()
        self._append("TRANSPOSE", [argument], tuple(shape[axis] for axis in order), [len(shape), *order])

    def _slice(self, argument: int, shape: Shape) -> None:
        triples: list[int] = []
        for extent in shape:
            step = int(self._random.choice([1, 1, 2, -1, 3]))
            count = int(self._random.integers(0, -(-extent // abs(step)) + 1)) if extent else 0
            last = (count - 1) * abs(step) if count else 0
            room = max(extent - 1 - last, 0)
            low = int(self._random.integers(0, room + 1))
            triples += [low + (last if step < 0 else 0), count, step]
        self._append("SLICE", [argument], tuple(triples[1::3]), [len(shape), *triples])

    def _concatenate(self, argument: int, shape: Shape) -> None:
        axis = int(self._random.integers(len(shape)))
        parts = [(argument, shape)]
        for other, other_shape in self._known[-self._window :]:
            alike = len(other_shape) == len(shape) and other_shape[:axis] == shape[:axis]
            if alike and other_shape[axis + 1 :] == shape[axis + 1 :] and len(parts) < 4:
                parts.append((other, other_shape))
        new = (*shape[:axis], sum(part[axis] for _, part in parts), *shape[axis + 1 :])
        if math.prod(new) <= _SMALL:
            self._append("CONCATENATE", [part for part, _ in parts], new, [axis, len(parts)])

    def _gather(self, argument: int, shape: Shape) -> None:
        axis = int(self._random.integers(len(shape)))
        count = int(self._random.choice(SIZES)) if shape[axis] else 0
        indices = self._random.integers(0, max(shape[axis], 1), count).tolist()
        new = (*shape[:axis], count, *shape[axis + 1 :])
        if math.prod(new) <= _SMALL:
            self._append("GATHER", [argument], new, [axis, 1, count, *indices])

    def _scatter_add(self, argument: int, shape: Shape) -> None:
        axis = int(self._random.integers(len(shape)))
        for updates, other in reversed(self._known[-self._window :]):
            alike = len(other) == len(shape) and other[:axis] == shape[:axis] and other[axis + 1 :] == shape[axis + 1 :]
            if alike and (shape[axis] or not other[axis]):
                indices = self._random.integers(0, max(shape[axis], 1), other[axis]).tolist()
                self._append("SCATTER_ADD", [argument, updates], shape, [axis, 1, other[axis], *indices])
                return

    def _sum(self, argument: int, shape: Shape) -> None:
        self._reduce("SUM", argument, shape)

    def _prod(self, argument: int, shape: Shape) -> None:
        self._reduce("PROD", argument, shape)

    def _logsumexp(self, argument: int, shape: Shape) -> None:
        self._reduce("LOGSUMEXP", argument, shape)

    def _max(self, argument: int, shape: Shape) -> None:
        if all(shape):
            self._reduce("MAX", argument, shape)

    def _min(self, argument: int, shape: Shape) -> None:
        if all(shape):
            self._reduce("MIN", argument, shape)

    def _reduce(self, name: str, argument: int, shape: Shape, axes: list[int] | None = None) -> None:
        if axes is None:
            axes = [axis for axis in range(len(shape)) if self._random.random() < 0.7]
        keep = int(self._random.integers(2))
        kept = [(1 if axis in axes else extent) for axis, extent in enumerate(shape) if keep or axis not in axes]
        self._append(name, [argument], tuple(kept), [keep, len(axes), *axes])

    def _matmul(self, argument: int, shape: Shape) -> None:
        if not 1 <= len(shape) <= 2:
            return
        for other, right in reversed(self._known[-self._window :]):
            if 1 <= len(right) <= 2 and right[0] == shape[-1]:
                new = (*shape[:-1], *right[1:])
                if math.prod(new) <= _SMALL:
                    self._append("MATMUL", [argument, other], new, [])
                return


def random_list(
    random: np.random.Generator, statements: int, sizes: tuple[int, ...] = (), scalars: int = 3, window: int = 12
) -> WengertList:
    """A list of so many statements; every third one is structural where there are arrays."""
    made = RandomList(random, sizes, scalars, window)
    for _ in range(statements):
        if sizes and random.random() < 0.35:
            made.structural()
        else:
            made.elementwise()
    return made.finished(int(random.integers(1, 12)))


def list_of(row: Primitive, random: np.random.Generator, statements: int, sizes: tuple[int, ...]) -> WengertList:
    """A list of one primitive over and over, on scalars and arrays."""
    made = RandomList(random, sizes, 4, 1000)
    for _ in range(statements):
        made.elementwise(row)
    return made.finished(statements)


ROWS = list(ELEMENTWISE)
"""Elementwise primitives of the wire."""

"""Lists at random: every primitive, scalars and arrays, awkward names and constants, columns as no text makes them."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from adengine import Input, Label, Output, WengertList
from adengine.primitives import BY_NAME, ELEMENTWISE, TABLE, Kind

if TYPE_CHECKING:
    import random

    from adengine.primitives import Primitive

DOUBLES = (0.0, -0.0, 1.0, -1.0, 2.0, 3.0, -2.0, 0.5, -2.5, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e300, 0.1,
           2**31 - 1.0, 2.0**31, 1e16, 123456789.0, 1.7976931348623157e308, 1 / 3)  # fmt: skip
NAMES = ("x", "y", "for", "in", "input", "output", "inf", "nan", "pi", "e", "w3", "w5", "w5_", "w12", "tangent.x", "s",
         "sin", "zeros", "body", "by", "true", "constants", "tensors", "a.b.c", "_", "s", "t", "for.in")  # fmt: skip
SHAPES = ((), (), (), (1,), (3,), (2, 3), (3, 2), (0,), (2, 0), (1, 3), (2, 2, 2))


class Maker:
    """A list that grows, statement by statement."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.primitives: list[int] = []
        self.arguments: list[int] = []
        self.parameters: list[int] = []
        self.constants = [source.choice(DOUBLES) for _ in range(source.randrange(4))]
        self.tensors = [self._array(source.choice(SHAPES)) for _ in range(source.randrange(3))]
        self.inputs = [
            Input(name, shape, self._array(shape) if source.random() < 0.3 else None)
            for name, shape in zip(
                source.sample(sorted(set(NAMES)), source.randrange(4)),
                iter(lambda: source.choice(SHAPES), None),
                strict=False,
            )
        ]
        self.shapes = [each.shape for each in self.inputs]

    def _array(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.array([self.source.choice(DOUBLES) for _ in range(math.prod(shape))], np.float64).reshape(shape)

    def constant(self) -> int:
        """A constant, mostly a new one; with some luck one that is there, twice, or out of order."""
        if not self.constants or self.source.random() < 0.6:
            self.constants.append(self.source.choice(DOUBLES))
            return -len(self.constants)
        return -self.source.randrange(len(self.constants)) - 1

    def argument(self, *shapes: tuple[int, ...]) -> int:
        """A variable, of one of some shapes where such are named, or a constant."""
        fitting = [k + 1 for k, shape in enumerate(self.shapes) if not shapes or shape in shapes]
        if (not shapes or () in shapes) and (not fitting or self.source.random() < 0.3):
            return self.constant()
        if not fitting:
            return self.tensor(self.source.choice(shapes))
        return self.source.choice(fitting)

    def shape(self, argument: int) -> tuple[int, ...]:
        return () if argument < 0 else self.shapes[argument - 1]

    def add(self, name: str, arguments: list[int], shape: tuple[int, ...], parameters: list[int] | None = None) -> int:
        self.primitives.append(BY_NAME[name].number)
        self.arguments += arguments
        self.parameters += parameters or []
        self.shapes.append(shape)
        return len(self.shapes)

    def tensor(self, shape: tuple[int, ...]) -> int:
        known = [k for k, each in enumerate(self.tensors) if each.shape == shape]
        if known and self.source.random() < 0.5:
            return self.add("CONSTANT", [], shape, [self.source.choice(known) + 1])
        self.tensors.append(self._array(shape))
        return self.add("CONSTANT", [], shape, [len(self.tensors)])

    def statement(self, row: Primitive) -> None:
        """Append a statement of a primitive."""
        if row.kind is Kind.LEAF:
            self.tensor(self.source.choice(SHAPES))
        elif row.kind is Kind.ELEMENTWISE:
            self._elementwise(row)
        else:
            getattr(self, "_" + row.name.lower())(row.name)

    def _elementwise(self, row: Primitive) -> None:
        wanted = self.source.choice(SHAPES)
        arguments = [self.argument((), wanted) for _ in range(row.arity)]
        shape = np.broadcast_shapes(*(self.shape(each) for each in arguments))
        k = self.source.choice([0, 1, 2, 3, -1, -3, 20, 2**31, -(2**40)])
        orders = [abs(k) % 21] if row.name == "POLYGAMMA" else [k]
        self.add(row.name, arguments, tuple(shape), orders if row.parametric else None)

    def _reshape(self, name: str) -> None:
        a = self.argument()
        shape = self.shape(a)
        new = self.source.choice([(math.prod(shape),), (1, *shape), shape[::-1], shape])
        self.add(name, [a], new, [len(new), *new])

    def _broadcast(self, name: str) -> None:
        a = self.argument()
        new = (self.source.randrange(3), *self.shape(a))
        self.add(name, [a], new, [len(new), *new])

    def _transpose(self, name: str) -> None:
        a = self.argument()
        shape = self.shape(a)
        order = self.source.sample(range(len(shape)), len(shape))
        self.add(name, [a], tuple(shape[axis] for axis in order), [len(order), *order])

    def _slice(self, name: str) -> None:
        a = self.argument()
        spans = []
        for extent in self.shape(a):
            step = self.source.choice([1, 1, 2, -1, 3])
            start = self.source.randrange(extent + 1)
            most = len(range(start, extent, step) if step > 0 else range(start, -1, step)) if start < extent else 0
            spans.append((start, self.source.randint(0, most), step))
        numbers = list(itertools.chain.from_iterable(spans))
        self.add(name, [a], tuple(count for _, count, _ in spans), [len(spans), *numbers])

    def _concatenate(self, name: str) -> None:
        shape = self.source.choice([each for each in SHAPES if each])
        arguments = [self.argument(shape) for _ in range(self.source.randint(1, 3))]
        axis = self.source.randrange(len(shape))
        total = (*shape[:axis], shape[axis] * len(arguments), *shape[axis + 1 :])
        self.add(name, arguments, total, [axis, len(arguments)])

    def _places(self, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...], list[int]]:
        axis = self.source.choice([k for k, extent in enumerate(shape) if extent])
        outer = self.source.choice([(), (2,), (1, 2), (0,), (2, 0)])
        return axis, outer, [self.source.randrange(shape[axis]) for _ in range(math.prod(outer))]

    def _gather(self, name: str) -> None:
        a = self.argument((3,), (2, 3), (2, 2, 2))
        shape = self.shape(a)
        axis, outer, indices = self._places(shape)
        self.add(name, [a], shape[:axis] + outer + shape[axis + 1 :], [axis, len(outer), *outer, *indices])

    def _scatter_add(self, name: str) -> None:
        a = self.argument((3,), (2, 3))
        shape = self.shape(a)
        axis, outer, indices = self._places(shape)
        updates = self.tensor(shape[:axis] + outer + shape[axis + 1 :])
        self.add(name, [a, updates], shape, [axis, len(outer), *outer, *indices])

    def _sum(self, name: str) -> None:
        a = self.argument()
        shape = self.shape(a)
        free = [axis for axis, extent in enumerate(shape) if extent or name not in ("MAX", "MIN")]
        axes = sorted(self.source.sample(free, self.source.randint(0, len(free))))
        keep = self.source.randrange(2)
        left = tuple(1 if axis in axes else extent for axis, extent in enumerate(shape) if keep or axis not in axes)
        self.add(name, [a], left, [keep, len(axes), *axes])

    _prod = _max = _min = _logsumexp = _sum

    def _matmul(self, name: str) -> None:
        a, b = self.source.choice([((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 2)), ((2,), (2, 3))])
        self.add(name, [self.argument(a), self.argument(b)], a[:-1] + b[1:])

    _zero_safe_matmul = _matmul

    def finish(self, bodies: list[WengertList]) -> WengertList:
        """The list, with outputs and labels at random."""
        source = self.source
        names = source.sample(sorted(set(NAMES)), source.randint(1, 4))
        everything = range(1, len(self.shapes) + 1)
        outputs = [
            Output(n, source.choice(everything) if everything and source.random() < 0.8 else self.constant())
            for n in names
        ]
        labels = [Label(k, source.choice(NAMES)) for k in everything if source.random() < 0.6]
        return WengertList.build(
            inputs=self.inputs, primitives=self.primitives, arguments=self.arguments, constants=self.constants,
            tensors=self.tensors, parameters=self.parameters, outputs=outputs, bodies=bodies, labels=labels,
        )  # fmt: skip


def random_list(source: random.Random, statements: int = 12, depth: int = 1) -> WengertList:
    """A list at random, sometimes with lists within it."""
    maker = Maker(source)
    for _ in range(source.randint(0, statements)):
        maker.statement(source.choice(TABLE))
    bodies = [
        random_list(source, 4, depth - 1) for _ in range(source.randrange(3) if depth and source.random() < 0.2 else 0)
    ]
    return maker.finish(bodies)


def list_of(row: Primitive, source: random.Random) -> WengertList:
    """A list with several statements of one primitive."""
    maker = Maker(source)
    for _ in range(6):
        maker.statement(row)
    return maker.finish([])


ROWS = (*ELEMENTWISE, *(row for row in TABLE if row.kind is not Kind.ELEMENTWISE))

"""Writes statements of the wire, column by column, and knows the shape of each variable.

What is written twice is one variable: reshapes, fillings and the like are asked for again and again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from adengine.primitives import BY_NAME
from adengine.shapes import Shape, size_of

ADD = BY_NAME["ADD"].number
CONSTANT = BY_NAME["CONSTANT"].number
RESHAPE = BY_NAME["RESHAPE"].number
BROADCAST = BY_NAME["BROADCAST"].number
TRANSPOSE = BY_NAME["TRANSPOSE"].number
SLICE = BY_NAME["SLICE"].number
CONCATENATE = BY_NAME["CONCATENATE"].number
GATHER = BY_NAME["GATHER"].number
SCATTER_ADD = BY_NAME["SCATTER_ADD"].number
SUM = BY_NAME["SUM"].number
MAX = BY_NAME["MAX"].number
MIN = BY_NAME["MIN"].number
LOGSUMEXP = BY_NAME["LOGSUMEXP"].number
MATMUL = BY_NAME["MATMUL"].number
ZERO_SAFE_MATMUL = BY_NAME["ZERO_SAFE_MATMUL"].number

Parameters = Sequence[int] | NDArray[np.int64]
_Number = TypeVar("_Number", bound=np.generic)


class Writer:
    """Columns of a list that grow. Arguments are those of the wire: k > 0 for w_k, k < 0 for a constant.

    Parameters
    ----------
    input_shapes : sequence of tuple of int

    Attributes
    ----------
    next_number : int
        Variable that the next statement defines.
    """

    def __init__(self, input_shapes: Sequence[Shape]) -> None:
        self.next_number = len(input_shapes) + 1
        self._shapes: dict[int, Shape] = {k: shape for k, shape in enumerate(input_shapes, 1) if shape}
        self._primitives: list[NDArray[np.int32]] = []
        self._arguments: list[NDArray[np.int32]] = []
        self._parameters: list[NDArray[np.int64]] = []
        self._constants: list[float] = []
        self._constant_numbers: dict[int, int] = {}
        self._tensors: list[NDArray[np.float64]] = []
        self._origin: dict[int, int] = {}
        self._found: dict[tuple[int, tuple[int, ...], bytes], int] = {}

    # what is there -----------------------------------------------------------------------------------------------

    def shape(self, argument: int) -> Shape:
        """Shape of an argument; those without an entry are scalars."""
        return self._shapes.get(argument, ())

    def rank(self, argument: int) -> int:
        """Number of axes of an argument."""
        return len(self.shape(argument))

    def size(self, argument: int) -> int:
        """Elements of an argument."""
        return size_of(self.shape(argument))

    def is_minus_zero(self, argument: int) -> bool:
        """Whether an argument is the constant -0.0, which added to anything changes nothing."""
        value = self._constants[-argument - 1] if argument < 0 else 1.0
        return value == 0.0 and math.copysign(1.0, value) < 0.0

    # leaves ------------------------------------------------------------------------------------------------------

    def constant(self, value: float) -> int:
        """Argument of a scalar constant; its bits are its key."""
        return int(self.constants_of(np.array([value]))[0])

    def constants_of(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Arguments of scalar constants."""
        numbers = np.empty(len(values), np.int64)
        for place, (bits, value) in enumerate(zip(values.view(np.int64).tolist(), values.tolist(), strict=True)):
            known = self._constant_numbers.get(bits)
            if known is None:
                self._constants.append(value)
                known = self._constant_numbers[bits] = -len(self._constants)
            numbers[place] = known
        return numbers

    def tensor(self, values: NDArray[np.float64]) -> int:
        """An array constant."""
        self._tensors.append(values)
        return self.statement(CONSTANT, [], [len(self._tensors)], values.shape)

    def filled(self, value: float, shape: Shape) -> int:
        """One number, so many times."""
        return self.broadcast(self.constant(value), shape)

    # statements --------------------------------------------------------------------------------------------------

    def columns(self, numbers: NDArray[np.int32], arguments: NDArray[np.int64], parameters: NDArray[np.int64]) -> None:
        """Scalar statements, as columns."""
        self._primitives.append(numbers.astype(np.int32))
        self._arguments.append(arguments.astype(np.int32))
        self._parameters.append(parameters.astype(np.int64))
        self.next_number += len(numbers)

    def statement(self, primitive: int, arguments: Sequence[int], parameters: Parameters, shape: Shape) -> int:
        """One statement, or the same one again; gives its variable."""
        words = np.asarray(parameters, np.int64)
        key = (primitive, tuple(arguments), words.tobytes())
        known = self._found.get(key)
        if known is not None:
            return known
        number = self.next_number
        self.columns(np.array([primitive], np.int32), np.array(arguments, np.int64), words)
        if shape:
            self._shapes[number] = shape
        self._found[key] = number
        return number

    def reshape(self, x: int, shape: Shape) -> int:
        """x in another shape of the same size; x itself where it has it."""
        x = self._origin.get(x, x)
        if self.shape(x) == shape:
            return x
        reshaped = self.statement(RESHAPE, [x], [len(shape), *shape], shape)
        self._origin[reshaped] = x
        return reshaped

    def scalar(self, x: int) -> int:
        """The one element of x."""
        return self.reshape(x, ())

    def broadcast(self, x: int, shape: Shape) -> int:
        """x repeated to a shape."""
        if self.shape(x) == shape:
            return x
        return self.statement(BROADCAST, [x], [len(shape), *shape], shape)

    def transpose(self, x: int, permutation: Sequence[int]) -> int:
        """Axes in another order."""
        given = self.shape(x)
        moving = [axis for axis in permutation if given[axis] != 1]
        shape = tuple(given[axis] for axis in permutation)
        if moving == sorted(moving):
            return self.reshape(x, shape)
        return self.statement(TRANSPOSE, [x], [len(permutation), *permutation], shape)

    def slice(self, x: int, starts: Sequence[int], counts: Sequence[int], steps: Sequence[int]) -> int:
        """Elements along each axis; x itself where they are all."""
        given = self.shape(x)
        if all(
            (start, step) == (0, 1) and count == extent
            for start, count, step, extent in zip(starts, counts, steps, given, strict=True)
        ):
            return x
        triples = [word for axis in zip(starts, counts, steps, strict=True) for word in axis]
        return self.statement(SLICE, [x], [len(given), *triples], tuple(counts))

    def concatenate(self, parts: Sequence[int], axis: int) -> int:
        """Arrays, one after another along an axis."""
        if len(parts) == 1:
            return parts[0]
        shape = list(self.shape(parts[0]))
        shape[axis] = sum(self.shape(part)[axis] for part in parts)
        return self.statement(CONCATENATE, parts, [axis, len(parts)], tuple(shape))

    def gather(self, x: int, axis: int, shape: Shape, indices: Parameters) -> int:
        """Elements at the indices, of the shape given, along an axis."""
        given = self.shape(x)
        words = np.concatenate([np.array([axis, len(shape), *shape], np.int64), np.asarray(indices, np.int64)])
        return self.statement(GATHER, [x], words, given[:axis] + shape + given[axis + 1 :])

    def scatter_add(self, base: int, update: int, axis: int, indices: Parameters) -> int:
        """The base, with the update added where a gather would read."""
        words = np.concatenate([np.array([axis, 1, len(indices)], np.int64), np.asarray(indices, np.int64)])
        return self.statement(SCATTER_ADD, [base, update], words, self.shape(base))

    def reduce(self, primitive: int, x: int, axes: Sequence[int]) -> int:
        """Reduce over some axes."""
        shape = tuple(extent for axis, extent in enumerate(self.shape(x)) if axis not in axes)
        return self.statement(primitive, [x], [0, len(axes), *axes], shape)

    def add(self, x: int, y: int) -> int:
        """x + y, of one shape, or one of them a scalar."""
        return self.statement(ADD, [x, y], [], self.shape(x) or self.shape(y))

    # shapes ------------------------------------------------------------------------------------------------------

    def flat(self, x: int) -> int:
        """x as a vector."""
        return self.reshape(x, (self.size(x),))

    def rows_of(self, x: int, rows: int, length: int) -> int:
        """x as so many rows of so many elements; a single row is a vector."""
        given = self.shape(x)
        if given and given[-1] == length and math.prod(given[:-1]) == rows and (rows != 1 or len(given) == 1):
            return x
        return self.reshape(x, (length,) if rows == 1 else (rows, length))

    def matrix(self, x: int, rows: int, columns: int, *, flipped: bool) -> int:
        """x as a matrix, stored transposed where ``flipped``."""
        if not flipped or 1 in (rows, columns):
            return self.reshape(x, (rows, columns))
        return self.transpose(self.reshape(x, (columns, rows)), [1, 0])

    # columns -----------------------------------------------------------------------------------------------------

    def primitives(self) -> NDArray[np.int32]:
        """Column of the primitives."""
        return _joined(self._primitives, np.int32)

    def arguments(self) -> NDArray[np.int32]:
        """Column of the arguments."""
        return _joined(self._arguments, np.int32)

    def parameters(self) -> NDArray[np.int64]:
        """Column of the parameters."""
        return _joined(self._parameters, np.int64)

    def constants(self) -> NDArray[np.float64]:
        """Column of the constants."""
        return np.array(self._constants, np.float64)

    def tensors(self) -> list[NDArray[np.float64]]:
        """Array constants."""
        return list(self._tensors)


def _joined(parts: list[NDArray[_Number]], dtype: type[_Number]) -> NDArray[_Number]:
    return np.concatenate(parts) if parts else np.empty(0, dtype)

"""From a checked list to the flat list: shapes become sizes and views.

Elementwise statements whose operands are scalars or of the result's size go through a kernel. RESHAPE disappears;
SLICE, TRANSPOSE and BROADCAST become VIEW, SUM becomes the transpose of a broadcast, CONCATENATE a chain of
ACCUMULATE, PROD a tree of products, so that its derivatives of any order need no division.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.cancellation import check
from adengine.graph import (
    FIRST,
    GRAPH,
    NONE,
    OPERATION,
    OVERFLOW,
    SIZE,
    TABLES_TYPE,
    FlatList,
    Graph,
    add_constant,
    add_input,
    append,
    finish,
    intern,
    new_graph,
)  # fmt: skip
from adengine.jit import Int, kernel
from adengine.primitives import BY_NUMBER, Kind, Primitive
from adengine.shapes import Detail, Shape, size_of
from adengine.stopping import stopped
from adengine.templates import ARITY, PARAMETRIC, TABLES, Tables
from adengine.wengert_list import WengertList

I4 = types.Array(types.int32, 1, "C")
I4R = types.Array(types.int32, 1, "C", readonly=True)
I8 = types.Array(types.int64, 1, "C")
I8R = types.Array(types.int64, 1, "C", readonly=True)
F8R = types.Array(types.float64, 1, "C", readonly=True)


@kernel(types.int64(GRAPH, TABLES_TYPE, I4R, I4R, F8R, I8R, I8, I8, I8, I4, types.int64), allocates=True, stops=True)
def _walk(  # noqa: PLR0913  a kernel over flat columns
    graph: Graph, tables: Tables, primitives: NDArray[np.int32], arguments: NDArray[np.int32],
    constants: NDArray[np.float64], parameters: NDArray[np.int64], argument_start: NDArray[np.int64],
    parameter_start: NDArray[np.int64], sizes: NDArray[np.int64], flat: NDArray[np.int32], start: Int,
) -> Int:  # fmt: skip
    """Lower elementwise statements from ``start`` on; stops at others and returns where."""
    first = flat.shape[0] - primitives.shape[0]
    operands = np.empty(3, np.int64)
    word = np.empty(1, np.int64)
    for k in range(start, primitives.shape[0]):
        if k & 1023 == 1023 and stopped() != 0:
            return k
        code = np.int64(primitives[k])
        arity = tables.facts[code, ARITY]
        if arity == 0:
            return k
        size = sizes[first + k]
        operands[:] = NONE
        for j in range(arity):
            argument = np.int64(arguments[argument_start[k] + j])
            if argument < 0:
                operands[j] = add_constant(graph, constants[-argument - 1])
                continue
            operands[j] = flat[argument - 1]
            given = np.int64(graph.rows[operands[j], SIZE])
            if given != size and given != 1:
                return k
        parameter = np.int64(NONE)
        if tables.facts[code, PARAMETRIC] != 0:
            word[0] = parameters[parameter_start[k]]
            parameter = intern(graph, word, 0, 1)
        flat[first + k] = append(graph, tables, code, operands[0], operands[1], operands[2], parameter, size)
    return primitives.shape[0]


def row_major(shape: Sequence[int]) -> list[int]:
    """Strides of a row-major array, in elements."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return strides


def _merged(shape: Sequence[int], strides: Sequence[int]) -> tuple[list[int], list[int]]:
    """The same walk with as few axes as possible."""
    extents: list[int] = []
    steps: list[int] = []
    for extent, step in zip(shape, strides, strict=True):
        if extent == 1:
            continue
        if extents and steps[-1] == step * extent:
            extents[-1] *= extent
            steps[-1] = step
        else:
            extents.append(extent)
            steps.append(step)
    return extents, steps


class _Statement(NamedTuple):
    """One statement that the kernel does not know: its operands in the graph, all shapes, its parameters."""

    primitive: Primitive
    operands: list[int]
    shapes: list[Shape]
    shape: Shape
    detail: Detail
    integer: int


class _Lowering:
    """One list on its way to the flat form."""

    def __init__(self, source: WengertList, room: int) -> None:
        self.source = source
        statements = len(source.primitives)
        rows = len(source.inputs) + len(source.constants) + room
        words = len(source.parameters) + 4 * room
        self.graph = new_graph(rows, words, 2 * statements + room)
        check()
        self.flat = np.full(max(len(source.checked.shape_of), 1), NONE, np.int32)
        self.sizes = np.array([size_of(shape) for shape in source.checked.shapes], np.int64)[source.checked.shape_of]

    # leaves -----------------------------------------------------------------------------------------------------

    def constant(self, value: float) -> int:
        return int(add_constant(self.graph, value))

    def operand(self, argument: int) -> int:
        if argument < 0:
            return self.constant(float(self.source.constants[-argument - 1]))
        return int(self.flat[argument - 1])

    def parameter(self, words: Sequence[int] | NDArray[np.int64]) -> int:
        column = np.asarray(words, np.int64)
        return int(intern(self.graph, column, 0, len(column)))

    def row(self, code: int, operands: Sequence[int], parameter: int, size: int) -> int:
        a, b, c = [*operands, NONE, NONE, NONE][:3]
        return int(append(self.graph, TABLES, code, a, b, c, parameter, size))

    # views ------------------------------------------------------------------------------------------------------

    def view_parameter(self, whole: int, offset: int, shape: Sequence[int], strides: Sequence[int]) -> int:
        extents, steps = _merged(shape, strides)
        if 0 in extents:
            extents, steps, offset = [0], [0], 0
        return self.parameter([whole, offset, len(extents), *extents, *steps])

    def view(self, x: int, whole: int, offset: int, shape: Sequence[int], strides: Sequence[int]) -> int:
        """Elements of x; x itself where they are all its elements in order."""
        if offset == 0 and size_of(shape) == whole and _merged(shape, strides) == _merged([whole], [1]):
            return x
        parameter = self.view_parameter(whole, offset, shape, strides)
        return self.row(op.VIEW, [x], parameter, size_of(shape))

    def repeated(self, x: int, given: Shape, shape: Shape) -> int:
        """x of one shape, repeated to another."""
        padded = (1,) * (len(shape) - len(given)) + tuple(given)
        strides = [0 if extent == 1 else step for extent, step in zip(padded, row_major(padded), strict=True)]
        return self.view(x, size_of(given), 0, shape, strides)

    # statements -------------------------------------------------------------------------------------------------

    def arguments_of(self, k: int, count: int) -> list[int]:
        start = int(self.source.checked.argument_start[k])
        return [int(argument) for argument in self.source.arguments[start : start + count]]

    def special(self, k: int) -> int:
        """Lower statement k, which the kernel does not know."""
        primitive = BY_NUMBER[int(self.source.primitives[k])]
        parameters = self.source.parameters[self.source.checked.parameter_start[k] :]
        arguments = self.arguments_of(k, primitive.arity if primitive.arity >= 0 else int(parameters[1]))
        statement = _Statement(
            primitive,
            [self.operand(argument) for argument in arguments],
            [self.source.shape(argument) for argument in arguments],
            self.source.shape(len(self.source.inputs) + k + 1),
            self.source.checked.details[k],
            int(parameters[0]) if primitive.parametric else 0,
        )
        if primitive.kind is Kind.ELEMENTWISE:
            return self.spread_elementwise(statement)
        return _RULES[primitive.name](self, statement)

    def spread_elementwise(self, s: _Statement) -> int:
        """An elementwise statement with operands that must be repeated first; a scalar need not."""
        whole = size_of(s.shape)
        operands = [
            x if size_of(given) in (1, whole) else self.repeated(x, given, s.shape)
            for x, given in zip(s.operands, s.shapes, strict=True)
        ]
        parameter = self.parameter([s.integer]) if s.primitive.parametric else NONE
        return self.row(s.primitive.number, operands, parameter, whole)

    def constant_array(self, s: _Statement) -> int:
        return self.row(op.ARRAY, [], s.detail.numbers[0], size_of(s.shape))

    def reshape(self, s: _Statement) -> int:
        return s.operands[0]

    def broadcast(self, s: _Statement) -> int:
        return self.repeated(s.operands[0], s.shapes[0], s.shape)

    def transpose(self, s: _Statement) -> int:
        strides = row_major(s.shapes[0])
        return self.view(s.operands[0], size_of(s.shape), 0, s.shape, [strides[axis] for axis in s.detail.numbers])

    def slice(self, s: _Statement) -> int:
        rank = len(s.shape)
        starts, steps = s.detail.numbers[:rank], s.detail.numbers[rank:]
        strides = row_major(s.shapes[0])
        offset = sum(start * stride for start, stride in zip(starts, strides, strict=True))
        walk = [step * stride for step, stride in zip(steps, strides, strict=True)]
        return self.view(s.operands[0], size_of(s.shapes[0]), offset, s.shape, walk)

    def concatenate(self, s: _Statement) -> int:
        """Each argument is added to its place; the base is -0.0, which added to anything changes nothing."""
        axis = s.detail.numbers[0]
        strides = row_major(s.shape)
        whole, offset, built = size_of(s.shape), 0, self.constant(-0.0)
        if len(s.operands) == 1 or whole == 0:
            return s.operands[0] if len(s.operands) == 1 else self.filled(0.0, 0)
        for x, part in zip(s.operands, s.shapes, strict=True):
            if size_of(part):
                parameter = self.view_parameter(whole, offset * strides[axis], part, strides)
                built = self.row(op.ACCUMULATE, [built, x], parameter, whole)
            offset += part[axis]
        return built

    def gather(self, s: _Statement) -> int:
        regular = self.regular(s)
        if regular is not None:
            return self.view(s.operands[0], size_of(s.shapes[0]), *regular)
        return self.row(op.GATHER, s.operands, self.take_parameter(s), size_of(s.shape))

    def scatter_add(self, s: _Statement) -> int:
        if not size_of(s.shapes[1]):
            return s.operands[0]
        regular = self.regular(s)
        if regular is not None:
            parameter, code = self.view_parameter(size_of(s.shapes[0]), *regular), op.ACCUMULATE
        else:
            parameter, code = self.take_parameter(s), op.SCATTER_ADD
        return self.row(code, [self.unspread(s.operands[0]), s.operands[1]], parameter, size_of(s.shape))

    def unspread(self, x: int) -> int:
        """The scalar that x is spread from, which can stand for it as a base; or x itself."""
        code, source = (int(word) for word in self.graph.rows[x, [OPERATION, FIRST]])
        return source if code == op.VIEW and self.graph.rows[source, SIZE] == 1 else x

    def regular(self, s: _Statement) -> tuple[int, list[int], list[int]] | None:
        """Offset, shape and strides of a gather whose indices go up by the same step, else nothing."""
        given, axis, indices = s.shapes[0], s.detail.numbers[0], s.detail.indices
        strides = row_major(given)
        step = int(indices[1] - indices[0]) if len(indices) > 1 else 1
        if len(indices) == 0 or (np.diff(indices) != step).any():
            return None
        shape = [*given[:axis], len(indices), *given[axis + 1 :]]
        walk = [*strides[:axis], step * strides[axis], *strides[axis + 1 :]]
        return int(indices[0]) * strides[axis], shape, walk

    def take_parameter(self, s: _Statement) -> int:
        given, axis, indices = s.shapes[0], s.detail.numbers[0], s.detail.indices
        head = [size_of(given[:axis]), given[axis], size_of(given[axis + 1 :]), len(indices)]
        return self.parameter(np.concatenate([np.array(head, np.int64), indices]))

    def rows_of(self, s: _Statement) -> tuple[int, int, int]:
        """The reduced axes moved last: the view, the number of rows and their length."""
        given, axes = s.shapes[0], s.detail.numbers
        kept = [axis for axis in range(len(given)) if axis not in axes]
        order = [*kept, *axes]
        strides = row_major(given)
        extents = [given[axis] for axis in order]
        view = self.view(s.operands[0], size_of(given), 0, extents, [strides[axis] for axis in order])
        return view, size_of(extents[: len(kept)]), size_of(extents[len(kept) :])

    def sum(self, s: _Statement) -> int:
        """The transpose of a broadcast; it starts from -0.0, which added to anything changes nothing."""
        given, axes, whole = s.shapes[0], s.detail.numbers, size_of(s.shape)
        if size_of(given) == whole and all(given[axis] == 1 for axis in axes):
            return s.operands[0]
        kept = [1 if axis in axes else extent for axis, extent in enumerate(given)]
        strides = [0 if axis in axes else step for axis, step in enumerate(row_major(kept))]
        base = self.constant(-0.0 if size_of(given) else 0.0)
        parameter = self.view_parameter(whole, 0, given, strides)
        return self.row(op.ACCUMULATE, [base, s.operands[0]], parameter, whole)

    def prod(self, s: _Statement) -> int:
        """A tree of products of halves: exact derivatives of any order beside zeros, without division."""
        x, rows, length = self.rows_of(s)
        if rows * length == 0:
            return self.filled(1.0, rows)
        rest: list[int] = []
        while length > 1:
            half = length // 2
            if length % 2:
                rest.append(self.view(x, rows * length, length - 1, [rows], [length]))
            left = self.view(x, rows * length, 0, [rows, half], [length, 1])
            right = self.view(x, rows * length, half, [rows, half], [length, 1])
            x = self.row(op.MULTIPLY, [left, right], NONE, rows * half)
            length = half
        for other in rest:
            x = self.row(op.MULTIPLY, [x, other], NONE, rows)
        return x

    def filled(self, value: float, count: int) -> int:
        return self.view(self.constant(value), 1, 0, [count], [0])

    def extremes(self, s: _Statement) -> int:
        """MAX and MIN; an empty axis was refused."""
        x, rows, length = self.rows_of(s)
        if rows == 0 or length == 1:
            return x
        code = op.MAXIMA if s.primitive.name == "MAX" else op.MINIMA
        return self.row(code, [x], self.parameter([rows, length]), rows)

    def logsumexp(self, s: _Statement) -> int:
        x, rows, length = self.rows_of(s)
        if rows * length == 0:
            return self.filled(-np.inf, rows)
        return self.row(op.LOGSUMEXPS, [x], self.parameter([rows, length]), rows)

    def matmul(self, s: _Statement) -> int:
        x, y = s.shapes
        m = size_of(x[:-1])
        n = size_of(y[1:])
        if m * n * y[0] == 0:
            return self.filled(0.0, m * n)
        code = op.ZERO_SAFE_MATMUL if s.primitive.name == "ZERO_SAFE_MATMUL" else op.MATMUL
        return self.row(code, s.operands, self.parameter([m, y[0], n, 0, 0]), m * n)


_RULES: dict[str, Callable[[_Lowering, _Statement], int]] = {
    "CONSTANT": _Lowering.constant_array,
    "RESHAPE": _Lowering.reshape,
    "BROADCAST": _Lowering.broadcast,
    "TRANSPOSE": _Lowering.transpose,
    "SLICE": _Lowering.slice,
    "CONCATENATE": _Lowering.concatenate,
    "GATHER": _Lowering.gather,
    "SCATTER_ADD": _Lowering.scatter_add,
    "SUM": _Lowering.sum,
    "PROD": _Lowering.prod,
    "MAX": _Lowering.extremes,
    "MIN": _Lowering.extremes,
    "LOGSUMEXP": _Lowering.logsumexp,
    "MATMUL": _Lowering.matmul,
    "ZERO_SAFE_MATMUL": _Lowering.matmul,
}


def lower(source: WengertList, outputs: Sequence[int]) -> FlatList:
    """The flat form of a list, with the outputs of the given numbers, in that order.

    The function's inputs keep their numbers; an input that no chosen output needs has no row.
    """
    room = 2 * len(source.primitives) + 8 * len(source.checked.details) + 256
    lowering = _filled(source, room)
    while lowering.graph.used[OVERFLOW]:
        room *= 4
        lowering = _filled(source, room)
    first = len(source.inputs)
    rows = np.array([lowering.operand(source.outputs[number].argument) for number in outputs], np.int32)
    input_sizes = np.array([size_of(value.shape) for value in source.inputs], np.int64)
    output_sizes = np.array([size_of(source.shape(source.outputs[number].argument)) for number in outputs], np.int64)
    arrays = tuple(tensor.reshape(-1) for tensor in source.tensors)
    inputs = lowering.flat[:first].copy()
    return finish(lowering.graph, arrays, inputs, input_sizes, 0, rows, output_sizes, len(rows))


def _filled(source: WengertList, room: int) -> _Lowering:
    """All statements of a list lowered, as far as there is room."""
    lowering = _Lowering(source, room)
    graph, flat = lowering.graph, lowering.flat
    for number, value in enumerate(source.inputs):
        flat[number] = add_input(graph, number, size_of(value.shape), 0)
    k, statements, first = 0, len(source.primitives), len(source.inputs)
    while not graph.used[OVERFLOW]:
        k = _walk(
            graph, TABLES, source.primitives, source.arguments, source.constants, source.parameters,
            source.checked.argument_start, source.checked.parameter_start, lowering.sizes, flat, k,
        )  # fmt: skip
        if k == statements:
            break
        flat[first + k] = lowering.special(k)
        k += 1
    return lowering

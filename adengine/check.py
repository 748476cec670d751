"""Checking the statements of a list and inferring all shapes, once.

A kernel walks over elementwise statements whose shapes agree, at a few nanoseconds each. It stops at everything else:
a structural statement or one that broadcasts is handled by :mod:`adengine.shapes`, an error is told with its place.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.cancellation import check
from adengine.errors import EngineError, InvalidList, LimitExceeded, UnknownPrimitive, UnspecifiedPrimitive
from adengine.jit import Int, kernel
from adengine.limits import Limits
from adengine.primitives import BY_NUMBER, MAX_POLYGAMMA_ORDER, TABLE, Kind
from adengine.shapes import RULES, Detail, Shape, Statement, broadcast, size_of

I4 = types.Array(types.int32, 1, "C")
I4R = types.Array(types.int32, 1, "C", readonly=True)
I8 = types.Array(types.int64, 1, "C")

_WIRE_NUMBERS = 256
_NOT_SERVED, _STRUCTURAL = -1, -2
_DONE, _SPECIAL, _ARGUMENTS_END, _BAD_ARGUMENT, _PARAMETERS_END = range(5)
_STATEMENT, _ARGUMENT, _PARAMETER = range(3)
_POLYGAMMA = 124


class Columns(NamedTuple):
    """The columns that statements are made of; tensors by their shapes."""

    primitives: NDArray[np.int32]
    arguments: NDArray[np.int32]
    constants: NDArray[np.float64]
    tensors: tuple[Shape, ...]
    parameters: NDArray[np.int64]


class Checked(NamedTuple):
    """What checking found out.

    Attributes
    ----------
    shapes : list of tuple
        Different shapes; number 0 is ().
    shape_of : int32 array (variables,)
        Number of the shape of w_1, w_2, ...
    argument_start, parameter_start : int64 arrays (statements,)
        Where each statement's arguments and parameters begin in their columns.
    details : dict
        For each structural statement, counted from 0, what the lowering needs.
    """

    shapes: list[Shape]
    shape_of: NDArray[np.int32]
    argument_start: NDArray[np.int64]
    parameter_start: NDArray[np.int64]
    details: dict[int, Detail]


def _arities() -> NDArray[np.int64]:
    """For each number of the wire: the arity of an elementwise primitive (plus 8 with a parameter), or why not."""
    arities = np.full(_WIRE_NUMBERS, _NOT_SERVED, np.int64)
    for row in TABLE:
        elementwise = row.kind is Kind.ELEMENTWISE
        arities[row.number] = row.arity + 8 * row.parametric if elementwise else _STRUCTURAL
    return arities


_ARITIES = _arities()


@kernel(types.int64(I4R, I4R, types.int64, types.int64, I8, I4, I8, I8, I8))
def _walk(  # noqa: C901, PLR0913  a kernel over flat columns: one loop, many ways to stop
    primitives: NDArray[np.int32], arguments: NDArray[np.int32], constants: Int, parameters: Int,
    arities: NDArray[np.int64], shape_of: NDArray[np.int32], argument_start: NDArray[np.int64],
    parameter_start: NDArray[np.int64], state: NDArray[np.int64],
) -> Int:  # fmt: skip
    """Walk on from ``state`` (statement, argument, parameter) until something special; ``state`` says where."""
    first = shape_of.shape[0] - primitives.shape[0]
    for k in range(state[_STATEMENT], primitives.shape[0]):
        state[_STATEMENT] = k
        argument_start[k] = state[_ARGUMENT]
        parameter_start[k] = state[_PARAMETER]
        number = np.int64(primitives[k])
        if number <= 0 or number >= _WIRE_NUMBERS or arities[number] < 0:
            return _SPECIAL
        arity = arities[number]
        if arity >= 8:
            arity -= 8
            if number == _POLYGAMMA:
                return _SPECIAL
            if state[_PARAMETER] >= parameters:
                return _PARAMETERS_END
            state[_PARAMETER] += 1
        if state[_ARGUMENT] + arity > arguments.shape[0]:
            return _ARGUMENTS_END
        shape = np.int64(0)
        for j in range(arity):
            argument = np.int64(arguments[state[_ARGUMENT] + j])
            if argument == 0 or argument > first + k or argument < -constants:
                state[_ARGUMENT] += j
                return _BAD_ARGUMENT
            if argument > 0:
                other = np.int64(shape_of[argument - 1])
                if shape == 0:
                    shape = other
                elif other != 0 and other != shape:
                    state[_PARAMETER] = parameter_start[k]
                    return _SPECIAL
        state[_ARGUMENT] += arity
        shape_of[first + k] = shape
    state[_STATEMENT] = primitives.shape[0]
    return _DONE


class _Checker:
    """The slow path, and the state of the walk."""

    def __init__(self, input_shapes: list[Shape], columns: Columns, limits: Limits) -> None:
        self.columns = columns
        self.limits = limits
        self.shapes: list[Shape] = [()]
        self.numbers: dict[Shape, int] = {(): 0}
        statements = len(columns.primitives)
        self.first = len(input_shapes)
        self.shape_of = np.zeros(self.first + statements, np.int32)
        for place, shape in enumerate(input_shapes):
            self.shape_of[place] = self.number(shape)
        self.argument_start = np.zeros(max(statements, 1), np.int64)
        self.parameter_start = np.zeros(max(statements, 1), np.int64)
        self.details: dict[int, Detail] = {}
        self.state = np.zeros(3, np.int64)

    def number(self, shape: Shape) -> int:
        """Number of a shape, new or known."""
        if shape not in self.numbers:
            self.numbers[shape] = len(self.shapes)
            self.shapes.append(shape)
        return self.numbers[shape]

    def walk(self) -> int:
        columns = self.columns
        status: int = _walk(
            columns.primitives, columns.arguments, len(columns.constants), len(columns.parameters), _ARITIES,
            self.shape_of, self.argument_start, self.parameter_start, self.state,
        )  # fmt: skip
        return status

    def special(self) -> None:
        """Handle the statement at which the walk stopped, and step over it."""
        k = int(self.state[_STATEMENT])
        number = int(self.columns.primitives[k])
        row = BY_NUMBER.get(number)
        if number == 0:
            raise UnspecifiedPrimitive(f"statement {k + 1} has no primitive (number 0)", f"primitives[{k}]")
        if row is None:
            raise UnknownPrimitive(f"statement {k + 1} has primitive {number}, which is not served", f"primitives[{k}]")
        statement = Statement(k, row.name, self.columns.parameters, int(self.state[_PARAMETER]), [], self.limits)
        arity = row.arity
        if row.name == "CONCATENATE":
            statement.take("axis")
            arity = self.concatenated(statement)
        statement.shapes = [self.argument_shape(statement, place) for place in range(arity)]
        shape, detail = self.infer(statement, row.kind)
        statement.check_size(shape)
        self.shape_of[self.first + k] = self.number(shape)
        self.details[k] = detail
        self.state[:] = k + 1, self.state[_ARGUMENT] + arity, statement.position

    def concatenated(self, statement: Statement) -> int:
        """Number of arguments of a CONCATENATE."""
        count = statement.take("number of arguments")
        if count < 1:
            raise statement.bad_parameter(f"number of arguments is {count}, expected 1 or more")
        if count > len(self.columns.arguments) - int(self.state[_ARGUMENT]):
            raise self.arguments_end(statement.number)
        return count

    def infer(self, statement: Statement, kind: Kind) -> tuple[Shape, Detail]:
        if kind is Kind.LEAF:
            which = statement.take_in(1, len(self.columns.tensors), "number of the tensor")
            return self.columns.tensors[which - 1], Detail((which - 1,))
        if kind is Kind.STRUCTURAL:
            return RULES[statement.name](statement)
        if statement.name == "POLYGAMMA":
            statement.take_in(0, MAX_POLYGAMMA_ORDER, "order")
        elif BY_NUMBER[int(self.columns.primitives[statement.number])].parametric:
            statement.take("k")
        return broadcast(statement), Detail()

    def argument_shape(self, statement: Statement, place: int) -> Shape:
        """Shape of an argument of the special statement, checked."""
        at = int(self.state[_ARGUMENT]) + place
        if at >= len(self.columns.arguments):
            raise self.arguments_end(statement.number)
        argument = int(self.columns.arguments[at])
        if argument == 0 or argument > self.first + statement.number or -argument > len(self.columns.constants):
            raise self.bad_argument(statement.number, at)
        return () if argument < 0 else self.shapes[self.shape_of[argument - 1]]

    def title(self, k: int) -> str:
        return f"statement {k + 1} ({BY_NUMBER[int(self.columns.primitives[k])].name})"

    def arguments_end(self, k: int) -> EngineError:
        return InvalidList(f"{self.title(k)}: the arguments end before it has all its own", "arguments")

    def bad_argument(self, k: int, at: int) -> EngineError:
        argument = int(self.columns.arguments[at])
        place = at - int(self.argument_start[k]) + 1
        if argument == 0:
            what = f"argument {place} names nothing (0)"
        elif argument < 0:
            what = f"argument {place} names constants[{-argument - 1}], there are {len(self.columns.constants)}"
        elif argument == self.first + k + 1:
            what = f"argument {place} names w_{argument}, the statement itself"
        else:
            what = f"argument {place} names w_{argument}, which is not defined yet"
        return InvalidList(f"{self.title(k)}: {what}", f"arguments[{at}]")

    def check_rest(self) -> None:
        """Nothing may be left over, and all variables together must fit."""
        arguments, parameters = int(self.state[_ARGUMENT]), int(self.state[_PARAMETER])
        if arguments < len(self.columns.arguments):
            rest = len(self.columns.arguments) - arguments
            raise InvalidList(f"{rest} argument(s) left over after the last statement", f"arguments[{arguments}]")
        if parameters < len(self.columns.parameters):
            rest = len(self.columns.parameters) - parameters
            raise InvalidList(f"{rest} parameter(s) left over after the last statement", f"parameters[{parameters}]")
        counts = np.bincount(self.shape_of, minlength=len(self.shapes))
        total = sum(int(count) * size_of(shape) for count, shape in zip(counts, self.shapes, strict=True))
        if total > self.limits.list_elements:
            raise LimitExceeded(
                "list_elements", self.limits.list_elements, total, "elements of all variables together", "primitives"
            )


def check_statements(input_shapes: list[Shape], columns: Columns, limits: Limits) -> Checked:
    """Check all statements of a list and infer the shapes of all variables.

    Raises
    ------
    EngineError
        With the path of the column's element and the statement.
    """
    checker = _Checker(input_shapes, columns, limits)
    while (status := checker.walk()) != _DONE:
        k = int(checker.state[_STATEMENT])
        check()
        if status == _SPECIAL:
            checker.special()
        elif status == _ARGUMENTS_END:
            raise checker.arguments_end(k)
        elif status == _PARAMETERS_END:
            raise InvalidList(f"{checker.title(k)}: the parameters end before its k", "parameters")
        else:
            raise checker.bad_argument(k, int(checker.state[_ARGUMENT]))
    checker.check_rest()
    return Checked(checker.shapes, checker.shape_of, checker.argument_start, checker.parameter_start, checker.details)

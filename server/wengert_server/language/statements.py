"""The list that comes of a text, while it grows: columns, and the shape of each variable."""

from __future__ import annotations

import hashlib
import math
import struct
from array import array as column
from typing import TYPE_CHECKING

import numpy as np

from adengine import Input, Label, Output, WengertList, account
from adengine.errors import EngineError, InvalidName, LimitExceeded, Unsupported
from adengine.primitives import BY_NAME, TABLE
from adengine.shapes import RULES, Statement, largest
from adengine.wengert_list import check_name
from wengert_server.language.faults import Fault, NameFault, ShapeFault
from wengert_server.language.values import Buffer, Literal, Referenced, size_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wengert_server.language.bounds import Bounds, Budget
    from wengert_server.language.values import Shape, Value

NUMBERS: dict[str, int] = {row.name: row.number for row in TABLE}
"""Numbers of the wire by the names of the primitives."""

_RESHAPE, _CONCATENATE, _CONSTANT = NUMBERS["RESHAPE"], NUMBERS["CONCATENATE"], NUMBERS["CONSTANT"]

_ELEMENTS_OF_A_STEP = 16
"""How many elements of an array are made in the time of a step."""
_INDICES_OF_A_STEP = 4
"""How many indices of an array are checked and kept in the time of a step."""


class Statements:
    """A list that grows.

    Parameters
    ----------
    bounds
        What it may come to.
    budget
        What its making may cost.

    Attributes
    ----------
    shapes : list of tuple
        Of w_1, w_2, ...
    """

    def __init__(self, bounds: Bounds, budget: Budget) -> None:
        self._bounds = bounds
        self._budget = budget
        self._inputs: list[Input] = []
        self._primitives, self._arguments, self._parameters = column("i"), column("i"), column("q")
        self._constants: list[float] = []
        self._arguments_of: dict[float | bytes, int] = {}
        self._tensors: list[NDArray[np.float64]] = []
        self._variables_of: dict[tuple[Shape, bytes], int] = {}
        self._outputs: list[Output] = []
        self._names: dict[str, set[str]] = {"input": set(), "output": set()}
        self._labels: dict[tuple[int, str], None] = {}
        self._listed_tensors = False
        self.bodies: list[WengertList] = []
        self.shapes: list[Shape] = []

    # ---- What a list has beside its statements

    @property
    def statements(self) -> int:
        """Number of statements so far."""
        return len(self._primitives)

    @property
    def fresh(self) -> bool:
        """Whether the columns of constants are empty still."""
        return not (self._constants or self._tensors or self._primitives)

    def input(self, name: str, shape: Shape, default: NDArray[np.float64] | None) -> int:
        """Declare the next input; gives its variable."""
        if self._primitives:
            raise Fault(f"input {name} comes after the first operation; declare all inputs before it")
        self._check_name(name, "input")
        self.check_size(shape, f"input {name}")
        self._inputs.append(Input(name, shape, default))
        self.shapes.append(shape)
        return len(self.shapes)

    def output(self, name: str, value: Value) -> None:
        """Name an output."""
        self._check_name(name, "output")
        self._outputs.append(Output(name, self.argument(value)))

    @property
    def has_outputs(self) -> bool:
        """Whether an output is named."""
        return bool(self._outputs)

    def has_input(self, name: str) -> bool:
        """Whether an input is called so."""
        return name in self._names["input"]

    def label(self, variable: int, name: str) -> None:
        """Name a variable for people; its own number says nothing, nor does an input's own name."""
        if name == f"w{variable}" or (variable <= len(self._inputs) and self._inputs[variable - 1].name == name):
            return
        self._labels[variable, name] = None

    def _check_name(self, name: str, kind: str) -> None:
        if name in self._names[kind]:
            raise NameFault(f"there is an {kind} called {name} already")
        self._names[kind].add(name)

    def check_size(self, shape: Shape, what: str) -> None:
        """Refuse what is too large, before anything of it is there."""
        limits = self._bounds.limits
        self.check_rank(len(shape), what)
        if largest(shape) > limits.variable_elements:
            raise LimitExceeded("variable_elements", limits.variable_elements, largest(shape), f"elements of {what}")

    def check_rank(self, rank: int, what: str = "the array") -> None:
        """Refuse too many axes."""
        if rank > self._bounds.limits.rank:
            raise ShapeFault(f"{what} has rank {rank}, at most {self._bounds.limits.rank}")

    def check_array(self, shape: Shape) -> None:
        """Refuse an array of known numbers that is too large, or one more where there are too many."""
        self.check_size(shape, "the array")
        self._budget.spend(size_of(shape) // _ELEMENTS_OF_A_STEP)
        account.take(8 * size_of(shape), "an array of numbers")

    def check_indices(self, count: int) -> None:
        """Refuse more indices of a statement, which it keeps, than the reading of the text may come to."""
        self._budget.spend(count // _INDICES_OF_A_STEP)
        account.take(8 * count, "indices of a list")

    # ---- Constants

    def preset_constants(self, values: Sequence[float]) -> None:
        """Begin with these constants, in this order, used or not."""
        for value in values:
            self._constants.append(value)
            self._arguments_of.setdefault(_key(value), -len(self._constants))

    def preset_tensors(self, arrays: Sequence[NDArray[np.float64]]) -> None:
        """Begin with these array constants; none comes to them."""
        self._tensors.extend(arrays)
        self._listed_tensors = True

    def constant(self, number: int) -> Referenced:
        """Give one of the constants that the text lists."""
        if number >= len(self._constants):
            raise Fault(f"$c{number} is none of the {len(self._constants)} constants that the text lists")
        return Referenced(self._constants[number], -number - 1)

    def tensor(self, number: int) -> int:
        """Append the CONSTANT statement of one of the array constants that the text lists."""
        if number >= len(self._tensors):
            raise Fault(f"$t{number} is none of the {len(self._tensors)} arrays that the text lists")
        return self.append(_CONSTANT, (), self._tensors[number].shape, (number + 1,))

    def new_tensor(self, array: NDArray[np.float64]) -> int:
        """Append a CONSTANT statement of an array of its own."""
        if self._listed_tensors:
            raise Fault("the text lists its arrays; write $t0, $t1, ... for them")
        self._bounds.check("tensors", len(self._tensors) + 1, "array constants of the list")
        # The list will have a copy of its own, also of an array that there is already.
        account.take(8 * array.size, "an array constant of the list")
        self._tensors.append(array)
        return self.append(_CONSTANT, (), array.shape, (len(self._tensors),))

    def array(self, array: NDArray[np.float64]) -> int:
        """Give the variable that holds an array of known numbers; equal arrays share one."""
        key = (array.shape, hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=32).digest())
        known = self._variables_of.get(key)
        if known is None:
            known = self._variables_of[key] = self.new_tensor(array)
        return known

    # ---- Statements

    def append(self, primitive: int, arguments: Sequence[int], shape: Shape, parameters: Sequence[int] = ()) -> int:
        """Append a statement; gives the variable it defines."""
        self._primitives.append(primitive)
        self._arguments.extend(arguments)
        if parameters:
            self._parameters.extend(parameters)
        self.shapes.append(shape)
        return len(self.shapes)

    def argument(self, value: Value) -> int:
        """Give the argument by which a statement names a value."""
        if type(value) is int:
            return value
        if type(value) is float:
            key = value if value == value and value != 0 else struct.pack("<d", value)  # noqa: PLR0124  NaN
            known = self._arguments_of.get(key)
            if known is None:
                self._constants.append(value)
                known = self._arguments_of[_key(value)] = -len(self._constants)
            return known
        return self._array_argument(value)

    def _array_argument(self, value: Value) -> int:
        if isinstance(value, Referenced):
            return value.argument
        if isinstance(value, Literal | Buffer):
            if not value.variable:
                value.variable = self.array(value.array) if isinstance(value, Literal) else self._buffered(value)
                if value.name:
                    self.label(value.variable, value.name)
            return value.variable
        raise Fault("several values in brackets are no operand here")

    def _buffered(self, buffer: Buffer) -> int:
        elements = buffer.elements
        if all(isinstance(each, float) for each in elements):
            self.check_array(buffer.shape)
            return self.array(np.array(elements, np.float64).reshape(buffer.shape))
        return self.stacked(elements, buffer.shape)

    def shape(self, argument: int) -> Shape:
        """Shape of what an argument names."""
        return () if argument < 0 else self.shapes[argument - 1]

    def elementwise(self, primitive: int, values: Sequence[Value], parameters: Sequence[int] = ()) -> int:
        """Append an elementwise statement."""
        arguments = [self.argument(value) for value in values]
        shape: Shape = ()
        for argument in arguments:
            other = self.shapes[argument - 1] if argument > 0 else ()
            if other is not shape and other != shape:
                shape = other if not shape else shape if not other else self._broadcast(shape, other, arguments)
        return self.append(primitive, arguments, shape, parameters)

    def _broadcast(self, a: Shape, b: Shape, arguments: Sequence[int]) -> Shape:
        try:
            shape = tuple(np.broadcast_shapes(a, b))
        except ValueError:
            shapes = " and ".join(written(self.shape(each)) for each in arguments)
            raise ShapeFault(f"the shapes {shapes} do not broadcast") from None
        self.check_size(shape, "the result")
        return shape

    def structural(self, name: str, values: Sequence[Value], parameters: Sequence[int]) -> int:
        """Append a structural statement; the engine's own rule gives the shape."""
        arguments = [self.argument(value) for value in values]
        given = np.array(parameters, np.int64)
        shapes = [self.shape(argument) for argument in arguments]
        # The rule of CONCATENATE looks back at axis and count, which come first.
        start = 2 if name == "CONCATENATE" else 0
        statement = Statement(self.statements, name, given, start, shapes, self._bounds.limits)
        try:
            shape, _ = RULES[name](statement)
            statement.check_size(shape)
        except (LimitExceeded, Unsupported):
            raise
        except EngineError as error:
            raise ShapeFault(str(error).partition(": ")[2]) from None
        return self.append(BY_NAME[name].number, arguments, shape, parameters)

    def check_count(self, more: int) -> None:
        """Refuse so many statements more than the list may have."""
        self._bounds.check_statements(self.statements + more)

    def reshaped(self, value: Value, shape: Shape) -> int:
        """Append a RESHAPE to a shape of the same size."""
        return self.append(_RESHAPE, (self.argument(value),), shape, (len(shape), *shape))

    def stacked(self, values: Sequence[Value], outer: Shape) -> int:
        """Give one array of values of one shape, row-major, with the axes `outer` in front of theirs.

        A RESHAPE for each variable; a CONCATENATE where there are several; a RESHAPE where there are more axes.
        """
        self.check_count(len(values))
        self._budget.spend(len(values))
        arguments = [self.argument(value) if not isinstance(value, float) else None for value in values]
        inner = {() if each is None else self.shape(each) for each in arguments}
        if len(inner) > 1:
            shapes = " and ".join(sorted(written(shape) for shape in inner))
            raise ShapeFault(f"the parts of an array have one shape, not {shapes}")
        each = inner.pop()
        self.check_size((*outer, *each), "the array")
        rows = [
            self.array(np.array([value])) if isinstance(value, float) else self.reshaped(value, (1, *each))
            for value in values
        ]
        made = rows[0]
        if len(rows) > 1:
            made = self.append(_CONCATENATE, rows, (len(rows), *each), (0, len(rows)))
        return made if len(outer) == 1 else self.reshaped(made, (*outer, *each))

    # ---- The whole

    def build(self) -> WengertList:
        """Give the list, checked by the engine as any other."""
        limits = self._bounds.limits
        account.take(8 * len(self._arguments) + 64 * len(self._primitives), "the list of a text")
        try:
            return WengertList.build(
                inputs=self._inputs,
                primitives=np.frombuffer(self._primitives, np.int32) if self._primitives else (),
                arguments=np.frombuffer(self._arguments, np.int32) if self._arguments else (),
                constants=self._constants,
                tensors=self._tensors,
                parameters=np.frombuffer(self._parameters, np.int64) if self._parameters else (),
                outputs=self._outputs,
                bodies=self.bodies,
                labels=[Label(variable, name) for variable, name in self._labels],
                limits=limits,
            )
        except EngineError as error:
            # Its paths are those of a list; a text has none.
            error.violations = tuple(type(each)("", each.description) for each in error.violations)
            raise


def _key(value: float) -> float | bytes:
    """What constants of equal bits have in common."""
    # Numbers equal by value are equal by bits, but for 0 and -0, and NaN, which equals nothing.
    if math.isnan(value):
        value = math.nan
    return value if value == value and value != 0 else struct.pack("<d", value)  # noqa: PLR0124  NaN


def checked_name(name: str, bounds: Bounds) -> str:
    """Give a name that can be that of an input, an output or a label."""
    try:
        check_name(name, "", bounds.limits)
    except InvalidName as error:
        raise NameFault(str(error)) from None
    return name

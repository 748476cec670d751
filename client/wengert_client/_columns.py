"""The columns of a Wengert list that is being written.

Plain lists of plain numbers: a statement costs a few appends, and a list of a million statements
becomes a message in a tenth of a second.
"""

from __future__ import annotations

import hashlib
import struct
import weakref
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import numpy as np

from wengert.v1 import Input, Label, Output, WengertList
from wengert.v1.primitive_pb2 import PRIMITIVE_CONSTANT
from wengert.v1.tensors import append_doubles, write_tensor
from wengert_client._errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wengert.v1 import Primitive
    from wengert_client._node import Node
    from wengert_client._results import Floats
    from wengert_client._variable import Variable

__all__ = ["Columns", "Shape"]

Shape: TypeAlias = tuple[int, ...]


class Columns:
    """Inputs, statements, constants and outputs, in the order in which they were written.

    Parameters
    ----------
    make
        Makes a variable of these columns from its number and its shape.
    """

    __slots__ = (
        "_constant_of",
        "_make",
        "_owner_of",
        "_sharing",
        "_tensor_of",
        "arguments",
        "constants",
        "input_names",
        "inputs",
        "labels",
        "output_names",
        "outputs",
        "parameters",
        "primitives",
        "tensors",
        "truths",
        "variables",
    )

    def __init__(self, make: Callable[[Columns, int, Shape], Variable]) -> None:
        self._make = make
        self.inputs: list[Input] = []
        self.input_names: set[str] = set()
        self.output_names: set[str] = set()
        self.primitives: list[Primitive.ValueType] = []
        self.arguments: list[int] = []
        self.constants: list[float] = []
        self.tensors: list[Floats] = []
        self.parameters: list[int] = []
        self.outputs: list[Output] = []
        self.labels: list[Label] = []
        #: How many variables there are: inputs and statements.
        self.variables = 0
        #: Numbers of variables that NumPy would have as truth values, whose sum is 'or'.
        self.truths: set[int] = set()
        # Of views: the variable whose elements they share in NumPy, and all that share them.
        self._owner_of: dict[int, int] = {}
        self._sharing: dict[int, list[weakref.ref[Node]]] = {}
        self._constant_of: dict[float | bytes, int] = {}
        self._tensor_of: dict[tuple[Shape, bytes], int] = {}

    def close(self, name: str) -> None:
        """Refuse statements from now on: the function of this name, whose list it is, has been traced."""
        self.primitives = _Closed(name)

    def share(self, whole: Node, view: Node) -> None:
        """Note that NumPy would give a view of an array: a change of one would be a change of the other."""
        owner = self._owner_of.get(whole.number, whole.number)
        self._owner_of[view.number] = owner
        group = self._sharing.setdefault(owner, [])
        if len(group) & (len(group) - 1) == 0:
            group[:] = [each for each in group if each() is not None]
        group += (weakref.ref(whole), weakref.ref(view))

    def is_shared(self, variable: Node) -> bool:
        """Whether somebody else has the elements of a variable in NumPy: an input, a view, or what it is a view of."""
        owner = self._owner_of.get(variable.number, variable.number)
        others = (each() for each in self._sharing.get(owner, ()))
        return owner <= len(self.inputs) or any(each is not None and each is not variable for each in others)

    def variable(self, number: int, shape: Shape) -> Variable:
        """Give the variable w_number."""
        return self._make(self, number, shape)

    def statement(
        self, primitive: Primitive.ValueType, arguments: Iterable[int], parameters: Iterable[int] = ()
    ) -> int:
        """Append a statement; gives the number of the variable it defines."""
        self.primitives.append(primitive)
        self.arguments.extend(arguments)
        self.parameters.extend(parameters)
        self.variables += 1
        return self.variables

    def constant(self, value: float) -> int:
        """Give the argument that names a scalar constant; equal bits share one entry."""
        # Numbers equal by value are equal by bits, but for 0 and -0, and NaN, which equals nothing.
        key: float | bytes = value if value == value and value != 0 else struct.pack("<d", value)  # noqa: PLR0124
        known = self._constant_of.get(key)
        if known is None:
            self.constants.append(value)
            known = self._constant_of[key] = -len(self.constants)
        return known

    def tensor(self, array: Floats) -> int:
        """Give the variable that holds an array constant; equal arrays share one statement."""
        # The bytes of large arrays need not be kept twice: their digest stands for them.
        digest = hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=32).digest()
        key = (array.shape, digest)
        known = self._tensor_of.get(key)
        if known is None:
            self.tensors.append(array.copy())
            known = self._tensor_of[key] = self.statement(PRIMITIVE_CONSTANT, (), (len(self.tensors),))
        return known

    def build(self) -> WengertList:
        """Make the message."""
        message = WengertList(
            inputs=self.inputs,
            primitives=self.primitives,
            arguments=self.arguments,
            parameters=self.parameters,
            outputs=self.outputs,
            labels=self.labels,
        )
        append_doubles(message, WengertList.CONSTANTS_FIELD_NUMBER, self.constants)
        for array in self.tensors:
            write_tensor(message.tensors.add(), array)
        return message


class _Closed(list["Primitive.ValueType"]):
    """Primitives to which no more are added; nothing has to look whether they are."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def append(self, _primitive: Primitive.ValueType) -> NoReturn:
        raise BuildError(
            f"a variable of the trace of {self._name} is used after it has ended; variables live in their own trace "
            "only, so keep none in globals, caches or attributes, and return what is to be used later"
        )

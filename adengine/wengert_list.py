"""The Wengert list: a function as a straight-line program, checked once, immutable.

Variables are counted from 1 as in the books: the inputs first, then one per statement. The columns are those of the
wire (``wengert.v1.WengertList``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from adengine.check import Checked, Columns, check_statements
from adengine.errors import InvalidList, InvalidName, InvalidShape, LimitExceeded
from adengine.identity import identity
from adengine.limits import DEFAULT_LIMITS, Limits
from adengine.shapes import Shape, largest, size_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Input:
    """An input: a name, a static shape, and a default that callers may send (the engine never applies it)."""

    name: str
    shape: Shape = ()
    default: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """An output: a name for w_argument, or for ``constants[-argument - 1]`` where the argument is negative."""

    name: str
    argument: int


@dataclass(frozen=True, slots=True)
class Label:
    """A name of a variable for people; not part of the id."""

    variable: int
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class WengertList:
    """A checked list; make one with :meth:`build`.

    Attributes
    ----------
    inputs : tuple of Input
    primitives : int32 array (statements,)
        Numbers of the wire.
    arguments : int32 array
        Arguments of all statements one after another: k > 0 names w_k, k < 0 names ``constants[-k - 1]``.
    constants : float64 array
    tensors : tuple of float64 arrays
    parameters : int64 array
    outputs : tuple of Output
    bodies : tuple of WengertList
    labels : tuple of Label
    id : str
        64 hexadecimal digits: SHA-256 of the content, labels excepted.
    checked : Checked
        Shapes of all variables and where each statement's arguments stand.
    """

    inputs: tuple[Input, ...]
    primitives: NDArray[np.int32]
    arguments: NDArray[np.int32]
    constants: NDArray[np.float64]
    tensors: tuple[NDArray[np.float64], ...]
    parameters: NDArray[np.int64]
    outputs: tuple[Output, ...]
    bodies: tuple[WengertList, ...]
    labels: tuple[Label, ...]
    id: str
    checked: Checked = field(repr=False)

    @staticmethod
    def build(  # noqa: PLR0913  the columns of a list
        *, inputs: Sequence[Input], primitives: Sequence[int] | NDArray[np.int32] = (),
        arguments: Sequence[int] | NDArray[np.int32] = (), constants: Sequence[float] | NDArray[np.float64] = (),
        tensors: Sequence[NDArray[np.float64]] = (), parameters: Sequence[int] | NDArray[np.int64] = (),
        outputs: Sequence[Output], bodies: Sequence[WengertList] = (), labels: Sequence[Label] = (),
        limits: Limits = DEFAULT_LIMITS,
    ) -> WengertList:  # fmt: skip
        """Check the columns of a list and infer all shapes.

        Raises
        ------
        InvalidList, InvalidShape, InvalidName
            With the path of the field (``arguments[7]``) and the statement.
        UnspecifiedPrimitive, UnknownPrimitive, Unsupported
            For a primitive that is 0, or not served.
        LimitExceeded
            Before anything of that size is allocated.
        """
        _check_counts(inputs, outputs, len(primitives), limits)
        _check_inputs(inputs, limits)
        _check_tensors(tensors, limits)
        columns = Columns(
            _column(primitives, np.int32),
            _column(arguments, np.int32),
            _column(constants, np.float64),
            tuple(np.shape(tensor) for tensor in tensors),
            _column(parameters, np.int64),
        )
        checked = check_statements([value.shape for value in inputs], columns, limits)
        _check_outputs(outputs, len(checked.shape_of), len(columns.constants), limits)
        _check_labels(labels, len(checked.shape_of), limits)
        frozen = tuple(_frozen(tensor) for tensor in tensors)
        digest = identity(
            inputs, columns.primitives, columns.arguments, columns.constants, frozen, columns.parameters, outputs,
            [body.id_bytes() for body in bodies],
        )  # fmt: skip
        return WengertList(
            tuple(inputs), columns.primitives, columns.arguments, columns.constants, frozen, columns.parameters,
            tuple(outputs), tuple(bodies), tuple(labels), digest.hex, checked,
        )  # fmt: skip

    def id_bytes(self) -> bytes:
        """The bytes whose SHA-256 is the id: what a list with this body hashes."""
        return identity(
            self.inputs, self.primitives, self.arguments, self.constants, self.tensors, self.parameters, self.outputs,
            [body.id_bytes() for body in self.bodies],
        ).content  # fmt: skip

    @property
    def statements(self) -> int:
        """Number of statements."""
        return len(self.primitives)

    @property
    def n(self) -> int:
        """Number of input scalars."""
        return sum(size_of(value.shape) for value in self.inputs)

    @property
    def m(self) -> int:
        """Number of output scalars."""
        return sum(size_of(shape) for shape in self.output_shapes)

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """Shape of each output."""
        return tuple(self.shape(output.argument) for output in self.outputs)

    def shape(self, argument: int) -> Shape:
        """Shape of what an argument names."""
        return () if argument < 0 else self.checked.shapes[self.checked.shape_of[argument - 1]]

    def __str__(self) -> str:
        from adengine.printing import printed  # noqa: PLC0415  printing counts derivative lists, which know lists

        return printed(self)


_Number = TypeVar("_Number", bound=np.generic)


def _column(values: Sequence[float] | NDArray[np.generic], dtype: type[_Number]) -> NDArray[_Number]:
    column: NDArray[_Number] = np.array(values, dtype=dtype, copy=True).reshape(-1)
    column.flags.writeable = False
    return column


def _frozen(array: NDArray[np.float64]) -> NDArray[np.float64]:
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def _check_counts(inputs: Sequence[Input], outputs: Sequence[Output], statements: int, limits: Limits) -> None:
    if statements > limits.statements:
        raise LimitExceeded("statements", limits.statements, statements, "statements of the list", "primitives")
    if len(inputs) > limits.inputs:
        raise LimitExceeded("inputs", limits.inputs, len(inputs), "inputs of the list", "inputs")
    if len(outputs) > limits.outputs:
        raise LimitExceeded("outputs", limits.outputs, len(outputs), "outputs of the list", "outputs")
    if not outputs:
        raise InvalidList("the list has no outputs, at least one is expected", "outputs")


def check_name(name: str, path: str, limits: Limits) -> None:
    """Refuse an empty, over-long or ill-formed name."""
    length = len(name.encode("utf-8", "surrogatepass"))
    if length > limits.name_bytes:
        raise InvalidName(f"a name of {length} bytes, at most {limits.name_bytes} are allowed", path)
    if not name:
        raise InvalidName("a name is empty", path)
    if not _NAME.fullmatch(name):
        raise InvalidName(f"{name!a} is no name: segments [A-Za-z_][A-Za-z0-9_]* joined by '.' are expected", path)


def _check_unique(seen: dict[str, int], name: str, number: int, path: str, kind: str) -> None:
    if name in seen:
        raise InvalidName(f"{kind} {number + 1} is called {name} as {kind} {seen[name] + 1} is", path)
    seen[name] = number


def _check_inputs(inputs: Sequence[Input], limits: Limits) -> None:
    seen: dict[str, int] = {}
    for number, value in enumerate(inputs):
        path = f"inputs[{number}]"
        check_name(value.name, f"{path}.name", limits)
        _check_unique(seen, value.name, number, f"{path}.name", "input")
        _check_extents(value.shape, f"{path}.shape", f"input {value.name}", limits)
        if value.default is not None and np.shape(value.default) != value.shape:
            raise InvalidShape(
                f"the default of input {value.name} has shape {np.shape(value.default)}, expected {value.shape}",
                f"{path}.default_value",
            )


def _check_extents(shape: Shape, path: str, what: str, limits: Limits) -> None:
    if len(shape) > limits.rank:
        raise InvalidShape(f"{what} has rank {len(shape)}, at most {limits.rank}", path)
    if any(extent < 0 for extent in shape):
        raise InvalidShape(f"{what} has the shape {shape}; no extent is negative", path)
    if largest(shape) > limits.variable_elements:
        raise LimitExceeded("variable_elements", limits.variable_elements, largest(shape), f"elements of {what}", path)


def _check_tensors(tensors: Sequence[NDArray[np.float64]], limits: Limits) -> None:
    for number, tensor in enumerate(tensors):
        _check_extents(np.shape(tensor), f"tensors[{number}]", f"tensor {number + 1}", limits)


def _check_outputs(outputs: Sequence[Output], variables: int, constants: int, limits: Limits) -> None:
    seen: dict[str, int] = {}
    for number, output in enumerate(outputs):
        path = f"outputs[{number}]"
        check_name(output.name, f"{path}.name", limits)
        _check_unique(seen, output.name, number, f"{path}.name", "output")
        if output.argument == 0:
            raise InvalidList(f"output {output.name} names nothing (argument 0)", f"{path}.argument")
        if not -constants <= output.argument <= variables:
            what = f"w_{output.argument}" if output.argument > 0 else f"constants[{-output.argument - 1}]"
            raise InvalidList(f"output {output.name} names {what}, which is not there", f"{path}.argument")


def _check_labels(labels: Sequence[Label], variables: int, limits: Limits) -> None:
    for number, label in enumerate(labels):
        check_name(label.name, f"labels[{number}].name", limits)
        if not 1 <= label.variable <= variables:
            raise InvalidList(
                f"label {label.name} names w_{label.variable}, which is not there", f"labels[{number}].variable"
            )

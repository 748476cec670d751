"""What calls give beside arrays: frozen, and free of messages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wengert.v1 import Mode, Primitive
from wengert.v1.tensors import read_tensor
from wengert_client._display import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from wengert.v1 import FunctionInfo as FunctionInfoMessage
    from wengert.v1 import GetCapabilitiesResponse, WengertList
    from wengert.v1 import Report as ReportMessage

__all__ = [
    "Capabilities",
    "FunctionInfo",
    "InputInfo",
    "OutputInfo",
    "Report",
    "ValueAndDerivative",
    "ValueAndSparseDerivative",
    "ValueGradientAndSecond",
]

Floats: TypeAlias = "NDArray[np.float64]"

_PRIMITIVE_NAMES: dict[int, str] = {number: name.removeprefix("PRIMITIVE_") for name, number in Primitive.items()}
_MODE_NAMES: dict[int, str] = {Mode.MODE_UNSPECIFIED: "", Mode.MODE_FORWARD: "forward", Mode.MODE_REVERSE: "reverse"}


@dataclass(frozen=True, slots=True)
class Report(Shown):
    """How an answer came about.

    Attributes
    ----------
    mode
        ``forward`` or ``reverse``; empty where nothing was differentiated.
    sweeps
        Sweeps run at each point, one for each direction propagated.
    operations
        Operations of one sweep at one point, those of f included: 1 for each element of an elementwise
        statement.
    primal_operations
        Operations of f alone at one point.
    seconds
        Seconds spent in the engine.
    reason
        One sentence on why this mode was used.
    tier
        What ran, one of :attr:`Capabilities.tiers`: ``vm``, or ``machine`` where machine code was ready.
    """

    mode: str
    sweeps: int
    operations: int
    primal_operations: int
    seconds: float
    reason: str
    tier: str

    @classmethod
    def read(cls, message: ReportMessage) -> Report:
        """Read the message."""
        return cls(
            _mode_name(message.mode),
            message.sweeps,
            message.operations,
            message.primal_operations,
            message.seconds,
            message.reason,
            message.tier,
        )


@dataclass(frozen=True, slots=True)
class ValueAndDerivative(Shown):
    """f and a derivative of it, from one call; unpacks as ``value, derivative = ...``.

    Attributes
    ----------
    value : float64, shape (m,) or (K, m)
        f.
    derivative : float64
        What was asked for, of the shape that the method says.
    report
        How the answer came about.
    """

    value: Floats
    derivative: Floats
    report: Report

    def __iter__(self) -> Iterator[Floats]:
        yield self.value
        yield self.derivative


@dataclass(frozen=True, slots=True)
class ValueAndSparseDerivative(Shown):
    """f and a sparse matrix of derivatives, from one call; unpacks as ``value, derivative = ...``.

    Attributes
    ----------
    value : float64, shape (m,) or (K, m)
        f.
    derivative : scipy.sparse.csr_array, or a list of K
        What was asked for.
    report
        How the answer came about.
    """

    value: Floats
    derivative: Any
    report: Report

    def __iter__(self) -> Iterator[Any]:
        yield self.value
        yield self.derivative


@dataclass(frozen=True, slots=True)
class ValueGradientAndSecond(Shown):
    """f, and gradient and second derivatives of a weighted sum of its outputs, from one call.

    Unpacks as ``value, gradient, hessian = ...`` or ``value, gradient, products = ...``.

    Attributes
    ----------
    value : float64, shape (m,) or (K, m)
        f.
    gradient : float64, shape (n_w,) or (K, n_w)
        Of the weighted sum.
    second : float64; a sparse Hessian is a scipy.sparse.csr_array, or a list of K
        What was asked for, of the shape that the method says.
    report
        How the answer came about.
    """

    value: Floats
    gradient: Floats
    second: Any
    report: Report

    def __iter__(self) -> Iterator[Any]:
        yield self.value
        yield self.gradient
        yield self.second


@dataclass(frozen=True, slots=True)
class InputInfo(Shown):
    """An input of a function: its name, its shape, and the value that is sent when the caller gives none."""

    name: str
    shape: tuple[int, ...]
    default: Floats | None = None

    @property
    def size(self) -> int:
        """Number of scalars."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class OutputInfo(Shown):
    """An output of a function: its name and its shape."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of scalars."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class FunctionInfo(Shown):
    """What a server knows of a function.

    Attributes
    ----------
    id
        64 hexadecimal digits that name it.
    n, m
        Numbers of input and of output scalars.
    statements
        Number of statements of its list.
    inputs, outputs
        In the list's order.
    """

    id: str
    n: int
    m: int
    statements: int
    inputs: tuple[InputInfo, ...]
    outputs: tuple[OutputInfo, ...]

    @classmethod
    def read(cls, message: FunctionInfoMessage) -> FunctionInfo:
        """Read the message."""
        outputs = tuple(OutputInfo(each.name, tuple(each.shape)) for each in message.outputs)
        return cls(message.id, message.n, message.m, message.statements, read_inputs(message), outputs)


@dataclass(frozen=True, slots=True)
class Capabilities(Shown):
    """What a server can do.

    Attributes
    ----------
    version
        Version of the server, for people and logs.
    limits
        The largest amounts allowed, by name.
    primitives
        Names of the primitives it serves, such as ``SIN``.
    tiers
        Ways of execution, slowest to start last: ``vm``, and ``machine`` where lists become machine code.
    cores
        Number of processor cores it computes on.
    rpcs
        Names of the calls it serves.
    """

    version: str
    limits: dict[str, int]
    primitives: frozenset[str]
    tiers: tuple[str, ...]
    cores: int
    rpcs: frozenset[str]

    @classmethod
    def read(cls, message: GetCapabilitiesResponse) -> Capabilities:
        """Read the message."""
        return cls(
            message.version,
            {limit.name: limit.value for limit in message.limits},
            frozenset(primitive_name(number) for number in message.primitives),
            tuple(message.tiers),
            message.cores,
            frozenset(message.rpcs),
        )


def read_inputs(message: WengertList | FunctionInfoMessage) -> tuple[InputInfo, ...]:
    """Read the inputs of a list, or of what a server knows of it."""
    return tuple(
        InputInfo(
            each.name,
            tuple(each.shape),
            read_tensor(each.default_value) if each.HasField("default_value") else None,
        )
        for each in message.inputs
    )


def primitive_name(number: int) -> str:
    """Give the name of a primitive, such as ``SIN``; its number where this client does not know it."""
    return _PRIMITIVE_NAMES.get(number) or str(number)


def _mode_name(number: int) -> str:
    return _MODE_NAMES.get(number, str(number))

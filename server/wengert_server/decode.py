"""From messages to the engine's objects. Sizes are checked before anything is allocated for them."""

from __future__ import annotations

import math
import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from google.protobuf.message import DecodeError, Message

from adengine import Derivative, Input, Label, Mode, Output, WengertList
from adengine.errors import EngineError, InvalidDirections, InvalidShape, LimitExceeded
from wengert.v1 import calls_pb2 as calls
from wengert.v1 import programs_pb2 as programs
from wengert_server.admission import counts, keep, reading
from wengert_server.errors import MalformedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from adengine import Limits
    from wengert import v1

    Call = v1.EvaluateRequest | v1.JvpRequest | v1.VjpRequest | v1.JacobianRequest | v1.HessianRequest | v1.HvpRequest

M = TypeVar("M", bound=Message)
Data: TypeAlias = bytes | Message
"""A request: its bytes, or the message where they never were bytes."""

_FEW = 64
_MAX_ELEMENTS = sys.maxsize // 8
_MODES: dict[int, Mode] = {
    calls.MODE_UNSPECIFIED: Mode.AUTO,
    calls.MODE_AUTO: Mode.AUTO,
    calls.MODE_FORWARD: Mode.FORWARD,
    calls.MODE_REVERSE: Mode.REVERSE,
}
_CALLS: dict[int, str] = {
    calls.NUMERICAL_CALL_EVALUATE: "evaluate",
    calls.NUMERICAL_CALL_JVP: "jvp",
    calls.NUMERICAL_CALL_VJP: "vjp",
    calls.NUMERICAL_CALL_JACOBIAN: "jacobian",
    calls.NUMERICAL_CALL_HESSIAN: "hessian",
    calls.NUMERICAL_CALL_HVP: "hvp",
}
_DERIVATIVES: dict[int, Derivative] = {
    programs.DERIVATIVE_DUAL: Derivative.DUAL,
    programs.DERIVATIVE_ADJOINT: Derivative.ADJOINT,
    programs.DERIVATIVE_JACOBIAN: Derivative.JACOBIAN,
    programs.DERIVATIVE_HESSIAN: Derivative.HESSIAN,
}
_MATRICES = ("jacobian", "hessian")
"""Calls that have a layout."""
_MOST_PREPARATIONS = 16
_BLOCK_BYTES = 1 << 20
_LAYOUTS: dict[int, bool] = {calls.LAYOUT_UNSPECIFIED: False, calls.LAYOUT_DENSE: False, calls.LAYOUT_SPARSE: True}
"""Whether answers in a layout are sparse."""


def message(kind: type[M], data: Data) -> M:
    """Parse the bytes of a request; one of the same process may come as the message itself.

    Raises
    ------
    MalformedRequest
        The bytes are no such message: damaged, nested too deep, or text that is not UTF-8.
    """
    if isinstance(data, kind):
        keep(data.ByteSize())
        return data
    content = cast("bytes", data)
    try:
        if not counts(len(content)):
            return kind.FromString(content)
        with reading(len(content)):
            return kind.FromString(content)
    except DecodeError as error:
        name = kind.DESCRIPTOR.full_name
        raise MalformedRequest(f"the bytes are no {name}: {error}") from None


def size_of(data: Data) -> int:
    """Give the bytes that a request has, or would have."""
    return data.ByteSize() if isinstance(data, Message) else len(data)


def array(tensor: v1.Tensor, field: str, limits: Limits, *, vector: bool = False) -> NDArray[np.float64]:
    """Give the array of a Tensor.

    Parameters
    ----------
    tensor
        The message.
    field
        Its path, for errors.
    limits
        Its rank is limited.
    vector
        Whether a Tensor without a shape is one-dimensional, as points and directions are, and not
        a scalar.

    Returns
    -------
    array : float64, of the message's shape

    Raises
    ------
    InvalidShape
        The values do not fit the shape, or it has too many axes.
    LimitExceeded
        The extents are more than an array can have, beside one of 0.
    """
    values = tensor.values
    count = len(values)
    rank = len(tensor.shape)
    if vector and not rank:
        return _doubles(values, count)
    if rank > limits.rank:
        raise InvalidShape(f"the shape has {rank} axes; at most {limits.rank} are allowed", field)
    shape = tuple(tensor.shape)
    size = math.prod(shape)
    if size != count:
        expected = f"the shape {_written(shape)} has {size} elements"
        raise InvalidShape(f"{expected}, but {count} values are given", field)
    if not size and (extent := math.prod(filter(None, shape))) > _MAX_ELEMENTS:
        what = f"the extents of the shape {_written(shape)}, those of 0 left out"
        raise LimitExceeded("variable_elements", limits.variable_elements, extent, what, field)
    return _doubles(values, count).reshape(shape)


def _doubles(values: Sequence[float], count: int) -> NDArray[np.float64]:
    # One by one is faster for a few; protobuf hands over many as one block.
    return np.fromiter(values, np.float64, count) if count <= _FEW else np.array(values, dtype=np.float64)


def points(request: Call, limits: Limits) -> NDArray[np.float64] | None:
    """Give the points, or None where they are absent."""
    if not request.HasField("points"):
        return None
    return array(request.points, "points", limits, vector=True)


def tangents(request: v1.JvpRequest | v1.HvpRequest, limits: Limits) -> NDArray[np.float64]:
    """Give the directions u."""
    if not request.HasField("tangents"):
        raise InvalidDirections("no tangents are given: one direction or several are expected", "tangents")
    return array(request.tangents, "tangents", limits, vector=True)


def cotangents(request: v1.VjpRequest, limits: Limits) -> NDArray[np.float64] | None:
    """Give the directions v, or None where they are absent."""
    if not request.HasField("cotangents"):
        return None
    return array(request.cotangents, "cotangents", limits, vector=True)


def weights(request: v1.HessianRequest | v1.HvpRequest, limits: Limits) -> NDArray[np.float64] | None:
    """Give the weights of the outputs, or None where they are absent."""
    if not request.HasField("weights"):
        return None
    return array(request.weights, "weights", limits, vector=True)


def shared(bindings: Sequence[v1.Binding], inputs: int, limits: Limits) -> list[tuple[str, NDArray[np.float64]]]:
    """Give names and values of the shared inputs.

    One more than there are inputs is enough to hold an unknown or a repeated one, so no more are
    read.

    Raises
    ------
    InvalidShape
        A value is absent, or does not fit its shape.
    """
    bound: list[tuple[str, NDArray[np.float64]]] = []
    for i, binding in enumerate(bindings[: inputs + 1]):
        if not binding.HasField("value"):
            raise InvalidShape(f"shared value {i} is absent", f"shared[{i}].value")
        bound.append((binding.input, array(binding.value, f"shared[{i}].value", limits)))
    return bound


def names(selected: Sequence[str], there: int) -> Sequence[str]:
    """Give the names selected; of too many, enough to hold an unknown or a repeated one."""
    return selected[: there + 1] if selected else ()


def mode(number: int, field: str = "mode") -> Mode:
    """Give the engine's mode; `field` is the path of its number."""
    known = _MODES.get(number)
    if known is None:
        raise MalformedRequest(f"mode {number} is none that this server knows", field)
    return known


class Kind(NamedTuple):
    """Which call is to be made ready, as the engine names it, and in which mode."""

    call: str
    mode: Mode

    @property
    def differentiates(self) -> bool:
        """Whether the call has inputs to differentiate by."""
        return self.call != "evaluate"


def prepared_kinds(preparations: Sequence[v1.Preparation]) -> list[Kind]:
    """Give the calls to make ready; refused before any of them is.

    Raises
    ------
    MalformedRequest
        They are too many, or a call or mode is none that this server knows.
    """
    if len(preparations) > _MOST_PREPARATIONS:
        told = f"{len(preparations)} calls are to be made ready; at most {_MOST_PREPARATIONS} are allowed"
        raise MalformedRequest(told, "prepare")
    return [_kind(asked, f"prepare[{i}]") for i, asked in enumerate(preparations)]


def _kind(asked: v1.Preparation, field: str) -> Kind:
    call = _CALLS.get(asked.call)
    if call is None:
        expected = "one of " + ", ".join(f"NUMERICAL_CALL_{name.upper()}" for name in _CALLS.values())
        raise MalformedRequest(
            f"call {asked.call} is none that can be made ready; expected is {expected}", field + ".call"
        )
    asked_mode = mode(asked.mode, field + ".mode") if call == "jacobian" else Mode.AUTO
    if call in _MATRICES and sparse(asked.layout, field + ".layout"):
        call = "sparse_" + call
    return Kind(call, asked_mode)


def sparse(number: int, field: str = "layout") -> bool:
    """Whether a layout is the sparse one; `field` is the path of its number."""
    if number not in _LAYOUTS:
        raise MalformedRequest(f"layout {number} is none that this server knows", field)
    return _LAYOUTS[number]


def dense_mode(request: v1.JacobianRequest) -> Mode:
    """Give the mode of a request whose layout must be dense."""
    if sparse(request.layout):
        raise MalformedRequest("a Jacobian in blocks is dense; ask Jacobian for a sparse one", "layout")
    return mode(request.mode)


def block_elements(asked_bytes: int, most_bytes: int) -> int:
    """Give the number of entries in one message; 0 bytes asked for leave the choice to the server."""
    if asked_bytes > most_bytes:
        raise LimitExceeded("block_bytes", most_bytes, asked_bytes, "bytes of one block", "block_bytes")
    return max(1, (asked_bytes or min(_BLOCK_BYTES, most_bytes)) // 8)


def derivative(number: int) -> Derivative:
    """Give the engine's name of a derivative list."""
    known = _DERIVATIVES.get(number)
    if known is None:
        expected = ", ".join(f"DERIVATIVE_{name.name}" for name in _DERIVATIVES.values())
        raise MalformedRequest(f"derivative {number} is none that this server knows: {expected}", "derivative")
    return known


def wengert_list(message: v1.WengertList, limits: Limits, max_tensors: int) -> WengertList:
    """Give the list of a message, validated.

    Raises
    ------
    EngineError
        The list is wrong or too large; field paths start at the list.
    """
    check_bodies(message, limits)
    return _list(message, limits, max_tensors)


def check_bodies(message: v1.WengertList, limits: Limits) -> None:
    """Refuse bodies that are too many or nested too deep, before any is read."""
    level: list[tuple[str, v1.WengertList]] = [("", message)]
    count = depth = 0
    while level := [
        (f"{path}.bodies[{i}]".lstrip("."), body)
        for path, outer in level
        for i, body in enumerate(outer.bodies[: limits.bodies + 1])
    ][: limits.bodies + 1]:
        depth += 1
        count += len(level)
        field = level[0][0]
        if depth > limits.body_depth:
            raise LimitExceeded("body_depth", limits.body_depth, depth, "bodies in bodies", field)
        if count > limits.bodies:
            raise LimitExceeded("bodies", limits.bodies, count, "bodies, or more", "bodies")


def _list(message: v1.WengertList, limits: Limits, max_tensors: int) -> WengertList:
    _check_counts(message, limits, max_tensors)
    bodies = [_at(f"bodies[{i}]", partial(_list, body, limits, max_tensors)) for i, body in enumerate(message.bodies)]
    return WengertList.build(
        inputs=[_input(given, f"inputs[{i}]", limits) for i, given in enumerate(message.inputs)],
        primitives=np.array(message.primitives, dtype=np.int32),
        arguments=np.array(message.arguments, dtype=np.int32),
        constants=np.array(message.constants, dtype=np.float64),
        tensors=[array(t, f"tensors[{i}]", limits) for i, t in enumerate(message.tensors)],
        parameters=np.array(message.parameters, dtype=np.int64),
        outputs=[Output(output.name, output.argument) for output in message.outputs],
        bodies=bodies,
        labels=[Label(label.variable, label.name) for label in message.labels],
        limits=limits,
    )


def _input(given: v1.Input, field: str, limits: Limits) -> Input:
    default = None
    if given.HasField("default_value"):
        default = array(given.default_value, f"{field}.default_value", limits)
    return Input(given.name, tuple(given.shape), default)


def _check_counts(message: v1.WengertList, limits: Limits, max_tensors: int) -> None:
    counts: Iterable[tuple[str, str, int, int]] = (
        ("statements", "primitives", len(message.primitives), limits.statements),
        ("inputs", "inputs", len(message.inputs), limits.inputs),
        ("outputs", "outputs", len(message.outputs), limits.outputs),
        ("tensors", "tensors", len(message.tensors), max_tensors),
        ("statements", "labels", len(message.labels), limits.statements + limits.inputs),
    )
    for name, field, needed, allowed in counts:
        if needed > allowed:
            raise LimitExceeded(name, allowed, needed, f"{field} of the list", field)


def _at(prefix: str, build: Callable[[], WengertList]) -> WengertList:
    try:
        return build()
    except EngineError as error:
        raise error.at(prefix) from None


def _written(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"

"""From the engine's results to the bytes of responses.

Arrays are written as protobuf would write them, but copied once only: a Jacobian of 8 MB goes
from the engine's memory into the bytes that gRPC sends. A test holds the bytes equal to protobuf's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adengine import Mode
from adengine.errors import LimitExceeded
from wengert import v1
from wengert.v1.tensors import write_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from adengine import (
        EvaluateResult,
        JacobianResult,
        JvpResult,
        Report,
        VjpResult,
        WengertList,
    )

_MAX_BYTES = 2**31 - 1
_WIRE_DOUBLE = np.dtype("<f8")
_MODES = {
    None: v1.Mode.MODE_UNSPECIFIED,
    Mode.FORWARD: v1.Mode.MODE_FORWARD,
    Mode.REVERSE: v1.Mode.MODE_REVERSE,
}

# Tags of fields that are length-delimited: number << 3 | 2.
_SHAPE = bytes([v1.Tensor.SHAPE_FIELD_NUMBER << 3 | 2])
_VALUES = bytes([v1.Tensor.VALUES_FIELD_NUMBER << 3 | 2])
_REPORT = bytes([v1.EvaluateResponse.REPORT_FIELD_NUMBER << 3 | 2])
_FIRST = bytes([1 << 3 | 2])
_SECOND = bytes([2 << 3 | 2])


def evaluate(result: EvaluateResult) -> bytes:
    """Give the bytes of an EvaluateResponse."""
    return _response(result.report, (_FIRST, result.values))


def jvp(result: JvpResult) -> bytes:
    """Give the bytes of a JvpResponse."""
    return _response(result.report, (_FIRST, result.values), (_SECOND, result.tangents))


def vjp(result: VjpResult) -> bytes:
    """Give the bytes of a VjpResponse."""
    return _response(result.report, (_FIRST, result.values), (_SECOND, result.cotangents))


def jacobian(result: JacobianResult) -> bytes:
    """Give the bytes of a dense JacobianResponse."""
    return _response(result.report, (_FIRST, result.values), (_SECOND, result.jacobian))


def function_info(function: WengertList) -> v1.FunctionInfo:
    """Give what the server knows of a function."""
    info = v1.FunctionInfo(id=function.id, n=function.n, m=function.m, statements=len(function.primitives))
    _add_inputs(info, function)
    for output, shape in zip(function.outputs, function.output_shapes, strict=True):
        info.outputs.add(name=output.name, shape=shape)
    return info


def wengert_list(function: WengertList) -> v1.WengertList:
    """Give the list as it was sent."""
    message = v1.WengertList(
        primitives=function.primitives.tolist(),
        arguments=function.arguments.tolist(),
        constants=function.constants.tolist(),
        parameters=function.parameters.tolist(),
        outputs=[v1.Output(name=o.name, argument=o.argument) for o in function.outputs],
        bodies=[wengert_list(body) for body in function.bodies],
        labels=[v1.Label(variable=label.variable, name=label.name) for label in function.labels],
    )
    _add_inputs(message, function)
    for tensor in function.tensors:
        write_tensor(message.tensors.add(), tensor)
    return message


def _add_inputs(message: v1.FunctionInfo | v1.WengertList, function: WengertList) -> None:
    for given in function.inputs:
        added = message.inputs.add(name=given.name, shape=given.shape)
        if given.default is not None:
            write_tensor(added.default_value, given.default)


def _response(report: Report, *arrays: tuple[bytes, NDArray[np.float64]]) -> bytes:
    parts: list[bytes | memoryview] = []
    size = sum([array.nbytes for _, array in arrays])
    if size > _MAX_BYTES:
        raise LimitExceeded("reply_bytes", _MAX_BYTES, size, "the reply as one message")
    for tag, array in arrays:
        _append_tensor(parts, tag, array)
    told = v1.Report(
        mode=_MODES[report.mode],
        sweeps=report.sweeps,
        operations=report.operations,
        primal_operations=report.primal_operations,
        seconds=report.seconds,
        reason=report.reason,
        tier=report.tier,
    ).SerializeToString()
    parts += (_REPORT, _varint(len(told)), told)
    return b"".join(parts)


def _append_tensor(parts: list[bytes | memoryview], tag: bytes, array: NDArray[np.float64]) -> None:
    array = np.asarray(array, dtype=_WIRE_DOUBLE, order="C")
    head = b""
    if array.ndim:
        extents = _varints(array.shape)
        head = _SHAPE + _varint(len(extents)) + extents
    if array.size:
        head += _VALUES + _varint(array.nbytes)
    parts += (tag, _varint(len(head) + array.nbytes), head, array.data)


def _varints(numbers: Sequence[int]) -> bytes:
    return b"".join([_varint(number) for number in numbers])


def _varint(number: int) -> bytes:
    """Give a whole number as protobuf writes it: seven bits a byte, lowest first."""
    if number < 128:
        return _SMALL[number]
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


_SMALL = tuple(bytes([number]) for number in range(128))

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
from wengert_server.varints import packed, varint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from adengine import (
        EvaluateResult,
        HessianResult,
        HvpResult,
        JacobianResult,
        JvpResult,
        Pattern,
        Report,
        SparseHessianResult,
        SparseJacobianResult,
        SparsityResult,
        VjpResult,
        WengertList,
    )

    Part = bytes | memoryview

_MAX_BYTES = 2**31 - 1
_WIRE_DOUBLE = np.dtype("<f8")
_MODES = {
    None: v1.Mode.MODE_UNSPECIFIED,
    Mode.FORWARD: v1.Mode.MODE_FORWARD,
    Mode.REVERSE: v1.Mode.MODE_REVERSE,
}

# Tags of fields that are length-delimited: number << 3 | 2; of whole numbers: number << 3.
_SHAPE = bytes([v1.Tensor.SHAPE_FIELD_NUMBER << 3 | 2])
_VALUES = bytes([v1.Tensor.VALUES_FIELD_NUMBER << 3 | 2])
_REPORT = bytes([v1.EvaluateResponse.REPORT_FIELD_NUMBER << 3 | 2])
_FIRST = bytes([1 << 3 | 2])
_SECOND = bytes([2 << 3 | 2])
_THIRD = bytes([3 << 3 | 2])
_FOURTH = bytes([4 << 3 | 2])
_OFFSET = bytes([v1.StreamJacobianResponse.OFFSET_FIELD_NUMBER << 3])
_BLOCK = bytes([v1.StreamJacobianResponse.ENTRIES_FIELD_NUMBER << 3 | 2])
_ROWS = bytes([v1.SparseMatrix.ROWS_FIELD_NUMBER << 3])
_COLUMNS = bytes([v1.SparseMatrix.COLUMNS_FIELD_NUMBER << 3])
_ROW = bytes([v1.SparseMatrix.ROW_FIELD_NUMBER << 3 | 2])
_COLUMN = bytes([v1.SparseMatrix.COLUMN_FIELD_NUMBER << 3 | 2])
_ENTRIES = bytes([v1.SparseMatrix.VALUES_FIELD_NUMBER << 3 | 2])
_DIGEST = bytes([v1.SparseMatrix.DIGEST_FIELD_NUMBER << 3 | 2])


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


def sparse_jacobian(result: SparseJacobianResult, *, values_only: bool) -> bytes:
    """Give the bytes of a sparse JacobianResponse."""
    return _response(
        result.report, (_FIRST, result.values), matrix=(_THIRD, _matrix(result.pattern, result.entries, values_only))
    )


def hessian(result: HessianResult) -> bytes:
    """Give the bytes of a dense HessianResponse."""
    return _response(result.report, (_FIRST, result.values), (_SECOND, result.gradient), (_THIRD, result.hessian))


def sparse_hessian(result: SparseHessianResult, *, values_only: bool) -> bytes:
    """Give the bytes of a sparse HessianResponse."""
    matrix = _FOURTH, _matrix(result.pattern, result.entries, values_only=values_only)
    return _response(result.report, (_FIRST, result.values), (_SECOND, result.gradient), matrix=matrix)


def hvp(result: HvpResult) -> bytes:
    """Give the bytes of an HvpResponse."""
    return _response(result.report, (_FIRST, result.values), (_SECOND, result.gradient), (_THIRD, result.products))


def block(
    shape: tuple[int, ...],
    offset: int,
    entries: NDArray[np.float64],
    values: NDArray[np.float64] | None,
    report: Report | None,
) -> bytes:
    """Give the bytes of a StreamJacobianResponse; `values` in the first message only, `report` in the last."""
    parts: list[Part] = []
    if values is not None:
        _append_tensor(parts, _FIRST, values)
        if (size := _size(parts)) > _MAX_BYTES:
            raise LimitExceeded("reply_bytes", _MAX_BYTES, size, "the values as one message")
    extents = b"".join([varint(extent) for extent in shape])
    parts += (_SECOND, varint(len(extents)), extents)
    if offset:
        parts += (_OFFSET, varint(offset))
    if entries.size:
        array = np.asarray(entries, dtype=_WIRE_DOUBLE, order="C")
        parts += (_BLOCK, varint(array.nbytes), array.data)
    if report is not None:
        parts += _report(report)
    return b"".join(parts)


def sparsity(result: SparsityResult) -> bytes:
    """Give the bytes of a SparsityResponse.

    A column without entries disturbs no other: it has the color 0.
    """
    parts = _nested(_FIRST, _matrix(result.pattern, None, values_only=False))
    parts += _numbers(_SECOND, np.maximum(result.colors, 0))
    return b"".join(parts)


def differentiate(made: WengertList) -> bytes:
    """Give the bytes of a DifferentiateResponse."""
    response = v1.DifferentiateResponse(list=wengert_list(made))
    if (size := response.ByteSize()) > _MAX_BYTES:
        raise LimitExceeded("reply_bytes", _MAX_BYTES, size, "the derivative list as one message", "derivative")
    return response.SerializeToString()


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


def _response(
    report: Report, *arrays: tuple[bytes, NDArray[np.float64]], matrix: tuple[bytes, list[Part]] | None = None
) -> bytes:
    """Give tagged arrays, then a tagged sparse matrix, then the report."""
    parts: list[Part] = []
    for tag, array in arrays:
        _append_tensor(parts, tag, array)
    if matrix is not None:
        parts += _nested(*matrix)
    if (size := _size(parts)) > _MAX_BYTES:
        raise LimitExceeded("reply_bytes", _MAX_BYTES, size, "the reply as one message")
    parts += _report(report)
    return b"".join(parts)


def _report(report: Report) -> tuple[bytes, bytes, bytes]:
    told = v1.Report(
        mode=_MODES[report.mode],
        sweeps=report.sweeps,
        operations=report.operations,
        primal_operations=report.primal_operations,
        seconds=report.seconds,
        reason=report.reason,
        tier=report.tier,
    ).SerializeToString()
    return _REPORT, varint(len(told)), told


def _matrix(pattern: Pattern, entries: NDArray[np.float64] | None, values_only: bool) -> list[Part]:
    """Give the content of a SparseMatrix; numbers that are 0 and columns without elements are left out."""
    parts: list[Part] = []
    for tag, extent in zip((_ROWS, _COLUMNS), pattern.shape, strict=True):
        if extent:
            parts += (tag, varint(extent))
    if not values_only:
        parts += _numbers(_ROW, pattern.row)
        parts += _numbers(_COLUMN, pattern.column)
    if entries is not None:
        _append_tensor(parts, _ENTRIES, entries)
    parts += (_DIGEST, varint(len(pattern.digest)), pattern.digest)
    return parts


def _nested(tag: bytes, content: list[Part]) -> list[Part]:
    return [tag, varint(_size(content)), *content]


def _numbers(tag: bytes, numbers: NDArray[np.int32]) -> list[Part]:
    content = packed(numbers)
    return [tag, varint(len(content)), content] if content else []


def _append_tensor(parts: list[Part], tag: bytes, array: NDArray[np.float64]) -> None:
    array = np.asarray(array, dtype=_WIRE_DOUBLE, order="C")
    head = b""
    if array.ndim:
        extents = b"".join([varint(extent) for extent in array.shape])
        head = _SHAPE + varint(len(extents)) + extents
    if array.size:
        head += _VALUES + varint(array.nbytes)
    parts += (tag, varint(len(head) + array.nbytes), head, array.data)


def _size(parts: Iterable[Part]) -> int:
    return sum([part.nbytes if isinstance(part, memoryview) else len(part) for part in parts])

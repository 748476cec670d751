"""Whether an answer is the expected one."""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status

from tests.conformance.cases import tensor_array
from wengert.v1 import SparseMatrix, Tensor

EXACT = {"relative": 0.0, "absolute": 0.0}


def _matches_tensor(expected: Mapping[str, Any], got: Tensor, tolerance: Mapping[str, float], where: str) -> None:
    assert list(got.shape) == expected["shape"], f"{where}: shape {list(got.shape)}, expected {expected['shape']}"
    array = np.array(got.values, dtype=np.float64).reshape(tuple(got.shape))
    np.testing.assert_allclose(
        array, tensor_array(expected), rtol=tolerance["relative"], atol=tolerance["absolute"], err_msg=where
    )


def _matches_items(expected: Sequence[Any], got: Sequence[Any], tolerance: Mapping[str, float], where: str) -> None:
    assert len(got) == len(expected), f"{where}: {len(got)} items, expected {len(expected)}"
    for i, (want, have) in enumerate(zip(expected, got, strict=True)):
        if isinstance(want, dict):
            matches(want, have, tolerance, f"{where}[{i}]")
        else:
            assert have == want, f"{where}[{i}] is {have}, expected {want}"


def matches(expected: Mapping[str, Any], got: Message, tolerance: Mapping[str, float], where: str = "response") -> None:
    """Assert that every field expected is there, tensors to rounding; fields not named may be anything."""
    for name, want in expected.items():
        have: Any = getattr(got, name)
        path = f"{where}.{name}"
        enum = got.DESCRIPTOR.fields_by_name[name].enum_type
        have = enum.values_by_number[have].name if enum and isinstance(have, int) else have
        if isinstance(have, Tensor):
            _matches_tensor(want, have, tolerance, path)
        elif isinstance(want, dict):
            matches(want, have, tolerance, path)
        elif isinstance(want, list):
            _matches_items(want, have, tolerance, path)
        else:
            assert have == want, f"{path} is {have!r}, expected {want!r}"


def pattern_digest(matrix: SparseMatrix) -> bytes:
    """Return the digest of a pattern that was sent with its rows and columns, in the contract's words."""
    words = struct.pack("<3Q", matrix.rows, matrix.columns, len(matrix.row))
    words += b"".join(struct.pack("<I", number) for number in [*matrix.row, *matrix.column])
    return hashlib.sha256(b"wengert pattern 1\n" + words).digest()


def points_at(fields: Sequence[str], expected: str) -> bool:
    """Whether one of the violations' paths is the expected one, or lies within it."""
    return any(path == expected or path.startswith((f"{expected}[", f"{expected}.")) for path in fields)


def matches_error(expected: Mapping[str, Any], error: Any) -> None:
    """Assert code, reason, domain, field and sizes of an error that came over the wire.

    A ``grpc.RpcError`` of a call is a ``grpc.Call`` too, which grpc's types cannot say.
    """
    code: grpc.StatusCode = error.code()
    assert code.name == expected["code"], f"{code.name}: {error.details()}"
    status = rpc_status.from_call(error)
    assert status is not None, f"{code.name} without details: {error.details()}"
    info, request = ErrorInfo(), BadRequest()
    for detail in status.details:
        if not detail.Unpack(info):
            detail.Unpack(request)
    assert (info.reason, info.domain) == (expected["reason"], "wengert.v1"), status.message
    if "line" in expected:
        place = f"line {expected['line']}, column {expected['column']}: "
        assert status.message.startswith(place), status.message
    fields = [violation.field for violation in request.field_violations]
    assert not expected["field"] or points_at(fields, expected["field"]), f"{fields}: {status.message}"
    assert len(fields) <= 10
    assert 0 < len(status.message.encode()) <= 1024
    assert status.ByteSize() <= 4096
    assert "Traceback" not in status.message

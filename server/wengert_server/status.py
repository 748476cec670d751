"""From errors to gRPC statuses: one table, and rich details that fit into trailers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from adengine import errors
from wengert import v1
from wengert_server.caller import REQUEST_ID
from wengert_server.errors import (
    InvalidText,
    Lines,
    MalformedRequest,
    OutOfMemory,
    Overloaded,
    Unauthenticated,
    UnknownField,
    UnknownFunction,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

DOMAIN = "wengert.v1"

#: The trailer that asks clients to try again after so many milliseconds.
PUSHBACK = "grpc-retry-pushback-ms"

#: The code of each error, or of the nearest of its bases that is here.
CODES: Mapping[type[errors.EngineError], grpc.StatusCode] = {
    errors.InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    errors.UnknownPrimitive: grpc.StatusCode.UNIMPLEMENTED,
    errors.Unsupported: grpc.StatusCode.UNIMPLEMENTED,
    errors.LimitExceeded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Cancelled: grpc.StatusCode.CANCELLED,
    errors.DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
    MalformedRequest: grpc.StatusCode.INVALID_ARGUMENT,
    InvalidText: grpc.StatusCode.INVALID_ARGUMENT,
    UnknownField: grpc.StatusCode.INVALID_ARGUMENT,
    UnknownFunction: grpc.StatusCode.FAILED_PRECONDITION,
    OutOfMemory: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    Overloaded: grpc.StatusCode.UNAVAILABLE,
}

# Clients refuse trailers over 8 kB. The details travel in base64, four bytes for three, and the
# message beside them, where a percent sign takes three bytes: 3500 * 4 / 3 + 3 * 1000 < 8000.
_MESSAGE_BYTES = 1000
_DETAILS_BYTES = 3500
_VIOLATION_BYTES = 300
_PATH_BYTES = 120


@dataclass(frozen=True)
class Status(grpc.Status):
    """What a call ends with."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def code_of(error: errors.EngineError) -> grpc.StatusCode:
    """Give the code of an error; INTERNAL where the table has none."""
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return grpc.StatusCode.INTERNAL


def status_of(error: errors.EngineError, request_id: str = "") -> Status:
    """Give the status of an error: code, sentence, reason, and the fields to blame.

    Parameters
    ----------
    error
        An error whose field paths start at the request.
    request_id
        The id of the call, told in the details and in a trailer of its own.

    Returns
    -------
    status
        With ``google.rpc.ErrorInfo`` and, for INVALID_ARGUMENT and wherever a field is to blame,
        ``google.rpc.BadRequest``; the empty path is the whole request.
    """
    first = error.violations[0]
    message = _cut(first.description, _MESSAGE_BYTES)
    status = status_pb2.Status(code=code_of(error).value[0], message=message)
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)
    if isinstance(error, errors.LimitExceeded):
        info.metadata.update(limit=error.limit, allowed=str(error.allowed), needed=_number(error))
    if request_id:
        info.metadata["request_id"] = request_id
    status.details.add().Pack(info)
    blamed = error_details_pb2.BadRequest()
    room = _DETAILS_BYTES - status.ByteSize() - 100
    for violation in error.violations[: errors.MAX_VIOLATIONS]:
        field = _cut(violation.field, _PATH_BYTES)
        description = _cut(violation.description, _VIOLATION_BYTES)
        room -= len(field) + len(description) + 10
        if room < 0 or not (field or code_of(error) is grpc.StatusCode.INVALID_ARGUMENT):
            break
        blamed.field_violations.add(field=field, description=description)
    if blamed.field_violations:
        status.details.append(_packed(blamed))
    if isinstance(error, Overloaded):
        pause = error_details_pb2.RetryInfo()
        pause.retry_delay.FromMilliseconds(error.pause_ms)
        status.details.add().Pack(pause)
        return _told(status, request_id, (PUSHBACK, str(error.pause_ms)))
    return _told(status, request_id)


def call_error(error: errors.EngineError) -> v1.CallError:
    """Give an error of one call of a session: what the status of a unary call would tell."""
    first = error.violations[0]
    return v1.CallError(
        code=code_of(error).value[0],
        message=_cut(first.description, _MESSAGE_BYTES),
        reason=error.reason,
        field=_cut(first.field, _PATH_BYTES),
    )


def fault_error(request_id: str) -> v1.CallError:
    """Give the error of a call of a session for a fault of the server."""
    return v1.CallError(code=grpc.StatusCode.INTERNAL.value[0], message=_fault(request_id))


def fault_status(request_id: str) -> Status:
    """Give the status of a fault of the server: nothing of its inside, only where to find it."""
    code = grpc.StatusCode.INTERNAL.value[0]
    return _told(status_pb2.Status(code=code, message=_fault(request_id)), request_id)


def _fault(request_id: str) -> str:
    return f"the server failed; its log says more under the request id {request_id}"


def _told(status: status_pb2.Status, request_id: str, *more: tuple[str, str]) -> Status:
    made = rpc_status.to_status(status)
    trailers = (*made.trailing_metadata, *more)
    if request_id:
        trailers = (*trailers, (REQUEST_ID, request_id))
    return Status(made.code, made.details, trailers)


def _packed(blamed: error_details_pb2.BadRequest) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(blamed)
    return packed


def _number(error: errors.LimitExceeded) -> str:
    """Give what was needed; products of extents can have hundreds of digits."""
    return _cut(str(error.needed), 40)


def _cut(text: str, most: int) -> str:
    """Give at most so many printable ASCII characters: parts of it can come from the request."""
    if isinstance(text, Lines):
        return str(text[:most])
    if not (text.isascii() and text.isprintable()):
        text = text.encode("unicode_escape").decode("ascii")
    return text if len(text) <= most else text[: most - 3] + "..."

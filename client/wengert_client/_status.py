"""From a gRPC status to an error of :mod:`wengert_client._errors`: one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from wengert_client._errors import (
    Cancelled,
    DeadlineExceeded,
    InvalidRequest,
    LimitExceeded,
    ServerFault,
    ServiceError,
    Unauthenticated,
    Unavailable,
    UnknownFunction,
    Unsupported,
    Violation,
)

if TYPE_CHECKING:
    from wengert.v1 import CallError

    FailedCall = grpc.Call | grpc.aio.AioRpcError

__all__ = ["KIND_OF_CODE", "call_of", "error_from_answer", "error_from_call", "trailer"]

#: What is raised for each status code. A code that is not here is a fault of the server.
KIND_OF_CODE: dict[grpc.StatusCode, type[ServiceError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.NOT_FOUND: UnknownFunction,
    grpc.StatusCode.FAILED_PRECONDITION: UnknownFunction,
    grpc.StatusCode.RESOURCE_EXHAUSTED: LimitExceeded,
    grpc.StatusCode.UNIMPLEMENTED: Unsupported,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Cancelled,
}

_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
_DETAILS = "grpc-status-details-bin"
_REQUEST_ID = "x-request-id"
_DOMAIN = "wengert.v1"


def call_of(error: Any) -> FailedCall | None:
    """Give the call that gRPC raised as an error, which knows its status code and its trailers."""
    return error if isinstance(error, (grpc.Call, grpc.aio.AioRpcError)) else None


def error_from_call(error: grpc.RpcError) -> ServiceError:
    """Make the error to raise for a call that failed."""
    call = call_of(error)
    if call is None:
        return ServerFault(str(error))
    code = call.code()
    reason, violations = _details(call)
    # Another precondition than a function not held may come with a later server.
    kind = KIND_OF_CODE.get(code, ServerFault)
    if code is grpc.StatusCode.FAILED_PRECONDITION and reason not in {"", "UNKNOWN_FUNCTION"}:
        kind = InvalidRequest
    request_id = trailer(call, _REQUEST_ID)
    return kind(
        call.details() or code.name,
        reason=reason,
        violations=violations,
        code=code,
        request_id=request_id if isinstance(request_id, str) else "",
    )


def error_from_answer(error: CallError) -> ServiceError:
    """Make the error to raise for a call of a session that failed."""
    code = _CODES.get(error.code, grpc.StatusCode.UNKNOWN)
    kind = KIND_OF_CODE.get(code, ServerFault)
    if code is grpc.StatusCode.FAILED_PRECONDITION and error.reason not in {"", "UNKNOWN_FUNCTION"}:
        kind = InvalidRequest
    violations = [Violation(error.field, error.message)] if error.field else []
    return kind(error.message or code.name, reason=error.reason, violations=violations, code=code)


def trailer(call: FailedCall, key: str) -> str | bytes | None:
    """Give the value of a trailer of a call that failed; None where there is none."""
    for name, value in call.trailing_metadata() or ():
        if name == key:
            return value
    return None


def _details(call: FailedCall) -> tuple[str, list[Violation]]:
    """Read the reason and the offending fields; what cannot be read is left out, the code still tells."""
    encoded = trailer(call, _DETAILS)
    if not isinstance(encoded, bytes):
        return "", []
    status = status_pb2.Status()
    try:
        status.ParseFromString(encoded)
        return _reason(status), _violations(status)
    except DecodeError:
        return "", []


def _reason(status: Any) -> str:
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info) and info.domain == _DOMAIN:
            return str(info.reason)
    return ""


def _violations(status: Any) -> list[Violation]:
    bad = error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Unpack(bad):
            return [Violation(each.field, each.description) for each in bad.field_violations]
    return []

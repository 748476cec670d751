"""Whether an answer is a proper one, whatever was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from tests.fuzz.requests import SERVICE, Asked
from wengert import v1

PROPER = {"OK", "INVALID_ARGUMENT", "UNIMPLEMENTED", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED"}
"""What a request alone can lead to; never UNKNOWN, INTERNAL or a code that tells of the server's state."""
_DETAILS = "grpc-status-details-bin"


class Answer(NamedTuple):
    """What a call ended with.

    Attributes
    ----------
    code, message : str
    trailers : mapping
    responses : list of bytes
    """

    code: str
    message: str
    trailers: dict[str, Any]
    responses: Sequence[bytes]


def fault(asked: Asked, answer: Answer) -> str:
    """What is wrong with the answer; nothing where it is proper."""
    if answer.code not in PROPER:
        return f"{answer.code} is no proper code: {answer.message}"
    if asked.expected and answer.code != asked.expected:
        return f"{answer.code}, expected {asked.expected}: {answer.message}"
    return _content_fault(asked.rpc, answer) if answer.code == "OK" else _error_fault(answer)


def _error_fault(answer: Answer) -> str:
    details = answer.trailers.get(_DETAILS, b"")
    info = error_details_pb2.ErrorInfo()
    for detail in status_pb2.Status.FromString(details).details:
        detail.Unpack(info)
    if not info.reason or info.domain != "wengert.v1":
        return f"{answer.code} without a reason: {answer.message}"
    if not 0 < len(answer.message.encode()) <= 1024 or len(details) > 4096:
        return f"a message of {len(answer.message)} and details of {len(details)} bytes"
    return "a trace in the message" if "Traceback" in answer.message else ""


def _content_fault(rpc: str, answer: Answer) -> str:
    kind = getattr(v1, SERVICE.methods_by_name[rpc].output_type.name)
    for response in answer.responses:
        try:
            message = kind.FromString(response)
        except DecodeError:
            return f"the response is no {kind.DESCRIPTOR.full_name}"
        if rpc == "Session" and message.HasField("error"):
            code = next(code.name for code in grpc.StatusCode if code.value[0] == message.error.code)
            if code not in PROPER:
                return f"{code} within a session: {message.error.message}"
            if not message.error.reason:
                return f"{code} within a session, without a reason"
    return ""

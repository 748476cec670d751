"""The messages of a session: which call, and its bytes as a request of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wengert import v1
from wengert_server import decode
from wengert_server.errors import MalformedRequest
from wengert_server.varints import read_varint, varint

if TYPE_CHECKING:
    from collections.abc import Mapping

_CALL = bytes([v1.SessionRequest.CALL_FIELD_NUMBER << 3])
_BYTES = 2

# The rpc of each kind of request; the response of a kind has the number of its request.
_RPCS: Mapping[int, str] = {
    v1.SessionRequest.EVALUATE_FIELD_NUMBER: "Evaluate",
    v1.SessionRequest.JVP_FIELD_NUMBER: "Jvp",
    v1.SessionRequest.VJP_FIELD_NUMBER: "Vjp",
    v1.SessionRequest.JACOBIAN_FIELD_NUMBER: "Jacobian",
    v1.SessionRequest.HESSIAN_FIELD_NUMBER: "Hessian",
    v1.SessionRequest.HVP_FIELD_NUMBER: "Hvp",
}


class Frame(NamedTuple):
    """One call of a session.

    Attributes
    ----------
    call
        The client's number for it.
    kind
        The number of the field that the request came in; 0 where there is none.
    request
        The bytes of the request.
    """

    call: int
    kind: int
    request: bytes

    @property
    def rpc(self) -> str:
        """The rpc that is asked for."""
        if self.kind not in _RPCS:
            raise MalformedRequest("no call is made: exactly one request is expected", "request")
        return _RPCS[self.kind]


def read(data: bytes) -> Frame:
    """Read a SessionRequest.

    What every client writes, the number and then one request, is taken apart without parsing the request twice;
    anything else that protobuf reads is read by protobuf.

    Raises
    ------
    MalformedRequest
        These bytes are no such message.
    """
    try:
        call, at = read_varint(data, 1) if data[:1] == _CALL else (0, 0)
        key, at = read_varint(data, at)
        length, at = read_varint(data, at)
    except ValueError:
        return _parsed(data)
    kind = key >> 3
    if kind in _RPCS and key & 7 == _BYTES and at + length == len(data):
        return Frame(call, kind, data[at:])
    return _parsed(data)


def _parsed(data: bytes) -> Frame:
    message = decode.message(v1.SessionRequest, data)
    field = message.WhichOneof("request")
    if field is None:
        return Frame(message.call, 0, b"")
    number = message.DESCRIPTOR.fields_by_name[field].number
    return Frame(message.call, number, getattr(message, field).SerializeToString())


def answer(frame: Frame, response: bytes) -> bytes:
    """Give the bytes of a SessionResponse with the answer to a call."""
    return b"".join((_number(frame.call), varint(frame.kind << 3 | _BYTES), varint(len(response)), response))


def refusal(call: int, error: v1.CallError) -> bytes:
    """Give the bytes of a SessionResponse with an error."""
    return v1.SessionResponse(call=call, error=error).SerializeToString()


def _number(call: int) -> bytes:
    return _CALL + varint(call) if call else b""

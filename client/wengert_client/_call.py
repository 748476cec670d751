"""One call of a session: its bytes, and its answer, for a thread that waits for it or as a future."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from wengert.v1 import SessionRequest, SessionResponse
from wengert_client._errors import ServerFault
from wengert_client._status import error_from_answer

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from google.protobuf.message import Message

__all__ = ["Call"]

_BYTES = 2
_FIELDS = SessionRequest.DESCRIPTOR.fields_by_name
_CALL = bytes([_FIELDS["call"].number << 3])
# The tag of each kind of request; all numbers of fields are below 16.
_TAGS = {kind: bytes([field.number << 3 | _BYTES]) for kind, field in _FIELDS.items() if field.message_type}


class Call:
    """A call under way.

    Parameters
    ----------
    kind
        The field of its request.
    request
        The bytes of that.
    ends
        When it is given up, on the monotonic clock.
    finish
        From the response to the result of a future; None: a thread waits for the response.
    with_list
        Gives the bytes of a request that brings its list along.

    Attributes
    ----------
    done
        Whether the answer is there, where a thread waits for it.
    turn
        Is set when it is, or when it is that thread's turn to read.
    future
        What the result goes to.
    """

    __slots__ = ("_answer", "_error", "_finish", "done", "ends", "future", "kind", "request", "turn", "with_list")

    def __init__(
        self,
        kind: str,
        request: bytes,
        ends: float,
        finish: Callable[[Any], Any] | None = None,
        with_list: Callable[[], bytes] | None = None,
    ) -> None:
        self.kind = kind
        self.request = request
        self.ends = ends
        self.with_list = with_list
        self.done = False
        self.turn: threading.Event | None = None
        self.future: Future[Any] | None = None
        self._finish = finish
        self._answer: SessionResponse | None = None
        self._error: BaseException | None = None
        if finish is not None:
            self.future = Future()
            self.future.set_running_or_notify_cancel()

    def message(self, number: int) -> bytes:
        """Give the bytes of the SessionRequest; protobuf would copy the request into it first."""
        return b"".join((_CALL, _varint(number), _TAGS[self.kind], _varint(len(self.request)), self.request))

    def answered(self, answer: SessionResponse | None, error: BaseException | None = None) -> None:
        """Keep the answer, or what went wrong, for the thread that waits for it."""
        self._answer, self._error = answer, error
        self.done = True
        if self.turn is not None:
            self.turn.set()

    def response(self) -> Message:
        """Give the response, or raise what went wrong."""
        if self._error is not None:
            raise self._error
        assert self._answer is not None  # noqa: S101  it is done
        return _response(self._answer, self.kind)

    def resolve(self, answer: SessionResponse | None, error: BaseException | None = None) -> None:
        """Give the future what it is for."""
        self._answer, self._error = answer, error
        future, finish = self.future, self._finish
        assert future is not None  # noqa: S101
        assert finish is not None  # noqa: S101
        try:
            result = finish(self.response())
        except Exception as raised:  # noqa: BLE001  it belongs to who has the future
            future.set_exception(raised)
        else:
            future.set_result(result)


def _response(answer: SessionResponse, kind: str) -> Message:
    if answer.WhichOneof("response") == kind:
        response: Message = getattr(answer, kind)
        return response
    if answer.HasField("error"):
        raise error_from_answer(answer.error)
    raise ServerFault(f"the answer to a call of {kind} is of another kind")


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)

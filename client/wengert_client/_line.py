"""One stream to a server that carries many calls: numbered, answered later, asked again where it breaks."""

from __future__ import annotations

import os
import queue
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from wengert.v1 import SessionRequest, SessionResponse
from wengert_client._errors import Cancelled, ClientClosed, DeadlineExceeded, LimitExceeded, ServerFault, WengertError
from wengert_client._status import call_of, error_from_answer, error_from_call
from wengert_client._transport import pause_before, usual_pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from wengert_client._replicas import Replica
    from wengert_client._transport import Transport

__all__ = ["Answer", "Line"]

_ASK_FOR_LIMITS_BYTES = 1 << 20
_UNKNOWN = "UNKNOWN_FUNCTION"


class Answer(Future[Any]):
    """What a call gives, once it is there; who waits for it longer than its deadline gives it up."""

    def __init__(self, ends: float, give_up: Callable[[], None]) -> None:
        super().__init__()
        self._ends = ends
        self._give_up = give_up

    def result(self, timeout: float | None = None) -> Any:
        """Give the result, or raise what went wrong; :class:`TimeoutError` where it is not there in time."""
        self._wait(timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Give what went wrong; None where nothing did."""
        self._wait(timeout)
        return super().exception(0)

    def _wait(self, timeout: float | None) -> None:
        left = self._ends - time.monotonic()
        if timeout is not None and timeout < left:
            super().exception(timeout)
            return
        try:
            super().exception(max(left, 0.0))
        except TimeoutError:
            self._give_up()


class _Call:
    """A call under way."""

    __slots__ = ("answer", "finish", "kind", "request", "with_list")

    def __init__(
        self, kind: str, request: Message, finish: Callable[[Any], Any], with_list: Callable[[], None] | None
    ) -> None:
        self.kind = kind
        self.request = request
        self.finish = finish
        self.with_list = with_list
        self.answer: Answer

    def message(self, number: int) -> SessionRequest:
        """Give what is sent."""
        of_kind: dict[str, Any] = {self.kind: self.request}
        return SessionRequest(call=number, **of_kind)

    def resolve(self, response: SessionResponse) -> None:
        """Give the answer to who waits for it."""
        try:
            result = self.finish(self._checked(response))
        except Exception as error:  # noqa: BLE001  it belongs to who waits
            self.answer.set_exception(error)
        else:
            self.answer.set_result(result)

    def _checked(self, response: SessionResponse) -> Message:
        if response.HasField("error"):
            raise error_from_answer(response.error)
        if response.WhichOneof("response") != self.kind:
            raise ServerFault(f"the answer to a call of {self.kind} is of another kind")
        message: Message = getattr(response, self.kind)
        return message


class _Stream:
    """A stream that is open."""

    def __init__(self, replica: Replica, metadata: tuple[tuple[str, str | bytes], ...]) -> None:
        self.replica = replica
        self.requests: queue.SimpleQueue[SessionRequest | None] = queue.SimpleQueue()
        self.given_up = False
        self.call = replica.stub.Session(iter(self.requests.get, None), metadata=metadata)

    def end(self) -> None:
        """Send no more."""
        self.requests.put(None)

    def cancel(self) -> None:
        """End it at once."""
        self.end()
        self.call.cancel()


class Line:
    """Many calls over one stream at a time; safe to use from many threads.

    Parameters
    ----------
    transport
        Knows the servers.
    in_flight
        How many calls may be unanswered; who makes one more waits.
    """

    def __init__(self, transport: Transport, in_flight: int) -> None:
        self._transport = transport
        self._room = threading.BoundedSemaphore(in_flight)
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._closed = threading.Event()
        self._number = 0
        self._pending: dict[int, _Call] = {}
        self._stream: _Stream | None = None
        self._reader: threading.Thread | None = None
        self._failures = 0

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot travel to another process; open one there")

    def send(
        self,
        kind: str,
        request: Message,
        ends: float,
        finish: Callable[[Any], Any],
        with_list: Callable[[], None] | None = None,
    ) -> Answer:
        """Make a call.

        Parameters
        ----------
        kind
            Its field in a SessionRequest.
        request
            What is asked.
        ends
            When it is given up, on the monotonic clock.
        finish
            From the response to the result.
        with_list
            Makes the request bring its list along, for a server that does not know the function; None: that
            is an error.
        """
        self._check(request, ends)
        if not self._room.acquire(timeout=max(ends - time.monotonic(), 0.0)):
            raise DeadlineExceeded("the answers to earlier calls of this session did not come in time")
        call = _Call(kind, request, finish, with_list)
        call.answer = answer = Answer(ends, lambda: self._give_up(call))
        answer.set_running_or_notify_cancel()
        answer.add_done_callback(lambda _: self._room.release())
        try:
            with self._lock:
                self._start(call)
        except WengertError as error:
            answer.set_exception(error)
        return answer

    def close(self, *, wait: bool) -> None:
        """Take no more calls; what is under way is waited for, or cancelled."""
        with self._lock:
            if self._closed.is_set() or self._pid != os.getpid():
                return
            waiting = list(self._pending.values()) if wait else []
            if not wait:
                self._closed.set()
                self._cancel()
        for call in waiting:
            call.answer.exception()
        with self._lock:
            self._closed.set()
            if self._stream is not None:
                self._stream.end()
            reader = self._reader
        if reader is not None and reader is not threading.current_thread():
            reader.join(1.0)
            self._cancel()

    def _check(self, request: Message, ends: float) -> None:
        if self._pid != os.getpid():
            raise ClientClosed("this session was opened in another process; open another one")
        size = request.ByteSize()
        if size > _ASK_FOR_LIMITS_BYTES and size > (most := self._transport.limits(ends).request_bytes):
            told = f"a request of {size} bytes, the limit message_bytes is {most}"
            raise LimitExceeded(told, reason="LIMIT_EXCEEDED")

    def _start(self, call: _Call) -> None:
        """Send a call; the lock is held."""
        if self._closed.is_set():
            raise ClientClosed("this session was closed; open another one")
        self._number += 1
        if self._stream is None:
            self._stream = self._opened()
        self._pending[self._number] = call
        self._stream.requests.put(call.message(self._number))
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, name="wengert-session", daemon=True)
            self._reader.start()

    def _opened(self) -> _Stream:
        replica = self._transport.replica()
        try:
            return _Stream(replica, self._transport.metadata)
        except ValueError:
            # gRPC's word for a channel that another thread closed just now.
            self._transport.replica()
            raise

    def _read(self) -> None:
        """Take answers until the line is closed, or a stream ends that nobody waits for."""
        while True:
            with self._lock:
                stream = self._stream
                if stream is None:
                    self._reader = None
                    return
            error: grpc.RpcError | None = None
            try:
                for response in stream.call:
                    self._failures = 0
                    stream.replica.answered()
                    self._take(response)
            except grpc.RpcError as broken:
                error = broken
            stream.end()
            if not self._goes_on(stream, error):
                return

    def _take(self, response: SessionResponse) -> None:
        with self._lock:
            call = self._pending.pop(response.call, None)
            if call is None:
                return  # It was given up.
            if response.error.reason == _UNKNOWN and call.with_list is not None:
                call.with_list()
                call.with_list = None
                self._start(call)
                return
        call.resolve(response)

    def _goes_on(self, stream: _Stream, error: grpc.RpcError | None) -> bool:
        """Open another stream where one broke, and ask again what was not answered: every call is pure."""
        reason = Cancelled("this session was closed") if self._closed.is_set() else self._reason(stream, error)
        if reason is None and not stream.given_up:
            self._closed.wait((error and pause_before(error, self._failures)) or usual_pause(self._failures))
        with self._lock:
            self._stream = None
            if reason is None and self._pending:
                try:
                    self._stream = self._opened()
                except WengertError as closed:
                    reason = closed
            if reason is None and self._stream is not None:
                for number, call in self._pending.items():
                    self._stream.requests.put(call.message(number))
                return True
            failed = list(self._pending.values())
            self._pending.clear()
            self._reader = None
        for call in failed:
            call.answer.set_exception(reason)
        return False

    def _reason(self, stream: _Stream, error: grpc.RpcError | None) -> WengertError | None:
        """Say why a stream that ended is the end of its calls; None where another one is worth a try."""
        if stream.given_up:
            return None
        self._failures += 1
        call = None if error is None else call_of(error)
        if error is not None and call is not None:
            # A server that drains cancels its sessions.
            again = call.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
            stream.replica.failed()
            return None if again and self._failures < self._transport.max_attempts else error_from_call(error)
        return None if self._failures < self._transport.max_attempts else ServerFault("the server ends sessions")

    def _give_up(self, call: _Call) -> None:
        """Wait no longer for a call; the stream it holds up is opened anew for those behind it."""
        with self._lock:
            number = next((n for n, each in self._pending.items() if each is call), None)
            if number is None:
                return
            del self._pending[number]
            if self._stream is not None:
                self._stream.given_up = True
                self._stream.cancel()
        call.answer.set_exception(DeadlineExceeded("there was no answer in time"))

    def _cancel(self) -> None:
        with self._lock:
            if self._stream is not None:
                self._stream.cancel()

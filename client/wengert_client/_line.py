"""One stream to a server that carries many calls: numbered, answered later, asked again where it breaks.

Who waits for an answer reads the stream itself, unless somebody else does already: that spares a call the way over
another thread. A thread reads for those who do not wait.
"""

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

__all__ = ["Line"]

_ASK_FOR_LIMITS_BYTES = 1 << 20
_UNKNOWN = "UNKNOWN_FUNCTION"
_ROUND_S = 0.1
"""How often is looked for calls whose deadline is over."""
_IDLE_ROUNDS = 50
_ENDING_S = 1.0


class _Call:
    """A call under way."""

    __slots__ = ("answer", "ends", "finish", "kind", "request", "with_list")

    def __init__(
        self,
        kind: str,
        request: Message,
        ends: float,
        finish: Callable[[Any], Any] | None = None,
        with_list: Callable[[], None] | None = None,
    ) -> None:
        self.kind = kind
        self.request = request
        self.ends = ends
        self.finish = finish
        self.with_list = with_list
        self.answer: Future[Any] = Future()
        self.answer.set_running_or_notify_cancel()

    def message(self, number: int) -> SessionRequest:
        """Give what is sent."""
        of_kind: dict[str, Any] = {self.kind: self.request}
        return SessionRequest(call=number, **of_kind)

    def resolve(self, response: SessionResponse) -> None:
        """Give the answer to who waits for it."""
        try:
            result: Any = self._checked(response)
            if self.finish is not None:
                result = self.finish(result)
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

    def end_gently(self) -> None:
        """Send no more, and wait until the server has ended it, for a while."""
        ended = threading.Event()
        self.end()
        if self.call.add_callback(ended.set):
            ended.wait(_ENDING_S)

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
        self._pid = os.getpid()
        self._closed = threading.Event()
        # What follows is changed under the lock.
        self._lock = threading.RLock()
        self._number = 0
        self._pending: dict[int, _Call] = {}
        self._stream: _Stream | None = None
        self._failures = 0
        self._reader: threading.Thread | None = None
        self._watchman: threading.Thread | None = None
        # Held by who reads.
        self._reading = threading.Lock()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot travel to another process; open one there")

    def send(
        self,
        kind: str,
        request: Message,
        ends: float,
        finish: Callable[[Any], Any],
        with_list: Callable[[], None],
    ) -> Future[Any]:
        """Make a call, and do not wait.

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
            Makes the request bring its list along, for a server that does not know the function.
        """
        call = _Call(kind, request, ends, finish, with_list)
        self._begin(call)
        with self._lock:
            self._have_read()
        return call.answer

    def ask(self, kind: str, request: Message, ends: float) -> Any:
        """Make a call, and give the response."""
        call = _Call(kind, request, ends)
        self._begin(call)
        if self._reading.acquire(blocking=False):
            try:
                self._read_until(call.answer.done)
            finally:
                self._reading.release()
                with self._lock:
                    # Others, who saw that somebody reads, wait.
                    self._have_read()
        return call.answer.result()

    def _begin(self, call: _Call) -> None:
        self._check(call.request, call.ends)
        if not self._room.acquire(timeout=max(call.ends - time.monotonic(), 0.0)):
            raise DeadlineExceeded("the answers to earlier calls of this session did not come in time")
        try:
            with self._lock:
                self._start(call)
        except BaseException:
            self._room.release()
            raise
        call.answer.add_done_callback(lambda _: self._room.release())

    def close(self, *, wait: bool) -> None:
        """Take no more calls; what is under way is waited for, or cancelled."""
        with self._lock:
            if self._closed.is_set() or self._pid != os.getpid():
                return
            waiting = list(self._pending.values()) if wait else []
        for call in waiting:
            call.answer.exception()
        with self._lock:
            self._closed.set()
            stream, idle = self._stream, not self._pending
        if stream is not None:
            if idle:
                stream.end_gently()
            stream.cancel()

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
        if self._watchman is None:
            self._watchman = threading.Thread(target=self._watch, name="wengert-deadlines", daemon=True)
            self._watchman.start()

    def _have_read(self) -> None:
        """Have a thread read what nobody waits for; the lock is held."""
        if self._pending and self._reader is None:
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
        """Read as long as there is something to come."""
        while True:
            with self._reading:
                self._read_until(lambda: not self._pending)
            with self._lock:
                if not self._pending:
                    self._reader = None
                    return

    def _read_until(self, enough: Callable[[], bool]) -> None:
        """Take answers until there are enough, or none can come."""
        while not enough():
            stream = self._stream
            if stream is None:
                return
            error: grpc.RpcError | None = None
            try:
                response = next(stream.call, None)
            except grpc.RpcError as broken:
                response, error = None, broken
            if response is not None:
                self._failures = 0
                stream.replica.answered()
                self._take(response)
            elif not self._goes_on(stream, error):
                return

    def _watch(self) -> None:
        """Give up calls whose deadline is over, as long as there are calls every now and then."""
        idle = 0
        while not self._closed.wait(_ROUND_S):
            now = time.monotonic()
            with self._lock:
                idle = 0 if self._pending else idle + 1
                if idle > _IDLE_ROUNDS:
                    self._watchman = None
                    return
                late = [call for call in self._pending.values() if call.ends <= now]
            for call in late:
                self._give_up(call)

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

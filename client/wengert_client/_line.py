"""One stream to a server that carries many calls: numbered, answered later, asked again where it breaks.

Whoever waits for an answer reads the stream itself, and hands out other answers that come first: so a call is spared
the way over another thread. One that finds somebody reading already waits for its answer, or for its turn to read. A
thread reads for calls whose answers nobody waits for.
"""

from __future__ import annotations

import math
import os
import threading
import time
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from wengert.v1 import SessionResponse
from wengert_client._call import Call
from wengert_client._errors import Cancelled, ClientClosed, DeadlineExceeded, LimitExceeded, ServerFault, WengertError
from wengert_client._lateness import Lateness
from wengert_client._status import call_of, error_from_call
from wengert_client._stream import Stream
from wengert_client._transport import pause_before, usual_pause

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from google.protobuf.message import Message

    from wengert_client._transport import Transport

__all__ = ["Line"]

_ASK_FOR_LIMITS_BYTES = 1 << 20
_UNKNOWN = "UNKNOWN_FUNCTION"
_IDLE_S = 5.0
"""A thread that has nothing to do for so long ends."""
_ENDING_S = 1.0
"""How long the server may take to end a session that has ended here."""


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
        self._in_flight = in_flight
        self._pid = os.getpid()
        # Held by who reads, for as long.
        self._reading = threading.Lock()
        self._who_reads = 0
        # What follows is changed under the lock.
        self._lock = threading.RLock()
        self._submitted, self._room, self._emptied = (threading.Condition(self._lock) for _ in range(3))
        self._closed = threading.Event()
        self._number = 0
        self._pending: dict[int, Call] = {}
        self._unattended = 0  # calls under way that no thread waits for
        self._stream: Stream | None = None
        self._failures = 0
        self._reader: threading.Thread | None = None
        self._late = Lateness(self._lock, self._pending, self._end_late)

    def __del__(self) -> None:
        # Nobody has it, nor has closed it; no call is under way.
        if self._lock.acquire(blocking=False):
            self._late.close()
            self._lock.release()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session cannot travel to another process; open one there")

    def send(
        self,
        kind: str,
        request: bytes,
        ends: float,
        finish: Callable[[Any], Any],
        with_list: Callable[[], bytes],
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
            Gives the request with its list, for a server that does not know the function.
        """
        call = Call(kind, request, ends, finish, with_list)
        self._begin(call)
        assert call.future is not None  # noqa: S101  what is to be finished has one
        return call.future

    def ask(self, kind: str, request: bytes, ends: float) -> Message:
        """Make a call, and give the response."""
        call = Call(kind, request, ends)
        self._begin(call)
        try:
            while not call.done:
                self._wait_or_read(call)
        except BaseException as interrupted:
            self._end_early(call, interrupted)
            raise
        return call.response()

    def close(self, *, wait: bool) -> None:
        """Take no more calls; what is under way is waited for, or cancelled."""
        with self._lock:
            if self._closed.is_set() or self._pid != os.getpid():
                return
            while wait and self._pending:
                self._emptied.wait()
            self._closed.set()
            self._late.close()
            self._submitted.notify()
            self._room.notify_all()
            stream, reader = self._stream, None
            if stream is not None and not self._pending:
                stream.end()
                reader = self._have_reader()
        if reader is not None and reader is not threading.current_thread():
            reader.join(_ENDING_S)
        if stream is not None:
            stream.cancel()

    # ---- sending

    def _begin(self, call: Call) -> None:
        if self._pid != os.getpid():
            raise ClientClosed("this session was opened in another process; open another one")
        size = len(call.request)
        if size > _ASK_FOR_LIMITS_BYTES and size > (most := self._transport.limits(call.ends).request_bytes):
            told = f"a request of {size} bytes, the limit message_bytes is {most}"
            raise LimitExceeded(told, reason="LIMIT_EXCEEDED")
        # One who is told of an answer while reading, and makes a call: nobody else could make room.
        reads = self._who_reads == threading.get_ident()
        while not self._started(call, waits=not reads):
            self._read_until(lambda: len(self._pending) < self._in_flight)

    def _started(self, call: Call, *, waits: bool) -> bool:
        """Send a call if there is room, or once there is."""
        with self._lock:
            while len(self._pending) >= self._in_flight:
                if not waits:
                    return False
                if not self._room.wait(call.ends - time.monotonic()) and len(self._pending) >= self._in_flight:
                    raise DeadlineExceeded("the answers to earlier calls of this session did not come in time")
            try:
                self._start(call)
            except BaseException:
                self._room.notify()  # The room is still there, for another one.
                raise
            return True

    def _start(self, call: Call) -> None:
        """Send a call; the lock is held."""
        if self._closed.is_set():
            raise ClientClosed("this session was closed; open another one")
        if self._stream is None:
            self._stream = self._opened()
        self._number += 1
        self._pending[self._number] = call
        self._stream.requests.put(call.message(self._number))
        self._late.watch(call)
        if call.future is not None:
            self._unattended += 1
            if self._unattended == 1:
                self._have_reader()

    def _opened(self) -> Stream:
        replica = self._transport.replica()
        try:
            return Stream(replica, self._transport.metadata)
        except ValueError:
            # gRPC's word for a channel that another thread closed just now.
            self._transport.replica()
            raise

    # ---- who reads

    def _wait_or_read(self, call: Call) -> None:
        """Read until the answer is there; where somebody reads already, wait for it, or for the turn to read."""
        if self._who_reads == threading.get_ident():
            self._read_until(lambda: call.done)  # Asked by what was told of another answer.
            return
        if not self._reading.acquire(blocking=False):
            with self._lock:
                if call.done:
                    return
                turn = call.turn = threading.Event()
            # Whoever reads tells of the end of that; somebody may have ended just before.
            if not self._reading.acquire(blocking=False):
                turn.wait()
                return
        self._read_in_turn(lambda: call.done)

    def _read_in_turn(self, enough: Callable[[], bool]) -> None:
        """Read, the reading lock being held, and let the next one who waits read."""
        self._who_reads = threading.get_ident()
        try:
            self._read_until(enough)
        except BaseException:
            # Interrupted: an answer may have been taken, or is being waited for still. That stream is of no use.
            self._give_up_stream()
            raise
        finally:
            self._who_reads = 0
            self._reading.release()
            with self._lock:
                self._next_turn()

    def _next_turn(self) -> None:
        """Let somebody read who waits; the lock is held."""
        for call in self._pending.values():
            if call.turn is not None:
                call.turn.set()
                return

    def _have_reader(self) -> threading.Thread:
        """Have a thread read; the lock is held."""
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, name="wengert-session", daemon=True)
            self._reader.start()
        self._submitted.notify()
        return self._reader

    def _read(self) -> None:
        """Read whenever answers are to come that no thread waits for; at last, to the end of the stream."""

        def wanted() -> bool:
            return bool(self._unattended) or (self._closed.is_set() and self._stream is not None)

        while True:
            with self._lock:
                self._submitted.wait_for(lambda: wanted() or self._closed.is_set(), _IDLE_S)
                if not wanted():
                    self._reader = None
                    return
            self._reading.acquire()
            try:
                self._read_in_turn(lambda: not wanted())
            except Exception as error:  # noqa: BLE001  whatever it is, nobody must wait for ever
                self._fail(error)

    # ---- reading

    def _read_until(self, enough: Callable[[], bool]) -> None:
        """Take answers until there are enough, or none can come."""
        while not enough():
            stream = self._stream
            if stream is None:
                return
            error: grpc.RpcError | None = None
            try:
                data = next(stream.answers, None)
            except grpc.RpcError as broken:
                data, error = None, broken
            except ValueError:  # gRPC's word for a channel that was closed just now
                data = None
            if data is not None:
                self._failures = 0
                stream.replica.answered()
                self._take(stream, data)
            else:
                stream.end()
                self._go_on(stream, error)

    def _take(self, stream: Stream, data: bytes) -> None:
        try:
            answer = SessionResponse.FromString(data)
        except DecodeError:
            stream.cancel()
            self._fail(ServerFault("the server sends what is no answer"))
            return
        refused: Exception | None = None
        with self._lock:
            call = self._pending.pop(answer.call, None)
            if call is None:
                return  # It was given up.
            if call.future is not None:
                self._unattended -= 1
            if call.with_list is not None and answer.error.reason == _UNKNOWN:
                try:
                    call.request, call.with_list = call.with_list(), None
                    self._start(call)
                except Exception as error:  # noqa: BLE001  it belongs to who waits
                    refused = error
                else:
                    return
            self._ended(call, answer, refused)
        if call.future is not None:
            call.resolve(answer, refused)

    def _ended(self, call: Call, answer: SessionResponse | None, error: BaseException | None) -> None:
        """Note that a call is no longer under way; the lock is held."""
        if call.future is None:
            call.answered(answer, error)
        self._room.notify()
        if not self._pending:
            self._emptied.notify_all()

    # ---- streams that break, and calls that are late

    def _go_on(self, stream: Stream, error: grpc.RpcError | None) -> None:
        """Open another stream where one broke, and ask again what was not answered: every call is pure."""
        reason = None if self._closed.is_set() else self._reason(stream, error)
        if reason is None and not stream.given_up:
            pause_s = (error and pause_before(error, self._failures)) or usual_pause(self._failures)
            with self._lock:  # Who reads may be one whose time is up before.
                ends = min((call.ends for call in self._pending.values()), default=math.inf)
            self._closed.wait(max(0.0, min(pause_s, ends - time.monotonic())))
        with self._lock:
            self._stream = None
            if self._closed.is_set():
                reason = Cancelled("this session was closed")
            if reason is None and self._pending:
                try:
                    self._stream = self._opened()
                except WengertError as closed:
                    reason = closed
            if self._stream is not None:
                for number, call in self._pending.items():
                    self._stream.requests.put(call.message(number))
                return
            futures = self._end_all(reason)
        for call in futures:
            call.resolve(None, reason)

    def _fail(self, reason: Exception) -> None:
        """End all calls with an error."""
        with self._lock:
            futures = self._end_all(reason)
        for call in futures:
            call.resolve(None, reason)

    def _end_all(self, reason: Exception | None) -> list[Call]:
        """End all calls and the stream; gives those with futures, to be resolved without the lock, which is held."""
        self._stream = None
        ended = list(self._pending.values())
        self._pending.clear()
        self._unattended = 0
        for call in ended:
            self._ended(call, None, reason)
        return [call for call in ended if call.future is not None]

    def _reason(self, stream: Stream, error: grpc.RpcError | None) -> WengertError | None:
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

    def _end_late(self, call: Call) -> None:
        self._end_early(call, DeadlineExceeded("there was no answer in time"))

    def _end_early(self, call: Call, error: BaseException) -> None:
        """Wait no longer for a call; the stream that it holds up is opened anew for those behind it."""
        with self._lock:
            number = next((number for number, each in self._pending.items() if each is call), None)
            if number is None:
                return
            del self._pending[number]
            if call.future is not None:
                self._unattended -= 1
            self._ended(call, None, error)
            self._give_up_stream()
            self._next_turn()  # It may have been this one's.
        if call.future is not None:
            call.resolve(None, error)

    def _give_up_stream(self) -> None:
        """Have another stream opened in place of this one."""
        with self._lock:
            if self._stream is not None:
                self._stream.given_up = True
                self._stream.cancel()

"""Sessions: many calls over one stream, answered in the order in which they come."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from adengine.errors import EngineError, LimitExceeded
from wengert_server import calls, frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import grpc

    from wengert_server.caller import Call
    from wengert_server.reception import Reception


class Sessions:
    """The sessions that are open.

    Parameters
    ----------
    rpcs
        What may be called, by name: from the bytes of a request to those of a response.
    reception
        Lets them in.
    most
        How many there may be.

    Notes
    -----
    A session holds a thread while it is open, and is answered by that thread alone: a call that comes while
    another is computed waits in the transport, which stops its sender when it is full.
    """

    def __init__(self, rpcs: Mapping[str, Callable[[bytes], bytes]], reception: Reception, most: int) -> None:
        self._reception = reception
        self._rpcs = rpcs
        self._most = most
        self._lock = threading.Lock()
        self._open: dict[grpc.ServicerContext, bool] = {}  # whether it waits for its caller
        self._draining = False

    def serve(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer the calls of one session."""
        with self._reception.call("Session", context) as session:
            try:
                self._reception.admit(session)
                self._enter(context)
            except EngineError as error:
                calls.abort(session, context, error)
            try:
                for number, data in enumerate(self._waiting_for(requests, context)):
                    yield self._answer(session.within(number), data, context)
            finally:
                self._leave(context)
            calls.finish(session, context)

    def drain(self) -> None:
        """End the sessions that wait for their callers now; others when they have answered."""
        with self._lock:
            self._draining = True
            idle = [context for context, waits in self._open.items() if waits]
        for context in idle:
            context.cancel()

    def _answer(self, call: Call, data: bytes, context: grpc.ServicerContext) -> bytes:
        number = 0
        with call:
            try:
                call.request_bytes = len(data)
                frame = frames.read(data)
                number = frame.call
                call.rpc = frame.rpc
                answer = frames.answer(frame, self._rpcs[frame.rpc](frame.request))
            except Exception as error:  # noqa: BLE001  whatever it is, the session goes on
                answer = frames.refusal(number, calls.error_of(call, context, error))
            call.response_bytes = len(answer)
            return answer

    def _waiting_for(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Give requests, and remember when one is waited for: a session that waits can be ended."""
        while True:
            # Before the look: a server that drains in between finds it waiting.
            self._open[context] = True
            if self._draining:
                context.cancel()
            data = next(requests, None)
            if data is None:
                return
            self._open[context] = False
            yield data

    def _enter(self, context: grpc.ServicerContext) -> None:
        with self._lock:
            if len(self._open) >= self._most:
                described = f"{self._most + 1} sessions at the same time"
                raise LimitExceeded("sessions", self._most, self._most + 1, described)
            self._open[context] = False

    def _leave(self, context: grpc.ServicerContext) -> None:
        with self._lock:
            self._open.pop(context, None)

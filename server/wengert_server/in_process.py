"""The service without sockets: its handlers, called by a gRPC channel of the same process.

A request goes to its handler as the message it is, not as bytes that would be read again; its size is held to the same
limit. Everything else about a call is the same handler's work as in a server: validation, limits, memory in flight,
errors with their details, request ids, cancellation. It runs on the thread of its caller.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import numpy as np

from adengine import Engine
from adengine.errors import LimitExceeded
from adengine.pool import cores
from wengert_server import calls
from wengert_server.admission import Admission
from wengert_server.local_call import Deadlines, Failed, LocalContext
from wengert_server.reception import Reception
from wengert_server.service import DifferentiationService
from wengert_server.status import status_of
from wengert_server.store import FunctionStore
from wengert_server.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from google.protobuf.message import Message

    from wengert_server.local_call import Metadata
    from wengert_server.settings import Settings

    Read = Callable[[bytes], Any]

_MORE_THREADS = 4


class LocalService:
    """An engine, its functions, and the handlers of all rpcs.

    Parameters
    ----------
    settings
        The limits, and how it computes; what they say of sockets and of other processes does not count.

    Attributes
    ----------
    handlers
        By the names of their rpcs.
    deadlines
        Ends calls whose time is up.
    most_bytes
        Of one request.
    threads
        For calls whose callers do not wait on threads of their own.
    """

    def __init__(self, settings: Settings) -> None:
        engine = Engine(
            settings.engine_limits(),
            threads=settings.threads,
            machine_code=settings.machine_code,
            reproducible=settings.reproducible,
        )
        store = FunctionStore(settings.max_functions, settings.max_function_bytes, engine.forget)
        service = DifferentiationService(engine, store, settings)
        reception = Reception(admission=Admission.of(settings))
        self._streams = Streams(service, reception, settings)
        self.handlers = calls.handlers(service.rpcs(), reception, self._streams.handlers)
        self.deadlines = Deadlines()
        self.most_bytes = settings.max_message_bytes
        self.threads = ThreadPoolExecutor(cores() + _MORE_THREADS, thread_name_prefix="wengert-embedded")


class LocalChannel(grpc.Channel):
    """A channel whose server is this process; any number of threads may use it.

    Parameters
    ----------
    service
        Answers.
    most_bytes
        The largest message that its user sends or receives.
    """

    def __init__(self, service: LocalService, most_bytes: int) -> None:
        self._service = service
        self._most_bytes = most_bytes
        self._under_way: set[LocalContext] = set()
        self._closed = False

    def unary_unary(  # type: ignore[override]
        self, method: str, _serializer: object = None, response_deserializer: Read | None = None, **_: object
    ) -> Unary:
        """Give a call with one request and one response."""
        return Unary(self, self._handler(method, "unary_unary"), response_deserializer)

    def unary_stream(  # type: ignore[override]
        self, method: str, _serializer: object = None, response_deserializer: Read | None = None, **_: object
    ) -> Stream:
        """Give a call with one request and many responses."""
        return Stream(self, self._handler(method, "unary_stream"), response_deserializer)

    def stream_stream(  # type: ignore[override]
        self, method: str, _serializer: object = None, response_deserializer: Read | None = None, **_: object
    ) -> Stream:
        """Give a call with many requests and many responses."""
        return Stream(self, self._handler(method, "stream_stream"), response_deserializer, requests=True)

    def stream_unary(self, *_: object, **__: object) -> NoReturn:
        """Refuse: the contract has no such call."""
        raise NotImplementedError("no call of the contract has many requests and one response")

    def subscribe(self, callback: object, try_to_connect: bool = False) -> None:
        """Do nothing: there is no connection that could change."""

    def unsubscribe(self, callback: object) -> None:
        """Do nothing: there is no connection that could change."""

    def close(self) -> None:
        """Cancel what is under way, and refuse what comes."""
        self._closed = True
        self._service.deadlines.end_all(self._under_way)

    def begin(self, timeout: float | None, metadata: Metadata | None) -> LocalContext:
        """Begin a call; :meth:`end` is to follow."""
        call = LocalContext(timeout, metadata)
        self._under_way.add(call)
        self._service.deadlines.watch(call)
        if self._closed:
            self.end(call)
            raise ValueError("the channel is closed")  # as gRPC's channels do
        return call

    def end(self, call: LocalContext) -> None:
        """End a call."""
        self._service.deadlines.forget(call)
        self._under_way.discard(call)
        call.let_go()

    def check(self, request: Message) -> None:
        """Refuse a request that is too large, as a server's transport would."""
        size, most = request.ByteSize(), min(self._service.most_bytes, self._most_bytes)
        if size > most:
            status = status_of(LimitExceeded("message_bytes", most, size, "bytes of the request"))
            raise Failed(status.code, status.details, tuple(status.trailing_metadata))

    def received(self, response: bytes) -> bytes:
        """Give a response that is not too large."""
        if len(response) > self._most_bytes:
            told = f"a response of {len(response)} bytes; at most {self._most_bytes} are received"
            raise Failed(grpc.StatusCode.RESOURCE_EXHAUSTED, told)
        return response

    @property
    def threads(self) -> ThreadPoolExecutor:
        """For calls whose callers do not wait on threads of their own."""
        return self._service.threads

    def _handler(self, method: str, kind: str) -> Callable[[Any, Any], Any]:
        handler: Callable[[Any, Any], Any] = getattr(self._service.handlers[method.rpartition("/")[2]], kind)
        return handler


class Unary:
    """A call with one request and one response, as a method of a stub."""

    def __init__(self, channel: LocalChannel, handler: Callable[[Any, Any], bytes], read: Read | None) -> None:
        self._channel = channel
        self._handler = handler
        self._read = read or bytes

    def __call__(
        self, request: Message, timeout: float | None = None, metadata: Metadata | None = None, **_: object
    ) -> Any:
        """Make the call on this thread.

        Raises
        ------
        Failed
        """
        call = self._channel.begin(timeout, metadata)
        try:
            return self._answer(request, call)
        finally:
            self._channel.end(call)

    def future(
        self, request: Message, timeout: float | None = None, metadata: Metadata | None = None, **_: object
    ) -> Any:
        """Make the call on another thread: gives a future, which is cancelled where the ``call`` ends before."""
        call = self._channel.begin(timeout, metadata)
        future: Any = self._channel.threads.submit(self._answer, request, call)
        future.call = call
        future.add_done_callback(lambda _: self._channel.end(call))
        # It may wait for a thread for longer than its caller waits for it.
        if not call.add_callback(future.cancel):
            future.cancel()
        return future

    def _answer(self, request: Message, call: LocalContext) -> Any:
        self._channel.check(request)
        try:
            # NaN and infinity are values like any other, whatever the caller thinks of them.
            with np.errstate(all="ignore"):
                response = self._handler(request, call)
        except Failed:
            if call.over is None:
                raise
            response = b""
        if call.over is not None:
            raise Failed.ended(call.over)
        return self._read(self._channel.received(response))


class Stream:
    """A call with many responses, as a method of a stub."""

    def __init__(
        self,
        channel: LocalChannel,
        handler: Callable[[Any, Any], Iterator[bytes]],
        read: Read | None,
        requests: bool = False,
    ) -> None:
        self._channel = channel
        self._handler = handler
        self._read = read or bytes
        self._requests = requests

    def __call__(
        self, request: Any, timeout: float | None = None, metadata: Metadata | None = None, **_: object
    ) -> Answers:
        """Begin the call; it goes on as its answers are asked for."""
        call = self._channel.begin(timeout, metadata)
        if self._requests:
            return Answers(self._channel, self._handler(_Fed(request, call), call), call, self._read)
        try:
            self._channel.check(request)
        except Failed:
            self._channel.end(call)
            raise
        return Answers(self._channel, self._handler(request, call), call, self._read)


class Answers:
    """The answers of a call, computed as they are asked for, by whichever thread asks."""

    def __init__(self, channel: LocalChannel, answers: Iterator[bytes], call: LocalContext, read: Read) -> None:
        self._channel = channel
        self._answers = answers
        self._call = call
        call.computes = answers
        self._read = read
        # One for the whole call: its handler may be gone on with by several threads, and others run in between.
        self._context = contextvars.copy_context()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        response = None
        try:
            if self._call.over is None:
                response = self._context.run(self._advance)
        except Failed:
            if self._call.over is None:
                self._channel.end(self._call)
                raise
        if self._call.over is not None:
            self._close()
            raise Failed.ended(self._call.over)
        if response is None:
            self._channel.end(self._call)
            raise StopIteration
        return self._read(self._channel.received(response))

    @property
    def call(self) -> LocalContext:
        """What they are the answers of."""
        return self._call

    def cancel(self) -> bool:
        """End the call, from any thread; gives whether that was new."""
        new = self._call.cancel()
        self._close()
        return new

    def code(self) -> grpc.StatusCode:
        """Give how the call stands."""
        return self._call.over or grpc.StatusCode.OK

    def __del__(self) -> None:
        self.cancel()

    def _advance(self) -> bytes | None:
        with np.errstate(all="ignore"):
            return next(self._answers, None)

    def _close(self) -> None:
        self._channel.end(self._call)
        # Not while another thread is within it: that one closes it.
        with suppress(RuntimeError, ValueError, Failed):
            self._context.run(getattr(self._answers, "close", int))


class _Fed:
    """Requests that a handler waits for, as bytes, until there are no more or its call is over."""

    def __init__(self, requests: Iterable[Message | bytes], call: LocalContext) -> None:
        self._arrived: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        if not call.add_callback(lambda: self._arrived.put(None)):
            self._arrived.put(None)
        # Whoever gives the requests can be waited for by a thread only.
        threading.Thread(target=self._feed, args=(requests,), name="wengert-requests", daemon=True).start()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = self._arrived.get()
        if data is None:
            self._arrived.put(None)
            raise StopIteration
        return data

    def _feed(self, requests: Iterable[Message | bytes]) -> None:
        try:
            for request in requests:
                self._arrived.put(request if isinstance(request, bytes) else request.SerializeToString())
        finally:
            self._arrived.put(None)

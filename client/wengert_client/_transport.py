"""Calls to one server or to any of several: deadlines, repetitions, and errors as this package raises them.

Repetition is a loop of our own rather than gRPC's retry policy: that one stops at messages over
256 KiB, and at five attempts.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import grpc

from wengert.v1 import GetCapabilitiesRequest
from wengert_client import _embedded
from wengert_client._cutting import Limits
from wengert_client._errors import ClientClosed
from wengert_client._forking import Lock
from wengert_client._replicas import Replica, Replicas
from wengert_client._settings import MAX_MESSAGE_BYTES
from wengert_client._status import call_of, error_from_call, trailer
from wengert_client._waiting import Threads, now

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractContextManager

    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
    from wengert_client._settings import Settings
    from wengert_client._waiting import Group

    Metadata = tuple[tuple[str, str | bytes], ...]

__all__ = ["NO_OPTIONS", "Carrier", "Method", "Options", "Transport", "pause_before", "usual_pause"]

Request = TypeVar("Request")
Response = TypeVar("Response")
Takes_contra = TypeVar("Takes_contra", contravariant=True)
Gives_co = TypeVar("Gives_co", covariant=True)

# gRPC's words for a channel that was closed.
_CLOSED = (ValueError, grpc.aio.UsageError)
_PUSHBACK = "grpc-retry-pushback-ms"
# Nobody here cancels a call but by closing its client: a proxy does, when the server behind it is gone, and so does a
# server that must end.
_AGAIN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
_NO_TRAVEL = "credentials of gRPC cannot travel to another process; a client with tls=Tls(...) can"
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0


class Method(Protocol[Takes_contra, Gives_co]):
    """What makes a call, as the methods of a stub do."""

    def __call__(
        self, request: Takes_contra, /, *, timeout: float, metadata: tuple[tuple[str, str | bytes], ...]
    ) -> Gives_co: ...


class Carrier(Protocol):
    """What carries calls: a :class:`Transport`, or a session over one."""

    async def ask(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        ends: float,
    ) -> Response: ...

    @property
    def targets(self) -> int: ...

    def ends(self, deadline_s: float | None = None) -> float: ...

    async def known_limits(self, ends: float) -> Limits: ...

    def group(self, parts: int) -> Group: ...

    def lock(self) -> AbstractContextManager[None]: ...

    def done(self, coming: Coroutine[Any, Any, Response]) -> Response: ...

    def then(self, result: Request, finish: Callable[[Request], Response]) -> Response: ...


@dataclass(frozen=True, slots=True)
class Options:
    """What is different about single calls.

    Attributes
    ----------
    max_attempts
        How often they are tried; None: as the client has it.
    metadata
        What goes along beside the client's own.
    """

    max_attempts: int | None = None
    metadata: tuple[tuple[str, str | bytes], ...] = field(default=(), repr=False)


NO_OPTIONS = Options()


class Transport:
    """Channels that are opened when first used, and again in a forked process.

    Parameters
    ----------
    settings
        Targets, deadline, attempts and message size.
    credentials
        In place of the settings' own; None: as they say.

    Raises
    ------
    ConfigurationError
        A file that the settings name cannot be used.
    """

    def __init__(self, settings: Settings, credentials: grpc.ChannelCredentials | None) -> None:
        self._settings = settings
        self._credentials = credentials
        if settings.tls is not None:
            settings.tls.credentials()  # What is wrong with its files is to be said now.
        if settings.embedded:
            _embedded.check_installed()
        self._metadata: Metadata = (("authorization", f"Bearer {settings.token}"),) if settings.token else ()
        self._lock = Lock()
        self._closed = False
        self._pid = -1
        self._limits: Limits | None = None
        self._replicas: Replicas | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # A channel cannot travel to another process; what it was made from can, but for its secrets.
        if self._credentials is not None:
            raise TypeError(_NO_TRAVEL)
        return type(self), (self._settings, None)

    def call(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        ends: float,
    ) -> Response:
        """Make a call, and wait for it; see :meth:`ask`."""
        return now(self.ask(rpc, request, ends))

    async def ask(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        ends: float,
        options: Options = NO_OPTIONS,
    ) -> Response:
        """Make a call, again while the server is unavailable, of another one first where there are several.

        Parameters
        ----------
        rpc
            Picks the call from the stub.
        request
            The message to send.
        ends
            When to give up, on the monotonic clock.
        options
            What is different about it.

        Raises
        ------
        ServiceError
            The call did not succeed.
        ClientClosed
            The client was closed before.
        """
        attempt = 1
        most = options.max_attempts or self._settings.max_attempts
        metadata = self._metadata + options.metadata
        while True:
            try:
                return await self._ask_in_turn(rpc, request, ends, attempt, metadata)
            except _NoneAvailable as none:
                if attempt >= most or time.monotonic() + none.pause_s >= ends:
                    raise error_from_call(none.error) from none.error
                await self._pause(none.pause_s)
            attempt += 1

    async def _ask_in_turn(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        ends: float,
        attempt: int,
        metadata: Metadata,
    ) -> Response:
        """Ask one server after the other until one is available."""
        none: _NoneAvailable | None = None
        for replica in self._open().in_turn():
            method = rpc(replica.stub)
            try:
                response = await self._send(method, request, max(ends - time.monotonic(), 0.0), metadata)
            except _CLOSED:
                # The channel was closed just now.
                self._open()
                raise
            except grpc.RpcError as error:
                pause_s = None if self._closed else pause_before(error, attempt)
                if pause_s is None:
                    raise error_from_call(error) from error
                call = call_of(error)
                replica.failed(said=call is not None and bool(call.trailing_metadata()))
                none = _NoneAvailable(error, pause_s if none is None else min(pause_s, none.pause_s))
            else:
                replica.answered()
                return response
        assert none is not None  # noqa: S101  there is at least one
        raise none

    async def _send(
        self, method: Method[Request, Response], request: Request, left_s: float, metadata: Metadata
    ) -> Response:
        """Make a call of one server."""
        return method(request, timeout=left_s, metadata=metadata)

    async def _pause(self, seconds: float) -> None:
        """Wait until it is worth another try."""
        time.sleep(seconds)  # noqa: ASYNC251  whoever blocks runs this

    def group(self, parts: int) -> Group:
        """Give what runs parts of one call."""
        return Threads(parts)

    def lock(self) -> AbstractContextManager[None]:
        """Give a lock that is held while a call is made that one caller is to make for all."""
        return Lock()

    def done(self, coming: Coroutine[Any, Any, Response]) -> Response:
        """Give what a method gives to who called it: its result."""
        return now(coming)

    def then(self, result: Request, finish: Callable[[Request], Response]) -> Response:
        """Give what a method gives that makes something of another one's result."""
        return finish(result)

    def replica(self) -> Replica:
        """Give the server whose turn it is.

        Raises
        ------
        ClientClosed
        """
        return next(self._open().in_turn())

    @property
    def metadata(self) -> Metadata:
        """What goes with every call."""
        return self._metadata

    @property
    def max_attempts(self) -> int:
        """How often a call is tried while no server is available."""
        return self._settings.max_attempts

    @property
    def targets(self) -> int:
        """How many servers there are, as far as they were named; this process is one."""
        return len(self._settings.targets) or 1

    def ends(self, deadline_s: float | None = None) -> float:
        """Give the time, on the monotonic clock, at which a call that begins now is given up."""
        if self._settings.embedded:
            self._open()  # Loading the engine, once, is no part of any call.
        return self.ends_after(deadline_s)

    def ends_after(self, deadline_s: float | None) -> float:
        """Give the time that is so many seconds from now; None: as the settings say."""
        return time.monotonic() + (self._settings.deadline_s if deadline_s is None else deadline_s)

    def limits(self, ends: float) -> Limits:
        """Give what one call may have, and wait for it; asks the server once."""
        return now(self.known_limits(ends))

    async def known_limits(self, ends: float) -> Limits:
        """Give what one call may have; asks the server once."""
        if self._limits is None:
            response = await self.ask(lambda stub: stub.GetCapabilities, GetCapabilitiesRequest(), ends)
            told = {limit.name: limit.value for limit in response.limits}
            most = self._settings.max_message_bytes
            self._limits = Limits(
                min(most, told.get("message_bytes", most)), most, told.get("reply_elements", MAX_MESSAGE_BYTES)
            )
        return self._limits

    def close(self) -> None:
        """Close the channels; calls under way are cancelled."""
        with self._lock:
            self._closed = True
            # A forked process must not close what belongs to its parent.
            if self._replicas is not None and self._pid == os.getpid():
                self._replicas.close()
            self._replicas = None

    def _open(self) -> Replicas:
        replicas = self._replicas
        if replicas is None or self._pid != os.getpid():
            with self._lock:
                replicas = self._reopen()
        return replicas

    def _reopen(self) -> Replicas:
        if self._closed:
            raise ClientClosed(f"this client of {self._settings.target or 'this process'} was closed; make another one")
        if self._replicas is None or self._pid != os.getpid():
            self._replicas = Replicas(self._settings, self._credentials)
            self._pid = os.getpid()
        return self._replicas


class _NoneAvailable(Exception):
    """No server was available; the last one's word, and when to ask again."""

    def __init__(self, error: grpc.RpcError, pause_s: float) -> None:
        super().__init__(error, pause_s)
        self.error = error
        self.pause_s = pause_s


def pause_before(error: grpc.RpcError, attempt: int) -> float | None:
    """Give the seconds to wait before the next attempt; None: there is to be none."""
    call = call_of(error)
    if call is None or call.code() not in _AGAIN:
        return None
    asked = trailer(call, _PUSHBACK)
    if asked is not None:
        # The server's word: that many milliseconds; anything else means not to try again.
        text: str = asked.decode("ascii", "replace") if isinstance(asked, bytes) else str(asked)
        return int(text) / 1000 if text.isascii() and text.isdigit() else None
    return usual_pause(attempt)


def usual_pause(attempt: int) -> float:
    """Give the seconds to wait after so many attempts, where no server says otherwise."""
    longest = min(_FIRST_PAUSE_S * 2.0 ** (attempt - 1), _LONGEST_PAUSE_S)
    # Clients that failed together must not come back together.
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret hangs on it

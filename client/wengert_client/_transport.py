"""One channel to one server: deadlines, repetitions, and errors as this package raises them.

Repetition is a loop of our own rather than gRPC's retry policy: that one stops at messages over
256 KiB, and at five attempts.
"""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING, TypeVar

import grpc

from wengert.v1 import GetCapabilitiesRequest
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_client._cutting import Limits
from wengert_client._errors import ClientClosed
from wengert_client._settings import MAX_MESSAGE_BYTES
from wengert_client._status import call_of, error_from_call, trailer

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from wengert_client._settings import Settings

__all__ = ["Transport"]

Request = TypeVar("Request", bound="Message")
Response = TypeVar("Response", bound="Message")

_PUSHBACK = "grpc-retry-pushback-ms"
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0


class Transport:
    """A channel that is opened when first used, and again in a forked process.

    Parameters
    ----------
    settings
        Target, deadline, attempts and message size.
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
        self._metadata = (("authorization", f"Bearer {settings.token}"),) if settings.token else ()
        self._lock = threading.Lock()
        self._limits: Limits | None = None
        self._closed = False
        self._pid = -1
        self._channel: grpc.Channel | None = None
        self._stub: DifferentiationServiceStub | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # A channel cannot travel to another process; what it was made from can.
        return Transport, (self._settings, self._credentials)

    def call(
        self,
        rpc: Callable[[DifferentiationServiceStub], grpc.UnaryUnaryMultiCallable[Request, Response]],
        request: Request,
        ends: float,
    ) -> Response:
        """Make a call, again while the server is unavailable.

        Parameters
        ----------
        rpc
            Picks the call from the stub.
        request
            The message to send.
        ends
            When to give up, on the monotonic clock.

        Raises
        ------
        ServiceError
            The call did not succeed.
        ClientClosed
            The client was closed before.
        """
        attempt = 1
        while True:
            method = rpc(self._open_stub())
            try:
                return method(request, timeout=max(ends - time.monotonic(), 0.0), metadata=self._metadata)
            except ValueError:
                # gRPC's word for a channel that another thread closed just now.
                self._open_stub()
                raise
            except grpc.RpcError as error:
                pause_s = self._pause_s(error, attempt)
                if pause_s is None or time.monotonic() + pause_s >= ends:
                    raise error_from_call(error) from error
            time.sleep(pause_s)
            attempt += 1

    def ends(self, deadline_s: float | None = None) -> float:
        """Give the time, on the monotonic clock, at which a call that begins now is given up."""
        return time.monotonic() + (self._settings.deadline_s if deadline_s is None else deadline_s)

    def limits(self, ends: float) -> Limits:
        """Give what one call may have; asks the server once."""
        if self._limits is None:
            response = self.call(lambda stub: stub.GetCapabilities, GetCapabilitiesRequest(), ends)
            told = {limit.name: limit.value for limit in response.limits}
            most = self._settings.max_message_bytes
            self._limits = Limits(
                min(most, told.get("message_bytes", most)), most, told.get("reply_elements", MAX_MESSAGE_BYTES)
            )
        return self._limits

    def close(self) -> None:
        """Close the channel; calls under way are cancelled."""
        with self._lock:
            self._closed = True
            # A forked process must not close what belongs to its parent.
            if self._channel is not None and self._pid == os.getpid():
                self._channel.close()
            self._channel = self._stub = None

    def _open_stub(self) -> DifferentiationServiceStub:
        stub = self._stub
        if stub is None or self._pid != os.getpid():
            with self._lock:
                stub = self._reopen()
        return stub

    def _reopen(self) -> DifferentiationServiceStub:
        if self._closed:
            raise ClientClosed(f"this client of {self._settings.target} was closed; make another one")
        if self._stub is None or self._pid != os.getpid():
            self._channel = _channel(self._settings, self._credentials)
            self._stub = DifferentiationServiceStub(self._channel)
            self._pid = os.getpid()
        return self._stub

    def _pause_s(self, error: grpc.RpcError, attempt: int) -> float | None:
        """Give the seconds to wait before the next attempt; None: there is to be none."""
        call = call_of(error)
        if call is None or call.code() is not grpc.StatusCode.UNAVAILABLE:
            return None
        if attempt >= self._settings.max_attempts:
            return None
        asked = trailer(call, _PUSHBACK)
        if asked is not None:
            # The server's word: that many milliseconds; anything else means not to try again.
            text: str = asked.decode("ascii", "replace") if isinstance(asked, bytes) else str(asked)
            return int(text) / 1000 if text.isascii() and text.isdigit() else None
        longest = min(_FIRST_PAUSE_S * 2.0 ** (attempt - 1), _LONGEST_PAUSE_S)
        # Clients that failed together must not come back together.
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret hangs on it


def _channel(settings: Settings, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    options: list[tuple[str, int | str]] = [
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        # Repetition is ours; theirs would keep a copy of every request.
        ("grpc.enable_retries", 0),
        # By default a server that was away is tried again after a second at the earliest.
        ("grpc.initial_reconnect_backoff_ms", 50),
        ("grpc.max_reconnect_backoff_ms", 2000),
    ]
    if settings.tls is not None:
        credentials = settings.tls.credentials()
        if settings.tls.server_name is not None:
            options.append(("grpc.ssl_target_name_override", settings.tls.server_name))
    if credentials is None:
        return grpc.insecure_channel(settings.target, options=options)
    return grpc.secure_channel(settings.target, credentials, options=options)

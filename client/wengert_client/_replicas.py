"""The servers a client may ask, any of which can answer: one channel to each, and whose turn it is.

A name that stands for several addresses is one channel, and gRPC takes turns among them.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc

from wengert.v1 import GetCapabilitiesRequest, StreamJacobianRequest
from wengert.v1.service_pb2 import DESCRIPTOR
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_client._block import Block
from wengert_client._embedded import local_channel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from wengert_client._settings import Settings

__all__ = ["ASKED_S", "Replica", "Replicas", "open_channel"]

_FIRST_REST_S = 0.05
_LONGEST_REST_S = 2.0
_KEEPALIVE_MS = 10_000
#: How long that call waits.
ASKED_S = 60.0
_NO_ANSWER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
_SERVICE = DESCRIPTOR.services_by_name["DifferentiationService"].full_name
_CONFIG = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})


class Replica:
    """A server, or several behind one name.

    Parameters
    ----------
    channel
        The way to it.
    alone
        There is no other one to ask meanwhile.

    Attributes
    ----------
    stub
        Its calls; StreamJacobian gives each message as a :class:`Block`.
    session
        Its call Session, of messages as bytes.
    """

    def __init__(self, channel: grpc.Channel, *, alone: bool = False) -> None:
        self._channel = channel
        self.stub = DifferentiationServiceStub(channel)
        # Registered, as those of the stub are.
        many: Any = channel.stream_stream
        self.session = many(f"/{_SERVICE}/Session", _registered_method=True)
        blocks: Any = channel.unary_stream
        self.stub.StreamJacobian = blocks(
            f"/{_SERVICE}/StreamJacobian", StreamJacobianRequest.SerializeToString, Block.read, _registered_method=True
        )
        self._alone = alone
        self._failures = 0
        self._rests_until = 0.0
        self._lock = threading.Lock()
        self._asked: Any = None

    @property
    def rests(self) -> bool:
        """Whether others are to be asked first: for a time, and until there is a connection again."""
        if not self._failures:
            return False
        if time.monotonic() < self._rests_until:
            return True
        if self.connected:
            return False
        self._ask()
        return True

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known: a call would wait for one that cannot be had."""
        asked = self._asked
        return asked is None or (asked.done() and asked.code() not in _NO_ANSWER)

    def answered(self) -> None:
        """Note that it is there."""
        if self._failures:
            self._failures = 0
            self._asked = None

    def failed(self, *, said: bool = False) -> None:
        """Note that it could not be reached, or `said` that it is busy: it rests, the longer the more often."""
        self._rests_until = time.monotonic() + min(_FIRST_REST_S * 2.0**self._failures, _LONGEST_REST_S)
        self._failures = min(self._failures + 1, 10)
        if not said and not self._alone:
            self._ask()

    def _ask(self) -> None:
        """Have a small call wait, on nobody's thread, until there is a connection; what it says does not matter."""
        with self._lock:
            if self._asked is None or self._asked.done():
                with contextlib.suppress(ValueError, grpc.aio.UsageError):  # The channel was closed just now.
                    self._asked = self._waiting_call(GetCapabilitiesRequest())

    def _waiting_call(self, request: GetCapabilitiesRequest) -> Any:
        """Give a call that waits for a connection: what can be asked whether it is done, and then for its code."""
        return self.stub.GetCapabilities.future(request, timeout=ASKED_S, wait_for_ready=True)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


class Replicas:
    """All servers of one client; any number of threads may take turns.

    Parameters
    ----------
    settings
        Targets, message size, encryption.
    credentials
        In place of the settings' own; None: as they say.
    """

    _kind: type[Replica] = Replica

    def __init__(self, settings: Settings, credentials: grpc.ChannelCredentials | None) -> None:
        channels = self._channels(settings, credentials)
        self._replicas = [self._kind(channel, alone=len(channels) == 1) for channel in channels]
        self._turn = itertools.count()

    def _channels(self, settings: Settings, credentials: grpc.ChannelCredentials | None) -> list[Any]:
        if settings.embedded:
            return [local_channel(settings.max_message_bytes)]
        return [open_channel(target, settings, credentials) for target in settings.targets]

    def __len__(self) -> int:
        return len(self._replicas)

    def in_turn(self) -> Iterator[Replica]:
        """Give each server once, beginning with the one whose turn it is, and with those that do not rest."""
        if len(self._replicas) == 1:
            yield self._replicas[0]
            return
        first = next(self._turn) % len(self._replicas)
        last = []
        for replica in self._replicas[first:] + self._replicas[:first]:
            if replica.rests:
                last.append(replica)
            else:
                yield replica
        yield from sorted(last, key=lambda replica: not replica.connected)

    def close(self) -> None:
        """Close all channels."""
        for replica in self._replicas:
            replica.close()


def open_channel(
    target: str, settings: Settings, credentials: grpc.ChannelCredentials | None, library: ModuleType = grpc
) -> Any:
    """Give a channel of ``grpc``, or of ``grpc.aio``."""
    options: list[tuple[str, int | str]] = [
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        # Repetition is ours; theirs would keep a copy of every request.
        ("grpc.enable_retries", 0),
        # By default a server that was away is tried again after a second at the earliest.
        ("grpc.initial_reconnect_backoff_ms", 50),
        ("grpc.max_reconnect_backoff_ms", 2000),
        # The longest that one attempt to connect takes.
        ("grpc.min_reconnect_backoff_ms", 5000),
        # A server whose machine or network is gone says nothing. While it owes an answer it is asked whether it is
        # there, however long it computes, so that another one can be asked in time.
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_MS),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.ping_timeout_ms", _KEEPALIVE_MS),
        # What a name stands for may say otherwise in its own record.
        ("grpc.service_config", _CONFIG),
    ]
    if settings.tls is not None:
        credentials = settings.tls.credentials()
        if settings.tls.server_name is not None:
            options.append(("grpc.ssl_target_name_override", settings.tls.server_name))
    if credentials is None:
        return library.insecure_channel(target, options=options)
    return library.secure_channel(target, credentials, options=options)

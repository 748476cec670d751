"""What is different about some calls of a function: options that hold for a copy of it, and for nobody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from wengert_client._errors import ConfigurationError
from wengert_client._settings import MAX_MESSAGE_BYTES, check_seconds
from wengert_client._transport import Options, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from contextlib import AbstractContextManager

    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
    from wengert_client._cutting import Limits
    from wengert_client._held import HeldFunction
    from wengert_client._transport import Carrier, Method
    from wengert_client._waiting import Group

__all__ = ["NOT_OVER_SESSIONS", "Optioned", "OverTransport", "with_options"]

Request = TypeVar("Request")
Response = TypeVar("Response")

NOT_OVER_SESSIONS = "the calls of a session have no attempts, ids and metadata of their own"

_REQUEST_ID = "x-request-id"
_PLAIN = re.compile(r"[!-~]{1,64}")
_KEY = re.compile(r"[0-9a-z_.-]+")


def with_options(
    held: HeldFunction,
    deadline_s: float | None,
    max_attempts: int | None,
    request_id: str | None,
    metadata: Mapping[str, str | bytes] | None,
) -> HeldFunction:
    """Give the same function, whose calls have these options; None: as they are.

    Raises
    ------
    ConfigurationError
        One of them is not what it should be.
    """
    if deadline_s is not None:
        check_seconds(deadline_s, "deadline_s")
    if max_attempts is not None and not 1 <= max_attempts <= MAX_MESSAGE_BYTES:
        raise ConfigurationError(f"max_attempts is {max_attempts}; 1 or more was expected")
    carrier: Carrier = held.carrier
    if max_attempts is not None or request_id is not None or metadata:
        carrier = _optioned(carrier, Options(max_attempts, _metadata(request_id, metadata or {})))
    return held.over(carrier, deadline_s)


def _optioned(carrier: Carrier, options: Options) -> Optioned:
    if isinstance(carrier, Optioned):
        before = carrier.options
        kept = [(key, value) for key, value in before.metadata if key not in dict(options.metadata)]
        both = Options(options.max_attempts or before.max_attempts, (*kept, *options.metadata))
        return Optioned(carrier.transport, both)
    if not isinstance(carrier, Transport):
        raise ConfigurationError(NOT_OVER_SESSIONS)
    return Optioned(carrier, options)


def _metadata(request_id: str | None, given: Mapping[str, str | bytes]) -> tuple[tuple[str, str | bytes], ...]:
    told = dict(given)
    if request_id is not None:
        if not _PLAIN.fullmatch(request_id):
            raise ConfigurationError(f"request_id is {request_id!r}; 1 to 64 printable ASCII characters were expected")
        told[_REQUEST_ID] = request_id
    for key, value in told.items():
        if not _KEY.fullmatch(key) or key.endswith("-bin") != isinstance(value, bytes):
            raise ConfigurationError(
                f"metadata {key!r}: names are of 0-9, a-z, '-', '_' and '.'; bytes go with names that end in -bin"
            )
        if isinstance(value, str) and not (value.isascii() and value.isprintable()):
            raise ConfigurationError(f"metadata {key!r}: printable ASCII was expected, or bytes under a name in -bin")
    return tuple(told.items())


class OverTransport:
    """What carries calls over a transport in a way of its own, and is that transport otherwise.

    Attributes
    ----------
    transport
        As given.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    @property
    def targets(self) -> int:
        """How many servers there are."""
        return self.transport.targets

    def ends(self, deadline_s: float | None = None) -> float:
        """Give when a call that begins now is given up."""
        return self.transport.ends(deadline_s)

    async def known_limits(self, ends: float) -> Limits:
        """Give what one call may have."""
        return await self.transport.known_limits(ends)

    def group(self, parts: int) -> Group:
        """Give what runs parts of one call."""
        return self.transport.group(parts)

    def lock(self) -> AbstractContextManager[None]:
        """Give a lock."""
        return self.transport.lock()

    def done(self, coming: Coroutine[Any, Any, Response]) -> Response:
        """Give what a method gives to who called it."""
        return self.transport.done(coming)

    def then(self, result: Request, finish: Callable[[Request], Response]) -> Response:
        """Give what a method gives that makes something of another one's result."""
        return self.transport.then(result, finish)


class Optioned(OverTransport):
    """A transport, with options for all calls that it carries.

    Attributes
    ----------
    transport, options
        As given.
    """

    def __init__(self, transport: Transport, options: Options) -> None:
        super().__init__(transport)
        self.options = options

    def __reduce__(self) -> tuple[object, ...]:
        # Metadata may be what lets a call in: like a token, it does not travel to where functions are written to.
        return Optioned, (self.transport, Options(self.options.max_attempts))

    async def ask(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        ends: float,
    ) -> Response:
        """Make a call."""
        return await self.transport.ask(rpc, request, ends, self.options)

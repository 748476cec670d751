"""The errors of the service itself, of the same kind as the engine's.

::

    EngineError (adengine.errors)
    +-- MalformedRequest    MALFORMED_REQUEST   the bytes are no such message, or a field is missing
    +-- UnknownField        UNKNOWN_FIELD       a field of a list that this server does not know
    +-- InvalidText         INVALID_TEXT        a source text that makes no list
    +-- UnknownFunction     UNKNOWN_FUNCTION    an id that this server does not hold
    +-- OutOfMemory         LIMIT_EXCEEDED      the machine has less memory left than the call needs
    +-- Unauthenticated     UNAUTHENTICATED     nobody knows in whose name the call comes
    +-- Overloaded          OVERLOADED          there is no room for the call now; later there is

:mod:`wengert_server.status` maps them, and the engine's, to gRPC's codes.
"""

from __future__ import annotations

from adengine.errors import EngineError


class Lines(str):
    """A sentence of several lines, each of printable ASCII."""

    __slots__ = ()


class MalformedRequest(EngineError):
    """The bytes are no such message, or a field that must be there is not."""

    reason = "MALFORMED_REQUEST"


class UnknownField(EngineError):
    """A field anywhere in a list that this server does not know, and must not ignore."""

    reason = "UNKNOWN_FIELD"


class InvalidText(EngineError):
    """A source text makes no list: what is wrong, with line and column, the line itself and a caret."""

    reason = "INVALID_TEXT"


class UnknownFunction(EngineError):
    """An id that this server does not hold: register the list, again, and repeat the call."""

    reason = "UNKNOWN_FUNCTION"


class OutOfMemory(EngineError):
    """The machine ran out of memory within the limits set."""

    reason = "LIMIT_EXCEEDED"


class Unauthenticated(EngineError):
    """The server asks in whose name a call comes, and was not told, or does not know that name."""

    reason = "UNAUTHENTICATED"


class Overloaded(EngineError):
    """There is no room for the call now.

    Attributes
    ----------
    pause_ms : int
        After how many milliseconds it may be tried again.
    """

    reason = "OVERLOADED"

    def __init__(self, description: str, pause_ms: int) -> None:
        super().__init__(description)
        self.pause_ms = pause_ms

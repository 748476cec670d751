"""The errors of the engine.

::

    EngineError
    +-- InvalidArgument               the caller sent something that can never be right
    |   +-- InvalidList               INVALID_LIST
    |   +-- InvalidShape              INVALID_SHAPE
    |   +-- InvalidPoints             INVALID_POINTS
    |   +-- InvalidDirections         INVALID_DIRECTIONS
    |   +-- AmbiguousDirections       AMBIGUOUS_DIRECTIONS
    |   +-- InvalidName               INVALID_NAME
    |   +-- UnknownName               UNKNOWN_NAME
    |   +-- UnspecifiedPrimitive      UNKNOWN_PRIMITIVE (number 0)
    +-- UnknownPrimitive              UNKNOWN_PRIMITIVE (a number this engine does not serve)
    +-- Unsupported                   UNSUPPORTED       (part of the contract, not served yet)
    +-- LimitExceeded                 LIMIT_EXCEEDED    (can never fit; names the limit and its value)
    +-- Cancelled                     CANCELLED         (whoever asked does not want it any more)
        +-- DeadlineExceeded          DEADLINE_EXCEEDED (or not that late)

Each error has a stable upper-case ``reason`` and a list of violations, each with the path of a field and a sentence.
Paths are relative to what was given to the engine (``arguments[7]`` for a list, ``points`` for a call); whoever nests
that in something larger puts its own path in front with :meth:`EngineError.at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

MAX_VIOLATIONS = 10
"""At most this many violations are told at once."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong.

    Attributes
    ----------
    field : str
        Path of the field, e.g. ``arguments[7]``; empty for the whole.
    description : str
        One sentence: what was given, what was expected, where.
    """

    field: str
    description: str


class EngineError(Exception):
    """Base of all errors that the engine raises on purpose."""

    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, description: str, field: str = "", *more: Violation) -> None:
        self.violations: tuple[Violation, ...] = (Violation(field, description), *more)[:MAX_VIOLATIONS]
        super().__init__(description)

    def at(self, prefix: str) -> Self:
        """Put ``prefix`` in front of every field path, in place; returns the error itself."""
        self.violations = tuple(Violation(_join(prefix, v.field), v.description) for v in self.violations)
        return self

    def without(self, suffix: str) -> Self:
        """Take ``suffix`` off the end of every field path, in place; returns the error itself."""
        self.violations = tuple(Violation(v.field.removesuffix(suffix), v.description) for v in self.violations)
        return self


def _join(prefix: str, field: str) -> str:
    if not prefix or not field:
        return prefix or field
    return prefix + field if field.startswith("[") else f"{prefix}.{field}"


class InvalidArgument(EngineError):
    """The request can never be right as it is."""


class InvalidList(InvalidArgument):
    """A Wengert list is not well formed."""

    reason = "INVALID_LIST"


class InvalidShape(InvalidArgument):
    """Shapes do not fit each other or their values."""

    reason = "INVALID_SHAPE"


class InvalidPoints(InvalidArgument):
    """Points have the wrong shape."""

    reason = "INVALID_POINTS"


class InvalidDirections(InvalidArgument):
    """Tangents, cotangents or weights have the wrong shape, or are missing."""

    reason = "INVALID_DIRECTIONS"


class AmbiguousDirections(InvalidArgument):
    """Two-dimensional directions with several points: one each, or all for every point, nobody can tell."""

    reason = "AMBIGUOUS_DIRECTIONS"


class InvalidName(InvalidArgument):
    """A name is ill-formed, too long or used twice."""

    reason = "INVALID_NAME"


class UnknownName(InvalidArgument):
    """A name that the function does not have."""

    reason = "UNKNOWN_NAME"


class UnspecifiedPrimitive(InvalidArgument):
    """Primitive number 0, which no statement may have."""

    reason = "UNKNOWN_PRIMITIVE"


class UnknownPrimitive(EngineError):
    """A primitive number that this engine does not serve."""

    reason = "UNKNOWN_PRIMITIVE"


class Unsupported(EngineError):
    """Part of the contract that this engine does not do yet."""

    reason = "UNSUPPORTED"


class LimitExceeded(EngineError):
    """More than a limit allows; the limit's name and value are in the message.

    Attributes
    ----------
    limit : str
        Name of the limit, as in :class:`adengine.limits.Limits`.
    allowed, needed : int
        The limit, and what the request would need.
    """

    reason = "LIMIT_EXCEEDED"

    def __init__(self, limit: str, allowed: int, needed: int, what: str, field: str = "") -> None:
        self.limit = limit
        self.allowed = allowed
        self.needed = needed
        super().__init__(f"{what}: {needed} needed, the limit {limit} is {allowed}", field)


class Cancelled(EngineError):
    """The call was cancelled while it ran; nothing of it is left."""

    reason = "CANCELLED"


class DeadlineExceeded(Cancelled):
    """The time that the call was given is over."""

    reason = "DEADLINE_EXCEEDED"

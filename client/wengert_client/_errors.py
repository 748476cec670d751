"""Everything this package raises.

WengertError
+-- BuildError                 a list cannot be written like this
|   +-- ShapeError             ... because shapes do not fit; also a ValueError
|   +-- IndexOutOfRange        ... because an index is outside its axis; also an IndexError
|   +-- NotANumber             ... because a variable is used as a number; also a TypeError
|   +-- NoSuchMethod           ... because variables have no such method; also an AttributeError
+-- ConfigurationError         the client cannot be set up like this; also a ValueError
+-- MissingDependency          an optional package is not installed; also an ImportError
+-- ClientClosed               the client was closed before
+-- ServiceError               a call did not succeed: code, reason, violations
    +-- InvalidRequest         the request is wrong; also a ValueError
    +-- UnknownFunction        the server does not hold the function, and it cannot be sent again
    +-- LimitExceeded          the request can never fit into a limit of the server
    +-- Unsupported            part of the contract that this server does not serve
    +-- Unauthenticated        the server does not know who calls: no token, or a wrong one
    +-- Unavailable            no server, or a busy one, after every attempt
    +-- DeadlineExceeded       no answer in time; also a TimeoutError
    +-- Cancelled              the call was cancelled, as by closing the client
    +-- ServerFault            a fault of the server, or an answer that cannot be read
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BuildError",
    "Cancelled",
    "ClientClosed",
    "ConfigurationError",
    "DeadlineExceeded",
    "IndexOutOfRange",
    "InvalidRequest",
    "LimitExceeded",
    "MissingDependency",
    "NoSuchMethod",
    "NotANumber",
    "ServerFault",
    "ServiceError",
    "ShapeError",
    "Unauthenticated",
    "Unavailable",
    "UnknownFunction",
    "Unsupported",
    "Violation",
    "WengertError",
]


class WengertError(Exception):
    """The base of all errors of this package."""


class BuildError(WengertError):
    """A Wengert list cannot be written like this.

    Attributes
    ----------
    line : str
        The line of the program that was traced, with its file, number and text, as it stands in the message; empty
        where nothing was traced.
    asked : str
        What a variable was asked for that it has only when the list is evaluated, such as ``truth value``; empty for
        other errors.
    """

    line: str = ""
    asked: str = ""


class ShapeError(BuildError, ValueError):
    """Shapes do not fit together."""


class IndexOutOfRange(BuildError, IndexError):
    """An index is outside its axis, or there are more indices than axes."""


class NotANumber(BuildError, TypeError):
    """A variable is used where a number must be known, though it has one only when the list is evaluated."""


class NoSuchMethod(BuildError, AttributeError):
    """A method or an attribute of arrays that variables do not have."""


class ConfigurationError(WengertError, ValueError):
    """The client cannot be set up like this."""


class MissingDependency(WengertError, ImportError):
    """A package that only this call needs is not installed."""


class ClientClosed(WengertError):
    """The client was closed before this call."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request.

    Attributes
    ----------
    field
        Path of the offending field within the request, such as ``function.list.arguments[7]``.
    description
        What was given, what was expected, and where.
    """

    field: str
    description: str


class ServiceError(WengertError):
    """A call did not succeed.

    Attributes
    ----------
    code : grpc.StatusCode
        The status code of the call.
    reason : str
        The stable upper-case reason, such as ``INVALID_SHAPE``; empty where the server gave none. More
        reasons than a client knows may come.
    violations : tuple of Violation
        The offending fields, at most ten of them; empty where no field is to blame.
    request_id : str
        What the server's log calls the call; empty where the server did not say.
    """

    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        violations: Sequence[Violation] = (),
        code: grpc.StatusCode | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.violations = tuple(violations)
        self.code = code or type(self).code
        self.request_id = request_id

    def __str__(self) -> str:
        head = f"{self.reason}: {self.message}" if self.reason else self.message
        return "\n".join([head, *(f"  {each.field}: {each.description}" for each in self._news())])

    def _news(self) -> list[Violation]:
        """Give the violations that say more than the message does."""
        return [each for each in self.violations if each.description not in self.message]

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call the class without its keywords.
        # Nothing but texts: what raised it, as a call of gRPC with its locks, stays behind.
        violations = tuple((each.field, each.description) for each in self.violations)
        return _rebuilt, (type(self), self.message, self.reason, violations, self.code.name, self.request_id)


def _rebuilt(
    kind: type[ServiceError],
    message: str,
    reason: str,
    violations: tuple[tuple[str, str], ...],
    code: str,
    request_id: str,
) -> ServiceError:
    """Make an unpickled error."""
    told = [Violation(*each) for each in violations]
    return kind(message, reason=reason, violations=told, code=grpc.StatusCode[code], request_id=request_id)


class InvalidRequest(ServiceError, ValueError):
    """The request is wrong; repeated, it would be wrong again. Some are found before they are sent."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class UnknownFunction(ServiceError):
    """The server does not hold the function, and the client has no list that it could send again."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class LimitExceeded(ServiceError):
    """The request can never fit into a limit, which the message names; or a message is too large for gRPC."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unsupported(ServiceError):
    """Part of the contract that this server does not serve, such as a primitive or a layout."""

    code = grpc.StatusCode.UNIMPLEMENTED


class Unauthenticated(ServiceError):
    """The server asks who calls, and the token is missing, or not one of those it knows."""

    code = grpc.StatusCode.UNAUTHENTICATED


class Unavailable(ServiceError):
    """No server could be reached, or it was busy, at every attempt. Later it may work."""

    code = grpc.StatusCode.UNAVAILABLE


class DeadlineExceeded(ServiceError, TimeoutError):
    """There was no answer within the deadline. Calls are pure: it is safe to repeat them."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Cancelled(ServiceError):
    """The call was cancelled, as by closing its client from another thread."""

    code = grpc.StatusCode.CANCELLED


class ServerFault(ServiceError):
    """A fault of the server, or an answer that cannot be read."""

    code = grpc.StatusCode.INTERNAL

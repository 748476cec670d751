"""Sessions: the calls of functions over one stream, for those who ask again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from wengert_client._calling import NOT_OVER_SESSIONS, Optioned, OverTransport
from wengert_client._cutting import fill
from wengert_client._errors import ConfigurationError
from wengert_client._function import Function
from wengert_client._held import HeldFunction, Request
from wengert_client._line import Line
from wengert_client._transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Literal, Self, TypeAlias

    from google.protobuf.message import Message

    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
    from wengert_client._cutting import Arrays
    from wengert_client._transport import Method

    Submitted: TypeAlias = Literal[
        "value",
        "jvp",
        "vjp",
        "jacobian",
        "gradient",
        "hessian",
        "hvp",
        "value_and_jvp",
        "value_and_vjp",
        "value_and_jacobian",
        "value_and_gradient",
        "value_gradient_and_hessian",
        "value_gradient_and_hvp",
    ]

__all__ = ["Session", "SessionFunction", "session_of"]

Response = TypeVar("Response")
Result = TypeVar("Result")
AnyRequest = TypeVar("AnyRequest")

# The field of a SessionRequest for each rpc that a session carries.
_KINDS = {
    "Evaluate": "evaluate",
    "Jvp": "jvp",
    "Vjp": "vjp",
    "Jacobian": "jacobian",
    "Hessian": "hessian",
    "Hvp": "hvp",
}


class Session:
    """One stream to a server for many calls; made by :meth:`Client.session`, for use in a ``with`` statement.

    A call over it is spared what opening and ending a call of its own costs. The server answers one after the other, in
    the order in which they are made. Any number of threads may use it. Where the stream breaks, or the server
    stops, another one is opened, and what was not answered is asked again. At its end, a ``with`` statement
    waits for the answers; after an error it does not.

    Parameters
    ----------
    transport
        The way to the server.
    in_flight
        How many calls may be unanswered; who makes one more waits.
    """

    def __init__(self, transport: Transport, in_flight: int) -> None:
        self._line = Line(transport, in_flight)
        self._carrier = _Carrier(transport, self._line)

    def function(self, function: Function) -> SessionFunction:
        """Give a function whose calls travel over this session.

        Raises
        ------
        ConfigurationError
            Its calls have options, as metadata, that those of a session cannot have.
        """
        if isinstance(function.held.carrier, Optioned):
            raise ConfigurationError(NOT_OVER_SESSIONS)
        return SessionFunction(function.held.over(self._carrier), self._line)

    def close(self) -> None:
        """Wait for the answers, and end the stream."""
        self._line.close(wait=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close(wait=kind is None)


class SessionFunction(Function):
    """A function whose calls travel over a session: the methods of :class:`Function`, and :meth:`submit`.

    That of :meth:`Function.session` is for use in a ``with`` statement, as its session is.
    """

    def __init__(self, held: HeldFunction, line: Line) -> None:
        super().__init__(held)
        self._line = line
        self._later = _Later(held, line)

    def submit(self, call: Submitted, /, *arguments: Any, **options: Any) -> Future[Any]:
        """Make a call, and do not wait for the answer: several may be under way.

        Parameters
        ----------
        call
            The method to call.
        arguments, options
            As the method takes them, but neither ``sparse`` nor ``stream``; the points are not cut.

        Returns
        -------
        future : concurrent.futures.Future
            Gives what the method would, or raises it: past the function's deadline :class:`DeadlineExceeded`. It
            cannot be cancelled.
        """
        future: Future[Any] = getattr(self._later, call)(*arguments, **options)
        return future

    def held_as(self, held: HeldFunction) -> Self:
        """Give the same function, held otherwise."""
        twin = super().held_as(held)
        twin._later = _Later(held, self._line)  # noqa: SLF001  its own
        return twin

    def close(self) -> None:
        """Wait for the answers, and end the session, for all functions whose calls travel over it."""
        self._line.close(wait=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close(wait=kind is None)


def session_of(function: Function, in_flight: int) -> SessionFunction:
    """Give a function over a session of its own, beside the one over which it may travel."""
    carrier = function.held.carrier
    if isinstance(carrier, Optioned):
        raise ConfigurationError(NOT_OVER_SESSIONS)
    transport = carrier.transport if isinstance(carrier, _Carrier) else carrier
    if not isinstance(transport, Transport):
        raise TypeError("the calls of this function cannot travel over a session")
    return Session(transport, in_flight).function(function)


class _Carrier(OverTransport):
    """What a held function sees of a session: its own calls go over the line, others by themselves."""

    def __init__(self, transport: Transport, line: Line) -> None:
        super().__init__(transport)
        self._line = line

    async def ask(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[AnyRequest, Response]],
        request: AnyRequest,
        ends: float,
    ) -> Response:
        """Make a call, and wait for the answer."""
        kind = _kind(rpc)
        if kind is None:
            return await self.transport.ask(rpc, request, ends)
        data = cast("Message", request).SerializeToString()
        return cast("Response", self._line.ask(kind, data, ends))


class _Later(Function):
    """A function whose methods give futures."""

    def __init__(self, held: HeldFunction, line: Line) -> None:
        super().__init__(held)
        self._line = line

    def _ask(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        arrays: Arrays,
        elements: Callable[[], int],  # noqa: ARG002  nothing is cut
        finish: Callable[[Response], Result],
    ) -> Result:
        kind = _kind(rpc)
        if kind is None:
            raise TypeError("a call like this cannot be submitted; call the method itself")
        held = self.held
        fill(request, arrays)
        request.function.id = held.info.id

        def with_list() -> bytes:
            request.function.list.CopyFrom(held.wengert_list)
            return request.SerializeToString()

        return cast("Result", self._line.send(kind, request.SerializeToString(), held.ends(), finish, with_list))

    def _in_parts(self, *_: object) -> NoReturn:
        raise TypeError("neither sparse calls nor those in blocks can be submitted; call the method itself")


class _Names:
    """In place of a stub: its calls are their names."""

    def __getattr__(self, name: str) -> str:
        return name


def _kind(rpc: Callable[[DifferentiationServiceStub], object]) -> str | None:
    """Give the field of a SessionRequest for a call; None where a session does not carry it."""
    name = rpc(cast("DifferentiationServiceStub", _Names()))
    return _KINDS.get(name) if isinstance(name, str) else None

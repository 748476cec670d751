"""The way to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from wengert.v1 import ForgetRequest, GetCapabilitiesRequest, WengertList
from wengert_client._builder import ListBuilder
from wengert_client._errors import ConfigurationError
from wengert_client._function import Function
from wengert_client._held import HeldFunction
from wengert_client._results import Capabilities
from wengert_client._session import Session
from wengert_client._settings import Settings, check_seconds
from wengert_client._traced import TracedFunction
from wengert_client._tracing import as_trace
from wengert_client._transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    import grpc
    from numpy.typing import ArrayLike

    from wengert_client._tls import Tls
    from wengert_client._tracing import Inputs, Trace

__all__ = ["Client"]


class Client:
    """A client of one server, of several that answer for each other, or of none: then this process computes itself.

    It is for use in a ``with`` statement and from any number of threads.

    It connects when it is first used, connects again when it must, repeats calls while the server is
    unavailable (every call is pure), and gives every call a deadline. It may be made before a process
    forks; the forked process opens a connection of its own.

    Parameters
    ----------
    target
        Where the server is, as gRPC names it: ``host:port``, ``unix:path``, ``dns:///name:port``; or a sequence
        of such, or one string with commas. Calls go to each of them in turn, also where a name stands for several
        addresses; what one does not answer another does. None: ``WENGERT_TARGET``, or else none: the service runs
        in this process, without sockets, and once for all such clients (``pip install 'wengert[server]'``). Its
        limits are a server's, and set by the same variables, such as ``WENGERT_THREADS``.
    deadline_s
        Seconds until a call is given up, its repetitions and registrations included. None:
        ``WENGERT_DEADLINE_S``, or else 30.
    max_attempts
        How often a call is tried while no server is available. None: ``WENGERT_MAX_ATTEMPTS``, or
        else 5; pauses double from 50 ms on, unless a server names another.
    max_message_bytes
        The largest message sent or received. None: ``WENGERT_CLIENT_MESSAGE_BYTES``, or else 2 GiB. The
        server has a limit of its own for what it receives.
    tls
        True: encrypted, to a server known to a public authority. A :class:`Tls`: the same, with files of
        your own. False: open. None: encrypted where ``WENGERT_TLS_ROOTS``, ``WENGERT_TLS_CERTIFICATE`` and
        ``WENGERT_TLS_KEY`` name files, or else open.
    token
        Says to the server who calls. None: ``WENGERT_TOKEN``. It is not sent over an open connection to
        another machine unless `tls` is False.
    credentials
        Of gRPC, in place of `tls`, for what that cannot say.

    Raises
    ------
    ConfigurationError
        A number is not what it should be, a file cannot be used, a token would be sent for all to read, or TLS or
        a token are given and no target.
    MissingDependency
        No target is named, and the packages that compute are not installed.

    Examples
    --------
    >>> with Client("localhost:50051", deadline_s=10) as client:
    ...     print(client)
    Client of localhost:50051
    """

    def __init__(
        self,
        target: str | Sequence[str] | None = None,
        *,
        deadline_s: float | None = None,
        max_attempts: int | None = None,
        max_message_bytes: int | None = None,
        tls: Tls | bool | None = None,
        token: str | None = None,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._settings = resolved(target, deadline_s, max_attempts, max_message_bytes, tls, token, credentials)
        self._transport = Transport(self._settings, credentials)

    @property
    def target(self) -> str:
        """Where the server is; several are separated by commas; empty where this process answers itself."""
        return self._settings.target

    @overload
    def function(
        self,
        source: Callable[..., Any] | Trace,
        *,
        inputs: Inputs | None = None,
        defaults: Mapping[str, ArrayLike] | None = None,
        deadline_s: float | None = None,
    ) -> TracedFunction: ...
    @overload
    def function(self, source: ListBuilder | WengertList | str, *, deadline_s: float | None = None) -> Function: ...
    def function(
        self,
        source: Callable[..., Any] | Trace | ListBuilder | WengertList | str,
        *,
        inputs: Inputs | None = None,
        defaults: Mapping[str, ArrayLike] | None = None,
        deadline_s: float | None = None,
    ) -> Function:
        """Give a function to call; nothing is sent before its first call.

        Parameters
        ----------
        source
            The function: a function of NumPy, which is traced, or what :func:`trace` made of one; a builder, as it is
            now; a list, as a message of the contract; the id of a function that the server holds; or a source text,
            such as ``"input x; output f = x * sin(x)"``.
        inputs, defaults
            Shapes of a NumPy function's inputs, and values of those that callers may leave out, as :func:`trace` takes
            them.
        deadline_s
            Seconds until a call of this function is given up. None: as this client has it.

        Raises
        ------
        BuildError
            The NumPy function does what no list can say; the error names the line.

        Examples
        --------
        ::

            def model(x, A):
                return np.exp(-A @ x).sum()

            f = client.function(model, inputs={"x": (3,), "A": (2, 3)})
            f(x, A)                         # what model(x, A) gives
            f.gradient(x=x, A=A)            # shape (9,)
        """
        return function_over(self._transport, source, inputs, defaults, deadline_s)

    def session(self, *, in_flight: int = 64) -> Session:
        """Give a stream for many calls, for use in a ``with`` statement; it opens with the first one.

        Parameters
        ----------
        in_flight
            How many calls may be unanswered; who makes one more waits.

        Examples
        --------
        ::

            with client.session() as session:
                g = session.function(f)
                for _ in range(100):
                    x = x - 0.1 * g.gradient(x)
        """
        return Session(self._transport, in_flight)

    def forget(self, function: Function | str, *, deadline_s: float | None = None) -> bool:
        """Make the server drop a function, given itself or by its id; says whether the server held it.

        The function stays usable: its next call registers it again.
        """
        request = ForgetRequest(id=function if isinstance(function, str) else function.id)
        return self._transport.call(lambda stub: stub.Forget, request, self._transport.ends(deadline_s)).held

    def capabilities(self, *, deadline_s: float | None = None) -> Capabilities:
        """Ask what the server can do: its version, limits, primitives and calls."""
        request = GetCapabilitiesRequest()
        response = self._transport.call(lambda stub: stub.GetCapabilities, request, self._transport.ends(deadline_s))
        return Capabilities.read(response)

    def close(self) -> None:
        """Close the connection; calls under way are cancelled, later ones refused."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client of {self.target or 'this process'}"


def resolved(
    target: str | Sequence[str] | None,
    deadline_s: float | None,
    max_attempts: int | None,
    max_message_bytes: int | None,
    tls: Tls | bool | None,
    token: str | None,
    credentials: grpc.ChannelCredentials | None,
) -> Settings:
    """Give what a client needs to know; raises as :class:`Client` does."""
    if credentials is None:
        return Settings.resolve(target, deadline_s, max_attempts, max_message_bytes, tls, token)
    if tls is not None:
        raise ConfigurationError("credentials and tls both say how to connect; give one of them")
    # Encryption is the credentials' own business, and so is a token sent along with them.
    settings = Settings.resolve(target, deadline_s, max_attempts, max_message_bytes, False, token)
    if settings.embedded:
        raise ConfigurationError("credentials are given, and no server is named: give Client a target")
    return settings


def function_over(
    transport: Transport,
    source: object,
    inputs: Inputs | None,
    defaults: Mapping[str, ArrayLike] | None,
    deadline_s: float | None,
) -> Function:
    """Make a function whose calls a transport carries; see :meth:`Client.function`."""
    if deadline_s is not None:
        check_seconds(deadline_s, "deadline_s")
    traced = as_trace(source, inputs, defaults)
    if traced is not None:
        return TracedFunction(HeldFunction(transport, traced.message, deadline_s), traced)
    return Function(HeldFunction(transport, _list_or_id(source), deadline_s))


def _list_or_id(source: object) -> WengertList | str:
    if isinstance(source, ListBuilder):
        return source.build()
    if isinstance(source, (WengertList, str)):
        return source
    expected = "a NumPy function, a Trace, a ListBuilder, a WengertList, an id or a text"
    raise TypeError(f"a function is {expected}, not {type(source).__name__}")

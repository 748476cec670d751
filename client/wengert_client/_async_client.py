"""The way to a server from event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wengert.v1 import ForgetRequest, GetCapabilitiesRequest
from wengert_client._async_function import AsyncFunction
from wengert_client._async_session import AsyncSession
from wengert_client._async_transport import AsyncTransport
from wengert_client._client import function_over, resolved
from wengert_client._results import Capabilities
from wengert_client._transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    import grpc
    from numpy.typing import ArrayLike

    from wengert.v1 import WengertList
    from wengert_client._builder import ListBuilder
    from wengert_client._tls import Tls
    from wengert_client._tracing import Inputs, Trace

__all__ = ["AsyncClient"]


class AsyncClient:
    """A client for event loops: the names, the arguments and the results of :class:`Client`, to be awaited.

    It is for use in an ``async with`` statement. Any number of calls may be under way; cancelling the task that awaits
    one cancels it. It may be used from several loops, one after another or in several threads, and before a process
    forks: each loop of each process has a connection of its own, and those of a loop are closed by :meth:`close` in it.
    Without a target this process computes, on threads.

    Parameters
    ----------
    target, deadline_s, max_attempts, max_message_bytes, tls, token, credentials
        As :class:`Client` takes them.

    Examples
    --------
    ::

        async with AsyncClient("localhost:50051") as client:
            f = await client.function(b)
            gradients = await asyncio.gather(*(f.gradient(x) for x in points))
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
        self._credentials = credentials
        self._transport = AsyncTransport(self._settings, credentials)
        self._beside: Transport | None = None

    @property
    def target(self) -> str:
        """Where the server is; several are separated by commas; empty where this process answers itself."""
        return self._settings.target

    async def function(
        self,
        source: Callable[..., Any] | Trace | ListBuilder | WengertList | str,
        *,
        inputs: Inputs | None = None,
        defaults: Mapping[str, ArrayLike] | None = None,
        deadline_s: float | None = None,
    ) -> AsyncFunction:
        """Give a function to call, which is registered; the arguments are those of :meth:`Client.function`."""
        made = function_over(self._transport, source, inputs, defaults, deadline_s)
        function = AsyncFunction(made, self._transport, self._blocking)
        await function.ready()
        return function

    def session(self, *, in_flight: int = 64) -> AsyncSession:
        """Give a stream for many calls, for use in an ``async with`` statement; see :meth:`Client.session`.

        Examples
        --------
        ::

            async with client.session() as session:
                g = session.function(f)
                async for gradient in g.each("gradient", points):
                    ...
        """
        return AsyncSession(self._blocking(), in_flight)

    async def forget(self, function: AsyncFunction | str, *, deadline_s: float | None = None) -> bool:
        """Make the server drop a function; see :meth:`Client.forget`."""
        await self._transport.ready()
        request = ForgetRequest(id=function if isinstance(function, str) else function.id)
        return (await self._transport.ask(lambda stub: stub.Forget, request, self._transport.ends(deadline_s))).held

    async def capabilities(self, *, deadline_s: float | None = None) -> Capabilities:
        """Ask what the server can do: its version, limits, primitives and calls."""
        await self._transport.ready()
        request = GetCapabilitiesRequest()
        ends = self._transport.ends(deadline_s)
        answer = await self._transport.ask(lambda stub: stub.GetCapabilities, request, ends)
        return Capabilities.read(answer)

    async def close(self) -> None:
        """Close the connection; calls under way are cancelled, later ones refused."""
        if self._beside is not None:
            self._beside.close()
        await self._transport.close_all()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient of {self.target or 'this process'}"

    def _blocking(self) -> Transport:
        """The way for sessions, and for what makes many calls one after another: on threads."""
        if self._beside is None:
            self._beside = Transport(self._settings, self._credentials)
        return self._beside

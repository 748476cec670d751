"""Sessions for event loops: one stream to a server for many calls, whose answers are awaited."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wengert_client._kept import kept
from wengert_client._session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable
    from types import TracebackType
    from typing import Self

    from wengert_client._async_function import AsyncFunction
    from wengert_client._session import SessionFunction, Submitted
    from wengert_client._transport import Transport

__all__ = ["AsyncSession", "AsyncSessionFunction"]


class AsyncSession:
    """One stream to a server for many calls; made by :meth:`AsyncClient.session`, for ``async with``.

    It is a :class:`Session`, read by a thread of its own, that never holds the loop.

    Parameters
    ----------
    transport
        The way to the server.
    in_flight
        How many calls may be unanswered; who makes one more waits.
    """

    def __init__(self, transport: Transport, in_flight: int) -> None:
        self._transport = transport
        self._session = Session(transport, in_flight)
        self._room = asyncio.Semaphore(in_flight)

    def function(self, function: AsyncFunction) -> AsyncSessionFunction:
        """Give a function whose calls travel over this session."""
        return AsyncSessionFunction(self._session.function(function.function), self._room, self)

    async def close(self) -> None:
        """Wait for the answers, and end the stream."""
        await asyncio.to_thread(self._session.close)

    async def __aenter__(self) -> Self:
        # What a request may have is asked for now: a call that had to ask would hold the loop.
        await asyncio.to_thread(lambda: self._transport.limits(self._transport.ends()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._session.__exit__, kind, error, trace)


class AsyncSessionFunction:
    """A function whose calls travel over a session: :meth:`ask`, and :meth:`each` for many.

    That of :meth:`AsyncFunction.session` is for use in an ``async with`` statement, as its session is.
    """

    def __init__(self, function: SessionFunction, room: asyncio.Semaphore, session: AsyncSession) -> None:
        self._function = function
        self._room = room
        self._session = session

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.__aexit__(kind, error, trace)

    def submit(self, call: Submitted, /, *arguments: Any, **options: Any) -> Coroutine[Any, Any, asyncio.Future[Any]]:
        """Make a call, and do not wait for the answer: gives a future, to be awaited.

        Parameters
        ----------
        call
            The method to call.
        arguments, options
            As the method takes them, but neither ``sparse`` nor ``stream``; the points are not cut.
            Arrays may be changed once this was called.
        """
        return self._submitted(call, kept(arguments), kept(options))

    def ask(self, call: Submitted, /, *arguments: Any, **options: Any) -> Coroutine[Any, Any, Any]:
        """Make a call, and give its result; see :meth:`submit`."""
        return self._asked(self.submit(call, *arguments, **options))

    async def each(self, call: Submitted, points: Iterable[Any], /, **options: Any) -> AsyncIterator[Any]:
        """Make a call at each of many points, several under way, and give the results in order.

        Examples
        --------
        ::

            async for gradient in g.each("gradient", points):
                ...
        """
        waiting: list[asyncio.Future[Any]] = []
        try:
            for point in points:
                waiting.append(await self.submit(call, point, **options))
                while waiting and waiting[0].done():
                    yield waiting.pop(0).result()
            while waiting:
                yield await waiting.pop(0)
        finally:
            for future in waiting:
                future.cancel()

    async def _submitted(
        self, call: Submitted, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> asyncio.Future[Any]:
        await self._room.acquire()
        loop = asyncio.get_running_loop()
        try:
            future = self._function.submit(call, *arguments, **options)
        except BaseException:
            self._room.release()
            raise

        def there_is_room(_: object) -> None:
            with suppress(RuntimeError):  # The loop has ended meanwhile.
                loop.call_soon_threadsafe(self._room.release)

        future.add_done_callback(there_is_room)
        return asyncio.wrap_future(future)

    async def _asked(self, submitted: Coroutine[Any, Any, asyncio.Future[Any]]) -> Any:
        return await (await submitted)

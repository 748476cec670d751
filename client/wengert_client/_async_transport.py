"""Calls from event loops: a channel of ``grpc.aio`` for each loop and process, and nothing that blocks."""

from __future__ import annotations

import asyncio
import os
import weakref
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from wengert_client import _embedded
from wengert_client._errors import Cancelled, ClientClosed
from wengert_client._replicas import ASKED_S, Replica, Replicas, open_channel
from wengert_client._transport import Transport
from wengert_client._waiting import IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from wengert.v1 import GetCapabilitiesRequest
    from wengert_client._settings import Settings
    from wengert_client._transport import Metadata, Method

__all__ = ["AsyncTransport"]

Request = TypeVar("Request")
Response = TypeVar("Response")


class AsyncTransport(Transport):
    """Channels that are opened when first used, for each event loop that uses them, and again in a forked process."""

    def __init__(self, settings: Settings, credentials: grpc.ChannelCredentials | None) -> None:
        super().__init__(settings, credentials)
        self._of_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Replicas] = weakref.WeakKeyDictionary()
        self._started = not settings.embedded

    async def ready(self) -> None:
        """Wait for the service of this process, where that is what answers, without holding the loop."""
        if not self._started:
            await asyncio.to_thread(_embedded.start)
            self._started = True

    def ends(self, deadline_s: float | None = None) -> float:
        """Give the time, on the loop's clock, which is the monotonic one, at which a call is given up."""
        return self.ends_after(deadline_s)

    def done(self, coming: Coroutine[Any, Any, Response]) -> Response:
        """Give what a method gives to who called it: a coroutine, to be awaited."""
        return cast("Response", coming)

    def then(self, result: Request, finish: Callable[[Request], Response]) -> Response:
        """Give what a method gives that makes something of another one's result: a coroutine."""

        async def finished() -> Response:
            return finish(await cast("Awaitable[Request]", result))

        return cast("Response", finished())

    def group(self, parts: int) -> Tasks:  # noqa: ARG002  tasks cost nothing
        """Give what runs parts of one call."""
        return Tasks()

    def lock(self) -> AbstractContextManager[None]:
        """Give a lock that holds nobody: a task that waited for another one's would hold the loop."""
        return nullcontext()

    async def close_all(self) -> None:
        """Close the channels of this loop, and open none any more; calls under way are cancelled."""
        with self._lock:
            self._closed = True
            replicas = self._of_loop.pop(asyncio.get_running_loop(), None)
        if isinstance(replicas, AsyncReplicas) and self._pid == os.getpid():
            await replicas.close_all()

    async def _send(
        self, method: Method[Request, Response], request: Request, left_s: float, metadata: Metadata
    ) -> Response:
        coming = cast("Awaitable[Response]", method(request, timeout=left_s, metadata=metadata))
        try:
            return await coming
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Not this task was cancelled, but the call: its channel was closed.
            raise Cancelled("the call was cancelled: its client was closed") from None

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _open(self) -> Replicas:
        if self._closed:
            raise ClientClosed(f"this client of {self._settings.target or 'this process'} was closed; make another one")
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._pid != os.getpid():
                self._of_loop = weakref.WeakKeyDictionary()
                self._pid = os.getpid()
            replicas = self._of_loop.get(loop)
            if replicas is None:
                # Channels hold their loops, and would for ever.
                for closed in [each for each in self._of_loop if each.is_closed()]:
                    del self._of_loop[closed]
                replicas = self._of_loop[loop] = AsyncReplicas(self._settings, self._credentials)
            return replicas


class AsyncReplica(Replica):
    """A server, asked by one event loop."""

    def _waiting_call(self, request: GetCapabilitiesRequest) -> Any:
        return _Asked(self.stub.GetCapabilities(request, timeout=ASKED_S, wait_for_ready=True))

    async def close_async(self) -> None:
        """Close the channel."""
        channel: Any = self._channel
        await channel.close()


class AsyncReplicas(Replicas):
    """All servers of one client, asked by one event loop."""

    _kind = AsyncReplica

    def _channels(self, settings: Settings, credentials: grpc.ChannelCredentials | None) -> list[Any]:
        if settings.embedded:
            return [_embedded.local_async_channel(settings.max_message_bytes)]
        return [open_channel(target, settings, credentials, grpc.aio) for target in settings.targets]

    async def close_all(self) -> None:
        """Close all channels."""
        for replica in self._replicas:
            if isinstance(replica, AsyncReplica):
                await replica.close_async()


class _Asked:
    """A call that waits for a connection: whether it is done, and its code then."""

    def __init__(self, call: Any) -> None:
        self._task = asyncio.ensure_future(self._code(call))

    def done(self) -> bool:
        """Whether there was an answer."""
        return self._task.done()

    def code(self) -> grpc.StatusCode:
        """Give what it ended with."""
        return self._task.result() if not self._task.cancelled() else grpc.StatusCode.CANCELLED

    @staticmethod
    async def _code(call: Any) -> grpc.StatusCode:
        try:
            await call
        except grpc.aio.AioRpcError as error:
            return error.code()
        return grpc.StatusCode.OK


class Tasks:
    """Runs parts of a call as tasks of a loop, some at a time."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self, part: Callable[..., Coroutine[Any, Any, Response]], /, *arguments: Any) -> asyncio.Task[Response]:
        """Have a part run."""

        async def in_turn() -> Response:
            async with self._room:
                return await part(*arguments)

        task = asyncio.create_task(in_turn())
        self._tasks.append(task)
        return task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

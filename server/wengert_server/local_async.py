"""The channel of this process for event loops: calls are computed on threads, so that none of them holds the loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NoReturn

from wengert_server.local_call import Failed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.protobuf.message import Message

    from wengert_server.in_process import Answers, LocalChannel, Read, Stream, Unary
    from wengert_server.local_call import LocalContext, Metadata


class AsyncLocalChannel:
    """As much of a ``grpc.aio.Channel`` as a stub needs.

    Parameters
    ----------
    channel
        Makes the calls.
    """

    def __init__(self, channel: LocalChannel) -> None:
        self._channel = channel

    def unary_unary(
        self, method: str, _serializer: object = None, response_deserializer: Read | None = None, **_: object
    ) -> AsyncUnary:
        """Give a call with one request and one response."""
        return AsyncUnary(self._channel.unary_unary(method, None, response_deserializer))

    def unary_stream(
        self, method: str, _serializer: object = None, response_deserializer: Read | None = None, **_: object
    ) -> AsyncStream:
        """Give a call with one request and many responses."""
        return AsyncStream(self._channel, self._channel.unary_stream(method, None, response_deserializer))

    def stream_stream(self, *_: object, **__: object) -> object:
        """Give nothing that could be called: sessions have threads of their own."""
        return None

    def stream_unary(self, *_: object, **__: object) -> NoReturn:
        """Refuse: the contract has no such call."""
        raise NotImplementedError("no call of the contract has many requests and one response")

    async def close(self) -> None:
        """Cancel what is under way, and refuse what comes."""
        self._channel.close()


class AsyncUnary:
    """A call with one request and one response; cancelled where the task that waits for it is."""

    def __init__(self, call: Unary) -> None:
        self._call = call

    async def __call__(
        self,
        request: Message,
        timeout: float | None = None,  # noqa: ASYNC109  as a stub's methods have it
        metadata: Metadata | None = None,
        **_: object,
    ) -> Any:
        """Make the call."""
        future = self._call.future(request, timeout, metadata)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if _ended(future.call):
                raise Failed.ended(future.call.over) from None
            future.call.cancel()
            raise


class AsyncStream:
    """A call with one request and many responses."""

    def __init__(self, channel: LocalChannel, call: Stream) -> None:
        self._channel = channel
        self._call = call

    def __call__(
        self, request: Message, timeout: float | None = None, metadata: Metadata | None = None, **_: object
    ) -> AsyncAnswers:
        """Begin the call; it goes on as its answers are asked for."""
        return AsyncAnswers(self._channel, self._call(request, timeout, metadata))


class AsyncAnswers:
    """The answers of a call, each computed on a thread."""

    def __init__(self, channel: LocalChannel, answers: Answers) -> None:
        self._channel = channel
        self._answers = answers
        # What is asked for now: it may wait for a thread for longer than its caller waits for it.
        self._coming = coming = list[Future[Any]]()
        answers.call.add_callback(lambda: _cancel(coming))

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            while (answer := await self._next()) is not None:
                yield answer
        finally:
            self._answers.cancel()

    async def _next(self) -> Any:
        call = self._answers.call
        self._coming[:] = [self._channel.threads.submit(next, self._answers, None)]
        if call.over is not None:
            _cancel(self._coming)
        try:
            return await asyncio.wrap_future(self._coming[0])
        except asyncio.CancelledError:
            if call.over is not None and _ended(call):
                raise Failed.ended(call.over) from None
            raise
        finally:
            self._coming.clear()

    def cancel(self) -> bool:
        """End the call; gives whether that was new."""
        return self._answers.cancel()


def _ended(call: LocalContext) -> bool:
    """Whether it was the call that ended, not the task that waits for it."""
    task = asyncio.current_task()
    return call.over is not None and not (task is not None and task.cancelling())


def _cancel(futures: list[Future[Any]]) -> None:
    for each in tuple(futures):
        each.cancel()

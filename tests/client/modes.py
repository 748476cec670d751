"""Clients of a server and of their own process, blocking and for event loops, for what must be the same with all."""

from __future__ import annotations

import asyncio
import inspect
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.serving import running_server
from wengert_client import AsyncClient, AsyncFunction, Client
from wengert_server import embedded

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

SERVED, EMBEDDED, ASYNC, ASYNC_EMBEDDED = "served", "embedded", "async", "async embedded"
MODES = (SERVED, EMBEDDED)
ALL_MODES = (*MODES, ASYNC, ASYNC_EMBEDDED)
DEADLINE_S = 120.0


@contextmanager
def client_in(mode: str, *limits: str) -> Iterator[Client]:
    """A client in a mode, where limits are as these flags of a server say."""
    if mode in {SERVED, ASYNC}:
        with running_server(*limits) as server, _client(mode, server.address) as client:
            yield client
    else:
        with embedded_service(*limits), _client(mode, None) as client:
            yield client


@contextmanager
def _client(mode: str, target: str | None) -> Iterator[Client]:
    if mode in MODES:
        with Client(target, deadline_s=DEADLINE_S) as client:
            yield client
        return
    with loop_on_a_thread() as loop:
        client_of_loop = AsyncClient(target, deadline_s=DEADLINE_S)
        yield cast("Client", Driven(client_of_loop, loop))
        loop.run(client_of_loop.close())


@contextmanager
def embedded_service(*flags: str) -> Iterator[None]:
    """No server is named, and this process starts a service of its own, set as these flags would set a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WENGERT_TARGET", raising=False)
        for flag, value in zip(flags[::2], flags[1::2], strict=True):
            patch.setenv("WENGERT_" + flag.removeprefix("--").replace("-", "_").upper(), value)
        patch.setattr(embedded, "_started", embedded._Started())
        yield


class LoopThread:
    """An event loop that runs on a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Wait for a coroutine."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(600)

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@contextmanager
def loop_on_a_thread() -> Iterator[LoopThread]:
    loop = LoopThread()
    try:
        yield loop
    finally:
        loop.end()


class Driven:
    """Something that is to be awaited, as if it blocked: its coroutines are waited for."""

    def __init__(self, driven: Any, loop: LoopThread) -> None:
        self._driven = driven
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._driven, name)
        if not inspect.ismethod(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            given = [each._driven if isinstance(each, Driven) else each for each in arguments]
            result = found(*given, **options)
            if inspect.iscoroutine(result):
                result = self._loop.run(result)
            return Driven(result, self._loop) if isinstance(result, AsyncFunction) else result

        return call

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._loop.run(self._driven(*arguments, **named))

    def __str__(self) -> str:
        return str(self._driven)

    def __repr__(self) -> str:
        return repr(self._driven)

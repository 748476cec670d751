"""How what is asked is waited for: one core, written as coroutines, for callers who block and for event loops.

What a call consists of, as repetitions, registration and parts, is the same for both. A client that blocks runs the
core's coroutines with :func:`now`: whatever they await has happened when it is awaited. An event loop runs them as
tasks.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

__all__ = ["IN_FLIGHT", "Group", "Threads", "now"]

T = TypeVar("T")

IN_FLIGHT = 4
"""Parts of one call that are under way at the same time."""


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait for an event loop, and give its result."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("a call that blocks cannot wait for an event loop")


class Group(Protocol):
    """Runs parts of a call, some at a time; for use in an ``async with`` statement, whose end gives up the rest."""

    def start(self, part: Callable[..., Coroutine[Any, Any, T]], /, *arguments: Any) -> Awaitable[T]:
        """Have a part run; what is awaited is its result."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Threads:
    """Runs parts on threads.

    Parameters
    ----------
    parts
        How many there are.
    """

    def __init__(self, parts: int) -> None:
        self._pool = ThreadPoolExecutor(min(IN_FLIGHT, parts), thread_name_prefix="wengert-part")

    def start(self, part: Callable[..., Coroutine[Any, Any, T]], /, *arguments: Any) -> Awaitable[T]:
        """Have a part run."""
        return _Coming(self._pool.submit(lambda: now(part(*arguments))))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


class _Coming(Generic[T]):
    """The result of a part, waited for by the thread that awaits it."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, None, T]:
        yield from ()  # nothing: it is there when it is asked for
        return self._future.result()

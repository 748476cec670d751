"""Threads that handle calls, and how many calls may wait for one of them.

A call that finds too many others waiting is not queued: threads of their own tell it so, at once, in its turn.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from wengert_server.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

_REFUSING = 2
_PAUSE_MS = 1000


class _Refusing(threading.local):
    """Says on a thread that refuses calls how many wait; no context variable, for gRPC runs handlers in its own."""

    most = 0


_refusing = _Refusing()


def check_queue() -> None:
    """Turn a call away that came when too many were waiting.

    Raises
    ------
    Overloaded
    """
    if _refusing.most:
        told = f"{_refusing.most} calls wait to be handled, as many as may (the limit waiting_calls); try again"
        raise Overloaded(told, _PAUSE_MS)


class CallThreads(ThreadPoolExecutor):
    """Threads that handle calls.

    Parameters
    ----------
    threads
        How many calls are handled at the same time.
    most_waiting
        How many may wait.
    """

    def __init__(self, threads: int, most_waiting: int) -> None:
        super().__init__(threads, thread_name_prefix="call")
        self._refusing = ThreadPoolExecutor(_REFUSING, thread_name_prefix="refuse")
        self._most = threads + most_waiting
        self._told = most_waiting
        self._counting = threading.Lock()
        self._inside = 0

    @property
    def inside(self) -> int:
        """How many calls are handled or wait."""
        return self._inside

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a call handled, or told that it cannot be."""
        with self._counting:
            if self._inside >= self._most:
                return self._refusing.submit(self._refused, partial(fn, *args, **kwargs))
            self._inside += 1
        try:
            return super().submit(self._counted, partial(fn, *args, **kwargs))
        except RuntimeError:  # shut down
            self._leave()
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the threads."""
        self._refusing.shutdown(wait=False)
        super().shutdown(wait, cancel_futures=cancel_futures)

    def _counted(self, work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            self._leave()

    def _refused(self, work: Callable[[], T]) -> T:
        _refusing.most = max(self._told, 1)
        return work()

    def _leave(self) -> None:
        with self._counting:
            self._inside -= 1

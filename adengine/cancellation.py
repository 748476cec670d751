"""Cancelling a call, whatever of it is under way.

A :class:`Cancellation` stands for the wish that calls may end early. It is in force for what a thread does within
``with cancellation:``; any thread may call :meth:`Cancellation.cancel`, and the calls raise
:class:`~adengine.errors.Cancelled` within milliseconds: pieces that wait never begin, kernels look at the wish every
some thousand statements (:mod:`adengine.stopping`), and the building of derivative lists, patterns and programs stops
likewise. Nothing half made is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from adengine.errors import Cancelled, DeadlineExceeded
from adengine.stopping import SLOT

LOOK_S = 0.02
"""Who waits for something else looks so often whether the wait is still wanted."""


class Cancellation:
    """The wish that what a thread does may end early; not to be cancelled twice, not to be used again after.

    Examples
    --------
    >>> wish = Cancellation()
    >>> wish.cancel()
    >>> with wish:
    ...     check()
    Traceback (most recent call last):
        ...
    adengine.errors.Cancelled: the call was cancelled
    """

    __slots__ = ("_expired", "_tokens", "_wished", "_word")

    def __init__(self) -> None:
        self._wished = self._expired = False
        self._word: NDArray[np.int64] | None = None
        self._tokens: list[Token[Cancellation | None]] = []

    @property
    def wished(self) -> bool:
        """Whether calls are to end."""
        return self._wished

    def cancel(self, *, expired: bool = False) -> None:
        """Have calls end as soon as they can. From any thread.

        Parameters
        ----------
        expired : bool
            Since their time is up: they raise :class:`~adengine.errors.DeadlineExceeded`.
        """
        if not self._wished:
            self._expired, self._wished = expired, True
        word = self._word
        if word is not None:
            word[0] = 1

    def check(self) -> None:
        """Raise if calls are to end.

        Raises
        ------
        Cancelled
        """
        if self._wished:
            if self._expired:
                raise DeadlineExceeded("the deadline of the call has passed")
            raise Cancelled("the call was cancelled")

    @contextmanager
    def in_kernels(self) -> Iterator[None]:
        """Within, kernels that run on this thread look at the wish, and so does all else.

        Raises
        ------
        Cancelled
            Before it begins, and in the end, so that nothing is taken for whole that is not.
        """
        if self._word is None:
            self._word = np.zeros(1, np.int64)
        self.check()  # after the word is there: who cancels sets it from now on
        before = SLOT.point_to(self._word.ctypes.data)
        entered = _current.set(self)
        try:
            yield
        finally:
            _current.reset(entered)
            SLOT.point_to(before)
        self.check()

    def __enter__(self) -> Self:
        self._tokens.append(_current.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self._tokens.pop())


_current: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)


def current() -> Cancellation | None:
    """The wish that is in force on this thread."""
    return _current.get()


def check() -> None:
    """Raise if what this thread does is to end.

    Raises
    ------
    Cancelled
    """
    wish = _current.get()
    if wish is not None:
        wish.check()


@contextmanager
def in_kernels() -> Iterator[None]:
    """Within, kernels look at the wish that is in force on this thread, if one is.

    Raises
    ------
    Cancelled
    """
    wish = _current.get()
    if wish is None:
        yield
    else:
        with wish.in_kernels():
            yield


class Lock(Protocol):
    """A lock, of either kind."""

    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool:
        """Take it."""
        ...

    def release(self) -> None:
        """Let go of it."""
        ...


@contextmanager
def holding(lock: Lock) -> Iterator[None]:
    """Hold a lock that others may hold for long; the wait for it can be cancelled.

    Raises
    ------
    Cancelled
    """
    wish = _current.get()
    if wish is None:
        lock.acquire()
    else:
        while not lock.acquire(timeout=LOOK_S):
            wish.check()
    try:
        yield
    finally:
        lock.release()

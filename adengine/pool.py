"""Threads that compute: large calls are cut into pieces, and share the threads piece by piece.

A call never has more than a few pieces in the queue, and the queue is first come, first served. So two large calls
take turns however many pieces each has, and a new one waits for a few pieces at most.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

from adengine.cancellation import LOOK_S, current
from adengine.niceness import MOST_NICE, give_way

T = TypeVar("T")

_AHEAD = 2
"""Pieces that a call has in the queue or running, for each thread: one to run, and one to go on with."""
_SOON_OVER = 2
"""A call of so few pieces takes about as long as handing it over is worth."""


def cores() -> int:
    """Number of cores that this process may use.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _wait(piece: Future[None]) -> None:
    """Wait until a piece has run, as long as the call is wanted."""
    wish = current()
    try:
        while wish is not None and not piece.done():
            if wish.wished and piece.cancel():
                wish.check()
            with suppress(TimeoutError):
                piece.result(LOOK_S)
        piece.result()
    finally:
        # What a piece raises knows this frame, and the piece knows it: they would keep each other, and all arrays.
        del piece


class Pool:
    """Threads that compute the pieces of large calls. They are made when they are first needed.

    Parameters
    ----------
    threads : int
        How many pieces run at once, of all calls together.
    executor : concurrent.futures.Executor, optional
        Runs the pieces instead of threads of the pool's own. It is given functions that work on arrays of this
        process, and is never shut down here.
    niceness : int
        By how much the pool's threads give way to others of the process and of the machine, from 0 to 19, where the
        system knows such: those that take calls in and answer small ones have little to do, and should not wait.

    Examples
    --------
    >>> squares = [0] * 4
    >>> def square(k):
    ...     squares[k] = k * k
    >>> Pool(2).run(square, range(4))
    >>> squares
    [0, 1, 4, 9]
    """

    def __init__(self, threads: int, executor: Executor | None = None, niceness: int = 0) -> None:
        if threads < 1:
            raise ValueError(f"threads is {threads}, expected 1 or more")
        if not 0 <= niceness <= MOST_NICE:
            raise ValueError(f"niceness is {niceness}, expected 0 to {MOST_NICE}")
        self.threads = threads
        self._given = executor
        self._niceness = niceness
        self._own: dict[int, ThreadPoolExecutor] = {}
        # One call that would not be faster on the threads runs on its caller's, and is spared the way there and back.
        # It is one: so there is never more than one thread that computes large calls beside the pool's.
        self._alone = threading.Lock()

    def run(self, task: Callable[[T], None], pieces: Sequence[T], at_once: int | None = None) -> None:
        """Run a task for each piece and wait for all of them.

        Parameters
        ----------
        task : callable
            Takes one piece.
        pieces : sequence
            What it is to be called with.
        at_once : int, optional
            Most pieces that may run at the same time; as many as there are threads, if None.

        Raises
        ------
        Exception
            What the first piece that failed raised, or :class:`~adengine.errors.Cancelled`. No piece begins after
            that, and none still runs when it is raised: their arrays may go.
        """
        if self._stays(len(pieces)) and self._alone.acquire(blocking=False):
            try:
                for piece in pieces:
                    task(piece)
            finally:
                self._alone.release()
        else:
            self._run_on_threads(task, pieces, at_once)

    def _stays(self, pieces: int) -> bool:
        """Whether a call of so many pieces may run on its caller's thread, which gives way to nobody."""
        if self._given is not None or (self.threads > 1 and pieces > 1):
            return False
        return not self._niceness or pieces <= _SOON_OVER

    def _run_on_threads(self, task: Callable[[T], None], pieces: Sequence[T], at_once: int | None) -> None:
        executor = self._executor()
        most = _AHEAD * self.threads if at_once is None or at_once >= self.threads else at_once
        waiting: deque[Future[None]] = deque()
        try:
            for piece in pieces:
                if len(waiting) >= most:
                    _wait(waiting.popleft())
                waiting.append(executor.submit(task, piece))
            while waiting:
                _wait(waiting.popleft())
        finally:
            # One that was running while an earlier one failed, or the caller was interrupted, is waited for.
            wait([each for each in waiting if not each.cancel()])
            waiting.clear()

    def close(self) -> None:
        """Let go of the threads; calls that are running end, and later ones are refused by the executor."""
        for executor in self._own.values():
            executor.shutdown(wait=False, cancel_futures=True)

    def _executor(self) -> Executor:
        if self._given is not None:
            return self._given
        # Threads do not outlive a fork: the child makes its own.
        process = os.getpid()
        found = self._own.get(process)
        if found is None:
            made = ThreadPoolExecutor(self.threads, "compute", initializer=give_way, initargs=(self._niceness,))
            found = self._own.setdefault(process, made)
        return found

"""When a program is worth compiling: what has been spent on it, against what compiling costs.

A list that is evaluated once should never be compiled, one that is evaluated for hours should be at once, and nobody
knows beforehand. So compile when the evaluator has taken as long as compiling would have: that is never more than
twice the best that could have been done.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable

from adengine.counting import Cost
from adengine.errors import Cancelled
from adengine.niceness import give_way

_log = logging.getLogger("adengine.hot")

_COMPILE_S, _STATEMENT_S, _LANED_STATEMENT_S = 3e-3, 8e-6, 16e-6
"""What compiling a list takes, and each of its statements, of one number or of eight lanes (measured)."""
_LONGEST_ROW = 64
"""Lists whose statements have more elements than this on average gain nothing: the evaluator runs rows as fast."""
_MOST_ELEMENTS = 1 << 21
_WAITING = 64
_NICE = 10


GAIN = 1.1
"""Compiled code that takes more than so many times what the evaluator takes is thrown away."""
_DOUBTFUL = 4_000


def doubtful(cost: Cost, lanes: int) -> bool:
    """Whether compiled code might be slower: long code for one number no longer fits the cache of instructions."""
    return lanes == 1 and cost.statements >= _DOUBTFUL


class Hot:
    """What one program has cost so far, and how to compile it.

    Parameters
    ----------
    price_s : float
        What compiling is predicted to take.
    make : callable
        Compiles the program and keeps it; gives whether it did.

    Attributes
    ----------
    ready : bool
        Whether the compiled program is kept.
    """

    kept_bytes = 200

    def __init__(self, price_s: float, make: Callable[[], bool]) -> None:
        self.ready = False
        self._price_s = price_s
        self._spent_s = 0.0
        self._asked = self._tried = False
        self._make = make
        self._lock = threading.Lock()

    def spend(self, seconds: float) -> None:
        """Count what a call took; where compiling pays by now, ask for it in the background."""
        self._spent_s += seconds
        if self._spent_s >= self._price_s and not self._asked:
            self._asked = COMPILER.ask(self)

    def compile_now(self) -> None:
        """Compile unless that has been done, or did not succeed."""
        with self._lock:
            self._asked = True
            if self._tried:
                return
            self._tried = True
            started = time.perf_counter()
            try:
                self.ready = self._make()
            except Cancelled:
                self._tried = False
                raise
            except Exception:  # noqa: BLE001  whatever it was, the evaluator answers
                _log.exception("a list could not be compiled; the evaluator goes on with it")
            _log.debug("compiled a list in %.0f ms", 1e3 * (time.perf_counter() - started))

    def cool(self) -> None:
        """Begin anew: the compiled program was dropped."""
        self.ready = self._asked = self._tried = False
        self._spent_s = 0.0


def price_s(cost: Cost, lanes: int, most_statements: int) -> float | None:
    """Seconds that compiling a list is predicted to take; None where it would not gain anything, or is too long."""
    few = cost.statements <= most_statements and cost.elements * lanes <= _MOST_ELEMENTS
    if not few or cost.elements > _LONGEST_ROW * cost.statements:
        return None
    return _COMPILE_S + cost.statements * (_STATEMENT_S if lanes == 1 else _LANED_STATEMENT_S)


class Compiler:
    """One thread that compiles in the background, at a low priority, for all engines of the process."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._waiting: queue.Queue[Hot] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def ask(self, hot: Hot) -> bool:
        """Compile a program later; gives whether there was room in the queue."""
        try:
            self._waiting.put_nowait(hot)
        except queue.Full:
            return False
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="compiler", daemon=True)
                    self._thread.start()
        return True

    @property
    def waiting(self) -> int:
        """How many programs wait to be compiled."""
        return self._waiting.qsize()

    def wait(self) -> None:
        """Wait until all that was asked for is compiled."""
        self._waiting.join()

    def _work(self) -> None:
        give_way(_NICE)
        while True:
            hot = self._waiting.get()
            try:
                if threading.main_thread().is_alive():
                    hot.compile_now()
            finally:
                del hot
                self._waiting.task_done()


COMPILER = Compiler()
os.register_at_fork(after_in_child=COMPILER._begin)  # noqa: SLF001  a child process has no threads

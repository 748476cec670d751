"""Calls whose deadline passes while nobody looks: a thread does, as long as there are calls."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wengert_client._call import Call

__all__ = ["Lateness"]


class Lateness:
    """Looks for calls that are late, no more often than there can be one.

    Parameters
    ----------
    lock
        Under which calls come and go.
    pending
        The calls under way.
    end
        Ends one that is late.
    """

    def __init__(self, lock: threading.RLock, pending: Mapping[int, Call], end: Callable[[Call], None]) -> None:
        self._sooner = threading.Condition(lock)
        self._pending = pending
        # Its thread keeps no session that nobody has.
        self._end = weakref.WeakMethod(end)
        self._next = 0.0  # when it looks next; 0: there is no thread
        self._closed = False

    def watch(self, call: Call) -> None:
        """Look when a call is late; the lock is held."""
        if self._next and self._next <= call.ends:
            return
        running, self._next = bool(self._next), call.ends
        if running:
            self._sooner.notify()
        else:
            threading.Thread(target=self._look, name="wengert-deadlines", daemon=True).start()

    def close(self) -> None:
        """Look no more: no calls come, and those there are end with their stream; the lock is held."""
        self._closed = True
        self._sooner.notify()

    def _look(self) -> None:
        while True:
            with self._sooner:
                while self._pending and not self._closed and (left := self._next - time.monotonic()) > 0:
                    self._sooner.wait(left)
                if self._closed:
                    return
                now = time.monotonic()
                late = [call for call in self._pending.values() if call.ends <= now]
                ends = min((call.ends for call in self._pending.values() if call.ends > now), default=0.0)
                self._next = ends
            end = self._end()
            if end is None:
                return
            for call in late:
                end(call)
            del end
            late.clear()
            if not ends:
                return

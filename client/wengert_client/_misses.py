"""How often a function was not held where it was called, of late.

Several servers may stand behind one name or one proxy, and which of them gets a call is not for the
client to say. They take turns: were the list sent once to whoever has the next turn, the one that missed it
could miss it again and again. So it goes with the next calls too, with twice as many after each miss,
until every server has it.
"""

from __future__ import annotations

import time

__all__ = ["Misses"]

_MOST = 6
_RECENT_S = 60.0


class Misses:
    """A count; what threads do to it at the same time may be lost, which costs a call more."""

    def __init__(self) -> None:
        self._count = 0
        self._last_s = 0.0
        self._along = 0

    def note(self) -> int:
        """Note a miss; gives how many there were of late."""
        now_s = time.monotonic()
        if now_s - self._last_s > _RECENT_S:
            self._count = 0
        self._last_s = now_s
        self._count = min(self._count + 1, _MOST)
        return self._count

    def send_along(self) -> None:
        """Have the list go with the next calls."""
        self._along = 2**self._count

    def goes_along(self) -> bool:
        """Whether the list goes with the call that is made now."""
        if self._along <= 0:
            return False
        self._along -= 1
        return True

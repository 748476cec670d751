"""How much memory all calls in flight may take together: told before it is taken, and refused where it is too much.

A call tells what it is about to take: many times its bytes while its request is read, since small messages within it
take that much, and later what the engine predicts. A call that holds nothing yet waits a while for others to give back;
one that holds some already does not, for two that wait for each other would wait for ever. Small amounts are not
counted: so a small call never waits for large ones.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from adengine import account
from adengine.cancellation import LOOK_S, check
from adengine.errors import LimitExceeded
from wengert_server.caller import current
from wengert_server.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextvars import Token
    from types import TracebackType
    from typing import Self

    from wengert_server.settings import Settings

#: Bytes that are not worth counting; calls together take at most so many times their number of these.
CRUMB = 256 << 10
_PAUSE_MS = 500
# An empty message within another takes 2 bytes, and 100 once it is read. What turns out not to be made of those is
# three times as large as its bytes: as message, as arrays, and in the engine.
_WHILE_READ, _READ = 50, 3


class Admission:
    """The memory of all calls in flight.

    Parameters
    ----------
    most
        Bytes that they may take together.
    most_of_one
        Bytes that one of them may take.
    wait_s
        How long a call waits that holds nothing yet.

    Notes
    -----
    All methods may be called from many threads.
    """

    def __init__(self, most: int, most_of_one: int, wait_s: float) -> None:
        self.most = most
        self.most_of_one = most_of_one
        self._wait_s = wait_s
        self._taken = 0
        self._changed = threading.Condition()
        self._line: deque[object] = deque()

    @classmethod
    def of(cls, settings: Settings) -> Admission:
        """Give the one that settings ask for."""
        return cls(settings.max_flight_bytes, settings.max_call_bytes, settings.wait_s)

    @property
    def taken(self) -> int:
        """Bytes that calls have told of and not given back."""
        return self._taken

    def reserve(self, size: int, what: str, *, wait: bool) -> None:
        """Take so many bytes.

        Raises
        ------
        Overloaded
            Others have them, and had them until the wait was over.
        Cancelled
            The wait is not wanted any more.
        """
        with self._changed:
            if self._fits(size) and not (wait and self._line):
                self._taken += size
                return
            if wait:
                self._wait_in_line(size)
            if not self._fits(size):
                taken = f"calls in flight take {self._taken} of {self.most} bytes (the limit flight_bytes)"
                raise Overloaded(f"{size} bytes of {what} are not free now: {taken}; try again", _PAUSE_MS)
            self._taken += size

    def release(self, size: int) -> None:
        """Give so many bytes back."""
        with self._changed:
            self._taken -= size
            if self._line:
                self._changed.notify_all()

    def _fits(self, size: int) -> bool:
        return self._taken + size <= self.most

    def _wait_in_line(self, size: int) -> None:
        """Wait until all that came before have what they want, and there is enough left."""
        place, ends = object(), time.monotonic() + self._wait_s
        self._line.append(place)
        try:
            while (self._line[0] is not place or not self._fits(size)) and time.monotonic() < ends:
                self._changed.wait(LOOK_S)
                check()
        finally:
            self._line.remove(place)
            self._changed.notify_all()


class CallAccount:
    """What one call has taken; within its ``with``, what the engine takes goes to it, and all is given back after.

    Parameters
    ----------
    admission
        Where it takes from.

    Attributes
    ----------
    taken : int
        Bytes it has now.
    """

    __slots__ = ("_admission", "_token", "taken")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._token: Token[account.Account | None] | None = None
        self.taken = 0

    def __enter__(self) -> Self:
        self._token = account.CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            account.CURRENT.reset(self._token)
            self._token = None
        self.give_back(self.taken)

    def take(self, size: int, what: str) -> None:
        """Take so many bytes more.

        Raises
        ------
        LimitExceeded
            The call could never have as many.
        Overloaded
            They are not free now.
        """
        most = self._admission.most_of_one
        if self.taken + size > most and size >= CRUMB:
            raise LimitExceeded("call_bytes", most, self.taken + size, f"bytes of {what}, and what the call has")
        self.take_beside(size, what)

    def take_beside(self, size: int, what: str) -> None:
        """Take so many bytes more that the limit of one call is not about; raises as :meth:`take` does."""
        if size < CRUMB:
            return
        whole, most = self.taken + size, self._admission.most
        if whole > most:
            raise LimitExceeded("flight_bytes", most, whole, f"bytes of {what}, and what the call has")
        self._admission.reserve(size, what, wait=not self.taken)
        self.taken = whole

    def give_back(self, size: int) -> None:
        """Give so many bytes back."""
        if size:
            self.taken -= size
            self._admission.release(size)


def counts(size: int) -> bool:
    """Whether a request of so many bytes is counted while it is read."""
    return _WHILE_READ * size >= CRUMB


@contextmanager
def reading(size: int) -> Iterator[None]:
    """Within, a request of so many bytes is read for the call that this thread handles.

    Raises
    ------
    LimitExceeded, Overloaded
    """
    taker = current().account
    if taker is None:
        yield
        return
    before = taker.taken
    taker.take_beside(_WHILE_READ * size, "the request while it is read")
    yield
    taker.give_back(max(0, taker.taken - before - _READ * size))


def keep(size: int) -> None:
    """Count a request of so many bytes that needs no reading, for the call that this thread handles.

    Raises
    ------
    LimitExceeded, Overloaded
    """
    taker = current().account
    if taker is not None:
        taker.take_beside(_READ * size, "the request")

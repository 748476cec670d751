"""Signals that tell the server to stop: none is lost, whenever it comes and whichever thread it reaches.

Python runs a handler on the main thread, once that runs again. A signal that comes when the main thread is just about
to wait for a lock, or that the kernel gives to another thread, does not wake it: then a handler that puts something
into a queue runs when the queue has something in it, which is never. So what is waited for here is a byte in a socket.
It is written where the signal comes in, by whichever thread, and it stays there until it is read.
"""

from __future__ import annotations

import select
import signal
import socket
import time
from contextlib import suppress

STOPPING = (signal.SIGTERM, signal.SIGINT)

_WAKE = 0


class Signals:
    """SIGTERM and SIGINT, from now on, as something to wait for; to be made and asked by the main thread.

    There is one of it in a process.
    """

    def __init__(self) -> None:
        self._coming, self._telling = socket.socketpair()
        for each in (self._coming, self._telling):
            each.setblocking(False)
        # Before the handlers: a signal that came between would be known to nobody.
        signal.set_wakeup_fd(self._telling.fileno(), warn_on_full_buffer=False)
        for number in STOPPING:
            signal.signal(number, lambda *_: None)

    def wake(self) -> None:
        """End a wait, or the next one, without a signal. From any thread."""
        with suppress(BlockingIOError):  # It is full of what ends a wait.
            self._telling.send(bytes([_WAKE]))

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a signal, for :meth:`wake`, or for some time.

        Parameters
        ----------
        seconds
            How long at most; None: as long as it takes.

        Returns
        -------
        came
            Whether there was a signal that has not been told of before.
        """
        ends = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if ends is None else max(0.0, ends - time.monotonic())
            if not select.select([self._coming], [], [], left)[0]:
                return False
            number = self._coming.recv(1)[0]
            if number in STOPPING:
                return True
            if number == _WAKE:
                return False

"""Threads that give way to others, where the system lets each thread have a priority of its own: on Linux."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

MOST_NICE = 19
"""The nicest that a thread can be."""


def give_way(by: int) -> None:
    """Have this thread give way to others from now on; without special rights there is no way back.

    Parameters
    ----------
    by : int
        How much nicer it is to be than it was, as ``nice`` has it: at 10 another thread that wants the core gets nine
        times as much of it, and gets it at once when it wakes.
    """
    if by and sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, min(MOST_NICE, os.getpriority(os.PRIO_PROCESS, thread) + by))

"""How much memory there is; and freed memory is kept for the next call.

A reply of 8 MB passes through two or three arrays of that size. The C library of Linux gives such
memory back to the system when it is freed, and the next call pays for every page of it again, which
took longer than all else about the call.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

# Numbers of <malloc.h>.
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_LARGEST_MMAP_THRESHOLD = 32 << 20


def keep_freed(size: int) -> None:
    """Ask the C library to keep up to so many freed bytes; without glibc nothing is done."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_MMAP_THRESHOLD, min(size, _LARGEST_MMAP_THRESHOLD))
    mallopt(_TRIM_THRESHOLD, min(size, 2**31 - 1))


# Of control groups, version 2 and 1.
_GROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_UNKNOWN = 8 << 30


def available() -> int:
    """Give the bytes of memory that this machine has, or that its control group may take."""
    found = []
    with suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in _GROUP_LIMITS:
        with suppress(OSError, ValueError):  # not there, or "max"
            found.append(int(Path(path).read_text(encoding="ascii")))
    return min(found, default=_UNKNOWN)

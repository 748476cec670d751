"""Freed memory is kept for the next call.

A reply of 8 MB passes through two or three arrays of that size. The C library of Linux gives such
memory back to the system when it is freed, and the next call pays for every page of it again, which
took longer than all else about the call.
"""

from __future__ import annotations

import ctypes

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

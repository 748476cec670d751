"""Kernels are compiled by one process at a time: those that start beside it wait, and find them cached.

Compiling takes a minute of a core. Servers that start together over an empty cache would each do all of
it. So the first kernel that a process does not find in the cache makes it take a lock on a file beside
the cached kernels, and it keeps the lock until it has loaded everything. A process that had to wait for
it compiles that one kernel for nothing and finds the others. Where all are cached nobody locks.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numba.core import event as _event

fcntl: Any
try:
    import fcntl
except ImportError:  # Not on Windows; there each process compiles for itself.
    fcntl = None

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedWriter

event: Any = _event  # It has no types.
_log = logging.getLogger("wengert_server.compiling")

_EVENT = "numba:compile"
_FILE = "compiling.lock"
_LOOK_S = 0.1


@contextmanager
def once() -> Iterator[None]:
    """Within it, no other process compiles what this one compiles."""
    first = _First()
    event.register(_EVENT, first)
    try:
        yield
    finally:
        event.unregister(_EVENT, first)
        first.unlock()


class _First(_event.Listener):
    """Takes the lock when the first kernel is about to be compiled."""

    def __init__(self) -> None:
        self._asked = False
        self._file: BufferedWriter | None = None

    def on_start(self, event: Any) -> None:
        if not self._asked:
            self._asked = True
            folder = event.data["dispatcher"].stats.cache_path
            if folder:
                self._lock(Path(folder))

    def on_end(self, event: Any) -> None:
        pass

    def _lock(self, folder: Path) -> None:
        if fcntl is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / _FILE).open("ab")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            assert self._file is not None  # noqa: S101  for the type checkers
            _log.info("another process compiles the kernels; waiting for it")
            self._wait()
        except OSError as error:
            # A file system without locks, or one that cannot be written to: then it compiles for itself.
            _log.debug("no lock on the cache of kernels: %s", error)

    def _wait(self) -> None:
        # Asked now and then: a signal that comes as a wait begins would be heard when it ends, a minute later.
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOOK_S)
            else:
                return

    def unlock(self) -> None:
        """Let the others go on."""
        if self._file is not None:
            self._file.close()

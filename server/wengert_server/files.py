"""Files that are read when the server starts, and again when they change."""

from __future__ import annotations

import time
from pathlib import Path

_State = tuple[int, int, int] | None


class CannotServe(RuntimeError):
    """What the settings ask for cannot be had; the sentence says what, and why."""


class BadFile(CannotServe):
    """A file that the settings name cannot be used; the sentence says which, and why."""


def read(path: str, what: str) -> bytes:
    """Give what a file holds.

    Parameters
    ----------
    path
        Where it is.
    what
        What it is, in words, for the error.

    Raises
    ------
    BadFile
        It cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadFile(f"the {what} {path} cannot be read: {error.strerror or error}") from None


class Watched:
    """Tells when one of some files has changed.

    Parameters
    ----------
    paths
        The files. A link counts as what it leads to, so that a folder of links that is swapped as a
        whole, as Kubernetes does it, is a change of each.
    every_s
        Seconds that must pass before it looks again.
    """

    def __init__(self, *paths: str, every_s: float = 0.0) -> None:
        self._paths = [Path(path) for path in paths]
        self._every_s = every_s
        self._looked = time.monotonic()
        self._states = self._look()

    def changed(self) -> bool:
        """Whether one of them has changed since this was asked last."""
        now = time.monotonic()
        if now - self._looked < self._every_s:
            return False
        self._looked = now
        states = self._look()
        if states == self._states:
            return False
        self._states = states
        return True

    def _look(self) -> list[_State]:
        return [_state(path) for path in self._paths]


def _state(path: Path) -> _State:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino

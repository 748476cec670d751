"""Unix sockets: made for the server's user alone, and never taken from a server that listens.

gRPC by itself replaces whatever socket lies at the path, listening or not, and removes its own when the
server stops. What a server that was killed left behind is replaced.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wengert_server.files import CannotServe

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "unix:"
# What fits into the kernel's address of a socket.
_LONGEST = 107
_TRIAL_S = 1.0
_OWNER_ONLY = 0o177


@contextmanager
def binding(address: str) -> Iterator[None]:
    """Within it a socket may be bound, and only this user can connect to it.

    Parameters
    ----------
    address
        As ``unix:PATH``.

    Raises
    ------
    CannotServe
        Something else than a stale socket is in the way.
    """
    _check_free(Path(address.removeprefix(_PREFIX)))
    before = os.umask(_OWNER_ONLY)
    try:
        yield
    finally:
        os.umask(before)


def _check_free(path: Path) -> None:
    if len(os.fsencode(path)) > _LONGEST:
        raise CannotServe(f"{path}: the path of a socket has at most {_LONGEST} bytes")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotServe(f"{path}: no socket can be made there: {error.strerror}") from None
    if not stat.S_ISSOCK(mode):
        raise CannotServe(f"{path} is no socket, and is left as it is; name another path")
    if _listens(path):
        raise CannotServe(f"another server listens on {path}")


def _listens(path: Path) -> bool:
    """Whether somebody answers; one that does not say so in time is taken for somebody."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(_TRIAL_S)
        try:
            trial.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True

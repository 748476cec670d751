"""The service in the process of its caller: one for all callers, started when it is first needed.

The engine is loaded then, not when this module is: that takes about a second, and a minute where its kernels have
never been compiled. A forked process starts one of its own, for neither threads nor what they held survive a fork.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from wengert_server.settings import Settings

if TYPE_CHECKING:
    from wengert_server.in_process import LocalChannel, LocalService

_log = logging.getLogger("wengert_server")

_COMPUTING = ("threads", "machine_code", "reproducible", "wait_s", "streams")


class _Started:
    """The service of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.service: LocalService | None = None


_started = _Started()


def channel(most_bytes: int) -> LocalChannel:
    """Give a channel to the service of this process, which is started where it is not yet.

    Parameters
    ----------
    most_bytes
        The largest message that the caller sends or receives.

    Raises
    ------
    ModuleNotFoundError
        A package of the extra ``server`` is not installed.
    ValueError
        A variable of the environment is not what it should be.
    """
    service = start()
    from wengert_server.in_process import LocalChannel  # noqa: PLC0415  loaded by now

    return LocalChannel(service, most_bytes)


def async_channel(most_bytes: int) -> Any:
    """Give a channel like :func:`channel`'s, for event loops, as ``grpc.aio`` has them."""
    made = channel(most_bytes)
    from wengert_server.local_async import AsyncLocalChannel  # noqa: PLC0415

    return AsyncLocalChannel(made)


def settings() -> Settings:
    """Give what the environment says: the limits, and how is computed; nothing of sockets and processes.

    Raises
    ------
    ValueError
    """
    return Settings.from_environment(os.environ, lambda name: name in _COMPUTING or name.startswith("max_"))


def start() -> LocalService:
    """Give the service of this process, which is started where it is not yet; raises as :func:`channel`."""
    started = _started
    if started.service is None:
        with started.lock:
            if started.service is None:
                started.service = _start()
    return started.service


def _start() -> LocalService:
    chosen = settings()
    _log.info("loading the engine; the first time its kernels are compiled, for about a minute")
    from wengert_server import compiling  # noqa: PLC0415  it loads Numba, and what follows the kernels

    with compiling.once():
        from wengert_server.in_process import LocalService  # noqa: PLC0415

    return LocalService(chosen)


def _in_child() -> None:
    global _started  # noqa: PLW0603  the child's own
    _started = _Started()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

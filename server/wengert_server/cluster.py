"""Where parts of large calls are computed: an existing Dask cluster, behind an ordinary executor.

Whoever may talk to a Dask scheduler may have its workers run anything. So off the loopback interface only ``tls://``
will do, which lets nobody in without a certificate; which files hold the certificates is Dask's own configuration.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from wengert_server import addresses

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from wengert_server.settings import Settings

_log = logging.getLogger("wengert_server.cluster")

DASK = "dask"
_CONNECT_S = 20.0
_ASK_S = 5.0
_FRESH_S = 1.0
_RETRIES = 3
"""How often Dask runs a part again that failed, rather than the worker it ran on."""


def check(executor: str, scheduler: str) -> None:
    """Refuse what cannot be, or would let anybody on the network run code.

    Raises
    ------
    ValueError
        With a sentence that says what was expected.
    """
    if (executor == DASK) != bool(scheduler):
        raise ValueError("--executor dask and --scheduler ADDRESS go together, and one of them is missing")
    if not scheduler:
        return
    protocol, _, address = scheduler.partition("://")
    if protocol not in ("tcp", "tls") or not address:
        raise ValueError(f"--scheduler: {scheduler!r} is no address; tcp://HOST:PORT or tls://HOST:PORT is expected")
    addresses.check(address, any_address=True)
    if protocol != "tls" and not addresses.is_local(address):
        raise ValueError(
            f"--scheduler: whoever reaches {scheduler} can run code on its workers; off the loopback interface "
            "tls:// is expected"
        )


class Cluster:
    """An executor whose threads are elsewhere.

    Parameters
    ----------
    executor
        Takes functions of modules, with bytes and names as their arguments.
    count
        Tells how many threads it has just now; may take a moment, and may fail.
    close
        Called in the end.
    """

    def __init__(self, executor: Executor, count: Callable[[], int], close: Callable[[], object]) -> None:
        self._executor = executor
        self._count = count
        self._close = close
        self._lock = threading.Lock()
        self._known, self._at = 0, -_FRESH_S

    def submit(self, function: Callable[..., tuple[str, bytes]], *arguments: object) -> Future[tuple[str, bytes]]:
        """Have a function run there."""
        return self._executor.submit(function, *arguments)

    def threads(self) -> int:
        """How many threads it has, as of a moment ago; 0 where it does not answer."""
        with self._lock:
            if time.monotonic() - self._at > _FRESH_S:
                try:
                    self._known = self._count()
                except Exception as error:  # noqa: BLE001  whatever keeps it from answering
                    _log.warning("the cluster does not answer: %s", error)
                    self._known = 0
                self._at = time.monotonic()
            return self._known

    def close(self) -> None:
        """Let go of it; it goes on without this server."""
        self._close()


def of(settings: Settings) -> Cluster | None:
    """Connect to the cluster that is set, if one is.

    Raises
    ------
    RuntimeError
        It cannot be used.
    """
    return _dask(settings.scheduler) if settings.executor == DASK else None


def _dask(scheduler: str) -> Cluster:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise RuntimeError("--executor dask needs Dask: pip install 'wengert[dask]'") from None
    try:
        client: Any = distributed.Client(scheduler, timeout=_CONNECT_S, set_as_default=False, name="wengert-server")
    except (OSError, TypeError, ValueError) as error:
        raise RuntimeError(f"the Dask scheduler {scheduler} cannot be used: {error}") from None

    def count() -> int:
        if client.status != "running":
            return 0
        threads: dict[str, int] = client.sync(client.scheduler.ncores, callback_timeout=_ASK_S)
        return sum(threads.values())

    # Not pure: Dask would hash all that is sent, and keep all that comes back.
    executor: Executor = client.get_executor(pure=False, retries=_RETRIES)
    _log.info("computing large calls on the cluster of %s, %d threads", scheduler, count())
    return Cluster(executor, count, client.close)

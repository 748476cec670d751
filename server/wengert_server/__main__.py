"""The command: read settings, serve until a signal, drain, exit 0."""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING, NoReturn

from wengert_server import logs, memory, workers
from wengert_server.settings import Settings
from wengert_server.signals import STOPPING, Signals

if TYPE_CHECKING:
    from wengert_server.server import Server

_log = logging.getLogger("wengert_server")

_CLOSE_S = 20.0


def main() -> None:
    """Serve until SIGTERM or SIGINT; a second signal ends the grace."""
    settings = Settings.from_command(sys.argv[1:], os.environ)
    logs.configure(settings)
    worker = workers.as_worker(settings, os.environ)
    if worker is None and settings.workers > 1:
        sys.exit(workers.supervise(settings, sys.argv[1:]))
    _serve(worker or settings, is_worker=worker is not None)


def _serve(settings: Settings, *, is_worker: bool) -> None:
    memory.keep_freed(settings.keep_memory_bytes)
    # NaN and infinity are values like any other; NumPy need not warn of them.
    warnings.simplefilter("ignore", RuntimeWarning)
    # Compiling can take a minute: a signal ends it at once.
    for number in STOPPING:
        signal.signal(number, lambda *_: sys.exit(0))
    if is_worker:
        workers.end_with_parent()
    server = _loaded(settings, shares_ports=is_worker)
    # What is loaded stays: the collector need not look at it again while calls wait.
    gc.freeze()
    signals = Signals()
    server.start()
    for address in server.addresses:
        print(address, flush=True)  # noqa: T201  promised to whoever started the server
    _log.info("serving", extra=logs.with_fields(addresses=",".join(server.addresses)))
    signals.wait()
    _log.info("draining", extra=logs.with_fields(delay_s=settings.drain_delay_s, grace_s=settings.grace_s))
    _drain(server, signals, settings.drain_delay_s)
    _log.info("stopped")
    _exit(server)


def _loaded(settings: Settings, *, shares_ports: bool) -> Server:
    _log.info("loading the engine; the first time its kernels are compiled, for about a minute")
    # Not at the top: it loads the kernels, and logs are to tell of it.
    from wengert_server import compiling  # noqa: PLC0415

    with compiling.once():
        from wengert_server.server import Server  # noqa: PLC0415

    try:
        return Server(settings, shares_ports=shares_ports)
    except RuntimeError as error:
        sys.exit(f"wengert-server: {error}")


def _drain(server: Server, signals: Signals, delay_s: float) -> None:
    server.leave()
    # A second signal ends the delay, and the grace with it.
    hurried = delay_s > 0 and signals.wait(delay_s)
    drained = server.drain()
    while not drained.wait(0.05):
        if hurried or signals.wait(0):
            hurried = False
            _log.info("not waiting for the calls left, after a second signal")
            server.drain(0).wait()


def _exit(server: Server) -> NoReturn:
    """Exit 0, at once.

    The interpreter's own end would wait for all that computes for callers who are gone, and for a list that is just
    being compiled at a low priority.
    """
    # Should closing hang, this tells where, and exits 1.
    faulthandler.dump_traceback_later(_CLOSE_S, exit=True)
    server.close()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

"""What a worker of a cluster runs: parts of calls, answered as a server answers calls.

A part travels as the name of an rpc and the bytes of its request, and is checked as any request is: nothing that a
caller sends is ever taken for code. Each process has one engine, and keeps the functions it has seen.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from adengine import Engine
from wengert_server.errors import UnknownFunction
from wengert_server.service import DifferentiationService
from wengert_server.settings import Settings
from wengert_server.store import FunctionStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wengert_server.cutting import Part

DONE, UNKNOWN, FAULT = "done", "unknown function", "fault"
"""What became of a part: answered; its function must be sent along; or it failed here, which its server will see to."""

_log = logging.getLogger("wengert_server.remote")
_making = threading.Lock()


def version() -> str:
    """Of the package; server and workers must have the same."""
    return metadata.version("wengert")


def perform(part: Part, expected: str) -> tuple[str, bytes]:
    """Answer a part; gives what became of it, and the response or a word on what went wrong.

    Parameters
    ----------
    part
        What to answer.
    expected
        The version of who asks.
    """
    if expected != version():
        return FAULT, f"the worker has version {version()}, the server {expected}".encode()
    try:
        return DONE, _rpcs()[part.rpc](part.message())
    except UnknownFunction:
        return UNKNOWN, b""
    except Exception as error:  # noqa: BLE001  the server computes the part itself, and tells what is wrong with it
        return FAULT, str(error).encode()


def dask_setup(_worker: object) -> None:
    """Load the engine before the first part comes: what ``dask worker --preload wengert_server.remote`` runs."""
    _rpcs()


def _rpcs() -> Mapping[str, Callable[[bytes], bytes]]:
    with _making:
        return _made()


@cache
def _made() -> Mapping[str, Callable[[bytes], bytes]]:
    """The rpcs of this process's service, set up by the same variables as a server."""
    warnings.simplefilter("ignore", RuntimeWarning)  # NaN and infinity are values like any other
    settings = Settings.from_command([], os.environ)
    engine = Engine(
        settings.engine_limits(),
        threads=settings.threads,
        machine_code=settings.machine_code,
        reproducible=settings.reproducible,
    )
    store = FunctionStore(settings.max_functions, settings.max_function_bytes, engine.forget)
    _log.info("computing parts of calls with %d threads", settings.threads)
    return DifferentiationService(engine, store, settings).rpcs()

"""The service in this process, for a client that names no server: the one place that knows the server's package.

It is loaded when the first call is made, never when this package is: the client alone needs neither the engine nor a
compiler.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from typing import TYPE_CHECKING, Any

from wengert_client._errors import ConfigurationError, MissingDependency

if TYPE_CHECKING:
    import grpc

__all__ = ["check_installed", "local_async_channel", "local_channel", "start"]

# Of the extra that brings the engine; one of them is not there, the others neither.
_NEEDED = ("numba", "grpc_status", "grpc_health")
_MISSING = (
    "no server is named, and {name}, which computing in this process needs, is not installed: "
    "pip install 'wengert[server]', or give Client a target such as 'localhost:50051', or set WENGERT_TARGET"
)


def check_installed() -> None:
    """Refuse to compute here where the engine's packages are not there; loads none of them.

    Raises
    ------
    MissingDependency
    """
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingDependency(_MISSING.format(name=name), name=name)


def local_channel(most_bytes: int) -> grpc.Channel:
    """Give a channel to the service of this process, which starts with the first one; raises as :func:`start`."""
    channel: grpc.Channel = start().channel(most_bytes)
    return channel


def local_async_channel(most_bytes: int) -> grpc.aio.Channel:
    """Give such a channel for an event loop, which waits while the service starts."""
    channel: grpc.aio.Channel = start().async_channel(most_bytes)
    return channel


def start() -> Any:
    """Give the module of the service of this process, which has started.

    Raises
    ------
    MissingDependency
        A package that it needs is not installed.
    ConfigurationError
        A variable of the environment that it reads is wrong.
    """
    try:
        with _loading:
            from wengert_server import embedded  # noqa: PLC0415  see above

            embedded.start()
            return embedded
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        raise MissingDependency(_MISSING.format(name=name), name=name) from error
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


# A fork waits for it: modules that another thread is loading would stay half loaded in the child for ever.
_loading = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release)

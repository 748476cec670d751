"""From options to a client."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

from wengert_client import Client, Tls
from wengert_client.command.failures import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

__all__ = ["connect"]

_MOST_TOKEN_BYTES = 8192
_PATIENCE_S = 3.0


def connect(given: Namespace) -> Client:
    """Make a client of the server that the options or the environment name, or of this process.

    Raises
    ------
    UsageError, ConfigurationError
    """
    if given.embedded:
        os.environ.pop("WENGERT_TARGET", None)
    token = None if given.token_file is None else _token(given.token_file)
    client = Client(given.target, deadline_s=given.deadline, tls=_tls(given), token=token)
    if not client.target:
        _load(client)
    return client


def _load(client: Client) -> None:
    """Load the engine into this process, and say to who waits what takes so long."""
    timer = threading.Timer(_PATIENCE_S, _tell)
    timer.daemon = True
    timer.start()
    try:
        client.capabilities()
    finally:
        timer.cancel()


def _tell() -> None:
    if sys.stderr.isatty():
        told = "wengert: loading the engine; at its first use its kernels are compiled, which takes about a minute"
        print(told, file=sys.stderr, flush=True)  # noqa: T201  for a person at a terminal


def _tls(given: Namespace) -> Tls | bool | None:
    files = (given.tls_roots, given.tls_certificate, given.tls_key, given.tls_server_name)
    if all(each is None for each in files):
        return None if given.tls is None else bool(given.tls)
    if given.tls is False:
        raise UsageError("--no-tls and the files of an encrypted connection exclude each other")
    return Tls(*files)


def _token(path: Path) -> str:
    try:
        with path.open("rb") as file:
            line = file.readline(_MOST_TOKEN_BYTES)
    except OSError as error:
        raise UsageError(f"--token-file {path}: {error.strerror or error}") from None
    token = line.decode("ascii", "replace").strip()
    if not token:
        raise UsageError(f"--token-file {path}: its first line is empty; a token is expected there")
    return token

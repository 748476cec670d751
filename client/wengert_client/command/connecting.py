"""From options to a client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wengert_client import Client, Tls
from wengert_client.command.failures import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

__all__ = ["connect"]

_MOST_TOKEN_BYTES = 8192


def connect(given: Namespace) -> Client:
    """Make a client of the server that the options or the environment name, or of this process.

    Raises
    ------
    UsageError, ConfigurationError
    """
    if given.embedded:
        os.environ.pop("WENGERT_TARGET", None)
    token = None if given.token_file is None else _token(given.token_file)
    return Client(given.target, deadline_s=given.deadline, tls=_tls(given), token=token)


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

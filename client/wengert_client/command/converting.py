"""A function in another form: source text, protobuf's binary form, JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf import json_format

from wengert.v1 import WengertList
from wengert_client.command.connecting import connect
from wengert_client.command.failures import UsageError
from wengert_client.command.sources import SUFFIXES, read

if TYPE_CHECKING:
    from argparse import Namespace

    from wengert_client import Client, Function
    from wengert_client.command.sources import Source

__all__ = ["function_of", "run"]


def run(given: Namespace) -> int:
    """Read a function in one form, and write it in another; gives the exit status."""
    form = given.to or (given.output and SUFFIXES.get(Path(given.output).suffix.lower()))
    if form is None:
        raise UsageError("convert: say the form by --to, or by how the name of --output ends")
    if form == "binary" and given.output is None and sys.stdout.isatty():
        raise UsageError("convert: binary form is not for a terminal; name a file with --output")
    _write(_converted(given, form), given.output)
    return 0


def function_of(client: Client, source: Source) -> Function:
    """Give the function of a source, to be called."""
    if source.list is not None:
        return client.function(source.list)
    given = source.text or source.id
    if not given:
        raise UsageError(f"{source.name} is empty; a function is expected")
    return client.function(given)


def _converted(given: Namespace, form: str) -> bytes:
    source = read(given.source, given.format)
    if source.list is not None and form != "text":
        # Nothing of it needs a server.
        return _of_list(source.list, form)
    with connect(given) as client:
        function = function_of(client, source)
        return _ended(function.text()).encode() if form == "text" else _of_list(function.to_message(), form)


def _ended(text: str) -> str:
    """Give a text that ends with a line's end."""
    return text if text.endswith("\n") else f"{text}\n"


def _of_list(message: WengertList, form: str) -> bytes:
    if form == "binary":
        return message.SerializeToString(deterministic=True)
    return (json_format.MessageToJson(message, indent=2) + "\n").encode()


def _write(content: bytes, path: Path | None) -> None:
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"--output {path}: {error.strerror or error}") from None

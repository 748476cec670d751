"""Functions, as files give them: source text, or a Wengert list in binary form or in JSON."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from wengert.v1 import WengertList
from wengert_client.command.failures import UsageError
from wengert_client.command.points import MOST_BYTES

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["SUFFIXES", "Source", "read"]

_ID = re.compile(r"[0-9a-f]{64}")
#: How the names of files end, and what is in them then.
SUFFIXES = {".wg": "text", ".txt": "text", ".json": "json", ".pb": "binary", ".binpb": "binary", ".bin": "binary"}
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Source:
    """A function: by its list, by its text, or by the id under which a server has it.

    Attributes
    ----------
    name
        What messages call it.
    """

    name: str
    list: WengertList | None = None
    text: str | None = None
    id: str | None = None


def read(given: str, form: str) -> Source:
    """Read a source.

    Parameters
    ----------
    given
        A file, ``-`` for standard input, or an id.
    form
        How it is written; ``auto``: as its name ends, or else as it looks.

    Raises
    ------
    UsageError
    """
    if given == "-":
        return _parsed(_all_of(sys.stdin.buffer, "standard input"), form, "standard input")
    path = Path(given)
    if _ID.fullmatch(given) and not path.exists():
        return Source("the function", id=given)
    try:
        with path.open("rb") as file:
            content = _all_of(file, given)
    except OSError as error:
        raise UsageError(f"{given}: {error.strerror or error}; a file, - or an id of 64 digits is expected") from None
    return _parsed(content, SUFFIXES.get(path.suffix.lower(), "auto") if form == "auto" else form, given)


def _all_of(file: BinaryIO, name: str) -> bytes:
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UsageError(f"{name} has more than {MOST_BYTES} bytes, and no message carries more")
    return content


def _parsed(content: bytes, form: str, name: str) -> Source:
    form = _looks_like(content) if form == "auto" else form
    if form == "binary":
        return Source(name, list=_from_binary(content, name))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: byte {error.start} is no text in UTF-8") from None
    return Source(name, text=text) if form == "text" else Source(name, list=_from_json(text, name))


def _looks_like(content: bytes) -> str:
    """Say how a source is written; every list in binary form has a byte 0x10, which no text has."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "binary"
    if _NO_TEXT.search(text):
        return "binary"
    return "json" if text.lstrip().startswith("{") else "text"


def _from_binary(content: bytes, name: str) -> WengertList:
    message = WengertList()
    try:
        message.ParseFromString(content)
    except DecodeError:
        raise UsageError(f"{name} is not a WengertList in protobuf's binary form") from None
    return message


def _from_json(text: str, name: str) -> WengertList:
    try:
        return json_format.Parse(text, WengertList())
    except (json_format.ParseError, ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not a WengertList in JSON: {error}") from None

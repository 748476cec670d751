"""The file of tokens: a hash for each, and in whose name it lets calls in.

A line is a subject, a hash, and what is granted::

    # team-a has an old and a new token for a while
    team-a sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae calls=8 function_bytes=256MiB
    team-a sha256:fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9
    team-b sha256:baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096

A plain hash is enough, since tokens are made at random, of 256 bits: none can be found by trying.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from wengert_server.files import BadFile, read
from wengert_server.subjects import Subject
from wengert_server.units import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger("wengert_server.tokens")

_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_GRANTS = tuple(row.name for row in dataclasses.fields(Subject) if row.name != "name")

Subjects = dict[bytes, Subject]
"""By the hashes of their tokens."""


def digest_of(token: str) -> bytes:
    """Give the hash that stands for a token."""
    return hashlib.sha256(token.encode()).digest()


def parse(line: str) -> tuple[bytes, Subject] | None:
    """Read a line of the file: the hash of a token, and its subject; None where it says nothing.

    Raises
    ------
    ValueError
        With a sentence that says what was expected.
    """
    words = line.partition("#")[0].split()
    if not words:
        return None
    name, hashed, *grants = words if len(words) > 1 else (*words, "")
    check_subject(name)
    # A token itself, put here by mistake, must not go into the log: what stands here is not repeated.
    found = _HASH.fullmatch(hashed)
    if not found:
        raise ValueError("'sha256:' and 64 digits from 0 to f are expected after the subject")
    return bytes.fromhex(found[1]), Subject(name, **_granted(grants))


def check_subject(name: str) -> None:
    """Refuse what is no name of a subject.

    Raises
    ------
    ValueError
        With a sentence that says what was expected.
    """
    if not _SUBJECT.fullmatch(name):
        raise ValueError("a subject has letters, digits, '.', '_' and '-', at most 64 of them, the first not a sign")


def _granted(words: list[str]) -> Mapping[str, int]:
    granted: dict[str, int] = {}
    for word in words:
        name, equals, number = word.partition("=")
        if name not in _GRANTS or not equals or name in granted:
            raise ValueError(f"after the hash {'=, '.join(_GRANTS)}= are expected, each at most once")
        granted[name] = whole_number(number)
        if granted[name] < 1:
            raise ValueError(f"{name} is to be at least 1")
    return granted


def load(path: str) -> Subjects:
    """Read the file.

    Raises
    ------
    BadFile
        It cannot be used; the sentence has the line.
    """
    _warn_of_writers(path)
    subjects: Subjects = {}
    granted: dict[str, Subject] = {}
    for number, line in enumerate(read(path, "file of tokens").decode("utf-8", "replace").splitlines(), 1):
        try:
            entry = parse(line)
        except ValueError as error:
            raise BadFile(f"line {number} of {path}: {error}") from None
        if entry is None:
            continue
        digest, subject = entry
        first = granted.setdefault(subject.name, subject)
        if subject not in (first, Subject(subject.name)):
            raise BadFile(f"line {number} of {path}: {subject.name} is granted something else than on its first line")
        if digest in subjects:
            raise BadFile(f"line {number} of {path}: this hash is there already")
        subjects[digest] = first
    if not subjects:
        raise BadFile(f"{path} holds no token")
    return subjects


def _warn_of_writers(path: str) -> None:
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        _log.warning("the file of tokens %s can be written by others than its owner; chmod go-w is advised", path)

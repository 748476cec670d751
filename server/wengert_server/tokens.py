"""Bearer tokens: who may come in, and in whose name.

The file of tokens is read again when it changes; one that is wrong then changes nothing, and the log says so.
"""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING

from wengert_server.errors import Unauthenticated
from wengert_server.files import BadFile, Watched
from wengert_server.subjects import ANYBODY
from wengert_server.token_file import digest_of, load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wengert_server.settings import Settings
    from wengert_server.subjects import Subject

_log = logging.getLogger("wengert_server.tokens")

#: The metadata that carries a token, after the word Bearer.
AUTHORIZATION = "authorization"

_SCHEME = "bearer "
_EXPECTED = "metadata 'authorization' with the value 'Bearer TOKEN' is expected"
_LOOK_S = 1.0
# Hashes are found by their beginning, and compared whole in constant time.
_KEY_BYTES = 8


class Tokens:
    """The tokens of one server.

    Parameters
    ----------
    path
        The file of hashes.

    Raises
    ------
    BadFile
        It cannot be used; the sentence has the line.

    Notes
    -----
    All methods may be called from many threads.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = Watched(path, every_s=_LOOK_S)
        self._known = self._load()

    @classmethod
    def of(cls, settings: Settings) -> Tokens | None:
        """Give those that are set, or None."""
        return cls(settings.token_file) if settings.token_file else None

    def subject(self, metadata: Iterable[tuple[str, str | bytes]]) -> Subject:
        """Give the subject in whose name a call comes.

        Parameters
        ----------
        metadata
            The call's.

        Raises
        ------
        Unauthenticated
            There is no token, or more than one, or it is unknown.
        """
        given = [value for key, value in metadata if key == AUTHORIZATION]
        if len(given) != 1:
            raise Unauthenticated(f"{'more than one token' if given else 'no token'} is given; {_EXPECTED}")
        value = given[0]
        if not isinstance(value, str) or value[: len(_SCHEME)].lower() != _SCHEME:
            raise Unauthenticated(f"what is given is no token; {_EXPECTED}")
        self._refresh()
        digest = digest_of(value[len(_SCHEME) :].strip())
        known, subject = self._known.get(digest[:_KEY_BYTES], (b"", ANYBODY))
        if not hmac.compare_digest(known, digest):
            raise Unauthenticated("the token is none that this server knows")
        return subject

    def _refresh(self) -> None:
        if not self._file.changed():
            return
        try:
            self._known = self._load()
        except BadFile as error:
            _log.error("the file of tokens has changed and cannot be used; the former tokens stay: %s", error)
            return
        _log.info("the file of tokens has changed, and is used from now on")

    def _load(self) -> dict[bytes, tuple[bytes, Subject]]:
        return {digest[:_KEY_BYTES]: (digest, subject) for digest, subject in load(self._path).items()}

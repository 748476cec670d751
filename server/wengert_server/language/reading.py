"""From a text to a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adengine import account
from wengert_server.language.faults import Fault, Located, located, refuse

if TYPE_CHECKING:
    from adengine import WengertList
    from wengert_server.language.bounds import Bounds

# A sign of one byte is some 300 bytes while it is parsed, but few are kept at a time; a statement of the list takes
# some 100, for 2 or 3 of text.
_BYTES_OF_ONE = 50


def read(text: str, bounds: Bounds) -> WengertList:
    """Give the list that a text makes.

    Parameters
    ----------
    text
        In the language of ``docs/language.md``.
    bounds
        What it may cost.

    Raises
    ------
    InvalidText, InvalidShape, InvalidName, UnknownName
        The text is wrong; the sentence has line and column, the line itself and a caret.
    LimitExceeded, Unsupported
        It asks for too much, or for what the engine does not do.
    Cancelled
        It is not wanted any more.
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    bounds.check("text_bytes", size, "bytes of the text")
    from wengert_server.language.parsing import parser  # noqa: PLC0415  lark, and the making of its tables

    with account.for_a_while():
        account.take(_BYTES_OF_ONE * size, "the text while it is read")
        try:
            return parser().parse(text, bounds)
        except Fault as fault:
            refuse(fault, text)
        except Located as fault:
            raise located(fault, text) from None

"""What is wrong in a text, while it is read: a sentence, and where; told with the line and a caret in the end."""

from __future__ import annotations

from typing import NoReturn

from adengine.errors import EngineError, InvalidName, InvalidShape, LimitExceeded, UnknownName, Unsupported
from wengert_server.errors import InvalidText, Lines

_WIDTH = 100
_MARGIN = "    "


class Fault(Exception):
    """Something is wrong.

    Parameters
    ----------
    sentence
        What was given, and what was expected.
    position
        Where in the text, in characters from 0; None: where the step is that found it.
    kind
        The error that it ends as.
    """

    def __init__(self, sentence: str, position: int | None = None, kind: type[EngineError] = InvalidText) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.position = position
        self.kind = kind


class ShapeFault(Fault):
    """Shapes do not fit."""

    def __init__(self, sentence: str, position: int | None = None) -> None:
        super().__init__(sentence, position, InvalidShape)


class NameFault(Fault):
    """A name is ill-formed, too long or used twice."""

    def __init__(self, sentence: str, position: int | None = None) -> None:
        super().__init__(sentence, position, InvalidName)


class UnknownNameFault(Fault):
    """A name that nothing has."""

    def __init__(self, sentence: str, position: int | None = None) -> None:
        super().__init__(sentence, position, UnknownName)


class Located(Exception):
    """An error of the engine, and where in the text it was met."""

    def __init__(self, error: EngineError, position: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.position = position


def place(text: str, position: int) -> tuple[int, int]:
    r"""Give line and column of a position, both from 1; lines end with ``\n``, ``\r\n`` or ``\r``.

    >>> place("a = 1\nb = c", 10)
    (2, 5)
    """
    before = text[:position].replace("\r\n", " \n").replace("\r", "\n")
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def excerpt(text: str, position: int) -> str:
    r"""Give the line of a position, cut where it is long, and a caret below.

    >>> print(excerpt("a = 1\nb = c", 10))
        b = c
            ^
    """
    _, column = place(text, position)
    start = position - (column - 1)
    ends = [end for end in (text.find("\n", start), text.find("\r", start)) if end >= 0]
    end = min(ends, default=len(text))
    first = max(start, position - _WIDTH * 2 // 3)
    last = min(end, first + _WIDTH)
    shown = "".join(each if " " <= each <= "~" else " " if each == "\t" else "?" for each in text[first:last])
    head = "..." if first > start else ""
    tail = "..." if last < end else ""
    return f"{_MARGIN}{head}{shown}{tail}\n{_MARGIN}{' ' * (len(head) + position - first)}^"


def told(sentence: str, text: str, position: int) -> str:
    """Give a sentence with its place, the line and a caret."""
    line, column = place(text, position)
    plain = sentence if sentence.isascii() and sentence.isprintable() else ascii(sentence)[1:-1]
    return Lines(f"line {line}, column {column}: {plain}\n{excerpt(text, position)}")


def refuse(fault: Fault, text: str) -> NoReturn:
    """Raise what a fault ends as."""
    raise fault.kind(told(fault.sentence, text, fault.position or 0)) from None


def located(fault: Located, text: str) -> EngineError:
    """Give an error of the engine that a step met, told with its place."""
    error = fault.error
    if isinstance(error, LimitExceeded):
        line, column = place(text, fault.position)
        what = f"line {line}, column {column}: {str(error).rpartition(': ')[0]}"
        return LimitExceeded(error.limit, error.allowed, error.needed, what)
    if isinstance(error, Unsupported):
        return Unsupported(told(str(error).partition(": ")[2], text, fault.position))
    return error

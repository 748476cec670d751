"""Numbers and arrays as they are written on the command line.

>>> vector("2, 5").tolist()
[2.0, 5.0]
>>> {name: value.tolist() for name, value in assignments("x=2, A=[[1, 2], [3, 4]]").items()}
{'x': 2.0, 'A': [[1.0, 2.0], [3.0, 4.0]]}
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import numpy as np

from wengert.v1.tensors import MAX_RANK
from wengert_client.command.failures import UsageError

if TYPE_CHECKING:
    from wengert_client._results import Floats

__all__ = ["NAME", "TooLarge", "as_array", "assignments", "is_assignment", "number", "vector"]

Nested: TypeAlias = "float | list[Nested]"

NAME = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_ASSIGNED = re.compile(rf"\s*({NAME})\s*=(?!=)")
_NUMBER = re.compile(r"\s*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan))(?![\w.])\s*", re.IGNORECASE)
_MARK = re.compile(r"\s*([\[\],])\s*")


class TooLarge(ValueError):
    """A number is written that no float64 holds; infinity is to be written as such."""


def is_assignment(text: str) -> bool:
    """Whether a text begins as ``name=`` does."""
    return _ASSIGNED.match(text) is not None


def assignments(text: str) -> dict[str, Floats]:
    """Read ``name=value,name=value``.

    Raises
    ------
    UsageError
    """
    found: dict[str, Floats] = {}
    at = 0
    while True:
        match = _ASSIGNED.match(text, at)
        if match is None:
            _refuse(text, at, "a name and = are expected")
        value, at = _value(text, match.end())
        if match[1] in found:
            _refuse(text, match.start(1), f"{match[1]} has a value already")
        found[match[1]] = as_array(value, match[1])
        if at == len(text):
            return found
        at = _past(text, at, ",")


def vector(text: str) -> Floats:
    """Read numbers with commas between them, or an array in brackets.

    Raises
    ------
    UsageError
    """
    values: list[Nested] = []
    at = 0
    while True:
        value, at = _value(text, at)
        values.append(value)
        if at == len(text):
            break
        at = _past(text, at, ",")
    return as_array(values[0] if len(values) == 1 and isinstance(values[0], list) else values, "the point")


def number(text: str) -> float:
    """Read one number; ValueError says that it is none, TooLarge that it is no float64."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return _float(match[1])


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value) and "i" not in text.lower():
        raise TooLarge(f"{text[:20]} is larger than any float64")
    return value


def as_array(value: object, what: str) -> Floats:
    """Give nested lists of numbers as float64."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise UsageError(f"{what}: the rows of an array must be equally long") from None
    if array.dtype.kind == "O" and all(isinstance(each, int) for each in array.flat):
        # Whole numbers too large for 64 bits.
        array = _floats(array, what)
    if array.dtype.kind not in "biuf" and array.size:
        raise UsageError(f"{what}: numbers are expected, not {array.dtype}")
    return np.asarray(array, dtype=np.float64)


def _floats(array: np.ndarray[tuple[int, ...], np.dtype[np.object_]], what: str) -> Floats:
    try:
        return np.asarray(array, dtype=np.float64)
    except OverflowError:
        raise UsageError(f"{what}: a number is larger than any float64") from None


def _value(text: str, at: int, depth: int = 0) -> tuple[Nested, int]:
    """Read a number or an array from a place on; gives it and the place behind it."""
    match = _NUMBER.match(text, at)
    if match is not None:
        try:
            return _float(match[1]), match.end()
        except TooLarge:
            _refuse(text, match.start(1), "a number that float64 can hold is expected")
    mark = _MARK.match(text, at)
    if mark is None or mark[1] != "[":
        _refuse(text, at, "a number, or an array in brackets, is expected")
    if depth == MAX_RANK:
        _refuse(text, at, f"an array has at most {MAX_RANK} axes")
    return _items(text, mark.end(), depth)


def _items(text: str, at: int, depth: int) -> tuple[list[Nested], int]:
    values: list[Nested] = []
    mark = _MARK.match(text, at)
    if mark is not None and mark[1] == "]":
        return values, mark.end()
    while True:
        value, at = _value(text, at, depth + 1)
        values.append(value)
        mark = _MARK.match(text, at)
        if mark is None or mark[1] == "[":
            _refuse(text, at, "a comma, or ], is expected")
        at = mark.end()
        if mark[1] == "]":
            return values, at


def _past(text: str, at: int, wanted: str) -> int:
    mark = _MARK.match(text, at)
    if mark is None or mark[1] != wanted:
        _refuse(text, at, f"{wanted} is expected")
    return mark.end()


def _refuse(text: str, at: int, expected: str) -> NoReturn:
    """Refuse a text, and show where."""
    begin = max(0, at - 40)
    shown = text[begin : at + 30].replace("\n", " ")
    raise UsageError(f"{expected}, at character {at + 1}:\n  {shown}\n  {' ' * (at - begin)}^")

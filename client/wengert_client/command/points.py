"""Points, as options and files give them."""

from __future__ import annotations

import csv
import itertools
import json
import lzma
import math
import re
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wengert_client.command import literals
from wengert_client.command.failures import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wengert_client._results import Floats

__all__ = ["MOST_BYTES", "Point", "read", "read_named"]

#: Of a file, unpacked: no message carries more.
MOST_BYTES = 2**31 - 1

Content: TypeAlias = "Floats | dict[str, Floats]"

_ELEMENT = re.compile(rf"({literals.NAME})((?:\[[\d\s,]*\])*)")
_MOST_DIGITS = 12
_LOOKS_LIKE_NUMBERS = re.compile(r"[\s\d.,eE+\-\[\]]*|.*\b(?:nan|inf(?:inity)?)\b.*", re.IGNORECASE)


@dataclass
class Point:
    """Values of inputs.

    Attributes
    ----------
    vector : float64, shape (n',) or (K, n'), or None
        All inputs that are not shared, as one vector.
    named
        Inputs by name.
    """

    vector: Floats | None = None
    named: dict[str, Floats] = field(default_factory=dict)

    def argument(self) -> Any:
        """Give what the calls of a function take as points."""
        return self.named if self.vector is None else self.vector


def read(given: Sequence[str], option: str = "--at") -> Point:
    """Read what was given, one after another; what comes later holds.

    Raises
    ------
    UsageError
    """
    point = Point()
    for text in given:
        content = _content(text, option)
        if isinstance(content, dict):
            point.named |= content
        elif point.vector is None:
            point.vector = content
        else:
            raise UsageError(f"{option}: two vectors are given; one was expected")
    if point.vector is not None and point.named:
        raise UsageError(f"{option}: inputs are given by name, or as one vector, but not both at once")
    return point


def read_named(given: Sequence[str], option: str) -> dict[str, Floats]:
    """Read what was given where inputs come by name only.

    Raises
    ------
    UsageError
    """
    point = read(given, option)
    if point.vector is not None:
        raise UsageError(f"{option}: inputs are expected by name, as x=2, and not as a vector")
    return point.named


def _content(text: str, option: str) -> Content:
    if literals.is_assignment(text):
        return literals.assignments(text)
    if text.lstrip().startswith("{"):
        return _from_json(text)
    path = Path(text)
    reader = _READERS.get(path.suffix.lower())
    if reader is not None:
        with _told(path, option):
            return reader(path)
    if _LOOKS_LIKE_NUMBERS.fullmatch(text):
        return literals.vector(text)
    raise UsageError(
        f"{option} {text}: name=value, numbers, or a file that ends in .json, .csv, .npz or .npy is expected"
    )


@contextmanager
def _told(path: Path, option: str) -> Iterator[None]:
    """Say of which file something is wrong."""
    try:
        _check_size(path.stat().st_size)
        yield
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{option} {path}: it is not text in UTF-8") from None
    except UsageError as error:
        raise UsageError(f"{option} {path}: {error}") from None


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise UsageError(f"it has {size} bytes, unpacked; {MOST_BYTES} are the most")


# ---- JSON


def _read_json(path: Path) -> Content:
    return _from_json(path.read_text(encoding="utf-8"))


def _from_json(text: str) -> Content:
    try:
        value = json.loads(text, object_pairs_hook=_once_each, parse_float=literals.number)
    except literals.TooLarge as error:
        raise UsageError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"it is not JSON: {error}") from None
    if isinstance(value, dict):
        return {name: literals.as_array(_numbers(each), name) for name, each in value.items()}
    array = literals.as_array(_numbers(value), "the point")
    return array.reshape(1) if array.ndim == 0 else array


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; of two values for one name Python would take the later without a word."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UsageError(f"{name} has a value already")
        found[name] = value
    return found


_NOT_FINITE = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def _numbers(value: object) -> object:
    """Give lists with the names of numbers that JSON has not got replaced by the numbers."""
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    return _NOT_FINITE.get(value, value) if isinstance(value, str) else value


# ---- CSV


def _read_csv(path: Path) -> Content:
    """Read a point from each row; a first row that is no numbers names inputs, or elements of them: ``A[0][1]``."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            rows = [(reader_line, row) for reader_line, row in _csv_rows(file) if any(cell.strip() for cell in row)]
        except csv.Error as error:
            raise UsageError(f"it is not CSV: {error}") from None
    if not rows:
        raise UsageError("it has no rows")
    head = None if all(_is_number(cell) for cell in rows[0][1]) else rows[0][1]
    width = len(rows[0][1])
    numbers = [_csv_numbers(row, line, width) for line, row in rows[head is not None :]]
    table = np.array(numbers, dtype=np.float64).reshape(len(numbers), width)
    return table if head is None else _by_input(head, table)


def _csv_rows(file: Any) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(file)
    for row in reader:
        yield reader.line_num, row


def _is_number(cell: str) -> bool:
    try:
        literals.number(cell)
    except literals.TooLarge:
        return True
    except ValueError:
        return False
    return True


def _csv_numbers(row: list[str], line: int, width: int) -> list[float]:
    if len(row) != width:
        raise UsageError(f"line {line} has {len(row)} columns; the first one has {width}")
    for column, cell in enumerate(row, start=1):
        if not _is_number(cell):
            raise UsageError(f"line {line}, column {column}: {cell!r} is no number")
    try:
        return [literals.number(cell) for cell in row]
    except literals.TooLarge as error:
        raise UsageError(f"line {line}: {error}") from None


def _by_input(head: list[str], table: Floats) -> dict[str, Floats]:
    """Put columns that are elements of one input together."""
    places: dict[str, dict[tuple[int, ...], int]] = {}
    for column, title in enumerate(head):
        match = _ELEMENT.fullmatch(title.strip())
        if match is None:
            raise UsageError(f"column {column + 1}: {title!r} is neither an input nor an element such as x[0]")
        digits = re.findall(r"\d+", match[2])
        if any(len(each) > _MOST_DIGITS for each in digits):
            raise UsageError(f"column {column + 1}: an index of {match[1]} is too large")
        index = tuple(int(each) for each in digits[:64])
        known = places.setdefault(match[1], {})
        if index in known:
            raise UsageError(f"column {column + 1}: {title} is there already")
        known[index] = column
    return {name: _assembled(name, elements, table) for name, elements in places.items()}


def _assembled(name: str, elements: dict[tuple[int, ...], int], table: Floats) -> Floats:
    ranks = {len(index) for index in elements}
    if len(ranks) > 1:
        raise UsageError(f"columns of {name} have indices of {len(ranks)} lengths; one was expected")
    shape = tuple(max(index[axis] for index in elements) + 1 for axis in range(ranks.pop()))
    # Counted before anything is made of that shape: indices may be of any size.
    if math.prod(shape) != len(elements):
        raise UsageError(f"{name} has the shape {shape} by its columns, but {len(elements)} of them are there")
    columns = [elements[index] for index in itertools.product(*(range(extent) for extent in shape))]
    return table[:, columns].reshape(len(table), *shape)


# ---- NumPy's files, without pickles


def _read_npy(path: Path) -> Content:
    with _no_surprise():
        return np.array(literals.as_array(np.load(path, mmap_mode="r", allow_pickle=False), "the point"))


def _read_npz(path: Path) -> Content:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile:
        raise UsageError("it is not a file of numpy.savez") from None
    _check_size(unpacked)
    with _no_surprise(), np.load(path, allow_pickle=False) as arrays:
        return {name: literals.as_array(arrays[name], name) for name in arrays.files}


# RuntimeError: it is encrypted, or packed as this Python cannot unpack it.
_UNREADABLE = (ValueError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


@contextmanager
def _no_surprise() -> Iterator[None]:
    """Say what is wrong with a file that NumPy refuses; what its header promises need not be there."""
    try:
        yield
    except _UNREADABLE as error:
        why = str(error) or type(error).__name__
        raise UsageError(f"it is not a file of NumPy's with plain numbers: {why}") from None


_READERS = {".json": _read_json, ".csv": _read_csv, ".npz": _read_npz, ".npy": _read_npy}

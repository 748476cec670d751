"""Arrays as people read them: numbers under each other, large ones in short.

>>> print(matrix(np.array([[1.0, 0.5], [1e-12, 20.0]]), ["f", "g"], ["x", "y"], digits=6, width=80))
       x     y
f      1   0.5
g  1e-12  20
"""

from __future__ import annotations

import bisect
import itertools
import math
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from wengert_client._results import Floats

__all__ = ["ElementNames", "columns", "matrix", "numbers", "page_width", "short", "summary"]

#: How many rows of one array are printed; of more, the first and the last ones.
MOST_ROWS = 20
_GAP = "  "
_LEFT_OUT = "..."


def page_width() -> int:
    """Give how many characters go into a line: as the terminal, or COLUMNS, has it, or else 100."""
    return shutil.get_terminal_size((100, 24)).columns


class ElementNames(Sequence[str]):
    """Names of the elements of arrays, one array after another, each row-major; a scalar is its name alone.

    They are made when they are asked for, since there may be millions.

    >>> list(ElementNames([("x", ()), ("A", (1, 2))]))
    ['x', 'A[0, 0]', 'A[0, 1]']
    """

    def __init__(self, arrays: Sequence[tuple[str, tuple[int, ...]]]) -> None:
        self._arrays = arrays
        self._ends = list(itertools.accumulate(math.prod(shape) for _, shape in arrays))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        at = bisect.bisect_right(self._ends, place)
        name, shape = self._arrays[at]
        if not shape:
            return name
        within = place - (self._ends[at - 1] if at else 0)
        return f"{name}[{', '.join(str(int(i)) for i in np.unravel_index(within, shape))}]"


def short(count: int, most: int = MOST_ROWS) -> tuple[list[int], int | None]:
    """Say which of so many things to print, and after how many of them others are left out; None: none are.

    >>> short(3)
    ([0, 1, 2], None)
    >>> short(100, 4)
    ([0, 1, 98, 99], 2)
    """
    if count <= most:
        return list(range(count)), None
    half = most // 2
    return [*range(half), *range(count - (most - half), count)], half


def number(value: float, digits: int) -> str:
    """Give a number with so many significant digits."""
    return f"{value:.{digits}g}"


def numbers(values: Sequence[float] | Floats, digits: int) -> list[str]:
    """Give numbers with their points under each other."""
    texts = [number(value, digits) for value in values]
    heads = [_head(text) for text in texts]
    left = max(heads, default=0)
    padded = [" " * (left - head) + text for text, head in zip(texts, heads, strict=True)]
    width = max(map(len, padded), default=0)
    return [text.ljust(width) for text in padded]


def _head(text: str) -> int:
    """Give how many characters stand before the point; a number without one ends where it would be.

    One with an exponent stands by itself, at the right.
    """
    if "e" in text:
        return len(text)
    return text.index(".") if "." in text else len(text)


def summary(name: str, array: Floats, digits: int) -> str:
    """Say in a line what is in a large array."""
    finite = array[np.isfinite(array)]
    told = [f"{name}: shape {array.shape}"]
    if finite.size:
        # Scaled, so that the squares of large numbers do not overflow.
        largest = float(np.max(np.abs(finite)))
        norm = largest * float(np.linalg.norm(finite / largest)) if largest else 0.0
        told.append(f"from {number(finite.min(), digits)} to {number(finite.max(), digits)}")
        told.append(f"norm {number(norm, digits)}")
    if finite.size < array.size:
        told.append(f"{array.size - finite.size} not finite")
    return ", ".join(told)


def columns(rows: Sequence[Sequence[str]], *, left: Sequence[bool]) -> str:
    """Put rows of texts under each other; `left` says of each column whether its texts begin or end together."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(left))]
    lines = []
    for row in rows:
        cells = [
            text.ljust(w) if at_left else text.rjust(w) for text, w, at_left in zip(row, widths, left, strict=True)
        ]
        lines.append(_GAP.join(cells).rstrip())
    return "\n".join(lines)


def matrix(array: Floats, rows: Sequence[str], titles: Sequence[str], *, digits: int, width: int) -> str:
    """Give a matrix with names at its rows and columns; what does not fit into the width is left out.

    Parameters
    ----------
    array : shape (r, c)
    rows, titles
        Names, r and c of them.
    """
    shown_rows, gap_row = short(len(rows))
    labels = ["", *(rows[i] for i in shown_rows)]
    room = width - max(map(len, labels), default=0)
    cells, gap_column = _fitting(array[shown_rows], titles, digits, room)
    table = [[label, *(column[i] for column in cells)] for i, label in enumerate(labels)]
    if gap_row is not None:
        table.insert(1 + gap_row, [_LEFT_OUT, *("" for _ in cells)])
    if gap_column is not None:
        for i, row in enumerate(table):
            row.insert(1 + gap_column, _LEFT_OUT if i != 1 + (gap_row if gap_row is not None else -1) else "")
    return columns(table, left=[True] + [False] * (len(table[0]) - 1))


def _fitting(array: Floats, titles: Sequence[str], digits: int, room: int) -> tuple[list[list[str]], int | None]:
    """Give columns of texts, headings first: all that fit, or the first and last ones with a gap between."""
    most = max(room // 3, 1)
    candidates, _ = short(len(titles), 2 * most)
    made = {i: [titles[i], *numbers(array[:, i], digits)] for i in candidates}
    widths = {i: max(map(len, column)) + len(_GAP) for i, column in made.items()}
    if len(candidates) == len(titles) and sum(widths.values()) <= room:
        return [made[i] for i in candidates], None
    room -= len(_LEFT_OUT) + len(_GAP)
    first: list[int] = []
    last: list[int] = []
    while len(first) + len(last) < len(candidates):
        side, i = (first, candidates[len(first)]) if len(first) <= len(last) else (last, candidates[-1 - len(last)])
        if widths[i] > room and (first or last):
            break
        side.append(i)
        room -= widths[i]
    return [made[i] for i in [*first, *reversed(last)]], len(first)

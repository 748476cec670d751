"""A table that is printed row by row, as its rows become known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Column:
    """A column: its heading, its width, and where its cells stand."""

    heading: str
    width: int
    left: bool = False

    def cell(self, text: str) -> str:
        """Give a text in the column's width."""
        return f"{text:<{self.width}}" if self.left else f"{text:>{self.width}}"


class Table:
    """A table of texts under headings."""

    def __init__(self, *columns: Column) -> None:
        self._columns = columns

    @property
    def width(self) -> int:
        """Number of characters in a row."""
        return sum(column.width for column in self._columns) + 2 * (len(self._columns) - 1)

    def header(self) -> None:
        """Print the headings."""
        self.row([column.heading for column in self._columns])
        print("-" * self.width)

    def row(self, cells: Sequence[str]) -> None:
        """Print a row."""
        texts = (column.cell(cell) for column, cell in zip(self._columns, cells, strict=True))
        print("  ".join(texts).rstrip(), flush=True)

    def note(self, text: str) -> None:
        """Print a remark on the row above."""
        print(f"    {text}", flush=True)

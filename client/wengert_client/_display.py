"""What notebooks show: tables in HTML, escaped, and of a bounded size whatever they are of."""

from __future__ import annotations

import dataclasses
import html
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Shown", "list_html", "table_html"]

_MOST_ROWS = 30
_MOST_LINES = 60
_MOST_CHARACTERS = 4_000
_ELEMENTS = 40
_STYLE = "text-align:left;vertical-align:top"


class Shown:
    """A data class that notebooks show as a table of its fields."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        rows = [(each.name, getattr(self, each.name)) for each in dataclasses.fields(self)]  # type: ignore[arg-type]
        return table_html(type(self).__name__, rows)


def table_html(title: str, rows: Sequence[tuple[str, Any]]) -> str:
    """Give a table of names and values; what is too much of it is left out, and said to be."""
    lines = [
        f'<tr><th style="{_STYLE}">{_escaped(name)}</th>'
        f'<td style="{_STYLE}"><pre>{_escaped(_text(value))}</pre></td></tr>'
        for name, value in rows[:_MOST_ROWS]
    ]
    if len(rows) > _MOST_ROWS:
        lines.append(f'<tr><td colspan="2">... and {len(rows) - _MOST_ROWS} more</td></tr>')
    return f"<table><caption>{_escaped(title)}</caption>{''.join(lines)}</table>"


def list_html(text: str) -> str:
    """Give the lines of a list: of many, beginning and end."""
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines = [*lines[:half], f"... {len(lines) - 2 * half} lines ...", *lines[-half:]]
    cut = (line if len(line) <= 200 else line[:200] + " ..." for line in lines)
    return f"<pre>{_escaped(chr(10).join(cut), 4 * _MOST_CHARACTERS)}</pre>"


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        with np.printoptions(threshold=_ELEMENTS, edgeitems=3, linewidth=100):
            return f"{value}" if value.ndim == 0 else f"shape {value.shape}\n{value}"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _few((f"{key}: {each!r}" for key, each in value.items()), len(value))
    if isinstance(value, frozenset | set):
        return _few(sorted(map(str, value)), len(value))
    if isinstance(value, tuple | list) and len(value) > 1:
        return _few((repr(each) for each in value), len(value))
    return repr(value)


def _few(lines: Iterable[str], number: int) -> str:
    shown = [line for line, _ in zip(lines, range(_MOST_ROWS), strict=False)]
    more = [f"... and {number - _MOST_ROWS} more"] if number > _MOST_ROWS else []
    return "\n".join([*shown, *more])


def _escaped(text: str, most: int = _MOST_CHARACTERS) -> str:
    return html.escape(text if len(text) <= most else text[:most] + " ...")

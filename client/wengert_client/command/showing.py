"""Answers as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client.command import tables
from wengert_client.command.tables import ElementNames

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from wengert_client import InputInfo, OutputInfo
    from wengert_client._results import Floats

__all__ = ["gradient", "matrix", "values"]

_DIGITS, _MATRIX_DIGITS = 10, 6
_MOST_MATRICES = 3
_ALL_OF_THEM = "--json or --npz gives all of them"


def values(by_name: Mapping[str, Floats], several: bool, given: Namespace) -> str:
    """Show the values of outputs: a row for each element, or at several points a row for each point."""
    digits = given.digits or _DIGITS
    if several:
        count = len(next(iter(by_name.values()), np.zeros(0)))
        shapes = [(name, array.shape[1:]) for name, array in by_name.items()]
        flat = np.concatenate([np.zeros((count, 0)), *(each.reshape(count, -1) for each in by_name.values())], axis=1)
        return _of_points(flat, ElementNames(shapes), given)
    rows: list[tuple[str, float | None]] = []
    notes = []
    for name, array in by_name.items():
        rows += _elements(ElementNames([(name, array.shape)]), np.ravel(array))
        if array.size > tables.MOST_ROWS:
            notes.append(tables.summary(name, array, digits))
    return "\n".join([_rows(rows, digits), *notes])


def gradient(derivative: Floats, inputs: Sequence[InputInfo], at: Floats | None, given: Namespace) -> str:
    """Show a gradient: a row for each element, beside the element of the point; or a row for each point."""
    digits = given.digits or _DIGITS
    names = ElementNames([(each.name, each.shape) for each in inputs])
    if derivative.ndim > 1:
        return _of_points(derivative, names, given)
    shown, gap = tables.short(len(names))
    table = [["", "gradient"], *zip((names[i] for i in shown), tables.numbers(derivative[shown], digits), strict=True)]
    if at is not None:
        beside = ["at", *tables.numbers(at[shown], digits)]
        table = [[row[0], mine, row[1]] for row, mine in zip(table, beside, strict=True)]
    rows = [list(row) for row in table]
    if gap is not None:
        rows.insert(1 + gap, ["...", *("" for _ in rows[0][1:])])
    text = tables.columns(rows, left=[True for _ in rows[0]])
    return text if gap is None else f"{text}\n{tables.summary('gradient', derivative, digits)}"


def matrix(
    found: Any, rows: Sequence[InputInfo | OutputInfo], columns: Sequence[InputInfo | OutputInfo], given: Namespace
) -> str:
    """Show a matrix, sparse or dense, or those of the first points."""
    titles = [ElementNames([(each.name, each.shape) for each in side]) for side in (rows, columns)]
    sparse = isinstance(found, dict)
    array = found["values"] if sparse else found
    one = 1 if sparse else 2

    def show(each: Floats) -> str:
        return _entries(found, each, titles, given) if sparse else _matrix(each, titles, given)

    if array.ndim == one:
        return show(array)
    parts = [f"point {k}:\n{show(array[k])}" for k in range(min(len(array), _MOST_MATRICES))]
    if len(array) > _MOST_MATRICES:
        parts.append(f"... {len(array) - _MOST_MATRICES} more points; {_ALL_OF_THEM}")
    return "\n\n".join(parts) or "no points"


def _matrix(array: Floats, titles: Sequence[Sequence[str]], given: Namespace) -> str:
    digits = given.digits or _MATRIX_DIGITS
    if 0 in array.shape:
        return f"{array.shape[0]} x {array.shape[1]}: no entries"
    text = tables.matrix(array, *titles, digits=digits, width=tables.page_width())
    return f"{text}\n{tables.summary('matrix', array, digits)}; {_ALL_OF_THEM}" if "..." in text else text


def _entries(found: dict[str, Any], array: Floats, titles: Sequence[Sequence[str]], given: Namespace) -> str:
    rows, columns = titles
    shown, gap = tables.short(len(array))
    digits = given.digits or _MATRIX_DIGITS
    cells = tables.numbers(array[shown], digits)
    table = [
        [rows[int(found["row"][i])], columns[int(found["column"][i])], cell]
        for i, cell in zip(shown, cells, strict=True)
    ]
    if gap is not None:
        table.insert(gap, ["...", "", ""])
    r, c = found["shape"]
    told = f"{r} x {c}, {len(array)} entries" + (f"; {_ALL_OF_THEM}" if gap is not None else "")
    return f"{tables.columns(table, left=[True, True, False])}\n{told}" if table else told


def _of_points(array: Floats, names: Sequence[str], given: Namespace) -> str:
    """Show an array (K, n) with a row for each point."""
    digits = given.digits or _MATRIX_DIGITS
    labels = [f"point {k}" for k in range(len(array))]
    if not array.size:
        return "no points" if not len(array) else "no values"
    return tables.matrix(array, labels, names, digits=digits, width=tables.page_width())


def _elements(names: Sequence[str], array: Floats) -> list[tuple[str, float | None]]:
    shown, gap = tables.short(len(names))
    rows: list[tuple[str, float | None]] = [(names[i], float(array[i])) for i in shown]
    if gap is not None:
        rows.insert(gap, ("...", None))
    return rows


def _rows(rows: Sequence[tuple[str, float | None]], digits: int) -> str:
    cells = iter(tables.numbers([value for _, value in rows if value is not None], digits))
    return tables.columns([[name, "" if value is None else next(cells)] for name, value in rows], left=[True, True])

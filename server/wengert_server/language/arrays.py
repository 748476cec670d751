"""Arrays in brackets: of known numbers alone, or of values that are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wengert_server.language.faults import ShapeFault
from wengert_server.language.values import Literal, Parts, size_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wengert_server.language.statements import Statements
    from wengert_server.language.values import Shape, Value


def array_of(list_: Statements, values: Sequence[Value], depth: int = 1) -> Value:
    """Give several values in brackets as one array; brackets within come as :class:`Parts`.

    Known numbers alone stay known; else each part becomes a row of a CONCATENATE.
    """
    list_.check_rank(depth)
    if all(isinstance(value, float) for value in values):
        return Literal(np.array(values, np.float64))
    parts, shape = _flattened(list_, values, depth)
    if all(isinstance(part, float | Literal) for part in parts):
        return _stacked(list_, [np.asarray(p.array if isinstance(p, Literal) else p) for p in parts], shape)
    return list_.stacked(parts, shape)


def _stacked(list_: Statements, arrays: Sequence[np.ndarray], outer: Shape) -> Literal:
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise ShapeFault(f"the parts of an array have one shape, not {' and '.join(sorted(map(written, shapes)))}")
    inner = shapes.pop() if shapes else ()
    list_.check_array((*outer, *inner))
    return Literal(np.array(arrays, np.float64).reshape(*outer, *inner))


def _flattened(list_: Statements, values: Sequence[Value], depth: int) -> tuple[Sequence[Value], Shape]:
    """Give what is within brackets within brackets, row-major, and the shape that the brackets make.

    They are taken apart level by level, as long as all that a level holds can be.
    """
    shape: Shape = (len(values),)
    while any(isinstance(value, Parts) for value in values):
        if not all(isinstance(value, Parts) or (isinstance(value, Literal) and value.array.ndim) for value in values):
            inner = depth + len(shape)
            return [array_of(list_, v.values, inner) if isinstance(v, Parts) else v for v in values], shape
        lengths = {_length(value) for value in values}
        if len(lengths) > 1:
            raise ShapeFault(f"the rows of an array have one length, not {' and '.join(map(str, sorted(lengths)))}")
        shape = (*shape, *lengths)
        list_.check_count(size_of(shape))
        values = [each for value in values for each in _opened(value)]
    return values, shape


def _length(value: Value) -> int:
    return len(value.values) if isinstance(value, Parts) else len(value.array) if isinstance(value, Literal) else 0


def _opened(value: Value) -> Sequence[Value]:
    if isinstance(value, Parts):
        return value.values
    if isinstance(value, Literal):
        return [Literal(row) if np.ndim(row) else float(row) for row in value.array]
    return ()

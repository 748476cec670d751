"""Errors of a trace name the line that made them, and what to write there instead."""

from __future__ import annotations

import ast
import linecache
import os
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client._advice import OF_OBJECTS, advice
from wengert_client._errors import BuildError, NotANumber
from wengert_client._node import Node, Settling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType, TracebackType

__all__ = ["located"]

_OURS = os.path.dirname(__file__) + os.sep  # noqa: PTH120  as the names of files in code objects are text
_SIGNATURE = re.compile(r"unexpected keyword|positional argument|missing \d+ required")
_LIBRARIES = {"numpy", "scipy"}
_INNER = re.compile(r"\.<(listcomp|genexpr|setcomp|dictcomp)>$")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a source file something was done; columns count the bytes of the line."""

    file: str
    function: str
    line: int
    end_line: int
    column: int
    end_column: int
    source: list[str]
    scope: Mapping[str, Any]


def located(error: BaseException) -> BuildError | None:
    """Give the error that a user is to see: with the line, and what to write instead.

    None, where it is another error than one of this package.
    """
    place = _place(error.__traceback__)
    found = _ours(error) or _foreign(error, place)
    if found is None or found.line:
        return found
    if place is not None:
        found.line = _shown(place)
        told = advice(found.asked, _path(place))
        if found.asked == "truth value" and any(map(_is_of_objects, place.scope.values())):
            told = f"{told}; {OF_OBJECTS}" if told else OF_OBJECTS
        message = str(found.args[0]) if found.args else ""
        if told:
            general = message.partition(": ")[0] if isinstance(error, BuildError) else message
            message = f"{general}: {told}" if found.asked else f"{message}; {told}"
        found.args = (f"{message}\n{found.line}",)
    return found


def _ours(error: BaseException | None) -> BuildError | None:
    """Give the error of this package which an error is, or which NumPy says it comes from."""
    while error is not None and not isinstance(error, BuildError):
        error = error.__cause__ if isinstance(error, (TypeError, ValueError)) else None
    return error


def _foreign(error: BaseException, place: _Place | None) -> BuildError | None:
    """Give an error in place of one that a library raises since it got a variable; None where it did not."""
    if place is None or not isinstance(error, (TypeError, IndexError)):
        return None
    path = _path(place)
    if not path or isinstance(path[0], ast.Raise) or _SIGNATURE.search(str(error)):
        return None  # What a program raises itself, and wrong arguments, are said well enough.
    names = {node.id for node in ast.walk(path[0]) if isinstance(node, ast.Name)}
    values = [place.scope.get(name) for name in names]
    if not any(isinstance(each, (Node, Settling)) or _is_of_objects(each) for each in values):
        return None
    made = NotANumber(f"what is traced has no numbers that could be used here ({error})")
    made.asked = "objects" if any(map(_is_of_objects, values)) else "number"
    return made


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _place(trace: TracebackType | None) -> _Place | None:
    """Give the innermost line that is neither this package's nor a library's."""
    frames = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_OURS):
            frames.append((trace.tb_frame, trace.tb_lasti, trace.tb_lineno))
        trace = trace.tb_next
    outside = [each for each in frames if each[0].f_globals.get("__name__", "").partition(".")[0] not in _LIBRARIES]
    return _read(*(outside or frames)[-1]) if frames else None


def _read(frame: FrameType, instruction: int, line: int) -> _Place:
    code = frame.f_code
    source = linecache.getlines(code.co_filename, frame.f_globals)
    start, end, column, end_column = next(islice(code.co_positions(), instruction // 2, None), (line, line, None, None))
    name = _INNER.sub("", code.co_qualname.replace(".<locals>", "")).rpartition(".")[2]
    name = "a lambda" if name == "<lambda>" else name
    at = (start or line, end or line, column or 0, end_column or 0)
    return _Place(code.co_filename, name, *at, source, frame.f_locals)


def _shown(place: _Place) -> str:
    """Give file, line and source line, with marks below what failed."""
    shown = f'  File "{place.file}", line {place.line}, in {place.function}'
    if not 0 < place.line <= len(place.source):
        return shown
    text = place.source[place.line - 1].rstrip()
    raw = text.encode()
    start = len(raw[: place.column].decode(errors="replace"))
    stop = len(raw[: place.end_column].decode(errors="replace")) if place.line == place.end_line else len(text)
    bare = text.lstrip()
    indent = len(text) - len(bare)
    shown += f"\n    {bare}"
    return f"{shown}\n    {' ' * (start - indent)}{'^' * (stop - start)}" if stop > start >= indent else shown


def _path(place: _Place) -> list[ast.AST]:
    """Give the syntax around what failed, the innermost first; empty where the source is not to be had."""
    try:
        tree = ast.parse("".join(place.source))
    except (SyntaxError, ValueError, RecursionError):
        return []
    wanted = (place.line, place.column, place.end_line, place.end_column)
    path: list[ast.AST] = []
    node: ast.AST | None = tree
    while node is not None:
        path.append(node)
        node = next((each for each in _positioned(node) if _covers(each, wanted)), None)
    return path[::-1]


def _positioned(node: ast.AST) -> Iterator[ast.AST]:
    """Give the nearest nodes below one that have a place in the source."""
    for child in ast.iter_child_nodes(node):
        if hasattr(child, "end_col_offset"):
            yield child
        else:
            yield from _positioned(child)


def _covers(node: ast.AST, wanted: tuple[int, int, int, int]) -> bool:
    line, column, end_line, end_column = wanted
    start = (node.lineno, node.col_offset)  # type: ignore[attr-defined]
    end = (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
    return bool(start <= (line, column) and (end_line, end_column) <= end)

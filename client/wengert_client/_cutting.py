"""Calls at more points than fit one message: cut into several, made at the same time, put together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np

from wengert.v1.tensors import write_tensor
from wengert_client._errors import ServerFault, ServiceError
from wengert_client._progress import NO_PROGRESS, Bars
from wengert_client._results import Report
from wengert_client._signature import refuse
from wengert_client._waiting import Threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from google.protobuf.message import Message

    from wengert_client._progress import Progress
    from wengert_client._results import Floats
    from wengert_client._waiting import Group

__all__ = ["Arrays", "Limits", "fill", "in_parts", "rows_at_a_time"]

Request = TypeVar("Request", bound="Message")
Result = TypeVar("Result")
Arrays = dict[str, "Floats"]

_NEVER_CUT_BYTES = 1 << 20
"""Smaller calls go as they are, and nobody is asked for limits."""
_REPLY_BYTES = 64 << 20
"""More of an answer comes in parts: those under way are in memory beside the whole."""
_SPARE_BYTES = 4096
"""For what a message has beside arrays: shapes, tags, the id of the function."""


class Limits(NamedTuple):
    """What one call may have.

    Attributes
    ----------
    request_bytes, reply_bytes
        Of a message.
    reply_elements
        Of the largest array of an answer.
    """

    request_bytes: int
    reply_bytes: int
    reply_elements: int


async def in_parts(
    request: Request,
    arrays: Arrays,
    limits: Callable[[], Awaitable[Limits]],
    reply_elements: Callable[[], Awaitable[int]],
    run: Callable[[Request], Awaitable[Result]],
    group: Callable[[int], Group] = Threads,
    bars: Bars = NO_PROGRESS,
) -> Result:
    """Make a call; where it is at many points and one message cannot hold it, as several calls.

    Parameters
    ----------
    request
        All but its arrays.
    arrays
        By the fields they belong to.
    limits
        Asks what a call may have.
    reply_elements
        Gives how many elements the answer has for one point, about.
    run
        Makes one call, and gives its result, whose arrays have the K points in front.
    group
        Runs so many calls, some at a time.
    bars
        Show how many points are done.
    """
    number = _number_of_points(arrays)
    if number > 1:
        size = _bytes(request, arrays)
        elements = await reply_elements()
        if max(size, 8 * number * elements) > _NEVER_CUT_BYTES:
            each = _at_each_point(arrays, number)
            row = sum(arrays[name].nbytes for name in each) // number
            rows = rows_at_a_time(number, row, size - number * row, elements, await limits())
            if rows < number:
                with bars(type(request).__name__.removesuffix("Request"), number, " points") as progress:
                    parts = _Parts(request, arrays, each, run, progress)
                    return cast("Result", await parts.run(number, rows, group))
    return await run(fill(request, arrays))


def fill(request: Request, arrays: Mapping[str, Floats]) -> Request:
    """Put arrays into a request."""
    for name, array in arrays.items():
        write_tensor(getattr(request, name), array)
    return request


def rows_at_a_time(number: int, row_bytes: int, fixed_bytes: int, reply_elements: int, limits: Limits) -> int:
    """Give how many of the points go into one call: parts of about the same size, none over a limit.

    One that is too large by itself, or by what all points share, is not cut: the server says what is wrong.

    >>> rows_at_a_time(100, 8, 0, 1, Limits(4096 + 320, 1 << 20, 1 << 20))
    34
    """
    rows = number
    if row_bytes:
        rows = min(rows, (limits.request_bytes - fixed_bytes - _SPARE_BYTES) // row_bytes)
    if reply_elements:
        rows = min(rows, limits.reply_elements // reply_elements)
        # Values, gradients and reports come beside the largest array.
        rows = min(rows, (limits.reply_bytes - _SPARE_BYTES) // (24 * reply_elements))
        rows = min(rows, max(1, _REPLY_BYTES // (8 * reply_elements)))
    if rows < 1:
        return number
    return -(-number // -(-number // rows))


class _Parts:
    """One call as several."""

    def __init__(
        self,
        request: Message,
        arrays: Arrays,
        each: list[str],
        run: Callable[[Any], Awaitable[Any]],
        progress: Progress,
    ) -> None:
        self._request = request
        self._each = each
        self._arrays = arrays
        self._run = run
        self._progress = progress
        for name, array in arrays.items():
            if name not in each and array.ndim == 3 and len(array) != 1:
                told = f"{name} have the shape {array.shape}; the first axis must be 1, or the points of the call"
                refuse("INVALID_DIRECTIONS", name, told)

    async def run(self, number: int, rows: int, group: Callable[[int], Group]) -> Any:
        """Make the calls, some at a time, and put the answers together."""
        starts = range(0, number, rows)
        async with group(len(starts)) as running:
            return await self._gathered(running, starts, number, rows)

    async def _gathered(self, running: Group, starts: range, number: int, rows: int) -> Any:
        coming = [running.start(self._part, first, min(first + rows, number), number) for first in starts]
        whole: Any = None
        reports: list[Report] = []
        for first in starts:
            # Not kept once they are copied: only what came early is in memory twice.
            part = await coming.pop(0)
            if whole is None:
                whole = _like(part, number)
            _copy(part, whole, first, min(rows, number - first), reports)
        return _reported(whole, reports)

    async def _part(self, first: int, last: int, number: int) -> Any:
        request = type(self._request)()
        request.CopyFrom(self._request)
        arrays = {name: a[first:last] if name in self._each else a for name, a in self._arrays.items()}
        try:
            part = await self._run(fill(request, arrays))
        except ServiceError as error:
            told = f"points {first} to {last - 1} of {number}: {error.message}"
            raise type(error)(
                told,
                reason=error.reason,
                violations=error.violations,
                code=error.code,
                request_id=error.request_id,
            ) from error
        self._progress.add(last - first)
        return part


def _number_of_points(arrays: Arrays) -> int:
    points = arrays.get("points")
    return len(points) if points is not None and points.ndim == 2 else 1


def _at_each_point(arrays: Arrays, number: int) -> list[str]:
    """Give the names of the arrays that have something of their own for each point."""
    return [name for name, a in arrays.items() if name == "points" or (a.ndim == 3 and len(a) == number)]


def _bytes(request: Message, arrays: Arrays) -> int:
    return request.ByteSize() + sum(array.nbytes for array in arrays.values())


def _fields(result: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(result)]


def _like(part: Any, number: int) -> Any:
    """Make a result at all points, after that of the first part."""
    if isinstance(part, np.ndarray):
        return np.empty((number, *part.shape[1:]))
    if isinstance(part, list):
        return [None] * number
    if isinstance(part, Report):
        return part
    return dataclasses.replace(part, **{name: _like(getattr(part, name), number) for name in _fields(part)})


def _copy(part: Any, whole: Any, first: int, rows: int, reports: list[Report]) -> None:
    """Put the result of a part where it belongs."""
    if isinstance(part, Report):
        reports.append(part)
    elif isinstance(part, np.ndarray | list):
        if len(part) != rows or (isinstance(part, np.ndarray) and part.shape[1:] != whole.shape[1:]):
            raise ServerFault(f"an answer at {rows} points does not have {rows} of what was asked for")
        whole[first : first + rows] = part
    else:
        for name in _fields(part):
            _copy(getattr(part, name), getattr(whole, name), first, rows, reports)


def _reported(whole: Any, reports: list[Report]) -> Any:
    """Report the seconds of all parts."""
    if not reports:
        return whole
    seconds = sum(report.seconds for report in reports)
    return dataclasses.replace(whole, report=dataclasses.replace(reports[0], seconds=seconds))

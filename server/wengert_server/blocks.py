"""A Jacobian as messages: blocks in order and without gap, the next ones computed while these are sent."""

from __future__ import annotations

import math
from contextvars import copy_context
from typing import TYPE_CHECKING

import numpy as np

from adengine.errors import EngineError
from wengert_server import encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from adengine import JacobianStream

    Entries = NDArray[np.float64]

_NONE = np.zeros(0)


def blocks(stream: JacobianStream, elements: int, workers: Executor) -> Iterator[bytes]:
    """Give the messages of a Jacobian.

    Memory stays bounded however slow the reader is: there are the part that is being sent, the one computed meanwhile,
    and one message.

    Parameters
    ----------
    stream
        The parts.
    elements
        Entries of a message, at most.
    workers
        Compute the next part meanwhile.
    """
    total = math.prod(stream.shape)
    if not total:
        yield encode.block(stream.shape, 0, _NONE, stream.values, stream.report)
    values: Entries | None = stream.values
    for offset, entries in _cut(_ahead(iter(stream), workers), elements):
        is_last = offset + len(entries) == total
        yield encode.block(stream.shape, offset, entries, values, stream.report if is_last else None)
        values = None


def _cut(parts: Iterator[Entries], elements: int) -> Iterator[tuple[int, Entries]]:
    offset = 0
    for part in parts:
        for first in range(0, len(part), elements):
            yield offset + first, part[first : first + elements]
        offset += len(part)


def _next(parts: Iterator[Entries]) -> Entries | None:
    return next(parts, None)


def _ahead(parts: Iterator[Entries], workers: Executor) -> Iterator[Entries]:
    """Give parts, each while the next one is computed."""
    try:
        part = next(parts, None)
        while part is not None:
            # In the name of the same call: it is logged, and cancelled, as this thread's work is.
            coming = workers.submit(copy_context().run, _next, parts)
            yield part
            part = coming.result()
    except EngineError as error:
        raise error.at("request") from None

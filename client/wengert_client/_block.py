"""One block of a Jacobian, as it came: its entries are not copied before they are where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wengert.v1 import StreamJacobianResponse

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Block"]

_ENTRIES = StreamJacobianResponse.ENTRIES_FIELD_NUMBER << 3 | 2
_WIRE_DOUBLE = np.dtype("<f8")
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


class Block(NamedTuple):
    """A block.

    Attributes
    ----------
    head
        The message without its entries.
    entries : float64
        Those; read-only where they are a view of what came.
    """

    head: StreamJacobianResponse
    entries: NDArray[np.float64]

    @classmethod
    def of(cls, message: StreamJacobianResponse) -> Block:
        """Give a block that protobuf has read."""
        return cls(message, np.array(message.entries, dtype=np.float64))

    @classmethod
    def read(cls, data: bytes) -> Block:
        """Read a block: the entries where they are, everything else by protobuf.

        What writers may do with a packed field besides writing it once, such as splitting it, is protobuf's to read.

        Raises
        ------
        google.protobuf.message.DecodeError
            These bytes are no such message.
        """
        found = _packed_entries(data)
        if found is None:
            return cls.of(StreamJacobianResponse.FromString(data))
        tag, first, last = found
        head = StreamJacobianResponse.FromString(data[:tag] + data[last:])
        return cls(head, np.frombuffer(data, _WIRE_DOUBLE, (last - first) // 8, first))


def _packed_entries(data: bytes) -> tuple[int, int, int] | None:
    """Where the entries are: their tag, their first byte, the byte after the last; None: not once, and packed."""
    found, at, end = None, 0, len(data)
    try:
        while at < end:
            tag = at
            key, at = _varint(data, at)
            first, at = _skipped(data, key & 7, at)
            if key == _ENTRIES and found is None and (at - first) % 8 == 0:
                found = tag, first, at
            elif key >> 3 == StreamJacobianResponse.ENTRIES_FIELD_NUMBER:
                return None
    except (IndexError, ValueError):
        return None
    return found if at == end else None


def _skipped(data: bytes, kind: int, at: int) -> tuple[int, int]:
    """Where the content of a field begins, and where it ends."""
    if kind == _BYTES:
        length, at = _varint(data, at)
        return at, at + length
    if kind == _VARINT:
        return at, _varint(data, at)[1]
    if kind == _EIGHT_BYTES:
        return at, at + 8
    if kind == _FOUR_BYTES:
        return at, at + 4
    raise ValueError("a group")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        byte = data[at]
        number |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError("no whole number of 64 bits")

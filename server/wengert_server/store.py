"""The functions a server holds: by id, the one longest unused dropped first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from adengine import WengertList

# What a list takes beside its columns: the objects, and its tables of shapes.
_OVERHEAD_BYTES = 4096
_BYTES_OF_ONE = 200


@dataclass(frozen=True, slots=True)
class _Held:
    function: WengertList
    digest: bytes
    size: int


class FunctionStore:
    """Functions by id, and by the digest of the bytes they were sent as.

    Parameters
    ----------
    max_functions
        How many are held at most.
    max_bytes
        How many bytes they take at most, all together; the newest is held even if larger.
    on_drop
        Called with the id of each function that is dropped.

    Notes
    -----
    All methods may be called from many threads.
    """

    def __init__(self, max_functions: int, max_bytes: int, on_drop: Callable[[str], object]) -> None:
        self._max_functions = max_functions
        self._max_bytes = max_bytes
        self._on_drop = on_drop
        self._lock = threading.Lock()
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._ids: dict[bytes, str] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, function_id: str) -> WengertList | None:
        """Give the function of this id, or None."""
        with self._lock:
            held = self._held.get(function_id)
            if held is None:
                return None
            self._held.move_to_end(function_id)
            return held.function

    def find(self, digest: bytes) -> WengertList | None:
        """Give the function that was sent as the bytes of this digest, or None."""
        with self._lock:
            function_id = self._ids.get(digest)
        return None if function_id is None else self.get(function_id)

    def put(self, function: WengertList, digest: bytes) -> None:
        """Hold a function, in place of an equal one, and drop what is too much."""
        size = _size_of(function)
        with self._lock:
            self._remove(function.id)
            self._held[function.id] = _Held(function, digest, size)
            self._ids[digest] = function.id
            self._size += size
            dropped = list(self._drop_excess())
        for function_id in dropped:
            self._on_drop(function_id)

    def drop(self, function_id: str) -> bool:
        """Drop a function; gives whether it was held."""
        with self._lock:
            held = self._remove(function_id)
        if held:
            self._on_drop(function_id)
        return held

    def _drop_excess(self) -> list[str]:
        dropped: list[str] = []
        while len(self._held) > self._max_functions or (self._size > self._max_bytes and len(self._held) > 1):
            oldest = next(iter(self._held))
            self._remove(oldest)
            dropped.append(oldest)
        return dropped

    def _remove(self, function_id: str) -> bool:
        held = self._held.pop(function_id, None)
        if held is None:
            return False
        self._size -= held.size
        if self._ids.get(held.digest) == function_id:
            del self._ids[held.digest]
        return True


def _size_of(function: WengertList) -> int:
    columns = function.primitives, function.arguments, function.constants, function.parameters
    size = _OVERHEAD_BYTES + sum(column.nbytes for column in columns)
    size += sum(tensor.nbytes + _BYTES_OF_ONE for tensor in function.tensors)
    size += sum(_size_of(body) for body in function.bodies)
    named = len(function.inputs) + len(function.outputs) + len(function.labels)
    # Each statement has a row in the table of shapes.
    return size + _BYTES_OF_ONE * named + 16 * len(function.primitives)

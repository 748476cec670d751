"""The functions a server holds: by subject and id, the one longest unused dropped first.

Each subject has functions of its own, also where another one has equal ones: what one does is never seen in what is
held for another. What the server holds in nobody's name, as before the first call, is everybody's. Where there is no
room, the subject that holds most gives it, so that nobody is pushed out by others.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wengert_server.subjects import ANYBODY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adengine import WengertList
    from wengert_server.subjects import Subject

# What a list takes beside its columns: the objects, and its tables of shapes.
_OVERHEAD_BYTES = 4096
_BYTES_OF_ONE = 200
_DIGESTS = 4


@dataclass(frozen=True, slots=True)
class _Held:
    function: WengertList
    digests: tuple[bytes, ...]
    size: int


class _Share:
    """What is held for one subject, the one longest unused first."""

    def __init__(self) -> None:
        self.held: OrderedDict[str, _Held] = OrderedDict()
        self.ids: dict[bytes, str] = {}
        self.size = 0

    def add(self, function_id: str, held: _Held) -> None:
        self.held[function_id] = held
        for digest in held.digests:
            self.ids[digest] = function_id
        self.size += held.size

    def remove(self, function_id: str) -> _Held | None:
        held = self.held.pop(function_id, None)
        if held is not None:
            self.size -= held.size
            for digest in held.digests:
                if self.ids.get(digest) == function_id:
                    del self.ids[digest]
        return held


class FunctionStore:
    """Functions by id, and by the digest of the bytes they were sent as.

    Parameters
    ----------
    max_functions
        How many are held at most.
    max_bytes
        How many bytes they take at most, all together; the newest is held even if larger.
    on_drop
        Called with the id of each function that nobody has any more.

    Notes
    -----
    All methods may be called from many threads.
    """

    def __init__(self, max_functions: int, max_bytes: int, on_drop: Callable[[str], object]) -> None:
        self._max_functions = max_functions
        self._max_bytes = max_bytes
        self._on_drop = on_drop
        self._lock = threading.Lock()
        self._shares: dict[str, _Share] = {}
        # Of how many subjects each function is: what the engine knows of it is shared.
        self._owners: Counter[str] = Counter()
        self._count = 0
        self._size = 0

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """How many bytes the functions take."""
        return self._size

    def get(self, function_id: str, subject: Subject = ANYBODY) -> WengertList | None:
        """Give the function of this id that is the subject's, or everybody's, or None."""
        with self._lock:
            for share in self._visible_to(subject):
                if held := share.held.get(function_id):
                    share.held.move_to_end(function_id)
                    return held.function
        return None

    def find(self, digest: bytes, subject: Subject = ANYBODY) -> WengertList | None:
        """Give the function that the subject sent as the bytes of this digest, or that is everybody's, or None."""
        with self._lock:
            found = next((share.ids[digest] for share in self._visible_to(subject) if digest in share.ids), None)
        return None if found is None else self.get(found, subject)

    def put(self, function: WengertList, digest: bytes, subject: Subject = ANYBODY) -> None:
        """Hold a function, in place of an equal one, and drop what is too much."""
        with self._lock:
            held = _Held(function, self._digests(function, digest, subject), _size_of(function))
            self._remove(subject.name, function.id)
            self._shares.setdefault(subject.name, _Share()).add(function.id, held)
            self._owners[function.id] += 1
            self._count += 1
            self._size += held.size
            dropped = [*self._drop_excess_of(subject), *self._drop_excess()]
        self._tell(dropped)

    def drop(self, function_id: str, subject: Subject = ANYBODY) -> bool:
        """Drop the subject's function of this id; gives whether there was one."""
        with self._lock:
            held = self._remove(subject.name, function_id)
        self._tell([function_id] if held else [])
        return held

    def _digests(self, function: WengertList, digest: bytes, subject: Subject) -> tuple[bytes, ...]:
        """Give what a function was sent as, the newest first: as a list, as texts; all with the same labels."""
        share = self._shares.get(subject.name)
        before = share.held.get(function.id) if share is not None else None
        if before is None or before.function.labels != function.labels:
            return (digest,)
        return tuple(dict.fromkeys((digest, *before.digests)))[:_DIGESTS]

    def _visible_to(self, subject: Subject) -> list[_Share]:
        """Give what is the subject's, then what is everybody's: the server itself puts that there, before any call."""
        names = (subject.name, ANYBODY.name) if subject.name != ANYBODY.name else (ANYBODY.name,)
        return [self._shares[name] for name in names if name in self._shares]

    def _drop_excess_of(self, subject: Subject) -> Iterator[str]:
        share = self._shares[subject.name]
        most = self._max_functions if subject.functions is None else subject.functions
        most_bytes = self._max_bytes if subject.function_bytes is None else subject.function_bytes
        while len(share.held) > most or (share.size > most_bytes and len(share.held) > 1):
            yield self._drop_oldest(subject.name)

    def _drop_excess(self) -> Iterator[str]:
        while self._count > self._max_functions:
            yield self._drop_oldest(max(self._shares, key=lambda name: len(self._shares[name].held)))
        while self._size > self._max_bytes and self._count > 1:
            yield self._drop_oldest(self._largest())

    def _largest(self) -> str:
        # A single function is not dropped while others hold several: it may just have come.
        return max(self._shares, key=lambda name: (len(self._shares[name].held) > 1, self._shares[name].size))

    def _drop_oldest(self, name: str) -> str:
        oldest = next(iter(self._shares[name].held))
        self._remove(name, oldest)
        return oldest

    def _remove(self, name: str, function_id: str) -> bool:
        share = self._shares.get(name)
        held = None if share is None else share.remove(function_id)
        if share is None or held is None:
            return False
        if not share.held:
            del self._shares[name]
        self._count -= 1
        self._size -= held.size
        self._owners[function_id] -= 1
        if not self._owners[function_id]:
            del self._owners[function_id]
        return True

    def _tell(self, dropped: list[str]) -> None:
        for function_id in dropped:
            if function_id not in self._owners:
                self._on_drop(function_id)


def _size_of(function: WengertList) -> int:
    columns = function.primitives, function.arguments, function.constants, function.parameters
    size = _OVERHEAD_BYTES + sum(column.nbytes for column in columns)
    size += sum(tensor.nbytes + _BYTES_OF_ONE for tensor in function.tensors)
    size += sum(_size_of(body) for body in function.bodies)
    named = len(function.inputs) + len(function.outputs) + len(function.labels)
    # Each statement has a row in the table of shapes.
    return size + _BYTES_OF_ONE * named + 16 * len(function.primitives)

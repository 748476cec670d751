"""Nested inputs and outputs: taken apart into named arrays, and put together again as they were.

What is taken apart: dictionaries, named tuples and data classes, whose parts are named ``whole.part``;
lists and tuples, whose parts are named ``whole_0``, ``whole_1``, ... Everything else is a leaf.
"""

from __future__ import annotations

import dataclasses
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wengert_client._errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Structure", "take_apart"]

_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Structure:
    """How a value is put together.

    Attributes
    ----------
    name
        Of the whole; of a leaf, what its array is called.
    kind
        The type of the whole, or None for a leaf; ``type(None)`` where there is nothing.
    keys
        What the parts are called in the whole; for lists and tuples their places.
    parts
        The parts.
    """

    name: str
    kind: Any = None
    keys: tuple[Any, ...] = ()
    parts: tuple[Structure, ...] = ()

    @property
    def is_leaf(self) -> bool:
        """Whether it is one array."""
        return self.kind is None

    def leaves(self) -> Iterator[str]:
        """Give the names of all arrays, in order."""
        if self.kind is None:
            yield self.name
        for part in self.parts:
            yield from part.leaves()

    def restore(self, arrays: Mapping[str, Any]) -> Any:
        """Put the whole together from its arrays by name; one that is missing is None."""
        if self.kind is None:
            return arrays.get(self.name)
        kind: Any = self.kind
        if kind is type(None):
            return None
        values = [part.restore(arrays) for part in self.parts]
        named = dict(zip(self.keys, values, strict=True))
        if dataclasses.is_dataclass(kind):
            return _data_class(kind, named)
        if hasattr(kind, "_fields"):
            return kind(*values)
        return kind(named if issubclass(kind, Mapping) else values)

    def arrays_of(self, value: Any) -> dict[str, Any]:
        """Take a value of this structure apart, into its arrays by name.

        Raises
        ------
        BuildError
            It is of another structure.
        """
        if self.kind is None:
            return {self.name: value}
        given = _parts_of(value)
        if given is None or set(given[1]) - set(self.keys):
            raise BuildError(f"{self.name}: expected is {self._described()}, not {_short(value)}")
        found: dict[str, Any] = {}
        for key, part in zip(self.keys, self.parts, strict=True):
            if key not in given[1]:
                raise BuildError(f"{self.name}: {key!r} is missing; expected is {self._described()}")
            found.update(part.arrays_of(given[1][key]))
        return found

    def _described(self) -> str:
        name = "nothing" if self.kind in {None, type(None)} else getattr(self.kind, "__name__", "")
        return f"a {name} of {', '.join(map(str, self.keys))}" if self.keys else name


def take_apart(
    value: Any, name: str, is_leaf: Callable[[Any], bool], *, named_root: bool = True, depth: int = 0
) -> tuple[Structure, list[tuple[str, Any]]]:
    """Give the structure of a value, and its leaves by name, in order.

    Parameters
    ----------
    value
        What to take apart.
    name
        What it is called.
    is_leaf
        Says of what could be taken apart that it is one array all the same.
    named_root
        False: parts that have names of their own are not called after the whole.
    depth
        How many wholes are around it.
    """
    if depth > _DEEPEST:
        raise BuildError(f"{name}: there are more than {_DEEPEST} structures within each other")
    if value is None:
        return Structure(name, type(None)), []
    taken = None if is_leaf(value) else _parts_of(value)
    if taken is None:
        return Structure(name), [(name, value)]
    kind, items = taken
    parts, leaves = [], []
    for key, item in items.items():
        part_name = _part_name(name, key, by_place=issubclass(kind, (list, tuple)) and not hasattr(kind, "_fields"))
        if not named_root and part_name.startswith(f"{name}."):
            part_name = part_name[len(name) + 1 :]
        part, found = take_apart(item, part_name, is_leaf, depth=depth + 1)
        parts.append(part)
        leaves += found
    return Structure(name, kind, tuple(items), tuple(parts)), leaves


def _parts_of(value: Any) -> tuple[Any, dict[Any, Any]] | None:
    """Give the kind of a whole and its parts by key; None for anything else."""
    kind: Any = type(value)
    if isinstance(value, Mapping):
        return (kind if kind in {dict, OrderedDict} else dict), dict(value)
    if dataclasses.is_dataclass(kind):
        return kind, {field.name: getattr(value, field.name) for field in dataclasses.fields(kind)}
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return kind, dict(zip(kind._fields, value, strict=True))
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple), dict(enumerate(value))
    return None


def _part_name(whole: str, key: Any, *, by_place: bool) -> str:
    if by_place or not isinstance(key, str):
        return f"{whole}_{_as_word(key)}"
    return f"{whole}.{'.'.join(_as_name(word) for word in key.split('.'))}"


def _as_word(key: Any) -> str:
    return re.sub(r"\W", "_", str(key), flags=re.ASCII)


def _as_name(key: str) -> str:
    """Give a key as a segment of a name: what no name has becomes ``_``."""
    word = _as_word(key)
    return f"_{word}" if not word or word[0].isdigit() else word


def _data_class(kind: Any, values: dict[str, Any]) -> Any:
    """Make one, with fields that its ``__init__`` does not take put in afterwards."""
    fields = dataclasses.fields(kind)
    made = kind(**{field.name: values[field.name] for field in fields if field.init})
    for field in fields:
        if not field.init:
            object.__setattr__(made, field.name, values[field.name])
    return made


def _short(value: Any) -> str:
    parts = _parts_of(value)
    if parts is None:
        return f"a {type(value).__name__}"
    keys: Sequence[Any] = list(parts[1])
    return f"a {type(value).__name__} of {', '.join(map(str, keys)) or 'nothing'}"

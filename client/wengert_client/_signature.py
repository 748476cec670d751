"""From a caller's arguments to the points and shared values of a request.

Only what cannot be put into a request is refused here; the rest is the server's to judge, so that
there is one authority and every language hears the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import numpy as np

from wengert_client._errors import InvalidRequest, Violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from wengert_client._results import Floats, InputInfo

__all__ = ["Signature", "as_floats", "names", "refuse"]

Named: TypeAlias = "Mapping[str, ArrayLike]"


class Signature:
    """The inputs of a function, and how callers may give them.

    Parameters
    ----------
    inputs
        In the list's order.
    """

    def __init__(self, inputs: Iterable[InputInfo]) -> None:
        self.inputs = tuple(inputs)
        self._by_name = {each.name: each for each in self.inputs}
        self._has_defaults = any(each.default is not None for each in self.inputs)

    def arrange(
        self, points: ArrayLike | Named | None, shared: Named | None, named: Named
    ) -> tuple[Floats | None, dict[str, Floats]]:
        """Give the points, float64 of shape (n',) or (K, n') or None, and the shared values by name."""
        if isinstance(points, Mapping):
            named, points = {**points, **named}, None
        values = {name: as_floats(value, f"shared {name}") for name, value in (shared or {}).items()}
        if points is None:
            return self._from_names(named, values)
        if named:
            refuse("INVALID_POINTS", "points", "inputs are given by name, or as one vector, but not both at once")
        x = as_floats(points, "points")
        if self._has_defaults:
            self._default_what_is_left_out(x, values)
        return (x.reshape(1) if x.ndim == 0 else x), values

    def directions(
        self, directions: ArrayLike | Named, with_respect_to: Sequence[str], shared: Iterable[str]
    ) -> Floats:
        """Give tangents as one array, last axis n_w; by name, what is left out is 0."""
        if not isinstance(directions, Mapping):
            return as_floats(directions, "tangents")
        left_out = set(shared)
        chosen = with_respect_to or [each.name for each in self.inputs if each.name not in left_out]
        self._check_names(directions, "tangents", chosen)
        arrays = {name: as_floats(value, f"tangents of {name}") for name, value in directions.items()}
        lead = self._common_lead(arrays)
        parts = []
        for each in (self._by_name[name] for name in chosen):
            part = arrays.get(each.name, np.zeros((*lead, *each.shape)))
            parts.append(part.reshape(*lead, each.size))
        return np.concatenate(parts, axis=-1)

    def size_of(self, names: Iterable[str]) -> int:
        """Give how many scalars the inputs of these names have together; none where there is no such input."""
        return sum(self._by_name[name].size for name in names if name in self._by_name)

    def split(self, array: ArrayLike, chosen: Sequence[str]) -> dict[str, Floats]:
        """Take the last axis of an array apart, into one array for each of the inputs chosen (none: all)."""
        self._check_names(chosen, "with_respect_to", list(self._by_name))
        return split(array, [(each.name, each.shape, each.size) for each in self._chosen(chosen)])

    def _chosen(self, chosen: Sequence[str]) -> list[InputInfo]:
        return [self._by_name[name] for name in chosen] if chosen else list(self.inputs)

    def _from_names(self, named: Named, shared: dict[str, Floats]) -> tuple[Floats | None, dict[str, Floats]]:
        """Lay the inputs given by name one after another; what is left out has its default, shared."""
        free = [each.name for each in self.inputs if each.name not in shared]
        self._check_names(named, "points", free)
        given: list[tuple[InputInfo, Floats]] = []
        for each in (self._by_name[name] for name in free):
            if each.name in named:
                given.append((each, as_floats(named[each.name], f"input {each.name}")))
            elif each.default is not None:
                shared[each.name] = each.default
            else:
                refuse("INVALID_POINTS", "points", f"input {each.name} is not given, and has no default")
        return (_side_by_side(given) if given else None), shared

    def _default_what_is_left_out(self, x: Floats, shared: dict[str, Floats]) -> None:
        """Share the defaults unless the points are wide enough to hold the inputs that have one."""
        free = [each for each in self.inputs if each.name not in shared]
        width = x.shape[-1] if x.ndim else 1
        all_of_them = sum(each.size for each in free)
        needed = sum(each.size for each in free if each.default is None)
        if width == all_of_them:
            return
        if width != needed:
            wanted = f"{needed} for the inputs without a default, or {all_of_them} for all that are not shared"
            refuse("INVALID_POINTS", "points", f"each point has {width} numbers; expected are {wanted}")
        shared.update((each.name, each.default) for each in free if each.default is not None)

    def _check_names(self, given: Iterable[str], field: str, known: Sequence[str]) -> None:
        for name in given:
            if name in known:
                continue
            if name in self._by_name:
                refuse("INVALID_NAME", field, f"input {name} is given here, but is shared or not selected")
            listed = ", ".join(self._by_name) or "none"
            refuse("UNKNOWN_NAME", field, f"the function has no input {name}; its inputs: {listed}")

    def _common_lead(self, arrays: Mapping[str, Floats]) -> tuple[int, ...]:
        """Give the axes that all directions have in front of their input's own."""
        leads = set()
        for name, array in arrays.items():
            shape = self._by_name[name].shape
            at = array.ndim - len(shape)
            if at < 0 or array.shape[at:] != shape:
                told = f"tangents of {name} have the shape {array.shape}; the last axes must be {shape}"
                refuse("INVALID_DIRECTIONS", "tangents", told)
            leads.add(array.shape[:at])
        if len(leads) != 1:
            told = f"tangents need the same axes of points and directions in all inputs, not {sorted(leads)}"
            refuse("INVALID_DIRECTIONS", "tangents", told)
        return leads.pop()


def split(array: ArrayLike, parts: Sequence[tuple[str, tuple[int, ...], int]]) -> dict[str, Floats]:
    """Take the last axis of an array apart: parts are (name, shape, size), and the results views."""
    whole = as_floats(array, "the array")
    size = sum(each for _, _, each in parts)
    if whole.ndim == 0 or whole.shape[-1] != size:
        told = f"the array has the shape {whole.shape}; its last axis must have {size} numbers"
        refuse("INVALID_SHAPE", "", told)
    pieces, at = {}, 0
    for name, shape, length in parts:
        pieces[name] = whole[..., at : at + length].reshape(whole.shape[:-1] + shape)
        at += length
    return pieces


def names(given: str | Iterable[str] | None) -> list[str]:
    """Give names as a list; a single one may stand for itself."""
    if given is None:
        return []
    return [given] if isinstance(given, str) else list(given)


def as_floats(value: ArrayLike, what: str) -> Floats:
    """Give a float64 array; complex numbers, objects and text are refused, nothing is cut off."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        refuse("MALFORMED_REQUEST", "", f"{what}: real numbers are expected, not an array of {array.dtype}")
    return np.asarray(array, dtype=np.float64)


def refuse(reason: str, field: str, description: str) -> NoReturn:
    """Refuse a request before it is sent, as the server would."""
    violations = [Violation(field, description)] if field else []
    raise InvalidRequest(description, reason=reason, violations=violations)


def _side_by_side(given: Sequence[tuple[InputInfo, Floats]]) -> Floats:
    """Lay inputs one after another: (n',), or (K, n') where every one has a leading axis K."""
    leads = {}
    for each, array in given:
        at = array.ndim - len(each.shape)
        if at not in {0, 1} or array.shape[at:] != each.shape:
            wanted = f"{each.shape}, or {('K', *each.shape)} for K points".replace("'K'", "K")
            told = f"input {each.name} has the shape {array.shape}; expected is {wanted}"
            refuse("INVALID_POINTS", "points", told)
        leads[each.name] = array.shape[:at]
    if len(set(leads.values())) > 1:
        listed = ", ".join(f"{name}: {lead[0] if lead else 'one point'}" for name, lead in leads.items())
        told = f"inputs must be given at equally many points, or be shared ({listed})"
        refuse("INVALID_POINTS", "points", told)
    lead = next(iter(leads.values()))
    return np.concatenate([array.reshape(*lead, each.size) for each, array in given], axis=-1)

"""The derivatives of a function on a server, beside differences of its values and beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wengert_client._check_results import Check, OutputCheck, element_name, worst
from wengert_client._differences import Place, along, natural_scale, random_directions
from wengert_client._judging import check_tolerance, judge, sentence
from wengert_client._signature import names, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wengert_client._asking import Named
    from wengert_client._check_results import Verdict
    from wengert_client._function import Function
    from wengert_client._judging import Judged
    from wengert_client._preparation import Names
    from wengert_client._results import Floats, InputInfo, OutputInfo

__all__ = ["check_function"]

# More inputs than these are checked along some directions only.
_ALL = 64
# And fewer where there are many outputs: arrays of this many elements are made, directions times outputs.
_MOST_ELEMENTS = 1 << 22
_MOST_COTANGENTS = 64
_MIXED = 8
_DOT_RTOL = 1e-9
_VALUE_RTOL = 1e-12


def check_function(
    function: Function,
    x: Floats | None,
    bound: Named,
    outputs: Names | None,
    with_respect_to: Names | None,
    rtol: float,
    seed: int,
) -> Check:
    """Check at a point, or at K of them; see :meth:`Function.check`."""
    check_tolerance(rtol)
    rows = np.zeros((1, 0)) if x is None else np.atleast_2d(x)
    if not len(rows):
        refuse("INVALID_POINTS", "points", "there is no point to check at: K is 0")
    checks = []
    for row in rows:
        place = _Place.of(function, row, bound, names(outputs), names(with_respect_to))
        checks.append(_Checked(place, rtol, np.random.default_rng(seed)).result())
    return checks[0] if len(checks) == 1 else _merged(checks)


@dataclass(frozen=True, slots=True)
class _Place:
    """A function of the inputs that are differentiated by, all else at its value."""

    function: Function
    x: Floats
    rest: dict[str, Floats]
    inputs: list[InputInfo]
    outputs: list[OutputInfo]

    @classmethod
    def of(cls, function: Function, x: Floats, bound: Named, outputs: list[str], by: list[str]) -> _Place:
        signature = function.held.signature
        free = [each for each in signature.inputs if each.name not in bound]
        n = sum(each.size for each in free)
        if len(x) != n:
            refuse("INVALID_POINTS", "points", f"the point has {len(x)} numbers; expected are {n}")
        values = {name: np.asarray(value, dtype=np.float64) for name, value in bound.items()}
        at = np.cumsum([0, *(each.size for each in free)])
        values |= {each.name: x[at[i] : at[i + 1]].reshape(each.shape) for i, each in enumerate(free)}
        known = {each.name: each for each in function.info.outputs}
        for name in by:
            if name not in values:
                refuse(
                    "UNKNOWN_NAME",
                    "with_respect_to",
                    f"the function has no input {name}; its inputs: {', '.join(values)}",
                )
        for name in outputs:
            if name not in known:
                refuse("UNKNOWN_NAME", "outputs", f"the function has no output {name}; its outputs: {', '.join(known)}")
        chosen = [each for each in signature.inputs if each.name in (by or [one.name for one in free])]
        if not sum(each.size for each in chosen):
            refuse("INVALID_POINTS", "with_respect_to", "there is no input to differentiate by: all are shared")
        moved = np.concatenate([values.pop(each.name).reshape(-1) for each in chosen])
        return cls(function, moved, values, chosen, [known[name] for name in outputs or known])

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.outputs]

    def values(self, points: Floats) -> Floats:
        return self.function.value(points, shared=self.rest, outputs=self.names)

    def jvp(self, tangents: Floats) -> tuple[Floats, Floats]:
        both = self.function.value_and_jvp(self.x, tangents, shared=self.rest, outputs=self.names)
        return both.value, both.derivative

    def vjp(self, cotangents: Floats) -> tuple[Floats, Floats]:
        both = self.function.value_and_vjp(self.x, cotangents, shared=self.rest, outputs=self.names)
        return both.value, both.derivative

    def label(self, at: int) -> str:
        """The name of an element of x."""
        for each in self.inputs:
            if at < each.size:
                return element_name(each.name, each.shape, np.unravel_index(at, each.shape) if each.shape else ())
            at -= each.size
        raise IndexError(at)


class _Checked:
    """All comparisons at one point."""

    def __init__(self, place: _Place, rtol: float, rng: np.random.Generator) -> None:
        self._place = place
        self._rtol = rtol
        self._directions, reach, self._labels, self._told = _directions(place, rng)
        self._weights, self._owner = _cotangents(place.outputs, rng)
        self._found = along(place.values, place.x, self._directions, reach)
        first, self._forward = place.jvp(self._directions)
        second, self._reverse = place.vjp(self._weights)
        self._values = [first, second]

    def result(self) -> Check:
        forward = self._judged_forward()
        reverse, against = self._judged_reverse()
        dots = self._dots()
        at, checks = 0, []
        for number, each in enumerate(self._place.outputs):
            rows = [row for row, owner in enumerate(self._owner) if owner in (number, -1)]
            checks.append(self._output(each, slice(at, at + each.size), rows, forward, reverse, against, dots))
            at += each.size
        return Check(tuple(checks), self._told)

    def _judged_forward(self) -> Judged:
        found = self._found
        return judge(self._forward, found.derivative, found.error, found.size, found.place == Place.SMOOTH, self._rtol)

    def _judged_reverse(self) -> tuple[Judged, Floats]:
        """J^T v along each direction, beside the differences weighted with v: arrays (p, q)."""
        found, weights = self._found, np.abs(self._weights)
        smooth = (found.place == Place.SMOOTH) & np.isfinite(found.derivative)
        derivative, error, size = (np.where(smooth, each, 0.0) for each in (found.derivative, found.error, found.size))
        with np.errstate(all="ignore"):
            given = self._directions @ self._reverse.T
        expected = derivative @ self._weights.T
        usable = (~smooth).astype(np.float64) @ weights.T == 0
        return judge(given, expected, error @ weights.T, size @ weights.T, usable, self._rtol), given

    def _dots(self) -> Floats:
        """By how much v . J u and J^T v . u differ, beside their terms: (p, q), NaN where they are not finite."""
        with np.errstate(all="ignore"):
            one, other = self._forward @ self._weights.T, self._directions @ self._reverse.T
            terms = np.abs(self._forward) @ np.abs(self._weights.T) + np.abs(self._directions) @ np.abs(self._reverse.T)
            off = np.abs(one - other)
            return np.where(np.isfinite(off), np.divide(off, terms, out=np.zeros_like(off), where=terms > 0), np.nan)

    def _output(
        self,
        output: OutputInfo,
        columns: slice,
        rows: list[int],
        forward: Judged,
        reverse: Judged,
        given: Floats,
        dots: Floats,
    ) -> OutputCheck:
        found = self._found
        conclusive = forward.conclusive[:, columns]
        scale = _largest(np.abs(np.where(conclusive, found.derivative[:, columns], 0.0)))
        value_error = self._value_error(columns)
        dot_error = _largest(dots[:, rows])
        notes = self._notes(output, columns, forward)
        if (reverse.wrong[:, rows]).any():
            notes.append(self._reverse_note(rows, reverse, given))
        if dot_error > _DOT_RTOL:
            notes.append(
                f"v . J u and J^T v . u differ by {dot_error:.0e} of themselves: forward and reverse mode disagree"
            )
        if value_error > _VALUE_RTOL:
            notes.append(f"the calls give values of f that differ by {value_error:.0e} of themselves")
        failed = bool(forward.wrong[:, columns].any() or reverse.wrong[:, rows].any())
        failed = failed or dot_error > _DOT_RTOL or value_error > _VALUE_RTOL
        verdict: Verdict = "failed" if failed else "passed" if conclusive.any() else "inconclusive"
        relative = [
            _largest(np.where(conclusive, each, np.nan)) / (scale or 1.0)
            for each in (forward.off[:, columns], found.error[:, columns])
        ]
        vjp = _largest(np.where(reverse.conclusive, reverse.off, np.nan)[:, rows]) / (scale or 1.0)
        step = np.where(conclusive, found.step[:, columns], np.inf).min(initial=np.inf)
        return OutputCheck(
            output.name,
            verdict,
            value_error,
            relative[0],
            vjp,
            dot_error,
            relative[1],
            float(step) if np.isfinite(step) else np.nan,
            tuple(notes),
        )

    def _value_error(self, columns: slice) -> float:
        value = self._found.value[columns]
        size = np.abs(value).max(initial=0.0)
        off = 0.0
        for other in self._values:
            same = (other[columns] == value) | (np.isnan(other[columns]) & np.isnan(value))
            with np.errstate(all="ignore"):
                off = max(off, np.where(same, 0.0, np.abs(other[columns] - value)).max(initial=0.0))
        return float(off / size) if size and np.isfinite(size) else float(off)

    def _notes(self, output: OutputInfo, columns: slice, forward: Judged) -> list[str]:
        """One for each direction at which something is wrong or cannot be compared; what is wrong first."""
        wrong: list[str] = []
        unclear: list[str] = []
        for direction, label in enumerate(self._labels):
            bad = np.flatnonzero(~forward.conclusive[direction, columns] | forward.wrong[direction, columns])
            if not len(bad):
                continue
            faults = bad[forward.wrong[direction, columns][bad]]
            element = int((faults if len(faults) else bad)[0])
            at = (direction, columns.start + element)
            name = element_name(
                output.name, output.shape, np.unravel_index(element, output.shape) if output.shape else ()
            )
            of = "" if name == output.name else f"{name} "
            more = f" (and {len(bad) - 1} more elements)" if len(bad) > 1 else ""
            told = f"{of}along {label}: {sentence(self._found, at, float(self._forward[at]), forward)}{more}"
            (wrong if len(faults) else unclear).append(told)
        return wrong + unclear

    def _reverse_note(self, rows: list[int], reverse: Judged, given: Floats) -> str:
        direction, row = np.argwhere(reverse.wrong[:, rows])[0]
        at = int(direction), rows[int(row)]
        expected = float(self._found.derivative[at[0]] @ self._weights[at[1]])
        return f"along {self._labels[at[0]]}: J^T v . u is {given[at]:.6g}, the differences say {expected:.6g}"


def _directions(place: _Place, rng: np.random.Generator) -> tuple[Floats, Floats, list[str], str]:
    """Directions (p, n), what is a large step along each (p,), what each is called, and all in a word."""
    n, scale = len(place.x), natural_scale(place.x)
    m = sum(each.size for each in place.outputs)
    most = max(8, min(_ALL, _MOST_ELEMENTS // max(1, m)))
    if n <= most:
        told = "every input: 1 direction" if n == 1 else f"every input: {n} directions"
        return np.eye(n), scale, [place.label(at) for at in range(n)], told
    single, mixed = 3 * most // 8, most // 8
    some = np.sort(rng.choice(n, single, replace=False))
    moves = np.zeros((single, n))
    moves[np.arange(single), some] = 1.0
    labels = [*(place.label(int(at)) for at in some), *(f"random direction {at}" for at in range(mixed))]
    reach = np.concatenate([scale[some], np.ones(mixed)])
    directions = np.concatenate([moves, random_directions(place.x, mixed, rng)])
    told = f"{single} of {n} inputs and {mixed} random direction{'s' if mixed > 1 else ''}"
    return directions, reach, labels, told


def _cotangents(outputs: Sequence[OutputInfo], rng: np.random.Generator) -> tuple[Floats, list[int]]:
    """Cotangents (q, m), and the output each belongs to; -1: all of them."""
    m = sum(each.size for each in outputs)
    owner = np.repeat(np.arange(len(outputs)), [each.size for each in outputs])
    if m <= _MOST_COTANGENTS:
        return np.eye(m), [int(each) for each in owner]
    if len(outputs) > _MOST_COTANGENTS // 2:
        return rng.choice([-1.0, 1.0], (_MIXED, m)), [-1] * _MIXED
    signs = rng.choice([-1.0, 1.0], (2, len(outputs), m)) * (owner == np.arange(len(outputs))[:, None])
    return signs.reshape(-1, m), [*range(len(outputs))] * 2


def _largest(array: Floats) -> float:
    """The largest that is a number; NaN where there is none."""
    numbers = array[~np.isnan(array)]
    return float(numbers.max()) if numbers.size else np.nan


def _merged(checks: Sequence[Check]) -> Check:
    """One check of several points: the largest errors, the worst verdict; what passed at some point passed."""
    merged = []
    for same in zip(*(each.outputs for each in checks), strict=True):
        verdicts = [each.verdict for each in same if each.verdict != "inconclusive"]
        errors = {
            name: _largest(np.array([getattr(each, name) for each in same]))
            for name in ("value_error", "jvp_error", "vjp_error", "dot_error", "difference_error")
        }
        steps = np.array([each.step for each in same])
        step = float(np.nanmin(steps)) if (~np.isnan(steps)).any() else np.nan
        notes = tuple(f"point {at}: {note}" for at, each in enumerate(same) for note in each.notes)
        merged.append(OutputCheck(same[0].name, worst(verdicts), **errors, step=step, notes=notes))
    return Check(tuple(merged), f"{checks[0].directions}, at {len(checks)} points")

"""Derivatives by differences of values: central ones at many steps, extrapolated, with an estimate of their error.

Of values at x + h u and x - h u, for h halved again and again, a triangle of extrapolations is made (Richardson;
Ridders 1982): order 2, 4, 6 and 8 in h. The entry is taken whose neighbours differ least from it, and how much they
differ, with what rounding can do, is the estimate. Where values are not those of a smooth function, the same
values tell: slopes that differ on both sides for all small h are a kink, values that differ are a jump, values that
are missing on one side are the edge of a domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wengert_client._results import Floats

    Evaluate = Callable[[Floats], Floats]

__all__ = ["Differences", "Place", "along", "natural_scale", "random_directions"]

# Not a power of 2, so that a period of the function is hardly hit twice; so short that x + h u is mostly exact.
_LARGEST_STEP = 243 / 1024
_LEVELS = 16
# Each round goes on where the one before it ended: from 0.24 down to 7e-6, to 1e-10, to 2e-15. The last one is for
# points so near 0 that such a step still moves them.
_ROUNDS = 3
_NEAR_ZERO = 2.0**-10
_ORDERS = 4
# Units in the last place by which a value may be off.
_ULPS = 4.0
_SETTLED = 1e-7
_TAIL = 4
_BATCH_ELEMENTS = 1 << 22
_OF_DIRECTIONS = ("derivative", "error", "step", "place", "left", "right", "size")


class Place(IntEnum):
    """What the values around a point tell of it."""

    SMOOTH = 0
    KINK = 1
    JUMP = 2
    EDGE = 3
    UNDEFINED = 4


@dataclass(frozen=True, slots=True)
class Differences:
    """Derivatives along p directions, of m values.

    Attributes
    ----------
    derivative : float64, shape (p, m)
        Extrapolated.
    error : float64, shape (p, m)
        How far off they may be, about; infinite where nothing could be made of the values.
    step : float64, shape (p, m)
        The smallest step in them, in parts of the reach.
    place : int8, shape (p, m)
        A :class:`Place` each.
    left, right : float64, shape (p, m)
        The slopes on both sides, at a middle step.
    size : float64, shape (p, m)
        How large values are at a middle step, beside the reach.
    value : float64, shape (m,)
        At the point itself.
    """

    derivative: Floats
    error: Floats
    step: Floats
    place: NDArray[np.int8]
    left: Floats
    right: Floats
    size: Floats
    value: Floats


def natural_scale(x: Floats) -> Floats:
    """Give by how much each x_j is moved for a step of 1: a power of 2, about |x_j| and 1 at least.

    >>> natural_scale(np.array([0.0, 3.0, -1000.0]))
    array([   1.,    2.,  512.])
    """
    return np.exp2(np.floor(np.log2(np.maximum(np.abs(x), 1.0))))


def random_directions(x: Floats, number: int, rng: np.random.Generator) -> Floats:
    """Give directions (number, n) that move each x_j by about its own size, so that none leaves a domain first."""
    own = np.exp2(np.floor(np.log2(np.abs(np.where(x == 0, 1.0, x)))))
    return rng.choice([-1.0, 1.0], (number, len(x))) * own


def along(
    evaluate: Evaluate, x: Floats, directions: Floats, reach: Floats, eps: float = np.finfo(float).eps
) -> Differences:
    """Differentiate along directions by values alone, as many at once as memory bears.

    Parameters
    ----------
    evaluate
        Gives the values (K, m) at points (K, n).
    x : float64, shape (n,)
    directions : float64, shape (p, n)
    reach : float64, shape (p,)
        What is a large step along each: see :func:`natural_scale`.
    eps
        Of the type that the values are computed in.
    """
    value = evaluate(x[None])[0]
    rows = max(1, _BATCH_ELEMENTS // max(1, _LEVELS * len(value)))
    parts = [
        _along(evaluate, x, value, directions[first : first + rows], reach[first : first + rows], eps)
        for first in range(0, max(1, len(directions)), rows)
    ]
    if len(parts) == 1:
        return parts[0]
    whole: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _OF_DIRECTIONS}
    return Differences(**whole, value=value)


def _along(evaluate: Evaluate, x: Floats, value: Floats, directions: Floats, reach: Floats, eps: float) -> Differences:
    directions = directions * reach[:, None]
    p, m = len(directions), len(value)
    # Types are declared: to find those of what a loop changes takes a type checker a minute.
    known: tuple[Floats, ...] = tuple(np.zeros((0, p, each)) for each in (m, m, 1))
    best = _nothing_yet(p, value)
    near_zero = np.all((np.abs(x) <= _NEAR_ZERO * np.abs(directions)) | (directions == 0), axis=1)
    pending: NDArray[np.intp] = np.arange(p)
    for round_ in range(_ROUNDS):
        first = round_ * _LEVELS
        h = _LARGEST_STEP * np.exp2(-np.arange(first, first + _LEVELS, dtype=np.float64))
        more = _around(evaluate, x, directions[pending], h)
        known = tuple(np.concatenate([old, new]) for old, new in zip(known, more, strict=True))
        plus, minus, step = known
        _put(best, pending, _read(value, plus, minus, step, reach[pending, None], eps))
        unsettled: NDArray[np.bool_] = ~np.all(_settled(best, value, reach)[pending], axis=1)
        unsettled &= near_zero[pending] | (round_ < _ROUNDS - 2)
        if not unsettled.any():
            break
        pending = pending[unsettled]
        known = tuple(each[:, unsettled] for each in known)
    return best


def _nothing_yet(p: int, value: Floats) -> Differences:
    derivative, error, step, left, right, size = np.zeros((6, p, len(value)))
    return Differences(derivative, error, step, np.zeros(derivative.shape, np.int8), left, right, size, value)


def _around(evaluate: Evaluate, x: Floats, directions: Floats, h: Floats) -> tuple[Floats, Floats, Floats]:
    """Give the values on both sides, (levels, p, m) each, and half their distance, (levels, p, 1)."""
    moves = (h[:, None, None] * directions).reshape(-1, len(x))
    rows = max(1, _BATCH_ELEMENTS // max(1, len(x)))
    sides = []
    for sign in (1.0, -1.0):
        parts = [evaluate(x + sign * moves[first : first + rows]) for first in range(0, len(moves), rows)]
        sides.append(np.concatenate(parts).reshape(len(h), len(directions), -1))
    return sides[0], sides[1], np.broadcast_to(h[:, None, None], (len(h), len(directions), 1))


def _put(best: Differences, rows: NDArray[np.intp], new: Differences) -> None:
    for name in _OF_DIRECTIONS:
        getattr(best, name)[rows] = getattr(new, name)


def _settled(found: Differences, value: Floats, reach: Floats) -> NDArray[np.bool_]:
    """Whether a derivative is known well, beside itself or beside the value; or can never be.

    What looks like a kink may be a sharp bend that smaller steps resolve.
    """
    known = found.error <= _SETTLED * np.maximum(np.abs(found.derivative), np.abs(value) / reach[:, None])
    settled: NDArray[np.bool_] = (known & (found.place == Place.SMOOTH)) | (found.place == Place.UNDEFINED)
    return settled


def _read(value: Floats, plus: Floats, minus: Floats, h: Floats, reach: Floats, eps: float) -> Differences:
    """Make what can be made of values at all steps so far, h times `reach`; levels go down in h."""
    with np.errstate(all="ignore"):
        central, size = (plus - minus) / (2 * h), np.maximum(np.abs(plus), np.abs(minus))
        noise = eps * (_ULPS * size + np.abs(central)) / h  # The step is rounded, too.
        derivative, error, level = _extrapolated(central, noise)
        right, left = (plus - value) / h, (value - minus) / h
        place = _places(value, plus, minus, h, eps)
        # What settles is no jump, though rounding may look like one.
        place[(place == Place.JUMP) & (error <= _SETTLED * np.abs(derivative))] = Place.SMOOTH
    step = np.take_along_axis(np.broadcast_to(h, plus.shape), level[None], axis=0)[0]
    before, after, size = (_middle(each) / reach for each in (left, right, size))
    return Differences(derivative / reach, error / reach, step, place, before, after, size, value)


def _extrapolated(central: Floats, noise: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Give the best entry of the triangle, its error, and the level of its smallest step."""
    p, m = central.shape[1:]
    best, error = np.full((p, m), np.nan), np.full((p, m), np.inf)
    level = np.zeros((p, m), np.intp)
    column, (least, most) = central, _bounds(central, noise)
    for order in range(1, _ORDERS):
        finer = column[1:] + (column[1:] - column[:-1]) / (4.0**order - 1)
        # Three differences at least have to agree: two may do so by chance.
        moved = np.maximum(np.abs(finer - column[1:]), np.abs(finer - column[:-1]))[1:]
        estimate = np.maximum(moved, np.abs(finer[1:] - finer[:-1])) + noise[-len(moved) :]
        # What smaller steps contradict was an accident.
        rest = slice(-len(moved), None)
        estimate = np.maximum(estimate, np.maximum(least[rest] - finer[1:], finer[1:] - most[rest]))
        estimate = np.where(np.isfinite(estimate) & np.isfinite(finer[1:]), estimate, np.inf)
        at = np.argmin(estimate, axis=0)
        lowest = np.take_along_axis(estimate, at[None], axis=0)[0]
        better = lowest < error
        error = np.where(better, lowest, error)
        best = np.where(better, np.take_along_axis(finer[1:], at[None], axis=0)[0], best)
        level = np.where(better, at + order + 1, level)
        column = finer
    return best, error, level


def _bounds(central: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Give at least and at most what the derivative is by the differences at each step and all smaller ones.

    A difference is off by less than it has moved, and three in a row have to say so.
    """
    reach = np.full(central.shape, np.inf)
    reach[1:] = np.abs(central[1:] - central[:-1]) + 2 * noise[1:]
    known = np.isfinite(central) & np.isfinite(reach)
    least, most = np.where(known, central - reach, -np.inf), np.where(known, central + reach, np.inf)
    least[:-2] = np.minimum(np.minimum(least[:-2], least[1:-1]), least[2:])
    most[:-2] = np.maximum(np.maximum(most[:-2], most[1:-1]), most[2:])
    least[-2:], most[-2:] = -np.inf, np.inf
    return np.maximum.accumulate(least[::-1])[::-1], np.minimum.accumulate(most[::-1])[::-1]


def _places(value: Floats, plus: Floats, minus: Floats, h: Floats, eps: float) -> NDArray[np.int8]:
    """Tell what kind of place the point is, for each direction and value."""
    rounding = _ULPS * eps * np.maximum(np.maximum(np.abs(plus), np.abs(minus)), np.abs(value))
    place = np.zeros(plus.shape[1:], np.int8)
    bend = plus - 2 * value + minus
    place[_constant_tail(bend / h, np.abs(bend) > 40 * rounding)] = Place.KINK
    gap = np.maximum(np.abs(plus - value), np.abs(minus - value))
    place[_constant_tail(gap, gap > 40 * rounding)] = Place.JUMP
    one_sided = ~(np.isfinite(plus[-_TAIL:]) & np.isfinite(minus[-_TAIL:])).any(axis=0)
    place[one_sided] = Place.EDGE
    place[:, ~np.isfinite(value)] = Place.UNDEFINED
    return place


def _constant_tail(series: Floats, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the last usable entries of a series, one a level, are the same up to half of themselves.

    Of a smooth function each is half of the one before it, or less, until rounding hides them.
    """
    levels = len(series)
    ends = levels - np.argmax(usable[::-1], axis=0)  # One past the smallest step that is usable.
    ends = np.where(usable.any(axis=0), ends, 0)
    result = ends >= _TAIL
    rows = np.maximum(ends - _TAIL, 0)[None] + np.arange(_TAIL)[:, None, None]
    tail = np.take_along_axis(series, np.minimum(rows, levels - 1), axis=0)
    same = np.abs(tail).max(axis=0) < 1.5 * np.abs(tail).min(axis=0)
    one_sign = np.all(tail > 0, axis=0) | np.all(tail < 0, axis=0)
    constant: NDArray[np.bool_] = result & same & one_sign
    return constant


def _middle(series: Floats) -> Floats:
    """Give what is at the middle of the finite levels: not where rounding rules; NaN where there is none."""
    finite = np.isfinite(series)
    count = finite.sum(axis=0)
    rank = np.cumsum(finite, axis=0)
    at = np.argmax(rank >= np.maximum(1, (count + 1) // 2), axis=0)
    found = np.take_along_axis(series, at[None], axis=0)[0]
    return np.where(count > 0, found, np.nan)

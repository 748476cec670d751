"""What is likely wrong with a derivative: it is transposed, has the wrong sign, a factor, entries in wrong places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from wengert_client._judging import judge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wengert_client._judging import Judged
    from wengert_client._results import Floats

__all__ = ["Matrix", "diagnosis"]

_MOST_NAMED = 6
# A ratio of so small whole numbers is hardly one by chance.
_SIMPLE = 12
_SIMPLE_RTOL = 1e-5


@dataclass(frozen=True, slots=True)
class Matrix:
    """A derivative (m, n) that is wrong, and what it should be; as :func:`judge` takes them."""

    given: Floats
    expected: Floats
    error: Floats
    size: Floats
    smooth: NDArray[np.bool_]
    rtol: float

    def judged(self) -> Judged:
        """Compare."""
        return judge(self.given, self.expected, self.error, self.size, self.smooth, self.rtol)

    def if_given(self, given: Floats) -> bool:
        """Whether it would be right if this were given."""
        judged = replace(self, given=given).judged()
        return bool(judged.conclusive.any() and not judged.wrong.any())

    def part(self, rows: slice, columns: slice) -> Matrix:
        """Some rows and columns of it."""
        at = rows, columns
        return Matrix(self.given[at], self.expected[at], self.error[at], self.size[at], self.smooth[at], self.rtol)

    def factor(self) -> float | None:
        """By what the given is to be multiplied to be right, where one number does it; known from 2 entries on."""
        with np.errstate(all="ignore"):
            clear = self.smooth & (np.abs(self.expected) > 1e4 * self.error) & (self.given != 0)
            ratios = (self.expected / self.given)[clear & np.isfinite(self.given)]
        if not len(ratios):
            return None
        factor = float(np.median(ratios))
        simple = _fraction(factor)
        if len(ratios) == 1 and simple is None:
            return None
        factor = float(simple) if simple is not None else factor
        return factor if self.if_given(factor * self.given) else None


def diagnosis(matrix: Matrix, judged: Judged) -> list[str]:
    """Say what is likely wrong with a derivative of which some entries are; the whole first, then its parts."""
    m, n = matrix.given.shape
    if m == n and m > 1 and matrix.if_given(matrix.given.T):
        return ["it looks transposed: J[i, j] is the derivative of f_i by x_j"]
    factor = matrix.factor()
    if factor is not None:
        return [f"all of it {_off_by(factor)}"]
    moved = _moved(matrix, judged)
    if moved:
        return moved
    return _parts(matrix, judged)


def _off_by(factor: float) -> str:
    if factor == -1.0:
        return "has the opposite sign"
    return f"is off by a factor: given is {_told(1.0 / factor)} times what it should be"


def _told(number: float) -> str:
    """Give a number as people say it.

    >>> _told(0.5), _told(-2.0), _told(3.14159265)
    ('1/2', '-2', '3.14159')
    """
    simple = _fraction(number)
    return f"{number:.6g}" if simple is None else str(simple)


def _fraction(number: float) -> Fraction | None:
    if not np.isfinite(number) or number == 0 or abs(number) > _SIMPLE or abs(number) < 1 / _SIMPLE:
        return None
    simple = Fraction(number).limit_denominator(_SIMPLE)
    return simple if abs(float(simple) - number) <= _SIMPLE_RTOL * abs(number) else None


def _moved(matrix: Matrix, judged: Judged) -> list[str]:
    """Columns that hold what belongs into others: swapped, reversed, shifted."""
    columns = np.flatnonzero(judged.wrong.any(axis=0))
    if not 1 < len(columns) <= 64:
        return []
    source: dict[int, int] = {}
    for to in columns:
        fits = [int(other) for other in columns if other != to and _fits(matrix, int(to), int(other))]
        free = [other for other in fits if other not in source.values()]
        if not free:
            return []
        source[int(to)] = free[0]
    told = ", ".join(f"{other} is the derivative by x[{to}]" for to, other in list(source.items())[:_MOST_NAMED])
    more = ", ..." if len(source) > _MOST_NAMED else ""
    return [f"columns look mixed up: column {told}{more}"]


def _fits(matrix: Matrix, to: int, other: int) -> bool:
    """Whether what is given in one column is right in another."""
    column = matrix.part(slice(None), slice(to, to + 1))
    return column.if_given(matrix.given[:, other : other + 1])


def _parts(matrix: Matrix, judged: Judged) -> list[str]:
    """Name rows and columns that are wrong by one factor, and entries beyond those."""
    left = judged.wrong.copy()
    told = []
    for axis, name in ((1, "column"), (0, "row")):
        if matrix.given.shape[1 - axis] < 2:
            continue  # Of one entry any number is a factor.
        for at in np.flatnonzero(left.any(axis=1 - axis)):
            one = slice(int(at), int(at) + 1)
            factor = matrix.part(*((slice(None), one) if axis else (one, slice(None)))).factor()
            if factor is not None and np.count_nonzero(np.take(left, at, axis)) > 1:
                told.append(f"{name} {at} {_off_by(factor)}")
                left[(slice(None), at) if axis else (at, slice(None))] = False
    entries = np.argwhere(left)
    told += [_entry(matrix, int(i), int(j)) for i, j in entries[: max(1, _MOST_NAMED - len(told))]]
    more = len(entries) - max(1, _MOST_NAMED - len(told))
    shown = told[: 2 * _MOST_NAMED]
    hidden = len(told) - len(shown) + max(0, more)
    return shown + ([f"{hidden} more are wrong"] if hidden else [])


def _entry(matrix: Matrix, i: int, j: int) -> str:
    given, expected, error = (float(each[i, j]) for each in (matrix.given, matrix.expected, matrix.error))
    told = f"entry ({i}, {j}) is {given:.6g}, the differences say {expected:.6g} +- {error:.0e}"
    if given and expected and np.isfinite(given):
        ratio = given / expected
        if ratio == -1 or abs(ratio + 1) <= _SIMPLE_RTOL:
            return f"{told}: the opposite sign"
        if _fraction(ratio) is not None:
            return f"{told}: given is {_told(ratio)} times it"
    return told

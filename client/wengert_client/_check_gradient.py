"""Gradients and Jacobians of any callable, beside differences of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client._check_results import GradientCheck
from wengert_client._diagnosis import Matrix, diagnosis
from wengert_client._differences import Place, along, natural_scale, random_directions
from wengert_client._judging import Judged, check_tolerance, judge, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from wengert_client._check_results import Verdict
    from wengert_client._differences import Differences
    from wengert_client._results import Floats

__all__ = ["check_gradient"]

_FLOAT32_RTOL = 1e-4
_RANDOM = 4
_MOST_NAMED = 6


def check_gradient(
    f: Callable[..., ArrayLike],
    gradient: Callable[..., Any],
    x: ArrayLike,
    *,
    args: Sequence[Any] = (),
    many: bool = False,
    rtol: float = 1e-6,
    most_columns: int = 256,
    seed: int = 0,
) -> GradientCheck:
    """Check the gradient, or the Jacobian, of any function, and say what is likely wrong with it.

    The derivative is made of values of f at many steps around x, by extrapolation to order 8 with an estimate of its
    error (Ridders 1982), so that a difference that is found is one of the gradient. It costs about 32 calls of f for
    each element of x.

    Parameters
    ----------
    f
        Gives a number or an array, m numbers together, for an array like `x`. Errors of arithmetic and of values
        that it raises count as NaN.
    gradient
        Gives the derivative at such an array: of the shape of `x` for a number, (m, n) for an array, or that of f
        followed by that of `x`. Sparse matrices may come, too.
    x
        Where; n numbers together, moved by about their own size and by 1 at least.
    args
        Further arguments of both.
    many
        f takes K points with a leading axis, and gives K values, in one call.
    rtol
        How much of itself an entry may be off, beside what the differences may be: from 0 to less than 1.
    most_columns
        Of more elements of x only so many are looked at, chosen at random, and four directions that move all.
    seed
        Of what is random.

    Examples
    --------
    >>> def f(x):
    ...     return x[0] ** 2 * x[1]
    >>> check_gradient(f, lambda x: np.array([2 * x[0] * x[1], x[0] ** 2]), [3.0, 4.0]).passed
    True
    >>> print(check_gradient(f, lambda x: np.array([x[0] * x[1], x[0] ** 2]), [3.0, 4.0]))
    failed: 1 x 2, relative error 5.0e-01
      entry (0, 0) is 12, the differences say 24 +- 4e-13: given is 1/2 times it
    """
    check_tolerance(rtol)
    point = np.array(x, dtype=np.float64)
    values = _Values(f, point.shape, args, many=many)
    flat = point.reshape(-1)
    value = values(flat[None])[0]
    given, notes, rtol = _given(gradient, point, args, rtol)
    columns, mixed = _directions(flat, most_columns, np.random.default_rng(seed))
    single = np.zeros((len(columns), len(flat)))
    single[np.arange(len(columns)), columns] = 1.0
    reach = np.concatenate([natural_scale(flat)[columns], np.ones(len(mixed))])
    found = along(values, flat, np.concatenate([single, mixed]), reach, values.eps)
    beside = _Beside(found, columns, mixed, (len(value), len(flat)), rtol)
    return beside.result(given, values.shape, point.shape, notes)


class _Values:
    """Values of f at many points, as one array."""

    def __init__(self, f: Callable[..., ArrayLike], shape: tuple[int, ...], args: Sequence[Any], *, many: bool) -> None:
        self._f, self._x_shape, self._args, self._many = f, shape, args, many
        self.shape: tuple[int, ...] = ()
        self.eps = float(np.finfo(float).eps)
        self._started = False

    def __call__(self, points: Floats) -> Floats:
        """Give (K, m) at (K, n)."""
        with np.errstate(all="ignore"):
            if self._many:
                values = self._numbers(self._f(points.reshape(-1, *self._x_shape), *self._args))
                self.shape = values.shape[1:]
                return values.reshape(len(points), -1)
            return self._stacked([self._at(point) for point in points])

    def _at(self, point: Floats) -> Floats | None:
        try:
            value = self._numbers(self._f(point.reshape(self._x_shape).copy(), *self._args))
        except (ArithmeticError, ValueError):
            if not self._started:
                raise  # At x itself it is to be told, not taken for an edge.
            return None
        self.shape = value.shape
        self._started = True
        return value.reshape(-1)

    def _numbers(self, value: ArrayLike) -> Floats:
        """Give values as float64, and remember how exact they are."""
        kind = np.asarray(value).dtype
        if kind in (np.float16, np.float32):
            self.eps = max(self.eps, float(np.finfo(kind).eps))
        return _numbers(value)

    def _stacked(self, values: list[Floats | None]) -> Floats:
        m = int(np.prod(self.shape, dtype=np.intp))
        return np.stack([np.full(m, np.nan) if each is None else each for each in values])


class _Beside:
    """Differences in columns, and whatever is given beside them."""

    def __init__(
        self,
        found: Differences,
        columns: NDArray[np.intp],
        mixed: Floats,
        shape: tuple[int, int],
        rtol: float,
    ) -> None:
        self._found, self._columns, self._mixed = found, columns, mixed
        self._shape, self._rtol = shape, rtol

    def result(
        self, given: Floats, f_shape: tuple[int, ...], x_shape: tuple[int, ...], notes: list[str]
    ) -> GradientCheck:
        matrix, findings = _as_matrix(given, self._shape, f_shape, x_shape)
        expected, error, size, smooth = self._matrices()
        if matrix is None:
            turned = given.T if given.shape == self._shape[::-1] else None
            if turned is not None and self._agrees(turned):
                findings.insert(0, "it looks transposed: J[i, j] is the derivative of f_i by x_j")
            return GradientCheck("failed", (*findings, *notes), (), given, expected, error, np.nan)
        judged = judge(matrix, expected, error, size, smooth, self._rtol)
        along_all = self._mixed_judged(matrix)
        wrong = np.argwhere(judged.wrong)
        failed = len(wrong) > 0 or bool(along_all.wrong.any())
        if len(wrong):
            findings += diagnosis(Matrix(matrix, expected, error, size, smooth, self._rtol), judged)
        elif failed:
            findings.append(f"it is wrong in entries that were not looked at: raise most_columns to {self._shape[1]}")
        findings += self._unclear(matrix, judged)
        verdict: Verdict = "failed" if failed else "passed" if judged.conclusive.any() else "inconclusive"
        entries = tuple((int(i), int(j)) for i, j in wrong)
        relative = _relative(judged, expected)
        return GradientCheck(verdict, (*findings, *notes), entries, matrix, expected, error, relative)

    def _agrees(self, matrix: Floats) -> bool:
        judged = judge(matrix, *self._matrices(), self._rtol)
        return bool(judged.conclusive.any() and not judged.wrong.any())

    def _matrices(self) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """Differences, their errors, sizes, and where they count: (m, n)."""
        found, k = self._found, len(self._columns)
        expected, error, size = (np.full(self._shape, fill) for fill in (np.nan, np.inf, 0.0))
        expected[:, self._columns] = found.derivative[:k].T
        error[:, self._columns] = found.error[:k].T
        size[:, self._columns] = found.size[:k].T
        smooth = np.zeros(self._shape, np.bool_)
        smooth[:, self._columns] = found.place[:k].T == Place.SMOOTH
        return expected, error, size, smooth

    def _mixed_judged(self, matrix: Floats) -> Judged:
        found, k = self._found, len(self._columns)
        with np.errstate(all="ignore"):
            given = self._mixed @ matrix.T
        rest = (found.derivative[k:], found.error[k:], found.size[k:], found.place[k:] == Place.SMOOTH)
        return judge(given, *rest, self._rtol)

    def _unclear(self, matrix: Floats, judged: Judged) -> list[str]:
        """What could not be compared, and why."""
        entries = [
            (int(row), position, int(column))
            for position, column in enumerate(self._columns)
            for row in np.flatnonzero(~judged.conclusive[:, column])
        ]
        k = len(self._columns)
        columns = self._columns
        turned = Judged(judged.wrong[:, columns].T, judged.conclusive[:, columns].T, judged.off[:, columns].T)
        told = [
            f"entry ({row}, {column}) cannot be compared: "
            + sentence(self._found, (position, row), float(matrix[row, column]), turned)
            for row, position, column in entries[:_MOST_NAMED]
        ]
        more = len(entries) - _MOST_NAMED
        if k < self._shape[1]:
            told.append(f"{k} of {self._shape[1]} columns were looked at, and {len(self._mixed)} random directions")
        return told + ([f"{more} more entries cannot be compared"] if more > 0 else [])


def _directions(x: Floats, most: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], Floats]:
    """Give which elements of x move by themselves, and directions (p, n) that move all."""
    n = len(x)
    if n <= most:
        return np.arange(n), np.zeros((0, n))
    return np.sort(rng.choice(n, most, replace=False)), random_directions(x, _RANDOM, rng)


def _given(
    gradient: Callable[..., Any], point: Floats, args: Sequence[Any], rtol: float
) -> tuple[Floats, list[str], float]:
    """Give what is to be checked, what is to be said of it in any case, and the tolerance that it allows."""
    raw = gradient(point.copy(), *args)
    raw = raw.toarray() if hasattr(raw, "toarray") else raw
    given = np.asarray(raw)
    notes = []
    if given.dtype.kind == "f" and given.dtype.itemsize < np.dtype(np.float64).itemsize:
        notes.append(
            f"it is {given.dtype}: compared to {_FLOAT32_RTOL:g} only, and some of SciPy's methods fail with it"
        )
        rtol = max(rtol, _FLOAT32_RTOL)
    return _numbers(given), notes, rtol


def _as_matrix(
    given: Floats, shape: tuple[int, int], f_shape: tuple[int, ...], x_shape: tuple[int, ...]
) -> tuple[Floats | None, list[str]]:
    """Give the derivative as (m, n), or None, and what is to be said of its shape."""
    natural = f_shape + x_shape
    if given.shape in {natural, shape} or (shape[0] == 1 and given.shape == x_shape):
        told = []
        if f_shape == () and given.shape == shape and given.shape != natural:
            told.append(f"it has the shape {given.shape}: SciPy's minimize takes {natural}")
        return given.reshape(shape), told
    wanted = f"{natural}" if natural == shape or not f_shape else f"{shape} or {natural}"
    return None, [f"it has the shape {given.shape}; expected is {wanted}"]


def _numbers(value: Any) -> Floats:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"real numbers are expected, not an array of {array.dtype}")
    return np.asarray(array, dtype=np.float64)


def _relative(judged: Judged, expected: Floats) -> float:
    """Give the largest difference beside the largest entry of its row, where entries could be compared."""
    with np.errstate(all="ignore"):
        rows = np.abs(np.where(judged.conclusive, expected, 0.0)).max(axis=1, initial=0.0)
        off = np.where(judged.conclusive, judged.off, 0.0).max(axis=1, initial=0.0)
        return float((off / np.where(rows > 0, rows, 1.0)).max(initial=0.0)) if judged.conclusive.any() else np.nan

"""Real numbers of many digits that behave as IEEE-754 says at infinity, NaN and signed zero.

mpmath has no signed zero and turns complex where NumPy gives NaN. So a :class:`Real` holds an mpf
where the number is finite and not zero, and a plain float (0.0, -0.0, inf, -inf, nan) where not.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp, mpf

DIGITS = 40
mp.dps = DIGITS

_LARGEST = mpf(2) ** 1024 - mpf(2) ** 970  # from here on float64 rounds to infinity
_SMALLEST = mpf(2) ** -1075  # up to here float64 rounds to zero


class Real:
    """One number; operators follow IEEE-754, with many digits in place of 53 bits."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, mpf) and (not mp.isfinite(value) or value == 0):
            value = float(value)
        elif not isinstance(value, mpf):
            value = float(value)
            if math.isfinite(value) and value != 0:
                value = mpf(value)
        self.value: Any = value

    @property
    def special(self) -> bool:
        """Whether this is a zero, an infinity or NaN."""
        return isinstance(self.value, float)

    @property
    def nan(self) -> bool:
        return self.special and math.isnan(self.value)

    @property
    def exactly_float(self) -> bool:
        """Whether float64 holds this number without rounding."""
        return self.special or bool(mpf(float(self.value)) == self.value)

    @property
    def infinite(self) -> bool:
        return self.special and math.isinf(self.value)

    @property
    def sign(self) -> float:
        """1.0 or -1.0, the sign of a zero included."""
        return math.copysign(1.0, self.value)

    @property
    def true(self) -> bool:
        """A truth value is true when it is not 0; NaN is true."""
        return self != ZERO

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return f"Real({float(self)!r})"

    def settled(self) -> "Real":
        """Return this number as a float64 variable may hold it: no exponent out of range."""
        if self.special:
            return self
        if abs(self.value) >= _LARGEST:
            return Real(math.copysign(math.inf, self.value))
        if abs(self.value) <= _SMALLEST:
            return Real(math.copysign(0.0, self.value))
        return self

    def _stand_in(self) -> float:
        """Return the number itself if special, else 1 or -1: enough for the special cases."""
        return self.value if self.special else self.sign

    def __neg__(self) -> "Real":
        return Real(-self.value)

    def __abs__(self) -> "Real":
        return Real(abs(self.value))

    def __add__(self, other: "Real") -> "Real":
        if self == ZERO and other == ZERO:
            return Real(self.value + other.value)
        if self == ZERO:
            return other
        if other == ZERO:
            return self
        if self.special or other.special:
            return Real(self._stand_in() + other._stand_in())
        return Real(self.value + other.value)

    def __sub__(self, other: "Real") -> "Real":
        return self + -other

    def __mul__(self, other: "Real") -> "Real":
        if self.special or other.special:
            return Real(self._stand_in() * other._stand_in())
        return Real(self.value * other.value)

    def __truediv__(self, other: "Real") -> "Real":
        if self.special or other.special:
            with np.errstate(all="ignore"):
                return Real(np.divide(self._stand_in(), other._stand_in()))
        return Real(self.value / other.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Real) and bool(self.value == other.value)

    def __lt__(self, other: "Real") -> bool:
        return bool(self.value < other.value)

    def __le__(self, other: "Real") -> bool:
        return bool(self.value <= other.value)

    __hash__ = None  # type: ignore[assignment]


ZERO, ONE, TWO, HALF = Real(0.0), Real(1.0), Real(2.0), Real(0.5)
INFINITY, NAN = Real(math.inf), Real(math.nan)


def safe_product(a: Real, b: Real) -> Real:
    """Return the strong-zero product: 0 where either factor is exactly 0, else a times b."""
    return ZERO if ZERO in (a, b) else a * b


def apply(exact: Callable[[Any], Any], floating: Callable[[float], Any], x: Real) -> Real:
    """Return a function of one number: mpmath's digits, NumPy's domain and signed zeros."""
    with np.errstate(all="ignore"):
        approximate = float(floating(float(x)))
    if math.isnan(approximate) or (x.special and math.isinf(approximate)):
        return Real(approximate)
    result = exact(mpf(x.value))
    if not isinstance(result, mpf):
        return NAN
    return Real(math.copysign(0.0, approximate)) if result == 0 else Real(result)


def power(x: Real, y: Real) -> Real:
    """Return x to the y as ``numpy.power``: NaN where a negative base has a fraction above it."""
    if x.special or y.special:
        with np.errstate(all="ignore"):
            # As arrays: for single numbers NumPy takes a square root where y is 0.5, which is not IEEE's power.
            return Real(np.power(np.array([float(x)]), np.array([float(y)]))[0])
    result = mp.power(x.value, y.value)
    return Real(result) if isinstance(result, mpf) else NAN


def logaddexp(a: Real, b: Real) -> Real:
    """Return log(exp a + exp b)."""
    if a.nan or b.nan:
        return NAN
    high, low = (b, a) if a < b else (a, b)
    if high.infinite or low.infinite:
        return high + ZERO
    return high + Real(mp.log1p(mp.exp(mpf(low.value) - mpf(high.value))))


def sigmoid(x: Real) -> Real:
    """Return 1 / (1 + exp(-x)), right in both tails."""
    if x.nan:
        return NAN
    if x.infinite:
        return ONE if x == INFINITY else ZERO
    return Real(1 / (1 + mp.exp(-mpf(x.value))))


def atan2(y: Real, x: Real) -> Real:
    """Return the angle of (x, y); special cases are the multiples of pi/4 that NumPy gives."""
    if not (x.special or y.special):
        return Real(mp.atan2(y.value, x.value))
    angle = float(np.arctan2(y._stand_in(), x._stand_in()))
    if math.isnan(angle) or angle == 0:
        return Real(angle)
    return Real(round(angle / (math.pi / 4)) * mp.pi / 4)

"""Arithmetic on numbers that are known: IEEE-754, as a list computes it, and the same on every machine.

Sums, differences, products and quotients are rounded correctly. So are powers with whole exponents from -64 to 64;
others are those of the C library.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXACT = 64
_LOWEST, _HIGHEST = -1075, 1024


def divide(a: float, b: float) -> float:
    """Give a / b; by 0 infinite, or NaN.

    >>> divide(-1.0, 0.0), divide(1.0, -0.0)
    (-inf, -inf)
    """
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def power(a: float, b: float) -> float:
    """Give a to the power b.

    >>> power(2.0, -3.0), power(0.0, -1.0), power(-8.0, 1 / 3), power(10.0, 400.0)
    (0.125, inf, nan, inf)
    """
    if abs(b) <= _EXACT and b.is_integer() and math.isfinite(a) and a != 0:
        return _exact(a, int(b))
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        # Of 0 to a negative power, or of a negative number to one that is not whole.
        if a == 0:
            return math.copysign(math.inf, a) if b % 2 == 1 else math.inf
        return math.nan


def _exact(a: float, k: int) -> float:
    _, exponent = math.frexp(a)
    # The size is between these powers of 2; what is far outside of float64 is not worked out, it would take long.
    low, high = sorted((k * (exponent - 1), k * exponent))
    size = math.inf if low > _HIGHEST else 0.0 if high < _LOWEST else _rounded(abs(a), k)
    # What is rounded to 0 keeps its sign.
    return -size if a < 0 and k % 2 else size


def _rounded(a: float, k: int) -> float:
    try:
        return float(Fraction(a) ** k)
    except OverflowError:
        return math.inf


def remainder(a: float, b: float) -> float:
    """Give a - floor(a / b) b, of the sign of b.

    >>> remainder(-1.0, 5.0), remainder(7.0, -5.0), remainder(1.0, 0.0)
    (4.0, -3.0, nan)
    """
    if b == 0 or math.isinf(a) or math.isnan(a) or math.isnan(b):
        return math.nan
    rest = math.fmod(a, b)
    if rest == 0:
        return math.copysign(0.0, b)
    return rest + b if (rest < 0) != (b < 0) else rest


def floor_quotient(a: float, b: float) -> float:
    """Give floor(a / b), the whole number that fits the remainder.

    >>> floor_quotient(7.0, 2.0), floor_quotient(-7.0, 2.0)
    (3.0, -4.0)
    """
    if b == 0 or not math.isfinite(a) or math.isnan(b):
        return math.nan
    return a // b


BINARY: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "%": remainder,
    "//": floor_quotient,
    "^": power,
    "**": power,
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "&&": lambda a, b: float(a != 0 and b != 0),
    "||": lambda a, b: float(a != 0 or b != 0),
}
"""By the sign of the operator."""


def plain(value: float) -> float:
    """Give a number without what it refers to."""
    return value + 0.0 if value else math.copysign(0.0, value)

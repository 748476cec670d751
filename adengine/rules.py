"""Scalar formulas that the table calls by name, where one expression is not enough.

They are compiled into the evaluator; the table's rows are their only users. Special values follow IEEE-754 and NumPy.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Float, Int, kernel
from adengine.vector import one_strong_product

U = types.uint64
F8 = types.Array(types.float64, 1, "C")


@kernel("f8(f8, f8)", inline=True, inner=True)
def zero_safe_multiply(a: Float, b: Float) -> Float:
    """a b, and exactly 0 where either factor is exactly 0: also where the other one is infinite or NaN."""
    return one_strong_product(a, b)


@kernel("f8(f8)", inline=True, inner=True)
def positive_reciprocal(a: Float) -> Float:
    """1 / a for a > 0, +inf at 0 and -0, NaN below."""
    return math.nan if a < 0.0 else 1.0 / abs(a)


@kernel("f8(f8)", inline=True, inner=True)
def sign(a: Float) -> Float:
    """-1, 0 or 1; NaN passes on."""
    if a > 0.0:
        return 1.0
    if a < 0.0:
        return -1.0
    return 0.0 if a == 0.0 else a


@kernel("f8(f8, f8)", inline=True, inner=True)
def step(a: Float, b: Float) -> Float:
    """1 where a > b, 1/2 where equal, 0 where a < b, NaN with NaN."""
    if a > b:
        return 1.0
    if a < b:
        return 0.0
    return 0.5 if a == b else math.nan


@kernel("f8(f8, f8)", inline=True, inner=True)
def minimum(a: Float, b: Float) -> Float:
    """The smaller one; NaN passes on."""
    return a if a < b or a != a else b


@kernel("f8(f8, f8)", inline=True, inner=True)
def maximum(a: Float, b: Float) -> Float:
    """The larger one; NaN passes on."""
    return a if a > b or a != a else b


@kernel("f8(f8, f8, f8)", inline=True, inner=True)
def select(condition: Float, a: Float, b: Float) -> Float:
    """a where the condition is true (not 0; NaN is true), else b."""
    return a if condition != 0.0 else b


@kernel("f8(f8, f8)", inner=True)
def power(a: Float, b: Float) -> Float:
    """C's pow."""
    return a**b


@kernel("f8(f8, f8)", inner=True)
def power_log(a: Float, b: Float) -> Float:
    """log a, and 0 where a = 0 and b >= 0."""
    return 0.0 if a == 0.0 and b >= 0.0 else math.log(a)


@kernel("f8(f8, i8)", inner=True)
def integer_power(a: Float, k: Int) -> Float:
    """a to the integer k: products up to 4, C's pow on the magnitude beyond, the sign by parity."""
    if k == 0:
        return 1.0
    if k == 1:
        return a
    if k == 2:
        return a * a
    if k == 3:
        return a * a * a
    if k == 4:
        return (a * a) * (a * a)
    if k == -1:
        return 1.0 / a
    magnitude = abs(a) ** float(k)
    return math.copysign(magnitude, a) if k % 2 != 0 else magnitude


@kernel(types.void(F8, U, U, U, U, types.int64), inner=True)
def integer_powers(w: NDArray[np.float64], out: Int, i: Int, n: Int, di: Int, k: Int) -> None:
    """The same for n elements in a row; squares and cubes without asking for k each time."""
    if k == 2:
        for e in range(n):
            w[out + e] = w[i + e * di] * w[i + e * di]
    elif k == 3:
        for e in range(n):
            a = w[i + e * di]
            w[out + e] = a * a * a
    else:
        for e in range(n):
            w[out + e] = integer_power(w[i + e * di], k)


@kernel("f8(f8, f8)", inner=True)
def hypot(a: Float, b: Float) -> Float:
    """C's hypot: no overflow or underflow on the way."""
    return math.hypot(a, b)


@kernel("f8(f8, f8)", inner=True)
def remainder(a: Float, b: Float) -> Float:
    """a - floor(a / b) b, exactly, with the sign of b, as numpy.remainder."""
    rest = np.fmod(a, b)
    if rest == 0.0:
        return math.copysign(0.0, b)
    return rest + b if (rest < 0.0) != (b < 0.0) else rest


@kernel("f8(f8, f8)", inner=True)
def floor_quotient(a: Float, b: Float) -> Float:
    """floor(a / b) as the remainder sees it, where a / b itself may be rounded up to a whole number."""
    if a == 0.0 or abs(b) == math.inf:
        return np.floor(a / b)
    return np.rint((a - remainder(a, b)) / b) + 0.0  # no -0 where both are negative


@kernel("f8(f8, f8)", inner=True)
def shifted_exp(a: Float, b: Float) -> Float:
    """exp(a - b); 0 where a is -inf, 1 where both are equal, also at +inf."""
    if a == -math.inf:
        return math.nan if b != b else 0.0
    return 1.0 if a == b else math.exp(a - b)


@kernel("f8(f8, f8)", inner=True)
def logaddexp(a: Float, b: Float) -> Float:
    """log(exp a + exp b) without overflow, as numpy.logaddexp."""
    if a == b:
        return a + 0.6931471805599453
    distance = a - b
    if distance > 0.0:
        return a + math.log1p(math.exp(-distance))
    return b + math.log1p(math.exp(distance))


@kernel("f8(f8)", inner=True)
def sigmoid(a: Float) -> Float:
    """1 / (1 + exp(-a)) with full relative accuracy on both sides."""
    decay = math.exp(-abs(a))
    return 1.0 / (1.0 + decay) if a >= 0.0 else decay / (1.0 + decay)


@kernel("f8(f8, f8)", inner=True)
def exp_share(a: Float, b: Float) -> Float:
    """exp a / (exp a + exp b); 0 where a is -inf, 1/2 where both are equal, also at +inf."""
    if a == -math.inf:
        return math.nan if b != b else 0.0
    return 0.5 if a == b else sigmoid(a - b)


@kernel("f8(f8)", inner=True)
def softplus(a: Float) -> Float:
    """log(1 + exp a) without overflow."""
    return math.log1p(math.exp(-abs(a))) + (max(0.0, a))


@kernel("f8(f8, f8)", inner=True)
def xlogy(a: Float, b: Float) -> Float:
    """a log b, and 0 where a = 0 unless b is NaN."""
    return 0.0 if a == 0.0 and b == b else a * math.log(b)


# B_2j / (2j)! for j = 1 ... 12: the weights of Euler and Maclaurin's summation formula.
_EULER_MACLAURIN = (
    8.333333333333333e-02, -1.388888888888889e-03, 3.306878306878307e-05, -8.267195767195767e-07,
    2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225829e-13,
    8.5860620562778446e-15, -2.1748686985580619e-16, 5.5090028283602295e-18, -1.3954464685812523e-19,
)  # fmt: skip


@kernel("f8(f8, f8)", inner=True)
def _hurwitz_zeta(s: Float, x: Float) -> Float:
    """Sum of (x + i)^-s over i >= 0 for s > 1, x > 0, by Euler and Maclaurin (DLMF 25.11.5)."""
    total = 0.0
    while x < 10.0 + s:
        total += x**-s
        x += 1.0
    last = x**-s
    total += last * x / (s - 1.0) + 0.5 * last
    factor = s * last / x
    for j in range(len(_EULER_MACLAURIN)):
        total += _EULER_MACLAURIN[j] * factor
        factor *= (s + 2.0 * j + 1.0) * (s + 2.0 * j + 2.0) / (x * x)
    return total


@kernel("f8(f8)", inner=True)
def _digamma_positive(x: Float) -> Float:
    """Digamma for x > 0: recurrence up to 10, then the asymptotic series (DLMF 5.11.2)."""
    total = 0.0
    while x < 10.0:
        total -= 1.0 / x
        x += 1.0
    if x > 1e17:
        return math.log(x)
    square = 1.0 / (x * x)
    series = square * (
        1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square * (1 / 132 - square * (
            691 / 32760 - square * (1 / 12))))))
    )  # fmt: skip
    return total + math.log(x) - 0.5 / x - series


@kernel("f8(f8, i8)", allocates=True, inner=True)
def _cotangent_derivative(x: Float, order: Int) -> Float:
    """pi d^k/dx^k cot(pi x), through the polynomials P_0 = c, P_{k+1} = -(1 + c^2) P_k' in c = cot(pi x)."""
    offset = x - np.rint(x)
    if abs(offset) > 0.25:  # from the zero at 1/2, which is exact
        cotangent = math.copysign(math.tan(math.pi * (0.5 - abs(offset))), offset)
    else:
        cotangent = 1.0 / math.tan(math.pi * offset)
    coefficients = np.zeros(order + 2)
    coefficients[1] = 1.0
    for k in range(order):
        derived = np.zeros(order + 2)
        for i in range(1, k + 2):
            derived[i - 1] -= i * coefficients[i]
            derived[i + 1] -= i * coefficients[i]
        coefficients = derived
    value = 0.0
    for i in range(order + 1, -1, -1):
        value = value * cotangent + coefficients[i]
    return value * math.pi ** (order + 1)


@kernel("f8(f8, i8)", inner=True)
def _polygamma_positive(x: Float, order: Int) -> Float:
    if order == 0:
        return _digamma_positive(x)
    if x == math.inf:
        return 0.0
    value = math.gamma(order + 1.0) * _hurwitz_zeta(order + 1.0, x)
    return value if order % 2 == 1 else -value


@kernel("f8(f8, i8)", inner=True)
def polygamma(x: Float, order: Int) -> Float:
    """Derivative order + 1 of log gamma (DLMF 5.15); NaN at the poles 0, -1, -2, ... and beyond order 160."""
    if x != x or order > 160 or x == -math.inf or (x <= 0.0 and x == np.floor(x)):
        return math.nan
    if x > 0.0:
        return math.inf if x == math.inf and order == 0 else _polygamma_positive(x, order)
    mirrored = _polygamma_positive(1.0 - x, order)
    return (mirrored if order % 2 == 0 else -mirrored) - _cotangent_derivative(x, order)

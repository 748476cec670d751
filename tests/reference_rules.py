"""Value and partial derivatives of every elementwise primitive, as docs and textbooks give them.

A rule takes the arguments and the parameters of one statement at one element and gives the value
and one partial derivative per argument. Choices at special points are those of the contract: the
useful one-sided or symmetric derivative where there is one, NaN only where the value is undefined.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special
from mpmath import mp, mpf

from tests.reference_numbers import (
    HALF,
    INFINITY,
    NAN,
    ONE,
    TWO,
    ZERO,
    Real,
    apply,
    atan2,
    logaddexp,
    power,
    safe_product,
    sigmoid,
)

Result = tuple[Real, tuple[Real, ...]]
Rule = Callable[[Sequence[Real], Sequence[int]], Result]


def _ln(x: Real) -> Real:
    return apply(mp.log, np.log, x)


def _exp(x: Real) -> Real:
    return apply(mp.exp, np.exp, x)


def _sqrt(x: Real) -> Real:
    return apply(mp.sqrt, np.sqrt, x)


def _cbrt(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


def _erfc(x: Any) -> Any:
    # From 1e5 on it is far below the least float64, and mpmath takes no arguments of any size.
    return mp.erfc(x) if x < 1e5 else mpf(0)


def _log_gamma(x: Any) -> Any:
    return mp.loggamma(x) if x > 0 else mp.log(abs(mp.gamma(x)))


def _slope_at_log_edge(distance: Real) -> Real:
    """Return 1 / distance, plus infinity at either zero: the logarithm is entered from above."""
    return INFINITY if distance == ZERO else ONE / distance


def _arc_slope(a: Real) -> Real:
    return _slope_at_log_edge(_sqrt((ONE - a) * (ONE + a)))


LN2, LN10 = Real(mp.log(2)), Real(mp.log(10))
TWO_OVER_ROOT_PI = Real(2 / mp.sqrt(mp.pi))


def _bell(a: Real) -> Real:
    return TWO_OVER_ROOT_PI * _exp(-(a * a))


# Smooth functions of one number: mpmath's function, NumPy's (domain and signs), the derivative
# from argument a and value w. Where the value is undefined the derivative is too.
SMOOTH: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[Real, Real], Real]]]
SMOOTH = {
    "SQRT": (mp.sqrt, np.sqrt, lambda a, w: INFINITY if a == ZERO else HALF / w),
    "CBRT": (_cbrt, np.cbrt, lambda _, w: ONE / (Real(3.0) * w * w)),
    "EXP": (mp.exp, np.exp, lambda _, w: w),
    "EXP2": (lambda x: mp.power(2, x), np.exp2, lambda _, w: w * LN2),
    "EXPM1": (mp.expm1, np.expm1, lambda a, _: _exp(a)),
    "LOG": (mp.log, np.log, lambda a, _: _slope_at_log_edge(a)),
    "LOG2": (lambda x: mp.log(x) / mp.log(2), np.log2, lambda a, _: _slope_at_log_edge(a) / LN2),
    "LOG10": (mp.log10, np.log10, lambda a, _: _slope_at_log_edge(a) / LN10),
    "LOG1P": (mp.log1p, np.log1p, lambda a, _: _slope_at_log_edge(ONE + a)),
    "SIN": (mp.sin, np.sin, lambda a, _: apply(mp.cos, np.cos, a)),
    "COS": (mp.cos, np.cos, lambda a, _: -apply(mp.sin, np.sin, a)),
    "TAN": (mp.tan, np.tan, lambda _, w: ONE + w * w),
    "ASIN": (mp.asin, np.arcsin, lambda a, _: _arc_slope(a)),
    "ACOS": (mp.acos, np.arccos, lambda a, _: -_arc_slope(a)),
    "ATAN": (mp.atan, np.arctan, lambda a, _: ONE / (ONE + a * a)),
    "SINH": (mp.sinh, np.sinh, lambda a, _: apply(mp.cosh, np.cosh, a)),
    "COSH": (mp.cosh, np.cosh, lambda a, _: apply(mp.sinh, np.sinh, a)),
    "TANH": (mp.tanh, np.tanh, lambda a, _: power(apply(mp.cosh, np.cosh, a), Real(-2.0))),
    "ASINH": (mp.asinh, np.arcsinh, lambda a, _: ONE / _sqrt(ONE + a * a)),
    "ACOSH": (
        mp.acosh,
        np.arccosh,
        lambda a, _: _slope_at_log_edge(_sqrt((a - ONE) * (a + ONE))),
    ),
    "ATANH": (mp.atanh, np.arctanh, lambda a, _: _slope_at_log_edge((ONE - a) * (ONE + a))),
    "ERF": (mp.erf, scipy.special.erf, lambda a, _: _bell(a)),
    "ERFC": (_erfc, scipy.special.erfc, lambda a, _: -_bell(a)),
}


def _smooth(name: str) -> Rule:
    exact, floating, slope = SMOOTH[name]

    def rule(args: Sequence[Real], _parameters: Sequence[int]) -> Result:
        value = apply(exact, floating, args[0])
        return value, (NAN if value.nan else slope(args[0], value),)

    return rule


# Steps: the derivative is 0 everywhere.
STEPS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "SIGN": (mp.sign, np.sign),
    "FLOOR": (mp.floor, np.floor),
    "CEIL": (mp.ceil, np.ceil),
    "ROUND": (mp.nint, np.rint),
    "TRUNC": (lambda x: mp.sign(x) * mp.floor(abs(x)), np.trunc),
}


def _step(name: str) -> Rule:
    exact, floating = STEPS[name]
    return lambda args, _: (apply(exact, floating, args[0]), (ZERO,))


# Truth values: 1 or 0, without slope.
TRUTHS: dict[str, Callable[..., bool]] = {
    "LESS": lambda a, b: a < b,
    "LESS_EQUAL": lambda a, b: a <= b,
    "EQUAL": lambda a, b: a == b,
    "NOT_EQUAL": lambda a, b: a != b,
    "AND": lambda a, b: a.true and b.true,
    "OR": lambda a, b: a.true or b.true,
    "NOT": lambda a: not a.true,
}


def _truth(name: str) -> Rule:
    holds = TRUTHS[name]
    return lambda args, _: (ONE if holds(*args) else ZERO, (ZERO,) * len(args))


def _abs(args: Sequence[Real], _: Sequence[int]) -> Result:
    a = args[0]
    return abs(a), (ZERO if a == ZERO else NAN if a.nan else Real(a.sign),)


def _integer_power(args: Sequence[Real], parameters: Sequence[int]) -> Result:
    k = Real(float(parameters[0]))
    slope = safe_product(k, power(args[0], k - ONE))
    return power(args[0], k), (slope,)


def _power(args: Sequence[Real], _: Sequence[int]) -> Result:
    x, y = args
    value = power(x, y)
    by_x = safe_product(y, power(x, y - ONE))
    by_y = ZERO if x == ZERO and y >= ZERO else safe_product(value, _ln(x))
    return value, (by_x, by_y)


def _hypot(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    value = INFINITY if a.infinite or b.infinite else _sqrt(a * a + b * b)
    return value, (ZERO, ZERO) if value == ZERO else (a / value, b / value)


def _atan2(args: Sequence[Real], _: Sequence[int]) -> Result:
    y, x = args
    square = x * x + y * y
    return atan2(y, x), (ZERO, ZERO) if square == ZERO else (x / square, -y / square)


def _logaddexp(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    if a == -INFINITY and b == -INFINITY:
        return a, (ZERO, ZERO)
    if a == INFINITY and b == INFINITY:
        return a, (HALF, HALF)
    return logaddexp(a, b), (sigmoid(a - b), sigmoid(b - a))


def _extreme(sign: Real) -> Rule:
    """Return MAXIMUM (sign 1) or MINIMUM (sign -1): a tie is shared, NaN is passed on."""

    def rule(args: Sequence[Real], _parameters: Sequence[int]) -> Result:
        a, b = args
        if a.nan or b.nan:
            return NAN, (NAN, NAN)
        if a == b:
            return a, (HALF, HALF)
        return (a, (ONE, ZERO)) if b * sign < a * sign else (b, (ZERO, ONE))

    return rule


def _select(args: Sequence[Real], _: Sequence[int]) -> Result:
    condition, a, b = args
    return (a, (ZERO, ONE, ZERO)) if condition.true else (b, (ZERO, ZERO, ONE))


def _copysign(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    value = abs(a) if b.sign > 0 else -abs(a)
    slope = ZERO if a == ZERO else NAN if a.nan else Real(a.sign * b.sign)
    return value, (slope, ZERO)


def _modulo(exact_rounding: Callable[[Any], Any], floating: Callable[[Any, Any], Any]) -> Rule:
    """Return REMAINDER (floor) or FMOD (trunc)."""

    def rule(args: Sequence[Real], _parameters: Sequence[int]) -> Result:
        a, b = args
        with np.errstate(all="ignore"):
            value = Real(floating(float(a), float(b)))
        if not (a.exactly_float and b.exactly_float):
            rest = a - b * apply(exact_rounding, lambda q: q, a / b)
            value = value if rest == ZERO else rest
        # Where the value is undefined, so is the quotient.
        return value, (ONE, NAN if value.nan else -apply(exact_rounding, lambda q: q, a / b))

    return rule


def _lgamma(args: Sequence[Real], _: Sequence[int]) -> Result:
    a = args[0]
    if a.nan or (a <= ZERO and (a.infinite or mp.isint(mpf(a.value)))):
        return NAN if a.nan else INFINITY, (NAN,)
    value = apply(_log_gamma, scipy.special.gammaln, a)
    return value, (INFINITY if a.infinite else Real(mp.digamma(a.value)),)


def _polygamma(args: Sequence[Real], parameters: Sequence[int]) -> Result:
    """Return a derivative of digamma; only finite arguments off the poles are asked for."""
    x = mpf(args[0].value)
    order = parameters[0]
    return Real(mp.polygamma(order, x)), (Real(mp.polygamma(order + 1, x)),)


def _sigmoid(args: Sequence[Real], _: Sequence[int]) -> Result:
    return sigmoid(args[0]), (sigmoid(args[0]) * sigmoid(-args[0]),)


def _softplus(args: Sequence[Real], _: Sequence[int]) -> Result:
    return logaddexp(ZERO, args[0]), (sigmoid(args[0]),)


def _xlogy(args: Sequence[Real], _: Sequence[int]) -> Result:
    x, y = args
    if x == ZERO and not y.nan:
        return ZERO, (_ln(y), ZERO)
    return x * _ln(y), (_ln(y), ZERO if x == ZERO else x / y)


def _divide(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    return a / b, (ONE / b, -(a / b) / b)


def _zero_safe_multiply(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    product = a * b
    return (ZERO if product.nan and ZERO in (a, b) else product), (b, a)


def _positive_reciprocal(args: Sequence[Real], _: Sequence[int]) -> Result:
    a = args[0]
    value = NAN if a < ZERO else _slope_at_log_edge(a)
    return value, (-(value * value),)


def _half_step(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    value = NAN if a.nan or b.nan else HALF if a == b else ZERO if a < b else ONE
    return value, (ZERO, ZERO)


def _shifted_exp(args: Sequence[Real], _: Sequence[int]) -> Result:
    """Return exp(a - b), of which the shift b is a constant."""
    a, b = args
    if a == -INFINITY and not b.nan:
        return ZERO, (ZERO, ZERO)
    value = ONE if a.infinite and a == b else _exp(a - b)
    return value, (value, ZERO)


def _power_log(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    slope = ZERO if a == ZERO else ONE / a
    return ZERO if a == ZERO and b >= ZERO else _ln(a), (slope, ZERO)


def _exp_share(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    if a.nan or b.nan:
        return NAN, (NAN, NAN)
    value, other = (
        ((HALF, HALF) if a == INFINITY else (ZERO, ZERO)) if a.infinite and a == b else (sigmoid(a - b), sigmoid(b - a))
    )
    return value, (value * other, -(value * other))


def _floor_quotient(args: Sequence[Real], _: Sequence[int]) -> Result:
    a, b = args
    if a.infinite or b == ZERO:
        return NAN, (ZERO, ZERO)
    return (a / b if b.infinite else apply(mp.floor, np.floor, a / b)), (ZERO, ZERO)


ELEMENTWISE: dict[str, Rule] = {
    **{name: _smooth(name) for name in SMOOTH},
    **{name: _step(name) for name in STEPS},
    **{name: _truth(name) for name in TRUTHS},
    "ADD": lambda args, _: (args[0] + args[1], (ONE, ONE)),
    "SUBTRACT": lambda args, _: (args[0] - args[1], (ONE, -ONE)),
    "MULTIPLY": lambda args, _: (args[0] * args[1], (args[1], args[0])),
    "DIVIDE": _divide,
    "NEGATE": lambda args, _: (-args[0], (-ONE,)),
    "RECIPROCAL": lambda args, _: (ONE / args[0], (-(ONE / args[0]) / args[0],)),
    "SQUARE": lambda args, _: (args[0] * args[0], (TWO * args[0],)),
    "POWER": _power,
    "INTEGER_POWER": _integer_power,
    "FMA": lambda args, _: (args[0] * args[1] + args[2], (args[1], args[0], ONE)),
    "ZERO_SAFE_MULTIPLY": _zero_safe_multiply,
    "ABS": _abs,
    "HYPOT": _hypot,
    "LOGADDEXP": _logaddexp,
    "ATAN2": _atan2,
    "REMAINDER": _modulo(mp.floor, np.remainder),
    "FMOD": _modulo(STEPS["TRUNC"][0], np.fmod),
    "COPYSIGN": _copysign,
    "MINIMUM": _extreme(-ONE),
    "MAXIMUM": _extreme(ONE),
    "SELECT": _select,
    "LGAMMA": _lgamma,
    "POLYGAMMA": _polygamma,
    "SIGMOID": _sigmoid,
    "SOFTPLUS": _softplus,
    "XLOGY": _xlogy,
    "POSITIVE_RECIPROCAL": _positive_reciprocal,
    "STEP": _half_step,
    "SHIFTED_EXP": _shifted_exp,
    "POWER_LOG": _power_log,
    "EXP_SHARE": _exp_share,
    "FLOOR_QUOTIENT": _floor_quotient,
}

"""The ufuncs of ``scipy.special``, as far as there are primitives or formulas for them: one table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client import _elementwise as e
from wengert_client._errors import BuildError
from wengert_client._node import Node, as_variable, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from wengert_client._node import Operand
    from wengert_client._variable import Variable

__all__ = ["SPECIAL"]


def _two(a: Operand, b: Operand) -> tuple[Variable, Variable]:
    return as_variable(a, b), as_variable(b, a)


def _ndtr(x: Operand) -> Variable:
    return e.multiply(e.erfc(e.multiply(x, -1 / math.sqrt(2))), 0.5)


def _log_ndtr(x: Operand) -> Variable:
    """Give the logarithm of the normal law's distribution; far left by its asymptotic series."""
    right = e.log1p(e.multiply(e.erfc(e.multiply(e.maximum(x, 0.0), 1 / math.sqrt(2))), -0.5))
    middle = e.log(_ndtr(e.minimum(e.maximum(x, _FAR), 0.0)))
    far = e.minimum(x, _FAR)
    inverse = e.reciprocal(e.square(far))
    left = e.subtract(
        e.log1p(_tail(inverse)),
        e.add(e.add(e.multiply(e.square(far), 0.5), e.log(e.negate(far))), 0.5 * math.log(2 * math.pi)),
    )
    return e.select(e.less(x, _FAR), left, e.select(e.less(x, 0.0), middle, right))


_FAR = -20.0


def _tail(inverse: Variable) -> Variable:
    """Give -1/x^2 + 3/x^4 - 15/x^6 + ..., for 1/x^2."""
    coefficients = [math.prod(range(1, 2 * k, 2)) * (-1.0) ** k for k in range(1, 9)]
    found: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        found = e.add(e.multiply(inverse, found), coefficient)
    return e.multiply(inverse, found)


def _xlog1py(x: Operand, y: Operand) -> Variable:
    a, b = _two(x, y)
    zero = e.logical_and(e.equal(a, 0.0), e.equal(b, b))
    return e.select(zero, 0.0, e.multiply(a, e.log1p(e.select(zero, 0.0, b))))


def _entr(x: Operand) -> Variable:
    return e.select(e.less(x, 0.0), -math.inf, e.negate(e.xlogy(x, e.maximum(x, 0.0))))


def _rel_entr(x: Operand, y: Operand) -> Variable:
    a, b = _two(x, y)
    inside = e.logical_and(e.less(0.0, a), e.less(0.0, b))
    found = e.multiply(a, e.log(e.divide(e.select(inside, a, 1.0), e.select(inside, b, 1.0))))
    edge = e.logical_and(e.equal(a, 0.0), e.less_equal(0.0, b))
    return e.select(inside, found, e.select(edge, 0.0, math.inf))


def _kl_div(x: Operand, y: Operand) -> Variable:
    a, b = _two(x, y)
    return e.add(e.subtract(_rel_entr(a, b), a), b)


def _gamma_sign(x: Operand) -> Variable:
    """Give the sign of Gamma: minus where the next whole number below is odd and negative."""
    whole = e.floor(x)
    odd = e.multiply(e.remainder(whole, 2.0), e.less(whole, 0.0))
    return e.subtract(1.0, e.multiply(odd, 2.0))


def _gamma(x: Operand) -> Variable:
    return e.multiply(_gamma_sign(x), e.exp(e.lgamma(x)))


def _rgamma(x: Operand) -> Variable:
    return e.multiply(_gamma_sign(x), e.exp(e.negate(e.lgamma(x))))


def _betaln(a: Operand, b: Operand) -> Variable:
    x, y = _two(a, b)
    return e.subtract(e.add(e.lgamma(x), e.lgamma(y)), e.lgamma(e.add(x, y)))


def _beta(a: Operand, b: Operand) -> Variable:
    x, y = _two(a, b)
    signs = e.multiply(e.multiply(_gamma_sign(x), _gamma_sign(y)), _gamma_sign(e.add(x, y)))
    return e.multiply(signs, e.exp(_betaln(x, y)))


def _loggamma(x: Operand) -> Variable:
    return e.select(e.less(x, 0.0), math.nan, e.lgamma(x))


def _logit(x: Operand) -> Variable:
    return e.subtract(e.log(x), e.log1p(e.negate(x)))


def _box_cox(x: Operand, power: Operand, logarithm: Callable[[Operand], Variable]) -> Variable:
    held = settled(power)
    if isinstance(held, Node) or np.ndim(held):
        raise BuildError("scipy.special.boxcox: the power is one number that must be known beforehand")
    logs = logarithm(x)
    return logs if held == 0 else e.divide(e.expm1(e.multiply(logs, held)), held)


def _huber(delta: Operand, r: Operand) -> Variable:
    d, x = _two(delta, r)
    size = e.absolute(x)
    linear = e.multiply(d, e.subtract(size, e.multiply(d, 0.5)))
    found = e.select(e.less_equal(size, d), e.multiply(e.square(x), 0.5), linear)
    return e.select(e.less(d, 0.0), math.inf, found)


def _pseudo_huber(delta: Operand, r: Operand) -> Variable:
    d, x = _two(delta, r)
    square = e.square(e.divide(x, d))
    # sqrt(1 + s) - 1 without cancellation.
    return e.multiply(e.square(d), e.divide(square, e.add(e.sqrt(e.add(square, 1.0)), 1.0)))


def _exprel(x: Operand) -> Variable:
    """Give (exp(x) - 1) / x; near 0 by its series, so that all derivatives are right."""
    near = e.less(e.absolute(x), 1e-2)
    at = e.select(near, x, 0.0)
    series: Any = 1 / 5040
    for k in range(6, 0, -1):
        series = e.add(e.multiply(at, series), 1 / math.factorial(k))
    safe = e.select(near, 1.0, x)
    return e.select(near, series, e.divide(e.expm1(safe), safe))


def _of_degrees(function: Callable[[Operand], Variable]) -> Callable[[Operand], Variable]:
    return lambda x: function(e.multiply(e.remainder(x, 360.0), math.pi / 180))


def _not_served(name: str) -> Callable[..., Variable]:
    def function(*_: Any) -> Variable:
        raise BuildError(f"scipy.special.{name} cannot be traced: servers do not serve its primitive yet")

    return function


#: How each of them is written into a list.
SPECIAL: dict[str, Callable[..., Any]] = {
    "erf": e.erf,
    "erfc": e.erfc,
    "gammaln": e.lgamma,
    "loggamma": _loggamma,
    "gammasgn": _gamma_sign,
    "gamma": _gamma,
    "rgamma": _rgamma,
    "psi": e.digamma,
    "beta": _beta,
    "betaln": _betaln,
    "expit": e.sigmoid,
    "logit": _logit,
    "log_expit": lambda x: e.negate(e.softplus(e.negate(x))),
    "ndtr": _ndtr,
    "log_ndtr": _log_ndtr,
    "xlogy": e.xlogy,
    "xlog1py": _xlog1py,
    "entr": _entr,
    "rel_entr": _rel_entr,
    "kl_div": _kl_div,
    "exp10": lambda x: e.power(10.0, x),
    "exprel": _exprel,
    "boxcox": lambda x, power: _box_cox(x, power, e.log),
    "boxcox1p": lambda x, power: _box_cox(x, power, e.log1p),
    "huber": _huber,
    "pseudo_huber": _pseudo_huber,
    "sindg": _of_degrees(e.sin),
    "cosdg": _of_degrees(e.cos),
    "tandg": _of_degrees(e.tan),
    "cosm1": lambda x: e.multiply(e.square(e.sin(e.multiply(x, 0.5))), -2.0),
    "powm1": lambda x, y: e.expm1(e.multiply(y, e.log(x))),
    "round": e.rint,
    **{name: _not_served(name) for name in ("erfinv", "erfcinv", "ndtri")},
}

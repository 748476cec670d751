"""What NumPy's ufuncs do with variables: one table.

Ufuncs are known by their names, so that those of ``scipy.special`` work where SciPy is there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client import _elementwise as e
from wengert_client._errors import BuildError
from wengert_client._node import Node, as_constant, as_variable, columns_of, is_truth, settled
from wengert_client._special import SPECIAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from wengert_client._node import Operand
    from wengert_client._variable import Variable

__all__ = ["UFUNCS", "raise_to"]


def raise_to(x: Operand, exponent: Operand) -> Variable:
    """Give x ** exponent: SQUARE or INTEGER_POWER for a fixed whole exponent, else POWER."""
    if isinstance(exponent, np.ndarray) and exponent.ndim == 0:
        exponent = exponent[()]
    if isinstance(exponent, (int, float, np.integer, np.floating)) and -e.MAX_EXPONENT <= exponent <= e.MAX_EXPONENT:
        number = float(exponent)
        if number == 2:
            return e.square(x)
        if number.is_integer():
            return e.integer_power(x, int(number))
    return e.power(x, exponent)


def _refused(message: str) -> Callable[..., Variable]:
    def function(*_: Any) -> Variable:
        raise BuildError(message)

    return function


def _same(x: Operand) -> Variable:
    """Give x, as another array: what is done with it in place is not done with x."""
    node = as_variable(x)
    return node.columns.variable(node.number, node.shape)


def _is_nan(x: Operand) -> Variable:
    return e.not_equal(x, x)


def _fmax(a: Operand, b: Operand) -> Variable:
    return e.select(_true(_is_nan, a), b, e.select(_true(_is_nan, b), a, e.maximum(a, b)))


def _fmin(a: Operand, b: Operand) -> Variable:
    return e.select(_true(_is_nan, a), b, e.select(_true(_is_nan, b), a, e.minimum(a, b)))


def _true(question: Callable[[Operand], Variable], x: Operand) -> Any:
    """Ask a question of a variable, or of numbers."""
    held = settled(x)
    return question(held) if isinstance(held, Node) else np.isnan(as_constant(held, "np.isnan"))


def _xor(a: Operand, b: Operand) -> Variable:
    x, y = as_variable(a, b), as_variable(b, a)
    return e.not_equal(e.logical_not(x), e.logical_not(y))


def _heaviside(x: Operand, half: Operand) -> Variable:
    at = as_variable(x, half)
    return e.select(e.equal(at, 0.0), half, e.select(_is_nan(at), math.nan, e.less(0.0, at)))


def _logaddexp2(a: Operand, b: Operand) -> Variable:
    scale = math.log(2)
    x, y = as_variable(a, b), as_variable(b, a)
    return e.divide(e.logaddexp(e.multiply(x, scale), e.multiply(y, scale)), scale)


def _divmod(a: Operand, b: Operand) -> tuple[Variable, Variable]:
    return e.floor_quotient(a, b), e.remainder(a, b)


def _modf(x: Operand) -> tuple[Variable, Variable]:
    whole = e.trunc(x)
    # Beyond every whole number there is no fraction.
    fraction = e.select(e.equal(e.absolute(x), math.inf), 0.0, e.subtract(x, whole))
    return e.copysign(fraction, x), whole


def _ldexp(x: Operand, exponent: Operand) -> Variable:
    if isinstance(settled(exponent), Node):
        raise BuildError("np.ldexp: the exponent is a whole number that must be known; write x * 2.0**k")
    whole = np.asarray(exponent, dtype=np.float64)
    if np.all(np.abs(whole) <= 1022):
        return e.multiply(x, np.exp2(whole))
    # In three steps, none of which is beyond all numbers.
    third = np.trunc(whole / 3)
    return e.multiply(e.multiply(e.multiply(x, np.exp2(third)), np.exp2(third)), np.exp2(whole - 2 * third))


def _sign_bit(x: Operand) -> Variable:
    return e.less(e.copysign(1.0, x), 0.0)


def _bitwise(name: str, function: Callable[..., Variable]) -> Callable[..., Variable]:
    """Give what NumPy does with the bits of truth values; other bits are not there."""

    def of_truths(*operands: Operand) -> Variable:
        columns = columns_of(operands, f"np.{name}")
        held = [settled(each) for each in operands]
        if all(is_truth(columns, each if isinstance(each, Node) else np.asarray(each)) for each in held):
            return function(*held)
        raise BuildError(
            f"np.{name}: in a list there are bits of truth values only, and this is of numbers; write "
            "np.logical_and, np.logical_or, np.logical_xor or np.logical_not, for which all but 0 is true"
        )

    return of_truths


def _negative(x: Operand) -> Variable:
    held = settled(x)
    if isinstance(held, Node) and is_truth(held.columns, held):
        raise BuildError("truth values have no negative: write ~a, or -a.astype(float)")
    return e.negate(held)


def _absolute(x: Operand) -> Variable:
    held = settled(x)
    return _same(held) if isinstance(held, Node) and is_truth(held.columns, held) else e.absolute(held)


_WHOLE = "whole numbers; all in a list is float64"

UFUNCS: dict[str, Callable[..., Any]] = {
    "add": e.add,
    "subtract": e.subtract,
    "multiply": e.multiply,
    "divide": e.divide,
    "negative": _negative,
    "positive": _same,
    "reciprocal": e.reciprocal,
    "square": e.square,
    "power": raise_to,
    "float_power": raise_to,
    "sqrt": e.sqrt,
    "cbrt": e.cbrt,
    "absolute": _absolute,
    "fabs": e.absolute,
    "sign": e.sign,
    "hypot": e.hypot,
    "exp": e.exp,
    "exp2": e.exp2,
    "expm1": e.expm1,
    "log": e.log,
    "log2": e.log2,
    "log10": e.log10,
    "log1p": e.log1p,
    "logaddexp": e.logaddexp,
    "logaddexp2": _logaddexp2,
    "sin": e.sin,
    "cos": e.cos,
    "tan": e.tan,
    "arcsin": e.asin,
    "arccos": e.acos,
    "arctan": e.atan,
    "arctan2": e.atan2,
    "sinh": e.sinh,
    "cosh": e.cosh,
    "tanh": e.tanh,
    "arcsinh": e.asinh,
    "arccosh": e.acosh,
    "arctanh": e.atanh,
    "deg2rad": lambda x: e.multiply(x, np.pi / 180),
    "radians": lambda x: e.multiply(x, np.pi / 180),
    "rad2deg": lambda x: e.multiply(x, 180 / np.pi),
    "degrees": lambda x: e.multiply(x, 180 / np.pi),
    "floor": e.floor,
    "ceil": e.ceil,
    "rint": e.rint,
    "trunc": e.trunc,
    "remainder": e.remainder,
    "fmod": e.fmod,
    "floor_divide": e.floor_quotient,
    "divmod": _divmod,
    "modf": _modf,
    "ldexp": _ldexp,
    "copysign": e.copysign,
    "signbit": _sign_bit,
    "minimum": e.minimum,
    "maximum": e.maximum,
    "fmin": _fmin,
    "fmax": _fmax,
    "heaviside": _heaviside,
    "less": e.less,
    "less_equal": e.less_equal,
    "greater": lambda a, b: e.less(b, a),
    "greater_equal": lambda a, b: e.less_equal(b, a),
    "equal": e.equal,
    "not_equal": e.not_equal,
    "logical_and": e.logical_and,
    "logical_or": e.logical_or,
    "logical_xor": _xor,
    "logical_not": e.logical_not,
    "bitwise_and": _bitwise("bitwise_and", e.logical_and),
    "bitwise_or": _bitwise("bitwise_or", e.logical_or),
    "bitwise_xor": _bitwise("bitwise_xor", _xor),
    "invert": _bitwise("invert", e.logical_not),
    "isnan": _is_nan,
    "isinf": lambda x: e.equal(e.absolute(x), math.inf),
    "isfinite": lambda x: e.less(e.absolute(x), math.inf),
    "conjugate": _same,
    **SPECIAL,
    **{
        name: _refused(f"np.{name} is for {_WHOLE}")
        for name in ("gcd", "lcm", "isnat", "left_shift", "right_shift", "bitwise_count")
    },
    **{
        name: _refused(f"np.{name} cannot be traced: it depends on how numbers are stored, and has no derivative")
        for name in ("nextafter", "spacing", "frexp")
    },
}

"""What NumPy's ufuncs do with variables: one table.

Ufuncs are known by their names, so that those of ``scipy.special`` work where SciPy is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _reductions as r
from wengert_client._errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from wengert_client._node import Operand
    from wengert_client._variable import Variable

__all__ = ["UFUNCS", "apply_ufunc", "raise_to", "refuse_options"]


def raise_to(x: Operand, exponent: Operand) -> Variable:
    """Give x ** exponent: SQUARE or INTEGER_POWER for a fixed whole exponent, else POWER."""
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


UFUNCS: dict[str, Callable[..., Any]] = {
    "add": e.add,
    "subtract": e.subtract,
    "multiply": e.multiply,
    "divide": e.divide,
    "true_divide": e.divide,
    "negative": e.negate,
    "positive": lambda x: x,
    "reciprocal": e.reciprocal,
    "square": e.square,
    "power": raise_to,
    "float_power": raise_to,
    "sqrt": e.sqrt,
    "cbrt": e.cbrt,
    "absolute": e.absolute,
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
    "floor": e.floor,
    "ceil": e.ceil,
    "rint": e.rint,
    "trunc": e.trunc,
    "remainder": e.remainder,
    "fmod": e.fmod,
    "copysign": e.copysign,
    "minimum": e.minimum,
    "maximum": e.maximum,
    "less": e.less,
    "less_equal": e.less_equal,
    "greater": lambda a, b: e.less(b, a),
    "greater_equal": lambda a, b: e.less_equal(b, a),
    "equal": e.equal,
    "not_equal": e.not_equal,
    "logical_and": e.logical_and,
    "logical_or": e.logical_or,
    "logical_not": e.logical_not,
    "bitwise_and": e.logical_and,
    "bitwise_or": e.logical_or,
    "invert": e.logical_not,
    "isnan": lambda x: e.not_equal(x, x),
    "deg2rad": lambda x: e.multiply(x, np.pi / 180),
    "radians": lambda x: e.multiply(x, np.pi / 180),
    "rad2deg": lambda x: e.multiply(x, 180 / np.pi),
    "degrees": lambda x: e.multiply(x, 180 / np.pi),
    "conjugate": lambda x: x,
    "matmul": r.matmul,
    "floor_divide": _refused("'//' is not one operation of a list; write np.floor(a / b)"),
    # scipy.special
    "erf": e.erf,
    "erfc": e.erfc,
    "erfinv": e.erfinv,
    "gammaln": e.lgamma,
    "psi": e.digamma,
    "expit": e.sigmoid,
    "ndtr": e.ndtr,
    "log_ndtr": e.log_ndtr,
    "xlogy": e.xlogy,
}

_REDUCED: dict[str, Callable[..., Any]] = {
    "add": r.total,
    "multiply": r.prod,
    "maximum": r.largest,
    "minimum": r.smallest,
    "logaddexp": r.logsumexp,
}


def apply_ufunc(ufunc: Any, method: str, operands: Sequence[Any], options: dict[str, Any]) -> Any:
    """Do what a ufunc says with variables among its operands."""
    name = ufunc.__name__
    refuse_options(f"np.{name}", options, {"axis", "keepdims"} if method == "reduce" else ())
    if method == "reduce" and name in _REDUCED:
        return _REDUCED[name](operands[0], options.get("axis", 0), keepdims=options.get("keepdims", False))
    if method != "__call__":
        raise BuildError(
            f"np.{name}.{method} cannot be written into a list; use operators and functions on whole arrays"
        )
    if name not in UFUNCS:
        raise BuildError(f"np.{name} is no operation of a list; wengert_client.ops has those there are")
    return UFUNCS[name](*operands)


def refuse_options(what: str, options: Mapping[str, Any], allowed: Container[str] = ()) -> None:
    """Refuse options that would be ignored; those that are None say nothing."""
    for name, value in options.items():
        if name in allowed or value is None:
            continue
        if name == "out":
            told = "variables never change, and arrays hold none: write z = z + x instead of z += x, and no out="
            error = BuildError(f"{what}: {told}")
            error.asked = "in place"
            raise error
        raise BuildError(f"{what}: {name}= cannot be written into a list")

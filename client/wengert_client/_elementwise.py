"""Every elementwise primitive as a function: one row a primitive.

Arguments broadcast as NumPy has it, and at least one of them is a variable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex, TypeAlias

from wengert.v1 import primitive_pb2 as p
from wengert_client._errors import BuildError
from wengert_client._node import (
    OF_TRUTHS,
    TRUTHS,
    Operand,
    as_argument,
    as_integer,
    as_truths,
    broadcast,
    columns_of,
    is_truth,
    settled,
)
from wengert_client._results import primitive_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wengert.v1 import Primitive
    from wengert_client._columns import Shape
    from wengert_client._variable import Variable

    Unary: TypeAlias = Callable[[Operand], Variable]
    Binary: TypeAlias = Callable[[Operand, Operand], Variable]
    Ternary: TypeAlias = Callable[[Operand, Operand, Operand], Variable]

__all__ = ["MAX_EXPONENT", "MAX_ORDER", "digamma", "elementwise", "integer_power", "polygamma"]

#: The largest order of POLYGAMMA.
MAX_ORDER = 20

#: The largest exponent of INTEGER_POWER that is written as such.
MAX_EXPONENT = 2**31 - 1


def elementwise(primitive: Primitive.ValueType, *operands: Operand, parameters: Iterable[int] = ()) -> Variable:
    """Append a statement of an elementwise primitive; gives its variable."""
    what = primitive_name(primitive)
    columns = columns_of(operands, what)
    shape: Shape = ()
    arguments = []
    for operand in operands:
        argument, extents = as_argument(columns, operand, what)
        arguments.append(argument)
        shape = broadcast(shape, extents)
    if columns.truths and primitive in _OF_TRUTHS:
        told = operands[1:] if primitive == p.PRIMITIVE_SELECT else operands
        if all(is_truth(columns, settled(each)) for each in told):
            primitive = as_truths(primitive)
            columns.truths.add(columns.variables + 1)
    elif primitive in TRUTHS:
        columns.truths.add(columns.variables + 1)
    return columns.variable(columns.statement(primitive, arguments, parameters), shape)


_OF_TRUTHS = OF_TRUTHS | {p.PRIMITIVE_SELECT}


def _unary(primitive: Primitive.ValueType, doc: str) -> Unary:
    def function(x: Operand, /) -> Variable:
        return elementwise(primitive, x)

    return _named(function, primitive, doc)


def _binary(primitive: Primitive.ValueType, doc: str) -> Binary:
    def function(a: Operand, b: Operand, /) -> Variable:
        return elementwise(primitive, a, b)

    return _named(function, primitive, doc)


def _ternary(primitive: Primitive.ValueType, doc: str) -> Ternary:
    def function(a: Operand, b: Operand, c: Operand, /) -> Variable:
        return elementwise(primitive, a, b, c)

    return _named(function, primitive, doc)


def _named(function: Callable[..., Variable], primitive: Primitive.ValueType, doc: str) -> Callable[..., Variable]:
    function.__name__ = function.__qualname__ = primitive_name(primitive).lower()
    function.__doc__ = doc
    return function


# ---- arithmetic
add = _binary(p.PRIMITIVE_ADD, "Give a + b.")
subtract = _binary(p.PRIMITIVE_SUBTRACT, "Give a - b.")
multiply = _binary(p.PRIMITIVE_MULTIPLY, "Give a * b.")
divide = _binary(p.PRIMITIVE_DIVIDE, "Give a / b.")
negate = _unary(p.PRIMITIVE_NEGATE, "Give -x.")
reciprocal = _unary(p.PRIMITIVE_RECIPROCAL, "Give 1 / x.")
square = _unary(p.PRIMITIVE_SQUARE, "Give x * x.")
power = _binary(p.PRIMITIVE_POWER, "Give a to the power b, both real; for whole b see integer_power.")
fma = _ternary(p.PRIMITIVE_FMA, "Give a * b + c, rounded once or twice.")
zero_safe_multiply = _binary(p.PRIMITIVE_ZERO_SAFE_MULTIPLY, "Give a * b, and 0 where either is exactly 0.")

# ---- roots and magnitude
sqrt = _unary(p.PRIMITIVE_SQRT, "Give the square root.")
cbrt = _unary(p.PRIMITIVE_CBRT, "Give the real cube root.")
absolute = _unary(p.PRIMITIVE_ABS, "Give |x|; its derivative at 0 is 0.")
sign = _unary(p.PRIMITIVE_SIGN, "Give -1, 0 or 1.")
hypot = _binary(p.PRIMITIVE_HYPOT, "Give sqrt(a * a + b * b) without overflow.")

# ---- exponentials and logarithms
exp = _unary(p.PRIMITIVE_EXP, "Give e to the power x.")
exp2 = _unary(p.PRIMITIVE_EXP2, "Give 2 to the power x.")
expm1 = _unary(p.PRIMITIVE_EXPM1, "Give e to the power x, minus 1.")
log = _unary(p.PRIMITIVE_LOG, "Give the natural logarithm.")
log2 = _unary(p.PRIMITIVE_LOG2, "Give the logarithm to base 2.")
log10 = _unary(p.PRIMITIVE_LOG10, "Give the logarithm to base 10.")
log1p = _unary(p.PRIMITIVE_LOG1P, "Give the natural logarithm of 1 + x.")
logaddexp = _binary(p.PRIMITIVE_LOGADDEXP, "Give log(exp(a) + exp(b)) without overflow.")

# ---- trigonometric and hyperbolic
sin = _unary(p.PRIMITIVE_SIN, "Give the sine.")
cos = _unary(p.PRIMITIVE_COS, "Give the cosine.")
tan = _unary(p.PRIMITIVE_TAN, "Give the tangent.")
asin = _unary(p.PRIMITIVE_ASIN, "Give the arc sine.")
acos = _unary(p.PRIMITIVE_ACOS, "Give the arc cosine.")
atan = _unary(p.PRIMITIVE_ATAN, "Give the arc tangent.")
atan2 = _binary(p.PRIMITIVE_ATAN2, "Give the arc tangent of a / b in the right quadrant.")
sinh = _unary(p.PRIMITIVE_SINH, "Give the hyperbolic sine.")
cosh = _unary(p.PRIMITIVE_COSH, "Give the hyperbolic cosine.")
tanh = _unary(p.PRIMITIVE_TANH, "Give the hyperbolic tangent.")
asinh = _unary(p.PRIMITIVE_ASINH, "Give the inverse hyperbolic sine.")
acosh = _unary(p.PRIMITIVE_ACOSH, "Give the inverse hyperbolic cosine.")
atanh = _unary(p.PRIMITIVE_ATANH, "Give the inverse hyperbolic tangent.")

# ---- rounding
floor = _unary(p.PRIMITIVE_FLOOR, "Give the largest whole number not above x.")
ceil = _unary(p.PRIMITIVE_CEIL, "Give the smallest whole number not below x.")
rint = _unary(p.PRIMITIVE_ROUND, "Give the nearest whole number, halves to even.")
trunc = _unary(p.PRIMITIVE_TRUNC, "Give x without its fraction.")
remainder = _binary(p.PRIMITIVE_REMAINDER, "Give a - floor(a / b) * b, as numpy.remainder does.")
fmod = _binary(p.PRIMITIVE_FMOD, "Give a - trunc(a / b) * b, as numpy.fmod does.")
copysign = _binary(p.PRIMITIVE_COPYSIGN, "Give |a| with the sign of b.")

# ---- choice and truth: a truth value is true when it is not 0; results are 1 and 0
minimum = _binary(p.PRIMITIVE_MINIMUM, "Give the smaller one; at a tie each has the derivative 1/2.")
maximum = _binary(p.PRIMITIVE_MAXIMUM, "Give the larger one; at a tie each has the derivative 1/2.")
select = _ternary(p.PRIMITIVE_SELECT, "Give b where a is true, c elsewhere.")
less = _binary(p.PRIMITIVE_LESS, "Give 1 where a < b, else 0.")
less_equal = _binary(p.PRIMITIVE_LESS_EQUAL, "Give 1 where a <= b, else 0.")
equal = _binary(p.PRIMITIVE_EQUAL, "Give 1 where a = b, else 0.")
not_equal = _binary(p.PRIMITIVE_NOT_EQUAL, "Give 1 where a and b differ, else 0.")
logical_and = _binary(p.PRIMITIVE_AND, "Give 1 where both are true, else 0.")
logical_or = _binary(p.PRIMITIVE_OR, "Give 1 where at least one is true, else 0.")
logical_not = _unary(p.PRIMITIVE_NOT, "Give 1 where x is 0, else 0.")

# ---- special functions
erf = _unary(p.PRIMITIVE_ERF, "Give the error function.")
erfc = _unary(p.PRIMITIVE_ERFC, "Give 1 - erf(x), accurate for large x.")
erfinv = _unary(p.PRIMITIVE_ERFINV, "Give the inverse of the error function.")
lgamma = _unary(p.PRIMITIVE_LGAMMA, "Give the logarithm of |Gamma(x)|.")
sigmoid = _unary(p.PRIMITIVE_SIGMOID, "Give 1 / (1 + exp(-x)) without overflow.")
softplus = _unary(p.PRIMITIVE_SOFTPLUS, "Give log(1 + exp(x)) without overflow.")
ndtr = _unary(p.PRIMITIVE_NDTR, "Give the distribution function of the standard normal law.")
log_ndtr = _unary(p.PRIMITIVE_LOG_NDTR, "Give the logarithm of ndtr(x), accurate in the left tail.")
xlogy = _binary(p.PRIMITIVE_XLOGY, "Give a * log(b), and 0 where a = 0.")

# ---- what derivative lists need beside the rest
positive_reciprocal = _unary(p.PRIMITIVE_POSITIVE_RECIPROCAL, "Give 1 / x for x > 0, inf for 0 and -0, NaN below.")
step = _binary(p.PRIMITIVE_STEP, "Give 1 where a > b, 1/2 where they are equal, 0 where a < b.")
shifted_exp = _binary(p.PRIMITIVE_SHIFTED_EXP, "Give exp(a - b) for a shift b that counts as a constant.")
power_log = _binary(p.PRIMITIVE_POWER_LOG, "Give log(a), and 0 where a = 0 and b >= 0.")
exp_share = _binary(p.PRIMITIVE_EXP_SHARE, "Give exp(a) / (exp(a) + exp(b)) without overflow.")
floor_quotient = _binary(p.PRIMITIVE_FLOOR_QUOTIENT, "Give floor(a / b), the one that fits remainder(a, b).")


def integer_power(x: Operand, exponent: SupportsIndex, /) -> Variable:
    """Give x to a whole power of either sign, which is fixed in the list."""
    return elementwise(p.PRIMITIVE_INTEGER_POWER, x, parameters=(as_integer(exponent, "INTEGER_POWER"),))


def polygamma(order: SupportsIndex, x: Operand, /) -> Variable:
    """Give the derivative of an order from 0 to 20, fixed in the list, of the digamma function."""
    number = as_integer(order, "POLYGAMMA")
    if not 0 <= number <= MAX_ORDER:
        raise BuildError(f"POLYGAMMA: the order is {number}; it must be 0 to {MAX_ORDER}")
    return elementwise(p.PRIMITIVE_POLYGAMMA, x, parameters=(number,))


def digamma(x: Operand, /) -> Variable:
    """Give the derivative of lgamma."""
    return polygamma(0, x)

"""G and G': the set of primitives and the set of their derivatives, in one table, one row a primitive.

Nothing about a primitive stands anywhere else. From the table follow the dispatcher of the evaluator, both
transforms, the arity check, the operation counts, the page of primitives and the numeric tests.

How to read a row
-----------------
``value`` is the scalar formula of an elementwise primitive in its arguments ``a``, ``b``, ``c`` and its integer
parameter ``k``. Functions in it are those of ``math``, ``np`` or :mod:`adengine.rules`.

``partials`` are little Wengert lists, one per argument, in ``a``, ``b``, ``c``, ``k`` and the result ``w``:

* ``"cos(a)"``: the partial derivative; the transforms multiply it with a tangent or an adjoint;
* ``"select(a, t, 0)"``: a formula with ``t`` in it is the whole contribution, linear in the tangent or adjoint t;
* ``""``: no derivative (a constant, or zero everywhere).

``+ - * /`` in a partial are the plain IEEE operations; ``zero_safe_multiply`` is written out where a factor can be
infinite beside an exact zero. ``f[k-1](a)`` gives the primitive ``f`` the parameter k - 1.

``finite`` says where the result is finite: ``always`` (whatever the arguments, infinite and NaN too), where the
``arguments`` are, or nowhere promised (empty). The transforms use the plain product where they can prove a factor
finite: for constants, comparisons and structure. A user's variable may always be infinite, and so its cosine NaN.

``domain`` gives one interval per argument from which tests draw ordinary points.

Kinks follow one policy: *value semantics are IEEE-754 and NumPy's; a derivative is the useful one-sided or symmetric
choice where one exists; NaN only where the value itself is undefined.* Each choice is in the row's ``note``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Interval = tuple[float, float]
REAL: Interval = (-3.0, 3.0)
POSITIVE: Interval = (0.1, 4.0)
UNIT: Interval = (-0.9, 0.9)
TRUTH: Interval = (-1.0, 1.0)


class Kind(Enum):
    """What a primitive does with the elements of its arguments."""

    LEAF = "leaf"
    ELEMENTWISE = "elementwise"
    STRUCTURAL = "structural"


@dataclass(frozen=True, slots=True)
class Primitive:
    """One row of the table.

    Attributes
    ----------
    number : int
        Number on the wire (``wengert.v1.Primitive``).
    name : str
        Name on the wire without ``PRIMITIVE_``.
    kind : Kind
        Elementwise primitives broadcast as NumPy does.
    arity : int
        Number of arguments; -1 where a parameter says it.
    value, partials, finite, domain, note
        See the top of the module.
    parametric : bool
        Whether an elementwise primitive has one integer parameter k.
    nonlinear : bool
        Whether one evaluation counts as an elementary function in Griewank and Walther's measure.
    """

    number: int
    name: str
    kind: Kind
    arity: int
    value: str = ""
    partials: tuple[str, ...] = ()
    finite: str = ""
    domain: tuple[Interval, ...] = ()
    note: str = ""
    parametric: bool = False
    nonlinear: bool = False


def _unary(
    number: int,
    name: str,
    value: str,
    partial: str,
    finite: str = "",
    domain: Interval = REAL,
    note: str = "",
    nonlinear: bool = True,
) -> Primitive:
    return Primitive(number, name, Kind.ELEMENTWISE, 1, value, (partial,), finite, (domain,), note, nonlinear=nonlinear)


def _binary(  # noqa: PLR0913  the columns of a row
    number: int,
    name: str,
    value: str,
    partial_a: str,
    partial_b: str,
    finite: str = "",
    domain: tuple[Interval, Interval] = (REAL, REAL),
    note: str = "",
    nonlinear: bool = False,
) -> Primitive:
    partials = (partial_a, partial_b)
    return Primitive(number, name, Kind.ELEMENTWISE, 2, value, partials, finite, domain, note, nonlinear=nonlinear)


def _ternary(number: int, name: str, value: str, partials: tuple[str, str, str], finite: str, note: str) -> Primitive:
    return Primitive(number, name, Kind.ELEMENTWISE, 3, value, partials, finite, (TRUTH, REAL, REAL), note)


def _parametric(number: int, name: str, value: str, partial: str, domain: Interval, note: str) -> Primitive:
    return Primitive(
        number, name, Kind.ELEMENTWISE, 1, value, (partial,), "", (domain,), note, parametric=True, nonlinear=True
    )


def _shaped(number: int, name: str, arity: int, note: str) -> Primitive:
    return Primitive(number, name, Kind.STRUCTURAL, arity, note=note)


# fmt: off
_LEAF = (
    Primitive(1, "CONSTANT", Kind.LEAF, 0, note="An array constant; parameter: its number in `tensors`, from 1."),
)

_ARITHMETIC = (
    _binary(10, "ADD",         "a + b",  "1",      "1"),
    _binary(11, "SUBTRACT",    "a - b",  "1",      "-1"),
    _binary(12, "MULTIPLY",    "a * b",  "b",      "a"),
    _binary(13, "DIVIDE",      "a / b",  "1 / b",  "-zero_safe_multiply(w, 1 / b)", domain=(REAL, POSITIVE)),
    _unary(14,  "NEGATE",      "-a",     "-1",     "arguments", nonlinear=False),
    _unary(15,  "RECIPROCAL",  "1.0 / a", "-(w * w)", domain=POSITIVE),
    _unary(16,  "SQUARE",      "a * a",  "2 * a",  nonlinear=False),
    _binary(17, "POWER",       "power(a, b)",
            "zero_safe_multiply(b, power(a, b - 1))", "zero_safe_multiply(w, power_log(a, b))",
            domain=(POSITIVE, REAL), nonlinear=True,
            note="d/da is 0 where b = 0, also at a = 0; d/db is 0 at a = 0 with b >= 0 and NaN at a < 0."),
    _parametric(18, "INTEGER_POWER", "integer_power(a, k)", "zero_safe_multiply(k, integer_power[k-1](a))", REAL,
                "a to the integer parameter k; exact at 0 and below; k = 0 gives derivative 0, also at a = 0."),
    Primitive(19, "FMA", Kind.ELEMENTWISE, 3, "a * b + c", ("b", "a", "1"), "", (REAL, REAL, REAL),
              "a b + c, rounded once or twice."),
    _binary(20, "ZERO_SAFE_MULTIPLY", "zero_safe_multiply(a, b)", "b", "a",
            note="a b, and 0 where that is NaN though a factor is 0: the product of derivative lists (strong zero)."),
)

_ROOTS = (
    _unary(30,  "SQRT",  "math.sqrt(a)",     "0.5 * positive_reciprocal(w)", "", POSITIVE, "Derivative +inf at 0."),
    _unary(31,  "CBRT",  "np.cbrt(a)",       "1 / (3 * (w * w))", "", POSITIVE, "Derivative +inf at 0."),
    _unary(32,  "ABS",   "abs(a)",           "sign(a)", "arguments", REAL, "Derivative 0 at 0.", nonlinear=False),
    _unary(33,  "SIGN",  "sign(a)",          "", "", REAL, "Derivative 0 everywhere.", nonlinear=False),
    _binary(34, "HYPOT", "hypot(a, b)",      "select(w, a / w, 0)", "select(w, b / w, 0)", nonlinear=True,
            note="Scaled, so right near overflow and underflow; partials 0 at (0, 0)."),
)

_EXPONENTIAL = (
    _unary(40,  "EXP",   "math.exp(a)",   "w"),
    _unary(41,  "EXP2",  "np.exp2(a)",    "0.6931471805599453 * w"),
    _unary(42,  "EXPM1", "math.expm1(a)", "exp(a)"),
    _unary(43,  "LOG",   "math.log(a)",   "positive_reciprocal(a)", "", POSITIVE,
           "Derivative +inf at 0 and -0, NaN below 0."),
    _unary(44,  "LOG2",  "np.log2(a)",    "1.4426950408889634 * positive_reciprocal(a)", "", POSITIVE, "As LOG."),
    _unary(45,  "LOG10", "math.log10(a)", "0.4342944819032518 * positive_reciprocal(a)", "", POSITIVE, "As LOG."),
    _unary(46,  "LOG1P", "math.log1p(a)", "positive_reciprocal(1 + a)", "", UNIT, "As LOG, at -1."),
    _binary(47, "LOGADDEXP", "logaddexp(a, b)", "exp_share(a, b)", "exp_share(b, a)", nonlinear=True,
            note="Stable for all arguments; partials 0, 0 where both are -inf."),
)

_TRIGONOMETRIC = (
    _unary(60,  "SIN",   "math.sin(a)",   "cos(a)"),
    _unary(61,  "COS",   "math.cos(a)",   "-sin(a)"),
    _unary(62,  "TAN",   "math.tan(a)",   "1 + w * w", "", UNIT),
    _unary(63,  "ASIN",  "math.asin(a)",  "1 / sqrt((1 - a) * (1 + a))", "", UNIT,
           "Derivative +inf at -1 and 1, NaN outside."),
    _unary(64,  "ACOS",  "math.acos(a)",  "-(1 / sqrt((1 - a) * (1 + a)))", "", UNIT,
           "Derivative -inf at -1 and 1, NaN outside."),
    _unary(65,  "ATAN",  "math.atan(a)",  "1 / (1 + a * a)"),
    _binary(66, "ATAN2", "math.atan2(a, b)",
            "select(hypot(a, b), b / hypot(a, b) / hypot(a, b), 0)",
            "-select(hypot(a, b), a / hypot(a, b) / hypot(a, b), 0)", nonlinear=True,
            note="Scaled, so right near overflow and underflow; partials 0 at (0, 0)."),
    _unary(67,  "SINH",  "math.sinh(a)",  "cosh(a)"),
    _unary(68,  "COSH",  "math.cosh(a)",  "sinh(a)"),
    _unary(69,  "TANH",  "math.tanh(a)",  "1 - w * w"),
    _unary(70,  "ASINH", "math.asinh(a)", "1 / hypot(1, a)"),
    _unary(71,  "ACOSH", "math.acosh(a)", "1 / (sqrt(a - 1) * sqrt(a + 1))", "", (1.1, 5.0),
           "Derivative +inf at 1, NaN below."),
    _unary(72,  "ATANH", "math.atanh(a)", "positive_reciprocal((1 - a) * (1 + a))", "", UNIT,
           "Derivative +inf at -1 and 1, NaN outside."),
)

_ROUNDING = (
    _unary(80,  "FLOOR", "np.floor(a)", "", "arguments", nonlinear=False, note="Derivative 0 everywhere."),
    _unary(81,  "CEIL",  "np.ceil(a)",   "", "arguments", nonlinear=False, note="Derivative 0 everywhere."),
    _unary(82,  "ROUND", "np.rint(a)",   "", "arguments", nonlinear=False,
           note="Half to even; derivative 0 everywhere."),
    _unary(83,  "TRUNC", "np.trunc(a)", "", "arguments", nonlinear=False, note="Derivative 0 everywhere."),
    _binary(84, "REMAINDER", "remainder(a, b)", "1", "-floor_quotient(a, b)", domain=(REAL, POSITIVE), nonlinear=True,
            note="a - floor(a / b) b, with the sign of b; d/db is -floor(a / b)."),
    _binary(85, "FMOD", "np.fmod(a, b)", "1", "-round((a - w) / b)", domain=(REAL, POSITIVE), nonlinear=True,
            note="a - trunc(a / b) b, with the sign of a; d/db is -trunc(a / b)."),
    _binary(86, "COPYSIGN", "math.copysign(a, b)", "sign(a) * copysign(1, b)", "", "arguments",
            note="d/da is 0 at a = 0; d/db is 0 everywhere."),
)

_CHOICE = (
    _binary(100, "MINIMUM",    "minimum(a, b)", "step(b, a)", "step(a, b)", "arguments",
            note="At a tie 1/2 and 1/2; NaN passes on, with NaN partials."),
    _binary(101, "MAXIMUM",    "maximum(a, b)", "step(a, b)", "step(b, a)", "arguments",
            note="At a tie 1/2 and 1/2; NaN passes on, with NaN partials."),
    _ternary(102, "SELECT",    "select(a, b, c)", ("", "select(a, t, 0)", "select(a, 0, t)"), "arguments",
             "b where a is true (not 0; NaN is true), else c; only the branch taken has a derivative."),
    _binary(103, "LESS",       "1.0 if a < b else 0.0",  "", "", "always", note="0 with NaN."),
    _binary(104, "LESS_EQUAL", "1.0 if a <= b else 0.0", "", "", "always", note="0 with NaN."),
    _binary(105, "EQUAL",      "1.0 if a == b else 0.0", "", "", "always", note="0 with NaN."),
    _binary(106, "NOT_EQUAL",  "1.0 if a != b else 0.0", "", "", "always", note="1 with NaN."),
    _binary(107, "AND",        "1.0 if a != 0.0 and b != 0.0 else 0.0", "", "", "always", note="NaN is true."),
    _binary(108, "OR",         "1.0 if a != 0.0 or b != 0.0 else 0.0",  "", "", "always", note="NaN is true."),
    _unary(109,  "NOT",        "1.0 if a == 0.0 else 0.0", "", "always", note="NaN is true.", nonlinear=False),
)

_SPECIAL = (
    _unary(120, "ERF",  "math.erf(a)",  "1.1283791670955126 * exp(-(a * a))"),
    _unary(121, "ERFC", "math.erfc(a)", "-1.1283791670955126 * exp(-(a * a))"),
    _unary(123, "LGAMMA", "math.lgamma(a)", "polygamma[0](a)", "", (0.2, 5.0),
           "log |gamma(a)|; the derivative is NaN at the poles 0, -1, -2, ..."),
    _parametric(124, "POLYGAMMA", "polygamma(a, k)", "polygamma[k+1](a)", (0.2, 5.0),
                "Derivative k + 1 of log gamma; order k from 0 to 20; NaN at the poles 0, -1, -2, ..."),
    _unary(125, "SIGMOID",  "sigmoid(a)",  "w * sigmoid(-a)"),
    _unary(126, "SOFTPLUS", "softplus(a)", "sigmoid(a)", "arguments"),
    _binary(129, "XLOGY", "xlogy(a, b)", "log(b)", "select(a, a / b, zero_safe_multiply(a, 1 / b))",
            domain=(REAL, POSITIVE), nonlinear=True,
            note="a log b, and 0 where a = 0; then d/da is log b and d/db is 0."),
)

_SHAPE = (
    _shaped(140, "RESHAPE", 1, "Parameters: rank, shape."),
    _shaped(141, "BROADCAST", 1, "Parameters: rank, shape."),
    _shaped(142, "TRANSPOSE", 1, "Parameters: rank, permutation."),
    _shaped(143, "SLICE", 1, "Parameters: rank, then start, count, step of each axis."),
    _shaped(144, "CONCATENATE", -1, "Parameters: axis, number of arguments."),
    _shaped(145, "GATHER", 1, "numpy.take(a, indices, axis). Parameters: axis; rank, shape of the indices; indices."),
    _shaped(146, "SCATTER_ADD", 2, "Base a plus the transpose of GATHER of updates b. Parameters as GATHER."),
)

_REDUCTION = (
    _shaped(160, "SUM", 1, "0 over an empty axis. Parameters: keep_dims, number of axes, axes."),
    _shaped(161, "PROD", 1, "1 over an empty axis; derivatives by products, never by division. Parameters as SUM."),
    _shaped(162, "MAX", 1, "Ties share the derivative equally; NaN passes on. Parameters as SUM."),
    _shaped(163, "MIN", 1, "Ties share the derivative equally; NaN passes on. Parameters as SUM."),
    _shaped(164, "LOGSUMEXP", 1, "-inf over an empty axis; stable; 0 for elements at -inf. Parameters as SUM."),
)

_LINEAR_ALGEBRA = (
    _shaped(180, "MATMUL", 2, "numpy.matmul for ranks 1 and 2."),
)

_DERIVATIVES = (
    _unary(220, "POSITIVE_RECIPROCAL", "positive_reciprocal(a)", "-(w * w)", domain=POSITIVE,
           note="1 / a above 0, +inf at 0 and -0, NaN below."),
    _binary(221, "STEP", "step(a, b)", "", "", "",
            note="1 where a > b, 1/2 where they are equal, 0 where a < b, NaN with NaN."),
    _binary(222, "SHIFTED_EXP", "shifted_exp(a, b)", "w", "", nonlinear=True,
            note="exp(a - b) for a shift b that cancels later and so has no derivative; 0 at -inf, 1 where a = b."),
    _binary(223, "POWER_LOG", "power_log(a, b)", "select(a, 1 / a, 0)", "", domain=(POSITIVE, REAL), nonlinear=True,
            note="log a, and 0 where a = 0 and b >= 0."),
    _binary(224, "EXP_SHARE", "exp_share(a, b)", "w * exp_share(b, a)", "-(w * exp_share(b, a))", nonlinear=True,
            note="exp a / (exp a + exp b); 0 where a is -inf, 1/2 where both are +inf."),
    _binary(225, "FLOOR_QUOTIENT", "floor_quotient(a, b)", "", "", domain=(REAL, POSITIVE), nonlinear=True,
            note="floor(a / b), the one that fits the remainder."),
    _shaped(226, "ZERO_SAFE_MATMUL", 2, "MATMUL with the products of ZERO_SAFE_MULTIPLY."),
)
# fmt: on

TABLE: tuple[Primitive, ...] = (
    _LEAF + _ARITHMETIC + _ROOTS + _EXPONENTIAL + _TRIGONOMETRIC + _ROUNDING + _CHOICE + _SPECIAL
    + _SHAPE + _REDUCTION + _LINEAR_ALGEBRA + _DERIVATIVES
)  # fmt: skip
"""All rows, in the order of their groups."""

BY_NUMBER: dict[int, Primitive] = {row.number: row for row in TABLE}
BY_NAME: dict[str, Primitive] = {row.name: row for row in TABLE}

SERVED: frozenset[int] = frozenset(row.number for row in TABLE)
"""Numbers of the wire that this engine serves."""

MAX_POLYGAMMA_ORDER = 20
"""Largest order a user may ask for; derivatives may go beyond."""

ELEMENTWISE: tuple[Primitive, ...] = tuple(row for row in TABLE if row.kind is Kind.ELEMENTWISE)
"""Rows that act on each element by itself."""

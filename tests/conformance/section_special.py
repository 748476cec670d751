"""The policy at special points, every row by hand: the reference must agree before it is written."""

from math import e, inf, log, nan, pi, sqrt

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import one_statement

ABOUT = (
    "Derivatives at kinks, edges of domains, poles, infinity and NaN: the written policy, row by row, "
    "the same in every mode."
)

# primitive, arguments, value, partial derivatives
Row = tuple[str, list[float], float, list[float]]

TIES: list[Row] = [
    ("ABS", [0.0], 0, [0]),
    ("ABS", [-0.0], 0, [0]),
    ("MAXIMUM", [2, 2], 2, [0.5, 0.5]),
    ("MINIMUM", [2, 2], 2, [0.5, 0.5]),
    ("MAXIMUM", [inf, inf], inf, [0.5, 0.5]),
    ("MAXIMUM", [nan, 1], nan, [nan, nan]),
    ("MAXIMUM", [1, nan], nan, [nan, nan]),
    ("MINIMUM", [nan, 1], nan, [nan, nan]),
    ("MINIMUM", [1, nan], nan, [nan, nan]),
    ("COPYSIGN", [0, 1], 0, [0, 0]),
    ("COPYSIGN", [0, -1], 0, [0, 0]),
    ("COPYSIGN", [2, -0.0], -2, [-1, 0]),
    ("COPYSIGN", [-2, 0.0], 2, [-1, 0]),
]

STEPS: list[Row] = [
    ("SIGN", [0.0], 0, [0]),
    ("SIGN", [-3], -1, [0]),
    ("FLOOR", [2.0], 2, [0]),
    ("CEIL", [2.0], 2, [0]),
    ("TRUNC", [-2.0], -2, [0]),
    ("ROUND", [0.5], 0, [0]),
    ("ROUND", [1.5], 2, [0]),
    ("ROUND", [2.5], 2, [0]),
    ("ROUND", [-2.5], -2, [0]),
    ("FLOOR", [inf], inf, [0]),
    ("LESS", [1, 1], 0, [0, 0]),
    ("LESS_EQUAL", [1, 1], 1, [0, 0]),
    ("EQUAL", [1, 1], 1, [0, 0]),
    ("NOT_EQUAL", [1, 1], 0, [0, 0]),
    ("LESS", [nan, 1], 0, [0, 0]),
    ("EQUAL", [nan, nan], 0, [0, 0]),
    ("NOT_EQUAL", [nan, nan], 1, [0, 0]),
    ("AND", [nan, 1], 1, [0, 0]),
    ("OR", [0, nan], 1, [0, 0]),
    ("NOT", [nan], 0, [0]),
]

ROOTS: list[Row] = [
    ("SQRT", [0.0], 0, [inf]),
    ("SQRT", [-1], nan, [nan]),
    ("SQRT", [inf], inf, [0]),
    ("CBRT", [0.0], 0, [inf]),
    ("HYPOT", [0, 0], 0, [0, 0]),
    ("HYPOT", [0, -3], 3, [0, -1]),
    ("HYPOT", [1e200, 1e200], sqrt(2) * 1e200, [sqrt(0.5), sqrt(0.5)]),
    ("HYPOT", [1e-200, 1e-200], sqrt(2) * 1e-200, [sqrt(0.5), sqrt(0.5)]),
    ("HYPOT", [3e200, -4e200], 5e200, [0.6, -0.8]),
]

POWERS: list[Row] = [
    ("POWER", [3, 0], 1, [0, log(3)]),
    ("POWER", [0, 0], 1, [0, 0]),
    ("POWER", [-2, 0], 1, [0, nan]),
    ("POWER", [0, 1], 0, [1, 0]),
    ("POWER", [0, 2], 0, [0, 0]),
    ("POWER", [0, 3.5], 0, [0, 0]),
    ("POWER", [0, 0.5], 0, [inf, 0]),
    ("POWER", [-2, 3], -8, [12, nan]),
    ("POWER", [-2, -1], -0.5, [-0.25, nan]),
    ("POWER", [-2, 0.5], nan, [nan, nan]),
    ("XLOGY", [0, 2], 0, [log(2), 0]),
    ("XLOGY", [0, 0], 0, [-inf, 0]),
    ("XLOGY", [0, inf], 0, [inf, 0]),
    ("XLOGY", [2, 0], -inf, [-inf, inf]),
    ("XLOGY", [1, -1], nan, [nan, -1]),
]

LOGARITHMS: list[Row] = [
    *[(name, [0.0], -inf, [inf]) for name in ("LOG", "LOG2", "LOG10")],
    *[(name, [-0.0], -inf, [inf]) for name in ("LOG", "LOG2", "LOG10")],
    *[(name, [-2.0], nan, [nan]) for name in ("LOG", "LOG2", "LOG10", "LOG1P")],
    *[(name, [inf], inf, [0.0]) for name in ("LOG", "LOG2", "LOG10", "LOG1P")],
    ("LOG1P", [-1], -inf, [inf]),
    ("LOG1P", [0.0], 0, [1]),
    ("EXP", [-inf], 0, [0]),
    ("EXP", [inf], inf, [inf]),
    ("EXPM1", [-inf], -1, [0]),
    ("LOGADDEXP", [-inf, -inf], -inf, [0, 0]),
    ("LOGADDEXP", [-inf, 1], 1, [0, 1]),
    ("LOGADDEXP", [inf, 1], inf, [1, 0]),
    ("LOGADDEXP", [inf, inf], inf, [0.5, 0.5]),
    ("LOGADDEXP", [inf, -inf], inf, [1, 0]),
    ("LOGADDEXP", [1, -inf], 1, [1, 0]),
    ("LOGADDEXP", [800, 800], 800 + log(2), [0.5, 0.5]),
    ("LOGADDEXP", [1e10, 1e10], 1e10 + log(2), [0.5, 0.5]),
    ("LOGADDEXP", [1e300, 1e300], 1e300, [0.5, 0.5]),
    ("LOGADDEXP", [-800, -800], -800 + log(2), [0.5, 0.5]),
    ("LOGADDEXP", [0, 0], log(2), [0.5, 0.5]),
    ("SIGMOID", [800], 1, [0]),
    ("SIGMOID", [-800], 0, [0]),
    ("SIGMOID", [inf], 1, [0]),
    ("SIGMOID", [-inf], 0, [0]),
    ("SIGMOID", [0.0], 0.5, [0.25]),
    ("SOFTPLUS", [800], 800, [1]),
    ("SOFTPLUS", [-800], 0, [0]),
    ("SOFTPLUS", [inf], inf, [1]),
    ("SOFTPLUS", [-inf], 0, [0]),
    ("SOFTPLUS", [0.0], log(2), [0.5]),
]

ANGLES: list[Row] = [
    ("ATAN2", [0, 0], 0, [0, 0]),
    ("ATAN2", [0, -1], pi, [-1, 0]),
    ("ATAN2", [1, 0], pi / 2, [0, -1]),
    ("ATAN2", [1e200, 1e200], pi / 4, [5e-201, -5e-201]),
    ("ATAN2", [1e-200, 1e-200], pi / 4, [5e199, -5e199]),
    ("ASIN", [1], pi / 2, [inf]),
    ("ASIN", [-1], -pi / 2, [inf]),
    ("ASIN", [1.5], nan, [nan]),
    ("ASIN", [-1.5], nan, [nan]),
    ("ACOS", [1], 0, [-inf]),
    ("ACOS", [-1], pi, [-inf]),
    ("ACOS", [1.5], nan, [nan]),
    ("ACOS", [-1.5], nan, [nan]),
    ("ACOSH", [1], 0, [inf]),
    ("ACOSH", [0.5], nan, [nan]),
    ("ACOSH", [-2], nan, [nan]),
    ("ATANH", [1], inf, [inf]),
    ("ATANH", [-1], -inf, [inf]),
    ("ATANH", [1.5], nan, [nan]),
    ("ATANH", [-3], nan, [nan]),
    ("ATAN", [inf], pi / 2, [0]),
    ("TANH", [inf], 1, [0]),
    ("TANH", [-400], -1, [0]),
    ("SIN", [inf], nan, [nan]),
    ("ERF", [inf], 1, [0]),
    ("ERFC", [-inf], 2, [0]),
]

OTHERS: list[Row] = [
    ("REMAINDER", [6, 2], 0, [1, -3]),
    ("REMAINDER", [-7, 2], 1, [1, 4]),
    ("REMAINDER", [7, -2], -1, [1, 4]),
    ("REMAINDER", [3, inf], 3, [1, 0]),
    ("FMOD", [3, inf], 3, [1, 0]),
    ("FMOD", [-3, inf], -3, [1, 0]),
    ("FMOD", [1e300, 7], 1, [1, -1e300 / 7]),
    ("FMOD", [6, 2], 0, [1, -3]),
    ("FMOD", [-7, 2], -1, [1, 3]),
    ("FMOD", [7, -2], 1, [1, 3]),
    ("LGAMMA", [0.0], inf, [nan]),
    ("LGAMMA", [-1], inf, [nan]),
    ("LGAMMA", [-20], inf, [nan]),
    ("LGAMMA", [1], 0, [-0.5772156649015329]),
    ("LGAMMA", [2], 0, [0.42278433509846714]),
    ("SELECT", [1, 3, nan], 3, [0, 1, 0]),
    ("SELECT", [0, nan, 4], 4, [0, 0, 1]),
    ("SELECT", [nan, 3, 4], 3, [0, 1, 0]),
    ("MULTIPLY", [0, inf], nan, [inf, 0]),
    ("ZERO_SAFE_MULTIPLY", [0, inf], 0, [inf, 0]),
    ("ZERO_SAFE_MULTIPLY", [nan, 0], 0, [0, nan]),
    ("RECIPROCAL", [0.0], inf, [-inf]),
    ("RECIPROCAL", [inf], 0, [0]),
    ("DIVIDE", [1, 0.0], inf, [inf, -inf]),
    ("DIVIDE", [1, inf], 0, [0, 0]),
    ("EXP", [1], e, [e]),
]

DERIVATIVES: list[Row] = [
    ("POSITIVE_RECIPROCAL", [0.0], inf, [-inf]),
    ("POSITIVE_RECIPROCAL", [-0.0], inf, [-inf]),
    ("POSITIVE_RECIPROCAL", [-2], nan, [nan]),
    ("POSITIVE_RECIPROCAL", [-inf], nan, [nan]),
    ("POSITIVE_RECIPROCAL", [inf], 0, [0]),
    ("POSITIVE_RECIPROCAL", [nan], nan, [nan]),
    ("STEP", [2, 2], 0.5, [0, 0]),
    ("STEP", [0.0, -0.0], 0.5, [0, 0]),
    ("STEP", [inf, inf], 0.5, [0, 0]),
    ("STEP", [-inf, 1], 0, [0, 0]),
    ("STEP", [nan, 1], nan, [0, 0]),
    ("STEP", [1, nan], nan, [0, 0]),
    ("SHIFTED_EXP", [-inf, -inf], 0, [0, 0]),
    ("SHIFTED_EXP", [-inf, inf], 0, [0, 0]),
    ("SHIFTED_EXP", [inf, inf], 1, [1, 0]),
    ("SHIFTED_EXP", [1, inf], 0, [0, 0]),
    ("SHIFTED_EXP", [inf, 1], inf, [inf, 0]),
    ("SHIFTED_EXP", [1e8, 1e8], 1, [1, 0]),
    ("SHIFTED_EXP", [-inf, nan], nan, [nan, 0]),
    ("SHIFTED_EXP", [nan, 1], nan, [nan, 0]),
    ("POWER_LOG", [0.0, 0], 0, [0, 0]),
    ("POWER_LOG", [-0.0, 2], 0, [0, 0]),
    ("POWER_LOG", [0.0, -1], -inf, [0, 0]),
    ("POWER_LOG", [0.0, nan], -inf, [0, 0]),
    ("POWER_LOG", [-2, 1], nan, [-0.5, 0]),
    ("POWER_LOG", [inf, 1], inf, [0, 0]),
    ("EXP_SHARE", [-inf, -inf], 0, [0, 0]),
    ("EXP_SHARE", [inf, inf], 0.5, [0.25, -0.25]),
    ("EXP_SHARE", [inf, 1], 1, [0, 0]),
    ("EXP_SHARE", [-inf, 1], 0, [0, 0]),
    ("EXP_SHARE", [1, -inf], 1, [0, 0]),
    ("EXP_SHARE", [800, 0], 1, [0, 0]),
    ("EXP_SHARE", [nan, 1], nan, [nan, nan]),
    ("EXP_SHARE", [-inf, nan], nan, [nan, nan]),
    ("FLOOR_QUOTIENT", [6, 2], 3, [0, 0]),
    ("FLOOR_QUOTIENT", [-7, 2], -4, [0, 0]),
    ("FLOOR_QUOTIENT", [1, 0.1], 9, [0, 0]),
    ("FLOOR_QUOTIENT", [3, inf], 0, [0, 0]),
    ("FLOOR_QUOTIENT", [3, 0.0], nan, [0, 0]),
    ("FLOOR_QUOTIENT", [inf, 2], nan, [0, 0]),
    ("FLOOR_QUOTIENT", [nan, 2], nan, [0, 0]),
]

POWER_ROWS: list[tuple[int, float, float, float]] = [
    (0, 0.0, 1, 0),
    (0, nan, 1, 0),
    (1, 0.0, 0, 1),
    (2, 0.0, 0, 0),
    (2, -3, 9, -6),
    (3, -2, -8, 12),
    (-1, 0.0, inf, -inf),
    (-2, -2, 0.25, 0.25),
]

# primitive, elements along the one axis, value, partial derivatives
REDUCTIONS: list[Row] = [
    ("MAX", [3, 1, 3], 3, [0.5, 0, 0.5]),
    ("MIN", [1, 4, 1, 1], 1, [1 / 3, 0, 1 / 3, 1 / 3]),
    ("MAX", [3, nan, 1], nan, [nan, nan, nan]),
    ("MIN", [3, nan, 1], nan, [nan, nan, nan]),
    ("PROD", [0, 2, 3], 0, [6, 0, 0]),
    ("PROD", [2, 0, 3], 0, [0, 6, 0]),
    ("PROD", [0, 0, 3], 0, [0, 0, 0]),
    ("PROD", [0, 0, 0], 0, [0, 0, 0]),
    ("PROD", [5], 5, [1]),
    ("LOGSUMEXP", [-inf, -inf, -inf], -inf, [0, 0, 0]),
    ("LOGSUMEXP", [inf, 1], inf, [1, 0]),
    ("LOGSUMEXP", [inf, -inf, inf], inf, [0.5, 0, 0.5]),
    ("LOGSUMEXP", [nan, 1], nan, [nan, nan]),
    ("LOGSUMEXP", [-inf, 1], 1, [0, 1]),
    ("LOGSUMEXP", [1000, 1000], 1000 + log(2), [0.5, 0.5]),
    ("LOGSUMEXP", [1e8, 1e8], 1e8 + log(2), [0.5, 0.5]),
    ("LOGSUMEXP", [-1000, -1000], -1000 + log(2), [0.5, 0.5]),
    ("LOGSUMEXP", [0, -1000], 0, [1, 0]),
]


def _at(arguments: list[float]) -> str:
    return ",".join(f"{x:g}" for x in arguments)


def _row(row: Row) -> Case:
    name, arguments, value, partials = row
    call = Call(one_statement(name, [()] * len(arguments)), arguments)
    label = f"{name.lower().replace('_', '-')}/{_at(arguments)}"
    about = f"{name} at ({_at(arguments)})"
    return expect.jacobian(label, about, call, values=[value], dense=[partials], tolerance=expect.RELATIVE)


def _integer_power(k: int, x: float, value: float, slope: float) -> Case:
    call = Call(one_statement("INTEGER_POWER", [()], [k]), [x])
    return expect.jacobian(
        f"integer-power/{k}/{x:g}", f"x^{k} at {x:g}", call, values=[value], dense=[[slope]], tolerance=expect.RELATIVE
    )


def _reduction(row: Row) -> Case:
    name, elements, value, partials = row
    call = Call(one_statement(name, [(len(elements),)], [0, 1, 0]), elements)
    label = f"{name.lower()}-of/{_at(elements)}"
    about = f"{name} over ({_at(elements)})"
    return expect.jacobian(label, about, call, values=[value], dense=[partials], tolerance=expect.RELATIVE)


def cases() -> list[Case]:
    rows = [*TIES, *STEPS, *ROOTS, *POWERS, *LOGARITHMS, *ANGLES, *OTHERS, *DERIVATIVES]
    result = [_row(row) for row in rows]
    result += [_integer_power(*row) for row in POWER_ROWS]
    return result + [_reduction(row) for row in REDUCTIONS]

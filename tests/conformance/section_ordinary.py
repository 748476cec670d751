"""Every elementwise primitive at ordinary points: inside its domain, off its kinks and poles."""

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import one_statement

ABOUT = "Every elementwise primitive inside its domain, off kinks and poles: values and partials."

ANYWHERE = [-2.3, -0.7, 0.4, 1.1, 3.6]
POSITIVE = [0.03, 0.6, 1.7, 12.5]
INSIDE = [-0.9, -0.2, 0.35, 0.8]

UNARY: dict[str, list[float]] = {
    "NEGATE": ANYWHERE,
    "RECIPROCAL": ANYWHERE,
    "SQUARE": ANYWHERE,
    "SQRT": POSITIVE,
    "CBRT": ANYWHERE,
    "ABS": ANYWHERE,
    "SIGN": ANYWHERE,
    "EXP": ANYWHERE,
    "EXP2": ANYWHERE,
    "EXPM1": [*ANYWHERE, 1e-9, -1e-9],
    "LOG": POSITIVE,
    "LOG2": POSITIVE,
    "LOG10": POSITIVE,
    "LOG1P": [*POSITIVE, -0.5, 1e-9],
    "SIN": [*ANYWHERE, 100.0],
    "COS": [*ANYWHERE, 100.0],
    "TAN": ANYWHERE,
    "ASIN": INSIDE,
    "ACOS": INSIDE,
    "ATAN": [*ANYWHERE, 1e8],
    "SINH": [*ANYWHERE, 1e-9],
    "COSH": ANYWHERE,
    "TANH": [*ANYWHERE, 1e-9],
    "ASINH": [*ANYWHERE, 1e-9],
    "ACOSH": [1.2, 2.5, 40.0],
    "ATANH": [*INSIDE, 1e-9],
    "FLOOR": ANYWHERE,
    "CEIL": ANYWHERE,
    "ROUND": ANYWHERE,
    "TRUNC": ANYWHERE,
    "NOT": [0.0, 1.0, -2.0],
    "ERF": [*ANYWHERE, 1e-9],
    "ERFC": [*ANYWHERE, 6.0],
    "LGAMMA": [0.2, 0.9, 1.6, 3.3, 25.0, 1e4, -0.4, -3.7],
    "SIGMOID": [*ANYWHERE, -30.0],
    "SOFTPLUS": [*ANYWHERE, -30.0, 30.0],
    "POSITIVE_RECIPROCAL": POSITIVE,
}

PAIRS = [(-2.3, 0.4), (1.1, -3.6), (0.35, 0.8), (4.5, 1.25)]
BINARY: dict[str, list[tuple[float, float]]] = {
    "ADD": PAIRS,
    "SUBTRACT": PAIRS,
    "MULTIPLY": PAIRS,
    "DIVIDE": PAIRS,
    "ZERO_SAFE_MULTIPLY": [*PAIRS, (0.0, 2.0), (2.0, 0.0)],
    "POWER": [(0.4, -2.3), (2.5, 1.7), (12.5, 0.5), (1.0, 3.0)],
    "HYPOT": PAIRS,
    "LOGADDEXP": [*PAIRS, (100.0, 99.0), (-700.0, 3.0)],
    "ATAN2": [*PAIRS, (-1.0, -2.0)],
    "REMAINDER": [(7.3, 2.1), (-7.3, 2.1), (7.3, -2.1), (-7.3, -2.1), (0.5, 2.0)],
    "FMOD": [(7.3, 2.1), (-7.3, 2.1), (7.3, -2.1), (-7.3, -2.1), (0.5, 2.0)],
    "COPYSIGN": [(2.5, 1.0), (2.5, -1.0), (-2.5, 1.0), (-2.5, -1.0)],
    "MINIMUM": PAIRS,
    "MAXIMUM": PAIRS,
    "LESS": [*PAIRS, (2.0, 2.0)],
    "LESS_EQUAL": [*PAIRS, (2.0, 2.0)],
    "EQUAL": [*PAIRS, (2.0, 2.0)],
    "NOT_EQUAL": [*PAIRS, (2.0, 2.0)],
    "AND": [(0.0, 0.0), (0.0, 2.0), (-1.0, 0.0), (3.0, 1.0)],
    "OR": [(0.0, 0.0), (0.0, 2.0), (-1.0, 0.0), (3.0, 1.0)],
    "XLOGY": [(0.4, 2.3), (-1.5, 0.7), (3.0, 12.0)],
    "STEP": PAIRS,
    "SHIFTED_EXP": [*PAIRS, (-700.0, 3.0)],
    "POWER_LOG": [(0.4, -2.3), (2.5, 1.7), (12.5, 0.5)],
    "EXP_SHARE": [*PAIRS, (100.0, 99.0), (-700.0, 3.0)],
    "FLOOR_QUOTIENT": [(7.3, 2.1), (-7.3, 2.1), (7.3, -2.1), (-7.3, -2.1), (0.5, 2.0)],
}

TRIPLES = [(-2.3, 0.4, 1.5), (1.1, -3.6, 0.2), (0.0, 2.0, -7.0)]
TERNARY = {"FMA": TRIPLES, "SELECT": TRIPLES}

WITH_PARAMETER: dict[str, dict[int, list[float]]] = {
    "INTEGER_POWER": {k: [-1.3, 0.6, 2.5] for k in (-4, -1, 0, 1, 2, 3, 7, 20)},
    "POLYGAMMA": {
        **{k: [0.3, 1.5, 6.2, 40.0] for k in (0, 1, 2, 5)},
        0: [0.3, 1.5, 6.2, 40.0, -0.4, -2.6],
        1: [0.3, 1.5, 6.2, 40.0, -0.4, -2.6],
        20: [0.8, 1.5, 6.2],
    },
}

# The gamma family and erfc in their tails lose a few more bits than the rest.
LOOSER = {"relative": 1e-11, "absolute": 0.0}


def _case(name: str, rows: list[list[float]], parameters: list[int]) -> Case:
    label = name.lower().replace("_", "-")
    if parameters:
        label += f"/{parameters[0]}"
    function = one_statement(name, [()] * len(rows[0]), parameters)
    about = f"{name} at {len(rows)} points"
    tolerance = LOOSER if name in {"LGAMMA", "POLYGAMMA", "ERFC"} else expect.RELATIVE
    return expect.jacobian(label, about, Call(function, rows), tolerance=tolerance)


def cases() -> list[Case]:
    result = [_case(name, [[x] for x in points], []) for name, points in UNARY.items()]
    result += [_case(name, [list(p) for p in pairs], []) for name, pairs in BINARY.items()]
    result += [_case(name, [list(p) for p in triples], []) for name, triples in TERNARY.items()]
    for name, by_parameter in WITH_PARAMETER.items():
        for k, points in by_parameter.items():
            result.append(_case(name, [[x] for x in points], [k]))
    return result

"""Every elementwise primitive on a grid of zeros, infinities, NaN and ordinary numbers, in both modes."""

import itertools
import math

import numpy as np
import pytest

import adengine
from tests import reference
from tests.conformance.in_process import engine_list
from tests.oracles.asking import ENGINE, Floats
from tests.reference_rules import ELEMENTWISE
from tests.wire_lists import one_statement

GRID = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, math.inf, -math.inf, math.nan]
FEW = [0.0, 1.0, -2.0, math.inf, math.nan]

STATEMENTS: list[tuple[str, int, list[int]]] = [
    *[(name, reference._arity(name, []), []) for name in ELEMENTWISE if name not in {"INTEGER_POWER", "POLYGAMMA"}],
    *[("INTEGER_POWER", 1, [k]) for k in (-3, -2, -1, 0, 1, 2, 3, 4)],
]


def _deviates(name: str, point: tuple[float, ...]) -> bool:
    """Whether the value is undefined, so that any slope will do: the quotient's by the divisor is 0, not NaN."""
    return name == "DIVIDE" and math.isinf(point[1]) and not math.isfinite(point[0])


def _same(got: Floats, expected: Floats, what: str) -> None:
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=0, err_msg=what)


@pytest.mark.parametrize(("name", "arity", "parameters"), STATEMENTS)
def test_values_and_slopes_on_a_grid(name: str, arity: int, parameters: list[int]) -> None:
    message = one_statement(name, [()] * arity, parameters)
    function = engine_list(message)
    points = list(itertools.product(GRID if arity < 3 else FEW, repeat=arity))
    forward = ENGINE.jacobian(function, np.array(points), mode=adengine.Mode.FORWARD)
    backward = ENGINE.jacobian(function, np.array(points), mode=adengine.Mode.REVERSE)
    for k, point in enumerate(points):
        trace = reference.run(message, dict(zip("abc", point, strict=False)))
        where = f"{name} {parameters} at {point}"
        value = reference.floats(trace.outputs())
        _same(forward.values[k], value, where)
        if name not in {"MAXIMUM", "MINIMUM"}:
            # NumPy itself gives either zero for the larger of 0 and -0.
            zero = value == 0
            assert np.array_equal(np.signbit(forward.values[k])[zero], np.signbit(value)[zero]), (
                f"sign of zero, {where}"
            )
        _same(forward.jacobian[k], backward.jacobian[k], f"the two modes, {where}")
        if not _deviates(name, point):
            _same(forward.jacobian[k], reference.floats(reference.jacobian(trace)), where)

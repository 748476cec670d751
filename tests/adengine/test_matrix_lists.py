"""Jacobians and Hessians as lists: how they grow, what bounds them, derivatives of and by them."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp

from adengine import Derivative, Engine, Limits, WengertList
from adengine.errors import LimitExceeded
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter, one_statement

ENGINE = Engine(machine_code=False)
DUAL, ADJOINT = Derivative.DUAL, Derivative.ADJOINT
JACOBIAN, HESSIAN = Derivative.JACOBIAN, Derivative.HESSIAN


def coupled(steps: int, n: int) -> WengertList:
    """Return n states that all act on each other, so many times: every entry of a Jacobian grows with each step."""
    f = ListWriter()
    states = [f.input(f"x{k}") for k in range(n)]
    for _ in range(steps):
        total = states[0]
        for other in states[1:]:
            total = f.add("ADD", total, other)
        wave = f.add("SIN", total)
        states = [f.add("MULTIPLY", wave, f.add("TANH", each)) for each in states]
    for k, each in enumerate(states):
        f.output(f"y{k}", each)
    return engine_list(f.message)


@pytest.mark.parametrize("derivative", [JACOBIAN, HESSIAN])
def test_deep_narrow_lists_grow_with_their_length_only(derivative: Derivative) -> None:
    n = 6
    lengths = []
    for steps in (10, 20, 40):
        function = coupled(steps, n)
        lengths.append(ENGINE.differentiate(function, derivative).statements / function.statements)
    # Sweeps over the dual list, or over that of the gradient, written out: so many times 1.5, or 4.
    assert max(lengths) < 2 * (n + 1) * (1.5 if derivative is JACOBIAN else 4)
    assert lengths[2] < 1.2 * lengths[1]


@pytest.mark.parametrize("derivative", [JACOBIAN, HESSIAN])
def test_a_matrix_whose_list_would_be_too_long_is_refused(derivative: Derivative) -> None:
    function = coupled(10, 5)
    with pytest.raises(LimitExceeded, match="the limit statements is 400"):
        Engine(Limits(statements=400)).differentiate(function, derivative)
    wide = engine_list(one_statement("SIN", [(1000,)], []))
    with pytest.raises(LimitExceeded, match="the limit variable_elements is 100000") as caught:
        Engine(Limits(variable_elements=100_000)).differentiate(wide, derivative)
    assert caught.value.violations[0].field == "derivative"


@pytest.mark.parametrize("kind", ["DJ", "JD", "HD", "JJ", "AJ", "JH"])
def test_third_derivatives_by_matrices(kind: str) -> None:
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("DIVIDE", f.add("EXP", f.add("MULTIPLY", f.add("SIN", x), y)), x))
    function = engine_list(f.message)
    orders = {"D": (DUAL, 1), "A": (ADJOINT, 1), "J": (JACOBIAN, 1), "H": (HESSIAN, 2)}
    made, order = function, 0
    for letter in kind:
        derivative, more = orders[letter]
        made = ENGINE.differentiate(made, derivative, outputs=[made.outputs[-1].name], with_respect_to=["x"])
        order += more
    got = ENGINE.evaluate(made, np.array([0.7, 1.3, *[1.0] * (made.n - 2)])).values[-1]
    with mp.workdps(40):
        expected = mp.diff(lambda t: mp.exp(mp.sin(t) * mp.mpf(1.3)) / t, mp.mpf(0.7), order)
    assert got == pytest.approx(float(expected), rel=1e-12)

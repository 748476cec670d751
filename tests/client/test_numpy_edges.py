"""What NumPy's functions do with unusual arguments is done by their traces, or refused: never something else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests import reference
from wengert_client import BuildError, trace

X = np.array([0.3, -0.7, 1.1])
S = np.array([[2.0, 1.0, 0.0], [0.5, 3.0, 0.2], [1.0, -1.0, 4.0]])
B = np.arange(24.0).reshape(2, 3, 4) - 7.3
PAIRS = np.array([[[2.0, 1.0], [0.5, 3.0]], [[1.0, -1.0], [4.0, 2.0]], [[5.0, 0.1], [0.2, 0.3]]])

# Types of NumPy do not know its axis.
VECDOT: Any = np.vecdot

SAME: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "solve: many matrices, one vector": (lambda x: np.linalg.solve(PAIRS * x[0], x[:2]), X),
    "solve: as many as rows": (lambda x: np.linalg.solve(PAIRS[:2] * x[0], x[:2]), X),
    "solve: of one row": (lambda x: np.linalg.solve(x[:, None, None], np.array([2.0])), X),
    "vecdot: axis counted in each": (lambda x: VECDOT(S, x, axis=0), X),
    "vecdot: matrix with more axes": (lambda x: VECDOT(x, np.array([1.0, -2.0]), axis=0), B),
    "logspace: bases": (lambda x: np.logspace(x, 2.0, num=3, base=np.array([2.0, 3.0, 4.0])), X),
    "logspace: bases, last axis": (lambda x: np.logspace(x[0], 2.0, num=2, base=np.array([2.0, 3.0]), axis=-1), X),
    "piecewise: rows of conditions": (lambda x: np.piecewise(x, np.stack([x < 0, x >= 1]), [np.negative, 5.0]), X),
    "piecewise: known rows": (lambda x: np.piecewise(x, np.array([[1, 0, 0], [0, 1, 0]], bool), [2.0, abs, 7.0]), X),
    "piecewise: one known condition": (lambda x: np.piecewise(x, [True, False, True], [np.square, np.sin]), X),
    "average: axes in another order": (lambda x: np.average(x, axis=(1, 0), weights=(B[:, :, 0] + 9.0).T), B),
    "interp: one place": (lambda x: np.interp(x, [0.0], [5.0]), np.array([-np.inf, 0.0, np.inf, np.nan])),
    "ldexp: beyond all numbers": (lambda x: np.ldexp(x, 1100), np.array([1e-300, -2e-310])),
    "truth: concatenated": (lambda x: np.hstack([x > 0, x > 1]) + np.hstack([x > -5, x > 1]), X),
    "truth: stacked": (lambda x: 1.0 * ~np.stack([x > 0, x < 0]), X),
    "truth: magnitude": (lambda x: abs(x > -1) + (x > -2), X),
    "truth: triangle": (lambda x: np.tril(x > 0) + np.tril(x > -5), S),
}


@pytest.mark.parametrize("what", SAME)
def test_a_trace_is_what_numpy_gives(what: str) -> None:
    function, x = SAME[what]
    traced = trace(function, {"x": np.shape(x)})
    run = reference.run(traced.message, {"x": x})
    (output,) = traced.message.outputs
    found, expected = reference.floats(run.operand(output.argument)), function(x)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, np.asarray(expected, dtype=float), rtol=1e-13, atol=1e-15)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "bits of a count": (lambda x: np.sum(x > 0) & 1, "bits of truth values only"),
    "bits of chosen numbers": (lambda x: np.where(x > 0, 3, 4) & True, "bits of truth values only"),
    "inverted count": (lambda x: ~np.sum(x > 0), "bits of truth values only"),
    "negative truth": (lambda x: -(x > 0), "truth values have no negative"),
    "interp: a step": (lambda x: np.interp(x, [0, 1, 1, 2], [0, 1, 5, 6]), "xp must increase"),
    "interp: not finite": (lambda x: np.interp(x, [0, 1, 2], [np.nan, 1, 5]), "fp must be finite"),
    "masked": (
        lambda x: x * np.ma.MaskedArray([1, 2, 3], mask=[False, True, False]),
        "MaskedArray has a meaning of its own",
    ),
    "fix into an array": (lambda x: np.fix(x, np.zeros(3)), "np.fix: write z = f"),
    "order as stored": (lambda x: np.ravel(np.stack([x, x]).T, order="K"), "depends on how numbers are stored"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_be_something_else_is_refused(what: str) -> None:
    function, told = REFUSED[what]
    with pytest.raises(BuildError, match=told):
        trace(function, {"x": 3})


LOST: dict[str, Callable[[Any], Any]] = {
    "add.at": lambda z: np.add.at(z, [0, 0], 1.0),
    "put": lambda z: np.put(z, [0], 1.0),
    "putmask": lambda z: np.putmask(z, [True, False, True], 2.0),
    "flat": lambda z: z.flat.__setitem__(0, 5.0),
    "a view that is no buffer": lambda z: z.swapaxes(0, 0).__setitem__(0, 5.0),
    "an array of it": lambda z: np.asarray(z).__setitem__(0, 5.0),
}


@pytest.mark.parametrize("what", LOST)
def test_what_numpy_would_write_into_a_copy_of_a_buffer_is_refused(what: str) -> None:
    def function(x: Any) -> Any:
        z = np.zeros_like(x)
        LOST[what](z)
        return z * x

    with pytest.raises((BuildError, ValueError), match=r"read-only|for each of the places"):
        trace(function, {"x": 3})

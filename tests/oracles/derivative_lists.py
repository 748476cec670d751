"""Ask a derivative list, and the engine itself, for the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from adengine import Derivative, Engine, Mode, WengertList

Names = Sequence[str]
Floats = npt.NDArray[np.float64]

# A list of its own for each call; nothing is compiled, so that equal lists give equal bits.
ENGINE = Engine(machine_code=False)
AWKWARD = [0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 5e-324, 1e-310, 1e300, -1e300]


def points_for(n: int, seed: int) -> Floats:
    """Return ordinary points, points with zeros, and points where many values are awkward."""
    random = np.random.default_rng(seed)
    ordinary = random.uniform(-3, 3, (3, n))
    zeros = np.where(random.random((2, n)) < 0.4, 0.0, random.uniform(-3, 3, (2, n)))
    return np.concatenate([ordinary, np.abs(ordinary), zeros, random.choice(AWKWARD, (4, n))])


def same(got: Floats, expected: Floats, relative: float, what: str) -> None:
    """Assert equal numbers, NaN and infinity included; to the last bit but for signs of zero, or to rounding."""
    if relative == 0.0:
        np.testing.assert_array_equal(got, expected, err_msg=what)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(got), finite, err_msg=what)
    np.testing.assert_array_equal(got[~finite], expected[~finite], err_msg=what)
    scale = np.maximum(1.0, np.max(np.abs(expected[finite]), initial=0.0))
    np.testing.assert_allclose(got[finite], expected[finite], rtol=relative, atol=relative * scale, err_msg=what)


def check_dual(
    function: WengertList, points: Floats, seed: int, relative: float = 0.0, outputs: Names = (), by: Names = ()
) -> None:
    """Assert that the dual list gives f and J u."""
    made = ENGINE.differentiate(function, Derivative.DUAL, outputs=outputs, with_respect_to=by)
    n_w = made.n - function.n
    tangents = np.random.default_rng(seed).normal(size=(len(points), n_w))
    answer = ENGINE.jvp(function, points, tangents[:, None, :], outputs=outputs, with_respect_to=by)
    got = ENGINE.evaluate(made, np.concatenate([points, tangents], axis=1)).values
    m = answer.values.shape[1]
    same(got[:, :m], answer.values, relative, "values of the dual list")
    same(got[:, m:], answer.tangents[:, 0], relative, "tangents of the dual list")


def check_adjoint(
    function: WengertList, points: Floats, seed: int, relative: float = 0.0, outputs: Names = (), by: Names = ()
) -> None:
    """Assert that the adjoint list gives f and J^T v."""
    made = ENGINE.differentiate(function, Derivative.ADJOINT, outputs=outputs, with_respect_to=by)
    m = made.n - function.n
    cotangents = np.random.default_rng(seed).normal(size=(len(points), m))
    answer = ENGINE.vjp(function, points, cotangents[:, None, :], outputs=outputs, with_respect_to=by)
    got = ENGINE.evaluate(made, np.concatenate([points, cotangents], axis=1)).values
    same(got[:, :m], answer.values, relative, "values of the adjoint list")
    same(got[:, m:], answer.cotangents[:, 0], relative, "adjoints of the adjoint list")


def settled(function: WengertList, points: Floats, outputs: Names, by: Names) -> Floats:
    """Return the Jacobian, NaN where its modes differ: where infinite contributions cancel, or something overflows."""
    forward, reverse = (
        ENGINE.jacobian(function, points, mode=mode, outputs=outputs, with_respect_to=by).jacobian
        for mode in (Mode.FORWARD, Mode.REVERSE)
    )
    with np.errstate(invalid="ignore"):
        close = np.abs(forward - reverse) <= 1e-9 * np.abs(forward)
    return np.where(close, forward, np.nan)


def close_where_known(got: Floats, expected: Floats, relative: float, what: str) -> None:
    """Assert agreement where the expected numbers are finite."""
    known = np.isfinite(expected)
    scale = np.max(np.abs(expected[known]), initial=1.0)
    np.testing.assert_allclose(got[known], expected[known], rtol=relative, atol=relative * scale, err_msg=what)


def check_jacobian(
    function: WengertList, points: Floats, relative: float, outputs: Names = (), by: Names = ()
) -> WengertList:
    """Assert that the list of the Jacobian gives f and J; return it."""
    made = ENGINE.differentiate(function, Derivative.JACOBIAN, outputs=outputs, with_respect_to=by)
    values = ENGINE.evaluate(function, points, outputs=outputs).values
    expected = settled(function, points, outputs, by)
    got = ENGINE.evaluate(made, points).values
    m = values.shape[1]
    same(got[:, :m], values, relative, "values of the Jacobian's list")
    for found, known in zip(got[:, m:].reshape(expected.shape), expected, strict=True):
        close_where_known(found, known, relative, "entries of the Jacobian's list")
    return made


def check_hessian(
    function: WengertList, points: Floats, seed: int, relative: float, outputs: Names = (), by: Names = ()
) -> WengertList:
    """Assert that the list of the Hessian gives f, gradient and Hessian, symmetric bit for bit; return it."""
    made = ENGINE.differentiate(function, Derivative.HESSIAN, outputs=outputs, with_respect_to=by)
    weights = np.random.default_rng(seed).normal(size=made.n - function.n)
    answer = ENGINE.hessian(function, points, weights, outputs=outputs, with_respect_to=by)
    given = np.concatenate([points, np.tile(weights, (len(points), 1))], axis=1)
    got = ENGINE.evaluate(made, given).values
    m, n_w = answer.values.shape[1], answer.gradient.shape[1]
    same(got[:, :m], answer.values, relative, "values of the Hessian's list")
    close_where_known(got[:, m : m + n_w], answer.gradient, relative, "gradient of the Hessian's list")
    hessian = got[:, m + n_w :].reshape(answer.hessian.shape)
    np.testing.assert_array_equal(hessian, hessian.transpose(0, 2, 1))
    for found, known in zip(hessian, answer.hessian, strict=True):
        close_where_known(found, known, relative, "entries of the Hessian's list")
    return made

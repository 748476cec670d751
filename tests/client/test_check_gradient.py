"""check_gradient: right derivatives pass at awkward points, wrong ones are told what is wrong with them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import rosen, rosen_der, rosen_hess

from wengert_client import GradientCheck, check_gradient

if TYPE_CHECKING:
    from collections.abc import Callable

X = np.array([0.3, -1.2, 2.5])
A = np.array([[2.0, -1.0, 0.5], [0.25, 3.0, 1.0], [-2.0, 0.125, 1.5]])


def f(x: Any) -> Any:
    return A @ np.sin(x)


def jacobian(x: Any) -> Any:
    return A * np.cos(x)


# ---- what is right

SMOOTH: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], float]] = {
    "constant": (lambda _: 3.0, lambda _: 0.0, 2.0),
    "zero": (lambda x: 0 * x, lambda _: 0.0, 1.0),
    "square at its minimum": (np.square, lambda x: 2 * x, 0.0),
    "large": (np.exp, np.exp, 300.0),
    "near the edge of its domain": (np.log, lambda x: 1 / x, 1e-8),
    "near a kink": (lambda x: abs(x - 1e-3), lambda x: np.sign(x - 1e-3), 0.0),
    "between jumps": (np.floor, lambda _: 0.0, 2.3),
    "steep": (lambda x: np.tanh(1e6 * x), lambda x: 1e6 / np.cosh(1e6 * x) ** 2, 0.0),
    "fast": (lambda x: np.sin(1e6 * x), lambda x: 1e6 * np.cos(1e6 * x), 1.0),
    "periodic in powers of 2": (
        lambda x: np.sin(8 * np.pi * x + 0.3),
        lambda x: 8 * np.pi * np.cos(8 * np.pi * x + 0.3),
        0.0,
    ),
    "with rounding of its own": (lambda x: (x + 1e8) - 1e8, lambda _: 1.0, 0.3),
    "a little smooth": (lambda x: abs(x) ** 1.5, lambda _: 0.0, 0.0),
    "a large argument": (lambda x: 1e-3 * x**2, lambda x: 2e-3 * x, 1e9),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_right_derivatives_pass_and_wrong_ones_fail(name: str) -> None:
    function, derivative, x = SMOOTH[name]
    assert check_gradient(function, derivative, x).verdict == "passed"
    size = max(abs(derivative(x)), 1e-3)
    for wrong in (1e-4 * size, -0.5 * size, size, np.nan):
        found = check_gradient(function, lambda x, wrong=wrong: derivative(x) + wrong, x)
        assert (found.verdict, found.wrong) == ("failed", ((0, 0),))


def test_jacobians_in_every_form_they_have() -> None:
    forms: list[Callable[[Any], Any]] = [
        jacobian,
        lambda x: sparse.csr_array(jacobian(x)),
        lambda x: jacobian(x).tolist(),
    ]
    for form in forms:
        found = check_gradient(f, form, X)
        assert found.passed
        assert found
        assert found.relative_error < 1e-13
        np.testing.assert_allclose(found.expected, jacobian(X), rtol=1e-11)
        np.testing.assert_array_equal(found.given, jacobian(X))
    matrix = X[:, None] * A
    found = check_gradient(np.square, lambda x: 2 * np.einsum("ij,ik,jl->ijkl", x, np.eye(3), np.eye(3)), matrix)
    assert found.passed
    assert found.given.shape == (9, 9)
    assert check_gradient(np.sum, np.ones_like, matrix).passed


def test_published_functions() -> None:
    at = np.linspace(-1.2, 1.0, 10)
    assert check_gradient(rosen, rosen_der, at).passed
    assert check_gradient(rosen_der, rosen_hess, at).passed


def test_arguments_and_many_points_in_one_call() -> None:
    calls = []

    def many(x: Any, k: float) -> Any:
        calls.append(len(x))
        return k * x[:, 0] * np.exp(x[:, 1])

    def gradient(x: Any, k: float) -> Any:
        return k * np.exp(x[1]) * np.array([1.0, x[0]])

    assert check_gradient(many, gradient, X[:2], args=(3.0,), many=True).passed
    assert len(calls) <= 6
    assert max(calls) == 32


# ---- what cannot be told

UNCLEAR: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], float, str]] = {
    "kink": (np.abs, np.sign, 0.0, "a kink: the slopes are -1 and 1"),
    "kink beside a number": (lambda x: max(x, 0) + 1000, lambda _: 0.5, 0.0, "a kink: the slopes are 0 and 1"),
    "edge": (np.sqrt, lambda _: np.inf, 0.0, "edge of the domain"),
    "edge at 1": (np.arcsin, lambda _: np.inf, 1.0, "edge of the domain"),
    "jump": (np.floor, lambda _: 0.0, 2.0, "a jump"),
    "no value": (np.log, lambda _: np.nan, -1.0, "the value is nan"),
    "an infinite slope": (np.cbrt, lambda _: np.inf, 0.0, "do not settle"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_cannot_be_compared_is_no_failure(name: str) -> None:
    function, derivative, x, told = UNCLEAR[name]
    found = check_gradient(function, derivative, x)
    assert (found.verdict, found.passed, found.wrong) == ("inconclusive", False, ())
    assert told in str(found)


def test_a_kink_in_one_entry_leaves_the_others() -> None:
    found = check_gradient(lambda x: abs(x[0]) + x[1] ** 2, lambda x: [0.0, 2 * x[1]], [0.0, 1.0])
    assert found.passed
    assert found.findings == (
        "entry (0, 0) cannot be compared: a kink: the slopes are -1 and 1 on the two sides; the derivative given is 0",
    )


def test_a_function_that_raises_outside_its_domain() -> None:
    assert check_gradient(math.sqrt, lambda x: 0.5 / math.sqrt(x), 0.01).passed
    assert "edge" in str(check_gradient(math.sqrt, lambda _: np.inf, 0.0))
    with pytest.raises(ValueError, match=r"nonnegative|domain"):
        check_gradient(math.sqrt, lambda _: 0.0, -1.0)


# ---- what is wrong


def told(gradient: Callable[[Any], Any], function: Callable[[Any], Any] = f, x: Any = X) -> GradientCheck:
    found = check_gradient(function, gradient, x)
    assert (found.verdict, bool(found)) == ("failed", False)
    return found


def test_transposed() -> None:
    assert told(lambda x: jacobian(x).T).findings[0].startswith("it looks transposed")
    wide = told(lambda x: jacobian(x)[:2].T, lambda x: f(x)[:2])
    assert wide.findings[0].startswith("it looks transposed")
    assert "(3, 2); expected is (2, 3)" in wide.findings[1]


@pytest.mark.parametrize("factor", [2.0, 0.5, -1.0, -3.0, 1 / 3, 3.14])
def test_a_factor(factor: float) -> None:
    said = {-1.0: "the opposite sign", 0.5: "given is 1/2 times", 1 / 3: "given is 1/3 times"}
    expected = said.get(factor, f"given is {factor:g} times")
    assert expected in told(lambda x: factor * jacobian(x)).findings[0]
    assert expected in told(lambda x: factor * rosen_der(x), rosen).findings[0]


def changed(column: Any, row: Any, by: float) -> Callable[[Any], Any]:
    def wrong(x: Any) -> Any:
        matrix = jacobian(x)
        matrix[row, column] *= by
        return matrix

    return wrong


def test_parts() -> None:
    assert told(changed(1, slice(None), -1.0)).findings == ("column 1 has the opposite sign",)
    assert told(changed(slice(None), 2, 2.0)).findings == (
        "row 2 is off by a factor: given is 2 times what it should be",
    )
    one = told(changed(2, 0, 4.0))
    assert one.wrong == ((0, 2),)
    assert "entry (0, 2)" in one.findings[0]
    assert one.findings[0].endswith("given is 4 times it")
    missing = told(changed(0, 1, 0.0))
    assert missing.findings[0].startswith("entry (1, 0) is 0, the differences say 0.238834")


def test_entries_in_wrong_places() -> None:
    assert "columns look mixed up" in told(lambda x: rosen_der(x)[::-1], rosen).findings[0]
    assert "column 1 is the derivative by x[0]" in told(lambda x: np.roll(jacobian(x), 1, axis=1)).findings[0]


def test_shapes_and_types_that_callers_trip_over() -> None:
    row = check_gradient(rosen, lambda x: rosen_der(x)[None], X)
    assert row.passed
    assert row.findings == ("it has the shape (1, 3): SciPy's minimize takes (3,)",)
    short = told(lambda x: rosen_der(x)[:2], rosen)
    assert short.findings == ("it has the shape (2,); expected is (3,)",)
    single = check_gradient(rosen, lambda x: rosen_der(x).astype(np.float32), X)
    assert single.passed
    assert "float32" in single.findings[0]
    with pytest.raises(TypeError, match="complex128"):
        check_gradient(rosen, lambda x: rosen_der(x) * 1j, X)


def test_more_elements_than_are_looked_at() -> None:
    x = np.linspace(-1.0, 1.5, 300)
    found = check_gradient(rosen, rosen_der, x, most_columns=20)
    assert found.passed
    assert np.isnan(found.expected).sum() == 280
    assert found.findings == ("20 of 300 columns were looked at, and 4 random directions",)

    def wrong(x: Any) -> Any:
        gradient = rosen_der(x)
        gradient[int(np.flatnonzero(np.isnan(found.expected))[7])] *= 1.5
        return gradient

    again = check_gradient(rosen, wrong, x, most_columns=20)
    assert again.verdict == "failed"
    assert again.wrong == ()
    assert "raise most_columns to 300" in again.findings[0]


@pytest.mark.parametrize("rtol", [np.nan, np.inf, -1e-6])
def test_a_tolerance_that_all_would_pass_is_refused(rtol: float) -> None:
    with pytest.raises(ValueError, match="rtol is"):
        check_gradient(rosen, lambda x: -rosen_der(x), X, rtol=rtol)


def _single(x: Any) -> Any:
    narrow = x.astype(np.float32)
    return np.sin(narrow) * np.exp(narrow * np.float32(0.5))[::-1]


def _single_jacobian(x: Any) -> Any:
    sine, rise = np.sin(x), np.exp(0.5 * x)[::-1]
    return np.diag(np.cos(x) * rise) + 0.5 * np.fliplr(np.diag(sine * rise))


@pytest.mark.parametrize("seed", range(20))
def test_a_function_in_float32_is_judged_by_its_own_rounding(seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=2)
    assert check_gradient(_single, _single_jacobian, x).passed
    assert check_gradient(_single, lambda x: _single_jacobian(x) * 1.001, x).verdict == "failed"

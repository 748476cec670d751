"""What texts compute, against NumPy, SciPy and plain Python."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special

from adengine.primitives import ELEMENTWISE
from tests.language.evaluating import engine, made, value
from wengert_server.language import folding, functions

# ---- Operators: expressions at random, written with as few parentheses as the table of precedence allows

LEVELS = [["?:"], ["||"], ["&&"], ["<", "<=", ">", ">=", "==", "!="], ["+", "-"], ["*", "/", "%"], ["-.", "!"], ["^"]]
LEVEL = {sign: level for level, signs in enumerate(LEVELS) for sign in signs}
POINT = {"a": 1.25, "b": -0.75, "c": 0.0, "d": 3.0}


def apply(sign: str, *values: Any) -> Any:
    """What an operator means, by NumPy."""
    table: dict[str, Any] = {
        "?:": lambda c, a, b: np.where(c != 0, a, b),
        "||": lambda a, b: np.logical_or(a, b) * 1.0,
        "&&": lambda a, b: np.logical_and(a, b) * 1.0,
        "<": lambda a, b: (a < b) * 1.0,
        "<=": lambda a, b: (a <= b) * 1.0,
        ">": lambda a, b: (a > b) * 1.0,
        ">=": lambda a, b: (a >= b) * 1.0,
        "==": lambda a, b: (a == b) * 1.0,
        "!=": lambda a, b: (a != b) * 1.0,
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "%": np.remainder,
        "^": np.power,
        "-.": np.negative,
        "!": lambda a: (a == 0) * 1.0,
    }
    return table[sign](*values)


def expression(source: random.Random, depth: int) -> tuple[str, Any, int]:
    """A text, what it is, and the level of its outermost operator."""
    if not depth or source.random() < 0.15:
        if source.random() < 0.5:
            name = source.choice(sorted(POINT))
            return name, np.float64(POINT[name]), len(LEVELS)
        number = source.choice(["2", "3.", ".5", "1e0", "0", "2.5e-1"])
        return number, np.float64(float(number)), len(LEVELS)
    sign = source.choice(sorted(LEVEL))
    level = LEVEL[sign]
    parts = [expression(source, depth - 1) for _ in range({"?:": 3, "-.": 1, "!": 1}.get(sign, 2))]
    least = [level + 1, level, level] if sign == "?:" else [level + (level == 3), level + 1]
    if sign in ("-.", "!"):
        least = [level]
    if sign == "^":
        least = [level + 1, level - 1]  # What stands to the right may be another power, or have a minus.
    texts = [text if own >= most else f"({text})" for (text, _, own), most in zip(parts, least, strict=False)]
    shown = {"?:": "{} ? {} : {}", "-.": "-{}", "!": "!{}", "^": source.choice(["{}^{}", "{}**{}"])}
    text = shown.get(sign, "{} " + sign + " {}").format(*texts)
    return text, apply(sign, *(each for _, each, _ in parts)), level


@pytest.mark.parametrize("seed", range(150))
def test_operators_bind_as_the_table_says(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  no secret: the same in every run
    with np.errstate(all="ignore"):
        text, expected, _ = expression(source, 4)
    got = value(f"input a, b, c, d\noutput f = {text}", *POINT.values())
    np.testing.assert_allclose(got, [expected], rtol=1e-12, atol=1e-14, err_msg=text)


# ---- Functions by their names


@pytest.mark.parametrize("row", [row for row in ELEMENTWISE if not row.parametric], ids=lambda row: row.name)
def test_functions_are_those_of_numpy_and_scipy(row: Any) -> None:
    names = [row.name.lower(), *functions.ALIASES.get(row.name, ())]
    library: list[Any] = [getattr(np, name, None) or getattr(scipy.special, name, None) for name in names]
    known = [function for function in library if isinstance(function, np.ufunc) or function is np.where]
    if not known:
        return  # a primitive of derivatives, or one that neither has: its value is tested with the engine
    source = random.Random(row.number)  # noqa: S311
    point = [source.uniform(*interval) for interval in row.domain]
    letters = "abc"[: row.arity]
    text = "\n".join(
        [f"input {', '.join(letters)}", *(f"output f{k} = {n}({', '.join(letters)})" for k, n in enumerate(names))]
    )
    expected = float(known[0](*point))
    np.testing.assert_allclose(value(text, *point), [expected] * len(names), rtol=1e-13)


@pytest.mark.parametrize("k", range(5))
def test_functions_with_a_whole_number(k: int) -> None:
    got = value(f"input x; output f = polygamma({k}, x), g = integer_power(x, {k - 2}), h = x^{k - 2}", 1.7)
    np.testing.assert_allclose(got, [float(mpmath.polygamma(k, 1.7)), 1.7 ** (k - 2), 1.7 ** (k - 2)], rtol=1e-13)


# ---- Arrays

X = np.arange(24.0).reshape(2, 3, 4) / 7 - 1
INDICES = ["0", "-1, 2", ":, 1", "0:2, ::2, 3", "::-1", "1, :, 1:3", ":, 2:0:-1, -1", "[1, 0, 1]", ":, [2, 0]",
           "1, [0, 2]", "5:", ":, -2:", "0:1, 0:3, 0:4", ":, :, [[0, 1], [3, -1]]", "-2, -3, -4",
           "::-1, ::-1, ::-1"]  # fmt: skip


@pytest.mark.parametrize("index", INDICES)
def test_subscripts_mean_what_they_mean_to_numpy(index: str) -> None:
    expected = eval(f"X[{index}]", {"X": X})  # noqa: S307  the oracle's own words
    source = made(f"input X[2, 3, 4]\noutput f = X[{index}]")
    assert source.output_shapes == (expected.shape,)
    np.testing.assert_array_equal(engine().evaluate(source, X.ravel()).values, expected.ravel())


ARRAYS = [
    ("sum(x, axis=0)", lambda x: x.sum(axis=0)),
    ("sum(x, axis=(0, -1), keepdims=true)", lambda x: x.sum(axis=(0, -1), keepdims=True)),
    ("max(x) - amin(x)", lambda x: x.max() - x.min()),
    ("prod(x, axis=(1,))", lambda x: x.prod(axis=1)),
    ("logsumexp(x, axis=1)", lambda x: scipy.special.logsumexp(x, axis=1)),
    ("transpose(x)", np.transpose),
    ("transpose(x, (2, 0, -2))", lambda x: x.transpose(2, 0, 1)),
    ("reshape(x, (4, -1))", lambda x: x.reshape(4, -1)),
    ("reshape(x, 24)", np.ravel),
    ("broadcast_to(x, [2, 2, 3, 4])", lambda x: np.broadcast_to(x, (2, 2, 3, 4))),
    ("concatenate([x, 2*x], axis=-1)", lambda x: np.concatenate([x, 2 * x], axis=-1)),
    ("take(x, [[3, 0], [1, -1]], axis=2)", lambda x: np.take(x, [[3, 0], [1, -1]], axis=2)),
    ("x[0] @ transpose(x[1])", lambda x: x[0] @ x[1].T),
    ("[x[0, 0], x[1, 1]] * [[1], [10]]", lambda x: np.array([x[0, 0], x[1, 1]]) * [[1], [10]]),
    ("[[x[0, 0, 0], 1], [2, x[1, 2, 3]]]", lambda x: np.array([[x[0, 0, 0], 1], [2, x[1, 2, 3]]])),
    ("where(x > 0, x, [0, 1, 2, 3])", lambda x: np.where(x > 0, x, [0, 1, 2, 3])),
    ("x + eye(4)[0:3] + arange(4) + ones(4) + full((3, 4), 0.5)", lambda x: x + np.eye(4)[:3] + np.arange(4) + 1.5),
    ("arange(5, 0, -2)[1] + len(x)", lambda x: 3.0 + len(x)),
]


@pytest.mark.parametrize(("text", "function"), ARRAYS, ids=[text for text, _ in ARRAYS])
def test_arrays(text: str, function: Any) -> None:
    expected = np.asarray(function(X), np.float64)
    source = made(f"input x[2, 3, 4]\noutput f = {text}")
    assert source.output_shapes == (expected.shape,)
    np.testing.assert_allclose(engine().evaluate(source, X.ravel()).values, expected.ravel(), rtol=1e-14, atol=1e-15)


# ---- Whole programs

LORENZ = """
    n = 12; F = 8
    input x[n]
    dx = zeros(n)
    for i in 0..n-1 { dx[i] = (x[(i + 1) % n] - x[i - 2])*x[i - 1] - x[i] + F }
    output dx
"""


def test_a_loop_over_elements_with_its_jacobian() -> None:
    x = np.sin(np.arange(12.0))
    expected = (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8
    np.testing.assert_allclose(value(LORENZ, *x), expected, rtol=1e-14)
    J = engine().jacobian(made(LORENZ), x).jacobian
    h = 1e-6
    for k in range(12):
        e = np.eye(12)[k] * h
        np.testing.assert_allclose(J[:, k], (value(LORENZ, *(x + e)) - value(LORENZ, *(x - e))) / (2 * h), atol=1e-8)


NETWORK = """
    input x[3]
    input W[4, 3], b[4], v[4]
    h = tanh(W @ x + b)
    output y = sigmoid(v @ h)
"""


def test_a_network_is_that_of_numpy() -> None:
    source = np.random.default_rng(3)
    x, W, b, v = source.normal(size=3), source.normal(size=(4, 3)), source.normal(size=4), source.normal(size=4)
    expected = 1 / (1 + np.exp(-v @ np.tanh(W @ x + b)))
    np.testing.assert_allclose(value(NETWORK, *x, *W.ravel(), *b, *v), [expected], rtol=1e-13)


def test_nested_loops_with_index_arithmetic() -> None:
    text = """
        n = 4
        input A[n, n]
        s = 0
        for i in 0..n-1 { for j in 0..i by 2 { s = s + (i*j % 3 == 1 ? 2 : -1)*A[i, n-1-j]^(i//2 + 1) } }
        output s
    """
    A = np.arange(16.0).reshape(4, 4) / 5
    expected = sum(
        (2 if i * j % 3 == 1 else -1) * A[i, 3 - j] ** (i // 2 + 1) for i in range(4) for j in range(0, i + 1, 2)
    )
    np.testing.assert_allclose(value(text, *A.ravel()), [expected], rtol=1e-14)


# ---- Numbers that are folded

FINITE = [0.0, -0.0, 1.0, -1.0, 2.0, 3.0, -3.0, 0.1, 1e300, -1e-300, 5e-324, 1.5, -7.25, 10.0]
SPECIAL = [*FINITE, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("sign", sorted(set(folding.BINARY) - {"^", "**", "//"}))
def test_numbers_are_folded_as_a_list_computes_them(sign: str) -> None:
    pairs = [(a, b) for a in SPECIAL for b in SPECIAL]
    folded = np.array([folding.BINARY[sign](a, b) for a, b in pairs])
    with np.errstate(all="ignore"):
        expected = np.array([apply(sign, np.float64(a), np.float64(b)) for a, b in pairs])
    same = (folded == expected) & (np.signbit(folded) == np.signbit(expected)) | np.isnan(folded) & np.isnan(expected)
    assert [pairs[k] for k in np.flatnonzero(~same)] == []
    run = np.array([value(f"input a, b; output f = a {sign} b", a, b)[0] for a, b in pairs[::7]])
    np.testing.assert_array_equal(folded[::7], run)


def test_powers_of_numbers() -> None:
    for a in SPECIAL:
        for b in [*SPECIAL, 63.0, -64.0, 64.0, 65.0, -2.0]:
            with np.errstate(all="ignore"):
                expected = np.power(np.float64(a), np.float64(b))
            np.testing.assert_allclose(folding.power(a, b), expected, rtol=1e-15, err_msg=f"{a}^{b}")


def test_powers_with_small_exponents_are_rounded_correctly() -> None:
    source = random.Random(1)  # noqa: S311
    with mpmath.workdps(2000):
        for _ in range(2000):
            a, k = source.uniform(-5, 5), source.randint(-64, 64)
            assert folding.power(a, float(k)) == float(mpmath.mpf(a) ** k)
    assert folding.power(5e-324, 1.0) == 5e-324
    assert folding.power(0.1, 3.0) == float(Fraction(0.1) ** 3)


def test_numbers_are_read_as_python_reads_them() -> None:
    words = ["1", "1.", ".5", "1e3", "1E-3", "0.1", "123456789.123456789", "5e-324", "1.7976931348623157e308", "00012"]
    text = "output " + ", ".join(f"f{k} = {word}" for k, word in enumerate(words))
    source = made(text)
    assert [source.constants[-each.argument - 1] for each in source.outputs] == [float(word) for word in words]
    array = made(f"output f = [{', '.join(words)}]").tensors[0]
    assert array.tolist() == [float(word) for word in words]


@pytest.mark.parametrize(("a", "k"), [(1e-300, -63), (-1e300, 63), (5e-324, 64), (-1e-300, 63), (-1e300, -63)])
def test_powers_far_outside_of_float64(a: float, k: int) -> None:
    with np.errstate(over="ignore", under="ignore"):
        expected = np.float64(a) ** k
    (found,) = value(f"output f = ({a!r})^({k})")
    assert found == expected
    assert np.signbit(found) == np.signbit(expected)


@pytest.mark.parametrize(
    ("index", "parts"),
    [
        ("1, :, [0, -1]", np.s_[1, :, [0, -1]]),
        (":, [2, 0], ::-1, 1", np.s_[:, [2, 0], ::-1, 1]),
        ("0, 1:, [[0, 1, 3], [1, 0, 2]]", np.s_[0, 1:, [[0, 1, 3], [1, 0, 2]]]),
        ("0, [1, 1], 1:", np.s_[0, [1, 1], 1:]),
    ],
)
def test_indices_with_a_slice_between_them_come_first(index: str, parts: Any) -> None:
    x = np.arange(120.0).reshape(2, 3, 4, 5)
    expected = x[parts]
    shape = ", ".join(map(str, expected.shape))
    found = value(f"input x[2, 3, 4, 5]; output f = reshape(x[{index}], ({shape}))", *x.ravel())
    np.testing.assert_array_equal(found, expected.ravel())

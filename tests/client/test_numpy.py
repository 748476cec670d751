"""A program of NumPy gives the same when it is written into a list and the list is run."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

from tests import reference
from wengert_client import ListBuilder, Variable

RNG = np.random.default_rng(7)
A = RNG.uniform(0.2, 0.9, (2, 3, 4))
M = RNG.uniform(0.2, 0.9, (4, 4))
V = RNG.uniform(0.2, 0.9, 4)
S = np.asarray(0.7)


def run(program: Callable[..., Any], **inputs: Any) -> tuple[np.ndarray, Variable, int]:
    """Write a program into a list; gives what the list is at the inputs, its variable, and its statements."""
    b = ListBuilder()
    result = program(*(b.input(name, np.shape(value)) for name, value in inputs.items()))
    b.output("f", result)
    message = b.build()
    trace = reference.run(message, inputs)
    return reference.floats(trace.operand(message.outputs[0].argument)), result, len(message.primitives)


def assert_same(program: Callable[..., Any], *values: Any) -> None:
    expected = np.asarray(program(*values), dtype=np.float64)
    got, variable, _ = run(program, **dict(zip("abcd", values, strict=False)))
    assert variable.shape == expected.shape
    assert np.shape(got) == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-13)


PROGRAMS: list[Callable[..., Any]] = [
    lambda a, m, v, s: a + 2 * v - s / a,
    lambda a, m, v, s: 1 - (3.5 / (2 - a)) * -v + +s,
    lambda a, m, v, s: a**2 + a**3 - a**-2 + a**0.5 + 2**a + a**v + v**0 + np.power(v, 2.0),
    lambda a, m, v, s: abs(a - 0.5) % 0.2 + 0.7 % v,
    lambda a, m, v, s: np.ones(4) * a - np.arange(12.0).reshape(3, 4) / v + a * [1, 2, 3, 4],
    lambda a, m, v, s: np.float64(2.0) * s + s * np.float32(0.5) + True * v + np.int64(3) - v,
    lambda a, m, v, s: (a < v) * 1.0 + (a >= 0.5) + (s == 0.7) + (v != s) + (v > a) + (v <= 0.3),
    lambda a, m, v, s: np.where((a > 0.3) & (a < 0.6) | ~(v > 0.5), a, -1.0),
    lambda a, m, v, s: np.sin(a) * np.cos(v) + np.tan(s) - np.arctan2(a, v) + np.hypot(a, s),
    lambda a, m, v, s: np.exp(a) + np.log(v) + np.log1p(a) + np.expm1(s) + np.logaddexp(a, v) + np.exp2(v),
    lambda a, m, v, s: np.arcsin(a) + np.arccos(v) + np.arctan(s) + np.arcsinh(a) + np.arctanh(v) + np.sinh(a),
    lambda a, m, v, s: np.cbrt(a) + np.sqrt(v) + np.square(s) + np.reciprocal(a) + np.log2(v) + np.log10(a),
    lambda a, m, v, s: np.floor(4 * a) + np.ceil(4 * v) + np.rint(9 * a) + np.trunc(-5 * v) + round(5.1 * s),
    lambda a, m, v, s: np.maximum(a, v) - np.minimum(a, 0.4) + np.clip(a, 0.3, v) + a.clip(0.4, 0.6),
    lambda a, m, v, s: np.fmod(a, 0.2) + np.remainder(v, 0.3) + np.copysign(a, v - 0.5) + np.sign(s - 1),
    lambda a, m, v, s: np.deg2rad(a) + np.degrees(v) + np.isnan(s) + np.positive(a) + np.conjugate(v),
    lambda a, m, v, s: special.erf(a) + special.erfc(v) + special.gammaln(s) + special.psi(a) + special.expit(v),
    lambda a, m, v, s: special.xlogy(a, v),
    lambda a, m, v, s: m @ v + v @ m - m @ m @ v + np.ones((3, 4)) @ v @ np.ones((3, 4)),
    lambda a, m, v, s: np.dot(m, v) + v.dot(m) + np.matmul(m, v) + np.dot(s, v) + np.inner(v, v),
    lambda a, m, v, s: np.outer(v, a[0, 0]) + m.T + np.transpose(m) + m.transpose(1, 0),
    lambda a, m, v, s: a.transpose(2, 0, 1) + np.swapaxes(a, 0, 1).T.sum((1, 2))[:, None, None],
    lambda a, m, v, s: np.sum(a) + a.sum(1)[0, 1] + np.prod(v) + v.prod() + np.mean(m) + m.mean((0, 1)),
    lambda a, m, v, s: np.max(a, axis=1) + a.min(axis=1) - np.sum(a, axis=-2) + np.prod(a, 1),
    lambda a, m, v, s: a / a.sum((0, 2), keepdims=True) + np.max(a, axis=0, keepdims=True) + np.add.reduce(a),
    lambda a, m, v, s: s.sum() + np.sum(s) * s.max(),
    lambda a, m, v, s: np.concatenate([v, m[0], np.zeros(2), v[1:]]),
    lambda a, m, v, s: np.concatenate([a, a[:, :1], np.ones((2, 2, 4))], axis=1),
    lambda a, m, v, s: np.concatenate([m, a], axis=None),
    lambda a, m, v, s: np.stack([v[0], 1.0, s, v[2] * v[3]]),
    lambda a, m, v, s: np.stack([m, np.eye(4)], axis=-1),
    lambda a, m, v, s: np.hstack([v, s, 2.0]) + np.hstack([m, m])[0, :6],
    lambda a, m, v, s: np.vstack([v, m, np.ones(4)]),
    lambda a, m, v, s: np.reshape(a, (4, -1)) + m.reshape(4, 4)[:, :1] + a.reshape((4, 6)),
    lambda a, m, v, s: np.ravel(a) + a.ravel() + a.flatten(),
    lambda a, m, v, s: np.expand_dims(m, (0, 2)) + np.squeeze(m[:, None], 1) + m[None].squeeze(),
    lambda a, m, v, s: np.broadcast_to(v, (2, 3, 4)) * a,
    lambda a, m, v, s: np.take(a, [[0, 1], [2, -1]], axis=2) * np.take(v, 2),
    lambda a, m, v, s: np.take(a, [3, 17, -1]) + a.take(1, axis=0)[0, :3],
    lambda a, m, v, s: np.roll(a, 1, axis=-1) + np.roll(v, -6) + np.roll(a, 5),
    lambda a, m, v, s: np.diff(a, axis=1)[:, 0] + np.diff(v, n=2)[:, None][0],
    lambda a, m, v, s: (
        np.linalg.norm(v) + np.zeros_like(v) + np.ones_like(m) * np.size(a) + np.ndim(m) + np.shape(a)[0]
    ),
    lambda a, m, v, s: sum(v) + len(v) + sum(row[0] * row[-1] for row in m),
    lambda a, m, v, s: v[np.argsort([3.0, 1.0, 2.0, 0.0])][[True, False, True, True]],
    lambda a, m, v, s: a[0, 1, 2] + a[-1, -1, -1] + m[1, 2],
    lambda a, m, v, s: a[..., 0] + a[:, :, -1] + a[0, 0, 1] + a[..., None, 1][..., 0],
    lambda a, m, v, s: a[:, [0, 2], :] + a[:, 1:, :] - a[:, ::-2],
    lambda a, m, v, s: a[[1, 0], [2, 0]] + a[[[0], [1]], 1, [0, 3]][..., None],
    lambda a, m, v, s: a[[1, 0], :, [2, 0]] + a[1, :, [0, 1]] + a[0, ..., [0, 1]],
    lambda a, m, v, s: a[:, None, [0, 1]][:, 0] + a[None, :, [0, 1]][0],
    lambda a, m, v, s: a[np.ones((2, 3), dtype=bool)] + a[:, np.array([True, True, False])].sum((0, 1)),
    lambda a, m, v, s: m[np.eye(4, dtype=bool)] + m[np.arange(4), np.arange(4)],
    lambda a, m, v, s: v[4:].sum() + v[3:1].sum() + m[:, 0:0].sum() + a[[]].sum() + s[...] + s[()],
]


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_gives_what_numpy_gives(program: Callable[..., Any]) -> None:
    assert_same(program, A, M, V, S)


@st.composite
def keys(draw: st.DrawFn) -> tuple[tuple[int, ...], Any]:
    """Draw a shape and one of NumPy's keys for it: basic ones, one array, or arrays on every axis."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    kind = draw(st.sampled_from(["basic", "arrays", "mixed"]))
    if kind == "basic":
        return shape, draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True, max_dims=8))
    if kind == "arrays":
        return shape, draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3)))
    axes = [draw(st.sampled_from(["slice", "place", "array", "new"])) for _ in shape]
    key: list[Any] = []
    for extent, what in zip(shape, axes, strict=True):
        one = {
            "slice": slice(draw(st.integers(0, extent)), None),
            "place": draw(st.integers(-extent, extent - 1)),
            "array": np.array(draw(st.lists(st.integers(-extent, extent - 1), min_size=2, max_size=2))),
            "new": slice(None, None, -1),
        }[what]
        key += [None, one] if what == "new" else [one]
    return shape, tuple(key)


@given(keys())
@settings(max_examples=150, deadline=None)
def test_an_index_takes_what_numpy_takes(shape_and_key: tuple[tuple[int, ...], Any]) -> None:
    shape, key = shape_and_key
    assert_same(lambda x: x[key], np.arange(1.0, np.prod(shape) + 1).reshape(shape))


@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=3))
@settings(max_examples=50, deadline=None)
def test_shapes_broadcast_as_numpy_s(shapes: hnp.BroadcastableShapes) -> None:
    arrays = [np.full(shape, 2.0) for shape in shapes.input_shapes]
    assert_same(lambda a, b, c: np.where(a, b, c) + a * c, *arrays)


@pytest.mark.parametrize(
    ("program", "statements"),
    [
        (lambda v: v[2], 1),
        (lambda v: v[1:3], 1),
        (lambda v: v[None], 1),
        (lambda v: v[:], 0),
        (lambda v: v[...], 0),
        (lambda v: +v, 0),
        (lambda v: v[[0, 1]], 1),
        (lambda v: v.reshape(2, 2)[1, 0], 3),
        (lambda v: v.reshape(2, 2)[1], 2),
        (lambda v: 2 * v + 1, 2),
        (lambda v: np.stack([v[0], v[1]]), 5),
        (lambda v: v + np.ones(4) + np.ones(4), 3),
        (lambda v: v.mean(), 2),
        (lambda v: v**2, 1),
        (lambda v: v**3.0, 1),
        (lambda v: v ** float("nan"), 1),
        (lambda v: v**1e300, 1),
        (lambda v: 1 - v > 0, 2),
    ],
)
def test_an_operation_is_a_statement(program: Callable[..., Any], statements: int) -> None:
    assert run(program, v=V)[2] == statements

"""Programs at random, traced and as NumPy runs them: assignments and views, einsum, reductions, keys."""

from typing import Any

import numpy as np
import pytest

import adengine
from tests.conformance.in_process import engine_list
from wengert_client import BuildError, ops, trace

ENGINE = adengine.Engine()


def assert_same(program: Any, *arrays: Any) -> None:
    """Compare what a program of arrays gives, traced, with what NumPy gives."""
    with np.errstate(all="ignore"):
        expected = np.asarray(program(np, *[each.copy() for each in arrays]), dtype=np.float64)
    names = [f"x{k}" for k in range(len(arrays))]
    shapes = {name: each.shape for name, each in zip(names, arrays, strict=True)}
    traced = trace(lambda **given: program(ops, *given.values()), shapes)
    made = engine_list(traced.message)
    assert made.output_shapes == (expected.shape,)
    x = np.concatenate([each.ravel() for each in arrays] or [np.zeros(0)])
    np.testing.assert_allclose(ENGINE.evaluate(made, points=x).values, expected.ravel(), rtol=1e-12, atol=1e-12)


# ---- assignment


def key_of(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw a key: places, slices of all kinds, arrays of places, a mask."""
    if rng.random() < 0.15:
        return rng.random(shape) < 0.5
    if rng.random() < 0.1:
        return (None, ...)
    parts: list[Any] = []
    for extent in shape[: rng.integers(0, len(shape) + 1)]:
        kind = rng.integers(4)
        if kind == 0 and extent:
            parts.append(int(rng.integers(-extent, extent)))
        elif kind == 1 and extent and not any(isinstance(each, list) for each in parts):
            parts.append([int(each) for each in rng.integers(0, extent, 2)])
        else:
            bounds = sorted(int(each) for each in rng.integers(0, extent + 1, 2))
            parts.append(slice(bounds[0], bounds[1], int(rng.integers(1, 3))) if kind < 3 else slice(None, None, -1))
    return tuple(parts)


def is_basic(key: Any) -> bool:
    return isinstance(key, tuple) and not any(isinstance(each, list) for each in key)


def assigning(seed: int) -> Any:
    """Give a program that assigns into an array and its views, and reads it, at random."""

    def program(module: Any, x: Any, y: Any) -> Any:
        rng = np.random.default_rng(seed)
        shape = tuple(int(each) for each in rng.integers(1, 4, rng.integers(1, 4)))
        z = module.zeros(shape)
        held = [z]
        total: Any = 0.0
        for _ in range(int(rng.integers(3, 12))):
            target = held[int(rng.integers(len(held)))]
            key = key_of(rng, target.shape)
            what = rng.integers(5)
            value = [x, y, x * y, 2.5, float(rng.integers(9))][int(rng.integers(5))]
            part = target[key]
            if what == 0:
                target[key] = value
            elif what == 1:
                target[key] += value
            elif what == 2 and np.ndim(part):
                target[key] = part * 2
            elif what == 3 and np.ndim(part) and is_basic(key):
                held.append(part if rng.random() < 0.5 else part.T)
            else:
                total = total + np.sum(part)
        return np.concatenate([np.ravel(each * 1.0) for each in held] + [np.reshape(total * 1.0, (1,))])

    return program


@pytest.mark.parametrize("seed", range(150))
def test_buffers_do_what_arrays_do(seed: int) -> None:
    assert_same(assigning(seed), np.asarray(0.3), np.asarray(-1.7))


@pytest.mark.parametrize("seed", range(40))
def test_arrays_are_assigned_where_numpy_assigns_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(each) for each in rng.integers(1, 5, rng.integers(1, 4)))
    key = key_of(rng, shape)
    value = rng.normal(size=np.empty(shape)[key].shape)

    def program(_: Any, whole: Any, part: Any) -> Any:
        z = whole.copy()
        z[key] = part
        w = z[::-1]
        w[key] *= 3
        return z * whole

    assert_same(program, rng.normal(size=shape), value)


# ---- operations in place


@pytest.mark.parametrize("seed", range(60))
def test_operations_in_place_are_right_or_refused(seed: int) -> None:
    def program(_: Any, x: Any) -> Any:
        rng = np.random.default_rng(seed)
        held = [x * 2, x + 1]
        for _ in range(8):
            k, j = (int(each) for each in rng.integers(0, len(held), 2))
            what = rng.integers(5)
            if what == 0:
                held[k] += 1.5
            elif what == 1:
                held[k] *= held[j] if held[j].shape == held[k].shape else 2.0
            elif what == 2:
                held.append(held[k][::-1] if rng.random() < 0.5 else held[k][:2])
            elif what == 3:
                held.append(held[k])
            else:
                held[k] = held[k] + held[j] if held[j].shape == held[k].shape else +held[k]
        return np.concatenate(held)

    try:
        assert_same(program, np.array([0.3, -0.5, 0.7]))
    except BuildError as error:
        assert "in place, NumPy would also change" in str(error)  # noqa: PT017


# ---- einsum


@pytest.mark.parametrize("seed", range(80))
def test_einsum_at_random(seed: int) -> None:
    rng = np.random.default_rng(seed)
    extents = {letter: int(rng.integers(0 if rng.random() < 0.1 else 1, 4)) for letter in "ijklm"}
    terms = ["".join(rng.choice(list("ijklm"), rng.integers(0, 4))) for _ in range(rng.integers(1, 4))]
    used = sorted(set("".join(terms)))
    output = "".join(rng.permutation([each for each in used if rng.random() < 0.5]))
    subscripts = ",".join(terms) + (f"->{output}" if rng.random() < 0.8 else "")
    arrays = [rng.normal(size=tuple(extents[each] for each in term)) for term in terms]
    assert_same(lambda _, *given: np.einsum(subscripts, *given), *arrays)


@pytest.mark.parametrize("seed", range(30))
def test_tensordot_and_matmul_at_random(seed: int) -> None:
    rng = np.random.default_rng(seed)
    batch = tuple(int(each) for each in rng.integers(1, 3, rng.integers(0, 3)))
    m, k, n = (int(each) for each in rng.integers(0 if seed % 7 == 0 else 1, 4, 3))
    a = rng.normal(size=(*batch, m, k))
    b = rng.normal(size=(*batch[rng.integers(0, len(batch) + 1) :], k, n))
    assert_same(lambda _, a, b: np.matmul(a, b), a, b)
    assert_same(lambda _, a, b: np.tensordot(a, b, ([-1], [-2])), a, b)
    assert_same(lambda _, a, b: np.inner(a, np.moveaxis(b, -2, -1)), a, b)


# ---- reductions


@pytest.mark.parametrize("seed", range(60))
def test_reductions_at_random(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(each) for each in rng.integers(0 if seed % 5 == 0 else 1, 4, rng.integers(0, 4)))
    axes = [None, *range(-len(shape), len(shape))]
    axis: Any = axes[int(rng.integers(len(axes)))]
    if len(shape) > 1 and rng.random() < 0.3:
        axis = tuple(int(each) for each in rng.permutation(len(shape))[:2])
    options = {"axis": axis, "keepdims": bool(rng.integers(2))}
    x = rng.normal(size=shape)
    always: list[Any] = [np.sum, np.prod, np.all, np.any]
    of_some: list[Any] = [np.max, np.min, np.mean, np.ptp]
    spread: list[Any] = [np.var, np.std]
    for function in always:
        assert_same(lambda _, x, f=function: f(x, **options) * 1.0, x)
    counted = np.sum(np.ones(shape), axis=axis)
    if counted.size and counted.min() > 0:
        for function in of_some:
            assert_same(lambda _, x, f=function: f(x, **options), x)
        for function in spread:
            assert_same(lambda _, x, f=function: f(x, ddof=0.5, **options), x)

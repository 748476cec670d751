"""The engine: caching, lanes, threads, limits."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

import adengine
from adengine import Engine, Limits, Mode, errors, functions
from adengine.graph import FlatList
from tests.adengine.flat import Floats, gaussian, product_and_sine
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter

F = engine_list(product_and_sine().message)
G = engine_list(gaussian().message)


def mixed() -> adengine.WengertList:
    """Return a function of a vector and a scalar, with arrays, reductions, a product and kinks."""
    f = ListWriter()
    x, s = f.input("x", 37), f.input("s")
    matrix = f.array(np.linspace(-1, 1, 148).reshape(4, 37))
    z = f.add("TANH", f.add("MULTIPLY", f.add("MATMUL", matrix, x), s))
    f.output("z", z)
    f.output("lse", f.add("LOGSUMEXP", z, parameters=[0, 1, 0]))
    f.output("max", f.add("MAX", f.add("ABS", x), parameters=[0, 1, 0]))
    f.output("prod", f.add("PROD", f.add("GATHER", x, parameters=[0, 1, 3, 4, 0, 4]), parameters=[0, 1, 0]))
    f.output("sum", f.sum(f.add("ATAN2", x, s), 0))
    return engine_list(f.message)


MIXED = mixed()


def random_points(function: adengine.WengertList, count: int) -> Floats:
    return np.random.default_rng(7).uniform(0.2, 2.0, size=(count, function.n))


# ---- Caching ----


class Counted:
    """Counts the calls of both transformations."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[str, tuple[int, ...]]] = []
        for name in ("dual", "adjoint"):
            monkeypatch.setattr(functions, name, self._wrapped(name))

    def _wrapped(self, name: str) -> Callable[[FlatList, Sequence[int]], FlatList]:
        original = getattr(functions, name)

        def counted(source: FlatList, with_respect_to: Sequence[int]) -> FlatList:
            self.made.append((name, tuple(with_respect_to)))
            made: FlatList = original(source, with_respect_to)
            return made

        return counted


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[int, ...]]]:
    return Counted(monkeypatch).made


def test_derivative_lists_are_made_once_per_function_and_selection(made: list[tuple[str, tuple[int, ...]]]) -> None:
    engine = Engine()
    for count in (1, 5, 40):
        points = random_points(F, count)
        engine.jacobian(F, points, mode=Mode.FORWARD)
        engine.jvp(F, points, np.ones(2))
        engine.vjp(F, points[0])
    assert sorted(made) == [("adjoint", (0, 1)), ("dual", (0, 1))]
    engine.jacobian(F, random_points(F, 3), with_respect_to=["x2"], mode=Mode.FORWARD)
    engine.jacobian(F, random_points(F, 4), with_respect_to=["x2"], mode=Mode.FORWARD)
    assert sorted(made) == [("adjoint", (0, 1)), ("dual", (0, 1)), ("dual", (1,))]


def test_a_forgotten_function_is_differentiated_anew(made: list[tuple[str, tuple[int, ...]]]) -> None:
    engine = Engine()
    engine.vjp(F, random_points(F, 1)[0])
    assert engine.forget(F.id)
    assert not engine.forget(F.id)
    engine.vjp(F, random_points(F, 1)[0])
    assert made == [("adjoint", (0, 1))] * 2


def test_values_alone_make_no_derivative_list(made: list[tuple[str, tuple[int, ...]]]) -> None:
    Engine().evaluate(F, random_points(F, 3))
    assert made == []


def test_the_least_recently_used_function_goes_first(made: list[tuple[str, tuple[int, ...]]]) -> None:
    engine = Engine(functions=1)
    for function in (F, F, G, F):
        engine.vjp(function, random_points(function, 1)[0])
    assert len(made) == 3


def test_no_list_is_made_where_the_numbers_of_sweeps_decide(made: list[tuple[str, tuple[int, ...]]]) -> None:
    f = ListWriter()
    f.output("f", f.sum(f.add("SQUARE", f.input("x", 100)), 0))
    result = Engine().jacobian(engine_list(f.message), np.ones(100))
    assert result.report.mode is Mode.REVERSE
    assert [name for name, _ in made] == ["adjoint"]


# ---- Lanes ----


@pytest.mark.parametrize("count", [*range(1, 34), 64, 65, 200])
def test_k_points_are_k_single_calls_bit_for_bit(count: int) -> None:
    engine = Engine()
    points = random_points(MIXED, count)
    u, v = np.linspace(-1, 1, MIXED.n), np.linspace(1, -2, MIXED.m)
    for mode in (Mode.FORWARD, Mode.REVERSE):
        together = engine.jacobian(MIXED, points, mode=mode)
        alone = [engine.jacobian(MIXED, x, mode=mode) for x in points]
        np.testing.assert_array_equal(together.values, [each.values for each in alone])
        np.testing.assert_array_equal(together.jacobian, [each.jacobian for each in alone])
    tangents, cotangents = engine.jvp(MIXED, points, u).tangents, engine.vjp(MIXED, points, v).cotangents
    np.testing.assert_array_equal(tangents, [engine.jvp(MIXED, x, u).tangents for x in points])
    np.testing.assert_array_equal(cotangents, [engine.vjp(MIXED, x, v).cotangents for x in points])


@pytest.mark.parametrize("count", [*range(1, 34), 64, 65])
def test_p_directions_are_p_single_calls_bit_for_bit(count: int) -> None:
    engine = Engine()
    x = random_points(MIXED, 1)[0]
    random = np.random.default_rng(count)
    u, v = random.normal(size=(count, MIXED.n)), random.normal(size=(count, MIXED.m))
    tangents, cotangents = engine.jvp(MIXED, x, u).tangents, engine.vjp(MIXED, x, v).cotangents
    np.testing.assert_array_equal(tangents, [engine.jvp(MIXED, x, each).tangents for each in u])
    np.testing.assert_array_equal(cotangents, [engine.vjp(MIXED, x, each).cotangents for each in v])


def test_directions_of_each_point_are_its_own() -> None:
    engine = Engine()
    points = random_points(MIXED, 5)
    u = np.random.default_rng(3).normal(size=(5, 4, MIXED.n))
    tangents = engine.jvp(MIXED, points, u).tangents
    expected = [engine.jvp(MIXED, x, directions).tangents for x, directions in zip(points, u, strict=True)]
    np.testing.assert_array_equal(tangents, expected)


# ---- Threads ----


@pytest.mark.parametrize("mode", [Mode.FORWARD, Mode.REVERSE])
@pytest.mark.parametrize("count", [1, 2, 3, 9])
@pytest.mark.parametrize("p", [1, 2, 3, 9])
def test_points_of_nothing_have_their_directions(mode: Mode, count: int, p: int) -> None:
    """All inputs shared: every point is the same, and nothing but the directions can differ."""
    x = random_points(MIXED, 1)[0]
    shared = (("x", x[:37]), ("s", x[37]))
    jacobian = Engine().jacobian(MIXED, x).jacobian
    matrix = jacobian if mode is Mode.FORWARD else jacobian.T
    engine = Engine()
    call = engine.jvp if mode is Mode.FORWARD else engine.vjp
    for each in (1, count):
        directions = np.random.default_rng(p).normal(size=(each, p, matrix.shape[1]))
        _, given, _ = call(MIXED, np.empty((count, 0)), directions, shared=shared, with_respect_to=("x", "s"))
        expected = np.broadcast_to(directions @ matrix.T, given.shape)
        assert given == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_threads_share_a_function() -> None:
    engine = Engine()
    points = random_points(MIXED, 50)
    expected = Engine().jacobian(MIXED, points, mode=Mode.REVERSE).jacobian
    results: list[Floats] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        for x in (points, *points):
            result = engine.jacobian(MIXED, x, mode=Mode.REVERSE).jacobian
            if x is points:
                results.append(result)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, expected)


# ---- Limits ----


@pytest.mark.parametrize(
    ("limit", "value", "call"),
    [
        ("reply_elements", 11, lambda engine: engine.jacobian(G, random_points(G, 4))),
        ("reply_elements", 3, lambda engine: engine.evaluate(G, random_points(G, 4))),
        ("reply_elements", 11, lambda engine: engine.vjp(G, random_points(G, 4))),
        ("call_bytes", 64, lambda engine: engine.jacobian(G, random_points(G, 1)[0])),
    ],
)
def test_a_call_over_a_limit_is_refused_and_named(limit: str, value: int, call: Callable[[Engine], object]) -> None:
    engine = Engine(replace(Limits(), **{limit: value}))
    with pytest.raises(errors.LimitExceeded) as caught:
        call(engine)
    assert (caught.value.limit, caught.value.allowed) == (limit, value)
    assert caught.value.needed > value
    assert str(value) in str(caught.value)


def test_a_list_over_a_limit_is_refused_before_anything_is_allocated() -> None:
    f = ListWriter()
    f.output("f", f.add("BROADCAST", f.input("x"), parameters=[2, 1 << 30, 1 << 30]))
    with pytest.raises(errors.LimitExceeded) as caught:
        engine_list(f.message)
    assert caught.value.limit == "variable_elements"

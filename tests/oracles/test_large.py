"""Long, wide and shared lists, and many threads: the same answers as the closed forms."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import adengine
from tests.conformance.in_process import engine_list
from tests.oracles import problems
from tests.oracles.asking import ENGINE, agree, check_duality
from tests.wire_lists import ListWriter

MODES = (adengine.Mode.FORWARD, adengine.Mode.REVERSE)


def test_a_chain_of_a_hundred_thousand_sines() -> None:
    length = 100_000
    f = ListWriter()
    w = f.input("x")
    for _ in range(length):
        w = f.add("SIN", w)
    f.output("y", w)
    value, log_slope = 1.0, 0.0
    for _ in range(length):
        log_slope += np.log(np.cos(value))
        value = np.sin(value)
    function = engine_list(f.message)
    for mode in MODES:
        result = ENGINE.jacobian(function, np.array([1.0]), mode=mode)
        agree(result.values, [value], 1e-12, "value")
        agree(result.jacobian[0], [np.exp(log_slope)], 1e-9, "slope")


def test_one_input_used_a_hundred_thousand_times() -> None:
    count = 100_000
    f = ListWriter()
    x, total = f.input("x"), f.constant(0.0)
    half = f.constant(0.5)
    for _ in range(count):
        total = f.add("FMA", x, half, f.add("ADD", total, x))
    f.output("y", total)
    for mode in MODES:
        result = ENGINE.jacobian(engine_list(f.message), np.array([2.0]), mode=mode)
        agree(result.jacobian[0], [1.5 * count], 1e-11)


def test_thirty_thousand_scalar_inputs() -> None:
    n = 30_000
    f = ListWriter()
    inputs = [f.input(f"x{i}") for i in range(n)]
    total = f.constant(0.0)
    for a, b in itertools.pairwise(inputs):
        total = f.add("FMA", a, b, total)
    f.output("y", total)
    x = np.sin(np.arange(n) * 0.3)
    gradient = ENGINE.jacobian(engine_list(f.message), x).jacobian[0]
    agree(gradient, np.concatenate([[0], x[:-1]]) + np.concatenate([x[1:], [0]]), 1e-15)


def test_thirty_thousand_outputs() -> None:
    count = 30_000
    f = ListWriter()
    x = f.input("x")
    for i in range(count):
        f.output(f"y{i}", f.add("MULTIPLY", x, f.constant(float(i))))
    function = engine_list(f.message)
    assert ENGINE.evaluate(function, np.array([2.0])).values[-1] == 2.0 * (count - 1)
    result = ENGINE.jacobian(function, np.array([2.0]))
    assert result.report.mode is adengine.Mode.FORWARD
    agree(result.jacobian[:, 0], np.arange(count, dtype=np.float64), 0.0)


def test_ten_thousand_single_element_slices() -> None:
    """Each slice's adjoint adds one element: n of them must cost n, and be right."""
    n = 10_000
    f = ListWriter()
    x, total = f.input("x", n), f.constant(0.0)
    for i in range(n):
        element = f.add("GATHER", x, parameters=[0, 0, i])
        total = f.add("FMA", element, element, total)
    f.output("y", total)
    x_value = np.cos(np.arange(n) * 0.1)
    gradient = ENGINE.jacobian(engine_list(f.message), x_value).jacobian[0]
    agree(gradient, 2 * x_value, 1e-15)


def test_a_million_elements() -> None:
    f = ListWriter()
    f.output("y", f.sum(f.add("EXP", f.add("NEGATE", f.add("SQUARE", f.input("x", 1000, 1000)))), 0, 1))
    x = np.linspace(-3, 3, 10**6)
    result = ENGINE.jacobian(engine_list(f.message), x)
    agree(result.values, [np.sum(np.exp(-(x**2)))], 1e-12)
    agree(result.jacobian[0], -2 * x * np.exp(-(x**2)), 1e-15)


def test_many_points() -> None:
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("ADD", f.add("MULTIPLY", x, y), f.add("SIN", x)))
    points = np.random.default_rng(1).normal(size=(100_003, 2))
    result = ENGINE.jacobian(engine_list(f.message), points)
    np.testing.assert_allclose(
        result.values[:, 0], points[:, 0] * points[:, 1] + np.sin(points[:, 0]), rtol=1e-13, atol=1e-14
    )
    expected = np.stack([points[:, 1] + np.cos(points[:, 0]), points[:, 0]], axis=1)[:, np.newaxis]
    np.testing.assert_allclose(result.jacobian, expected, rtol=1e-13, atol=1e-14)


def test_many_threads_share_a_function() -> None:
    engine = adengine.Engine()
    function = engine_list(problems.brusselator(4))
    points = np.random.default_rng(2).uniform(0.5, 1.5, (40, function.n))
    expected = [ENGINE.jacobian(function, x, mode=adengine.Mode.REVERSE).jacobian for x in points]

    def work(k: int) -> bool:
        index = k % len(points)
        mode = MODES[k % 2]
        if k % 3:
            got = engine.jacobian(function, points[index], mode=mode).jacobian
        else:
            got = engine.jacobian(function, points, mode=mode).jacobian[index]
        return bool(np.allclose(got, expected[index], rtol=1e-12, atol=1e-12))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(240)))


def test_the_brusselator_of_2048_unknowns_is_dual() -> None:
    check_duality(problems.brusselator(32), np.random.default_rng(3).uniform(0.5, 1.5, 2048))

"""Elementary functions: every way of computing them gives the same, to 4 units in the last place of the truth."""

from __future__ import annotations

import ctypes
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adengine import Engine, Input, Output, WengertList, vector_library
from adengine.elementary import ELEMENTARY, ROUTINES
from adengine.graph import NONE, add_input, append, finish, intern, new_graph
from adengine.primitives import BY_NAME, Primitive
from adengine.program import Program
from adengine.templates import TABLES
from adengine.transfer import BLOCK_COLUMNS, POINT
from adengine.vector_library import SCALAR, Routines, available
from benchmarks.accuracy import EXACT, exact_values, samples, ulps

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]

NAMES = sorted({*ELEMENTARY, "INTEGER_POWER"})
POWERS = (-(2**53) - 1, -7, -2, -1, 0, 1, 2, 3, 4, 5, 6, 63, 2**53 + 1)

#: Rules of several steps: they are close to the scalar rule, not each within 4 units of the truth.
COMPOSED = sorted(set(NAMES) - set(EXACT) - {"INTEGER_POWER"})

AWKWARD = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 0.75, 26.5, 27.2, -5.9, 1e5, 1e22, math.pi, math.pi / 2,
    math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.0**-1022, -(2.0**-1022), 1e-310, -1e-310, 1.7976931348623157e308,
    -1.7976931348623157e308, 1e300, -1e300, 1e-300, 709.782712893384, 709.7827128933841, 710.4758600739439, -708.4,
    -740.0, -745.1332191019411, -745.1332191019412, 1023.9999999999999, 1024.0, -1022.5, -1074.0, -1075.0, 1 - 2.0**-53,
    1 + 2.0**-52, -1 + 2.0**-53, -1 - 2.0**-52, 1e-8, -1e-20,
]  # fmt: skip

ways = pytest.mark.parametrize("way", available(), ids=lambda way: way.name)


def _parameters(name: str) -> tuple[int, ...]:
    return POWERS if name == "INTEGER_POWER" else (0,)


def _awkward(name: str) -> list[Floats]:
    rows = np.array(list(itertools.product(AWKWARD, repeat=BY_NAME[name].arity)))
    return list(rows.T.copy())


def _same_bits(x: Floats, y: Floats) -> bool:
    """Whether two arrays agree in every bit, the signs of zeros included and those of NaN excepted."""
    return bool(np.all((x == y) & (np.signbit(x) == np.signbit(y)) | (np.isnan(x) & np.isnan(y))))


def _program(primitive: Primitive, count: int, size: int, lanes: int, way: Routines, k: int) -> Program:
    """So many statements of one primitive, each of operands of its own of so many elements."""
    inputs = count * primitive.arity
    graph = new_graph(inputs + count + 1, 8, 2)
    given = [add_input(graph, number, size, 0) for number in range(inputs)]
    parameter = intern(graph, np.array([k], np.int64), 0, 1) if primitive.parametric else NONE
    results = []
    for copy in range(count):
        a, b = [*given[copy * primitive.arity : (copy + 1) * primitive.arity], NONE][:2]
        results.append(append(graph, TABLES, primitive.number, a, b, NONE, parameter, size))
    sizes, outputs = np.full(inputs, size, np.int64), np.array(results, np.int32)
    flat = finish(graph, (), np.array(given, np.int32), sizes, 0, outputs, np.full(count, size, np.int64), count)
    sources = np.column_stack([np.full(inputs, POINT), np.arange(inputs) * size])
    return Program(flat, sources, np.full(inputs, lanes > 1, np.uint8), lanes, way)


def _run(program: Program, points: Floats, m: int, lanes: int) -> Floats:
    """Values of K points, (K, m)."""
    values = np.empty((len(points), m))
    starts = np.arange(0, len(points), lanes, dtype=np.int64)
    blocks = np.zeros((len(starts), BLOCK_COLUMNS), np.int64)
    blocks[:, 0] = np.minimum(lanes, len(points) - starts)
    blocks[:, 1], blocks[:, 2] = starts * points.shape[1], points.shape[1]
    blocks[:, 5], blocks[:, 6], blocks[:, 10] = starts * m, m, -1
    nothing = np.empty(0)
    program.run(blocks, np.ascontiguousarray(points).reshape(-1), nothing, nothing, values.reshape(-1), nothing)
    return values


def _row(name: str, way: Routines, points: list[Floats], k: int = 0) -> Floats:
    """A primitive of arrays."""
    n = len(points[0])
    program = _program(BY_NAME[name], 1, n, 1, way, k)
    return _run(program, np.concatenate(points).reshape(1, -1), n, 1).reshape(-1)


def test_this_machine_has_been_asked_for_its_routines() -> None:
    assert available()[-1] is SCALAR
    assert [way.width for way in available()] == sorted({way.width for way in available()}, reverse=True)
    for way in available():
        assert way.name in {"libmvec avx512", "libmvec avx2", "scalar"}
        assert len(way.table) == 1 + len(ROUTINES)
        assert way.table[0] == way.width
        assert {bool(way.routine(name)) for name in ("exp", "log", "sin", "cos", "pow")} == {way.width > 0}


@ways
@pytest.mark.parametrize("name", sorted(EXACT))
def test_values_are_within_four_units_of_the_truth(name: str, way: Routines) -> None:
    points = [np.concatenate(pair) for pair in zip(samples(name, 300), _awkward(name), strict=True)]
    values, scalar = _row(name, way, points), _row(name, SCALAR, points)
    exact = exact_values(name, points, np.isfinite(scalar))
    for place, (value, true) in enumerate(zip(values.tolist(), exact, strict=True)):
        at = [float(x[place]) for x in points]
        if true is None:
            assert value == pytest.approx(scalar[place], rel=2.0**-52, abs=0, nan_ok=True), at
            assert math.isnan(value) or math.copysign(1.0, value) == math.copysign(1.0, scalar[place]), at
        else:
            assert math.isfinite(value), at
            assert ulps(value, true) <= 4, at
            assert math.copysign(1.0, value) == math.copysign(1.0, scalar[place]), at


@ways
@pytest.mark.parametrize("name", ["COS", "TAN"])
def test_the_hardest_argument_is_as_far_off_as_in_the_c_library(name: str, way: Routines) -> None:
    """Of all numbers this one is nearest to an odd multiple of pi/2: glibc's own reduction leaves 47 right bits."""
    points = [np.array([5.319372648326541e255])]
    (exact,) = exact_values(name, points, np.ones(1, np.bool_))
    assert ulps(float(_row(name, way, points)[0]), exact) <= 16


@ways
@pytest.mark.parametrize("name", [*COMPOSED, "INTEGER_POWER"])
def test_rules_of_several_steps_are_those_of_the_scalar_functions(name: str, way: Routines) -> None:
    rng = np.random.default_rng(BY_NAME[name].number)
    drawn = [rng.uniform(-40, 40, 200) for _ in range(BY_NAME[name].arity)]
    points = [np.concatenate(pair) for pair in zip(drawn, _awkward(name), strict=True)]
    for k in _parameters(name):
        values, scalar = _row(name, way, points, k), _row(name, SCALAR, points, k)
        finite = np.isfinite(scalar)
        assert _same_bits(values[~finite], scalar[~finite])
        assert np.all(np.signbit(values[finite]) == np.signbit(scalar[finite]))
        size = np.abs(scalar[finite])
        if name == "LOGADDEXP":  # a sum of two terms that may cancel
            size = np.maximum(size, np.minimum(np.abs(points[0]), np.abs(points[1]))[finite])
        assert np.all(np.abs(values[finite] - scalar[finite]) <= 6 * np.spacing(np.minimum(size, 8e307)))


@ways
@pytest.mark.parametrize("name", NAMES)
def test_a_value_does_not_depend_on_where_it_stands(name: str, way: Routines) -> None:
    """One statement, eight lanes, many statements, and rows of any length have the same bits."""
    primitive = BY_NAME[name]
    rng = np.random.default_rng(primitive.number)
    points = np.concatenate([
        np.array(list(itertools.product(AWKWARD[::2], repeat=primitive.arity)))[:700],
        rng.uniform(-3, 3, (60, primitive.arity)),
        np.array(samples(name if name in EXACT else "EXP", 60)).T[:, :1].repeat(primitive.arity, axis=1),
    ])  # fmt: skip
    for k in _parameters(name)[::3]:
        one = _run(_program(primitive, 1, 1, 1, way, k), points, 1, 1)
        assert _same_bits(one, _run(_program(primitive, 1, 1, 8, way, k), points, 1, 8))
        copies = 64
        padded = np.resize(points, (-(-len(points) // copies) * copies, primitive.arity))
        together = _run(
            _program(primitive, copies, 1, 1, way, k), padded.reshape(-1, copies * primitive.arity), copies, 1
        )
        assert _same_bits(one, together.reshape(-1)[: len(points), np.newaxis])
        for length in range(1, 34):
            row = _run(_program(primitive, 1, length, 1, way, k), points[:length].T.reshape(1, -1), length, 1)
            assert _same_bits(one[:length, 0], row[0])
            laned = np.stack([points[i : i + length].T.reshape(-1) for i in range(3)])
            both = _run(_program(primitive, 1, length, 8, way, k), laned, length, 8)
            assert _same_bits(np.stack([one[i : i + length, 0] for i in range(3)]), both)


@ways
@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 25, 64])
def test_log_sum_exp_is_the_same_for_any_number_of_rows_and_lanes(length: int, way: Routines) -> None:
    rng = np.random.default_rng(length)
    rows = 13
    x = rng.normal(size=(11, rows, length)) * 30
    x[0, 0], x[0, 1, 0], x[0, 2, -1], x[0, 3, 0], x[0, 4] = -np.inf, np.inf, np.nan, -np.inf, 1e300
    function = WengertList.build(
        inputs=[Input("x", (rows, length))],
        primitives=[BY_NAME["LOGSUMEXP"].number],
        arguments=[1],
        parameters=[0, 1, 1],
        outputs=[Output("f", 2)],
    )
    engine = _engine(way)
    one = np.stack([engine.evaluate(function, each.reshape(-1)).values for each in x])
    assert _same_bits(one, engine.evaluate(function, x.reshape(11, -1)).values)
    top = x.max(axis=2)
    with np.errstate(invalid="ignore"):
        expected = np.where(np.isfinite(top), top + np.log(np.exp(x - top[:, :, np.newaxis]).sum(axis=2)), top)
    np.testing.assert_allclose(one, expected, rtol=2e-15, atol=1e-15)


def _engine(way: Routines) -> Engine:
    engine = Engine()
    engine._routines = way
    return engine


def test_reproducible_engines_compute_with_scalar_functions() -> None:
    assert Engine(reproducible=True).vector_functions == "scalar"
    assert Engine().vector_functions == available()[0].name
    x = np.random.default_rng(5).uniform(-20, 20, 100)
    function = WengertList.build(
        inputs=[Input("x", (100,))], primitives=[BY_NAME["EXP"].number], arguments=[1], outputs=[Output("f", 2)]
    )
    values = Engine(reproducible=True).evaluate(function, x).values
    assert values.tolist() == [math.exp(each) for each in x]


@pytest.fixture
def found_anew() -> Any:
    """What is available is looked for again, before and after."""
    available.cache_clear()
    yield
    available.cache_clear()


@pytest.mark.usefixtures("found_anew")
def test_without_the_library_functions_are_scalar(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert available() == (SCALAR,)
    engine = Engine()
    assert engine.vector_functions == "scalar"
    assert _sigmoids(engine, [0.0, 1.0]) == pytest.approx([0.5, 1 / (1 + math.exp(-1))])


@pytest.mark.usefixtures("found_anew")
def test_a_processor_without_vectors_has_scalar_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_library, "_FEATURES", {8: frozenset({"+no such"}), 4: frozenset({"+no such"})})
    assert available() == (SCALAR,)


@pytest.mark.usefixtures("found_anew")
def test_a_routine_that_computes_something_else_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if len(available()) == 1:
        pytest.skip("this machine has no vector routines")
    available.cache_clear()
    monkeypatch.setattr(math, "exp", lambda x: 1.0 + x)
    for way in available()[:-1]:
        assert way.routine("exp") == 0
        assert way.routine("sin") != 0
        assert _sigmoids(_engine(way), [0.0]) == [0.5]
    assert "exp" in caplog.text


@ways
def test_each_function_falls_back_by_itself(way: Routines) -> None:
    """With one routine missing, what needs it runs the scalar functions, and the rest does not."""
    x = [np.random.default_rng(3).uniform(0.1, 0.9, 21)] * 2
    for name, row in ELEMENTARY.items():
        for missing in row.needs:
            table = way.table.copy()
            table[1 + ROUTINES.index(missing)] = 0
            given = x[: BY_NAME[name].arity]
            partly = _row(name, Routines("partly", way.width, table), given)
            assert _same_bits(partly, _row(name, SCALAR, given))


def _sigmoids(engine: Engine, x: Sequence[float]) -> list[float]:
    function = WengertList.build(
        inputs=[Input("x", (len(x),))],
        primitives=[BY_NAME["SIGMOID"].number],
        arguments=[1],
        outputs=[Output("f", 2)],
    )
    values: list[float] = engine.evaluate(function, np.array(x)).values.tolist()
    return values

"""Sparse Jacobians of the engine: equal to dense ones entry by entry, whichever way they are computed."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adengine import Engine, Limits, Mode, SparseJacobianResult, WengertList
from adengine.errors import LimitExceeded, UnknownName
from tests.adengine.test_jacobian_list import narrow
from tests.conformance.cases import DATA, load
from tests.conformance.in_process import engine_list
from tests.oracles.problems import brusselator, pollu, rosenbrock
from tests.oracles.test_random_lists import POINT, QUICK, array_lists, scalar_lists
from tests.wire_lists import ListWriter
from wengert import v1

Floats = npt.NDArray[np.float64]
MODES = (Mode.AUTO, Mode.FORWARD, Mode.REVERSE)


def dense(result: SparseJacobianResult) -> Floats:
    """Return a sparse Jacobian with all its zeros."""
    batch = result.entries.shape[:-1]
    jacobian = np.zeros((*batch, *result.pattern.shape))
    jacobian[..., result.pattern.row, result.pattern.column] = result.entries
    return jacobian


def check(function: WengertList, points: Floats, tolerance: float) -> None:
    """Compare all modes with the dense Jacobian of that mode."""
    engine = Engine()
    for mode in MODES:
        expected, given_ = (
            engine.jacobian(function, points, mode=mode),
            engine.sparse_jacobian(function, points, mode=mode),
        )
        np.testing.assert_array_equal(given_.values, expected.values)
        np.testing.assert_allclose(dense(given_), expected.jacobian, rtol=tolerance, atol=tolerance)


def cases() -> list[tuple[v1.WengertList, Floats]]:
    """Return the lists and points of all conformance cases that ask a whole Jacobian without shared inputs."""
    found = []
    for path in sorted(DATA.glob("*.json")):
        for case in load(path):
            request = case.request
            if isinstance(request, v1.JacobianRequest) and "response" in case.expect and not request.shared:
                shape = tuple(request.points.shape) or (len(request.points.values),)
                found.append((request.function.list, np.array(request.points.values).reshape(shape)))
    return [(source, points) for source, points in found if source.outputs]


@pytest.mark.parametrize("part", range(8))
def test_every_conformance_case(part: int) -> None:
    chosen = cases()[part::8]
    assert len(chosen) > 50
    for message, points in chosen:
        check(engine_list(message), points, 1e-13)


@QUICK
@given(scalar_lists(), st.lists(POINT, min_size=4, max_size=4))
def test_scalar_lists(message: v1.WengertList, point: list[float]) -> None:
    check(engine_list(message), np.array(point[: len(message.inputs)]), 1e-11)


@QUICK
@given(array_lists(), st.lists(POINT, min_size=18, max_size=18))
def test_array_lists(made: tuple[v1.WengertList, int], point: list[float]) -> None:
    message, n = made
    check(engine_list(message), np.array([point[:n], point[-n:]]), 1e-11)


def arrowhead(n: int) -> v1.WengertList:
    """Return a reduction of all inputs, and n - 1 numbers that depend on the first input and one other."""
    f = ListWriter()
    x = f.input("x", n)
    f.output("all", f.add("LOGSUMEXP", x, parameters=[0, 1, 0]))
    first = f.add("GATHER", x, parameters=[0, 0, 0])
    rest = f.add("SLICE", x, parameters=[1, 1, n - 1, 1])
    f.output("rest", f.add("MULTIPLY", f.add("SIN", rest), f.add("EXP", first)))
    return f.message


def test_an_arrowhead_takes_three_sweeps_in_both_modes() -> None:
    n = 500
    function = engine_list(arrowhead(n))
    x = np.random.default_rng(1).uniform(-1, 1, (3, n))
    engine = Engine()
    result = engine.sparse_jacobian(function, x)
    assert result.report.sweeps == 3
    assert "2 forward sweeps for 500 columns and 1 reverse sweeps for 500 rows" in result.report.reason
    np.testing.assert_allclose(dense(result), engine.jacobian(function, x).jacobian, rtol=1e-14)
    check(function, x[0], 1e-14)


def test_the_brusselator_takes_twelve_sweeps_or_one_list() -> None:
    function = engine_list(brusselator(8))
    x = np.random.default_rng(2).uniform(0.5, 2, function.n)
    result = Engine().sparse_jacobian(function, x, mode=Mode.FORWARD)
    assert result.pattern.nnz == 6 * function.n
    assert result.report.mode is Mode.FORWARD
    assert result.report.sweeps <= 12
    check(function, x, 1e-13)


def test_a_list_of_all_entries_where_it_is_shorter() -> None:
    function = engine_list(pollu())
    x = np.random.default_rng(3).uniform(0.5, 2, (5, 45))
    result = Engine().sparse_jacobian(function, x)
    assert result.report.sweeps == 0
    assert "a list of all 157 entries" in result.report.reason
    check(function, x, 1e-13)


def test_a_list_that_would_grow_falls_back_to_sweeps() -> None:
    function = engine_list(narrow(60, 12))
    x = np.linspace(0.1, 0.3, 12)
    result = Engine().sparse_jacobian(function, x)
    assert result.report.sweeps > 0
    assert "more than" in result.report.reason
    check(function, x, 1e-10)


def test_points_names_and_shared_values() -> None:
    function, engine = engine_list(pollu()), Engine()
    random = np.random.default_rng(4)
    rates = [(f"k{i}", np.array(random.uniform(0.5, 2))) for i in range(1, 26)]
    outputs, with_respect_to = ["dy3", "dy1"], ["y19", "k1", "y1"]
    for x in (random.uniform(0.5, 2, 20), random.uniform(0.5, 2, (7, 20)), np.zeros((0, 20))):
        for mode in MODES:
            given_ = engine.sparse_jacobian(
                function, x, shared=rates, mode=mode, outputs=outputs, with_respect_to=with_respect_to
            )
            expected = engine.jacobian(
                function, x, shared=rates, mode=mode, outputs=outputs, with_respect_to=with_respect_to
            )
            np.testing.assert_array_equal(given_.values, expected.values)
            np.testing.assert_allclose(dense(given_), expected.jacobian, rtol=1e-14)
    assert engine.sparsity(function, outputs=outputs, with_respect_to=with_respect_to).pattern.shape == (2, 3)
    with pytest.raises(UnknownName):
        engine.sparse_jacobian(function, outputs=["none"])


def test_nothing_to_differentiate() -> None:
    f = ListWriter()
    x = f.input("x", 3)
    f.output("f", f.add("FLOOR", x))
    result = Engine().sparse_jacobian(engine_list(f.message), np.full((2, 3), 1.5))
    assert result.values.tolist() == [[1.0] * 3] * 2
    assert result.entries.shape == (2, 0)
    assert result.report.sweeps == 0


def test_each_point_gives_what_it_gives_alone() -> None:
    function, engine = engine_list(brusselator(4)), Engine()
    x = np.random.default_rng(5).uniform(0.5, 2, (19, function.n))
    together = engine.sparse_jacobian(function, x)
    alone = [engine.sparse_jacobian(function, point).entries for point in x]
    np.testing.assert_array_equal(together.entries, alone)


def test_sparsity_is_kept_and_told_for_hessians_too() -> None:
    function, engine = engine_list(rosenbrock(6)), Engine()
    assert engine.sparsity(function).pattern.nnz == 6
    hessian = engine.sparsity(function, hessian=True)
    assert hessian is engine.sparsity(function, hessian=True)
    assert hessian.pattern.shape == (6, 6)
    assert hessian.pattern.nnz == 16
    assert hessian.colors.max() == 2


def test_limits() -> None:
    function = engine_list(pollu())
    x = np.ones((4, 45))
    with pytest.raises(LimitExceeded, match="157 needed, the limit pattern_entries is 156"):
        Engine(Limits(pattern_entries=156)).sparse_jacobian(function, x)
    with pytest.raises(LimitExceeded, match="628 needed, the limit reply_elements is 627"):
        Engine(Limits(reply_elements=627)).sparse_jacobian(function, x)
    with pytest.raises(LimitExceeded, match="pattern_entries"):
        Engine(Limits(pattern_entries=10)).sparsity(function)


def test_what_is_kept_stays_within_its_bound() -> None:
    engine = Engine(Limits(kept_bytes=300_000))
    for n in range(2, 9):
        function = engine_list(brusselator(n))
        x = np.ones(function.n)
        for mode in MODES:
            engine.sparse_jacobian(function, x, mode=mode)
    assert sum(held.kept_bytes for held in engine._functions.values()) < 3_000_000

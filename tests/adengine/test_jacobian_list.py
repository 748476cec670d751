"""The Jacobian as one list: the same numbers as sweeps, at special points too, and never longer than it may be."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adengine import Engine, Limits
from adengine.adjoint import adjoint
from adengine.elements import NoList
from adengine.graph import FlatList
from adengine.jacobian_list import jacobian_list
from adengine.lower import lower
from adengine.sparsity import jacobian_pattern
from tests.adengine.flat import names, run
from tests.adengine.test_sparsity import AWKWARD
from tests.conformance.cases import DATA, load
from tests.conformance.in_process import engine_list
from tests.oracles.problems import brusselator, pollu
from tests.oracles.test_random_lists import POINT, QUICK, array_lists, scalar_lists
from tests.wire_lists import ListWriter
from wengert import v1

Floats = npt.NDArray[np.float64]
MANY = 1 << 20


def flat(message: v1.WengertList) -> FlatList:
    """Return a message as the transformations get it."""
    function = engine_list(message)
    return lower(function, range(len(function.outputs)))


def listed(source: FlatList, most_rows: int = MANY) -> FlatList | NoList:
    """Return the Jacobian list by all inputs."""
    every = range(len(source.inputs))
    return jacobian_list(source, every, jacobian_pattern(source, every, Limits()), most_rows)


def dense(source: FlatList, made: FlatList, point: Floats) -> tuple[Floats, Floats]:
    """Return values and the Jacobian that a Jacobian list gives."""
    pattern = jacobian_pattern(source, range(len(source.inputs)), Limits())
    given = run(made, *np.split(point, np.cumsum(source.input_sizes)[:-1])) if len(point) else run(made)
    jacobian = np.zeros(pattern.shape)
    jacobian[pattern.row, pattern.column] = np.concatenate([*given[made.results :], np.zeros(0)])
    return np.concatenate([*given[: made.results], np.zeros(0)]), jacobian


def check(message: v1.WengertList, point: Floats, tolerance: float) -> None:
    """Compare with the engine's dense Jacobian."""
    source = flat(message)
    made = listed(source)
    assert isinstance(made, FlatList)
    values, jacobian = dense(source, made, point)
    expected = Engine().jacobian(engine_list(message), point)
    np.testing.assert_array_equal(values, expected.values)
    np.testing.assert_allclose(jacobian, expected.jacobian, rtol=tolerance, atol=tolerance)


def test_the_lecture_by_hand() -> None:
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("ADD", f.add("MULTIPLY", x, y), f.add("SIN", x)))
    made = listed(flat(f.message))
    assert isinstance(made, FlatList)
    assert names(made) == ["MULTIPLY", "SIN", "ADD", "COS", "ADD"]
    assert [part.tolist() for part in run(made, 0.0, 3.0)] == [[0.0], [4.0], [0.0]]


@QUICK
@given(scalar_lists(), st.lists(POINT, min_size=4, max_size=4))
def test_random_lists(message: v1.WengertList, point: list[float]) -> None:
    check(message, np.array(point[: len(message.inputs)]), 1e-11)


def scalar_cases() -> list[tuple[v1.WengertList, Floats]]:
    """Return every list of scalars with every point that a conformance case asks a Jacobian of it at."""
    found = []
    for path in sorted(DATA.glob("*.json")):
        for case in load(path):
            request = case.request
            if not isinstance(request, v1.JacobianRequest) or "response" not in case.expect or request.shared:
                continue
            source = request.function.list
            if not source.inputs or any(declared.shape for declared in source.inputs):
                continue
            points = np.array(request.points.values).reshape(-1, len(source.inputs))
            found += [(source, point) for point in points]
    return found


def test_every_conformance_point_of_scalar_lists() -> None:
    compared = 0
    for message, point in scalar_cases():
        if isinstance(listed(flat(message)), FlatList):
            check(message, point, 1e-13)
            compared += 1
    assert compared > 500


def test_statements_at_awkward_points_are_bit_for_bit_those_of_sweeps() -> None:
    for name in ("MULTIPLY", "DIVIDE", "POWER", "HYPOT", "MAXIMUM", "ATAN2", "LOGADDEXP", "XLOGY", "REMAINDER"):
        f = ListWriter()
        x, y = f.input("x"), f.input("y")
        f.output("f", f.add(name, x, y))
        for a in AWKWARD:
            for b in AWKWARD:
                check(f.message, np.array([a, b]), 0.0)


def test_inputs_that_are_arrays_of_which_elements_are_taken() -> None:
    f = ListWriter()
    x, y = f.input("x", 3), f.input("y")
    taken = [f.add("GATHER", x, parameters=[0, 0, i]) for i in range(3)]
    f.output("f", f.add("MULTIPLY", taken[0], f.add("EXP", taken[2])))
    f.output("same", taken[1])
    f.output("constant", f.constant(2.0))
    f.output("g", f.add("MULTIPLY", y, taken[1]))
    check(f.message, np.array([2.0, 3.0, 0.5, 7.0]), 1e-15)


def wide(n: int) -> v1.WengertList:
    """Return two outputs of n inputs, through a chain that both share."""
    f = ListWriter()
    x = [f.input(f"x{i}") for i in range(n)]
    total = x[0]
    for each in x[1:]:
        total = f.add("ADD", f.add("SIN", total), f.add("MULTIPLY", total, each))
    f.output("f", total)
    f.output("g", f.add("EXP", total))
    f.output("again", total)
    return f.message


def test_few_outputs_go_in_reverse_and_stay_short() -> None:
    n = 200
    message = wide(n)
    check(message, np.linspace(-0.5, 0.5, n), 1e-12)
    made = listed(flat(message))
    assert isinstance(made, FlatList)
    assert len(made.rows) < 25 * n


def test_the_hessian_as_the_jacobian_of_a_gradient() -> None:
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("MULTIPLY", f.add("SQUARE", x), f.add("EXP", y)))
    derivative = adjoint(flat(f.message), [0, 1])
    gradient = derivative._replace(outputs=derivative.outputs[1:].copy(), output_sizes=np.ones(2, np.int64), results=2)
    pattern = jacobian_pattern(gradient, [0, 1], Limits())
    made = jacobian_list(gradient, [0, 1], pattern, MANY)
    assert isinstance(made, FlatList)
    e = np.exp(0.5)
    np.testing.assert_allclose(np.ravel(run(made, 3.0, 0.5, 1.0)[2:]), [2 * e, 6 * e, 6 * e, 9 * e], rtol=1e-15)


# ---- growth ----


def narrow(steps: int, n: int = 4) -> v1.WengertList:
    """Return n numbers after many steps in which each moves the next: deep, and all depend on all inputs."""
    f = ListWriter()
    x = [f.input(f"x{i}") for i in range(n)]
    for _ in range(steps):
        for i in range(n):
            moved = f.add("MULTIPLY", x[i], f.add("SIN", f.add("MULTIPLY", x[i - 1], x[i - 2])))
            x[i] = f.add("ADD", x[i], f.add("MULTIPLY", f.constant(0.01), moved))
    for i, each in enumerate(x):
        f.output(f"y{i}", each)
    return f.message


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_a_list_that_grows_too_much_is_given_up(factor: int) -> None:
    source = flat(narrow(300))
    most = factor * len(source.rows)
    assert listed(source, most) == NoList(f"would have more than {most} statements")
    made = listed(source)
    assert isinstance(made, FlatList)
    assert 4 * len(source.rows) < len(made.rows) < 30 * len(source.rows)


def test_linear_layers_that_make_no_statements_are_given_up_too() -> None:
    f, width = ListWriter(), 24
    layer = [f.input(f"x{i}") for i in range(width)]
    for depth in range(3):
        following = []
        for i in range(width):
            total = f.constant(0.0)
            for j, x in enumerate(layer):
                total = f.add("ADD", total, f.add("MULTIPLY", f.constant(1.0 / (1 + i + j + depth)), x))
            following.append(total)
        layer = following
    for i, x in enumerate(layer):
        f.output(f"y{i}", x)
    source = flat(f.message)
    for most in (len(source.rows), 2 * len(source.rows)):
        assert isinstance(listed(source, most), NoList)
    check(f.message, np.linspace(-1, 1, width), 1e-13)


@QUICK
@given(array_lists(), st.lists(POINT, min_size=18, max_size=18))
def test_arrays_are_taken_apart(given_list: tuple[v1.WengertList, int], point: list[float]) -> None:
    message, n = given_list
    if isinstance(listed(flat(message)), FlatList):
        check(message, np.array(point[:n]), 1e-11)


def test_arrays_of_all_kinds_of_moves() -> None:
    f = ListWriter()
    x, y, s = f.input("x", 2, 3), f.input("y", 3), f.input("s")
    data = f.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    scaled = f.add("MULTIPLY", f.add("MULTIPLY", data, f.add("EXP", s)), x)
    summed = f.sum(scaled, 0)
    f.output("joined", f.add("CONCATENATE", summed, f.add("SIN", y), parameters=[0, 2]))
    f.output("scattered", f.add("SCATTER_ADD", y, f.sum(scaled, 1), parameters=[0, 1, 2, 2, 2]))
    f.output("product", f.add("PROD", y, parameters=[0, 1, 0]))
    f.output("spread", f.add("BROADCAST", s, parameters=[1, 3]))
    f.output("fixed", data)
    assert isinstance(listed(flat(f.message)), FlatList)
    check(f.message, np.random.default_rng(8).uniform(0.5, 2, 10), 1e-14)


def test_a_brusselator_of_arrays_becomes_short() -> None:
    message = brusselator(8)
    source = flat(message)
    made = listed(source)
    assert isinstance(made, FlatList)
    # 2 u v, u^2, and a few sums of them with constants for each cell; all other entries are constants
    assert len(made.rows) < 10 * 64 + 100
    check(message, np.random.default_rng(9).uniform(0.5, 2, 128), 1e-13)


def test_what_cannot_be_taken_apart_has_no_such_list() -> None:
    f = ListWriter()
    f.output("f", f.add("LOGSUMEXP", f.input("x", 3), parameters=[0, 1, 0]))
    assert listed(flat(f.message)) == NoList("does not exist, since LOGSUMEXPS is not taken apart into scalars")
    product = ListWriter()
    x = product.input("x", 4, 4)
    product.output("f", product.add("MATMUL", x, product.add("TANH", x)))
    reason = Engine().sparse_jacobian(engine_list(product.message), np.ones(16)).report.reason
    assert reason.endswith("entries does not exist, since MATMUL is not taken apart into scalars.")
    assert "more than" not in reason


def test_pollu_shares_its_rates() -> None:
    source = flat(pollu())
    made = listed(source)
    assert isinstance(made, FlatList)
    assert len(made.rows) < 2 * len(source.rows)
    check(pollu(), np.random.default_rng(2).uniform(0.1, 2, 45), 1e-13)

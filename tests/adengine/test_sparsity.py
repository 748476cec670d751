"""The structural pattern: it holds whatever a point can make nonzero, and no more than the list says."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adengine import Engine, Limits, Mode, WengertList
from adengine.adjoint import adjoint
from adengine.dependencies import dependencies
from adengine.dual import dual
from adengine.errors import LimitExceeded
from adengine.graph import FlatList
from adengine.lower import lower
from adengine.sparsity import hessian_pattern, jacobian_pattern
from adengine.unions import Pattern, by_lists, by_strips, reversed_unions, uses_of
from tests.adengine.flat import run
from tests.conformance.cases import DATA, load
from tests.conformance.in_process import engine_list
from tests.oracles.problems import brusselator, pollu, rosenbrock
from tests.oracles.test_random_lists import QUICK, array_lists, scalar_lists
from tests.wire_lists import ListWriter
from wengert import v1

Floats = npt.NDArray[np.float64]
Entries = set[tuple[int, int]]
AWKWARD = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e300, -1e300, 1.0, -1.0, 0.5]


def flat(message: v1.WengertList) -> FlatList:
    """Return a message as the transformations get it."""
    function = engine_list(message)
    return lower(function, range(len(function.outputs)))


def entries(pattern: Pattern) -> Entries:
    """Return the entries of a pattern, checked to be sorted and without repeats."""
    found = list(zip(pattern.row.tolist(), pattern.column.tolist(), strict=True))
    assert found == sorted(set(found))
    assert len(found) == pattern.nnz
    return set(found)


def jacobian_entries(message: v1.WengertList, *with_respect_to: int) -> Entries:
    """Return the pattern of the Jacobian of all outputs."""
    source = flat(message)
    return entries(jacobian_pattern(source, with_respect_to or range(len(source.inputs)), Limits()))


def nonzero(jacobian: Floats) -> Entries:
    """Return where a dense matrix is not zero, NaN included."""
    return set(zip(*(part.tolist() for part in np.nonzero(jacobian != 0)), strict=True))


def check_points(function: WengertList, pattern: Entries, points: Floats) -> None:
    """Check in both modes that no point has a nonzero or NaN outside the pattern."""
    for mode in (Mode.FORWARD, Mode.REVERSE):
        jacobians = Engine().jacobian(function, points, mode=mode).jacobian
        for point, jacobian in zip(points, jacobians, strict=True):
            assert nonzero(jacobian) <= pattern, (mode, point)


def points_for(n: int, seed: int) -> Floats:
    """Return ordinary points and points where many values are awkward."""
    random = np.random.default_rng(seed)
    ordinary = random.uniform(-3, 3, (4, n))
    awkward = random.choice(AWKWARD, (6, n))
    return np.concatenate([ordinary, np.abs(ordinary), awkward, np.where(random.random((4, n)) < 0.3, 0.0, ordinary)])


# ---- against dense derivatives ----


def conformance_lists() -> dict[str, v1.WengertList]:
    """Return every list of the conformance cases that has an answer."""
    found: dict[str, v1.WengertList] = {}
    for path in sorted(DATA.glob("*.json")):
        for case in load(path):
            source = getattr(case.request, "function", None)
            if "response" in case.expect and source is not None and source.HasField("list"):
                found.setdefault(source.list.SerializeToString().hex(), source.list)
    return found


@pytest.mark.parametrize("part", range(8))
def test_every_conformance_list(part: int) -> None:
    lists = list(conformance_lists().values())
    assert len(lists) > 250
    for number, message in enumerate(lists[part::8]):
        function = engine_list(message)
        check_points(function, jacobian_entries(message), points_for(function.n, number))


@QUICK
@given(scalar_lists(), st.integers(0, 2**32))
def test_scalar_lists(message: v1.WengertList, seed: int) -> None:
    function = engine_list(message)
    check_points(function, jacobian_entries(message), points_for(function.n, seed))


@QUICK
@given(array_lists(), st.integers(0, 2**32))
def test_array_lists(made: tuple[v1.WengertList, int], seed: int) -> None:
    message, n = made
    check_points(engine_list(message), jacobian_entries(message), points_for(n, seed))


@QUICK
@given(scalar_lists(), st.integers(0, 2**32))
def test_hessians_of_scalar_lists(message: v1.WengertList, seed: int) -> None:
    source = flat(message)
    every = range(len(source.inputs))
    pattern = entries(hessian_pattern(source, every, Limits()))
    assert pattern == {(j, i) for i, j in pattern}
    for point in points_for(len(every), seed)[:6]:
        assert nonzero(_hessian(source, point)) <= pattern, point


def _hessian(source: FlatList, point: Floats) -> Floats:
    """Return the second derivatives of the sum of all outputs, by columns."""
    n, m = len(source.inputs), len(source.outputs)
    products = dual(adjoint(source, range(n)), range(n))
    columns = [np.concatenate(run(products, *point, *np.ones(m), *unit))[-n:] for unit in np.eye(n)]
    return np.stack(columns, axis=1)


PROBLEMS: dict[str, tuple[Callable[[], v1.WengertList], int]] = {
    "Brusselator": (lambda: brusselator(4), 192),
    "POLLU": (pollu, 0),
    "Rosenbrock": (lambda: rosenbrock(7), 7),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_without_cancellation_have_exactly_the_entries_that_are_nonzero(name: str) -> None:
    write, nnz = PROBLEMS[name]
    message = write()
    function = engine_list(message)
    points = np.random.default_rng(3).uniform(0.5, 1.5, (3, function.n))
    dense = Engine().jacobian(function, points).jacobian
    found = jacobian_entries(message)
    assert found == set.union(*(nonzero(jacobian) for jacobian in dense))
    assert not nnz or len(found) == nnz


# ---- element by element, by hand ----


def written(shapes: list[tuple[int, ...]], write: Callable[..., int]) -> v1.WengertList:
    """Return a list of one output of inputs of these shapes."""
    f = ListWriter()
    inputs = [f.input(f"x{k}", *shape) for k, shape in enumerate(shapes)]
    f.output("f", write(f, *inputs))
    return f.message


def test_statements_without_a_derivative_pass_nothing_on() -> None:
    for name in ("LESS", "EQUAL", "AND"):
        assert jacobian_entries(written([(), ()], lambda f, x, y, name=name: f.add(name, x, y))) == set()
    for name in ("SIGN", "FLOOR", "ROUND", "NOT"):
        assert jacobian_entries(written([(3,)], lambda f, x, name=name: f.add(name, x))) == set()
    chosen = written([(), (), ()], lambda f, c, x, y: f.add("SELECT", c, x, y))
    assert jacobian_entries(chosen) == {(0, 1), (0, 2)}
    assert jacobian_entries(written([(), ()], lambda f, x, y: f.add("COPYSIGN", x, y))) == {(0, 0)}


def test_matrix_products_by_rows_and_columns() -> None:
    found = jacobian_entries(written([(2, 3), (3, 2)], lambda f, x, y: f.add("MATMUL", x, y)))
    expected = {(2 * i + j, 3 * i + p) for i in range(2) for j in range(2) for p in range(3)}
    expected |= {(2 * i + j, 6 + 2 * p + j) for i in range(2) for j in range(2) for p in range(3)}
    assert found == expected


def test_sums_views_and_scatters_element_by_element() -> None:
    assert jacobian_entries(written([(2, 3)], lambda f, x: f.sum(x, 0))) == {(k % 3, k) for k in range(6)}
    turned = written([(2, 3)], lambda f, x: f.add("TRANSPOSE", x, parameters=[2, 1, 0]))
    assert jacobian_entries(turned) == {(2 * j + i, 3 * i + j) for i in range(2) for j in range(3)}
    scattered = written([(3,), (4,)], lambda f, x, y: f.add("SCATTER_ADD", x, y, parameters=[0, 1, 4, 2, 0, 2, 2]))
    assert jacobian_entries(scattered) == {(0, 0), (1, 1), (2, 2), (2, 3), (0, 4), (2, 5), (2, 6)}
    for name in ("PROD", "MAX", "LOGSUMEXP"):
        reduced = written([(2, 2)], lambda f, x, name=name: f.add(name, x, parameters=[0, 1, 1]))
        assert jacobian_entries(reduced) == {(0, 0), (0, 1), (1, 2), (1, 3)}


def test_a_base_that_is_still_read_keeps_what_it_was() -> None:
    def write(f: ListWriter, x: int, y: int) -> int:
        base = f.add("SQUARE", x)
        first = f.add("SCATTER_ADD", base, y, parameters=[0, 1, 1, 0])
        return f.add(
            "CONCATENATE", f.add("SCATTER_ADD", first, y, parameters=[0, 1, 1, 1]), first, base, parameters=[0, 3]
        )

    expected = {(0, 0), (0, 2), (1, 1), (1, 2), (2, 0), (2, 2), (3, 1), (4, 0), (5, 1)}
    assert jacobian_entries(written([(2,), (1,)], write)) == expected


def test_columns_are_those_of_the_selection_in_its_order() -> None:
    message = written([(2,), (), (2,)], lambda f, x, y, z: f.add("MULTIPLY", f.add("ADD", x, y), z))
    assert jacobian_entries(message, 2, 1) == {(0, 0), (0, 2), (1, 1), (1, 2)}
    assert jacobian_entries(message, 1) == {(0, 0), (1, 0)}


def test_outputs_of_nothing_constants_and_arrays_that_a_scalar_stands_for() -> None:
    f = ListWriter()
    x, empty = f.input("x"), f.input("empty", 0)
    f.output("constant", f.constant(2.0))
    f.output("spread", f.add("BROADCAST", x, parameters=[1, 3]))
    f.output("nothing", f.add("SIN", empty))
    assert jacobian_entries(f.message) == {(1, 0), (2, 0), (3, 0)}
    only = ListWriter()
    only.output("f", only.constant(1.0))
    source = flat(only.message)
    assert jacobian_pattern(source, [], Limits()).shape == (1, 0)


def test_hessians_by_hand() -> None:
    f = ListWriter()
    x, y, z = f.input("x"), f.input("y"), f.input("z")
    f.output("f", f.add("ADD", f.add("MULTIPLY", x, y), f.add("ADD", f.add("EXP", z), x)))
    assert entries(hessian_pattern(flat(f.message), [0, 1, 2], Limits())) == {(0, 1), (1, 0), (2, 2)}
    n = 6
    tridiagonal = {(i, j) for i in range(n) for j in range(n) if abs(i - j) <= 1}
    assert entries(hessian_pattern(flat(rosenbrock(n)), [0], Limits())) == tridiagonal


# ---- every way gives the same ----


@QUICK
@given(array_lists())
def test_strips_and_lists_in_both_directions_agree(made: tuple[v1.WengertList, int]) -> None:
    source = flat(made[0])
    unions = dependencies(source, range(len(source.inputs)), 1 << 30)
    other = reversed_unions(unions)
    plain = by_strips(unions, uses_of(unions), 1 << 20)
    lists, listed = (
        by_lists(unions, uses_of(unions), 1 << 16, 1 << 20),
        by_lists(other, uses_of(other), 1 << 16, 1 << 20),
    )
    assert lists is not None and listed is not None  # noqa: PT018
    for found in (lists, listed.transposed(), by_strips(other, uses_of(other), 1 << 20).transposed()):
        assert found.starts.tolist() == plain.starts.tolist()
        assert found.column.tolist() == plain.column.tolist()


def recurrence(n: int) -> v1.WengertList:
    """Return the running sums s of n inputs, of which s and sin s are used, and the squares."""
    f = ListWriter()
    x = [f.input(f"x{i}") for i in range(n)]
    total, waves = x[0], f.constant(0.0)
    for each in x[1:]:
        total = f.add("ADD", total, each)
        waves = f.add("ADD", waves, f.add("SIN", total))
    f.output("waves", waves)
    for i, each in enumerate(x):
        f.output(f"square{i}", f.add("SQUARE", each))
    return f.message


def test_running_sums_stay_small_the_other_way_round() -> None:
    n = 3000
    source = flat(recurrence(n))
    unions = dependencies(source, range(n), 1 << 30)
    # n^2 / 2 entries of lists from the inputs, 2 n from the outputs
    assert by_lists(unions, uses_of(unions), 16 * len(unions.sources), 1 << 20) is None
    assert jacobian_pattern(source, range(n), Limits()).nnz == 2 * n


def test_many_single_contributions_take_no_more_than_linear_memory() -> None:
    f, n = ListWriter(), 2000
    w = x = f.input("x", n)
    y = f.input("y")
    for i in range(n):
        w = f.add("SCATTER_ADD", w, f.add("BROADCAST", y, parameters=[1, 1]), parameters=[0, 1, 1, i])
    f.output("f", f.add("MULTIPLY", w, x))
    source = flat(f.message)
    assert dependencies(source, [0, 1], 200_000).leaves == n + 1
    assert jacobian_pattern(source, [0, 1], Limits()).nnz == 2 * n


def test_too_many_entries_and_too_much_memory_name_their_limits() -> None:
    message = written([(40, 40), (40, 40)], lambda f, x, y: f.add("MATMUL", x, y))
    source = flat(message)
    assert jacobian_pattern(source, [0, 1], Limits(pattern_entries=128_000)).nnz == 128_000
    with pytest.raises(LimitExceeded, match="128000 needed, the limit pattern_entries is 127999"):
        jacobian_pattern(source, [0, 1], Limits(pattern_entries=127_999))
    with pytest.raises(LimitExceeded, match="the limit call_bytes is 10000"):
        jacobian_pattern(source, [0, 1], Limits(call_bytes=10_000))


def test_counting_ends_where_there_are_too_many_entries() -> None:
    """A dense pattern of a small list could take long to count to its end."""
    f, n = ListWriter(), 1000
    x = f.input("x", n)
    total = f.add("BROADCAST", f.sum(f.add("SIN", x), 0), parameters=[1, n])
    f.output("y", f.add("HYPOT", total, x))
    found = dependencies(flat(f.message), [0], 1 << 30)
    assert by_strips(found, uses_of(found), n * n).nnz == n * n
    with pytest.raises(LimitExceeded) as caught:
        by_strips(found, uses_of(found), 100_000)
    # Two strips of 64 columns are enough.
    assert caught.value.needed == 2 * 64 * n

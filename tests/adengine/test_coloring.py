"""Colours: valid by brute force, few where the fewest are known; entries are found again from the sweeps."""

import numpy as np
import numpy.typing as npt
import pytest

from adengine import Limits, coloring
from adengine.coloring import Coloring, color_columns, color_symmetric
from adengine.compression import Compression, compress, compress_symmetric
from adengine.lower import lower
from adengine.sparsity import jacobian_pattern
from adengine.unions import Pattern
from tests.conformance.in_process import engine_list
from tests.oracles.problems import brusselator

Truth = npt.NDArray[np.bool_]


def pattern_of(where: npt.ArrayLike) -> Pattern:
    """Return the pattern of the places that are true."""
    truth = np.asarray(where) != 0
    starts = np.concatenate([[0], np.cumsum(truth.sum(1))]).astype(np.int64)
    return Pattern((truth.shape[0], truth.shape[1]), starts, np.nonzero(truth)[1].astype(np.int32))


def band(n: int, width: int) -> Truth:
    """Return a band matrix."""
    i = np.arange(n)
    truth: Truth = np.abs(i[:, None] - i) <= width
    return truth


def arrowhead(n: int, hub: int = 0) -> Truth:
    """Return a diagonal with one full row and column."""
    truth = np.eye(n, dtype=np.bool_)
    truth[hub] = truth[:, hub] = True
    return truth


def random_matrices() -> list[Truth]:
    """Return random matrices of several shapes and densities, some with a full row or column."""
    random = np.random.default_rng(5)
    found = []
    for m, n in ((1, 7), (5, 9), (30, 12), (40, 40)):
        for density in (0.02, 0.1, 0.5):
            for kind in range(6):
                truth = random.random((m, n)) < density
                if kind % 3 == 1:
                    truth[random.integers(m)] = True
                if kind % 3 == 2:
                    truth[:, random.integers(n)] = True
                found.append(truth)
    return [*found, np.zeros((3, 4), np.bool_), np.ones((6, 5), np.bool_), np.zeros((0, 3), np.bool_)]


def symmetric_matrices() -> list[Truth]:
    """Return random symmetric matrices with and without a full diagonal."""
    square = [truth for truth in random_matrices() if truth.shape[0] == truth.shape[1]]
    symmetric = [truth | truth.T for truth in square]
    return [*symmetric, *(truth | np.eye(len(truth), dtype=np.bool_) for truth in symmetric)]


def check_columns(pattern: Pattern, coloring: Coloring) -> None:
    """Check that no row has two entries of one colour, and that colours count from 0."""
    pairs = list(zip(pattern.row.tolist(), coloring.colors[pattern.column].tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(coloring.colors[pattern.column].tolist()) == set(range(coloring.number))


def check_star(pattern: Pattern, colors: list[int]) -> None:
    """Check that neighbours differ and that every path of four vertices has three colours."""
    n = pattern.shape[0]
    near = [set(pattern.column[pattern.starts[v] : pattern.starts[v + 1]].tolist()) - {v} for v in range(n)]
    edges = [(v, w) for v in range(n) for w in near[v]]
    assert all(colors[v] != colors[w] for v, w in edges)
    for w, x in edges:
        ends = [(v, y) for v in near[w] - {x} for y in near[x] - {w, v}]
        assert all(len({colors[v], colors[w], colors[x], colors[y]}) > 2 for v, y in ends)


def test_columns_are_valid() -> None:
    for truth in random_matrices():
        check_columns(pattern_of(truth), color_columns(pattern_of(truth)))


def test_star_colourings_are_valid() -> None:
    for truth in [*symmetric_matrices(), band(20, 2), arrowhead(15), arrowhead(15, 14)]:
        check_star(pattern_of(truth), color_symmetric(pattern_of(truth)).colors.tolist())


@pytest.mark.parametrize(
    ("truth", "columns", "star"),
    [
        (np.eye(9), 1, 1),
        (band(40, 1), 3, 3),
        (band(40, 2), 5, 5),
        (np.ones((12, 12)), 12, 12),
        (arrowhead(40), 40, 2),
        (arrowhead(40, 39), 40, 2),
    ],
)
def test_known_numbers_of_colours(truth: npt.ArrayLike, columns: int, star: int) -> None:
    pattern = pattern_of(truth)
    assert color_columns(pattern).number == columns
    assert color_symmetric(pattern).number == star


def test_the_brusselator_takes_at_most_twelve() -> None:
    function = engine_list(brusselator(32))
    pattern = jacobian_pattern(lower(function, [0, 1]), [0, 1], Limits())
    assert pattern.nnz == 6 * 2 * 32**2
    coloring = color_columns(pattern)
    check_columns(pattern, coloring)
    assert 6 <= coloring.number <= 12


# ---- entries from sweeps ----


def check_entries(truth: Truth, matrix: npt.NDArray[np.float64], compression: Compression) -> None:
    """Check that each entry is read from the products with the seeds, bit for bit."""
    forward, reverse = compression.tangents() @ matrix.T, compression.cotangents() @ matrix
    results = np.concatenate([forward.ravel(), reverse.ravel()])
    assert results[compression.place].tolist() == matrix[truth].tolist()


def test_every_entry_is_found_again() -> None:
    random = np.random.default_rng(6)
    for truth in [*random_matrices(), arrowhead(30), band(9, 1)]:
        matrix = np.where(truth, random.random(truth.shape), 0.0)
        for forward_cost, reverse_cost in ((1.0, 1.0), (1.0, 3.0), (5.0, 1.0)):
            check_entries(truth, matrix, compress(pattern_of(truth), forward_cost, reverse_cost))


def test_every_entry_of_a_symmetric_matrix_is_found_again() -> None:
    random = np.random.default_rng(7)
    for truth in [*symmetric_matrices(), arrowhead(30), band(9, 1)]:
        half = np.where(truth, random.random(truth.shape), 0.0)
        check_entries(truth, half + half.T, compress_symmetric(pattern_of(truth)))


def test_where_a_star_colouring_would_take_too_long_columns_are_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coloring, "_STEPS", 0)
    monkeypatch.setattr(coloring, "_STEPS_PER_ENTRY", 0)
    random = np.random.default_rng(8)
    for truth in [*symmetric_matrices(), arrowhead(30), band(9, 1)]:
        pattern = pattern_of(truth)
        np.testing.assert_array_equal(color_symmetric(pattern).colors, color_columns(pattern).colors)
        half = np.where(truth, random.random(truth.shape), 0.0)
        check_entries(truth, half + half.T, compress_symmetric(pattern))


def test_a_full_matrix_is_given_up_early() -> None:
    """Of n^4 steps, which would take hours."""
    n = 3000
    full = Pattern((n, n), np.arange(0, n * n + 1, n), np.tile(np.arange(n, dtype=np.int32), n))
    assert color_symmetric(full).number == n


def test_an_arrowhead_takes_rows_and_columns() -> None:
    found = compress(pattern_of(arrowhead(200)), 1.0, 1.0)
    assert (found.columns.number, found.rows.number) == (2, 1)
    assert compress_symmetric(pattern_of(arrowhead(200))).columns.number == 2


def test_rows_where_they_are_cheaper() -> None:
    wide = np.ones((2, 50))
    assert compress(pattern_of(wide), 1.0, 1.0).rows.number == 2
    assert compress(pattern_of(wide.T), 1.0, 1.0).columns.number == 2
    assert compress(pattern_of(np.eye(5)), 1.0, 2.0).columns.number == 1
    assert compress(pattern_of(np.eye(5)), 2.0, 1.0).rows.number == 1

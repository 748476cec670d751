"""Sparse Jacobians and patterns in the client: SciPy's matrices, one pattern fetched once, servers that change."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

from tests.client.fake import Fake, fake_server
from tests.client.modes import ALL_MODES, client_in
from tests.conformance.matching import pattern_digest
from wengert.v1 import SparseMatrix
from wengert.v1.tensors import write_tensor
from wengert_client import Client, Function, ListBuilder, MissingDependency, ServerFault, ValueAndSparseDerivative
from wengert_client._held import HeldFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

N = 12
X = np.linspace(-1.0, 2.0, N)


@pytest.fixture(scope="module", params=ALL_MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


def broyden(scale: float = 1.0, n: int = N) -> ListBuilder:
    """A tridiagonal function of x, with a factor k that has a default; no other scale gives it."""
    b = ListBuilder()
    x, k = b.input("x", n), b.input("k", default=scale)
    w = (3 - 2 * x) * x + 1
    b.output("y", k * (w - np.concatenate([np.zeros(1), x[:-1]]) - 2 * np.concatenate([x[1:], np.zeros(1)])))
    b.output("total", (x**2).sum() * k)
    return b


@pytest.fixture
def f(client: Client) -> Function:
    return client.function(broyden())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every request that a function sends, as it is when it is sent."""
    sent: list[Any] = []
    ask = HeldFunction.ask

    async def spy(self: HeldFunction, rpc: Any, request: Any, ends: float | None = None) -> Any:
        copy = type(request)()
        copy.CopyFrom(request)
        sent.append(copy)
        return await ask(self, rpc, request, ends)

    monkeypatch.setattr(HeldFunction, "ask", spy)
    return sent


def test_a_matrix_equals_the_dense_one(f: Function) -> None:
    matrix = f.jacobian(X, sparse=True)
    assert isinstance(matrix, sparse.csr_array)
    assert (matrix.shape, matrix.dtype, matrix.nnz) == ((N + 1, N), np.float64, 3 * N - 2 + N)
    assert matrix.has_canonical_format
    np.testing.assert_allclose(matrix.toarray(), f.jacobian(X), rtol=1e-14)


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
@pytest.mark.parametrize("points", [0, 1, 5])
def test_points_give_a_list(f: Function, points: int, mode: Any) -> None:
    many = np.random.default_rng(1).normal(size=(points, N))
    answer = f.value_and_jacobian(many, sparse=True, mode=mode)
    assert isinstance(answer, ValueAndSparseDerivative)
    value, matrices = answer
    np.testing.assert_array_equal(value, f.value(many))
    assert len(matrices) == points
    for matrix, dense in zip(matrices, f.jacobian(many), strict=True):
        np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-13, atol=1e-14)
    assert mode in (answer.report.mode, "auto")


@pytest.mark.parametrize(
    "options",
    [
        {"outputs": "total"},
        {"outputs": ["total", "y"], "with_respect_to": "x"},
        {"with_respect_to": ["k", "x"]},
        {"with_respect_to": "k"},
        {"shared": {"x": X}},
        {"shared": {"x": X, "k": 2.0}},
        {"shared": {"x": X, "k": 2.0}, "with_respect_to": ["k"]},
    ],
    ids=str,
)
def test_selections(f: Function, options: dict[str, Any]) -> None:
    at: dict[str, Any] = {} if "shared" in options else {"x": X}
    if options.get("shared") == {"x": X}:
        at["k"] = 0.5
    for _ in range(2):
        dense = f.jacobian(**at, **options)
        np.testing.assert_allclose(f.jacobian(**at, **options, sparse=True).toarray(), dense, rtol=1e-13)


def test_the_pattern_comes_once_for_each_selection(f: Function, asked: list[Any]) -> None:
    for _ in range(3):
        f.jacobian(X, sparse=True)
        f.jacobian(np.stack([X, X]), sparse=True, mode="reverse")
        f.jacobian(X, sparse=True, outputs="y")
    assert [request.values_only for request in asked] == [False, True, False] + 6 * [True]


def test_a_pattern_asked_for_serves_the_calls(f: Function, asked: list[Any]) -> None:
    f.sparsity(with_respect_to="x")
    f.jacobian(X, sparse=True)
    f.jacobian(X, sparse=True, with_respect_to=["x"])
    assert [request.values_only for request in asked[1:]] == [True, True]


def test_sparsity(f: Function) -> None:
    found = f.sparsity(outputs="y", with_respect_to="x")
    assert (found.shape, found.nnz, found.number_of_colors) == ((N, N), 3 * N - 2, 3)
    dense = f.jacobian(X, outputs="y")
    expected = np.abs(np.subtract.outer(np.arange(N), np.arange(N))) <= 1
    np.testing.assert_array_equal(found.to_scipy().toarray(), expected)
    np.testing.assert_array_equal(expected[found.row, found.column], True)
    assert not np.any(dense[~expected])
    for i in range(N):
        colors = found.colors[found.column[found.row == i]]
        assert len(set(colors)) == len(colors)
    whole = f.sparsity()
    assert whole.shape == (N + 1, N + 1)
    assert [array.flags.writeable for array in (whole.row, whole.column, whole.colors)] == [False] * 3


def test_sparsity_of_a_hessian(f: Function) -> None:
    found = f.sparsity(with_respect_to="x", outputs="total", hessian=True)
    np.testing.assert_array_equal(found.to_scipy().toarray(), np.eye(N, dtype=bool))
    assert found.number_of_colors == 1


def test_nothing_depends_on_anything(client: Client) -> None:
    b = ListBuilder()
    b.input("x", 3)
    b.output("y", np.ones(2))
    f = client.function(b)
    assert (f.sparsity().nnz, f.sparsity().number_of_colors, f.sparsity().to_scipy().shape) == (0, 0, (2, 3))
    assert f.jacobian(np.zeros(3), sparse=True).toarray().tolist() == [[0.0] * 3] * 2


def test_values_may_be_changed_and_indices_not(f: Function) -> None:
    first, second = f.jacobian(np.stack([X, 0 * X]), sparse=True)
    kept = second.toarray()
    first.data *= 2
    first[0, 0] = 5.0
    np.testing.assert_array_equal(second.toarray(), kept)
    with pytest.raises(ValueError, match="read-only"):
        second.eliminate_zeros()
    small = second.copy()
    small.eliminate_zeros()
    assert small.nnz < second.nnz
    np.testing.assert_array_equal(small.toarray(), kept)
    np.testing.assert_array_equal(second.toarray(), kept)
    np.testing.assert_array_equal((second.T @ second).toarray(), kept.T @ kept)


def test_a_server_that_forgot_is_asked_for_the_pattern_again(client: Client, asked: list[Any]) -> None:
    f = client.function(broyden(2.0))
    before = f.jacobian(X, sparse=True)
    assert client.forget(f)
    after = f.jacobian(X, sparse=True)
    np.testing.assert_array_equal(after.toarray(), before.toarray())
    f.jacobian(X, sparse=True)
    assert [request.values_only for request in asked] == [False, True, False, True]


def test_threads_share_a_function(client: Client) -> None:
    f = client.function(broyden(3.0))
    points = np.random.default_rng(2).normal(size=(64, N))
    expected = f.jacobian(points)
    fresh = client.function(broyden(3.0))
    with ThreadPoolExecutor(8) as pool:
        for matrix, dense in zip(pool.map(lambda x: fresh.jacobian(x, sparse=True), points), expected, strict=True):
            np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-13)


def test_many_selections_keep_few_patterns(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x")
    for i in range(20):
        b.output(f"y{i}", (i + 1.0) * x)
    f = client.function(b)
    for _ in range(2):
        for i in range(20):
            assert f.jacobian([2.0], sparse=True, outputs=f"y{i}").toarray().tolist() == [[i + 1.0]]
    assert len(f.held.patterns._kept) <= 16


def test_solvers_take_them(client: Client) -> None:
    f = client.function(broyden(1.0, 30))
    start = -np.ones(30)

    def jacobian(x: Any) -> Any:
        return f.jacobian(x, outputs="y", sparse=True)

    solve: Any = least_squares
    found = solve(lambda x: f.value(x, outputs="y"), start, jac=jacobian, tr_solver="lsmr")
    assert found.success
    np.testing.assert_allclose(f.value(found.x, outputs="y"), 0.0, atol=1e-5)
    pattern = f.sparsity(outputs="y", with_respect_to="x").to_scipy()
    for options in ({"jac": lambda _, x: jacobian(x)}, {"jac_sparsity": pattern}):
        solved = solve_ivp(lambda _, x: f.value(x, outputs="y"), (0.0, 0.1), start, method="BDF", **options)
        assert solved.success


def test_without_scipy(f: Function, monkeypatch: pytest.MonkeyPatch, asked: list[Any]) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingDependency, match=r"wengert\[scipy\]"):
        f.jacobian(X, sparse=True)
    assert asked == []
    found = f.sparsity()
    assert found.nnz == len(found.row) > 0
    with pytest.raises(ImportError):
        found.to_scipy()


# ---- servers that do not do as they should ----


def matrix(row: list[int], column: list[int], values: Any, shape: tuple[int, int] = (1, 3)) -> SparseMatrix:
    made = SparseMatrix(rows=shape[0], columns=shape[1], row=row, column=column)
    write_tensor(made.values, values)
    return made


@pytest.fixture
def fake() -> Iterator[Fake]:
    with fake_server() as server:
        yield server


def total() -> ListBuilder:
    b = ListBuilder()
    b.output("total", b.input("x", 3).sum())
    return b


def asked_for_values(fake: Fake) -> list[bool]:
    return [request.values_only for rpc, request in zip(fake.calls, fake.requests, strict=True) if rpc == "Jacobian"]


def test_another_number_of_values_has_the_pattern_fetched_again(fake: Fake) -> None:
    """As behind a balancer, where another server with another engine answers."""
    full = matrix([0, 0, 0], [0, 1, 2], [1.0, 1.0, 1.0])
    fake.sparse.extend([full, matrix([], [], [1.0, 2.0]), matrix([0, 0], [0, 2], [1.0, 2.0])])
    with Client(fake.address) as client:
        f = client.function(total())
        assert f.jacobian(np.ones(3), sparse=True).toarray().tolist() == [[1.0, 1.0, 1.0]]
        assert f.jacobian(np.ones(3), sparse=True).toarray().tolist() == [[1.0, 0.0, 2.0]]
    assert asked_for_values(fake) == [False, True, False]


def test_a_restarted_server_may_have_another_pattern_of_as_many_entries(fake: Fake) -> None:
    fake.sparse.extend(
        [matrix([0, 0], [0, 1], [1.0, 1.0]), matrix([], [], [5.0, 7.0]), matrix([0, 0], [0, 2], [5.0, 7.0])]
    )
    with Client(fake.address) as client:
        f = client.function(total())
        f.jacobian(np.ones(3), sparse=True)
        fake.held.clear()
        assert f.jacobian(np.ones(3), sparse=True).toarray().tolist() == [[5.0, 0.0, 7.0]]


def told(full: SparseMatrix) -> SparseMatrix:
    """Return a matrix with its digest."""
    full.digest = pattern_digest(full)
    return full


def test_another_pattern_of_as_many_entries_is_seen_by_its_digest(fake: Fake) -> None:
    """A replica of another version, which says which pattern its values are of, but does not look at ours."""
    first, second = (told(matrix([0, 0], [0, last], [5.0, 7.0])) for last in (1, 2))
    values = matrix([], [], [5.0, 7.0])
    values.digest = second.digest
    fake.sparse.extend([first, values, second])
    with Client(fake.address) as client:
        f = client.function(total())
        assert f.jacobian(np.ones(3), sparse=True).toarray().tolist() == [[5.0, 7.0, 0.0]]
        assert f.jacobian(np.ones(3), sparse=True).toarray().tolist() == [[5.0, 0.0, 7.0]]
    assert asked_for_values(fake) == [False, True, False]


def test_rows_that_come_although_they_were_not_asked_for_are_the_pattern(fake: Fake) -> None:
    """A replica of another version that was told which pattern is known."""
    first, second = (told(matrix([0, 0], [0, last], [5.0, 7.0])) for last in (1, 2))
    values = matrix([], [], [1.0, 2.0])
    values.digest = second.digest
    fake.sparse.extend([first, second, values])
    with Client(fake.address) as client:
        f = client.function(total())
        expected = [[5.0, 7.0, 0.0]], [[5.0, 0.0, 7.0]], [[1.0, 0.0, 2.0]]
        for each in expected:
            assert f.jacobian(np.ones(3), sparse=True).toarray().tolist() == each
    known = [request.known_pattern for rpc, request in zip(fake.calls, fake.requests, strict=True) if rpc == "Jacobian"]
    assert known == [b"", first.digest, second.digest]


def test_a_digest_of_another_pattern_is_a_fault(fake: Fake) -> None:
    wrong = matrix([0, 0], [0, 1], [1.0, 1.0])
    wrong.digest = b"\0" * 32
    fake.sparse.extend([wrong])
    with Client(fake.address) as client, pytest.raises(ServerFault, match="not the one of its digest"):
        client.function(total()).jacobian(np.ones(3), sparse=True)


@pytest.mark.parametrize(
    "wrong",
    [
        matrix([0, 0], [1, 0], [1.0, 1.0]),
        matrix([0, 0], [1, 1], [1.0, 1.0]),
        matrix([0, 1], [0, 1], [1.0, 1.0]),
        matrix([0, 0], [0, 3], [1.0, 1.0]),
        matrix([0], [0, 1], [1.0, 1.0]),
        matrix([0, 0], [0, 1], [1.0]),
        matrix([0, 0], [0, 1], 1.0),
        matrix([0, 0], [0, 1], [1.0, 1.0], (2**40, 3)),
        matrix([0, 0], [0, 1], [[[1.0, 1.0]]]),
    ],
    ids=["order", "twice", "row", "column", "lengths", "values", "scalar", "extents", "axes"],
)
def test_an_answer_that_is_no_sparse_matrix(fake: Fake, wrong: SparseMatrix) -> None:
    fake.sparse.extend([wrong] * 4)
    with Client(fake.address) as client, pytest.raises(ServerFault, match=r"sparse matrix|pattern"):
        client.function(total()).jacobian(np.ones(3), sparse=True)

"""Sparse equals dense, entry by entry, through a server: every case that asks for a Jacobian, in all modes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.conformance.cases import DATA, Case, load, variants
from tests.conformance.generate import SECTIONS
from tests.conformance.matching import EXACT, pattern_digest
from tests.serving import running_server
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import read_tensor

Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def stub() -> Iterator[DifferentiationServiceStub]:
    with running_server() as server, server.channel() as channel:
        yield DifferentiationServiceStub(channel)


def _matrices() -> list[Any]:
    return [
        pytest.param(case, id=f"{section}/{case.name}")
        for section in SECTIONS
        for case in load(DATA / f"{section}.json")
        if case.rpc == "Jacobian" and "dense" in case.expect.get("response", {})
    ]


def _full(matrix: v1.SparseMatrix, entries: Floats) -> Floats:
    """Return the dense matrices that have these entries, and 0 elsewhere."""
    assert entries.shape[-1] == len(matrix.row) == len(matrix.column)
    places = list(zip(matrix.row, matrix.column, strict=True))
    assert places == sorted(set(places))
    dense = np.zeros((*entries.shape[:-1], matrix.rows, matrix.columns))
    dense[..., list(matrix.row), list(matrix.column)] = entries
    return dense


def _by(request: v1.JacobianRequest) -> list[str]:
    shared = {binding.input for binding in request.shared}
    return list(request.with_respect_to) or [i.name for i in request.function.list.inputs if i.name not in shared]


@pytest.mark.parametrize("case", _matrices())
def test_sparse_equals_dense(stub: DifferentiationServiceStub, case: Case) -> None:
    tolerance = case.expect.get("tolerance", EXACT)
    patterns = set()
    for given, _ in variants(case):
        request = v1.JacobianRequest()
        request.CopyFrom(given)
        dense = stub.Jacobian(request)
        request.layout = v1.Layout.LAYOUT_SPARSE
        request.values_only = False
        sparse = stub.Jacobian(request)
        matrix = sparse.sparse
        entries = read_tensor(matrix.values)
        expected = read_tensor(dense.dense)
        np.testing.assert_array_equal(read_tensor(sparse.values), read_tensor(dense.values))
        assert (matrix.rows, matrix.columns) == expected.shape[-2:]
        np.testing.assert_allclose(
            _full(matrix, entries), expected, rtol=tolerance["relative"], atol=tolerance["absolute"]
        )
        patterns.add((tuple(matrix.row), tuple(matrix.column)))
        assert matrix.digest == pattern_digest(matrix)
        request.values_only = True
        for request.known_pattern in (b"", matrix.digest):
            short = stub.Jacobian(request).sparse
            assert (short.rows, short.columns, len(short.row), len(short.column)) == (matrix.rows, matrix.columns, 0, 0)
            np.testing.assert_array_equal(read_tensor(short.values), entries)
            assert short.digest == matrix.digest
        request.known_pattern = b"another"
        assert stub.Jacobian(request).sparse.row == matrix.row
    assert len(patterns) == 1, "the pattern depends on the mode"
    asked = v1.JacobianRequest.FromString(case.request_bytes)
    if by := _by(asked):
        _check_sparsity(stub, asked, by, patterns.pop())


def _check_sparsity(
    stub: DifferentiationServiceStub, request: v1.JacobianRequest, by: list[str], expected: tuple[Any, Any]
) -> None:
    """Assert that Sparsity gives the same pattern, with colors that no row has twice."""
    answer = stub.Sparsity(v1.SparsityRequest(function=request.function, outputs=request.outputs, with_respect_to=by))
    pattern = answer.pattern
    assert not pattern.HasField("values")
    assert (tuple(pattern.row), tuple(pattern.column)) == expected
    assert pattern.digest == pattern_digest(pattern)
    assert len(answer.colors) == pattern.columns
    seen = {(i, answer.colors[j]) for i, j in zip(pattern.row, pattern.column, strict=True)}
    assert len(seen) == len(pattern.row)

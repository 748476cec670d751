"""Every case of a dense Hessian, asked in other ways through a server: sparse, by products, and as it must be."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.conformance.cases import DATA, Case, load
from tests.conformance.generate import SECTIONS
from tests.conformance.matching import pattern_digest
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert.v1.tensors import read_tensor


@pytest.fixture(scope="module")
def stub() -> Iterator[DifferentiationServiceStub]:
    with running_server() as server, server.channel() as channel:
        yield DifferentiationServiceStub(channel)


def _cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{section}/{case.name}")
        for section in SECTIONS
        for case in load(DATA / f"{section}.json")
        if case.rpc == "Hessian" and "dense" in case.expect.get("response", {})
    ]


def _request(case: Case) -> v1.HessianRequest:
    return v1.HessianRequest.FromString(case.request_bytes)


def _by(request: v1.HessianRequest) -> list[str]:
    shared = {binding.input for binding in request.shared}
    return list(request.with_respect_to) or [i.name for i in request.function.list.inputs if i.name not in shared]


@pytest.mark.parametrize("case", _cases())
def test_sparse_equals_dense(stub: DifferentiationServiceStub, case: Case) -> None:
    request = _request(case)
    dense = stub.Hessian(request)
    h = read_tensor(dense.dense)
    assert h.tobytes() == np.swapaxes(h, -1, -2).tobytes()
    request.layout = v1.Layout.LAYOUT_SPARSE
    sparse = stub.Hessian(request)
    matrix = sparse.sparse
    entries = read_tensor(matrix.values)
    row, column = list(matrix.row), list(matrix.column)
    assert (matrix.rows, matrix.columns) == h.shape[-2:]
    places = list(zip(row, column, strict=True))
    assert places == sorted(set(places))
    full = np.zeros_like(h)
    full[..., row, column] = entries
    assert full.tobytes() == np.swapaxes(full, -1, -2).tobytes()
    assert matrix.digest == pattern_digest(matrix)
    np.testing.assert_allclose(full, h, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(read_tensor(sparse.gradient), read_tensor(dense.gradient), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(read_tensor(sparse.values), read_tensor(dense.values))
    request.values_only, request.known_pattern = True, b"another"
    assert stub.Hessian(request).sparse.row == matrix.row
    request.known_pattern = matrix.digest
    short = stub.Hessian(request).sparse
    assert (len(short.row), len(short.column), short.digest) == (0, 0, matrix.digest)
    np.testing.assert_array_equal(read_tensor(short.values), entries)
    asked = v1.SparsityRequest(
        function=request.function, outputs=request.outputs, with_respect_to=_by(request), hessian=True
    )
    found = stub.Sparsity(asked)
    assert (list(found.pattern.row), list(found.pattern.column), found.pattern.digest) == (row, column, matrix.digest)
    _check_colors(list(found.colors), row, column)


def _check_colors(colors: list[int], row: list[int], column: list[int]) -> None:
    """Assert that (i, j) or (j, i) is alone in its row among the columns of its color."""
    count: dict[tuple[int, int], int] = {}
    for i, j in zip(row, column, strict=True):
        count[i, colors[j]] = count.get((i, colors[j]), 0) + 1
    for i, j in zip(row, column, strict=True):
        assert 1 in (count[i, colors[j]], count[j, colors[i]])


@pytest.mark.parametrize("case", _cases())
def test_products_with_unit_vectors_give_the_columns(stub: DifferentiationServiceStub, case: Case) -> None:
    request = _request(case)
    dense = stub.Hessian(request)
    h = read_tensor(dense.dense)
    units = np.eye(h.shape[-1]) if h.ndim == 2 else np.eye(h.shape[-1])[np.newaxis]
    asked = v1.HvpRequest.FromString(case.request_bytes)
    asked.ClearField("tangents")
    asked.tangents.CopyFrom(tensor(units))
    products = stub.Hvp(asked)
    np.testing.assert_allclose(read_tensor(products.products), np.swapaxes(h, -1, -2), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(read_tensor(products.gradient), read_tensor(dense.gradient), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(read_tensor(products.values), read_tensor(dense.values))

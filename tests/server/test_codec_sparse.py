"""Sparse matrices as bytes, without a server: what is written is what protobuf would write."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import (
    HessianResult,
    HvpResult,
    Mode,
    Pattern,
    Report,
    SparseHessianResult,
    SparseJacobianResult,
    SparsityResult,
)
from adengine.errors import LimitExceeded
from wengert import v1
from wengert.v1.tensors import write_tensor
from wengert_server import encode
from wengert_server.varints import packed, varint

REPORT = Report(Mode.FORWARD, 2, 30, 20, 0.5, "because.", "vm")
EDGES = [0, 1, 127, 128, 129, 16383, 16384, 2**21 - 1, 2**21, 2**28 - 1, 2**28, 2**31 - 1]


def pattern_of(rows: int, columns: int, row: list[int], column: list[int]) -> Pattern:
    starts = np.searchsorted(np.array(row, np.int64), np.arange(rows + 1))
    return Pattern((rows, columns), starts.astype(np.int64), np.array(column, np.int32))


PATTERNS = {
    "some": pattern_of(200, 3000, [0, 0, 130, 199, 199], [5, 127, 128, 0, 2999]),
    "none": pattern_of(3, 2, [], []),
    "no rows": pattern_of(0, 5, [], []),
    "no columns": pattern_of(5, 0, [], []),
    "nothing": pattern_of(0, 0, [], []),
    "full": pattern_of(20, 30, [i // 30 for i in range(600)], [i % 30 for i in range(600)]),
}


@pytest.mark.parametrize("numbers", [[], [0], [127] * 5, EDGES, EDGES[::-1]], ids=str)
def test_whole_numbers_are_written_as_protobuf_writes_them(numbers: list[int]) -> None:
    content = packed(np.array(numbers, np.int32))
    assert content == b"".join(varint(number) for number in numbers)
    assert not content or v1.SparseMatrix(row=numbers).SerializeToString() == b"\x1a" + varint(len(content)) + content


def test_many_whole_numbers() -> None:
    numbers = (2.0 ** np.random.default_rng(3).uniform(0, 31, 50_000)).astype(np.int32)
    content = packed(numbers)
    read = v1.SparseMatrix.FromString(b"\x22" + varint(len(content)) + content)
    np.testing.assert_array_equal(np.array(read.column), numbers)


@pytest.mark.parametrize("points", [None, 0, 1, 3])
@pytest.mark.parametrize("values_only", [False, True])
@pytest.mark.parametrize("name", PATTERNS)
def test_matrices_are_written_as_protobuf_writes_them(name: str, values_only: bool, points: int | None) -> None:
    pattern = PATTERNS[name]
    lead = () if points is None else (points,)
    entries = np.random.default_rng(4).normal(size=(*lead, pattern.nnz))
    expected = v1.JacobianResponse(report=_report())
    write_tensor(expected.values, np.zeros(lead))
    expected.sparse.SetInParent()
    expected.sparse.rows, expected.sparse.columns = pattern.shape
    if not values_only:
        expected.sparse.row.extend(pattern.row.tolist())
        expected.sparse.column.extend(pattern.column.tolist())
    write_tensor(expected.sparse.values, entries)
    expected.sparse.digest = pattern.digest
    result = SparseJacobianResult(np.zeros(lead), pattern, entries, REPORT)
    written = encode.sparse_jacobian(result, values_only=values_only)
    assert written == expected.SerializeToString(deterministic=True)


@pytest.mark.parametrize("values_only", [False, True])
@pytest.mark.parametrize("name", PATTERNS)
def test_second_derivatives_are_written_as_protobuf_writes_them(name: str, values_only: bool) -> None:
    pattern = PATTERNS[name]
    values, gradient, more = np.array([1.0, np.nan]), np.array([2.0, -0.0, np.inf]), np.arange(12.0).reshape(4, 3)
    dense, products, sparse = v1.HessianResponse(), v1.HvpResponse(), v1.HessianResponse()
    for response in (dense, products, sparse):
        write_tensor(response.values, values)
        write_tensor(response.gradient, gradient)
        response.report.CopyFrom(_report())
    write_tensor(dense.dense, more)
    write_tensor(products.products, more)
    sparse.sparse.SetInParent()
    sparse.sparse.rows, sparse.sparse.columns = pattern.shape
    if not values_only:
        sparse.sparse.row.extend(pattern.row.tolist())
        sparse.sparse.column.extend(pattern.column.tolist())
    entries = np.arange(float(pattern.nnz))
    write_tensor(sparse.sparse.values, entries)
    sparse.sparse.digest = pattern.digest
    assert encode.hessian(HessianResult(values, gradient, more, REPORT)) == dense.SerializeToString()
    assert encode.hvp(HvpResult(values, gradient, more, REPORT)) == products.SerializeToString()
    result = SparseHessianResult(values, gradient, pattern, entries, REPORT)
    assert encode.sparse_hessian(result, values_only=values_only) == sparse.SerializeToString(deterministic=True)


def test_columns_without_entries_have_the_first_color() -> None:
    colors = np.array([0, -1, 1, -1, 300], np.int32)
    pattern = pattern_of(2, 5, [0, 0, 1], [0, 2, 4])
    read = v1.SparsityResponse.FromString(encode.sparsity(SparsityResult(pattern, colors)))
    assert list(read.colors) == [0, 0, 1, 0, 300]
    assert (list(read.pattern.row), list(read.pattern.column)) == ([0, 0, 1], [0, 2, 4])
    assert not read.pattern.HasField("values")


def test_a_pattern_of_nothing_is_a_message() -> None:
    nothing = SparsityResult(PATTERNS["nothing"], np.zeros(0, np.int32))
    assert v1.SparsityResponse.FromString(encode.sparsity(nothing)).HasField("pattern")


def test_a_reply_that_no_message_can_hold() -> None:
    pattern = PATTERNS["full"]
    huge = np.broadcast_to(0.0, (2**19, pattern.nnz))
    with pytest.raises(LimitExceeded) as caught:
        encode.sparse_jacobian(SparseJacobianResult(huge[:, 0], pattern, huge, REPORT), values_only=True)
    assert caught.value.limit == "reply_bytes"


def _report() -> v1.Report:
    return v1.Report(
        mode=v1.Mode.MODE_FORWARD,
        sweeps=2,
        operations=30,
        primal_operations=20,
        seconds=0.5,
        reason=REPORT.reason,
        tier=REPORT.tier,
    )

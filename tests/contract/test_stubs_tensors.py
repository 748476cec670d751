"""The fast way of arrays into messages gives the bytes of the slow one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from wengert.v1 import JacobianResponse, StreamJacobianResponse, Tensor, WengertList
from wengert.v1.tensors import append_doubles, read_tensor, write_tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = np.arange(12.0).reshape(3, 4)
SPECIAL = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308])
ARRAYS = {
    "scalar": np.array(2.5),
    "vector": np.array([1.0, -2.0, 3.0]),
    "one value": np.array([7.0]),
    "matrix": GRID,
    "transposed": GRID.T,
    "strided": GRID[::-1, ::2],
    "special values": SPECIAL,
    "nothing": np.zeros(0),
    "no rows": np.zeros((0, 3)),
    "no columns": np.zeros((3, 0)),
    "long": np.linspace(0.0, 1.0, 5000),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_written_as_the_field_would_be(array: NDArray[np.float64]) -> None:
    fast, slow = Tensor(), Tensor(shape=array.shape, values=array.ravel().tolist())
    write_tensor(fast, array)
    assert fast.SerializeToString() == slow.SerializeToString()


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_read_as_written(array: NDArray[np.float64]) -> None:
    response = JacobianResponse()
    write_tensor(response.dense, array)
    back = read_tensor(JacobianResponse.FromString(response.SerializeToString()).dense)
    np.testing.assert_array_equal(back, array, strict=True)
    assert back.tobytes() == array.tobytes()
    assert back.dtype == np.float64
    assert back.flags.c_contiguous
    assert back.flags.writeable


def test_reading_copies() -> None:
    tensor = Tensor(shape=[2], values=[1.0, 2.0])
    array = read_tensor(tensor)
    array[0] = 9.0
    assert list(tensor.values) == [1.0, 2.0]


@pytest.mark.parametrize("kind", [">f8", "<f4", "int64", "bool"])
def test_other_kinds_are_converted(kind: str) -> None:
    tensor = Tensor()
    write_tensor(tensor, np.array([0, 1, 1]).astype(kind))
    assert list(tensor.values) == [0.0, 1.0, 1.0]


def test_writing_replaces_and_marks_the_message_present() -> None:
    response = JacobianResponse()
    write_tensor(response.values, [1.0, 2.0])
    write_tensor(response.values, np.zeros(0))
    assert response.HasField("values")
    assert list(response.values.shape) == [0]
    assert len(response.values.values) == 0


def test_doubles_are_appended_to_any_field() -> None:
    function, block = WengertList(constants=[1.0]), StreamJacobianResponse()
    append_doubles(function, WengertList.CONSTANTS_FIELD_NUMBER, [2.0, 3.0])
    append_doubles(block, StreamJacobianResponse.ENTRIES_FIELD_NUMBER, GRID)
    assert list(function.constants) == [1.0, 2.0, 3.0]
    assert list(block.entries) == GRID.ravel().tolist()


def test_without_a_shape_it_is_a_scalar_or_a_vector() -> None:
    assert read_tensor(Tensor(values=[4.0])).shape == ()
    assert read_tensor(Tensor(values=[4.0]), vector=True).shape == (1,)
    assert read_tensor(Tensor(values=[4.0, 5.0]), vector=True).shape == (2,)
    assert read_tensor(Tensor(), vector=True).shape == (0,)
    assert read_tensor(Tensor(shape=[1, 1], values=[4.0]), vector=True).shape == (1, 1)


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        (Tensor(), r"the shape \(\) has 1 elements, but 0 values are given"),
        (Tensor(values=[1.0, 2.0]), r"the shape \(\) has 1 elements, but 2"),
        (Tensor(shape=[2, 2], values=[1.0]), r"\(2, 2\) has 4 elements, but 1"),
        (Tensor(shape=[2**63, 4]), r"has 36893488147419103232 elements, but 0"),
        (Tensor(shape=[0, 2**64 - 1]), "more than an array can have"),
        (Tensor(shape=[2**40, 0, 2**40]), "more than an array can have"),
        (Tensor(shape=[1] * 33, values=[1.0]), "33 axes; at most 32"),
    ],
)
def test_misfits_are_refused_in_words(tensor: Tensor, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_tensor(tensor)


def test_split_and_unpacked_values_are_all_read() -> None:
    packed = b"\x12\x08" + np.array([1.0]).tobytes()
    unpacked = b"\x11" + np.array([2.0]).tobytes()
    tensor = Tensor.FromString(b"\x0a\x01\x03" + packed + unpacked + packed)
    np.testing.assert_array_equal(read_tensor(tensor), [1.0, 2.0, 1.0])

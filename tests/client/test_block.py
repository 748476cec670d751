"""Blocks read where they came are what protobuf reads, however they were written."""

import numpy as np
import pytest
from google.protobuf.message import DecodeError

from wengert import v1
from wengert_client._block import Block

NUMBERS = [0.0, -0.0, 1.5, float("inf"), 5e-324]
TENSOR = v1.Tensor(shape=[2], values=[1.0, 2.0])


def check(data: bytes) -> Block:
    found, expected = Block.read(data), v1.StreamJacobianResponse.FromString(data)
    np.testing.assert_array_equal(found.entries, np.array(expected.entries))
    assert np.signbit(found.entries).tolist() == np.signbit(expected.entries).tolist()
    found.head.ClearField("entries")
    expected.ClearField("entries")
    assert found.head == expected
    return found


@pytest.mark.parametrize("fields", [
    {"entries": NUMBERS},
    {"entries": NUMBERS, "shape": [3, 500], "offset": 2**40, "values": TENSOR, "report": v1.Report(sweeps=3)},
    {"shape": [0, 3], "values": TENSOR},
    {},
])  # fmt: skip
def test_as_it_is_written(fields: dict) -> None:  # type: ignore[type-arg]
    check(v1.StreamJacobianResponse(**fields).SerializeToString())


ONE = b"\x21" + np.array([7.0]).tobytes()  # not packed
SOME = b"\x22\x10" + np.array([3.0, 4.0]).tobytes()


@pytest.mark.parametrize("data", [
    SOME + b"\x18\x05",  # the offset last
    SOME + SOME,  # split
    SOME + ONE,
    ONE,
    b"\x22\x00",  # packed, and none
    b"\x22\x80\x00" + SOME,
    b"\x22\x90\x00" + SOME[2:],  # a length with more bytes than it needs
    b"\xa2\x00\x10" + SOME[2:],  # so the tag
    SOME + b"\xf9\x07" + bytes(8) + b"\xfd\x07" + bytes(4) + b"\xf8\x07\x01",  # fields of a later version
    b"\xfb\x07\xfc\x07" + SOME,  # a group
])  # fmt: skip
def test_as_it_may_be_written(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize("data", [
    b"\x22\x0f" + bytes(15), b"\x22\x10" + bytes(8), b"\x22", b"\xff" * 12, SOME + b"\x0a\x05", SOME + b"\x00",
])  # fmt: skip
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(DecodeError):
        v1.StreamJacobianResponse.FromString(data)
    with pytest.raises(DecodeError):
        Block.read(data)


def test_nothing_is_copied() -> None:
    data = v1.StreamJacobianResponse(entries=NUMBERS, offset=1).SerializeToString()
    assert np.shares_memory(check(data).entries, np.frombuffer(data, np.uint8))
    assert not Block.read(data).entries.flags.writeable

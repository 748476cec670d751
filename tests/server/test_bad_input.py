"""Bad input over a real socket: code, reason, field and sentence; and the server goes on.

What follows from the list or from shapes alone is in the conformance cases; here is what the server itself checks.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tests.server.asking import DEADLINE_S, product, product_at, raw, refusal, unary
from tests.server.test_codec import UNKNOWN, nested
from tests.wire_lists import ListWriter, tensor
from wengert import v1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

RPCS = ("Register", "Describe", "Forget", "Evaluate", "Jvp", "Vjp", "Jacobian", "GetCapabilities")
INVALID = grpc.StatusCode.INVALID_ARGUMENT
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED


@pytest.fixture(autouse=True)
def unharmed(channel: grpc.Channel) -> Iterator[None]:
    yield
    assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]


@pytest.mark.parametrize("rpc", RPCS)
def test_random_bytes(channel: grpc.Channel, rpc: str) -> None:
    source = random.Random(rpc)  # noqa: S311  no secret: the same bytes in every run
    seen = set()
    for size in (1, 2, 7, 100, 10_000):
        refused_or_not = _outcome(channel, rpc, b"\xff" + source.randbytes(size))
        seen.add(refused_or_not)
    assert seen == {(INVALID, "MALFORMED_REQUEST")}


def _outcome(channel: grpc.Channel, rpc: str, data: bytes) -> tuple[grpc.StatusCode, str]:
    refused = refusal(lambda: raw(channel, rpc, data))
    assert refused.message.startswith(f"the bytes are no wengert.v1.{rpc}Request")
    assert refused.domain == "wengert.v1"
    return refused.code, refused.reason


def test_bytes_of_a_request_cut_or_changed_anywhere(channel: grpc.Channel) -> None:
    data = v1.JacobianRequest(function=v1.FunctionSource(list=product()), points=tensor([1.0, 2.0])).SerializeToString()
    changed = [data[:k] for k in range(len(data))]
    changed += [data[:k] + bytes([data[k] ^ 0x55]) + data[k + 1 :] for k in range(len(data))]
    codes = {_code(channel, damaged) for damaged in changed}
    assert INVALID in codes
    assert codes <= {grpc.StatusCode.OK, INVALID, EXHAUSTED, PRECONDITION, UNIMPLEMENTED}


def _code(channel: grpc.Channel, data: bytes) -> grpc.StatusCode:
    return unary(channel, "Jacobian").future(data, timeout=DEADLINE_S).code()


def test_text_that_is_no_utf8(channel: grpc.Channel) -> None:
    data = v1.ForgetRequest(id="xx").SerializeToString().replace(b"xx", b"\xff\xfe")
    assert refusal(lambda: raw(channel, "Forget", data)).reason == "MALFORMED_REQUEST"


def _request(**more: Any) -> v1.JacobianRequest:
    more = {"function": v1.FunctionSource(list=product()), "points": tensor([1.0, 2.0])} | more
    return v1.JacobianRequest(**more)


WRONG: list[tuple[str, v1.JacobianRequest, grpc.StatusCode, str, str, str]] = [
    ("no function", _request(function=None), INVALID, "MALFORMED_REQUEST", "function", "no function is given"),
    ("empty source", _request(function=v1.FunctionSource()), INVALID, "MALFORMED_REQUEST", "function", "or a text"),
    ("empty id", _request(function=v1.FunctionSource(id="")), PRECONDITION, "UNKNOWN_FUNCTION", "function.id", "''"),
    (
        "odd id",
        _request(function=v1.FunctionSource(id="\u00e9\n")),
        PRECONDITION,
        "UNKNOWN_FUNCTION",
        "function.id",
        "\\x",
    ),
    (
        "long id",
        _request(function=v1.FunctionSource(id="a" * 100_000)),
        PRECONDITION,
        "UNKNOWN_FUNCTION",
        "function.id",
        "register its list and repeat the call",
    ),
    ("text", _request(function=v1.FunctionSource(text="x")), INVALID, "INVALID_TEXT", "function.text", "line 1"),
    ("mode", _request(mode=99), INVALID, "MALFORMED_REQUEST", "mode", "mode 99"),
    ("negative mode", _request(mode=-1), INVALID, "MALFORMED_REQUEST", "mode", "mode -1"),
    ("layout", _request(layout=99), INVALID, "MALFORMED_REQUEST", "layout", "layout 99"),
    ("negative layout", _request(layout=-1), INVALID, "MALFORMED_REQUEST", "layout", "layout -1"),
    ("no binding", _request(shared=[v1.Binding(input="x")]), INVALID, "INVALID_SHAPE", "shared[0].value", "absent"),
    (
        "million outputs",
        _request(outputs=["f"] * 1_000_000),
        INVALID,
        "INVALID_NAME",
        "outputs[1]",
        "is named twice",
    ),
    (
        "many bindings",
        _request(shared=[v1.Binding(input="x", value=tensor(1.0))] * 100_000),
        INVALID,
        "INVALID_NAME",
        "shared[1].input",
        "twice",
    ),
    (
        "long name",
        _request(with_respect_to=["x" * 1_000_000]),
        INVALID,
        "UNKNOWN_NAME",
        "with_respect_to[0]",
        "no input called",
    ),
    (
        "overflow beside zero",
        _request(points=v1.Tensor(shape=[2**63, 0])),
        EXHAUSTED,
        "LIMIT_EXCEEDED",
        "points",
        "variable_elements",
    ),
    (
        "overflow with values",
        _request(points=v1.Tensor(shape=[2**32, 2**32, 2], values=[1.0])),
        INVALID,
        "INVALID_SHAPE",
        "points",
        "but 1 values are given",
    ),
]


@pytest.mark.parametrize(
    ("request_", "code", "reason", "field", "sentence"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_wrong_calls(
    stub: DifferentiationServiceStub,
    request_: v1.JacobianRequest,
    code: grpc.StatusCode,
    reason: str,
    field: str,
    sentence: str,
) -> None:
    refused = refusal(lambda: stub.Jacobian(request_))
    assert (refused.code, refused.reason, refused.field) == (code, reason, field)
    assert sentence in refused.message
    assert refused.domain == "wengert.v1"
    assert len(refused.message) <= 1000
    assert refused.details_bytes <= 4000


@pytest.mark.parametrize("rpc", ["Register", "Describe", "Evaluate", "Jvp", "Vjp", "Jacobian"])
def test_unknown_fields_in_a_list_are_refused_and_elsewhere_ignored(stub: DifferentiationServiceStub, rpc: str) -> None:
    request = getattr(v1, f"{rpc}Request")(function=v1.FunctionSource(list=product()))
    if rpc not in ("Register", "Describe"):
        request.points.CopyFrom(tensor([1.0, 2.0]))
        request.points.MergeFromString(UNKNOWN)
    if rpc == "Jvp":
        request.tangents.CopyFrom(tensor([1.0, 2.0]))
    request.MergeFromString(UNKNOWN)
    request.function.MergeFromString(UNKNOWN)
    getattr(stub, rpc)(request)
    request.function.list.outputs[0].MergeFromString(UNKNOWN)
    refused = refusal(lambda: getattr(stub, rpc)(request))
    assert (refused.code, refused.reason, refused.field) == (INVALID, "UNKNOWN_FIELD", "function.list.outputs[0]")
    assert refused.message == "field 99 of Output is none that this server knows"


def test_bodies_nested_too_deep(stub: DifferentiationServiceStub) -> None:
    too_deep = v1.RegisterRequest(function=v1.FunctionSource(list=nested(17)))
    refused = refusal(lambda: stub.Register(too_deep))
    assert (refused.code, refused.reason) == (EXHAUSTED, "LIMIT_EXCEEDED")
    assert refused.field.startswith("function.list.bodies[0].bodies[0]")
    assert "the limit body_depth is 16" in refused.message


def test_bodies_nested_deeper_than_protobuf_reads(channel: grpc.Channel) -> None:
    data = product().SerializeToString()
    for _ in range(500):
        data = b"\x42" + _varint(len(data)) + data
    source = b"\x12" + _varint(len(data)) + data
    refused = refusal(lambda: raw(channel, "Register", b"\x0a" + _varint(len(source)) + source))
    assert (refused.code, refused.reason) == (INVALID, "MALFORMED_REQUEST")


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _list(**columns: Any) -> v1.WengertList:
    f = product()
    f.MergeFrom(v1.WengertList(**columns))
    return f


LONG: list[tuple[str, v1.WengertList, str, str]] = [
    ("bodies", _list(bodies=[v1.WengertList()] * 1_000_000), "bodies", "the limit bodies is 1000"),
    ("tensors", _list(tensors=[v1.Tensor()] * 1_000_000), "tensors", "the limit tensors is 100000"),
    ("inputs", _list(inputs=[v1.Input()] * 1_000_000), "inputs", "the limit inputs is 100000"),
    ("outputs", _list(outputs=[v1.Output()] * 1_000_000), "outputs", "the limit outputs is 100000"),
    ("labels", _list(labels=[v1.Label()] * 2_200_000), "labels", "the limit statements is 2100000"),
    (
        "statements",
        _list(primitives=[v1.Primitive.PRIMITIVE_SIN] * 2_000_000),
        "primitives",
        "limit statements is 2000000",
    ),
]


@pytest.mark.parametrize(("message", "field", "sentence"), [row[1:] for row in LONG], ids=[row[0] for row in LONG])
def test_over_long_lists(stub: DifferentiationServiceStub, message: v1.WengertList, field: str, sentence: str) -> None:
    refused = refusal(lambda: stub.Register(v1.RegisterRequest(function=v1.FunctionSource(list=message))))
    assert (refused.code, refused.reason, refused.field) == (EXHAUSTED, "LIMIT_EXCEEDED", f"function.list.{field}")
    assert sentence in refused.message


def test_a_message_over_the_limit_is_refused_by_grpc(stub: DifferentiationServiceStub) -> None:
    refused = refusal(lambda: stub.Forget(v1.ForgetRequest(id="x" * (17 << 20))))
    assert refused.code is EXHAUSTED
    assert not refused.reason


def test_arrays_of_sizes_that_overflow(stub: DifferentiationServiceStub) -> None:
    f = ListWriter()
    x = f.input("x", 2)
    f.output("f", f.add("BROADCAST", x, parameters=[4, 2**32, 2**32, 2**32, 2]))
    refused = refusal(lambda: stub.Register(v1.RegisterRequest(function=v1.FunctionSource(list=f.message))))
    assert (refused.code, refused.reason) == (EXHAUSTED, "LIMIT_EXCEEDED")
    assert refused.field.startswith("function.list.")

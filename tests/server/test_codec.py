"""Messages in, bytes out, without a server."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import EvaluateResult, JacobianResult, JvpResult, Limits, Mode, Report, VjpResult, WengertList
from adengine.errors import EngineError, InvalidShape, LimitExceeded
from tests.server.asking import product
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1.tensors import write_tensor
from wengert_server import decode, encode
from wengert_server.errors import MalformedRequest, UnknownField
from wengert_server.unknown import refuse_unknown_fields

LIMITS = Limits()
REPORT = Report(Mode.REVERSE, 3, 200, 70, 0.25, "because of 1 < 2.", "vm")
UNKNOWN = b"\x9a\x06\x02\x08\x01"


def nested(depth: int) -> v1.WengertList:
    outer = product()
    for _ in range(depth):
        around = product()
        around.bodies.append(outer)
        outer = around
    return outer


def rich() -> v1.WengertList:
    """A list with something in every column."""
    f = ListWriter()
    x = f.input("x", 2, 3, default=np.arange(6.0).reshape(2, 3))
    f.input("unused", 0)
    w = f.add("MULTIPLY", x, f.constant(-0.0))
    f.output("total", f.sum(f.add("ADD", w, f.array([np.nan, 1.0, np.inf])), 0, 1))
    f.message.constants.append(float("nan"))
    f.message.bodies.append(product())
    f.message.labels.add(variable=3, name="scaled")
    return f.message


def _report() -> v1.Report:
    return v1.Report(
        mode=v1.Mode.MODE_REVERSE,
        sweeps=3,
        operations=200,
        primal_operations=70,
        seconds=0.25,
        reason=REPORT.reason,
        tier=REPORT.tier,
    )


@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (200,), (3, 0, 2), (4, 300), (1,) * 32], ids=str)
def test_tensors_are_written_as_protobuf_writes_them(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).normal(size=shape)
    expected = v1.EvaluateResponse(report=_report())
    write_tensor(expected.values, array)
    data = encode.evaluate(EvaluateResult(array, REPORT))
    assert data == expected.SerializeToString(deterministic=True)


@pytest.mark.parametrize("order", ["C", "F"])
def test_responses_are_written_as_protobuf_writes_them(order: str) -> None:
    first, second = np.array([1.0, np.nan]), np.array([[1.0, -0.0, 3.0], [4.0, 5.0, np.inf]], order=order)  # type: ignore[call-overload]
    jvp, vjp, jacobian = (v1.JvpResponse(), v1.VjpResponse(), v1.JacobianResponse())
    for response, field in ((jvp, "tangents"), (vjp, "cotangents"), (jacobian, "dense")):
        write_tensor(response.values, first)
        write_tensor(getattr(response, field), second)
        response.report.CopyFrom(_report())
    assert encode.jvp(JvpResult(first, second, REPORT)) == jvp.SerializeToString()
    assert encode.vjp(VjpResult(first, second, REPORT)) == vjp.SerializeToString()
    assert encode.jacobian(JacobianResult(first, second, REPORT)) == jacobian.SerializeToString()


def test_an_empty_report_is_present() -> None:
    data = encode.evaluate(EvaluateResult(np.zeros(0), Report(None, 0, 0, 0, 0.0, "", "vm")))
    assert v1.EvaluateResponse.FromString(data).HasField("report")


def test_a_reply_that_no_message_can_hold() -> None:
    huge = np.broadcast_to(0.0, (2**14, 2**14))
    with pytest.raises(LimitExceeded) as caught:
        encode.jacobian(JacobianResult(huge[0], huge, REPORT))
    assert caught.value.limit == "reply_bytes"


def test_lists_come_back_as_they_were_sent() -> None:
    sent = rich()
    held = decode.wengert_list(sent, LIMITS, 10)
    assert encode.wengert_list(held).SerializeToString() == sent.SerializeToString()
    info = encode.function_info(held)
    assert (info.id, info.n, info.m, info.statements) == (held.id, 6, 1, 4)
    assert list(info.inputs) == list(sent.inputs)
    assert [(output.name, list(output.shape)) for output in info.outputs] == [("total", [])]


@pytest.mark.parametrize(
    ("message", "vector", "shape"),
    [
        (v1.Tensor(values=[1.0]), True, (1,)),
        (v1.Tensor(values=[1.0]), False, ()),
        (v1.Tensor(), True, (0,)),
        (v1.Tensor(shape=[0]), False, (0,)),
        (v1.Tensor(shape=[1000000000000, 0]), False, (10**12, 0)),
        (v1.Tensor(shape=[2, 1], values=[1.0, 2.0]), True, (2, 1)),
    ],
)
def test_shapes_of_tensors(message: v1.Tensor, vector: bool, shape: tuple[int, ...]) -> None:
    assert decode.array(message, "points", LIMITS, vector=vector).shape == shape


@pytest.mark.parametrize("count", [0, 1, 64, 65, 5000])
def test_values_of_tensors(count: int) -> None:
    values = np.random.default_rng(2).normal(size=count)
    values[: count // 2] = np.nan
    read = decode.array(v1.Tensor(values=values.tolist()), "points", LIMITS, vector=True)
    np.testing.assert_array_equal(read, values, strict=True)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (v1.Tensor(), "the shape () has 1 elements, but 0 values are given"),
        (v1.Tensor(values=[1.0, 2.0]), "the shape () has 1 elements, but 2 values are given"),
        (v1.Tensor(shape=[3], values=[1.0]), "the shape (3,) has 3 elements, but 1 values are given"),
        (v1.Tensor(shape=[2**32, 2**32], values=[1.0]), f"has {2**64} elements, but 1 values are given"),
        (v1.Tensor(shape=[0], values=[1.0]), "the shape (0,) has 0 elements, but 1 values are given"),
        (v1.Tensor(shape=[1] * 33, values=[1.0]), "the shape has 33 axes; at most 32 are allowed"),
    ],
)
def test_ragged_tensors(message: v1.Tensor, sentence: str) -> None:
    with pytest.raises(InvalidShape, match="the shape") as caught:
        decode.array(message, "shared[3].value", LIMITS)
    assert sentence in str(caught.value)
    assert caught.value.violations[0].field == "shared[3].value"


@pytest.mark.parametrize("shape", [[0, 2**62], [2**40, 0, 2**40], [2**63, 0]])
def test_extents_that_no_array_can_have(shape: list[int]) -> None:
    with pytest.raises(LimitExceeded):
        decode.array(v1.Tensor(shape=shape), "points", LIMITS)


def test_names_beyond_the_first_that_must_be_wrong_are_not_read() -> None:
    request = v1.JacobianRequest(
        outputs=["f"] * 1000, shared=[v1.Binding(input="x", value=v1.Tensor(values=[1.0]))] * 9
    )
    assert list(decode.names(request.outputs, 2)) == ["f"] * 3
    assert len(decode.shared(request.shared, 2, LIMITS)) == 3


def test_modes_and_layouts() -> None:
    assert [decode.mode(number) for number in range(4)] == [Mode.AUTO, Mode.AUTO, Mode.FORWARD, Mode.REVERSE]
    for number in (-1, 4, 2**31 - 1):
        with pytest.raises(MalformedRequest):
            decode.mode(number)
        with pytest.raises(MalformedRequest):
            decode.sparse(number)
    assert [decode.sparse(number) for number in range(3)] == [False, False, True]


def _with_unknown(message: v1.WengertList, path: str) -> None:
    part = message
    for step in filter(None, path.split(".")):
        name, _, rest = step.partition("[")
        part = getattr(part, name)
        part = part[int(rest[:-1])] if rest else part
    part.MergeFromString(UNKNOWN)


PLACES = [
    "", "inputs[0]", "inputs[0].default_value", "inputs[1]", "tensors[0]", "outputs[0]", "labels[0]", "bodies[0]",
    "bodies[0].inputs[1]", "bodies[0].outputs[0]",
]  # fmt: skip


@pytest.mark.parametrize("path", PLACES)
def test_unknown_fields_anywhere_in_a_list(path: str) -> None:
    message = rich()
    _with_unknown(message, path)
    with pytest.raises(UnknownField) as caught:
        refuse_unknown_fields(message)
    assert [violation.field for violation in caught.value.violations] == [path]
    assert "field 99 of " in str(caught.value)


def test_ten_unknown_fields_are_told() -> None:
    message = v1.WengertList(inputs=[v1.Input(name=f"x{i}") for i in range(30)])
    for given in message.inputs:
        given.MergeFromString(UNKNOWN)
    with pytest.raises(UnknownField) as caught:
        refuse_unknown_fields(message)
    assert [violation.field for violation in caught.value.violations] == [f"inputs[{i}]" for i in range(10)]


def test_lists_without_unknown_fields_pass_whole() -> None:
    message = rich()
    assert v1.WengertList.FromString(refuse_unknown_fields(message)) == rich()


def test_bodies_nest_up_to_the_limit() -> None:
    assert isinstance(decode.wengert_list(nested(16), LIMITS, 10), WengertList)
    with pytest.raises(LimitExceeded) as caught:
        decode.wengert_list(nested(17), LIMITS, 10)
    assert caught.value.limit == "body_depth"
    assert caught.value.violations[0].field == ".".join(["bodies[0]"] * 17)


def test_bodies_are_counted_everywhere() -> None:
    limits = Limits(bodies=5)
    message = product()
    for _ in range(3):
        message.bodies.append(nested(1))
    with pytest.raises(LimitExceeded) as caught:
        decode.wengert_list(message, limits, 10)
    assert (caught.value.limit, caught.value.needed) == ("bodies", 6)


@pytest.mark.parametrize(
    ("limits", "limit", "field"),
    [
        (Limits(statements=3), "statements", "primitives"),
        (Limits(inputs=1), "inputs", "inputs"),
        (Limits(outputs=0), "outputs", "outputs"),
        (Limits(variable_elements=5), "variable_elements", "inputs[0].shape"),
    ],
)
def test_counts_over_a_limit(limits: Limits, limit: str, field: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        decode.wengert_list(rich(), limits, 10)
    assert (caught.value.limit, caught.value.violations[0].field) == (limit, field)


def test_too_many_tensors() -> None:
    with pytest.raises(LimitExceeded) as caught:
        decode.wengert_list(rich(), LIMITS, 0)
    assert (caught.value.limit, caught.value.violations[0].field) == ("tensors", "tensors")


def test_errors_of_a_body_name_the_body() -> None:
    message = nested(2)
    message.bodies[0].bodies[0].arguments[1] = 0
    with pytest.raises(EngineError) as caught:
        decode.wengert_list(message, LIMITS, 10)
    assert caught.value.violations[0].field == "bodies[0].bodies[0].arguments[1]"


def test_tangents_are_needed_and_cotangents_not() -> None:
    assert decode.cotangents(v1.VjpRequest(), LIMITS) is None
    assert decode.points(v1.VjpRequest(), LIMITS) is None
    with pytest.raises(EngineError):
        decode.tangents(v1.JvpRequest(), LIMITS)
    assert decode.tangents(v1.JvpRequest(tangents=tensor([1.0])), LIMITS).shape == (1,)

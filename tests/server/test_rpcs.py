"""Every rpc over a real socket."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from adengine import Limits, primitives
from tests.server.asking import DEADLINE_S, SERVICE, product, raw, refusal
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1 import service_pb2

if TYPE_CHECKING:
    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

NUMERICAL = {"Evaluate", "Jvp", "Vjp", "Jacobian", "Hessian", "Hvp", "Sparsity"}
SERVED = {"Register", "Describe", "Forget", "Differentiate", "StreamJacobian", "Session", "GetCapabilities"} | NUMERICAL
METHODS = service_pb2.DESCRIPTOR.services_by_name["DifferentiationService"].methods


def named(name: str) -> v1.WengertList:
    """A function that only one test uses."""
    f = product()
    f.outputs[0].name = name
    return f


def test_a_function_is_held_described_and_forgotten(stub: DifferentiationServiceStub) -> None:
    f = named("held")
    info = stub.Register(v1.RegisterRequest(function=v1.FunctionSource(list=f))).info
    assert (len(info.id), info.n, info.m, info.statements) == (64, 2, 1, 1)
    assert list(info.inputs) == list(f.inputs)
    assert list(info.outputs) == [v1.OutputInfo(name="held")]
    by_id = v1.FunctionSource(id=info.id)
    described = stub.Describe(v1.DescribeRequest(function=by_id))
    assert described.info == info
    assert not described.HasField("list")
    assert stub.Describe(v1.DescribeRequest(function=by_id, with_list=True)).list == f
    assert stub.Register(v1.RegisterRequest(function=by_id)).info == info
    assert stub.Forget(v1.ForgetRequest(id=info.id)).held
    assert not stub.Forget(v1.ForgetRequest(id=info.id)).held
    assert refusal(lambda: stub.Describe(v1.DescribeRequest(function=by_id))).reason == "UNKNOWN_FUNCTION"


def test_a_list_sent_with_a_call_is_held(stub: DifferentiationServiceStub) -> None:
    function = v1.FunctionSource(list=named("inline"))
    for _ in range(2):
        values = stub.Evaluate(v1.EvaluateRequest(function=function, points=tensor([3.0, 4.0]))).values
        assert list(values.values) == [12.0]
    held = stub.Describe(v1.DescribeRequest(function=function)).info.id
    request = v1.EvaluateRequest(function=v1.FunctionSource(id=held), points=tensor([5.0, 6.0]))
    assert list(stub.Evaluate(request).values.values) == [30.0]


def test_all_four_numerical_calls(stub: DifferentiationServiceStub) -> None:
    call: dict[str, Any] = {"function": v1.FunctionSource(list=product()), "points": tensor([3.0, 4.0])}
    jvp = stub.Jvp(v1.JvpRequest(**call, tangents=tensor([1.0, 10.0])))
    assert (list(jvp.values.values), list(jvp.tangents.values)) == ([12.0], [34.0])
    vjp = stub.Vjp(v1.VjpRequest(**call))
    assert (list(vjp.cotangents.shape), list(vjp.cotangents.values)) == ([2], [4.0, 3.0])
    jacobian = stub.Jacobian(v1.JacobianRequest(**call, mode=v1.Mode.MODE_FORWARD))
    assert (list(jacobian.dense.shape), list(jacobian.dense.values)) == ([1, 2], [4.0, 3.0])
    assert (jacobian.report.mode, jacobian.report.sweeps) == (v1.Mode.MODE_FORWARD, 2)
    assert jacobian.report.reason
    evaluated = stub.Evaluate(v1.EvaluateRequest(**call))
    assert evaluated.report.mode == v1.Mode.MODE_UNSPECIFIED


def test_capabilities(stub: DifferentiationServiceStub) -> None:
    told = stub.GetCapabilities(v1.GetCapabilitiesRequest())
    assert told.version == metadata.version("wengert")
    assert list(told.primitives) == sorted(primitives.SERVED)
    assert set(told.rpcs) == SERVED
    assert list(told.tiers) == ["vm", "machine"]
    assert told.cores >= 1
    assert told.vector_functions in {"libmvec avx512", "libmvec avx2", "scalar"}
    limits = {limit.name: limit.value for limit in told.limits}
    assert len(limits) == len(told.limits)
    assert limits["statements"] == Limits().statements
    assert limits["message_bytes"] == 16 << 20
    assert limits["name_bytes"] == 255
    assert limits["rank"] == 32
    assert all(limit.description for limit in told.limits)


@pytest.mark.parametrize("method", [m for m in METHODS if m.name not in SERVED], ids=lambda method: method.name)
def test_rpcs_not_served_yet(channel: grpc.Channel, method: Any) -> None:
    path = f"/{SERVICE}/{method.name}"
    if method.client_streaming:
        both: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(path)
        refused = refusal(lambda: list(both(iter([b"\xff"]), timeout=DEADLINE_S)))
    elif method.server_streaming:
        one: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(path)
        refused = refusal(lambda: list(one(b"\xff", timeout=DEADLINE_S)))
    else:
        refused = refusal(lambda: raw(channel, method.name, b"\xff"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNIMPLEMENTED, "UNSUPPORTED")
    assert refused.message.startswith(f"{method.name} is not served yet")


def test_an_rpc_that_is_none(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, "Guess", b"")
    assert "UNIMPLEMENTED" in str(caught.value)

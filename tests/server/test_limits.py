"""Limits set by flag and by variable, over a real socket: each is enforced, told, and harms nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest

from tests.server.asking import product, product_at, refusal
from tests.server.test_codec import nested
from tests.serving import running_server
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.serving import RunningServer

FLAGS = {
    "statements": 50,
    "variable_elements": 20_000,
    "reply_elements": 1500,
    "functions": 3,
    "inputs": 20,
    "body_depth": 2,
}
VARIABLES = {
    "message_bytes": 300_000,
    "list_elements": 100_000,
    "call_bytes": 200_000,
    "outputs": 4,
    "tensors": 2,
    "bodies": 3,
    "pattern_entries": 600,
}


@pytest.fixture(scope="module")
def small() -> Iterator[RunningServer]:
    flags = [text for name, value in FLAGS.items() for text in (f"--max-{name.replace('_', '-')}", str(value))]
    variables = {f"WENGERT_MAX_{name.upper()}": str(value) for name, value in VARIABLES.items()}
    # A flag goes before its variable.
    variables["WENGERT_MAX_STATEMENTS"] = "3"
    with running_server(*flags, environment=variables) as server:
        yield server


@pytest.fixture(scope="module")
def stub(small: RunningServer) -> Iterator[DifferentiationServiceStub]:
    with small.channel() as channel:
        yield DifferentiationServiceStub(channel)


def test_the_limits_in_force_are_told(stub: DifferentiationServiceStub) -> None:
    told = {limit.name: limit.value for limit in stub.GetCapabilities(v1.GetCapabilitiesRequest()).limits}
    assert told.items() >= (FLAGS | VARIABLES).items()


def _sines(statements: int, *shape: int) -> v1.WengertList:
    f = ListWriter()
    w = f.input("x", *shape)
    for _ in range(statements):
        w = f.add("SIN", w)
    f.output("f", w)
    return f.message


def _many(inputs: int = 0, outputs: int = 0, tensors: int = 0, bodies: int = 0) -> v1.WengertList:
    f = product()
    f.inputs.extend(v1.Input(name=f"x{i}") for i in range(inputs))
    f.outputs.extend(v1.Output(name=f"f{i}", argument=1) for i in range(outputs))
    f.tensors.extend(tensor(1.0) for _ in range(tensors))
    f.bodies.extend(product() for _ in range(bodies))
    return f


@pytest.mark.parametrize(
    ("function", "limit", "field"),
    [
        (_sines(51), "statements", "primitives"),
        (_sines(1, 20_001), "variable_elements", "inputs[0].shape"),
        (_sines(6, 20_000), "list_elements", ""),
        (_many(inputs=19), "inputs", "inputs"),
        (_many(outputs=4), "outputs", "outputs"),
        (_many(tensors=3), "tensors", "tensors"),
        (_many(bodies=4), "bodies", "bodies"),
        (nested(3), "body_depth", "bodies[0].bodies[0].bodies[0]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_limits_of_lists(stub: DifferentiationServiceStub, function: v1.WengertList, limit: str, field: str) -> None:
    refused = refusal(lambda: stub.Register(v1.RegisterRequest(function=v1.FunctionSource(list=function))))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    assert f"the limit {limit} is {(FLAGS | VARIABLES)[limit]}" in refused.message
    assert refused.field.startswith(f"function.list.{field}")


def test_just_within_the_limits(stub: DifferentiationServiceStub) -> None:
    for function in (_sines(50), _sines(1, 20_000), _many(18, 3, 2, 3), nested(2)):
        stub.Register(v1.RegisterRequest(function=v1.FunctionSource(list=function)))


@pytest.mark.parametrize(("shape", "points"), [((39,), (39,)), ((), (1501, 1))], ids=["m * n_w", "K"])
def test_elements_of_a_reply(stub: DifferentiationServiceStub, shape: tuple[int, ...], points: tuple[int, ...]) -> None:
    request = v1.JacobianRequest(function=v1.FunctionSource(list=_sines(1, *shape)), points=tensor(np.zeros(points)))
    refused = refusal(lambda: stub.Jacobian(request))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    assert "the limit reply_elements is 1500" in refused.message


def test_entries_of_a_pattern(stub: DifferentiationServiceStub) -> None:
    """Of 600: the diagonal of 600 and 300 pairs fit, 601 and 25 x 25 do not."""
    f = ListWriter()
    x = f.input("x", 25)
    f.output("full", f.add("MULTIPLY", x, f.sum(x, 0)))
    full = v1.FunctionSource(list=f.message)
    assert len(stub.Sparsity(v1.SparsityRequest(function=v1.FunctionSource(list=_sines(1, 600)))).pattern.row) == 600
    diagonal = v1.SparsityRequest(function=v1.FunctionSource(list=_sines(1, 601)))
    sparse = v1.JacobianRequest(function=full, points=tensor(np.zeros(25)), layout=v1.Layout.LAYOUT_SPARSE)
    asked: list[Callable[[], object]] = [
        partial(stub.Sparsity, diagonal),
        partial(stub.Sparsity, v1.SparsityRequest(function=full)),
        partial(stub.Jacobian, sparse),
    ]
    for ask in asked:
        refused = refusal(ask)
        assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
        assert "the limit pattern_entries is 600" in refused.message


def test_memory_of_a_call(stub: DifferentiationServiceStub) -> None:
    """Of 200 kB: 500 numbers, their sines and cosines fit, 20000 do not."""
    for n, fits in ((500, True), (20_000, False)):
        f = ListWriter()
        x = f.input("x", n)
        f.output("f", f.sum(f.add("MULTIPLY", f.add("SIN", x), f.add("COS", x)), 0))
        request = v1.EvaluateRequest(function=v1.FunctionSource(list=f.message), points=tensor(np.zeros(n)))
        if fits:
            assert list(stub.Evaluate(request).values.values) == [0.0]
        else:
            refused = refusal(partial(stub.Evaluate, request))
            assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
            assert "the limit call_bytes is 200000" in refused.message


def test_bytes_of_a_message(stub: DifferentiationServiceStub) -> None:
    stub.Forget(v1.ForgetRequest(id="x" * 290_000))
    refused = refusal(lambda: stub.Forget(v1.ForgetRequest(id="x" * 310_000)))
    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_functions_kept(stub: DifferentiationServiceStub) -> None:
    ids = []
    for number in range(4):
        source = v1.FunctionSource(list=_sines(number + 1))
        ids.append(stub.Register(v1.RegisterRequest(function=source)).info.id)
    assert refusal(lambda: _describe(stub, ids[0])).reason == "UNKNOWN_FUNCTION"
    for function_id in ids[1:]:
        assert _describe(stub, function_id) == function_id


def _describe(stub: DifferentiationServiceStub, function_id: str) -> str:
    return stub.Describe(v1.DescribeRequest(function=v1.FunctionSource(id=function_id))).info.id


def test_the_server_is_unharmed(small: RunningServer) -> None:
    with small.channel() as channel:
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]

"""Derivatives as lists, through a server."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import numpy as np
import pytest

from tests.server.asking import product, refusal
from tests.serving import running_server
from tests.wire_lists import ListWriter, one_statement, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

DUAL, ADJOINT = v1.Derivative.DERIVATIVE_DUAL, v1.Derivative.DERIVATIVE_ADJOINT


@pytest.fixture(scope="module")
def stub() -> Iterator[DifferentiationServiceStub]:
    with running_server() as server, server.channel() as channel:
        yield DifferentiationServiceStub(channel)


def source(message: v1.WengertList) -> v1.FunctionSource:
    return v1.FunctionSource(list=message)


def test_a_derivative_list_is_a_function_like_any_other(stub: DifferentiationServiceStub) -> None:
    asked = v1.DifferentiateRequest(function=source(product()), derivative=DUAL)
    made = stub.Differentiate(asked).list
    assert [value.name for value in made.inputs] == ["x", "y", "tangent.x", "tangent.y"]
    assert [output.name for output in made.outputs] == ["f", "tangent.f"]
    info = stub.Register(v1.RegisterRequest(function=source(made))).info
    assert (info.n, info.m) == (4, 2)
    by_id = v1.FunctionSource(id=info.id)
    answer = stub.Evaluate(v1.EvaluateRequest(function=by_id, points=tensor([3.0, 4.0, 1.0, 10.0])))
    assert list(answer.values.values) == [12.0, 34.0]
    again = stub.Differentiate(v1.DifferentiateRequest(function=by_id, derivative=ADJOINT, outputs=["tangent.f"]))
    assert [output.name for output in again.list.outputs][1:] == [
        "adjoint.x",
        "adjoint.y",
        "adjoint.tangent.x",
        "adjoint.tangent.y",
    ]
    assert stub.Differentiate(asked).list == made


def test_defaults_and_shapes_stay(stub: DifferentiationServiceStub) -> None:
    f = ListWriter()
    x = f.input("x", 2, 2)
    f.output("y", f.add("SUM", f.add("EXP", x), parameters=[0, 1, 0]))
    f.message.inputs[0].default_value.CopyFrom(tensor(np.eye(2)))
    made = stub.Differentiate(v1.DifferentiateRequest(function=source(f.message), derivative=ADJOINT)).list
    assert made.inputs[0] == f.message.inputs[0]
    assert list(made.inputs[1].shape) == [2]
    info = stub.Register(v1.RegisterRequest(function=source(made))).info
    assert [(output.name, list(output.shape)) for output in info.outputs] == [("y", [2]), ("adjoint.x", [2, 2])]


def test_what_has_no_form_on_the_wire_is_unsupported(stub: DifferentiationServiceStub) -> None:
    polygamma = source(one_statement("POLYGAMMA", [()], [20]))
    refused = refusal(lambda: stub.Differentiate(v1.DifferentiateRequest(function=polygamma, derivative=DUAL)))
    assert (refused.code, refused.reason, refused.field) == (
        grpc.StatusCode.UNIMPLEMENTED,
        "UNSUPPORTED",
        "derivative",
    )


def test_growth_over_a_limit_is_refused_with_its_name() -> None:
    f = ListWriter()
    x = f.input("x")
    for _ in range(50):
        x = f.add("SIN", x)
    f.output("y", x)
    asked = v1.DifferentiateRequest(function=source(f.message), derivative=ADJOINT)
    with running_server("--max-statements", "60") as server, server.channel() as channel:
        refused = refusal(lambda: DifferentiationServiceStub(channel).Differentiate(asked))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    assert "the limit statements is 60" in refused.fields["derivative"]

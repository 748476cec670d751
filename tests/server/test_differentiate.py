"""Derivatives as lists, through a server."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import numpy as np
import numpy.typing as npt
import pytest

from tests.server.asking import product, refusal
from tests.serving import running_server
from tests.wire_lists import ListWriter, one_statement, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

DUAL, ADJOINT = v1.Derivative.DERIVATIVE_DUAL, v1.Derivative.DERIVATIVE_ADJOINT
JACOBIAN, HESSIAN = v1.Derivative.DERIVATIVE_JACOBIAN, v1.Derivative.DERIVATIVE_HESSIAN


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


def several() -> v1.WengertList:
    """y = exp(k x) / (1 + x^2) and total = the sum of x^3, of x (3,) and a scalar k."""
    f = ListWriter()
    x, k = f.input("x", 3), f.input("k")
    below = f.add("ADD", f.constant(1.0), f.add("SQUARE", x))
    f.output("y", f.add("DIVIDE", f.add("EXP", f.add("MULTIPLY", k, x)), below))
    f.output("total", f.sum(f.add("INTEGER_POWER", x, parameters=[3]), 0))
    return f.message


X, U, V = np.array([0.1, -0.5, 1.2, 0.8]), np.array([1.0, 2.0, -1.0, 0.5]), np.array([0.5, 1.0, -2.0, 3.0])


def registered(
    stub: DifferentiationServiceStub, derivative: v1.Derivative.ValueType
) -> tuple[v1.FunctionInfo, list[str]]:
    """Differentiate a function, register the answer; give what the server knows of it, and the names it added."""
    made = stub.Differentiate(v1.DifferentiateRequest(function=source(several()), derivative=derivative)).list
    names = [value.name for value in made.inputs][2:] + [output.name for output in made.outputs][2:]
    return stub.Register(v1.RegisterRequest(function=source(made))).info, names


def values_of(stub: DifferentiationServiceStub, info: v1.FunctionInfo, *given: npt.NDArray[np.float64]) -> list[float]:
    asked = v1.EvaluateRequest(function=v1.FunctionSource(id=info.id), points=tensor(np.concatenate(given)))
    return list(stub.Evaluate(asked).values.values)


def test_dual_and_adjoint_lists_registered_again_give_the_same_numbers(stub: DifferentiationServiceStub) -> None:
    function, x = source(several()), tensor(X)
    info, names = registered(stub, DUAL)
    assert names == ["tangent.x", "tangent.k", "tangent.y", "tangent.total"]
    jvp = stub.Jvp(v1.JvpRequest(function=function, points=x, tangents=tensor(U)))
    assert values_of(stub, info, X, U) == [*jvp.values.values, *jvp.tangents.values]
    info, names = registered(stub, ADJOINT)
    assert names == ["cotangent.y", "cotangent.total", "adjoint.x", "adjoint.k"]
    vjp = stub.Vjp(v1.VjpRequest(function=function, points=x, cotangents=tensor(V)))
    assert values_of(stub, info, X, V) == [*vjp.values.values, *vjp.cotangents.values]


def test_lists_of_matrices_registered_again_give_the_same_numbers(stub: DifferentiationServiceStub) -> None:
    function, x = source(several()), tensor(X)
    info, names = registered(stub, JACOBIAN)
    assert names == ["jacobian.y", "jacobian.total"]
    assert [list(output.shape) for output in info.outputs] == [[3], [], [3, 4], [1, 4]]
    jacobian = stub.Jacobian(v1.JacobianRequest(function=function, points=x))
    found = values_of(stub, info, X)
    assert found[:4] == list(jacobian.values.values)
    np.testing.assert_allclose(found[4:], jacobian.dense.values, rtol=1e-14)
    info, names = registered(stub, HESSIAN)
    assert names == ["weights", "gradient", "hessian"]
    assert [list(output.shape) for output in info.outputs] == [[3], [], [4], [4, 4]]
    hessian = stub.Hessian(v1.HessianRequest(function=function, points=x, weights=tensor(V)))
    found = values_of(stub, info, X, V)
    np.testing.assert_allclose(found[4:8], hessian.gradient.values, rtol=1e-14)
    np.testing.assert_allclose(found[8:], hessian.dense.values, rtol=1e-13)
    matrix = np.reshape(found[8:], (4, 4))
    assert (matrix == matrix.T).all()


def test_a_matrix_that_cannot_fit_is_refused_with_the_limit(stub: DifferentiationServiceStub) -> None:
    asked = v1.DifferentiateRequest(function=source(one_statement("SIN", [(1_000_000,)])), derivative=HESSIAN)
    refused = refusal(lambda: stub.Differentiate(asked))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    assert "1000000000000 needed, the limit" in refused.fields["derivative"]


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

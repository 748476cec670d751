"""Machine code over a real socket: asked for, told, refused, dropped; the same bits with and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

from tests.server.asking import DEADLINE_S, product_at, refusal
from tests.serving import running_server
from tests.wire_lists import ListWriter, tensor
from wengert import v1

if TYPE_CHECKING:
    from collections.abc import Callable

    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

CALL = v1.NumericalCall
ELEMENTARY = ("SIN", "EXP", "TANH", "SIGMOID", "ABS", "ATAN", "COS", "ERF")


def chain(seed: int, statements: int = 30, inputs: int = 3) -> v1.WengertList:
    """A list of scalars that no other seed gives: inputs x0 to x2, outputs f and g."""
    rng = np.random.default_rng(seed)
    f = ListWriter()
    known = [f.input(f"x{i}") for i in range(inputs)]
    known.append(f.constant(float(rng.normal())))
    for k in range(statements):
        a, b = (known[i] for i in rng.integers(max(0, len(known) - 6), len(known), 2))
        name = ELEMENTARY[k % len(ELEMENTARY)]
        known.append(f.add("ADD" if k % 3 else "MULTIPLY", f.add(name, a), b))
    f.output("f", known[-1])
    f.output("g", known[-2])
    return f.message


def source(function: v1.WengertList) -> v1.FunctionSource:
    return v1.FunctionSource(list=function)


def register(stub: DifferentiationServiceStub, function: v1.FunctionSource, *asked: v1.Preparation) -> str:
    request = v1.RegisterRequest(function=function, prepare=asked)
    return stub.Register(request, timeout=DEADLINE_S).info.id


AT_ONE, AT_MANY = np.array([0.7, -1.3, 2.1]), np.random.default_rng(5).normal(size=(37, 3))
KINDS: dict[str, tuple[v1.Preparation, Callable[[DifferentiationServiceStub, v1.FunctionSource], Any]]] = {
    "evaluate": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_EVALUATE),
        lambda stub, f: stub.Evaluate(v1.EvaluateRequest(function=f, points=tensor(AT_ONE))),
    ),
    "evaluate, many": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_EVALUATE, points=37, outputs=["g"]),
        lambda stub, f: stub.Evaluate(v1.EvaluateRequest(function=f, points=tensor(AT_MANY), outputs=["g"])),
    ),
    "jvp": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_JVP, directions=2),
        lambda stub, f: stub.Jvp(v1.JvpRequest(function=f, points=tensor(AT_ONE), tangents=tensor(AT_MANY[:2]))),
    ),
    "jvp, many": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_JVP, points=37, with_respect_to=["x1"]),
        lambda stub, f: stub.Jvp(
            v1.JvpRequest(function=f, points=tensor(AT_MANY), tangents=tensor([0.5]), with_respect_to=["x1"])
        ),
    ),
    "vjp": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_VJP, outputs=["f"]),
        lambda stub, f: stub.Vjp(v1.VjpRequest(function=f, points=tensor(AT_ONE), outputs=["f"])),
    ),
    "vjp, many": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_VJP, points=37, shared=["x2"]),
        lambda stub, f: stub.Vjp(
            v1.VjpRequest(
                function=f,
                points=tensor(AT_MANY[:, :2]),
                cotangents=tensor([1.0, -2.0]),
                shared=[v1.Binding(input="x2", value=tensor(0.3))],
            )
        ),
    ),
    "jacobian": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_JACOBIAN),
        lambda stub, f: stub.Jacobian(v1.JacobianRequest(function=f, points=tensor(AT_ONE))),
    ),
    "jacobian, sparse": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_JACOBIAN, layout=v1.Layout.LAYOUT_SPARSE),
        lambda stub, f: stub.Jacobian(
            v1.JacobianRequest(function=f, points=tensor(AT_ONE), layout=v1.Layout.LAYOUT_SPARSE)
        ),
    ),
    "hessian": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_HESSIAN, outputs=["f"]),
        lambda stub, f: stub.Hessian(v1.HessianRequest(function=f, points=tensor(AT_ONE), outputs=["f"])),
    ),
    "hessian, sparse, many": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_HESSIAN, points=37, outputs=["g"], layout=v1.Layout.LAYOUT_SPARSE),
        lambda stub, f: stub.Hessian(
            v1.HessianRequest(function=f, points=tensor(AT_MANY), outputs=["g"], layout=v1.Layout.LAYOUT_SPARSE)
        ),
    ),
    "hvp": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_HVP, directions=2),
        lambda stub, f: stub.Hvp(
            v1.HvpRequest(function=f, points=tensor(AT_ONE), tangents=tensor(AT_MANY[:2]), weights=tensor([1.0, -2.0]))
        ),
    ),
    "jacobian, many": (
        v1.Preparation(call=CALL.NUMERICAL_CALL_JACOBIAN, points=37, mode=v1.Mode.MODE_REVERSE),
        lambda stub, f: stub.Jacobian(
            v1.JacobianRequest(function=f, points=tensor(AT_MANY), mode=v1.Mode.MODE_REVERSE)
        ),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held", [False, True], ids=["list", "id"])
def test_prepared_calls_run_machine_code_and_give_the_same_bits(
    stub: DifferentiationServiceStub, kind: str, held: bool
) -> None:
    asked, call = KINDS[kind]
    function = source(chain(list(KINDS).index(kind) + 100 * held))
    before = call(stub, function)
    assert before.report.tier == "vm"
    name = register(stub, v1.FunctionSource(id=register(stub, function)) if held else function, asked)
    after = call(stub, v1.FunctionSource(id=name))
    assert after.report.tier == "machine"
    for response in (before, after):
        response.ClearField("report")
    assert after.SerializeToString() == before.SerializeToString()


def test_what_is_called_much_becomes_machine_code_by_itself(stub: DifferentiationServiceStub) -> None:
    _, call = KINDS["jacobian, many"]
    function = v1.FunctionSource(id=register(stub, source(chain(500))))
    first = call(stub, function)
    answers, tiers = set(), [first.report.tier]
    while tiers[-1] == "vm":
        answer = call(stub, function)
        tiers.append(answer.report.tier)
        answers.add(answer.dense.SerializeToString() + answer.values.SerializeToString())
        assert len(tiers) < 100_000
    assert answers == {first.dense.SerializeToString() + first.values.SerializeToString()}
    assert tiers[-1] == "machine"


def asked(call: int = CALL.NUMERICAL_CALL_JACOBIAN, **more: Any) -> v1.Preparation:
    return v1.Preparation(call=call, **more)  # type: ignore[arg-type]  # numbers that are none are tried too


@pytest.mark.parametrize(
    ("preparations", "reason", "field"),
    [
        ([v1.Preparation()], "MALFORMED_REQUEST", "prepare[0].call"),
        ([asked(), asked(9)], "MALFORMED_REQUEST", "prepare[1].call"),
        ([asked(mode=7)], "MALFORMED_REQUEST", "prepare[0].mode"),
        ([asked(layout=7)], "MALFORMED_REQUEST", "prepare[0].layout"),
        ([asked()] * 17, "MALFORMED_REQUEST", "prepare"),
        ([asked(outputs=["f", "h"])], "UNKNOWN_NAME", "prepare[0].outputs[1]"),
        ([asked(), asked(outputs=["g", "g"])], "INVALID_NAME", "prepare[1].outputs[1]"),
        ([asked(with_respect_to=["f"])], "UNKNOWN_NAME", "prepare[0].with_respect_to[0]"),
        ([asked(shared=["x0", "x9"])], "UNKNOWN_NAME", "prepare[0].shared[1]"),
        ([asked(shared=["x0", "x1", "x0"])], "INVALID_NAME", "prepare[0].shared[2]"),
        ([asked(points=2**64 - 1)], "LIMIT_EXCEEDED", "prepare[0].points"),
        ([asked(CALL.NUMERICAL_CALL_JVP, directions=2**63)], "LIMIT_EXCEEDED", "prepare[0].points"),
    ],
    ids=str,
)
def test_wrong_preparations(
    stub: DifferentiationServiceStub,
    channel: grpc.Channel,
    preparations: list[v1.Preparation],
    reason: str,
    field: str,
) -> None:
    refused = refusal(lambda: register(stub, source(chain(600)), *preparations))
    assert (refused.reason, refused.field) == (reason, field)
    assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]


def test_as_many_preparations_as_are_allowed(stub: DifferentiationServiceStub) -> None:
    register(stub, source(chain(601)), *[asked(points=k + 1) for k in range(16)])


def test_what_a_call_does_not_have_is_not_read(stub: DifferentiationServiceStub) -> None:
    kind = CALL.NUMERICAL_CALL_EVALUATE
    function = source(chain(602))
    register(stub, function, asked(kind, with_respect_to=["nothing"], mode=77, directions=2**63))
    assert KINDS["evaluate"][1](stub, function).report.tier == "machine"


@pytest.mark.parametrize("flags", [("--machine-code", "false"), ("--reproducible",)], ids=lambda flags: flags[0])
def test_a_server_without_machine_code(flags: tuple[str, ...]) -> None:
    preparation, call = KINDS["evaluate"]
    function = source(chain(1))
    with running_server(*flags) as server:
        stub = server.stub()
        assert list(stub.GetCapabilities(v1.GetCapabilitiesRequest()).tiers) == ["vm"]
        register(stub, function, preparation)
        assert call(stub, function).report.tier == "vm"


def test_lists_over_the_limit_stay_with_the_evaluator() -> None:
    preparation, call = KINDS["evaluate"]
    with running_server("--max-compiled-statements", "50") as server:
        stub = server.stub()
        told = {limit.name: limit.value for limit in stub.GetCapabilities(v1.GetCapabilitiesRequest()).limits}
        assert told["compiled_statements"] == 50
        for function, tier in ((source(chain(1, 20)), "machine"), (source(chain(1, 60)), "vm")):
            register(stub, function, preparation)
            assert call(stub, function).report.tier == tier

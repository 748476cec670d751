"""Source texts over a real socket: in every call that takes a function, held once, counted, stopped."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, cast

import grpc
import numpy as np
import pytest

from adengine import Engine
from tests.server.asking import DEADLINE_S, refusal
from tests.serving import running_server
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_server import language
from wengert_server.errors import InvalidText
from wengert_server.service import DifferentiationService
from wengert_server.settings import Settings
from wengert_server.store import FunctionStore

TEXT = "input x[2]\noutput f = x[0]^2*x[1]"
SOURCE = v1.FunctionSource(text=TEXT)


def test_every_call_takes_a_text(stub: DifferentiationServiceStub) -> None:
    points = tensor([3.0, 2.0])
    assert list(stub.Evaluate(v1.EvaluateRequest(function=SOURCE, points=points)).values.values) == [18.0]
    jacobian = stub.Jacobian(v1.JacobianRequest(function=SOURCE, points=points))
    assert list(jacobian.dense.values) == [12.0, 9.0]
    assert list(stub.Jvp(v1.JvpRequest(function=SOURCE, points=points, tangents=points)).tangents.values) == [54.0]
    assert list(stub.Vjp(v1.VjpRequest(function=SOURCE, points=points)).cotangents.values) == [12.0, 9.0]
    hessian = stub.Hessian(v1.HessianRequest(function=SOURCE, points=points)).dense
    assert list(hessian.values) == [4.0, 6.0, 6.0, 0.0]
    hvp = stub.Hvp(v1.HvpRequest(function=SOURCE, points=points, tangents=tensor([1.0, 0.0])))
    assert list(hvp.products.values) == [4.0, 6.0]
    assert stub.Sparsity(v1.SparsityRequest(function=SOURCE)).pattern.columns == 2
    asked = v1.DifferentiateRequest(function=SOURCE, derivative=v1.Derivative.DERIVATIVE_DUAL)
    assert len(stub.Differentiate(asked).list.inputs) == 2
    blocks = stub.StreamJacobian(v1.StreamJacobianRequest(request=v1.JacobianRequest(function=SOURCE, points=points)))
    assert [entry for block in blocks for entry in block.entries] == [12.0, 9.0]
    request = v1.SessionRequest(call=7, evaluate=v1.EvaluateRequest(function=SOURCE, points=points))
    assert [list(answer.evaluate.values.values) for answer in stub.Session(iter([request]))] == [[18.0]]


def test_register_and_describe_give_list_and_text(stub: DifferentiationServiceStub) -> None:
    info = stub.Register(v1.RegisterRequest(function=SOURCE)).info
    assert (info.n, info.m, info.statements) == (2, 1, 4)
    request = v1.DescribeRequest(function=v1.FunctionSource(id=info.id), with_list=True, with_text=True)
    described = stub.Describe(request)
    assert described.info == info
    by_list = stub.Describe(v1.DescribeRequest(function=v1.FunctionSource(list=described.list), with_text=True))
    by_text = stub.Describe(v1.DescribeRequest(function=v1.FunctionSource(text=described.text), with_text=True))
    assert by_list.info == by_text.info == info
    assert by_list.text == by_text.text == described.text
    assert not stub.Describe(v1.DescribeRequest(function=SOURCE)).text


@pytest.mark.parametrize("rpc", ["Register", "Describe", "Evaluate", "Jvp", "Jacobian", "Hessian", "Sparsity"])
def test_errors_name_the_field(stub: DifferentiationServiceStub, rpc: str) -> None:
    request = getattr(v1, f"{rpc}Request")(function=v1.FunctionSource(text="input x\noutput f = y"))
    refused = refusal(lambda: getattr(stub, rpc)(request))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_NAME")
    assert refused.field == "function.text"
    assert refused.message == "line 2, column 12: there is nothing called y\n    output f = y\n               ^"


def test_errors_of_sessions_and_streams_name_the_field(stub: DifferentiationServiceStub) -> None:
    wrong = v1.JacobianRequest(function=v1.FunctionSource(text="output f = ("))
    refused = refusal(lambda: list(stub.StreamJacobian(v1.StreamJacobianRequest(request=wrong))))
    assert (refused.reason, refused.field) == ("INVALID_TEXT", "request.function.text")
    (answer,) = stub.Session(iter([v1.SessionRequest(call=1, jacobian=wrong)]))
    assert (answer.error.reason, answer.error.field) == ("INVALID_TEXT", "function.text")
    assert answer.error.message.endswith("\n    output f = (\n               ^")


def test_strange_texts_stay_within_what_clients_take(stub: DifferentiationServiceStub) -> None:
    for text in ("\N{SNOWMAN}" * 5000, "%" * 5000, "a" * 5000 + " = ", f"output f = `{'%' * 200}\N{SNOWMAN}\a`"):
        refused = refusal(partial(stub.Register, v1.RegisterRequest(function=v1.FunctionSource(text=text))))
        assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
        assert len(refused.message) <= 1000
        assert refused.message.isascii()
        assert refused.details_bytes <= 4000
        assert all(line.isprintable() for line in refused.message.split("\n"))


def service() -> DifferentiationService:
    settings = Settings()
    return DifferentiationService(Engine(), FunctionStore(10, 1 << 30, lambda _: None), settings)


def test_a_text_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    read = language.read

    def counting(text: str, bounds: language.Bounds) -> Any:
        texts.append(text)
        return read(text, bounds)

    monkeypatch.setattr(language, "read", counting)
    serving = service()
    request = v1.RegisterRequest(function=SOURCE).SerializeToString()
    assert serving.register(request) == serving.register(request)
    assert texts == [TEXT]


def test_a_text_and_a_list_with_its_bytes_are_two() -> None:
    f = ListWriter()
    f.output("f", f.input("x"))
    serving = service()
    serving.register(v1.RegisterRequest(function=v1.FunctionSource(list=f.message)).SerializeToString())
    text = f.message.SerializeToString().decode("latin-1")
    with pytest.raises(InvalidText):
        serving.register(v1.RegisterRequest(function=v1.FunctionSource(text=text)).SerializeToString())


def test_limits_have_flags_and_are_told() -> None:
    flags = ["--max-text-bytes", "100", "--max-text-depth", "3", "--max-text-tokens", "30", "--max-text-steps", "50"]
    texts = {
        "text_bytes": "#" * 101,
        "text_depth": "output f = ((((1))))",
        "text_tokens": ";" * 40,
        "text_steps": "for i in 1..99 { }; output f = 1",
    }
    with running_server(*flags) as server, server.channel() as channel:
        stub = DifferentiationServiceStub(channel)
        told = {limit.name: limit.value for limit in stub.GetCapabilities(v1.GetCapabilitiesRequest()).limits}
        assert [told[name] for name in texts] == [100, 3, 30, 50]
        for name, text in texts.items():
            refused = refusal(partial(stub.Register, v1.RegisterRequest(function=v1.FunctionSource(text=text))))
            assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
            assert refused.field == "function.text"
            assert f"the limit {name} is {told[name]}" in refused.message
        long = ListWriter()
        x = long.input("x")
        for _ in range(20):
            x = long.add("SIN", x)
        long.output("f", x)
        request = v1.DescribeRequest(function=v1.FunctionSource(list=long.message), with_text=True)
        refused = refusal(lambda: stub.Describe(request))
        assert (refused.reason, refused.field) == ("LIMIT_EXCEEDED", "with_text")


def test_reading_ends_with_its_call() -> None:
    text = "input x\nfor i in 1..1e9 { x = -x }\noutput f = x"
    slow = v1.RegisterRequest(function=v1.FunctionSource(text=text))
    flags = ["--max-text-steps", str(2**60), "--max-statements", str(2**40)]
    with running_server(*flags) as server, server.channel() as channel:
        stub = DifferentiationServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Register(slow, timeout=0.5)
        assert cast("grpc.Call", caught.value).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        call = stub.Register.future(slow, timeout=DEADLINE_S)
        threading.Timer(0.3, call.cancel).start()
        with pytest.raises(grpc.FutureCancelledError):
            call.result()
        _until_idle(server.process.pid)


def _until_idle(pid: int) -> None:
    """Wait until a process takes no more of a core."""
    for _ in range(600):
        before = _ticks(pid)
        time.sleep(0.2)
        if _ticks(pid) - before <= 2:
            return
    raise AssertionError("the server goes on")


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_numbers_come_back_bit_for_bit(stub: DifferentiationServiceStub) -> None:
    numbers = [-0.0, 5e-324, 1e300, 0.1, np.inf, -np.inf, np.nan]
    f = ListWriter()
    for k, number in enumerate(numbers):
        f.output(f"c{k}", f.constant(number))
    text = stub.Describe(v1.DescribeRequest(function=v1.FunctionSource(list=f.message), with_text=True)).text
    values = stub.Evaluate(v1.EvaluateRequest(function=v1.FunctionSource(text=text))).values.values
    np.testing.assert_array_equal(np.array(values).view(np.int64), np.array(numbers).view(np.int64))

"""Registering, describing and forgetting functions; ids, with test vectors."""

import struct
from typing import Any

import numpy as np
from google.protobuf.message import Message

from tests import reference
from tests.conformance.cases import Case, tensor_json
from tests.conformance.section_lecture import normal_log_density
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1 import Label, WengertList

ABOUT = "Register, Describe and Forget; calls by id; ids of lists, as test vectors for every SDK."


def _source(function: WengertList | str) -> v1.FunctionSource:
    return v1.FunctionSource(id=function) if isinstance(function, str) else v1.FunctionSource(list=function)


def _register(function: WengertList | str) -> v1.RegisterRequest:
    return v1.RegisterRequest(function=_source(function))


def _info(function: WengertList) -> dict[str, Any]:
    """Return what a server must say of a list; expected messages are matched field by field."""
    points: dict[str, Any] = {i.name: np.full(tuple(i.shape), 0.5) for i in function.inputs}
    trace = reference.run(function, points)
    shapes = [list(trace.operand(output.argument).shape) for output in function.outputs]
    return {
        "id": reference.function_id(function),
        "n": sum(trace.variables[k].size for k in range(len(function.inputs))),
        "m": int(trace.outputs().size),
        "statements": len(function.primitives),
        "inputs": [{"name": i.name, "shape": list(i.shape)} for i in function.inputs],
        "outputs": [{"name": o.name, "shape": s} for o, s in zip(function.outputs, shapes, strict=True)],
    }


def _vectors() -> dict[str, WengertList]:
    """Return lists of which each shows one thing that an id depends on, or does not."""
    plain = ListWriter()
    plain.output("y", plain.input("x"))
    signed = ListWriter()
    signed.output("y", signed.add("MULTIPLY", signed.input("x"), signed.constant(-0.0)))
    unsigned = ListWriter()
    unsigned.output("y", unsigned.add("MULTIPLY", unsigned.input("x"), unsigned.constant(0.0)))
    arrays = ListWriter()
    x = arrays.input("x.part_1", 2, 3, default=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    rows = arrays.add("GATHER", x, parameters=[0, 1, 3, 1, 0, 1])
    arrays.output("y", arrays.add("ADD", rows, arrays.array([0.5, float("inf"), -1.0])))
    labelled = WengertList()
    labelled.CopyFrom(normal_log_density())
    labelled.labels.append(Label(variable=4, name="difference"))
    body = ListWriter()
    body.output("y", body.constant(1.0))
    body.message.bodies.append(plain.message)
    return {
        "identity": plain.message,
        "minus-zero": signed.message,
        "plus-zero": unsigned.message,
        "arrays": arrays.message,
        "textbook": normal_log_density(),
        "textbook-labelled": labelled,
        "body": body.message,
    }


def _nans() -> list[Case]:
    """NaN is one number to an id, whatever its bits."""
    f = ListWriter()
    f.output("y", f.add("ADD", f.input("x"), f.constant(float("nan"))))
    canonical = f.message
    expected = {"response": {"info": _info(canonical)}}
    request = _register(canonical).SerializeToString()
    quiet = struct.pack("<d", float("nan"))
    assert request.count(quiet) == 1
    payloads = {"quiet": 0x7FF8000000000000, "negative": 0xFFF8000000000000, "payload": 0x7FF8DEADBEEF0001}
    return [
        Case(
            f"id/nan-{name}",
            "a NaN constant counts as 0x7ff8000000000000",
            "Register",
            request.replace(quiet, struct.pack("<Q", bits)),
            expected,
        )
        for name, bits in payloads.items()
    ]


def _ids() -> list[Case]:
    result = [
        Case(f"id/{name}", "the id of a list", "Register", _register(f), {"response": {"info": _info(f)}})
        for name, f in _vectors().items()
    ]
    by_name = {case.name: case.expect["response"]["info"]["id"] for case in result}
    assert by_name["id/textbook"] == by_name["id/textbook-labelled"]
    assert by_name["id/plus-zero"] != by_name["id/minus-zero"]
    return [*result, *_nans()]


def _unheld() -> dict[str, Any]:
    return {"error": {"code": "FAILED_PRECONDITION", "reason": "UNKNOWN_FUNCTION", "field": "function.id"}}


def _held() -> list[Case]:
    f = ListWriter()
    f.output("y", f.add("EXP", f.add("MULTIPLY", f.constant(0.25), f.input("x"))))
    function, own = f.message, reference.function_id(f.message)
    by_id = v1.EvaluateRequest(function=_source(own), points=tensor([0.0]))
    inline = v1.EvaluateRequest(function=_source(function), points=tensor([0.0]))
    answer = {"response": {"values": tensor_json([1.0])}}
    register: tuple[str, Message] = ("Register", _register(function))
    forget: tuple[str, Message] = ("Forget", v1.ForgetRequest(id=own))
    info: dict[str, Any] = {"response": {"info": _info(function)}}
    described = v1.DescribeRequest(function=_source(own))
    with_list = v1.DescribeRequest(function=_source(own), with_list=True)
    listed = {"response": {"info": _info(function), "list": {"constants": [0.25], "arguments": [-1, 1, 2]}}}
    return [
        Case("register/again", "registering twice is no error", "Register", _register(function), info, [register]),
        Case("register/by-id", "Register with an id is Describe", "Register", _register(own), info, [register]),
        Case("describe/by-id", "what the server knows", "Describe", described, info, [register]),
        Case("describe/with-list", "the list as it was sent", "Describe", with_list, listed, [register]),
        Case("call/by-id", "a call by id", "Evaluate", by_id, answer, [register]),
        Case("call/inline-then-by-id", "a list sent along is kept", "Evaluate", by_id, answer, [("Evaluate", inline)]),
        Case(
            "forget/held",
            "the server held it",
            "Forget",
            v1.ForgetRequest(id=own),
            {"response": {"held": True}},
            [register],
        ),
        Case(
            "forget/not-held",
            "not held is no error",
            "Forget",
            v1.ForgetRequest(id=own),
            {"response": {"held": False}},
            [register, forget],
        ),
        Case("forget/then-call", "a forgotten function", "Evaluate", by_id, _unheld(), [register, forget]),
        Case("forget/then-describe", "a forgotten function", "Describe", described, _unheld(), [register, forget]),
        Case("forget/then-register", "registered again", "Evaluate", by_id, answer, [register, forget, register]),
    ]


def _described() -> list[Case]:
    """What FunctionInfo and the list say of defaults, shapes and labels."""
    f = ListWriter()
    x = f.input("x", 2, 1, default=[[1.0], [2.0]])
    total = f.add("ADD", x, f.input("y", 3))
    f.output("sum", total)
    f.output("empty", f.add("SLICE", total, parameters=[2, 0, 0, 1, 0, 3, 1]))
    f.message.labels.append(Label(variable=total, name="total"))
    info = _info(f.message)
    default = {"shape": [2, 1], "values": [1.0, 2.0]}
    info["inputs"] = [{"name": "x", "shape": [2, 1], "default_value": default}, {"name": "y", "shape": [3]}]
    listed: dict[str, Any] = {"labels": [{"variable": total, "name": "total"}], "parameters": [2, 0, 0, 1, 0, 3, 1]}
    request = v1.DescribeRequest(function=_source(f.message), with_list=True)
    return [
        Case(
            "describe/inline",
            "a list sent along, with everything in it",
            "Describe",
            request,
            {"response": {"info": info, "list": listed}},
        ),
        Case(
            "register/shapes",
            "shapes of outputs as inferred, n = 5, m = 6",
            "Register",
            _register(f.message),
            {"response": {"info": {**info, "n": 5, "m": 6, "statements": 2}}},
        ),
    ]


def cases() -> list[Case]:
    return [*_ids(), *_held(), *_described()]

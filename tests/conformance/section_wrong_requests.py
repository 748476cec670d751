"""Requests that cannot be read, unknown fields, and sizes without end."""

from typing import Any

from tests.conformance.cases import Case, tensor_json
from tests.conformance.section_wrong_calls import refused, request_of
from tests.wire_lists import ListWriter, tensor
from wengert import v1

ABOUT = "Bytes that are no message, fields that are not known, and sizes that can never fit."

# A field numbered 99 that holds two bytes: what a newer client may send.
UNKNOWN = b"\x9a\x06\x02\x08\x01"


def _grown(message: Any, path: str) -> bytes:
    """Return the message's bytes, with an unknown field added to the part that the path names."""
    if not path:
        return bytes(message.SerializeToString()) + UNKNOWN
    name, _, rest = path.partition(".")
    part = getattr(message, name)
    part = part[0] if hasattr(part, "add") else part
    changed = type(part).FromString(_grown(part, rest))
    part.CopyFrom(changed)
    return bytes(message.SerializeToString())


def _unknown_fields() -> list[Case]:
    def whole() -> Any:
        f = ListWriter()
        f.output("y", f.add("ADD", f.input("x", default=1.0), f.array([1.0])))
        f.message.labels.add(variable=1, name="l")
        body = f.message.bodies.add(constants=[1.0])
        body.outputs.add(name="y", argument=-1)
        return v1.EvaluateRequest(function=v1.FunctionSource(list=f.message), points=tensor([2.0]))

    parts = {
        "list": "",
        "input": "inputs",
        "default": "inputs.default_value",
        "tensor": "tensors",
        "output": "outputs",
        "label": "labels",
        "body": "bodies",
        "output-of-body": "bodies.outputs",
    }
    result = [
        refused(
            f"unknown-field/{label}",
            "an old server must not ignore what a new client means",
            "Evaluate",
            _grown(whole(), f"function.list.{path}".rstrip(".")),
            "UNKNOWN_FIELD",
            "function.list",
        )
        for label, path in parts.items()
    ]
    answer = {"response": {"values": tensor_json([3.0])}}
    return result + [
        Case(
            f"unknown-field/ignored-in-{label}",
            "outside lists unknown fields are ignored",
            "Evaluate",
            _grown(whole(), path),
            answer,
        )
        for label, path in (("request", ""), ("source", "function"), ("points", "points"))
    ]


def _unreadable() -> list[Case]:
    good = request_of("Evaluate").SerializeToString()
    random = bytes((37 * i * i + 11 * i + 201) % 256 for i in range(200))
    rows = {
        "truncated": good[:-3],
        "all-ones": b"\xff" * 40,
        "random": random,
        "wrong-wire-type": b"\x0a\x02\x08",
        "not-utf8": v1.EvaluateRequest(outputs=["ab"]).SerializeToString().replace(b"ab", b"\xff\xfe"),
        "group-unclosed": b"\x0b" * 200,
        "nested": _nested(400),
    }
    return [
        refused(f"bytes/{label}/{rpc.lower()}", "no such message", rpc, content, "MALFORMED_REQUEST", "")
        for label, content in rows.items()
        for rpc in (("Evaluate", "Register") if label == "random" else ("Evaluate",))
    ]


def _nested(depth: int) -> bytes:
    """Return a request whose list has bodies in bodies, deeper than any parser follows."""
    content = b""
    for _ in range(depth):
        content = b"\x42" + _varint(len(content)) + content
    source = b"\x12" + _varint(len(content)) + content
    return b"\x0a" + _varint(len(source)) + source


def _varint(value: int) -> bytes:
    result = b""
    while value > 127:
        result += bytes([value % 128 + 128])
        value //= 128
    return result + bytes([value])


def _huge() -> list[Case]:
    """Asked for little, answered with too much: refused before anything is allocated."""
    f = ListWriter()
    total = f.sum(f.input("x", 200), 0)
    f.output("y", f.add("BROADCAST", total, parameters=[1, 10**6]))
    jacobian = v1.JacobianRequest(function=v1.FunctionSource(list=f.message), points=tensor([0.0] * 200))
    overflow = request_of("Evaluate", None)
    overflow.points.CopyFrom(v1.Tensor(shape=[2**62, 3], values=[1.0]))
    wrapped = request_of("Evaluate", None)
    wrapped.points.CopyFrom(v1.Tensor(shape=[2**63, 2], values=[]))
    return [
        refused("sizes/jacobian", "2e8 entries", "Jacobian", jacobian, "LIMIT_EXCEEDED", "", "RESOURCE_EXHAUSTED"),
        refused("sizes/points", "1 value for 2^62 x 3", "Evaluate", overflow, "INVALID_SHAPE", "points"),
        refused(
            "sizes/points-wrapped",
            "no value for 2^63 x 2, a product of 2^64",
            "Evaluate",
            wrapped,
            "INVALID_SHAPE",
            "points",
        ),
    ]


def _endless() -> list[Case]:
    """2^40 points or directions without elements: no bytes to send, none to answer, and no end."""
    f = ListWriter()
    f.output("y", f.input("x", 0))
    source = v1.FunctionSource(list=f.message)
    many, nothing = v1.Tensor(shape=[2**40, 0]), v1.Tensor(shape=[0])
    several = v1.Tensor(shape=[1, 2**40, 0])
    rows: list[tuple[str, str, Any, str]] = [
        ("points/evaluate", "Evaluate", v1.EvaluateRequest(function=source, points=many), "points"),
        ("points/jacobian", "Jacobian", v1.JacobianRequest(function=source, points=many), "points"),
        ("tangents/one-point", "Jvp", v1.JvpRequest(function=source, points=nothing, tangents=many), "tangents"),
        ("cotangents/one-point", "Vjp", v1.VjpRequest(function=source, points=nothing, cotangents=many), "cotangents"),
        (
            "tangents/batch",
            "Jvp",
            v1.JvpRequest(function=source, points=v1.Tensor(shape=[2, 0]), tangents=several),
            "tangents",
        ),
    ]
    about = "2^40 of nothing: refused, not counted through"
    return [
        refused(f"sizes/endless-{label}", about, rpc, request, "LIMIT_EXCEEDED", field, "RESOURCE_EXHAUSTED")
        for label, rpc, request, field in rows
    ]


def cases() -> list[Case]:
    return [*_unknown_fields(), *_unreadable(), *_huge(), *_endless()]

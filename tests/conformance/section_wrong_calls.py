"""Calls that must be refused: points, directions, bindings, names, modes, and unreadable bytes."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from tests.conformance.cases import Case, tensor_json
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1 import WengertList

ABOUT = "Calls that must be refused, and requests that cannot be read; each with code, reason and field."

Change = Callable[[Any], object]

# A field numbered 99 that holds two bytes: what a newer client may send.
UNKNOWN = b"\x9a\x06\x02\x08\x01"


def _function() -> WengertList:
    """Return x t with x (), t (2,); and x: n = 3, m = 3."""
    f = ListWriter()
    x, t = f.input("x"), f.input("t", 2)
    f.output("f", f.add("MULTIPLY", x, t))
    f.output("x", x)
    return f.message


def _request(rpc: str, points: Any = (1.0, 2.0, 3.0), **more: Any) -> Any:
    request = getattr(v1, f"{rpc}Request")(function=v1.FunctionSource(list=_function()), **more)
    if points is not None:
        request.points.CopyFrom(tensor(points))
    return request


def refused(
    name: str, about: str, rpc: str, request: Message | bytes, reason: str, field: str, code: str = "INVALID_ARGUMENT"
) -> Case:
    """Return a case that fails; the field is given relative to the request."""
    return Case(name, about, rpc, request, {"error": {"code": code, "reason": reason, "field": field}})


def _points() -> list[Case]:
    ragged = _request("Evaluate", None)
    ragged.points.CopyFrom(v1.Tensor(shape=[2, 3], values=[1.0, 2.0]))
    empty = _request("Evaluate", None)
    empty.points.CopyFrom(v1.Tensor(shape=[3]))
    rank = _request("Evaluate", None)
    rank.points.CopyFrom(v1.Tensor(shape=[1] * 32 + [3], values=[1.0, 2.0, 3.0]))
    rows: list[tuple[str, str, Any]] = [
        ("absent", "no points, three inputs' scalars needed", _request("Evaluate", None)),
        ("short", "two numbers for three", _request("Evaluate", [1.0, 2.0])),
        ("long", "four numbers for three", _request("Evaluate", [1.0, 2.0, 3.0, 4.0])),
        ("short-batch", "(2, 2)", _request("Evaluate", [[1.0, 2.0], [3.0, 4.0]])),
        ("transposed", "(3, 1)", _request("Evaluate", [[1.0], [2.0], [3.0]])),
        ("three-axes", "(1, 1, 3)", _request("Evaluate", [[[1.0, 2.0, 3.0]]])),
        ("shared-still-there", "x is shared, and three numbers are sent", _request("Evaluate")),
    ]
    default = ListWriter()
    default.output("f", default.add("ADD", default.input("x"), default.input("y", default=1.0)))
    missing = v1.EvaluateRequest(function=v1.FunctionSource(list=default.message), points=tensor([1.0]))
    rows.append(("default", "defaults are for clients, calls never apply them", missing))
    rows[-2][2].shared.add(input="x", value=tensor(1.0))
    result = [refused(f"points/{label}", about, "Evaluate", r, "INVALID_POINTS", "points") for label, about, r in rows]
    return [
        *result,
        refused("points/ragged", "two values for (2, 3)", "Evaluate", ragged, "INVALID_SHAPE", "points"),
        refused("points/no-values", "no values for (3,)", "Evaluate", empty, "INVALID_SHAPE", "points"),
        refused("points/rank", "33 axes", "Evaluate", rank, "INVALID_SHAPE", "points"),
    ]


POINTS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def _directions() -> list[Case]:
    wrong: list[tuple[str, str, Any, Any]] = [
        ("absent", "none", (1.0, 2.0, 3.0), None),
        ("short", "(2,)", (1.0, 2.0, 3.0), [1.0, 2.0]),
        ("short-many", "(2, 2)", (1.0, 2.0, 3.0), [[1.0, 2.0], [3.0, 4.0]]),
        ("three-axes", "(1, 1, 3) at one point", (1.0, 2.0, 3.0), [[[1.0, 2.0, 3.0]]]),
        ("batch-length", "(2,) at two points", POINTS, [1.0, 2.0]),
        ("batch-count", "(3, 1, 3) at two points", POINTS, [[[1.0, 2.0, 3.0]]] * 3),
        ("batch-width", "(2, 1, 4)", POINTS, [[[1.0, 2.0, 3.0, 4.0]]] * 2),
        ("four-axes", "(1, 1, 1, 3)", POINTS, [[[[1.0, 2.0, 3.0]]]]),
    ]
    result = []
    for rpc, field in (("Jvp", "tangents"), ("Vjp", "cotangents")):
        for label, about, points, directions in wrong:
            more = {} if directions is None else {field: tensor(directions)}
            request = _request(rpc, points, **more)
            result.append(refused(f"{field}/{label}", about, rpc, request, "INVALID_DIRECTIONS", field))
        for label, count in (("two-points", 2), ("one-row", 1)):
            request = _request(rpc, POINTS, **{field: tensor([[1.0, 2.0, 3.0]] * count)})
            about = f"({count}, 3) at two points: one each, or {count} for all?"
            result.append(refused(f"{field}/ambiguous-{label}", about, rpc, request, "AMBIGUOUS_DIRECTIONS", field))
        ragged = _request(rpc, **{field: v1.Tensor(shape=[2, 3], values=[1.0])})
        result.append(refused(f"{field}/ragged", "one value for (2, 3)", rpc, ragged, "INVALID_SHAPE", field))
    return result


def _bindings() -> list[Case]:
    rows: list[tuple[str, str, list[tuple[str, v1.Tensor | None]], str, str]] = [
        ("unknown", "no such input", [("y", tensor(1.0))], "UNKNOWN_NAME", "shared[0].input"),
        ("empty-name", "no name", [("", tensor(1.0))], "UNKNOWN_NAME", "shared[0].input"),
        ("twice", "bound twice", [("x", tensor(1.0)), ("x", tensor(1.0))], "INVALID_NAME", "shared[1].input"),
        ("shape", "(3,) for (2,)", [("t", tensor([1.0, 2.0, 3.0]))], "INVALID_SHAPE", "shared[0].value"),
        ("one-for-scalar", "(1,) for ()", [("x", tensor([1.0]))], "INVALID_SHAPE", "shared[0].value"),
        ("scalar-for-array", "() for (2,)", [("t", tensor(1.0))], "INVALID_SHAPE", "shared[0].value"),
        (
            "ragged",
            "three values for (2,)",
            [("t", v1.Tensor(shape=[2], values=[1.0] * 3))],
            "INVALID_SHAPE",
            "shared[0].value",
        ),
        (
            "shapeless",
            "two values and no shape",
            [("t", v1.Tensor(values=[1.0] * 2))],
            "INVALID_SHAPE",
            "shared[0].value",
        ),
        ("no-value", "no value", [("x", None)], "INVALID_SHAPE", "shared[0].value"),
    ]
    result = []
    for label, about, bindings, reason, field in rows:
        request = _request("Jacobian", (2.0, 3.0) if bindings[0][0] != "t" else (1.0,))
        for name, value in bindings:
            binding = request.shared.add(input=name)
            if value is not None:
                binding.value.CopyFrom(value)
        result.append(refused(f"shared/{label}", about, "Jacobian", request, reason, field))
    return result


def _selections() -> list[Case]:
    rows: list[tuple[str, str, dict[str, Any], str, str]] = [
        ("outputs/unknown", "no such output", {"outputs": ["f", "g"]}, "UNKNOWN_NAME", "outputs[1]"),
        ("outputs/input", "an input, not an output", {"outputs": ["t"]}, "UNKNOWN_NAME", "outputs[0]"),
        ("outputs/empty", "an empty name", {"outputs": [""]}, "UNKNOWN_NAME", "outputs[0]"),
        ("outputs/twice", "one output twice", {"outputs": ["f", "x", "f"]}, "INVALID_NAME", "outputs[2]"),
        ("with-respect-to/unknown", "no such input", {"with_respect_to": ["y"]}, "UNKNOWN_NAME", "with_respect_to[0]"),
        ("with-respect-to/output", "an output", {"with_respect_to": ["f"]}, "UNKNOWN_NAME", "with_respect_to[0]"),
        (
            "with-respect-to/twice",
            "one input twice",
            {"with_respect_to": ["t", "t"]},
            "INVALID_NAME",
            "with_respect_to[1]",
        ),
    ]
    return [
        refused(label, about, "Jacobian", _request("Jacobian", **more), reason, field)
        for label, about, more, reason, field in rows
    ]


def _sources() -> list[Case]:
    ill_formed = {"short": "abc", "upper-case": "A" * 64, "not-hex": "z" * 64, "long": "0" * 65, "not-held": "0" * 64}
    result = [
        refused(
            f"id/{label}",
            "an id not held",
            "Evaluate",
            v1.EvaluateRequest(function=v1.FunctionSource(id=own), points=tensor([1.0])),
            "UNKNOWN_FUNCTION",
            "function.id",
            "FAILED_PRECONDITION",
        )
        for label, own in ill_formed.items()
    ]
    text = v1.RegisterRequest(function=v1.FunctionSource(text="f(x) = x"))
    with_text = v1.DescribeRequest(function=v1.FunctionSource(list=_function()), with_text=True)
    unserved = "UNIMPLEMENTED"
    return [
        *result,
        refused("source/none", "no function at all", "Evaluate", v1.EvaluateRequest(), "MALFORMED_REQUEST", "function"),
        refused(
            "source/empty",
            "a function without source",
            "Register",
            v1.RegisterRequest(function=v1.FunctionSource()),
            "MALFORMED_REQUEST",
            "function",
        ),
        refused("source/text", "not served yet", "Register", text, "UNSUPPORTED", "function.text", unserved),
        refused("describe/text", "not served yet", "Describe", with_text, "UNSUPPORTED", "with_text", unserved),
        refused("mode/unknown", "mode 9", "Jacobian", _request("Jacobian", mode=9), "MALFORMED_REQUEST", "mode"),
        refused(
            "layout/unknown", "layout 9", "Jacobian", _request("Jacobian", layout=9), "MALFORMED_REQUEST", "layout"
        ),
        refused(
            "layout/sparse",
            "not served yet",
            "Jacobian",
            _request("Jacobian", layout="LAYOUT_SPARSE"),
            "UNSUPPORTED",
            "layout",
            unserved,
        ),
        *[
            refused(
                f"rpc/{rpc.lower()}", "not served yet", rpc, getattr(v1, f"{rpc}Request")(), "UNSUPPORTED", "", unserved
            )
            for rpc in ("Hessian", "Hvp", "Sparsity", "Differentiate", "Explain")
        ],
    ]


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
    good = _request("Evaluate").SerializeToString()
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
    overflow = _request("Evaluate", None)
    overflow.points.CopyFrom(v1.Tensor(shape=[2**62, 3], values=[1.0]))
    wrapped = _request("Evaluate", None)
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
    return [
        *_points(),
        *_directions(),
        *_bindings(),
        *_selections(),
        *_sources(),
        *_unknown_fields(),
        *_unreadable(),
        *_huge(),
        *_endless(),
    ]

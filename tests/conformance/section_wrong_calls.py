"""Calls that must be refused: points, directions, bindings, names, sources, modes."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from tests.conformance.cases import Case
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1 import WengertList

ABOUT = "Calls that must be refused, each with its status code, its reason and the field at fault."

Change = Callable[[Any], object]


def function() -> WengertList:
    """Return x t with x (), t (2,); and x: n = 3, m = 3."""
    f = ListWriter()
    x, t = f.input("x"), f.input("t", 2)
    f.output("f", f.add("MULTIPLY", x, t))
    f.output("x", x)
    return f.message


def request_of(rpc: str, points: Any = (1.0, 2.0, 3.0), **more: Any) -> Any:
    request = getattr(v1, f"{rpc}Request")(function=v1.FunctionSource(list=function()), **more)
    if points is not None:
        request.points.CopyFrom(tensor(points))
    return request


def refused(
    name: str, about: str, rpc: str, request: Message | bytes, reason: str, field: str, code: str = "INVALID_ARGUMENT"
) -> Case:
    """Return a case that fails; the field is given relative to the request."""
    return Case(name, about, rpc, request, {"error": {"code": code, "reason": reason, "field": field}})


def _points() -> list[Case]:
    ragged = request_of("Evaluate", None)
    ragged.points.CopyFrom(v1.Tensor(shape=[2, 3], values=[1.0, 2.0]))
    empty = request_of("Evaluate", None)
    empty.points.CopyFrom(v1.Tensor(shape=[3]))
    rank = request_of("Evaluate", None)
    rank.points.CopyFrom(v1.Tensor(shape=[1] * 32 + [3], values=[1.0, 2.0, 3.0]))
    rows: list[tuple[str, str, Any]] = [
        ("absent", "no points, three inputs' scalars needed", request_of("Evaluate", None)),
        ("short", "two numbers for three", request_of("Evaluate", [1.0, 2.0])),
        ("long", "four numbers for three", request_of("Evaluate", [1.0, 2.0, 3.0, 4.0])),
        ("short-batch", "(2, 2)", request_of("Evaluate", [[1.0, 2.0], [3.0, 4.0]])),
        ("transposed", "(3, 1)", request_of("Evaluate", [[1.0], [2.0], [3.0]])),
        ("three-axes", "(1, 1, 3)", request_of("Evaluate", [[[1.0, 2.0, 3.0]]])),
        ("shared-still-there", "x is shared, and three numbers are sent", request_of("Evaluate")),
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
            request = request_of(rpc, points, **more)
            result.append(refused(f"{field}/{label}", about, rpc, request, "INVALID_DIRECTIONS", field))
        for label, count in (("two-points", 2), ("one-row", 1)):
            request = request_of(rpc, POINTS, **{field: tensor([[1.0, 2.0, 3.0]] * count)})
            about = f"({count}, 3) at two points: one each, or {count} for all?"
            result.append(refused(f"{field}/ambiguous-{label}", about, rpc, request, "AMBIGUOUS_DIRECTIONS", field))
        ragged = request_of(rpc, **{field: v1.Tensor(shape=[2, 3], values=[1.0])})
        result.append(refused(f"{field}/ragged", "one value for (2, 3)", rpc, ragged, "INVALID_SHAPE", field))
    return result


def _empty_cotangents() -> list[Case]:
    """Cotangents that are there and empty are not absent cotangents."""
    f = ListWriter()
    f.output("f", f.add("EXP", f.input("x")))
    request = v1.VjpRequest(
        function=v1.FunctionSource(list=f.message), points=tensor([1.0]), cotangents=v1.Tensor(shape=[0])
    )
    shapeless = v1.VjpRequest.FromString(request.SerializeToString())
    shapeless.cotangents.ClearField("shape")
    about = "m = 1 and an empty direction: not the same as none"
    return [
        refused("cotangents/empty", about, "Vjp", request, "INVALID_DIRECTIONS", "cotangents"),
        refused("cotangents/empty-shapeless", about, "Vjp", shapeless, "INVALID_DIRECTIONS", "cotangents"),
    ]


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
        request = request_of("Jacobian", (2.0, 3.0) if bindings[0][0] != "t" else (1.0,))
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
        refused(label, about, "Jacobian", request_of("Jacobian", **more), reason, field)
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
        refused("mode/unknown", "mode 9", "Jacobian", request_of("Jacobian", mode=9), "MALFORMED_REQUEST", "mode"),
        refused(
            "layout/unknown", "layout 9", "Jacobian", request_of("Jacobian", layout=9), "MALFORMED_REQUEST", "layout"
        ),
        *_lists(),
        *[
            refused(
                f"rpc/{rpc.lower()}", "not served yet", rpc, getattr(v1, f"{rpc}Request")(), "UNSUPPORTED", "", unserved
            )
            for rpc in ("Explain",)
        ],
    ]


def _lists() -> list[Case]:
    source = v1.FunctionSource(list=function())

    def asked(**more: Any) -> v1.DifferentiateRequest:
        return v1.DifferentiateRequest(function=source, **more)

    dual: Any = {"derivative": v1.Derivative.DERIVATIVE_DUAL}
    rows: list[tuple[str, v1.DifferentiateRequest, str, str]] = [
        ("unspecified", asked(), "MALFORMED_REQUEST", "derivative"),
        ("unknown", asked(derivative=9), "MALFORMED_REQUEST", "derivative"),
        ("no-function", v1.DifferentiateRequest(**dual), "MALFORMED_REQUEST", "function"),
        ("unknown-output", asked(**dual, outputs=["nothing"]), "UNKNOWN_NAME", "outputs[0]"),
        ("unknown-input", asked(**dual, with_respect_to=["nothing"]), "UNKNOWN_NAME", "with_respect_to[0]"),
        ("repeated-input", asked(**dual, with_respect_to=["x", "x"]), "INVALID_NAME", "with_respect_to[1]"),
    ]
    return [
        refused(f"differentiate/{label}", "a derivative list", "Differentiate", request, reason, field)
        for label, request, reason, field in rows
    ]


def cases() -> list[Case]:
    return [*_points(), *_directions(), *_empty_cotangents(), *_bindings(), *_selections(), *_sources()]

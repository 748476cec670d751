"""Jacobians in blocks: what they make together, how large they are, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests import reference
from tests.conformance.cases import tensor_json
from tests.conformance.expectations import TOLERANCE, Call
from tests.conformance.stream_cases import StreamCase
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1 import WengertList

ABOUT = "StreamJacobian: blocks in order and without gap; the first one has f, the last one, and only that, the report."

_POINT = [0.5, -1.5, 2.0, 0.25]
_MIB = 1 << 20

Change = Callable[[v1.StreamJacobianRequest], object]


def function() -> WengertList:
    """Return x * sum(x) + k (3,) and sin(sum(x)): n = 4, m = 4."""
    f = ListWriter()
    x, k = f.input("x", 3), f.input("k")
    total = f.sum(x, 0)
    f.output("y", f.add("ADD", f.add("MULTIPLY", x, total), k))
    f.output("s", f.add("SIN", total))
    return f.message


def _most_entries(block_bytes: int) -> int:
    return max(1, (block_bytes or _MIB) // 8)


def _streamed(name: str, about: str, call: Call, block_bytes: int = 0, **report: str) -> StreamCase:
    request = v1.StreamJacobianRequest(request=call.request("Jacobian"), block_bytes=block_bytes)
    response: dict[str, Any] = {"values": tensor_json(call.values()), "matrix": tensor_json(call.jacobian())}
    if report:
        request.request.mode = v1.Mode.Value(report["mode"])
        response["report"] = report
    expect = {"response": response, "most_entries": _most_entries(block_bytes), "tolerance": TOLERANCE}
    return StreamCase(name, about, "StreamJacobian", [request], expect)


def _sizes() -> list[StreamCase]:
    one, many = Call(function(), _POINT), Call(function(), [_POINT, [1.0, 2.0, 3.0, 4.0], [0.0, -0.5, 0.0, 1.0]])
    rows = [
        ("default", "0: as the server likes, 1 MiB at most", 0),
        ("one-byte", "less than an entry is one entry", 1),
        ("one-entry", "8 bytes are one entry", 8),
        ("no-multiple", "23 bytes are two entries", 23),
        ("rows", "32 bytes are one row", 32),
        ("across-rows", "40 bytes are five entries: blocks know no rows", 40),
        ("whole", "4096 bytes are more than there is", 4096),
    ]
    cases = [_streamed(f"size/{label}", about, one, size) for label, about, size in rows]
    return cases + [
        _streamed(f"size/points-{label}", f"{about}; at three points", many, size) for label, about, size in rows
    ]


def _asked() -> list[StreamCase]:
    f = function()
    selected: dict[str, Any] = {"outputs": ["s", "y"], "with_respect_to": ["k", "x"]}
    call = Call(f, _POINT)
    return [
        _streamed("asked/forward", "the mode that is named", call, 24, mode="MODE_FORWARD"),
        _streamed("asked/reverse", "the mode that is named", call, 24, mode="MODE_REVERSE"),
        _streamed("asked/selection", "outputs and inputs in the order asked for", Call(f, _POINT, **selected), 24),
        _streamed("asked/shared", "an input shared by all points", Call(f, [_POINT[:3]] * 2, shared={"k": 2.0}), 24),
        _streamed("asked/one-of-many", "K = 1 has its axis", Call(f, [_POINT]), 24),
    ]


def _empty() -> list[StreamCase]:
    narrow = ListWriter()
    narrow.output("e", narrow.input("x", 0))
    about = "nothing to send is one block, with f and the report"
    return [
        _streamed("empty/no-points", about, Call(function(), np.zeros((0, 4)))),
        _streamed("empty/no-inputs", about, Call(narrow.message, [])),
    ]


def _refused() -> list[StreamCase]:
    unknown = v1.FunctionSource(id="0" * 64)
    rows: list[tuple[str, str, Change, str, str, str]] = [
        ("nothing", "no request", lambda r: r.ClearField("request"),
            "INVALID_ARGUMENT", "MALFORMED_REQUEST", "request"),
        ("sparse", "sparse matrices have no blocks", lambda r: setattr(r.request, "layout", v1.Layout.LAYOUT_SPARSE),
            "INVALID_ARGUMENT", "MALFORMED_REQUEST", "request.layout"),
        ("points", "one number for four", lambda r: r.request.points.CopyFrom(tensor([1.0])),
            "INVALID_ARGUMENT", "INVALID_POINTS", "request.points"),
        ("name", "an output that is not there", lambda r: r.request.outputs.append("z"),
            "INVALID_ARGUMENT", "UNKNOWN_NAME", "request.outputs"),
        ("mode", "a mode that is none", lambda r: setattr(r.request, "mode", 77),
            "INVALID_ARGUMENT", "MALFORMED_REQUEST", "request.mode"),
        ("unknown", "an id that nobody registered", lambda r: r.request.function.CopyFrom(unknown),
            "FAILED_PRECONDITION", "UNKNOWN_FUNCTION", "request.function.id"),
    ]  # fmt: skip
    cases = []
    for label, about, change, code, reason, field in rows:
        request = v1.StreamJacobianRequest(request=Call(function(), _POINT).request("Jacobian"))
        change(request)
        expect = {"error": {"code": code, "reason": reason, "field": field}}
        cases.append(StreamCase(f"refused/{label}", about, "StreamJacobian", [request], expect))
    malformed = {"error": {"code": "INVALID_ARGUMENT", "reason": "MALFORMED_REQUEST", "field": ""}}
    return [*cases, StreamCase("refused/bytes", "no message at all", "StreamJacobian", [b"\xff"], malformed)]


def _by_id() -> StreamCase:
    f = function()
    case = _streamed("id", "a function that was registered before", Call(f, _POINT), 24)
    request = v1.StreamJacobianRequest()
    request.ParseFromString(case.requests[0].SerializeToString())  # type: ignore[union-attr]
    request.request.function.id = reference.function_id(f)
    before = [("Register", v1.RegisterRequest(function=v1.FunctionSource(list=f)))]
    return StreamCase(case.name, case.about, case.rpc, [request], case.expect, before)


def cases() -> list[StreamCase]:
    return [*_sizes(), *_asked(), *_empty(), _by_id(), *_refused()]

"""Source texts that must be refused: with the reason, and the line and column at which the message begins."""

from typing import Any

from tests.conformance.cases import Case
from wengert import v1

ABOUT = "Source texts that must be refused, each with its reason, and the line and column of the fault."

ROWS: list[tuple[str, str, str, int, int]] = [
    ("syntax/ends-early", "output f = 1 + ", "INVALID_TEXT", 1, 15),
    ("syntax/not-closed", "input x\noutput f = sin(x", "INVALID_TEXT", 2, 15),
    ("syntax/juxtaposed", "input x\noutput f = 2x", "INVALID_TEXT", 2, 13),
    ("syntax/chained-comparison", "output f = 1 < 2 < 3", "INVALID_TEXT", 1, 18),
    ("syntax/unknown-character", 'output f = "1"', "INVALID_TEXT", 1, 12),
    ("syntax/single-ampersand", "input x; output f = x & x", "INVALID_TEXT", 1, 23),
    ("syntax/carriage-returns", "input x\r\rx = x\r\noutput f = )", "INVALID_TEXT", 4, 12),
    ("syntax/no-output", "input x\n", "INVALID_TEXT", 1, 8),
    ("names/unknown", "input sigma\noutput f = log(sigm)", "UNKNOWN_NAME", 2, 16),
    ("names/unknown-function", "input x; output f = sinn(x)", "UNKNOWN_NAME", 1, 21),
    ("names/of-an-input-twice", "input x, x; output f = x", "INVALID_NAME", 1, 10),
    ("names/of-an-output-twice", "output f = 1\noutput f = 2", "INVALID_NAME", 2, 8),
    ("names/too-long", f"{'a' * 256} = 1; output f = 1", "INVALID_NAME", 1, 1),
    ("names/a-word-of-the-language", "input for; output f = 1", "INVALID_TEXT", 1, 7),
    ("shapes/broadcast", "input x[3], y[2]\noutput f = x*y", "INVALID_SHAPE", 2, 13),
    ("shapes/index", "input x[3]\noutput f = x[3]", "INVALID_SHAPE", 2, 13),
    ("shapes/matrix-product", "input A[2, 3], x[2]\noutput f = A @ x", "INVALID_SHAPE", 2, 14),
    ("shapes/rows", "output f = [[1, 2], [3]]", "INVALID_SHAPE", 1, 12),
    ("shapes/default", "input x[2] = [1, 2, 3]; output f = x", "INVALID_SHAPE", 1, 7),
    ("known/index", "input x[3], i\noutput f = x[i]", "INVALID_TEXT", 2, 13),
    ("known/extent", "input n\ninput x[n]\noutput f = x", "INVALID_TEXT", 2, 7),
    ("known/bound-of-a-loop", "input n\nfor i in 0..n { }", "INVALID_TEXT", 2, 5),
    ("order/input-after-an-operation", "input x\ny = -x\ninput z\noutput f = y", "INVALID_TEXT", 3, 7),
    ("order/output-in-a-loop", "for i in 0..1 { output f = i }", "INVALID_TEXT", 1, 24),
    ("numbers/too-large", "output f = 1e309", "INVALID_TEXT", 1, 12),
]


def cases() -> list[Case]:
    result = []
    for name, text, reason, line, column in ROWS:
        error: dict[str, Any] = {"code": "INVALID_ARGUMENT", "reason": reason, "field": "function.text"}
        error |= {"line": line, "column": column}
        request = v1.RegisterRequest(function=v1.FunctionSource(text=text))
        result.append(Case(name, f"line {line}, column {column}", "Register", request, {"error": error}))
    deep = v1.RegisterRequest(function=v1.FunctionSource(text=f"output f = {'(' * 10_000}1{')' * 10_000}"))
    endless = v1.RegisterRequest(function=v1.FunctionSource(text="for i in 1..1e15 { }"))
    large = v1.RegisterRequest(function=v1.FunctionSource(text="output f = zeros((1e6, 1e6))"))
    for name, request in (("limits/depth", deep), ("limits/steps", endless), ("limits/elements", large)):
        error = {"code": "RESOURCE_EXHAUSTED", "reason": "LIMIT_EXCEEDED", "field": "function.text"}
        result.append(Case(name, "more than servers allow", "Register", request, {"error": error}))
    return result

"""Sessions: every kind of call, answered in order, each with its number, and with an error of its own."""

from collections.abc import Sequence
from typing import Any

from tests import reference
from tests.conformance import expectations as expect
from tests.conformance import expectations_second as second
from tests.conformance.cases import Case
from tests.conformance.expectations import TOLERANCE, Call
from tests.conformance.section_streamed import function
from tests.conformance.stream_cases import StreamCase
from tests.wire_lists import ListWriter, tensor
from wengert import v1

ABOUT = "Session: calls over one stream, answered in order with the number that each had; errors end no session."

_POINT = [0.5, -1.5, 2.0, 0.25]
_KINDS = {
    "Evaluate": "evaluate",
    "Jvp": "jvp",
    "Vjp": "vjp",
    "Jacobian": "jacobian",
    "Hessian": "hessian",
    "Hvp": "hvp",
}


def _sent(call: int, case: Case) -> v1.SessionRequest:
    return v1.SessionRequest(call=call, **{_KINDS[case.rpc]: case.request})  # type: ignore[arg-type]


def _answered(call: int, case: Case) -> dict[str, Any]:
    """Return an answer; whole numbers of 64 bits are texts, as in protobuf's JSON."""
    return {"call": str(call), "response": {_KINDS[case.rpc]: case.expect["response"]}}


def _refused(call: int, reason: str, field: str, code: str = "INVALID_ARGUMENT") -> dict[str, Any]:
    return {"call": str(call), "error": {"code": code, "reason": reason, "field": field}}


def _session(name: str, about: str, sent: Sequence[Any], answers: Sequence[Any]) -> StreamCase:
    return StreamCase(name, about, "Session", sent, {"answers": list(answers), "tolerance": TOLERANCE})


def _scalar() -> v1.WengertList:
    """Return x0^2 x1 + sin(x1)."""
    f = ListWriter()
    a, b = f.input("a"), f.input("b")
    f.output("f", f.add("ADD", f.add("MULTIPLY", f.add("SQUARE", a), b), f.add("SIN", b)))
    return f.message


def _calls() -> list[Case]:
    call, scalar = Call(function(), _POINT), Call(_scalar(), [2.0, 5.0])
    return [
        expect.evaluate("", "", call),
        expect.jvp("", "", call, [1.0, 0.0, -2.0, 0.5]),
        expect.vjp("", "", call, [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]),
        expect.jacobian("", "", call),
        second.hessian("", "", scalar),
        second.hvp("", "", scalar, [1.0, -1.0]),
    ]


def _kinds() -> StreamCase:
    calls = _calls()
    sent = [_sent(number, case) for number, case in enumerate(calls)]
    answers = [_answered(number, case) for number, case in enumerate(calls)]
    return _session("kinds", "one call of every kind, of two functions", sent, answers)


def _numbers() -> StreamCase:
    case = expect.evaluate("", "", Call(_scalar(), [2.0, 5.0]))
    numbers = [7, 7, 0, 2**64 - 1, 3]
    about = "numbers are the caller's business: they come back as they are, whether or not they are its own"
    return _session("numbers", about, [_sent(k, case) for k in numbers], [_answered(k, case) for k in numbers])


def _order() -> StreamCase:
    cases = [expect.jacobian("", "", Call(_scalar(), [0.5 * k, 1.0])) for k in range(12)]
    sent = [_sent(k, case) for k, case in enumerate(cases)]
    return _session(
        "order", "answers come in the order of the calls", sent, [_answered(k, c) for k, c in enumerate(cases)]
    )


def _by_id() -> StreamCase:
    f = _scalar()
    case = expect.jacobian("", "", Call(f, [2.0, 5.0]))
    request = v1.JacobianRequest()
    request.ParseFromString(case.request_bytes)
    request.function.id = reference.function_id(f)
    later = v1.SessionRequest(call=2, jacobian=request)
    about = "a list sent with one call is held, and the next call names it by its id"
    return _session("id", about, [_sent(1, case), later], [_answered(1, case), _answered(2, case)])


def _errors() -> StreamCase:
    good = expect.evaluate("", "", Call(_scalar(), [2.0, 5.0]))
    short = v1.EvaluateRequest(function=v1.FunctionSource(list=_scalar()), points=tensor([1.0]))
    unknown = v1.EvaluateRequest(function=v1.FunctionSource(id="0" * 64), points=tensor([1.0]))
    rows = [
        (_sent(1, good), _answered(1, good)),
        (v1.SessionRequest(call=2, evaluate=short), _refused(2, "INVALID_POINTS", "points")),
        (v1.SessionRequest(call=3), _refused(3, "MALFORMED_REQUEST", "request")),
        (
            v1.SessionRequest(call=4, evaluate=unknown),
            _refused(4, "UNKNOWN_FUNCTION", "function.id", "FAILED_PRECONDITION"),
        ),
        (_sent(5, good), _answered(5, good)),
    ]
    about = "fields are told as in a call by itself, and the calls after an error are answered"
    return _session("errors", about, [sent for sent, _ in rows], [answer for _, answer in rows])


def _bytes() -> StreamCase:
    good = expect.evaluate("", "", Call(_scalar(), [2.0, 5.0]))
    whole = v1.SessionRequest(evaluate=good.request).SerializeToString()  # type: ignore[arg-type]
    rows = [
        (b"\xff", _refused(0, "MALFORMED_REQUEST", "")),
        (b"", _refused(0, "MALFORMED_REQUEST", "request")),
        (whole, _answered(0, good)),
        (whole + b"\x08\x05", _answered(5, good)),
        (b"\x08\x09\x1a\x00" + whole, _answered(9, good)),
        (b"\x08\x0a\xf8\x07\x01" + whole, _answered(10, good)),
        (b"\x08\x01" + whole + b"\x08\x0b", _answered(11, good)),
    ]
    about = "bytes that are no message; fields in any order; the last request and number count; unknown fields do not"
    return _session("bytes", about, [sent for sent, _ in rows], [answer for _, answer in rows])


def cases() -> list[StreamCase]:
    return [
        _kinds(),
        _numbers(),
        _order(),
        _by_id(),
        _errors(),
        _bytes(),
        _session("nothing", "no call at all", [], []),
    ]

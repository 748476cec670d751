"""Requests at random, the same for the same seed: pristine ones, ones damaged in every way, and noise."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

from tests.conformance.cases import DATA, Case, load
from tests.fuzz import damage
from wengert import v1
from wengert.v1 import service_pb2

SERVICE = service_pb2.DESCRIPTOR.services_by_name["DifferentiationService"]
SMALL_BYTES = 2000
"""Cases of fewer bytes are the originals of what is damaged."""
_SIGNS = "()[]{};,:?!^*/+-=<>&|%@.#`$ \n\t\"'\\0123456789eExyzfor\0\N{SNOWMAN}"
"""What is put into source texts."""


class Asked(NamedTuple):
    """One call.

    Attributes
    ----------
    kind : str
        How it was made.
    rpc : str
    messages : list of bytes
        One, or several for an rpc that takes a stream.
    expected : str
        The code that it must end with; empty where any proper one will do.
    """

    kind: str
    rpc: str
    messages: list[bytes]
    expected: str = ""


@cache
def originals() -> tuple[Case, ...]:
    """The conformance cases that are small."""
    everything = [case for path in sorted(DATA.glob("*.json")) for case in load(path)]
    return tuple(case for case in everything if len(case.request_bytes) < SMALL_BYTES)


@cache
def _with_lists() -> tuple[Case, ...]:
    return tuple(case for case in originals() if not isinstance(case.request, bytes) and _list_of(case.request))


def _list_of(request: object) -> v1.WengertList | None:
    function = getattr(request, "function", None)
    return function.list if function is not None and function.HasField("list") else None


def asked(source: random.Random) -> Asked:
    """One call at random."""
    return source.choice(_MAKERS)(source)


def _pristine(source: random.Random) -> Asked:
    case = source.choice(originals())
    # What went before in a case is not repeated here, so a call by id may find nothing.
    code = "" if case.before else case.expect.get("error", {}).get("code", "OK")
    return Asked("pristine", case.rpc, [case.request_bytes], code)


def _bytes(source: random.Random) -> Asked:
    case = source.choice(originals())
    return Asked("damaged bytes", case.rpc, [damage.damaged(case.request_bytes, source)])


def _list(source: random.Random) -> Asked:
    case = source.choice(_with_lists())
    request = getattr(v1, f"{case.rpc}Request").FromString(case.request_bytes)
    damage.misshapen(request.function.list, source)
    return Asked("misshapen list", case.rpc, [request.SerializeToString()])


def _grown(source: random.Random) -> Asked:
    case = source.choice(_with_lists())
    request = getattr(v1, f"{case.rpc}Request").FromString(case.request_bytes)
    damage.grown(request.function.list, source)
    return Asked("grown list", case.rpc, [request.SerializeToString()])


def _points(source: random.Random) -> Asked:
    case = source.choice(_with_lists())
    request = getattr(v1, f"{case.rpc}Request").FromString(case.request_bytes)
    damage.awkward(request.function.list, source)
    for name in ("points", "tangents", "cotangents", "weights"):
        values = getattr(getattr(request, name, None), "values", None)
        if values:
            values[source.randrange(len(values))] = source.choice(damage.DOUBLES)
    return Asked("awkward numbers", case.rpc, [request.SerializeToString()])


def _text(source: random.Random) -> Asked:
    """A source text with signs changed, put in, taken out or repeated, sent to any call."""
    text = list(source.choice(_texts()))
    for _ in range(source.randrange(5)):
        at = source.randrange(len(text))
        kind = source.randrange(4)
        if kind == 0:
            text[at] = source.choice(_SIGNS)
        elif kind == 1:
            text.insert(at, source.choice(_SIGNS))
        elif kind == 2 and len(text) > 1:
            del text[at]
        else:
            text[at:at] = text[source.randrange(len(text)) :][: source.randrange(40)] * source.choice([1, 1, 2, 50])
    case = source.choice([case for case in _with_lists() if len(case.request_bytes) < SMALL_BYTES])
    request = getattr(v1, f"{case.rpc}Request").FromString(case.request_bytes)
    request.function.text = "".join(text)
    return Asked("source text", case.rpc, [request.SerializeToString()])


@cache
def _texts() -> tuple[str, ...]:
    requests = [case.request for case in originals() if not isinstance(case.request, bytes)]
    functions = [
        request.function for request in requests if isinstance(request, v1.RegisterRequest | v1.DescribeRequest)
    ]
    return tuple(function.text for function in functions if function.text)


def _random(source: random.Random) -> Asked:
    method = source.choice(SERVICE.methods)
    count = source.randrange(4) if method.client_streaming else 1
    messages = [damage.random_message(method.input_type, source) for _ in range(count)]
    return Asked("random fields", method.name, messages)


def _cut(source: random.Random) -> Asked:
    case = source.choice(originals())
    return Asked("truncated", case.rpc, [damage.truncated(case.request_bytes, source)])


def _elsewhere(source: random.Random) -> Asked:
    """A request of one rpc, sent to another."""
    case, method = source.choice(originals()), source.choice(SERVICE.methods)
    return Asked("another rpc's", method.name, [case.request_bytes])


def _noise(source: random.Random) -> Asked:
    return Asked("noise", source.choice(SERVICE.methods).name, [source.randbytes(source.randrange(200))])


def _session(source: random.Random) -> Asked:
    """Several calls in one stream, some of them damaged."""
    messages = []
    for number in range(source.randrange(1, 4)):
        name = source.choice(["evaluate", "jvp", "vjp", "jacobian", "hessian", "hvp"])
        case = source.choice([case for case in _with_lists() if case.rpc.lower() == name])
        message = v1.SessionRequest(call=number)
        getattr(message, name).MergeFromString(case.request_bytes)
        content = message.SerializeToString()
        messages.append(damage.damaged(content, source) if source.random() < 0.5 else content)
    return Asked("session", "Session", messages)


def _stream(source: random.Random) -> Asked:
    """A Jacobian in blocks, of a few bytes each."""
    case = source.choice([case for case in _with_lists() if case.rpc == "Jacobian"])
    message = v1.StreamJacobianRequest(block_bytes=source.choice([0, 1, 8, 100, 2**32 - 1]))
    message.request.MergeFromString(case.request_bytes)
    content = message.SerializeToString()
    damages = [lambda content, _: content, damage.damaged, damage.truncated]
    return Asked("stream", "StreamJacobian", [source.choice(damages)(content, source)])


# A list that parses and is wrong, or merely different, reaches deepest: half of all.
_MAKERS = (
    [_list] * 6
    + [_grown] * 4
    + [_text] * 3
    + [_pristine, _bytes, _points, _random, _random, _cut, _elsewhere, _noise, _session, _stream]
)

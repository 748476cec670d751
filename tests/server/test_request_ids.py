"""The id of a call: the caller's or a new one, in the answer, in errors, in every line logged for the call."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, cast

import pytest

from tests.server.asking import DEADLINE_S, product, raw, refusal, unary
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1
from wengert_server import logs
from wengert_server.caller import Call, current

if TYPE_CHECKING:
    import grpc

MADE = re.compile("[0-9a-f]{16}")
REQUEST = v1.EvaluateRequest(function=v1.FunctionSource(list=product()), points=tensor([3.0, 4.0]))


def _answered(channel: grpc.Channel, *given: tuple[str, str | bytes]) -> str:
    _, call = unary(channel, "Evaluate").with_call(REQUEST.SerializeToString(), timeout=DEADLINE_S, metadata=given)
    return str(dict(call.trailing_metadata() or ())["x-request-id"])


@pytest.mark.parametrize("given", ["mine-1", "a/b:c=d?e#f", "x" * 64, "!", "00-4bf92f3577b34da6-01"])
def test_the_id_given_comes_back(channel: grpc.Channel, given: str) -> None:
    assert _answered(channel, ("x-request-id", given)) == given


@pytest.mark.parametrize("given", ["", "x" * 65, "two words"])
def test_an_id_that_is_not_short_and_plain_is_replaced(channel: grpc.Channel, given: str) -> None:
    assert MADE.fullmatch(_answered(channel, ("x-request-id", given)))


def test_ids_that_are_made_differ(channel: grpc.Channel) -> None:
    made = {_answered(channel) for _ in range(20)}
    assert len(made) == 20
    assert all(MADE.fullmatch(each) for each in made)


def test_every_error_has_the_id(channel: grpc.Channel) -> None:
    assert MADE.fullmatch(refusal(lambda: raw(channel, "Evaluate", b"\xff")).request_id)
    unserved = unary(channel, "Explain")
    refused = refusal(lambda: unserved(b"", metadata=(("x-request-id", "e-1"),)))
    assert (refused.reason, refused.request_id) == ("UNSUPPORTED", "e-1")


@pytest.mark.parametrize("form", ["json", "text"])
def test_log_lines_have_it_with_the_beginning_of_the_functions_id(form: str) -> None:
    flags = ("--log-format", form, "--log-level", "debug")
    with running_server(*flags) as server, server.channel() as channel:
        assert _answered(channel, ("x-request-id", "logged-1")) == "logged-1"
        request = v1.RegisterRequest(function=v1.FunctionSource(list=product()))
        registered = raw(channel, "Register", request.SerializeToString())
        whole = v1.RegisterResponse.FromString(registered).info.id
        (line,) = [each for each in server.logged().splitlines() if "logged-1" in each]
        assert whole not in server.logged()
    if form == "json":
        fields = cast("dict[str, object]", json.loads(line))
        assert (fields["request_id"], fields["function"], fields["code"]) == ("logged-1", whole[:12], "OK")
    else:
        assert f" request_id=logged-1 function={whole[:12]}" in line


def test_lines_logged_by_others_during_a_call_have_its_id() -> None:
    assert current().request_id == ""
    record = logging.LogRecord("adengine", logging.INFO, "", 0, "compiled", (), None)
    with Call("Evaluate", "r-1"):
        assert logs._Text().format(record).endswith(" info compiled request_id=r-1")
    assert logs._Text().format(record).endswith(" info compiled")

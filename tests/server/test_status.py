"""The error map: complete, and small enough for any client."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from adengine.errors import EngineError, InvalidList, LimitExceeded, Violation
from wengert_server import errors as server_errors
from wengert_server.errors import Overloaded
from wengert_server.status import CODES, code_of, fault_status, status_of

REASONS = {
    "MALFORMED_REQUEST", "INVALID_LIST", "INVALID_TEXT", "INVALID_SHAPE", "INVALID_POINTS", "INVALID_DIRECTIONS",
    "AMBIGUOUS_DIRECTIONS", "INVALID_NAME", "UNKNOWN_NAME", "UNKNOWN_FIELD", "UNKNOWN_PRIMITIVE",
    "UNKNOWN_FUNCTION", "LIMIT_EXCEEDED", "OVERLOADED", "UNAUTHENTICATED", "UNSUPPORTED",
}  # fmt: skip


def _all(kind: type[EngineError]) -> set[type[EngineError]]:
    return {kind}.union(*(_all(below) for below in kind.__subclasses__()))


#: Of gRPC's own codes, for those who wait no more.
ENDED = {"CANCELLED", "DEADLINE_EXCEEDED"}


def _told() -> list[type[EngineError]]:
    """The errors that are raised: those with a reason of their own."""
    kinds = (kind for kind in _all(EngineError) - {EngineError} if "reason" in vars(kind))
    return sorted(kinds, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", _told(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_and_a_reason_of_the_contract(kind: type[EngineError]) -> None:
    error = kind.__new__(kind)
    assert code_of(error) is not grpc.StatusCode.INTERNAL
    assert kind.reason in REASONS | ENDED


def test_every_reason_can_be_given() -> None:
    assert {kind.reason for kind in _told()} == REASONS | ENDED


def test_the_table_has_no_line_that_nothing_uses() -> None:
    used = {next(base for base in kind.__mro__ if base in CODES) for kind in _told()}
    assert used == set(CODES)
    assert {kind for kind in CODES if kind.__module__ == server_errors.__name__} < _all(EngineError)


def _details(status: grpc.Status) -> tuple[status_pb2.Status, list[Violation], int]:
    data = dict(status.trailing_metadata)["grpc-status-details-bin"]
    assert isinstance(data, bytes)
    parsed = status_pb2.Status.FromString(data)
    blamed = error_details_pb2.BadRequest()
    for detail in parsed.details:
        detail.Unpack(blamed)
    return parsed, [Violation(v.field, v.description) for v in blamed.field_violations], len(data)


@pytest.mark.parametrize("sentence", ["x" * 100_000, "\N{SNOWMAN}" * 5_000, "%" * 5_000, "\x00\n\r" * 5_000])
def test_long_and_strange_sentences_fit(sentence: str) -> None:
    error = InvalidList(sentence, "a" * 10_000, *[Violation("b" * 10_000, sentence)] * 20)
    status = status_of(error, "i" * 64)
    parsed, blamed, size = _details(status)
    assert len(status.details.encode()) <= 1000
    assert status.details.isascii()
    assert status.details.isprintable()
    assert size <= 4000
    assert 1 <= len(blamed) <= 10
    assert parsed.message == status.details
    # What travels: base64 of the details, and the message with each % as three bytes.
    assert size * 4 / 3 + len(status.details) + 2 * status.details.count("%") < 8000
    assert dict(status.trailing_metadata)["x-request-id"] == "i" * 64


def test_ten_violations_are_told_in_order() -> None:
    many = [Violation(f"arguments[{i}]", f"wrong {i}") for i in range(1, 20)]
    _, blamed, _ = _details(status_of(InvalidList("wrong 0", "arguments[0]", *many)))
    assert blamed == [Violation(f"arguments[{i}]", f"wrong {i}") for i in range(10)]


def test_a_limit_tells_its_name_and_value() -> None:
    parsed, _, _ = _details(status_of(LimitExceeded("statements", 10, 12, "statements of the list", "primitives")))
    info = error_details_pb2.ErrorInfo()
    parsed.details[0].Unpack(info)
    assert dict(info.metadata) == {"limit": "statements", "allowed": "10", "needed": "12"}
    assert parsed.message == "statements of the list: 12 needed, the limit statements is 10"


def test_one_that_is_busy_says_when_to_try_again() -> None:
    status = status_of(Overloaded("no room", 250), "i")
    parsed, blamed, _ = _details(status)
    again = error_details_pb2.RetryInfo()
    assert parsed.details[1].Unpack(again)
    assert again.retry_delay.ToMilliseconds() == 250
    assert dict(status.trailing_metadata)["grpc-retry-pushback-ms"] == "250"
    assert not blamed


def test_a_fault_tells_its_id_alone() -> None:
    status = fault_status("abc")
    parsed, blamed, _ = _details(status)
    assert status.code is grpc.StatusCode.INTERNAL
    assert status.details == "the server failed; its log says more under the request id abc"
    assert not blamed
    assert not parsed.details

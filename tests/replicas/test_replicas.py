"""Replicas that fail under load, in short; ``make replicas`` is the long form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.replicas.faults import Outcome, under_faults
from tests.replicas.fleet import CONFIGURATION, Fleet, haproxy, installed

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = 2_000


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(3) as running:
        yield running


def _check(outcome: Outcome) -> None:
    assert (outcome.failed, outcome.wrong, outcome.told) == (0, 0, [])
    assert outcome.calls >= CALLS


def test_no_call_fails_and_none_is_wrong_with_the_clients_turns(fleet: Fleet) -> None:
    _check(under_faults(fleet, fleet.addresses, CALLS))


@pytest.mark.skipif(not installed(), reason="HAProxy is not installed: apt-get install haproxy")
def test_no_call_fails_and_none_is_wrong_behind_haproxy(fleet: Fleet) -> None:
    with haproxy(fleet.addresses) as address:
        _check(under_faults(fleet, address, CALLS))


def test_the_health_check_of_the_configuration_is_what_it_says() -> None:
    """The bytes that HAProxy sends, made anew from their parts."""

    def frame(kind: int, flags: int, stream: int, payload: bytes) -> str:
        head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
        return (head + payload).hex()

    def text(value: str) -> bytes:
        return bytes([len(value)]) + value.encode()

    # Numbers of HPACK's static table: 3 is POST, 6 http, 4 the path, 1 the authority, 31 the type of the content.
    fields = b"\x83\x86\x04" + text("/grpc.health.v1.Health/Check") + b"\x01" + text("wengert")
    fields += b"\x0f\x10" + text("application/grpc") + b"\x00" + text("te") + text("trailers")
    expected = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".hex(),
        frame(4, 0, 0, b""),
        frame(1, 4, 1, fields),
        frame(0, 1, 1, bytes(5)),
    ]
    lines = [line.split() for line in CONFIGURATION.read_text().splitlines()]
    assert [line[2] for line in lines if line[:2] == ["tcp-check", "send-binary"]] == expected

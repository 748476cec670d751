"""Load and soak in their short forms; and that they would see what they are there to see."""

from __future__ import annotations

import collections

import pytest

from tests.load.client import Tally
from tests.load.generate import Load, load
from tests.load.kinds import KINDS
from tests.load.soak import Soak, soak
from tests.serving import running_server

SECONDS = 20.0
SHORT_GROWTH = 200 << 20
"""In seconds no cache is filled and no pool of threads complete."""


def test_every_kind_of_call_is_answered_right() -> None:
    with running_server() as server:
        found = load(server.address, 6.0, 2000, processes=2, threads=2)
    assert (found.wrong, found.errors) == (0, {})
    assert set(found.tallies) == {kind.name for kind in KINDS}
    assert found.answered > 100


def test_a_server_goes_on_whatever_clients_do() -> None:
    found = soak(SECONDS)
    assert [text for text in found.wrongs(SHORT_GROWTH) if "threads" not in text] == []
    assert set(found.faults) >= {"slow_readers", "half_open", "cancelled_calls", "left_streams", "killed_processes"}


def test_the_report_tells_each_kind() -> None:
    tally = Tally([0.001] * 99 + [0.5], collections.Counter(UNAVAILABLE=2), 3)
    found = Load(10.0, {"tiny value and Jacobian": tally})
    (_, line, last) = found.lines()
    assert line.split()[-7:] == ["100", "10.0", "1.00", "5.99", "500.00", "2", "3"]
    assert last == "100 calls answered in 10 s, 3 wrong; failed: 2 UNAVAILABLE"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Soak(Load(1.0, {"a": Tally(wrong=1)}), {}), "1 wrong answers"),
        (Soak(Load(1.0, {"a": Tally(errors=collections.Counter(INTERNAL=1))}), {}), "failed calls: {'INTERNAL': 1}"),
        (Soak(Load(1.0, {}), {}, [k << 22 for k in range(100)]), "memory has grown by 140 MiB"),
        (Soak(Load(1.0, {}), {}, threads=list(range(100))), "35 threads more"),
        (Soak(Load(1.0, {}), {}, files=(10, 100)), "open files: 10 before, 100 after"),
    ],
)
def test_what_a_soak_would_see(found: Soak, told: str) -> None:
    assert list(found.wrongs()) == [told]

"""Functions that come, are compiled and go leave nothing behind: see tests.load.rounds for ten thousand of them."""

from __future__ import annotations

from tests.load.rounds import rounds


def test_memory_is_flat() -> None:
    used = rounds(600, 6)
    assert used[-1] - used[1] < 1500, f"KiB in use after each hundred rounds: {used}"

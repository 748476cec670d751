"""Functions that come, are compiled and go leave nothing behind: see tests.load.rounds for ten thousand of them."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from tests.load.rounds import rounds


def test_memory_is_flat() -> None:
    # In a process of its own: what other tests have left in this one moves, too.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        used = process.submit(rounds, 600, 6).result(300)
    assert used[-1] - used[1] < 1500, f"KiB in use after each hundred rounds: {used}"

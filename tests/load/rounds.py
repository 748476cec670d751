"""Rounds of registering, compiling, answering and dropping a function: memory has to stay flat.

python -m tests.load.rounds [ROUNDS]
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

import numpy as np

from adengine import Engine, Input, Output, WengertList
from adengine.primitives import BY_NAME

_PAUSE_S = 0.2


def function(number: int) -> WengertList:
    """Return a list that no other round has: sines and products, one after another."""
    multiply, sine = BY_NAME["MULTIPLY"].number, BY_NAME["SIN"].number
    primitives, arguments = [], []
    for k in range(20):
        primitives += [multiply, sine]
        arguments += [2 + 2 * k, -1, 3 + 2 * k]
    return WengertList.build(
        inputs=[Input("x"), Input("y")],
        primitives=primitives,
        arguments=arguments,
        constants=[1.0 + number],
        outputs=[Output("f", 2 + len(primitives))],
    )


def resident_kib() -> int:
    """Return the memory of this process that is in use."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def rounds(count: int, reports: int = 10) -> list[int]:
    """Register, compile, ask and drop so many functions; gives the memory in use after each part of them, in KiB."""
    engine, used = Engine(threads=1), []
    point, v = np.array([0.5, 1.5]), np.ones(1)
    for number in range(1, count + 1):
        one = function(number)
        tiers = {engine.prepare(one, what) for what in ("evaluate", "vjp")}
        answered = engine.vjp(one, point, v)
        if tiers != {"machine"} or answered.report.tier != "machine" or not engine.forget(one.id):
            raise RuntimeError(f"round {number}: {tiers}, {answered.report}")
        del one, answered
        if number % max(count // reports, 1) == 0:
            gc.collect()
            time.sleep(_PAUSE_S)  # another thread gives the code back
            used.append(resident_kib())
    return used


def main() -> None:
    """Read the command line and print what is in use."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    started = time.perf_counter()
    used = rounds(count)
    for part, kib in enumerate(used, 1):
        sys.stdout.write(f"{part * count // len(used):7} rounds: {kib / 1024:.1f} MiB\n")
    sys.stdout.write(f"{time.perf_counter() - started:.0f} s\n")


if __name__ == "__main__":
    main()

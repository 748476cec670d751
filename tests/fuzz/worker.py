"""Makes calls at random to a service in its own process, and tells what it saw, a line of JSON at a time.

It is a process of its own so that one that crashes or hangs is seen by the one that started it.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import json
import logging
import random
import sys
import time
import warnings
from pathlib import Path

from tests.fuzz.answers import fault
from tests.fuzz.black_box import BlackBox
from tests.fuzz.in_process import InProcess
from tests.fuzz.memory import resident_bytes
from tests.fuzz.requests import asked

BATCH = 1000
"""Calls of one seed: any batch can be repeated by itself."""
BOX = "last"
_SHOWN_BYTES = 4000


class Worker:
    """The service, and what was seen of it."""

    def __init__(self, folder: Path) -> None:
        self._service = InProcess(folder)
        self._box = BlackBox(folder / BOX)

    def batch(self, seed: int, count: int) -> dict[str, object]:
        """Make the calls of one seed."""
        source = random.Random(seed)  # noqa: S311  reproducible, not secret
        codes: collections.Counter[str] = collections.Counter()
        faults, longest = [], 0.0
        for number in range(count):
            call = asked(source)
            content = b"".join(call.messages)
            self._box.write(f"seed {seed}, call {number}: {call.rpc}, {call.kind}", content)
            started = time.process_time()  # it waits for nobody, and the machine may be busy
            answer = self._service.answer(call)
            longest = max(longest, time.process_time() - started)
            codes[f"{call.kind}: {answer.code}"] += 1
            if wrong := fault(call, answer):
                shown = content[:_SHOWN_BYTES].hex()
                faults.append(f"seed {seed}, call {number}, {call.kind}, {call.rpc}: {wrong}; sent {shown}")
        return {"seed": seed, "codes": codes, "faults": faults, "longest_s": longest, "bytes": resident_bytes()}


def main() -> None:
    """Run batches until so many calls are made or the time is up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    faulthandler.enable()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore", RuntimeWarning)  # as the server does
    worker, ends = Worker(options.folder), time.monotonic() + options.seconds
    for number in range(-(-options.calls // BATCH)):
        if time.monotonic() > ends:
            break
        count = min(BATCH, options.calls - number * BATCH)
        told = worker.batch(options.seed + number * options.step, count)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

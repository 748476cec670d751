"""What it costs to have kernels compiled for a stated processor instead of the one at hand.

    python -m benchmarks.processors FOLDER

FOLDER has kernels that ``adengine.prepare`` made. A process with those and one with kernels for this machine compute
the same by turns; each line has the smallest and the median of the ratios of both, over many rounds.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

ROUNDS = 60
LEAST_S = 0.01
"""How long a process computes in each turn."""

Call = Callable[[], object]


def calls() -> dict[str, Call]:
    """What is computed: scalar lists at one and at many points, arrays, elementary functions, matrix products."""
    from adengine import Engine  # noqa: PLC0415  only in the processes that compute
    from examples import functions  # noqa: PLC0415
    from wengert_server.decode import wengert_list  # noqa: PLC0415
    from wengert_server.settings import Settings  # noqa: PLC0415

    settings = Settings()
    engine = Engine(threads=1, machine_code=False)
    made: dict[str, Call] = {}
    for title, problem, points, ask in (
        ("Lotka-Volterra, 200 RK4 steps: f and J", functions.lotka_volterra(200), 1, "jacobian"),
        ("Lotka-Volterra at 256 points: f and J", functions.lotka_volterra(200), 256, "jacobian"),
        ("Rosenbrock 100000, arrays: f and J^T v", functions.rosenbrock(100_000), 1, "vjp"),
        ("likelihood of 10000 samples: f and J^T v", functions.gaussian_log_likelihood(10_000), 1, "vjp"),
        ("mixture, 10 x 25 x 1000: f and J^T v", functions.mixture(10, 25, 1000), 1, "vjp"),
        ("network 784-64-10, batch 32: f and J^T v", functions.network(784, 64, 10, 32), 1, "vjp"),
    ):
        function = wengert_list(problem.builder.build(), settings.engine_limits(), settings.max_tensors)
        at = np.asarray(problem.point, float)
        x = at if points == 1 else np.tile(at, (points, 1))
        made[title] = functools.partial(getattr(engine, ask), function, x, shared=tuple(problem.shared.items()))
    return made


def work() -> None:
    """Compute what is asked for by its number, and answer how long one call takes."""
    ready = list(calls().values())
    for call in ready:
        call()
    print("ready", flush=True)
    for line in sys.stdin:
        call = ready[int(line)]
        times = 0
        began = time.perf_counter()
        while (passed := time.perf_counter() - began) < LEAST_S or not times:
            call()
            times += 1
        print(passed / times, flush=True)


@contextmanager
def worker(prepared: str) -> Iterator[Callable[[int], float]]:
    """A process that computes, with prepared kernels or with those for this machine."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from benchmarks.processors import work; work()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"WENGERT_KERNELS": prepared},
    )
    given, told = process.stdin, process.stdout
    if given is None or told is None:
        raise TypeError("both are pipes")

    def ask(number: int) -> float:
        given.write(f"{number}\n")
        given.flush()
        return float(told.readline())

    try:
        if told.readline() != "ready\n":
            sys.exit("a process that was to compute has ended")
        yield ask
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Print a table."""
    if len(sys.argv) != 2:
        sys.exit("a folder of prepared kernels is to be named")
    with worker(sys.argv[1]) as prepared, worker("") as native:
        print(f"{'prepared / native':44} least median  native")
        for number, title in enumerate(calls()):
            rounds = [(prepared(number), native(number)) for _ in range(ROUNDS)]
            theirs, ours = np.array(rounds).T
            ratios = f"{theirs.min() / ours.min():5.2f} {np.median(theirs / ours):5.2f}"
            print(f"{title:44} {ratios}   {np.median(ours) * 1e6:8.1f} us", flush=True)


if __name__ == "__main__":
    main()

"""Arrays beside what they are measured against: matrix products beside NumPy's, strips beside statement by statement.

OPENBLAS_NUM_THREADS=1 python -m benchmarks.arrays

Contenders in turns. Each line has the smallest and the median time of the engine over that of the other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from adengine import Engine, strips
from adengine.products import matrix_product
from benchmarks.measure import Effort, compare
from examples import functions as problems
from wengert_server.decode import wengert_list
from wengert_server.settings import Settings

Call = Callable[[], object]

SIZES: Sequence[tuple[int, int, int, bool, bool]] = (
    (32, 784, 64, False, False), (784, 32, 64, True, False), (32, 64, 10, False, False), (32, 10, 64, False, True),
    (1000, 10, 250, False, False), (10, 1000, 250, True, False), (64, 64, 64, False, False),
    (256, 256, 256, False, False), (256, 256, 256, False, True), (1000, 1000, 1000, False, False),
    (1000, 1000, 1, False, False), (1000, 1000, 1, True, False), (1, 1000, 1000, False, False),
)  # fmt: skip
"""m, k, n and which operand is stored transposed."""

_BEHIND = 3072
_EFFORT = Effort(rounds=40, comparison_s=4.0)


def products(m: int, k: int, n: int, x_transposed: bool, y_transposed: bool) -> dict[str, Call]:
    """The same product by the engine and by NumPy."""
    random = np.random.default_rng(1)
    x = random.normal(size=(k, m) if x_transposed else (m, k))
    y = random.normal(size=(n, k) if y_transposed else (k, n))
    arena = np.concatenate([x.ravel(), y.ravel(), np.zeros(m * n + _BEHIND)])
    pool = np.array([m, k, n, x_transposed, y_transposed], np.int64)
    one, at, out = np.uint64(1), np.uint64(x.size), np.uint64(x.size + y.size)
    none = np.uint64(0)
    a, b, made = x.T if x_transposed else x, y.T if y_transposed else y, np.empty((m, n))
    return {
        "engine": lambda: matrix_product(arena, pool, none, out, none, at, one, one, one, False),
        "other": lambda: np.dot(a, b, out=made),
    }


def gradients(problem: problems.Problem) -> dict[str, Call]:
    """A gradient in strips, and statement by statement."""
    settings = Settings()
    function = wengert_list(problem.builder.build(), settings.engine_limits(), settings.max_tensors)
    point, shared = np.asarray(problem.point, float), tuple(problem.shared.items())
    least = strips.LEAST_NUMBERS
    calls: dict[str, Call] = {}
    for name, fewest in (("engine", least), ("other", 1 << 62)):
        strips.LEAST_NUMBERS = fewest
        calls[name] = functools.partial(Engine().vjp, function, point, shared=shared)
        calls[name]()
    strips.LEAST_NUMBERS = least
    return calls


def line(title: str, calls: dict[str, Call]) -> str:
    """One contest."""
    ours, other = compare(calls, _EFFORT)
    ratios = f"{ours.minimum / other.minimum:5.2f} {ours.median / other.median:5.2f}"
    return f"{title:44} {ratios}   {ours.median * 1e6:10.1f} us"


def main() -> None:
    """Print both tables."""
    print(f"{'matrix product / NumPy, m x k x n':44} least median")
    for m, k, n, *stored in SIZES:
        flags = "".join("T" if transposed else "-" for transposed in stored)
        print(line(f"{m} x {k} x {n} {flags}", products(m, k, n, stored[0], stored[1])), flush=True)
    print(f"\n{'gradient in strips / without':44} least median   strips of {strips.STRIP_NUMBERS}")
    for problem in (
        problems.rosenbrock(100_000, arrays=True), problems.rosenbrock(1_000_000, arrays=True),
        problems.gaussian_log_likelihood(1_000_000), problems.mixture(10, 25, 1000), problems.mixture(10, 25, 8000),
    ):  # fmt: skip
        print(line(f"{problem.name}", gradients(problem)), flush=True)


if __name__ == "__main__":
    main()

"""``python -m benchmarks.accuracy [SAMPLES]``: how exact and how fast the elementary functions are.

Every way of computing them (scalar, four and eight numbers at once) is compared with mpmath's 40 digits: on numbers of
all sizes, near 1, near multiples of pi/2, in the usual ranges and among the subnormal ones. mpmath is slow, so where
NumPy's long double has the function and more digits than a double, it first finds the points that look worst. The
table of docs/notes/0010 is the output: errors in units in the last place, and speed beside the scalar functions for
rows of 1000 ordinary numbers, with what the engine does to load and store them.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray

from adengine import Input, Output, WengertList
from adengine.lower import lower
from adengine.primitives import BY_NAME
from adengine.program import Program
from adengine.transfer import BLOCK_COLUMNS, POINT
from adengine.vector_library import Routines, available

Floats = NDArray[np.float64]

DIGITS = 40
_SAMPLES = 1_000_000
_EXACT_SAMPLES = 10_000
_SUSPECTS = 200
_ROW, _ROUNDS = 1000, 400
_SMALLEST = 2.0**-1074


def _cbrt(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


def _acosh(x: Any) -> Any:
    """From x - 1, which loses no digits near 1."""
    return 2 * mp.asinh(mp.sqrt((x - 1) / 2))


def _erfc(x: Any) -> Any:
    """Below the least float64 from 30 on, where mpmath takes its time."""
    return mp.erfc(x) if x < 30 else mpf(0)


def _erf(x: Any) -> Any:
    return mp.erf(x) if abs(x) < 30 else mp.sign(x)


def _grown(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """For functions that grow as exp: their arguments as far as float64 reaches."""
    return lambda x: function(max(min(x, mpf(1500)), mpf(-1500)))


EXACT: dict[str, Callable[..., Any]] = {
    "EXP": _grown(mp.exp),
    "EXP2": _grown(lambda x: mp.power(2, x)),
    "EXPM1": _grown(mp.expm1),
    "LOG": mp.log,
    "LOG2": lambda x: mp.log(x) / mp.log(2),
    "LOG10": mp.log10,
    "LOG1P": mp.log1p,
    "SIN": mp.sin,
    "COS": mp.cos,
    "TAN": mp.tan,
    "ASIN": mp.asin,
    "ACOS": mp.acos,
    "ATAN": mp.atan,
    "SINH": _grown(mp.sinh),
    "COSH": _grown(mp.cosh),
    "TANH": _grown(mp.tanh),
    "ASINH": mp.asinh,
    "ACOSH": _acosh,
    "ATANH": mp.atanh,
    "CBRT": _cbrt,
    "ERF": _erf,
    "ERFC": _erfc,
    "ATAN2": mp.atan2,
    "POWER": mp.power,
    "HYPOT": mp.hypot,
}
"""The functions with many digits, where their value is real and finite."""


_LONG_NAMES = {
    "ASIN": "arcsin", "ACOS": "arccos", "ATAN": "arctan", "ATAN2": "arctan2", "ASINH": "arcsinh", "ACOSH": "arccosh",
    "ATANH": "arctanh",
}  # fmt: skip
_LONG: dict[str, Any] = {
    name: getattr(np, _LONG_NAMES.get(name, name.lower())) for name in EXACT if name not in ("ERF", "ERFC")
}
"""The same in long double."""


def row_runner(name: str, routines: Routines, arguments: list[Floats]) -> Callable[[], Floats]:
    """What computes a primitive of arrays by the engine with the given routines, without the engine's own overhead."""
    row = BY_NAME[name]
    n = len(arguments[0])
    function = WengertList.build(
        inputs=[Input(f"x{place}", (n,)) for place in range(row.arity)],
        primitives=[row.number],
        arguments=list(range(1, row.arity + 1)),
        outputs=[Output("f", row.arity + 1)],
    )
    sources = np.column_stack([np.full(row.arity, POINT), np.arange(row.arity) * n])
    program = Program(lower(function, [0]), sources, np.zeros(row.arity, np.uint8), 1, routines)
    block = np.zeros((1, BLOCK_COLUMNS), np.int64)
    block[0, 0], block[0, 2], block[0, 6], block[0, 10] = 1, row.arity * n, n, -1
    x, values, nothing = np.concatenate(arguments), np.empty(n), np.empty(0)

    def run() -> Floats:
        program.run(block, x, nothing, nothing, values, nothing)
        return values

    return run


def seconds_of(name: str, ways: tuple[Routines, ...]) -> list[float]:
    """Median time of each way for a row of ordinary numbers, measured in turns."""
    rng = np.random.default_rng(BY_NAME[name].number)
    low = 1.05 if name == "ACOSH" else 0.05
    arguments = [rng.uniform(low, low + 0.9, _ROW) for _ in range(BY_NAME[name].arity)]
    runners = [row_runner(name, way, arguments) for way in ways]
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(_ROUNDS):
        for run, taken in zip(runners, times, strict=True):
            started = time.perf_counter()
            run()
            taken.append(time.perf_counter() - started)
    return [float(np.median(taken)) for taken in times]


def _any_size(rng: np.random.Generator, count: int) -> Floats:
    """Finite numbers with random bits: all exponents alike."""
    bits = rng.integers(0, 2**64, 2 * count, np.uint64, endpoint=False).view(np.float64)
    return bits[np.isfinite(bits)][:count]


def samples(name: str, count: int, seed: int = 1) -> list[Floats]:
    """About so many points for each argument of a function."""
    rng = np.random.default_rng([seed, BY_NAME[name].number])
    n = max(count // 10, 1)
    x: Floats = np.concatenate([
        _any_size(rng, n),
        *(rng.uniform(-high, high, n) for high in (1.0, 10.0, 50.0, 800.0)),
        1.0 + rng.uniform(-1, 1, n) * 2.0 ** -rng.uniform(0, 52, n),
        rng.choice([-1.0, 1.0], n) * 2.0 ** rng.uniform(-60, 60, n),
        np.round(rng.uniform(-1e5, 1e5, n)) * (math.pi / 2) * (1 + rng.integers(-2, 3, n) * 2.0**-53),
        rng.integers(-(2**53), 2**53, n) * _SMALLEST,
        rng.choice([-1.0, 1.0], n) * 2.0 ** rng.uniform(-1030, -1000, n),
    ], dtype=np.float64)  # fmt: skip
    if BY_NAME[name].arity == 1:
        return [x]
    if name != "POWER":
        with np.errstate(over="ignore"):
            near = x * 2.0 ** rng.uniform(-30, 30, len(x)) * 0.99
        other: Floats = np.where(rng.random(len(x)) < 0.5, rng.permutation(x), near)
        return [x, other]
    base = np.where(rng.random(len(x)) < 0.9, np.abs(x), x)
    with np.errstate(all="ignore"):
        exponent = rng.uniform(-1080, 1028, len(x)) / np.log2(np.abs(base))
    exponent = np.where(np.isfinite(exponent), exponent, 2.0)
    return [base, np.where(base < 0, np.round(exponent), exponent)]


def ulps(value: float, exact: Any) -> float:
    """How many units in the last place of the exact result a finite value is off."""
    place = max(mp.frexp(exact)[1] - 53, -1074) if exact else -1074
    return float(abs(mpf(value) - exact) / mpf(2) ** place)


class Worst(NamedTuple):
    """The largest error of one way to compute a function, and where."""

    ulps: float
    at: tuple[float, ...]


def exact_values(name: str, points: list[Floats], where: NDArray[np.bool_]) -> list[Any]:
    """The function with many digits where asked and the arguments are finite; else None.

    Of two arguments neither may be 0: many digits have no sign of zero.
    """
    for x in points:
        where = where & np.isfinite(x) & ((x != 0) | (len(points) == 1))
    with mp.workdps(DIGITS):
        rows = zip(*(x.tolist() for x in points), strict=True)
        return [EXACT[name](*map(mpf, row)) if wanted else None for row, wanted in zip(rows, where, strict=True)]


def suspects(name: str, computed: list[Floats], points: list[Floats]) -> NDArray[np.int64]:
    """Places of finite values that look worst; the first ones where no long double tells."""
    if name not in _LONG or np.finfo(np.longdouble).nmant < 60:
        return np.arange(min(_EXACT_SAMPLES, len(points[0])))
    with np.errstate(all="ignore"):
        exact = _LONG[name](*(x.astype(np.longdouble) for x in points))
        errors = [np.abs(values - exact) / np.spacing(np.abs(exact).astype(np.float64)) for values in computed]
    ranked = [np.argsort(np.where(np.isfinite(error), error, -1.0))[-_SUSPECTS:] for error in errors]
    return np.unique(np.concatenate(ranked))


def worst(values: Floats, exact: list[Any], points: list[Floats]) -> Worst:
    """The largest error among the points of which an exact value is known."""
    found = Worst(0.0, ())
    with mp.workdps(DIGITS):
        for place, (value, true) in enumerate(zip(values.tolist(), exact, strict=True)):
            if true is not None and (error := ulps(value, true)) > found.ulps:
                found = Worst(error, tuple(float(x[place]) for x in points))
    return found


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _SAMPLES
    ways = available()
    print("| function |", " | ".join(f"{way.name}: ulp | worst at | times as fast" for way in ways[:-1]), end=" | ")
    print("scalar: ulp | worst at |")
    print("|---" + "|--:|---|--:" * (len(ways) - 1) + "|--:|---|")
    for name in EXACT:
        points = samples(name, count)
        computed = [row_runner(name, way, points)() for way in ways]
        chosen = suspects(name, computed, points)
        points = [x[chosen] for x in points]
        computed = [values[chosen] for values in computed]
        exact = exact_values(name, points, np.isfinite(computed[-1]))
        found = [worst(values, exact, points) for values in computed]
        cells = [f"{one.ulps:.2f} | {', '.join(f'{x:.6g}' for x in one.at)}" for one in found]
        *others, scalar = seconds_of(name, ways)
        cells[:-1] = [f"{cell} | {scalar / taken:.1f}" for cell, taken in zip(cells[:-1], others, strict=True)]
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()

"""Random lists run in every way: one factor varied at a time, and pairs of factors, bit for bit.

The factors are the order of execution, lanes, the tier, the routines for elementary functions, threads, and whether
views alias what they look at or are copied. Every way answers for the same points; with the same routines the bits are
the same, with others the numbers are, on lists that do not magnify rounding.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from adengine import Engine, Mode, pieces, schedule
from adengine.primitives import ELEMENTWISE
from adengine.vector_library import available
from tests.adengine.machine_lists import RandomList, special_points
from tests.adengine.test_machine_code import same_bits
from tests.adengine.test_order import in_list_order
from tests.conformance.in_process import engine_list

if TYPE_CHECKING:
    from adengine import WengertList

Floats = npt.NDArray[np.float64]
Answers = dict[str, list[Floats]]
POINTS = 33
SMOOTH = ("ADD", "SUBTRACT", "SIN", "COS", "TANH", "SIGMOID", "ATAN", "EXP", "MULTIPLY")
MOVES = ("TRANSPOSE", "SLICE", "BROADCAST", "RESHAPE", "GATHER")


class Way(NamedTuple):
    """How a list is run."""

    order: str = "usual"
    lanes: int = 1
    tier: str = "vm"
    routines: int = 0
    threads: int = 1
    views: str = "aliased"


USUAL = Way()
OTHERS: dict[str, tuple[object, ...]] = {
    "order": ("list",),
    "lanes": (2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33),
    "tier": ("machine",),
    "routines": tuple(range(1, len(available()))),
    "threads": (3,),
    "views": ("copied",),
}
ONE_EACH = {name: others[-1] for name, others in OTHERS.items() if others} | {"lanes": 9}


class Copied(RandomList):
    """The same random lists, in which each view is copied by a product with 1, which changes no bit."""

    def _append(self, name: str, arguments: list[int], shape: tuple[int, ...], parameters: list[int]) -> None:
        super()._append(name, arguments, shape, parameters)
        if name in MOVES:
            one = self._writer.constant(1.0)
            self._known[-1] = self._writer.add("MULTIPLY", self._known[-1][0], one), shape


def random_function(seed: int, sizes: tuple[int, ...], statements: int, *, smooth: bool, copied: bool) -> WengertList:
    """Return a list of scalars and of vectors of these sizes; the same for a seed, whether views are copied or not."""
    random = np.random.default_rng(seed)
    made = (Copied if copied else RandomList)(random, sizes, 4, 20)
    rows = {row.name: row for row in ELEMENTWISE}
    for _ in range(statements):
        if sizes and random.random() < 0.3:
            made.structural()
        elif smooth:
            made.elementwise(rows[SMOOTH[random.integers(len(SMOOTH))]])
        else:
            made.elementwise()
    return engine_list(made.finished(6))


def answers(function: WengertList, way: Way, seed: int, *, special: bool, patch: pytest.MonkeyPatch) -> Answers:
    """Return f, products and Jacobians in both modes at all points, in calls of as many points as there are lanes."""
    random = np.random.default_rng(seed)
    x = special_points(random, POINTS, function.n) if special else random.uniform(-1, 1, (POINTS, function.n))
    u, v = random.normal(size=(2, function.n)), random.normal(size=(2, function.m))
    with patch.context() as now:
        now.setattr("adengine.engine.best", lambda: available()[way.routines])
        now.setattr("adengine.functions.doubtful", lambda *_: False)
        if way.order == "list":
            now.setattr(schedule, "execution_order", in_list_order)
        if way.threads > 1:
            now.setattr(pieces, "TIMED_NS", 0.0)
            now.setattr(pieces, "SMALL_NS", 0.0)
            now.setattr(pieces, "_PIECE_NS", 1.0)
            now.setattr(pieces, "_OVER_SHARED", 0)
        engine = Engine(threads=way.threads, machine_code=way.tier == "machine")
        found: Answers = {}
        for first in range(0, POINTS, way.lanes):
            some = x[first : first + way.lanes]
            asked = ask(engine, function, some[0] if way.lanes == 1 else some, u, v, way)
            for name, arrays in asked.items():
                batched = [array[np.newaxis] if way.lanes == 1 else array for array in arrays]
                found.setdefault(name, [np.zeros((0, *array.shape[1:])) for array in batched])
                found[name] = [np.concatenate(pair) for pair in zip(found[name], batched, strict=True)]
    return found


def ask(engine: Engine, f: WengertList, x: Floats, u: Floats, v: Floats, way: Way) -> dict[str, list[Floats]]:
    """Return the answers of one call of each kind; compiled before, if they are to be."""
    many = x.ndim == 2
    if many:
        u, v = u[np.newaxis], v[np.newaxis]
    if way.tier == "machine":
        for what in ("evaluate", "jvp", "vjp"):
            engine.prepare(f, what, points=len(x) if many else 1, directions=1 if what == "evaluate" else 2)
    results = {
        "f": engine.evaluate(f, x),
        "jvp": engine.jvp(f, x, u),
        "vjp": engine.vjp(f, x, v),
        "forward": engine.jacobian(f, x, mode=Mode.FORWARD),
        "reverse": engine.jacobian(f, x, mode=Mode.REVERSE),
    }
    return {name: [each for each in result if isinstance(each, np.ndarray)] for name, result in results.items()}


def ways(count: int) -> list[Way]:
    """Return the ways in which so many factors are other than usual."""
    found: list[Way] = []
    for names in itertools.combinations(ONE_EACH, count):
        choices = [OTHERS[name] if count == 1 else (ONE_EACH[name],) for name in names]
        found += [USUAL._replace(**dict(zip(names, each, strict=True))) for each in itertools.product(*choices)]  # type: ignore[arg-type]
    return found


def largest(array: Floats) -> float:
    """Return the largest finite number of an array."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=1.0))


KINDS = {"scalars": ((), 90), "vectors": ((9, 8), 40)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", [*ways(1), *ways(2)], ids=lambda way: ",".join(map(str, way)))
def test_with_the_same_routines_every_way_gives_the_same_bits(
    way: Way, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At awkward points. Where views are copied, adjoints are summed in another order and agree to rounding."""
    sizes, statements = KINDS[kind]
    usual = USUAL._replace(routines=way.routines)
    seed = 17 + way.lanes
    functions = [
        random_function(seed, sizes, statements, smooth=False, copied=each.views == "copied") for each in (way, usual)
    ]
    found, expected = (
        answers(function, each, seed, special=way.views == "aliased", patch=monkeypatch)
        for function, each in zip(functions, (way, usual), strict=True)
    )
    for name, arrays in expected.items():
        for ours, theirs in zip(found[name], arrays, strict=True):
            if way.views == "copied" and name in {"vjp", "reverse"}:
                np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11 * largest(theirs))
            else:
                assert same_bits(ours, theirs), (name, way)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "way", [way for way in [*ways(1), *ways(2)] if way.routines], ids=lambda way: ",".join(map(str, way))
)
def test_other_routines_give_the_same_numbers(way: Way, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, statements = KINDS[kind]
    function = random_function(5, sizes, statements, smooth=True, copied=False)
    found, expected = (answers(function, each, 5, special=False, patch=monkeypatch) for each in (way, USUAL))
    for name, arrays in expected.items():
        for ours, theirs in zip(found[name], arrays, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * largest(theirs))

"""Ask the engine for derivatives in both modes, and insist that they agree."""

import numpy as np
import numpy.typing as npt

import adengine
from tests.conformance.in_process import engine_list
from wengert.v1 import WengertList

Floats = npt.NDArray[np.float64]

ENGINE = adengine.Engine()


def agree(a: npt.ArrayLike, b: npt.ArrayLike, relative: float, what: str = "", *, floor: float = 0.0) -> None:
    """Assert that arrays agree entry by entry, relative to the largest of their row, or to a floor.

    An entry of a Jacobian is a sum; where its terms cancel, rounding is relative to the terms, which ``floor`` stands
    for where the entries alone do not show them.
    """
    first, second = np.asarray(a), np.asarray(b)
    scale = np.max(np.abs(second), axis=-1, keepdims=True, initial=floor)
    excess = np.abs(first - second) - relative * scale
    assert first.shape == second.shape, f"{what}: {first.shape} and {second.shape}"
    assert np.all(excess <= 0), f"{what}: off by {np.max(np.abs(first - second) / (scale + 1e-300)):.2e} of the row"


def value_and_jacobian(
    message: WengertList,
    point: npt.ArrayLike,
    *,
    relative: float = 1e-13,
    floor: float = 0.0,
    modes: tuple[str, ...] = ("FORWARD", "REVERSE"),
) -> tuple[Floats, Floats]:
    """Return f and J at one point, the same in the modes given."""
    function = engine_list(message)
    x = np.asarray(point, dtype=np.float64)
    results = [ENGINE.jacobian(function, x, mode=adengine.Mode[mode]) for mode in modes]
    for result in results[1:]:
        agree(results[0].jacobian, result.jacobian, relative, "forward and reverse", floor=floor)
        agree(results[0].values, result.values, 0.0, "values of the two modes")
    return results[-1].values, results[-1].jacobian


def check_duality(
    message: WengertList, point: npt.ArrayLike, *, seed: int = 0, relative: float = 1e-12, floor: float = 0.0
) -> None:
    """Assert <v, J u> = <J^T v, u> for random u and v."""
    function = engine_list(message)
    random = np.random.default_rng(seed)
    u, v = random.normal(size=(3, function.n)), random.normal(size=(3, function.m))
    x = np.asarray(point, dtype=np.float64)
    ju = ENGINE.jvp(function, x, u).tangents
    jtv = ENGINE.vjp(function, x, v).cotangents
    left, right = np.sum(v * ju, axis=1), np.sum(jtv * u, axis=1)
    scale = np.sum(np.abs(v * ju), axis=1) + np.sum(np.abs(jtv * u), axis=1)
    scale += floor * np.sum(np.abs(u), axis=1) * np.sum(np.abs(v), axis=1)
    assert np.all(np.abs(left - right) <= relative * scale), (left, right)

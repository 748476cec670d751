"""Derivatives that are given, beside differences of values: which are right, which are wrong, which cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wengert_client._differences import Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wengert_client._differences import Differences
    from wengert_client._results import Floats

__all__ = ["Judged", "check_tolerance", "judge", "sentence"]

# A difference must be this many times what the differences may be off by, to be a fault of the derivative.
_SAFETY = 10.0
_KNOWN = 1e-4
_KNOWN_BESIDE_VALUES = 1e-7


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found, entry by entry.

    Attributes
    ----------
    wrong, conclusive : bool
        Whether it is wrong, and whether that could be told; what is wrong is conclusive.
    off : float64
        How far it is from the differences.
    """

    wrong: NDArray[np.bool_]
    conclusive: NDArray[np.bool_]
    off: Floats


def check_tolerance(rtol: float) -> None:
    """Refuse a tolerance that nothing, or everything, would exceed: beside NaN all would pass."""
    if not 0 <= rtol < 1:
        raise ValueError(f"rtol is {rtol}; a number from 0 to less than 1 was expected")


def judge(
    given: Floats, derivative: Floats, error: Floats, size: Floats, smooth: NDArray[np.bool_], rtol: float
) -> Judged:
    """Compare derivatives with differences.

    Parameters
    ----------
    given, derivative, error
        What is to be judged, and the differences with their error.
    size
        How large values of f are there, times the numbers they are weighted with.
    smooth
        Where the differences can be derivatives.
    rtol
        How much of itself a derivative may be off.
    """
    with np.errstate(all="ignore"):
        finite = np.isfinite(derivative) & np.isfinite(error)
        largest = np.fmax(np.abs(np.where(np.isfinite(given), given, 0.0)), np.abs(derivative))
        off = np.abs(given - derivative)
        known = (error <= _KNOWN * largest) | (error <= _KNOWN_BESIDE_VALUES * np.nan_to_num(size))
        missed = ~np.isfinite(given) & known
        wrong = smooth & finite & ((np.isfinite(given) & (off > rtol * largest + _SAFETY * error)) | missed)
    return Judged(wrong, wrong | (smooth & finite & known), off)


def sentence(found: Differences, at: tuple[int, int], given: float, judged: Judged) -> str:
    """Say why a derivative is wrong or cannot be compared; `at` is its direction and its value."""
    place = Place(found.place[at])
    told = f"the derivative given is {given:.6g}"
    if place == Place.UNDEFINED:
        return f"the value is {found.value[at[1]]} there"
    if place == Place.EDGE:
        return f"an edge of the domain: values are missing on one side; {told}"
    if place == Place.KINK:
        return f"a kink: the slopes are {found.left[at]:.6g} and {found.right[at]:.6g} on the two sides; {told}"
    if place == Place.JUMP:
        return f"a jump of the value; {told}"
    if not judged.wrong[at]:
        return f"the differences do not settle; {told}"
    return f"{told}, the differences say {found.derivative[at]:.6g} +- {found.error[at]:.0e}"

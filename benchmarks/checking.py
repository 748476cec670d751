"""No answer is timed that is not the engine's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def check(
    answer: Sequence[NDArray[np.float64]], expected: Sequence[NDArray[np.float64]], rtol: float, what: str
) -> None:
    """Compare arrays, each beside its largest number.

    Raises
    ------
    ValueError
        It says by how much they differ.
    """
    for got, wanted in zip(answer, expected, strict=True):
        if got.shape != wanted.shape:
            raise ValueError(f"{what} has the shape {got.shape}, the engine's {wanted.shape}")
        error = float(np.max(np.abs(got - wanted), initial=0.0) / np.max(np.abs(wanted), initial=1e-300))
        if not error <= rtol:
            raise ValueError(
                f"{what} is {error:.1e} away from the engine's, of the largest number; {rtol:g} is allowed"
            )

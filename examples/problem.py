"""What an example is: a function, and where to differentiate it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from wengert_client import ListBuilder

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A function written as a Wengert list, and a point of it.

    Attributes
    ----------
    name
        What people call it.
    builder
        Its list.
    point : float64, shape (n',)
        The usual point: all inputs but the shared ones, in the list's order, each row-major.
    shared
        Inputs that are data, by name; nothing is differentiated by them.

    Examples
    --------
    A problem is made for ``client.function(problem.builder).gradient(problem.point, shared=problem.shared)``.
    """

    name: str
    builder: ListBuilder
    point: Floats
    shared: dict[str, Floats] = field(default_factory=dict)


def flat(*arrays: Floats | float) -> Floats:
    """Give arrays as one vector, one after another, each row-major."""
    return np.concatenate([np.ravel(array) for array in arrays])

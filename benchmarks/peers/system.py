"""What every system is asked, and how it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Stages
from wengert.v1 import WengertList

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Answer: TypeAlias = "tuple[Floats, ...]"
Ask: TypeAlias = Callable[[], Answer]

WIDTH = 8
"""Tangents in the task of several."""


class Task(Enum):
    """What is asked; the value is how it is shown."""

    F = "f"
    JVP = "f and J u"
    VJP = "f and J^T v"
    TANGENTS = "f and 8 tangents"
    JACOBIAN = "f and J"
    SPARSE = "f and sparse J"
    HESSIAN = "f, gradient and sparse H"


@dataclass(frozen=True)
class Given:
    """A function and a point of it.

    Attributes
    ----------
    name : str
    message : WengertList
        The function, as it is sent.
    x : float64, shape (n,)
        The inputs that are not shared.
    shared : mapping of str to float64 arrays
        The others.
    """

    name: str
    message: WengertList
    x: Floats
    shared: Mapping[str, Floats]


@dataclass(frozen=True)
class Question:
    """A function, a point and directions.

    Attributes
    ----------
    given : Given
    u : float64, shape (n,)
        A tangent.
    v : float64, shape (m,)
        A cotangent; 1 where m = 1.
    tangents : float64, shape (8, n)
    """

    given: Given
    u: Floats
    v: Floats
    tangents: Floats

    @classmethod
    def of(cls, given: Given, m: int) -> Question:
        """Draw directions, the same in every run."""
        random = np.random.default_rng(7)
        n = len(given.x)
        v = np.ones(1) if m == 1 else random.normal(size=m)
        return cls(given, random.normal(size=n), v, random.normal(size=(WIDTH, n)))

    @property
    def x(self) -> Floats:
        """The point."""
        return self.given.x

    def seed(self, task: Task) -> Floats | None:
        """The directions of a task."""
        return {Task.JVP: self.u, Task.VJP: self.v, Task.TANGENTS: self.tangents}.get(task)


class Absent(Exception):
    """A system cannot be asked here; the message says what is missing."""


BUILT, COMPILED, FIRST = "built", "compiled", "first call"
"""What happens once for each task."""


class System(ABC):
    """One system with one problem written in it.

    Making it is timed as *written*; what :meth:`ask` does as *built*, but for what it times as *compiled* itself.
    """

    name: str
    rtol: float = 1e-9
    """How far its answers may be from the engine's, beside the largest number of each array."""

    @cached_property
    def once(self) -> dict[Task, Stages]:
        """Seconds of what happened once for each task."""
        return defaultdict(Stages)

    @cached_property
    def left_out(self) -> dict[Task, str]:
        """Why a task is not answered, where that needs a word."""
        return {}

    @abstractmethod
    def ask(self, task: Task) -> Ask | None:
        """Give a function that answers, from NumPy arrays to new NumPy arrays; None where there is none.

        Answers are (f,), (f, J u), (f, J^T v), (f, J U) of shape (8, m), (f, J) of shape (m, n), f and the entries of
        J, row by row, or f, the gradient of v . f and the entries of its Hessian, both triangles, row by row.
        """

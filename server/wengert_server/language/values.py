"""What an expression of a text stands for while it is read.

=====================  ==============================================================================================
``float``              a number that is known; arithmetic on such is folded
:class:`Referenced`    the same, which is a particular one of the constants that the text lists
``int``                the variable w_k of the list
:class:`Literal`       an array of known numbers, which becomes a CONSTANT statement where it is used
:class:`Buffer`        an array whose elements are assigned one by one
:class:`Parts`         several values in brackets that a function takes one by one
=====================  ==============================================================================================
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shape: TypeAlias = tuple[int, ...]


class Referenced(float):
    """One of the constants that the text lists.

    Attributes
    ----------
    argument : int
        By which statements name it.
    """

    __slots__ = ("argument",)

    argument: int

    def __new__(cls, value: float, argument: int) -> Self:
        """Make it."""
        made = super().__new__(cls, value)
        made.argument = argument
        return made


class Literal:
    """An array of known numbers.

    Attributes
    ----------
    array : float64 array
    variable : int
        The variable that holds it; 0 as long as there is none.
    name : str
        What the text calls it; empty where it has no name.
    """

    __slots__ = ("array", "name", "variable")

    def __init__(self, array: NDArray[np.float64]) -> None:
        self.array = array
        self.variable = 0
        self.name = ""


class Buffer:
    """An array whose elements are assigned one by one.

    Attributes
    ----------
    elements : list
        Row-major: each a number or a scalar variable.
    shape : tuple of int
    variable : int
        The variable that holds all of them as they are now; 0 where there is none.
    name : str
        What the text calls it.
    """

    __slots__ = ("elements", "name", "shape", "variable")

    def __init__(self, elements: list[float | int], shape: Shape) -> None:
        self.elements = elements
        self.shape = shape
        self.variable = 0
        self.name = ""

    def copy(self) -> Buffer:
        """Give one of its own with the same elements."""
        made = Buffer(self.elements.copy(), self.shape)
        made.variable = self.variable
        return made


class Parts:
    """Several values in brackets that a function takes one by one.

    Attributes
    ----------
    values : list
    """

    __slots__ = ("values",)

    def __init__(self, values: list[Value]) -> None:
        self.values = values


Value: TypeAlias = "float | int | Literal | Buffer | Parts"


def size_of(shape: Shape) -> int:
    """Number of elements."""
    return math.prod(shape)


def written(shape: Shape) -> str:
    """A shape as text: ``()``, ``(3,)``, ``(2, 3)``."""
    return str(tuple(shape))

"""Random scalar lists: the hardest kind to predict, for branches and for caches."""

from __future__ import annotations

import numpy as np

from wengert.v1 import Input, Output, Primitive, WengertList

INPUTS = 100
WINDOW = 1000
"""A statement's arguments are among so many variables before it."""

# The last two have a factor below 1 beside them, so that values neither grow without bound nor die out.
_KINDS = ("ADD", "SUBTRACT", "MULTIPLY", "SIN", "COS", "SQUARE", "MULTIPLY", "MULTIPLY")
_ARITIES = (2, 2, 2, 1, 1, 1, 2, 2)
_SCALED = 6
_CONSTANTS = (0.5, -0.4, 0.3, -0.2, 0.25, -0.35, 0.45, -0.15)


def irregular_list(statements: int, seed: int = 0) -> WengertList:
    """A random scalar list of so many statements, at least 4, with 100 inputs and one output.

    The last variables are summed, so that the gradient reaches back through nearly all of the list.
    """
    random = np.random.default_rng(seed)
    numbers = np.array([Primitive.Value(f"PRIMITIVE_{name}") for name in _KINDS])
    ending = min(WINDOW, statements // 2)
    drawn = statements - ending + 1
    picked = random.integers(0, len(_KINDS), drawn)
    arities = np.array(_ARITIES)[picked]
    statement = np.repeat(np.arange(drawn), arities)
    arguments = np.maximum(1, INPUTS + statement - random.integers(0, WINDOW, len(statement)))
    scaled = (np.cumsum(arities) - arities)[picked >= _SCALED]
    arguments[scaled] = -random.integers(1, len(_CONSTANTS) + 1, len(scaled))
    last = INPUTS + drawn
    totals = [last - ending + 1, *range(last + 1, last + ending - 1)]
    tail = np.stack([totals, np.arange(last - ending + 2, last + 1)], axis=1).ravel()
    return WengertList(
        inputs=[Input(name=f"x{i}") for i in range(INPUTS)],
        primitives=[*numbers[picked].tolist(), *[Primitive.PRIMITIVE_ADD] * (ending - 1)],
        arguments=[*arguments.tolist(), *tail.tolist()],
        constants=_CONSTANTS,
        outputs=[Output(name="f", argument=INPUTS + statements)],
    )


def point() -> np.ndarray:
    """Where such lists are evaluated."""
    return np.random.default_rng(1).normal(size=INPUTS)

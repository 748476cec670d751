"""Random scalar lists: the hardest kind to predict, for branches and for caches."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.system import Integers
from wengert.v1 import Input, Output, Primitive, WengertList

INPUTS = 100
WINDOW = 1000
"""A statement's arguments are among so many variables before it."""

# The last two have a factor below 1 beside them, and the first product has a sine, a cosine or an input: values neither
# grow without bound nor die out, however long the list is, and neither do their derivatives.
_KINDS = ("ADD", "SUBTRACT", "MULTIPLY", "SIN", "COS", "NEGATE", "MULTIPLY", "MULTIPLY")
_ARITIES = (2, 2, 2, 1, 1, 1, 2, 2)
_SINES, _PRODUCT, _SCALED = (3, 4), 2, 6
_CONSTANTS = (0.9, -0.8, 0.7, -0.6, 0.75, -0.85, 0.95, -0.65)


def irregular_list(statements: int, seed: int = 0) -> WengertList:
    """A random scalar list of so many statements, at least 4, with 100 inputs and one output, which needs them all.

    Every variable is the first argument of a statement some hundreds later; second arguments are drawn. The last
    variables are summed.
    """
    random = np.random.default_rng(seed)
    numbers = np.array([Primitive.Value(f"PRIMITIVE_{name}") for name in _KINDS])
    ending = min(WINDOW, statements // 2)
    drawn = statements - ending + 1
    picked = random.integers(0, len(_KINDS), drawn)
    last = INPUTS + drawn
    totals = [last - ending + 1, *range(last + 1, last + ending - 1)]
    tail = np.stack([totals, np.arange(last - ending + 2, last + 1)], axis=1).ravel()
    return WengertList(
        inputs=[Input(name=f"x{i}") for i in range(INPUTS)],
        primitives=[*numbers[picked].tolist(), *[Primitive.PRIMITIVE_ADD] * (ending - 1)],
        arguments=[*_arguments(random, picked).tolist(), *tail.tolist()],
        constants=_CONSTANTS,
        outputs=[Output(name="f", argument=INPUTS + statements)],
    )


def _arguments(random: np.random.Generator, picked: Integers) -> Integers:
    """Arguments of statements of the kinds picked, one after another."""
    statements = len(picked)
    first = _each_once(random, statements)
    second = np.maximum(1, INPUTS + np.arange(statements) - random.integers(0, WINDOW, statements))
    second = np.where(picked == _PRODUCT, _last_bounded(picked)[second], second)
    pairs = np.stack([first, second], axis=1)
    scaled = picked >= _SCALED
    pairs[scaled, 1] = pairs[scaled, 0]
    pairs[scaled, 0] = -random.integers(1, len(_CONSTANTS) + 1, int(scaled.sum()))
    return pairs[np.arange(2) < np.array(_ARITIES)[picked, None]]


def _each_once(random: np.random.Generator, statements: int) -> Integers:
    """For each statement a variable before it: all in turn, stretches of them shuffled."""
    variables = np.arange(1, statements + 1)
    for start in range(0, statements, INPUTS):
        random.shuffle(variables[start : start + INPUTS])
    return variables


def _last_bounded(picked: Integers) -> Integers:
    """For each variable, counted from 1, the last one up to it that is an input, a sine or a cosine."""
    variables = np.arange(1, INPUTS + len(picked) + 1)
    bounded = np.where(np.isin(picked, _SINES), variables[INPUTS:], 0)
    return np.concatenate([[0], variables[:INPUTS], np.maximum.accumulate(np.maximum(bounded, INPUTS))])


def point() -> np.ndarray:
    """Where such lists are evaluated."""
    return np.random.default_rng(1).normal(size=INPUTS)

"""Derivatives, checked against differences."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from wengert_client.command.answers import Answer
from wengert_client.command.asking import Where
from wengert_client.command.failures import REFUSED

if TYPE_CHECKING:
    from argparse import Namespace

    from wengert_client import Check, Function
    from wengert_client._results import Floats

__all__ = ["check"]


def check(given: Namespace, function: Function) -> Answer:
    """Compare derivatives with differences; where no point is given, at one made at random.

    The exit status is 0 where all outputs passed.
    """
    where = Where(given, function)
    drawn = {} if given.at else where.draw(np.random.default_rng(given.seed))
    found = function.check(where.point, rtol=given.tolerance, seed=given.seed, **where.options)
    fields = {
        "id": function.id,
        "verdict": found.verdict,
        "compared": found.directions,
        "drawn": drawn,
        "outputs": [dataclasses.asdict(each) for each in found.outputs],
    }
    return Answer(fields, lambda: _table(found, drawn), 0 if found.passed else REFUSED)


def _table(found: Check, drawn: dict[str, Floats]) -> str:
    if not drawn:
        return str(found)
    named = ", ".join(f"{name}={_short(value)}" for name, value in drawn.items())
    return f"{found}\nat a point made at random: {named}"


def _short(value: Floats) -> str:
    text = np.array2string(value, precision=6, separator=",", threshold=6, edgeitems=2)
    return " ".join(text.split())

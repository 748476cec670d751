"""Reading texts, and running what they make, for tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from adengine import Engine
from adengine.primitives import BY_NUMBER
from wengert_server.language import Bounds, read

if TYPE_CHECKING:
    from adengine import WengertList

BOUNDS = Bounds()


@cache
def engine() -> Engine:
    """One engine for all tests."""
    return Engine()


def made(text: str) -> WengertList:
    """The list of a text, within the default bounds."""
    return read(text, BOUNDS)


def value(text: str, *point: float) -> np.ndarray:
    """All outputs of a text, at a point."""
    return engine().evaluate(made(text), np.array(point, np.float64)).values


def lines(source: WengertList) -> list[str]:
    """The statements of a list, as ``MULTIPLY 1 2``: constants by value, parameters in brackets."""
    checked, count = source.checked, source.statements
    starts = [*checked.argument_start[:count].tolist(), len(source.arguments)]
    froms = [*checked.parameter_start[:count].tolist(), len(source.parameters)]
    shown = []
    for k, number in enumerate(source.primitives.tolist()):
        given = source.arguments[starts[k] : starts[k + 1]].tolist()
        words = [str(a) if a > 0 else f"{float(source.constants[-a - 1])}c" for a in given]
        parameters = source.parameters[froms[k] : froms[k + 1]].tolist()
        shown.append(" ".join([BY_NUMBER[number].name, *words]) + (f" {parameters}" if parameters else ""))
    return shown

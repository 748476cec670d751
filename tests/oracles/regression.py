"""Residuals of five NIST regression sets as Wengert lists; parameters b (k,), output residual (N,)."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.wire_lists import ListWriter
from wengert.v1 import WengertList

DATA = Path(__file__).parents[2] / "examples" / "data"


def sets() -> dict[str, Any]:
    """Return the sets by name."""
    return {entry["name"]: entry for entry in json.loads((DATA / "nist_strd.json").read_text())}


def _misra1a(f: ListWriter, b: list[int], x: int) -> int:
    decay = f.add("EXP", f.add("NEGATE", f.add("MULTIPLY", b[1], x)))
    return f.add("MULTIPLY", b[0], f.add("SUBTRACT", f.constant(1.0), decay))


def _rat43(f: ListWriter, b: list[int], x: int) -> int:
    grown = f.add("EXP", f.add("SUBTRACT", b[1], f.add("MULTIPLY", b[2], x)))
    base = f.add("ADD", f.constant(1.0), grown)
    return f.add("DIVIDE", b[0], f.add("POWER", base, f.add("RECIPROCAL", b[3])))


def _horner(f: ListWriter, coefficients: list[int], x: int) -> int:
    total = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = f.add("FMA", total, x, coefficient)
    return total


def _thurber(f: ListWriter, b: list[int], x: int) -> int:
    return f.add("DIVIDE", _horner(f, b[:4], x), _horner(f, [f.constant(1.0), *b[4:]], x))


def _gauss1(f: ListWriter, b: list[int], x: int) -> int:
    decay = f.add("EXP", f.add("NEGATE", f.add("MULTIPLY", b[1], x)))
    total = f.add("MULTIPLY", b[0], decay)
    for height, centre, width in (b[2:5], b[5:8]):
        scaled = f.add("DIVIDE", f.add("SUBTRACT", x, centre), width)
        bell = f.add("EXP", f.add("NEGATE", f.add("SQUARE", scaled)))
        total = f.add("FMA", height, bell, total)
    return total


def _roszman1(f: ListWriter, b: list[int], x: int) -> int:
    line = f.add("SUBTRACT", b[0], f.add("MULTIPLY", b[1], x))
    angle = f.add("ATAN", f.add("DIVIDE", b[2], f.add("SUBTRACT", x, b[3])))
    return f.add("SUBTRACT", line, f.add("DIVIDE", angle, f.constant(math.pi)))


MODELS: dict[str, Callable[[ListWriter, list[int], int], int]] = {
    "Misra1a": _misra1a,
    "Rat43": _rat43,
    "Thurber": _thurber,
    "Gauss1": _gauss1,
    "Roszman1": _roszman1,
}


def residuals(entry: Any) -> WengertList:
    """Return model(b, x) - y."""
    f = ListWriter()
    count = len(entry["start2"])
    parameters = f.input("b", count)
    b = [f.add("GATHER", parameters, parameters=[0, 0, i]) for i in range(count)]
    model = MODELS[entry["name"]](f, b, f.array(entry["x"]))
    f.output("residual", f.add("SUBTRACT", model, f.array(entry["y"])))
    return f.message

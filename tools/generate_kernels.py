"""Generate ``adengine/dispatch.py``, the evaluator's dispatcher, from the table of primitives.

The formulas of the table are written out as code, so that what is compiled can be read and nothing is evaluated from
text at run time. A test regenerates the file and compares.

    python tools/generate_kernels.py            writes the file
    python tools/generate_kernels.py --check    exits 1 when the file is out of date
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from adengine.primitives import Primitive

ENGINE = Path(__file__).resolve().parent.parent / "adengine"
TARGET = ENGINE / "dispatch.py"

HEADER = '''"""The evaluator's dispatcher. Generated from the table by tools/generate_kernels.py: do not edit.

A binary decision tree over the operation codes leads to the formula of the table, for scalars, for eight lanes or
eight statements of them at once, and for rows of elements.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Int, kernel
from adengine.rules import (
{rules}
)
from adengine.vector import eight_lanes, eight_statements

U = types.uint64
U4_2 = types.Array(types.uint32, 2, "C")
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")
'''

SCALAR = '''

@kernel(types.void(U, U, U, U, U, U, I8, F8), inline=True)
def scalar(
    code: Int, out: Int, i: Int, j: Int, h: Int, place: Int, pool: NDArray[np.int64], w: NDArray[np.float64]
) -> None:  # fmt: skip
    """w[out] = primitive(w[i], w[j], w[h]), with the parameter at a place of the pool."""
'''

EIGHT = '''

@kernel(types.void(U, U, U, U, U, U, U, U, F8), inline=True)
def eight(code: Int, out: Int, i: Int, j: Int, h: Int, di: Int, dj: Int, dh: Int, w: NDArray[np.float64]) -> None:
    """Eight lanes at once; a stride of 0 spreads one value. Only for what vector.FORMULAS has."""
'''

BATCH = '''

@kernel(types.void(U, U, U4_2, U, U, F8), inline=True)
def batch(code: Int, out: Int, places: NDArray[np.uint32], at: Int, hows: Int, w: NDArray[np.float64]) -> None:
    """Eight statements at once, their operands at the places of a row. Only for what vector.FORMULAS has."""
'''

ROWS = '''

@kernel(types.void(U, U, U, U, U, U, U, U, U, types.int64, F8))
def row(
    code: Int, out: Int, i: Int, j: Int, h: Int, n: Int, di: Int, dj: Int, dh: Int, k: Int, w: NDArray[np.float64]
) -> None:  # fmt: skip
    """The same for n elements in a row; the operands advance by the strides di, dj, dh."""
'''


def _formula(primitive: Primitive, operands: tuple[str, ...]) -> str:
    """The row's formula with the arguments replaced by elements of the arena."""
    names = dict(zip("abc", operands, strict=True))
    return re.sub(r"\b[abc]\b", lambda match: names[match.group()], primitive.value)


def _scalar_leaf(primitive: Primitive, indent: str) -> list[str]:
    formula = _formula(primitive, ("w[i]", "w[j]", "w[h]"))
    if primitive.parametric:
        formula = re.sub(r"\bk\b", "pool[place]", formula)
    return [f"{indent}w[out] = {formula}"]


def _row_leaf(primitive: Primitive, indent: str) -> list[str]:
    formula = _formula(primitive, ("w[i + e * di]", "w[j + e * dj]", "w[h + e * dh]"))
    return [f"{indent}for e in range(n):", f"{indent}    w[out + e] = {formula}"]


def _eight_leaf(primitive: Primitive, indent: str) -> list[str]:
    return [f"{indent}_eight_{primitive.name.lower()}(w, out, i, j, h, di, dj, dh)"]


def _batch_leaf(primitive: Primitive, indent: str) -> list[str]:
    return [f"{indent}_batch_{primitive.name.lower()}(w, out, places, at, hows)"]


def _weight(primitive: Primitive) -> int:
    """How common a primitive is: arithmetic makes up most lists."""
    return 12 if primitive.number <= 12 else 4 if primitive.number <= 20 else 1


def _tree(rows: list[Primitive], indent: str, leaf: Callable[[Primitive, str], list[str]]) -> list[str]:
    """Nested comparisons over sorted codes, fewer for those that lists are full of."""
    if len(rows) == 1:
        return leaf(rows[0], indent)
    weights = [_weight(row) for row in rows]
    middle = min(range(1, len(rows)), key=lambda split: abs(sum(weights[:split]) - sum(weights[split:])))
    return [
        f"{indent}if code < {rows[middle].number}:",
        *_tree(rows[:middle], indent + "    ", leaf),
        f"{indent}else:",
        *_tree(rows[middle:], indent + "    ", leaf),
    ]


def _module(name: str) -> ModuleType:
    """A module of the engine, without importing the package, whose dispatcher may be the one to be made."""
    spec = importlib.util.spec_from_file_location(f"engine_{name}", ENGINE / f"{name}.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(ENGINE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _vector_definitions(rows: list[Primitive]) -> list[str]:
    """The intrinsics for eight lanes."""
    made = [f'_eight_{row.name.lower()} = eight_lanes("{row.name}", {row.arity})' for row in rows]
    made += [f'_batch_{row.name.lower()} = eight_statements("{row.name}", {row.arity})' for row in rows]
    return ["", *made]


def _rules_called(rows: list[Primitive]) -> list[str]:
    names = {name for primitive in rows for name in re.findall(r"(?<![.\w])([a-z_0-9]+)\(", primitive.value)}
    return sorted(names - {"abs"})


def generate() -> str:
    """Text of the generated file."""
    rows = sorted(_module("primitives").ELEMENTWISE, key=lambda primitive: primitive.number)
    vectors = [row for row in rows if row.name in _module("vector").FORMULAS]
    header = HEADER.format(rules="\n".join(f"    {name}," for name in _rules_called(rows)))
    body = [
        *_vector_definitions(vectors),
        SCALAR.rstrip("\n"),
        *_tree(rows, "    ", _scalar_leaf),
        EIGHT.rstrip("\n"),
        *_tree(vectors, "    ", _eight_leaf),
        BATCH.rstrip("\n"),
        *_tree(vectors, "    ", _batch_leaf),
        ROWS.rstrip("\n"),
        *_tree(rows, "    ", _row_leaf),
    ]
    return header + "\n".join(body) + "\n"


def main() -> int:
    """Write the file, or check it."""
    text = generate()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() != text:
            print(f"{TARGET.name} is out of date: run make generate", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(text)
    print(f"wrote {TARGET.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

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
    from adengine.primitives import Primitive

ENGINE = Path(__file__).resolve().parent.parent / "adengine"
TARGET = ENGINE / "dispatch.py"

HEADER = '''"""The evaluator's dispatcher. Generated from the table by tools/generate_kernels.py: do not edit.

A binary decision tree over the operation codes leads to the formula of the table, once for scalars and once for rows
of elements.
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


def _tree(rows: list[Primitive], indent: str, scalar: bool) -> list[str]:
    """Nested comparisons over sorted codes."""
    if len(rows) == 1:
        return _scalar_leaf(rows[0], indent) if scalar else _row_leaf(rows[0], indent)
    middle = len(rows) // 2
    return [
        f"{indent}if code < {rows[middle].number}:",
        *_tree(rows[:middle], indent + "    ", scalar),
        f"{indent}else:",
        *_tree(rows[middle:], indent + "    ", scalar),
    ]


def _table() -> list[Primitive]:
    """The elementwise rows by number, without importing the package, whose dispatcher may be the one to be made."""
    spec = importlib.util.spec_from_file_location("primitives_table", ENGINE / "primitives.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(ENGINE / "primitives.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return sorted(module.ELEMENTWISE, key=lambda primitive: primitive.number)


def _rules_called(rows: list[Primitive]) -> list[str]:
    names = {name for primitive in rows for name in re.findall(r"(?<![.\w])([a-z_0-9]+)\(", primitive.value)}
    return sorted(names - {"abs"})


def generate() -> str:
    """Text of the generated file."""
    rows = _table()
    header = HEADER.format(rules="\n".join(f"    {name}," for name in _rules_called(rows)))
    body = [
        SCALAR.rstrip("\n"),
        *_tree(rows, "    ", scalar=True),
        ROWS.rstrip("\n"),
        *_tree(rows, "    ", scalar=False),
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

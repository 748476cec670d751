"""Generate ``adengine/dispatch.py``, the evaluator's dispatcher, from the table of primitives.

The formulas of the table are written out as code, so that what is compiled can be read and nothing is evaluated from
text at run time. A test regenerates the file and compares.

    python tools/generate_kernels.py            writes the file
    python tools/generate_kernels.py --check    exits 1 when the file is out of date
"""

from __future__ import annotations

import importlib
import re
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

# As a script this file finds only what is beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.decision_tree import decision_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from adengine.primitives import Primitive

ENGINE = Path(__file__).resolve().parent.parent / "adengine"
TARGET = ENGINE / "dispatch.py"
WHOLE_POWER = "INTEGER_POWER"
LANED_FROM, BATCHES_FROM = 8192, 16384
"""EIGHT and BATCH of adengine.schedule, which this may not import: a test compares them."""

HEADER = '''"""The evaluator's dispatcher. Generated from the table by tools/generate_kernels.py: do not edit.

A binary decision tree over the operation codes leads to the formula of the table, for scalars, for eight lanes or
eight statements of them at once, and for rows of elements.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Float, Int, kernel
from adengine.routine_calls import eight_statements as eight_elementary
from adengine.routine_calls import elements, has, one, one_whole_power, whole_powers
from adengine.rules import (
{rules}
)
from adengine.vector import APART, eight_lanes, eight_statements, place_of

U = types.uint64
U4 = types.Array(types.uint32, 1, "C")
U4_2 = types.Array(types.uint32, 2, "C")
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")
'''

CALLED = '''

@kernel("f8(u8, f8, f8, f8, i8, u8)", inner=True, apart=True)
def _called(code: Int, a: Float, b: Float, c: Float, k: Int, routines: Int) -> Float:
    """primitive(a, b, c) with the parameter k, for those that call functions."""
'''

SINGLE = '''

@kernel(U(U4, U, I8, F8, U), inner=True, apart=True)
def single(
    instructions: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], routines: Int
) -> Int:  # fmt: skip
    """Run instructions from a place on as long as they are single statements. Returns where it stopped.

    It is a kernel of its own so that the compiler keeps all it needs in registers. For codes above CALLS the formula is
    a call; those above LAST_IS_FIRST and LAST_IS_SECOND take the last result for that operand, from a register too.
    """
    value = 0.0
    end = U(instructions.shape[0])
    while at < end:
        code = U(instructions[at])
        i = U(instructions[at + U(2)])
        j = U(instructions[at + U(3)])
'''

SINGLE_END = """
        w[instructions[at + U(1)]] = value
        at += U(8)
    return at
"""

CALLED_LANES = '''

@kernel(types.void(U, U, U, U, U, U, F8, U), inner=True, apart=True)
def _called_lanes(code: Int, out: Int, i: Int, j: Int, di: Int, dj: Int, w: NDArray[np.float64], routines: Int) -> None:
    """Eight lanes of a statement that calls functions."""
'''

LANED = '''

@kernel(U(U4, U, F8, U, U), inner=True, apart=True)
def laned(instructions: NDArray[np.uint32], at: Int, w: NDArray[np.float64], lanes: Int, routines: Int) -> Int:
    """Run statements on lanes, eight at once, from a place on as long as they are such. Returns where it stopped.

    There are eight lanes, or a multiple. A stride of 0 spreads the one value of an operand.
    """
    end = U(instructions.shape[0])
    while at < end:
        code = U(instructions[at])
        out = U(instructions[at + U(1)])
        i = U(instructions[at + U(2)])
        j = U(instructions[at + U(3)])
        h = U(instructions[at + U(4)])
        di = U(instructions[at + U(7)]) & U(1)
        dj = (U(instructions[at + U(7)]) >> U(1)) & U(1)
        dh = (U(instructions[at + U(7)]) >> U(2)) & U(1)
        last = out + lanes
        while out < last:
'''

LANED_END = """
            out += U(8)
            i += U(8) * di
            j += U(8) * dj
            h += U(8) * dh
        at += U(8)
    return at
"""

CALLED_BATCH = '''

@kernel(types.void(U, U, U4, U, U, F8, U), inner=True, apart=True)
def _called_batch(
    code: Int, out: Int, places: NDArray[np.uint32], at: Int, hows: Int, w: NDArray[np.float64], routines: Int
) -> None:  # fmt: skip
    """Eight statements that call functions, at once."""
    i = hows & U(3)
    j = (hows >> U(2)) & U(3)
    second = at + (U(8) if i == U(APART) else U(1))
'''

BATCHES = '''

@kernel(U(U4, U, U4, F8, U), inner=True, apart=True)
def batches(
    instructions: NDArray[np.uint32], at: Int, places: NDArray[np.uint32], w: NDArray[np.float64], routines: Int
) -> Int:  # fmt: skip
    """Run eights of statements from a place on as long as they are such. Returns where it stopped."""
    end = U(instructions.shape[0])
    while at < end:
        code = U(instructions[at])
        out = U(instructions[at + U(1)])
        row = U(instructions[at + U(2)])
        hows = U(instructions[at + U(7)])
'''

BATCHES_END = """
        at += U(8)
    return at
"""

ROWS = '''


@kernel(types.void(U, U, U, U, U, U, U, U, U, types.int64, F8, U), inner=True, apart=True)
def row(
    code: Int, out: Int, i: Int, j: Int, h: Int, n: Int, di: Int, dj: Int, dh: Int, k: Int, w: NDArray[np.float64],
    routines: Int,
) -> None:  # fmt: skip
    """The same for n elements in a row; the operands advance by the strides di, dj, dh, each 0 or 1."""
    whole = n & ~U(7)
'''


def _formula(formula: str, operands: tuple[str, ...]) -> str:
    """A formula with the arguments replaced by elements of the arena."""
    names = dict(zip("abcd", operands, strict=False))
    return re.sub(r"\b[abcd]\b", lambda match: names[match.group()], formula)


def _is_elementary(primitive: Primitive) -> bool:
    return primitive.name in _module("elementary").ELEMENTARY


def _may_call(primitive: Primitive) -> str:
    """The test whether the routines that a primitive needs are there."""
    names = _module("elementary").ELEMENTARY[primitive.name].needs
    return f"_has_{'_'.join(names)}(routines)"


def _called_leaf(primitive: Primitive, indent: str) -> list[str]:
    far = "_has_pow(routines) and (k < -1 or k > 4)"
    if primitive.name == WHOLE_POWER:
        lines = [f"if {far}:", "    return one_whole_power(routines, a, k)"]
    elif _is_elementary(primitive):
        operands = ", ".join("ab"[: primitive.arity])
        lines = [f"if {_may_call(primitive)}:", f"    return _one_{primitive.name.lower()}(routines, {operands})"]
    else:
        lines = []
    return [indent + line for line in (*lines, f"return {primitive.value}")]


def _single_tree(rows: list[Primitive], indent: str) -> list[str]:
    """The simple primitives, also with the last result for an operand; calls share a leaf, and what follows ends."""
    opcodes = _module("opcodes")
    first, second = opcodes.LAST_IS_FIRST, opcodes.LAST_IS_SECOND
    c, d = "w[instructions[at + U(4)]]", "w[instructions[at + U(5)]]"
    leaves = {}
    for row in rows:
        kinds = {0: ("w[i]", "w[j]", c), first: ("value", "w[j]"), second: ("w[i]", "value")}
        for kind in list(kinds)[: 1 + row.arity] if row.number in opcodes.LINKABLE else [0]:
            weight = _weight(row) * (2 if (row.name, kind) == ("ADD", first) else 1)  # long sums
            leaves[row.number + kind] = f"value = {_formula(row.value, kinds[kind])}", weight
    for (code, formula), weight in zip(opcodes.FUSED.items(), 2 * _FUSED_WEIGHTS, strict=True):
        kinds = {0: ("w[i]", "w[j]", c, d), first: ("value", "w[j]", c, d), second: ("w[i]", "w[j]", "value", d)}
        leaves |= {code + kind: (f"value = {_formula(formula, kinds[kind])}", weight) for kind in kinds}
    call = f"_called(code - U({opcodes.CALLS}), w[i], w[j], {c}, pool[instructions[at + U(5)]], routines)"
    leaves[opcodes.CALLS] = f"value = {call}", 1.0
    leaves[opcodes.SINGLE_CODES] = "return at", _RARE
    codes = [(code, leaves[code][1]) for code in sorted(leaves)]
    return decision_tree(codes, indent, lambda code, indent: [indent + leaves[code][0]])


def _eights_tree(rows: list[Primitive], indent: str, least: int, end: int, leaf: str, call: str) -> list[str]:
    """The simple primitives on eight lanes or for eight statements; calls share a leaf, and what is neither ends."""
    calls = least + _module("opcodes").CALLS
    leaves = {least + row.number: (leaf.format(row.name.lower()), _weight(row)) for row in rows}
    leaves |= {calls: (call.format(calls), _RARE), 0: ("return at", _RARE), end: ("return at", _RARE)}
    codes = [(code, weight) for code, (_, weight) in sorted(leaves.items())]
    return decision_tree(codes, indent, lambda code, indent: [indent + leaves[code][0]])


_ON_LANES = "_eight_{}(w, out, i, j, h, di, dj, dh)", "_called_lanes(code - U({}), out, i, j, di, dj, w, routines)"
_AT_ONCE = "_batch_{}(w, out, places, row, hows)", "_called_batch(code - U({}), out, places, row, hows, w, routines)"


def _row_leaf(primitive: Primitive, indent: str) -> list[str]:
    formula = _formula(primitive.value, ("w[i + e * di]", "w[j + e * dj]", "w[h + e * dh]"))
    by_one = ["for e in range(n):", f"    w[out + e] = {formula}"]
    if primitive.name == WHOLE_POWER:
        call = "whole_powers(routines, w, out + e, i + e * di, di, k, n - e)"
        by_one = ["integer_powers(w, out, i, n, di, k)"]
        lines = ["if _has_pow(routines) and (k < -1 or k > 4):", *_by_eight(call), "else:", *_deeper(by_one)]
    elif _is_elementary(primitive):
        call = f"_elements_{primitive.name.lower()}(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)"
        lines = [f"if {_may_call(primitive)}:", *_by_eight(call), "else:", *_deeper(by_one)]
    elif primitive.name in _module("vector").FORMULAS:
        lines = [*_row_by_eight(primitive), "for e in range(whole, n):", by_one[1]]
    else:
        lines = by_one
    return [indent + line for line in lines]


def _row_by_eight(primitive: Primitive) -> list[str]:
    """All but the last few elements; a loop without a choice where no operand of several is spread."""
    call = f"_eight_{primitive.name.lower()}"
    loop = "for e in range(U(0), whole, U(8)):"
    general = [loop, f"    {call}(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)"]
    if primitive.arity == 1:
        return general
    strides = " & ".join(("di", "dj", "dh")[: primitive.arity])
    plain = [loop, f"    {call}(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))"]
    return [f"if {strides}:", *_deeper(plain), "else:", *_deeper(general)]


def _by_eight(call: str) -> list[str]:
    return ["    for e in range(U(0), n, U(8)):", f"        {call}"]


def _deeper(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


def _eight_leaf(primitive: Primitive, indent: str) -> list[str]:
    name = primitive.name.lower()
    formula = _formula(primitive.value, ("w[i + e * di]", "w[j + e * dj]", ""))
    return [
        f"{indent}if {_may_call(primitive)}:",
        f"{indent}    _elements_{name}(routines, w, out, i, j, di, dj, U(8))",
        f"{indent}else:",
        f"{indent}    for e in range(U(0), U(8)):",
        f"{indent}        w[out + e] = {formula}",
    ]


def _batch_leaf(primitive: Primitive, indent: str) -> list[str]:
    name = primitive.name.lower()
    operands = "w[place_of(places, at, i, e)]", "w[place_of(places, second, j, e)]", ""
    return [
        f"{indent}if {_may_call(primitive)}:",
        f"{indent}    _batch_{name}(routines, w, out, places, at, hows)",
        f"{indent}else:",
        f"{indent}    for e in range(U(0), U(8)):",
        f"{indent}        w[out + e] = {_formula(primitive.value, operands)}",
    ]


_WEIGHTS = {
    "ADD": 12.0, "SUBTRACT": 7.0, "MULTIPLY": 12.0, "ZERO_SAFE_MULTIPLY": 10.0,
    "DIVIDE": 3.0, "NEGATE": 3.0, "SQUARE": 3.0, "RECIPROCAL": 1.0, "FMA": 1.0,
}  # fmt: skip
"""How common primitives are in functions and their derivative lists; beside the cost of the others, that of finding
them does not count."""
_RARE = 0.125
_FUSED_WEIGHTS = (3.0, 1.0, 0.25, 3.0, 1.0)
"""Of the forms of fused statements: c + a b, c - a b, a b - c, a b + c d, a b - c d."""


def _weight(primitive: Primitive) -> float:
    return _WEIGHTS.get(primitive.name, _RARE)


def _tree(rows: list[Primitive], indent: str, leaf: Callable[[Primitive, str], list[str]]) -> list[str]:
    by_number = {row.number: row for row in rows}
    codes = [(row.number, _weight(row)) for row in rows]
    return decision_tree(codes, indent, lambda code, indent: leaf(by_number[code], indent))


def _module(name: str) -> ModuleType:
    """A module of the engine, without running the package, whose dispatcher may be the one to be made."""
    if "adengine" not in sys.modules:
        package = types.ModuleType("adengine")
        package.__path__ = [str(ENGINE)]
        sys.modules["adengine"] = package
    return importlib.import_module(f"adengine.{name}")


def _vector_definitions(rows: list[Primitive]) -> list[str]:
    """The intrinsics for eight lanes or statements, and those that call routines."""
    simple = [row for row in rows if not _is_elementary(row)]
    made = [f'_eight_{row.name.lower()} = eight_lanes("{row.name}", {row.arity})' for row in simple]
    made += [f'_batch_{row.name.lower()} = eight_statements("{row.name}", {row.arity})' for row in simple]
    elementary = [row for row in rows if _is_elementary(row)]
    for what, maker in (("one", "one"), ("elements", "elements"), ("batch", "eight_elementary")):
        made += [f'_{what}_{row.name.lower()} = {maker}("{row.name}", {row.arity})' for row in elementary]
    needs = sorted({_module("elementary").ELEMENTARY[row.name].needs for row in elementary})
    made += [f"_has_{'_'.join(names)} = has({', '.join(repr(name) for name in names)})" for names in needs]
    return ["", *(line.replace("'", '"') for line in made)]


def _rules_called(rows: list[Primitive]) -> list[str]:
    names = {name for primitive in rows for name in re.findall(r"(?<![.\w])([a-z_0-9]+)\(", primitive.value)}
    return sorted(names - {"abs"} | {"integer_powers"})


def generate() -> str:
    """Text of the generated file."""
    rows = sorted(_module("primitives").ELEMENTWISE, key=lambda primitive: primitive.number)
    simple = [row for row in rows if row.name in _module("vector").FORMULAS]
    elementary = [row for row in rows if _is_elementary(row)]
    header = HEADER.format(rules="\n".join(f"    {name}," for name in _rules_called(rows)))
    body = [
        *_vector_definitions(simple + elementary),
        CALLED.rstrip("\n"),
        *_tree([row for row in rows if row not in simple], "    ", _called_leaf),
        SINGLE.rstrip("\n"),
        *_single_tree(simple, "        "),
        SINGLE_END.strip("\n"),
        CALLED_LANES.rstrip("\n"),
        *_tree(elementary, "    ", _eight_leaf),
        LANED.rstrip("\n"),
        *_eights_tree(simple, "            ", LANED_FROM, BATCHES_FROM, *_ON_LANES),
        LANED_END.strip("\n"),
        CALLED_BATCH.rstrip("\n"),
        *_tree(elementary, "    ", _batch_leaf),
        BATCHES.rstrip("\n"),
        *_eights_tree(simple, "        ", BATCHES_FROM, 2 * BATCHES_FROM, *_AT_ONCE),
        BATCHES_END.strip("\n"),
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

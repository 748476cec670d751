"""Each simple primitive as lines of LLVM's language, for one number or for eight at once.

The lines come from the formulas of :mod:`adengine.vector`, so compiled lists and the evaluator compute the same bits.
A template is text with holes: bytes from OPERAND on stand for the operands, those from LOCAL on for the lines' own
values. What has no template is left to the evaluator, which runs that statement when it is called back.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.elementary import ELEMENTARY, call_at
from adengine.primitives import BY_NAME, ELEMENTWISE, Primitive
from adengine.vector import FORMULAS, INT32, LANES, Value, all_lanes
from adengine.vector_library import Routines, available

ONE, EIGHT_WIDE = 0, 1
"""Kinds of templates: one number, or eight at once."""

OPERAND, LOCAL = 128, 144
"""First bytes of the holes: three operands, and up to a hundred values."""

_POWERS = (0, 1, 2, 3, 4, -1)
_LEAST_POWER = -1
POWERS = 6
"""INTEGER_POWER has templates for the exponents from -1 to 4, behind those of the codes."""

_VECTOR_TEXT = f"<{LANES} x double>"


class Templates(NamedTuple):
    """All templates.

    Attributes
    ----------
    text : uint8 array
        Of all templates one after another.
    starts : int64 array (kinds, CODES + POWERS, 2)
        Where each begins and ends; both 0 where there is none.
    values : int64 array (kinds, CODES + POWERS)
        How many values it defines; the last one is the result.
    declarations : str
        What the lines need declared.
    functions : dict
        For some codes the function that its lines for one number call.
    """

    text: NDArray[np.uint8]
    starts: NDArray[np.int64]
    values: NDArray[np.int64]
    declarations: str
    functions: dict[int, str]


def _lines_of(name: str, arity: int) -> list[str]:
    """The formula of a primitive for eight numbers as lines, its operands called %".1" to %".3"."""
    vector = ir.VectorType(ir.DoubleType(), LANES)
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(vector, [vector] * arity), "f")
    builder = ir.IRBuilder(function.append_basic_block("e"))
    builder.ret(FORMULAS[name](builder, function.args))
    lines = [line.strip() for line in str(function).splitlines()]
    return [_short_constants(line) for line in lines if line.startswith("%")]


def _short_constants(line: str) -> str:
    """Constants that are zero throughout by their short name, single spaces."""
    line = re.sub(r"\s+", " ", line)
    line = re.sub(r"(inttoptr i64 \d+ to) .*", r"\1 ptr", line)
    return re.sub(r"<(double 0x0(, )?){8}>", "zeroinitializer", line)


def _for_one(line: str) -> str:
    """The same line for one number."""
    line = re.sub(r"<double (0x[0-9a-f]+)(, double 0x[0-9a-f]+){7}>", r"\1", line)
    line = line.replace("zeroinitializer", "0x0").replace(_VECTOR_TEXT, "double").replace(f"<{LANES} x i1>", "i1")
    return line.replace(f".v{LANES}f64", ".f64")


def _with_holes(lines: list[str], arity: int) -> bytes:
    """Lines as a template: their names become holes."""
    names = [f'%".{number + 1}"' for number in range(arity)]
    holes = {name: bytes([OPERAND + number]) for number, name in enumerate(names)}
    holes |= {line.split(" = ")[0]: bytes([LOCAL + number]) for number, line in enumerate(lines)}
    pattern = re.compile("|".join(re.escape(name) for name in sorted(holes, key=len, reverse=True)))
    text = b""
    for line in lines:
        at = 0
        for found in pattern.finditer(line):
            text += line[at : found.start()].encode() + holes[found.group()]
            at = found.end()
        text += line[at:].encode() + b"\n"
    return text


def _strong_zero_lines(kind: str, mask: str, zero: str) -> list[str]:
    """The product with strong zeros in a straight line: the evaluator's formula has a branch.

    Three selections, which LLVM's quick selector takes for one number, give the same as one by three conditions.
    """
    return [
        f'%".3" = fmul {kind} %".1", %".2"',
        f'%".4" = fcmp une {kind} %".1", {zero}',
        f'%".5" = select {mask} %".4", {kind} %".3", {kind} {zero}',
        f'%".6" = fcmp une {kind} %".2", {zero}',
        f'%".7" = select {mask} %".6", {kind} %".5", {kind} {zero}',
        f'%".8" = fcmp ord {kind} %".3", {zero}',
        f'%".9" = select {mask} %".8", {kind} %".3", {kind} %".7"',
    ]


def _power_lines(exponent: int, kind: str) -> list[str]:
    """a to a small whole number, in the order of :func:`adengine.rules.integer_power`."""
    one = "1.0" if kind == "double" else "<" + ", ".join(["double 1.0"] * LANES) + ">"
    lines = {
        -1: [f'%".2" = fdiv {kind} {one}, %".1"'],
        0: [f'%".2" = select i1 true, {kind} {one}, {kind} %".1"'],
        1: [f'%".2" = select i1 true, {kind} %".1", {kind} %".1"'],
        2: [f'%".2" = fmul {kind} %".1", %".1"'],
        3: [f'%".2" = fmul {kind} %".1", %".1"', f'%".3" = fmul {kind} %".2", %".1"'],
        4: [f'%".2" = fmul {kind} %".1", %".1"', f'%".3" = fmul {kind} %".2", %".2"'],
    }
    return lines[exponent]


def _call_line(row: Primitive) -> str:
    """The call of the function of a primitive."""
    operands = ", ".join(f'double %".{number + 1}"' for number in range(row.arity))
    return f'%".{row.arity + 1}" = call double @one_{row.number}({operands})'


def _function_of(row: Primitive, routines: Routines) -> str:
    """A primitive that calls vector routines as a function of one number each.

    LLVM's quick selector knows no single lanes of vectors: one such line, and all lines before it in the function go
    through the slow one. In a function of their own they are translated once.
    """
    lines = _elementary_lines(row, routines, ONE)
    operands = ", ".join(f'double %".{number + 1}"' for number in range(row.arity))
    result = lines[-1].split(" = ")[0]
    head, end = f"define internal double @one_{row.number}({operands}) {{", f"ret double {result}"
    return "\n".join([head, "e:", *lines, end, "}", ""])


def _elementary_lines(row: Primitive, routines: Routines, kind: int) -> list[str]:
    """The formula of a primitive that calls vector routines, for eight numbers or for one in the first lane."""
    formula = ELEMENTARY[row.name]
    vector, double = ir.VectorType(ir.DoubleType(), LANES), ir.DoubleType()
    module = ir.Module()
    given = vector if kind == EIGHT_WIDE else double
    function = ir.Function(module, ir.FunctionType(given, [given] * row.arity), "f")
    builder = ir.IRBuilder(function.append_basic_block("e"))
    vectors = list(function.args)
    first = ir.Constant(INT32, 0)
    if kind == ONE:
        vectors = [builder.insert_element(all_lanes(formula.harmless), x, first) for x in vectors]

    def call(name: str, operands: Sequence[Value]) -> Value:
        address = ir.Constant(ir.IntType(64), routines.routine(name))
        return call_at(builder, address, operands, routines.width, half=kind == ONE)

    value = formula.formula(builder, vectors, call)
    builder.ret(value if kind == EIGHT_WIDE else builder.extract_element(value, first))
    lines = [line.strip() for line in str(function).splitlines()]
    return [_short_constants(line) for line in lines if line.startswith("%")]


def _collect(routines: Routines) -> tuple[dict[tuple[int, int], tuple[list[str], int]], dict[int, str]]:
    """Lines and arity of each kind and code, and the functions that they call."""
    found: dict[tuple[int, int], tuple[list[str], int]] = {}
    functions: dict[int, str] = {}
    for row in ELEMENTWISE:
        if row.number == op.ZERO_SAFE_MULTIPLY:
            continue
        if row.name in FORMULAS:
            lines = _lines_of(row.name, row.arity)
            found[EIGHT_WIDE, row.number] = lines, row.arity
            found[ONE, row.number] = [_for_one(line) for line in lines], row.arity
        elif row.name in ELEMENTARY and all(routines.routine(name) for name in ELEMENTARY[row.name].needs):
            found[EIGHT_WIDE, row.number] = _elementary_lines(row, routines, EIGHT_WIDE), row.arity
            found[ONE, row.number] = [_call_line(row)], row.arity
            functions[row.number] = _function_of(row, routines)
    found[ONE, op.ZERO_SAFE_MULTIPLY] = _strong_zero_lines("double", "i1", "0x0"), 2
    wide = _strong_zero_lines(_VECTOR_TEXT, f"<{LANES} x i1>", "zeroinitializer")
    found[EIGHT_WIDE, op.ZERO_SAFE_MULTIPLY] = wide, 2
    for exponent in _POWERS:
        code = op.CODES + exponent - _LEAST_POWER
        found[ONE, code] = _power_lines(exponent, "double"), 1
        found[EIGHT_WIDE, code] = _power_lines(exponent, _VECTOR_TEXT), 1
    return found, functions


def _declarations(lines: Iterable[str]) -> str:
    """The declarations of the LLVM functions that lines call."""
    return "\n".join(sorted({_declaration(line) for line in lines if "@llvm" in line or '@"llvm' in line})) + "\n"


def _declaration(line: str) -> str:
    """The declaration of the LLVM function that a line calls."""
    kind, name, arguments = re.fullmatch(r'%\S+ = call (.+?) @"?(llvm[\w.]+)"?\((.*)\)', line).groups()  # type: ignore[union-attr]
    types = ", ".join([kind] * arguments.count("%"))
    return f"declare {kind} @{name}({types})"


@functools.cache
def _templates(name: str) -> Templates:
    """The templates for the routines of a name."""
    found, functions = _collect(next(routines for routines in available() if routines.name == name))
    starts = np.zeros((2, op.CODES + POWERS, 2), np.int64)
    values = np.zeros((2, op.CODES + POWERS), np.int64)
    text = b""
    for (kind, code), (lines, arity) in found.items():
        template = _with_holes(lines, arity)
        starts[kind, code] = len(text), len(text) + len(template)
        values[kind, code] = len(lines)
        text += template
    written = itertools.chain(*(lines for lines, _ in found.values()), *map(str.splitlines, functions.values()))
    return Templates(np.frombuffer(text, np.uint8), starts, values, _declarations(written), functions)


INTEGER_POWER = BY_NAME["INTEGER_POWER"].number
LEAST_POWER = _LEAST_POWER


def templates_for(routines: Routines, *, plain: bool = False) -> Templates:
    """All templates, the elementary functions by these routines; made once for each kind of routines.

    Parameters
    ----------
    plain : bool
        Products with strong zeros are written as ordinary ones (:mod:`adengine.strong_zeros`).
    """
    made = _templates(routines.name)
    if not plain:
        return made
    starts, values = made.starts.copy(), made.values.copy()
    for table in (starts, values):
        table[:, op.ZERO_SAFE_MULTIPLY] = table[:, op.MULTIPLY]
    return made._replace(starts=starts, values=values)

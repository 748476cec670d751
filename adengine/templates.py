"""The table's partial derivatives as three-address rows that the transforms apply.

``"-(w * (1 / b))"`` becomes the rows ``r0 = DIVIDE(1, b)``, ``r1 = MULTIPLY(w, r0)``, ``r2 = NEGATE(r1)`` with r2 as
the result. Each operand of a row is an earlier row (0, 1, ...) or one of the negative references below.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine import opcodes as op
from adengine.elementary import ELEMENTARY
from adengine.primitives import BY_NAME, ELEMENTWISE, Primitive
from adengine.vector import FORMULAS

NOTHING, A, B, C, W, T, K = -1, -2, -3, -4, -5, -6, -7
FIRST_LITERAL = -8
"""References: no operand, the arguments, the result, the tangent or adjoint, the parameter; literals from -8 down."""

NO_PARTIAL, PARTIAL, CONTRIBUTION = 0, 1, 2
"""What a template gives: nothing, a partial derivative, or a whole contribution with t in it."""

ARITY, FINITE, PARAMETRIC, EIGHT_AT_ONCE, TEMPLATE = 0, 1, 2, 3, 4
"""Columns of `facts`; from TEMPLATE on four for each argument: what, first row, end, result."""

FINITE_WITH_ARGUMENTS, FINITE_ALWAYS = 1, 2

_SYMBOLS = {"a": A, "b": B, "c": C, "w": W, "t": T, "k": K}
_OPERATORS: dict[type[ast.operator], int] = {
    ast.Add: op.ADD, ast.Sub: op.SUBTRACT, ast.Mult: op.MULTIPLY, ast.Div: op.DIVIDE,
}  # fmt: skip


class Tables(NamedTuple):
    """The table as the kernels read it.

    Attributes
    ----------
    facts : int64 array (CODES, 16)
        A row per operation code: arity, where finite, whether it has a parameter k, whether it runs on
        eight lanes at once, then four columns per argument.
    rows : int64 array (rows, 6)
        Three-address rows: operation, three operands, whether it takes the parameter k, what is added to k.
    literals : float64 array
        Values of the literal references.
    """

    facts: NDArray[np.int64]
    rows: NDArray[np.int64]
    literals: NDArray[np.float64]


class _Compiler:
    """Turns the expressions of one table into rows; equal subexpressions of one template are one row."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int, int, int]] = []
        self.literals: list[float] = []
        self.first = 0

    def literal(self, value: float) -> int:
        if value not in self.literals:
            self.literals.append(value)
        return FIRST_LITERAL - self.literals.index(value)

    def row(self, code: int, operands: list[int], takes_k: int = 0, shift: int = 0) -> int:
        padded = [*operands, NOTHING, NOTHING, NOTHING][:3]
        entry = (code, padded[0], padded[1], padded[2], takes_k, shift)
        for place in range(self.first, len(self.rows)):
            if self.rows[place] == entry:
                return place - self.first
        self.rows.append(entry)
        return len(self.rows) - 1 - self.first

    def expression(self, node: ast.expr) -> int:
        match node:
            case ast.Constant(value=float() | int() as number):
                return self.literal(float(number))
            case ast.Name(id=name):
                return _SYMBOLS[name]
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=float() | int() as number)):
                return self.literal(-float(number))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.row(op.NEGATE, [self.expression(operand)])
            case ast.BinOp(left=left, op=operator, right=right):
                return self.row(_OPERATORS[type(operator)], [self.expression(left), self.expression(right)])
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self.row(BY_NAME[name.upper()].number, [self.expression(x) for x in arguments])
            case ast.Call(func=ast.Subscript(value=ast.Name(id=name), slice=index), args=arguments):
                takes_k, shift = _parameter(index)
                return self.row(BY_NAME[name.upper()].number, [self.expression(x) for x in arguments], takes_k, shift)
            case _:
                raise ValueError(f"not a template: {ast.unparse(node)}")

    def template(self, text: str) -> tuple[int, int, int, int]:
        if not text:
            return NO_PARTIAL, 0, 0, NOTHING
        self.first = len(self.rows)
        result = self.expression(ast.parse(text, mode="eval").body)
        rows = self.rows[self.first :]
        what = CONTRIBUTION if result == T or any(T in row[1:4] for row in rows) else PARTIAL
        return what, self.first, len(self.rows), result


def _parameter(index: ast.expr) -> tuple[int, int]:
    """``[k]``, ``[k-1]``, ``[0]`` as (whether k is taken, what is added)."""
    match index:
        case ast.Name(id="k"):
            return 1, 0
        case ast.Constant(value=int() as number):
            return 0, number
        case ast.BinOp(left=ast.Name(id="k"), op=ast.Add(), right=ast.Constant(value=int() as number)):
            return 1, number
        case ast.BinOp(left=ast.Name(id="k"), op=ast.Sub(), right=ast.Constant(value=int() as number)):
            return 1, -number
        case _:
            raise ValueError(f"not a parameter: {ast.unparse(index)}")


_FINITE = {"": 0, "arguments": FINITE_WITH_ARGUMENTS, "always": FINITE_ALWAYS}


def compile_tables(table: tuple[Primitive, ...] = ELEMENTWISE) -> Tables:
    """Compile the partials of all elementwise rows."""
    compiler = _Compiler()
    facts = np.zeros((op.CODES, TEMPLATE + 12), np.int64)
    for primitive in table:
        fact = facts[primitive.number]
        fact[ARITY], fact[FINITE] = primitive.arity, _FINITE[primitive.finite]
        fact[PARAMETRIC] = primitive.parametric
        fact[EIGHT_AT_ONCE] = primitive.name in FORMULAS or primitive.name in ELEMENTARY
        for place, text in enumerate(primitive.partials):
            fact[TEMPLATE + 4 * place : TEMPLATE + 4 * place + 4] = compiler.template(text)
    for code, arity in op.STRUCTURAL_ARITY.items():
        facts[code, ARITY] = arity
    for code, formula in op.FUSED.items():
        facts[code, ARITY] = 4 if "d" in formula else 3
    for code in (op.VIEW, op.ACCUMULATE, op.GATHER, op.SCATTER_ADD):
        facts[code, FINITE] = FINITE_WITH_ARGUMENTS
    rows = np.array(compiler.rows, np.int64).reshape(-1, 6)
    return Tables(facts, rows, np.array(compiler.literals))


TABLES = compile_tables()
"""The compiled table."""

"""Operators of a text on variables: each is one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wengert_server.language.faults import Fault
from wengert_server.language.statements import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wengert_server.language.statements import Statements
    from wengert_server.language.values import Value

_PLAIN: Mapping[str, str] = {
    "+": "ADD",
    "-": "SUBTRACT",
    "*": "MULTIPLY",
    "/": "DIVIDE",
    "%": "REMAINDER",
    "<": "LESS",
    "<=": "LESS_EQUAL",
    "==": "EQUAL",
    "!=": "NOT_EQUAL",
    "&&": "AND",
    "||": "OR",
}
_SWAPPED: Mapping[str, str] = {">": "LESS", ">=": "LESS_EQUAL"}

OPERATORS: Mapping[str, int] = {sign: NUMBERS[name] for sign, name in _PLAIN.items()}
"""Signs whose operands are the arguments, in this order, and the numbers of their primitives."""
_TURNED: Mapping[str, int] = {sign: NUMBERS[name] for sign, name in _SWAPPED.items()}

MAX_EXPONENT = 2**31 - 1
"""The largest exponent that makes an INTEGER_POWER of a power."""

_NEGATE, _NOT = NUMBERS["NEGATE"], NUMBERS["NOT"]
_SQUARE, _POWER, _INTEGER_POWER = NUMBERS["SQUARE"], NUMBERS["POWER"], NUMBERS["INTEGER_POWER"]


def applied(list_: Statements, sign: str, a: Value, b: Value) -> int:
    """Append the statement of an operator between two values."""
    number = OPERATORS.get(sign)
    if number is not None:
        return list_.elementwise(number, (a, b))
    if sign in _TURNED:
        return list_.elementwise(_TURNED[sign], (b, a))
    if sign == "@":
        if isinstance(a, float) or isinstance(b, float):
            raise Fault("@ is the product of matrices and vectors; numbers are multiplied by *")
        return list_.structural("MATMUL", (a, b), ())
    if sign == "//":
        raise Fault("// divides known numbers only; for variables write floor(a / b)")
    return _raised(list_, a, b)


def _raised(list_: Statements, a: Value, b: Value) -> int:
    """A power; a known whole exponent makes a SQUARE or an INTEGER_POWER of it."""
    if isinstance(b, float) and abs(b) <= MAX_EXPONENT and b.is_integer():
        if b == 2:
            return list_.elementwise(_SQUARE, (a,))
        return list_.elementwise(_INTEGER_POWER, (a,), (int(b),))
    return list_.elementwise(_POWER, (a, b))


def negated(list_: Statements, value: Value) -> float | int:
    """A minus in front of a value."""
    return -value if isinstance(value, float) else list_.elementwise(_NEGATE, (value,))


def refuted(list_: Statements, value: Value) -> float | int:
    """A ! in front of a value."""
    return float(value == 0) if isinstance(value, float) else list_.elementwise(_NOT, (value,))

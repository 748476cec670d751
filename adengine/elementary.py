"""Elementary functions eight at once, through the C library's vector routines.

A kernel is given the address of a table (:mod:`adengine.vector_library` makes it): how many numbers a routine takes at
once, then the address of each routine, 0 where there is none. The kernels call through these addresses, so that
compiled code names no symbol of a library that another machine may not have. Without a routine the scalar formula of
the table runs.

A value never depends on where it stands: one statement, eight statements, eight lanes and a row all call the same
routine, padded where fewer than eight are wanted.

Formulas that call a routine stand here in the builder's words; :mod:`adengine.rules` has the scalar ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from llvmlite import ir

from adengine.vector import (
    INT32,
    LANES,
    Value,
    all_lanes,
    llvm_call,
    spread,
)

ROUTINES = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "erf", "erfc", "atan2", "pow", "hypot",
)  # fmt: skip
"""Routines in the order of the table's entries, which begin at place 1; at place 0 stands how wide they are."""

OF_TWO = ("atan2", "pow", "hypot")
"""Routines of two arguments."""

_DOUBLE = ir.DoubleType()
_INT64 = ir.IntType(64)
HALF = LANES // 2


class Call(Protocol):
    """Puts the call of a routine on vectors of eight into the code."""

    def __call__(self, name: str, operands: Sequence[Value]) -> Value:
        """Call the routine of a name."""
        ...


class Elementary(NamedTuple):
    """A primitive that calls routines.

    Attributes
    ----------
    needs : tuple of str
        The routines.
    formula : callable
        Given a builder, the operands as vectors and a :class:`Call`, the result as a vector.
    harmless : float
        What fills the operands where fewer than eight are wanted: no special case of the routines.
    """

    needs: tuple[str, ...]
    formula: Callable[[Any, Sequence[Value], Call], Value]
    harmless: float = 0.5


def _same(name: str, harmless: float = 0.5) -> Elementary:
    """A primitive that is a routine."""
    return Elementary((name,), lambda builder, v, call: call(name, v), harmless)


def _is_minus_infinity(builder: Any, x: Value) -> Value:
    return builder.fcmp_ordered("==", x, all_lanes(-math.inf))


def is_nan(builder: Any, x: Value) -> Value:
    """Which lanes are NaN."""
    return builder.fcmp_unordered("!=", x, x)


def _decay(builder: Any, x: Value, call: Call) -> Value:
    """Give exp(-|x|)."""
    return call("exp", [builder.fneg(llvm_call(builder, "fabs", [x]))])


def _power_log(builder: Any, v: Sequence[Value], call: Call) -> Value:
    zero = all_lanes(0.0)
    none = builder.and_(builder.fcmp_ordered("==", v[0], zero), builder.fcmp_ordered(">=", v[1], zero))
    return builder.select(none, zero, call("log", v[:1]))


def _xlogy(builder: Any, v: Sequence[Value], call: Call) -> Value:
    zero = all_lanes(0.0)
    none = builder.and_(builder.fcmp_ordered("==", v[0], zero), builder.fcmp_ordered("==", v[1], v[1]))
    return builder.select(none, zero, builder.fmul(v[0], call("log", v[1:2])))


def _shifted_exp(builder: Any, v: Sequence[Value], call: Call) -> Value:
    grown = call("exp", [builder.fsub(v[0], v[1])])
    rest = builder.select(builder.fcmp_ordered("==", v[0], v[1]), all_lanes(1.0), grown)
    lost = builder.select(is_nan(builder, v[1]), all_lanes(math.nan), all_lanes(0.0))
    return builder.select(_is_minus_infinity(builder, v[0]), lost, rest)


def _sigmoid(builder: Any, v: Sequence[Value], call: Call) -> Value:
    decay = _decay(builder, v[0], call)
    over = builder.select(builder.fcmp_ordered(">=", v[0], all_lanes(0.0)), all_lanes(1.0), decay)
    return builder.fdiv(over, builder.fadd(all_lanes(1.0), decay))


def _exp_share(builder: Any, v: Sequence[Value], call: Call) -> Value:
    part = _sigmoid(builder, [builder.fsub(v[0], v[1])], call)
    rest = builder.select(builder.fcmp_ordered("==", v[0], v[1]), all_lanes(0.5), part)
    lost = builder.select(is_nan(builder, v[1]), all_lanes(math.nan), all_lanes(0.0))
    return builder.select(_is_minus_infinity(builder, v[0]), lost, rest)


def _softplus(builder: Any, v: Sequence[Value], call: Call) -> Value:
    positive = builder.select(builder.fcmp_ordered(">", v[0], all_lanes(0.0)), v[0], all_lanes(0.0))
    return builder.fadd(call("log1p", [_decay(builder, v[0], call)]), positive)


def _logaddexp(builder: Any, v: Sequence[Value], call: Call) -> Value:
    distance = builder.fsub(v[0], v[1])
    larger = builder.select(builder.fcmp_ordered(">", distance, all_lanes(0.0)), v[0], v[1])
    apart = builder.fadd(larger, call("log1p", [_decay(builder, distance, call)]))
    doubled = builder.fadd(v[0], all_lanes(math.log(2.0)))
    return builder.select(builder.fcmp_ordered("==", v[0], v[1]), doubled, apart)


def whole_power(builder: Any, a: Value, k: Value, call: Call) -> Value:
    """a to the whole number k outside -1 ... 4: pow of the magnitude, the sign by parity."""
    exponent = spread(builder, builder.sitofp(k, _DOUBLE))
    magnitude = call("pow", [llvm_call(builder, "fabs", [a]), exponent])
    odd = builder.trunc(k, ir.IntType(1))
    return builder.select(odd, llvm_call(builder, "copysign", [magnitude, a]), magnitude)


ELEMENTARY: dict[str, Elementary] = {
    "POWER": _same("pow"),
    "CBRT": _same("cbrt"),
    "HYPOT": _same("hypot"),
    "EXP": _same("exp"),
    "EXP2": _same("exp2"),
    "EXPM1": _same("expm1"),
    "LOG": _same("log"),
    "LOG2": _same("log2"),
    "LOG10": _same("log10"),
    "LOG1P": _same("log1p"),
    "LOGADDEXP": Elementary(("exp", "log1p"), _logaddexp),
    "SIN": _same("sin"),
    "COS": _same("cos"),
    "TAN": _same("tan"),
    "ASIN": _same("asin"),
    "ACOS": _same("acos"),
    "ATAN": _same("atan"),
    "ATAN2": _same("atan2"),
    "SINH": _same("sinh"),
    "COSH": _same("cosh"),
    "TANH": _same("tanh"),
    "ASINH": _same("asinh"),
    "ACOSH": _same("acosh", 1.5),
    "ATANH": _same("atanh"),
    "ERF": _same("erf"),
    "ERFC": _same("erfc"),
    "SIGMOID": Elementary(("exp",), _sigmoid),
    "SOFTPLUS": Elementary(("exp", "log1p"), _softplus),
    "XLOGY": Elementary(("log",), _xlogy),
    "SHIFTED_EXP": Elementary(("exp",), _shifted_exp),
    "POWER_LOG": Elementary(("log",), _power_log),
    "EXP_SHARE": Elementary(("exp",), _exp_share),
}
"""Formula of each primitive that calls routines."""


def place_of(name: str) -> int:
    """Where the address of a routine stands in the table.

    >>> place_of("exp")
    1
    """
    return 1 + ROUTINES.index(name)


def _lanes_of(builder: Any, v: Value, first: int, count: int) -> Value:
    """Some of a vector's lanes as a narrower one."""
    mask = ir.Constant(ir.VectorType(INT32, count), list(range(first, first + count)))
    return builder.shuffle_vector(v, ir.Constant(v.type, ir.Undefined), mask)


def call_at(builder: Any, address: Value, operands: Sequence[Value], width: int, *, half: bool = False) -> Value:
    """Call the routine at an address, once on eight or twice on four.

    Parameters
    ----------
    address : int64 value
    width : int
        8 or 4: how many numbers the routine takes.
    half : bool
        Only the first four lanes are wanted.
    """
    kind = ir.VectorType(_DOUBLE, width)
    signature = ir.FunctionType(kind, [kind] * len(operands))
    function = builder.inttoptr(address, signature.as_pointer())
    if width == LANES:
        return builder.call(function, list(operands))
    low = builder.call(function, [_lanes_of(builder, v, 0, HALF) for v in operands])
    high = low if half else builder.call(function, [_lanes_of(builder, v, HALF, HALF) for v in operands])
    return builder.shuffle_vector(low, high, ir.Constant(ir.VectorType(INT32, LANES), list(range(LANES))))

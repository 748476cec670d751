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
from numba import types
from numba.extending import intrinsic

from adengine.vector import (
    INT32,
    LANES,
    Value,
    all_lanes,
    choose,
    laned_operand,
    llvm_call,
    operands_of_eight,
    pointer,
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
_HALF = LANES // 2


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


def _is_nan(builder: Any, x: Value) -> Value:
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
    lost = builder.select(_is_nan(builder, v[1]), all_lanes(math.nan), all_lanes(0.0))
    return builder.select(_is_minus_infinity(builder, v[0]), lost, rest)


def _sigmoid(builder: Any, v: Sequence[Value], call: Call) -> Value:
    decay = _decay(builder, v[0], call)
    over = builder.select(builder.fcmp_ordered(">=", v[0], all_lanes(0.0)), all_lanes(1.0), decay)
    return builder.fdiv(over, builder.fadd(all_lanes(1.0), decay))


def _share(builder: Any, v: Sequence[Value], call: Call) -> Value:
    part = _sigmoid(builder, [builder.fsub(v[0], v[1])], call)
    rest = builder.select(builder.fcmp_ordered("==", v[0], v[1]), all_lanes(0.5), part)
    lost = builder.select(_is_nan(builder, v[1]), all_lanes(math.nan), all_lanes(0.0))
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


def _whole_power(builder: Any, a: Value, k: Value, call: Call) -> Value:
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
    "SHARE": Elementary(("exp",), _share),
}
"""Formula of each primitive that calls routines."""


def place_of(name: str) -> int:
    """Where the address of a routine stands in the table.

    >>> place_of("exp")
    1
    """
    return 1 + ROUTINES.index(name)


def _entry(builder: Any, table: Value, place: Value) -> Value:
    numbers = builder.inttoptr(table, _INT64.as_pointer())
    return builder.load(builder.gep(numbers, [place]))


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
    low = builder.call(function, [_lanes_of(builder, v, 0, _HALF) for v in operands])
    high = low if half else builder.call(function, [_lanes_of(builder, v, _HALF, _HALF) for v in operands])
    return builder.shuffle_vector(low, high, ir.Constant(ir.VectorType(INT32, LANES), list(range(LANES))))


def _call_entry(builder: Any, table: Value, place: Value, operands: Sequence[Value], *, half: bool = False) -> Value:
    """Call the routine at a place of the table, whatever its width."""
    address = _entry(builder, table, place)
    width = _entry(builder, table, ir.Constant(_INT64, 0))
    return choose(
        builder,
        builder.icmp_unsigned("==", width, ir.Constant(_INT64, LANES)),
        lambda: call_at(builder, address, operands, LANES),
        lambda: call_at(builder, address, operands, _HALF, half=half),
    )


def _through(builder: Any, table: Value, *, half: bool = False) -> Call:
    """Calls through the table."""
    return lambda name, operands: _call_entry(builder, table, ir.Constant(_INT64, place_of(name)), operands, half=half)


def has(*names: str) -> Any:
    """An intrinsic ``(table)``: whether the table has all these routines."""

    def typed(typing_context: Any, table: Any) -> Any:  # noqa: ARG001  what numba asks for
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
            zero = ir.Constant(_INT64, 0)
            there = [
                builder.icmp_unsigned("!=", _entry(builder, arguments[0], ir.Constant(_INT64, place_of(name))), zero)
                for name in names
            ]
            return there[0] if len(there) == 1 else builder.and_(*there)

        return types.boolean(table), generate

    typed.__name__ = f"has_{'_'.join(names)}"
    return intrinsic(typed)


def _of_one(name: str, formula: Callable[[Any, Sequence[Value], Call], Value], arity: int, harmless: float) -> Any:
    """An intrinsic ``(table, a[, b])``: a formula for one number each."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001  what numba asks for
        first = ir.Constant(INT32, 0)
        call = _through(builder, arguments[0], half=True)
        operands = [
            builder.insert_element(all_lanes(harmless), x, first) if x.type == _DOUBLE else x for x in arguments[1:]
        ]
        return builder.extract_element(formula(builder, operands, call), first)

    def typed_1(typing_context: Any, table: Any, a: Any) -> Any:  # noqa: ARG001
        return types.float64(table, a), generate

    def typed_2(typing_context: Any, table: Any, a: Any, b: Any) -> Any:  # noqa: ARG001
        return types.float64(table, a, b), generate

    typed: Any = typed_1 if arity == 1 else typed_2
    typed.__name__ = f"one_{name.lower()}"
    return intrinsic(typed)


def one(name: str, arity: int) -> Any:
    """An intrinsic ``(table, a[, b])``: a primitive of one number each."""
    return _of_one(name, ELEMENTARY[name].formula, arity, ELEMENTARY[name].harmless)


one_whole_power: Any = _of_one("whole_power", lambda builder, v, call: _whole_power(builder, v[0], v[1], call), 2, 0.5)
"""An intrinsic ``(table, a, k)``: a to the whole number k outside -1 ... 4."""


def eight_statements(name: str, arity: int) -> Any:
    """An intrinsic ``(table, w, out, places, at, hows)``: see :func:`adengine.vector.eight_statements`."""
    row = ELEMENTARY[name]

    def typed(typing_context: Any, table: Any, w: Any, out: Any, places: Any, at: Any, hows: Any) -> Any:  # noqa: ARG001  what numba asks for
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[1])(context, builder, arguments[1]).data
            numbers = context.make_array(signature.args[3])(context, builder, arguments[3]).data
            operands = operands_of_eight(builder, data, numbers, arguments[4], arguments[5], arity)
            value = row.formula(builder, operands, _through(builder, arguments[0]))
            builder.store(value, pointer(builder, data, arguments[2]), align=8)
            return context.get_dummy_value()

        return types.void(table, w, out, places, at, hows), generate

    typed.__name__ = f"eight_statements_{name.lower()}"
    return intrinsic(typed)


def _wanted(builder: Any, count: Value) -> Value:
    """Which of eight lanes are the first ``count``."""
    kind = ir.VectorType(_INT64, LANES)
    wide = builder.insert_element(ir.Constant(kind, ir.Undefined), count, ir.Constant(INT32, 0))
    mask = ir.Constant(ir.VectorType(INT32, LANES), [0] * LANES)
    counts = builder.shuffle_vector(wide, ir.Constant(kind, ir.Undefined), mask)
    return builder.icmp_unsigned("<", ir.Constant(kind, list(range(LANES))), counts)


def _store_wanted(builder: Any, value: Value, data: Value, out: Value, wanted: Value) -> None:
    """Store the wanted lanes; the others keep what stands there."""
    there = pointer(builder, data, out)
    builder.store(builder.select(wanted, value, builder.load(there, align=8)), there, align=8)


def elements(name: str, arity: int) -> Any:
    """An intrinsic ``(table, w, out, i, j, di, dj, count)``: up to eight elements or lanes.

    A stride of 0 spreads one value. Eight are read and written however few are wanted: behind the last element of an
    arena there is room (:data:`adengine.vm.CHUNK`), and what was there is written back.
    """
    row = ELEMENTARY[name]

    def typed(  # noqa: PLR0913  what numba asks for
        typing_context: Any, table: Any, w: Any, out: Any, i: Any, j: Any, di: Any, dj: Any, count: Any  # noqa: ARG001
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[1])(context, builder, arguments[1]).data
            wanted = _wanted(builder, arguments[7])
            operands = []
            for number in range(arity):
                given = laned_operand(builder, data, arguments[3 + number], arguments[5 + number])
                operands.append(builder.select(wanted, given, all_lanes(row.harmless)))
            value = row.formula(builder, operands, _through(builder, arguments[0]))
            _store_wanted(builder, value, data, arguments[2], wanted)
            return context.get_dummy_value()

        return types.void(table, w, out, i, j, di, dj, count), generate

    typed.__name__ = f"elements_{name.lower()}"
    return intrinsic(typed)


def _whole_powers(typing_context: Any, table: Any, w: Any, out: Any, i: Any, di: Any, k: Any, count: Any) -> Any:  # noqa: ARG001  what numba asks for
    """``(table, w, out, i, di, k, count)``: the same for a to the whole number k outside -1 ... 4."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[1])(context, builder, arguments[1]).data
        wanted = _wanted(builder, arguments[6])
        given = builder.select(wanted, laned_operand(builder, data, arguments[3], arguments[4]), all_lanes(0.5))
        value = _whole_power(builder, given, arguments[5], _through(builder, arguments[0]))
        _store_wanted(builder, value, data, arguments[2], wanted)
        return context.get_dummy_value()

    return types.void(table, w, out, i, di, k, count), generate


whole_powers: Any = intrinsic(_whole_powers)
"""See :func:`_whole_powers`."""


def routine(arity: int) -> Any:
    """An intrinsic ``(table, place, w)``: the routine at a place of the table, of w[0:8] and w[8:16], to w[16:24]."""

    def typed(typing_context: Any, table: Any, place: Any, w: Any) -> Any:  # noqa: ARG001  what numba asks for
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[2])(context, builder, arguments[2]).data
            operands = [
                builder.load(pointer(builder, data, ir.Constant(_INT64, LANES * number)), align=8)
                for number in range(arity)
            ]
            value = _call_entry(builder, arguments[0], arguments[1], operands)
            builder.store(value, pointer(builder, data, ir.Constant(_INT64, 2 * LANES)), align=8)
            return context.get_dummy_value()

        return types.void(table, place, w), generate

    typed.__name__ = f"routine_of_{arity}"
    return intrinsic(typed)

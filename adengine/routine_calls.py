"""Calls of vector routines from kernels: one number, eight statements, up to eight elements or lanes.

A kernel has the address of a table, see :mod:`adengine.elementary`; whether the table has what a primitive needs is
asked first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as _numba_cgutils
from numba.extending import intrinsic

from adengine.elementary import ELEMENTARY, HALF, Call, call_at, is_nan, place_of, whole_power
from adengine.vector import (
    INT32,
    LANES,
    Value,
    all_lanes,
    choose,
    laned_operand,
    operands_of_eight,
    pointer,
    spread,
)

_cgutils: Any = _numba_cgutils  # without types

_DOUBLE = ir.DoubleType()
_INT64 = ir.IntType(64)


def _entry(builder: Any, table: Value, place: Value) -> Value:
    numbers = builder.inttoptr(table, _INT64.as_pointer())
    return builder.load(builder.gep(numbers, [place]))


def _call_entry(builder: Any, table: Value, place: Value, operands: Sequence[Value], *, half: bool = False) -> Value:
    """Call the routine at a place of the table, whatever its width."""
    address = _entry(builder, table, place)
    width = _entry(builder, table, ir.Constant(_INT64, 0))
    return choose(
        builder,
        builder.icmp_unsigned("==", width, ir.Constant(_INT64, LANES)),
        lambda: call_at(builder, address, operands, LANES),
        lambda: call_at(builder, address, operands, HALF, half=half),
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


one_whole_power: Any = _of_one("whole_power", lambda builder, v, call: whole_power(builder, v[0], v[1], call), 2, 0.5)
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
        value = whole_power(builder, given, arguments[5], _through(builder, arguments[0]))
        _store_wanted(builder, value, data, arguments[2], wanted)
        return context.get_dummy_value()

    return types.void(table, w, out, i, di, k, count), generate


whole_powers: Any = intrinsic(_whole_powers)
"""See :func:`_whole_powers`."""


def _add_exponentials(
    typing_context: Any, table: Any, w: Any, to: Any, x: Any, shift: Any, laned: Any, count: Any  # noqa: ARG001
) -> Any:  # fmt: skip
    """``(table, w, to, x, shift, laned, count)``: add exp(x - shift) to up to eight sums, the shift one or laned."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[1])(context, builder, arguments[1]).data
        wanted = _wanted(builder, arguments[6])
        shifts = laned_operand(builder, data, arguments[4], arguments[5])
        shifted = builder.fsub(builder.load(pointer(builder, data, arguments[3]), align=8), shifts)
        safe = builder.select(wanted, shifted, all_lanes(ELEMENTARY["EXP"].harmless))
        grown = _through(builder, arguments[0])("exp", [safe])
        there = pointer(builder, data, arguments[2])
        before = builder.load(there, align=8)
        builder.store(builder.select(wanted, builder.fadd(before, grown), before), there, align=8)
        return context.get_dummy_value()

    return types.void(table, w, to, x, shift, laned, count), generate


def _keep_larger(typing_context: Any, w: Any, to: Any, x: Any, count: Any) -> Any:  # noqa: ARG001  what numba asks for
    """``(w, to, x, count)``: the larger of up to eight pairs, at ``to``; NaN passes on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        there = pointer(builder, data, arguments[1])
        before = builder.load(there, align=8)
        given = builder.load(pointer(builder, data, arguments[2]), align=8)
        larger = _larger(builder, before, given)
        builder.store(builder.select(_wanted(builder, arguments[3]), larger, before), there, align=8)
        return context.get_dummy_value()

    return types.void(w, to, x, count), generate


def _accumulated(builder: Any, length: Value, start: Value, step: Callable[[Value, Value, Value], Value]) -> Value:
    """A vector that is changed for every eight elements of a row: by where they begin and which of them are wanted."""
    kept = _cgutils.alloca_once(builder, start.type)
    builder.store(start, kept)
    first, eight = ir.Constant(_INT64, 0), ir.Constant(_INT64, LANES)
    with _cgutils.for_range_slice(builder, first, length, eight) as (i, _):
        builder.store(step(builder.load(kept), i, _wanted(builder, builder.sub(length, i))), kept)
    return builder.load(kept)


def _folded(builder: Any, v: Value, pair: Callable[[Value, Value], Value]) -> Value:
    """All lanes as one number: neighbours first, then neighbouring pairs, then both halves."""
    for distance in (1, 2, 4):
        mask = ir.Constant(ir.VectorType(INT32, LANES), [(lane + distance) % LANES for lane in range(LANES)])
        v = pair(v, builder.shuffle_vector(v, ir.Constant(v.type, ir.Undefined), mask))
    return builder.extract_element(v, ir.Constant(INT32, 0))


def _larger(builder: Any, before: Value, given: Value) -> Value:
    """The larger of two, lane by lane; NaN passes on."""
    taken = builder.or_(builder.fcmp_ordered(">", given, before), is_nan(builder, given))
    return builder.select(taken, given, before)


def _largest(typing_context: Any, w: Any, x: Any, length: Any) -> Any:  # noqa: ARG001  what numba asks for
    """``(w, x, length)``: the largest element of a row, NaN if there is one, -inf of none."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        least = all_lanes(-math.inf)

        def step(before: Value, i: Value, wanted: Value) -> Value:
            given = builder.load(pointer(builder, data, builder.add(arguments[1], i)), align=8)
            return _larger(builder, before, builder.select(wanted, given, least))

        lanes = _accumulated(builder, arguments[2], least, step)
        return _folded(builder, lanes, lambda one, other: _larger(builder, one, other))

    return types.float64(w, x, length), generate


def _sum_exponentials(typing_context: Any, table: Any, w: Any, x: Any, length: Any, shift: Any) -> Any:  # noqa: ARG001  what numba asks for
    """``(table, w, x, length, shift)``: the sum of exp(x - shift) over a row, in eight partial sums."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[1])(context, builder, arguments[1]).data
        shifts = spread(builder, arguments[4])
        call = _through(builder, arguments[0])

        def step(before: Value, i: Value, wanted: Value) -> Value:
            given = builder.load(pointer(builder, data, builder.add(arguments[2], i)), align=8)
            safe = builder.select(wanted, builder.fsub(given, shifts), all_lanes(ELEMENTARY["EXP"].harmless))
            return builder.select(wanted, builder.fadd(before, call("exp", [safe])), before)

        lanes = _accumulated(builder, arguments[3], all_lanes(0.0), step)
        return _folded(builder, lanes, builder.fadd)

    return types.float64(table, w, x, length, shift), generate


largest: Any = intrinsic(_largest)
"""See :func:`_largest`."""
sum_exponentials: Any = intrinsic(_sum_exponentials)
"""See :func:`_sum_exponentials`."""
add_exponentials: Any = intrinsic(_add_exponentials)
"""See :func:`_add_exponentials`."""
keep_larger: Any = intrinsic(_keep_larger)
"""See :func:`_keep_larger`."""


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

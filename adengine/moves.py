"""Moves: eight elements copied, spread or added at once, and sums of runs, on ``<8 x double>``.

Each function makes one intrinsic, as in :mod:`adengine.tiles`. A run of elements is added up in one order for all lanes
and all places: element p to partial sum p mod 8 as long as there are eight more, the partial sums pairwise, then the
rest one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as _numba_cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array as _numba_populate_array

from adengine.tiles import (
    ZEROS,
    Builder,
    Value,
    counted,
    data_of,
    int64,
    load_eight,
    pairwise,
    spread_eight,
    store_eight,
)
from adengine.transposes import transposed
from adengine.vector import LANES

_cgutils: Any = _numba_cgutils
populate_array: Any = _numba_populate_array  # both without types

_Code = Callable[[Builder, Value, Sequence[Value]], None]


def _made(code: _Code) -> Any:
    """What numba calls to make the code."""

    def generate(context: Any, builder: Builder, signature: Any, values: Any) -> Any:
        code(builder, data_of(context, builder, signature.args[0], values[0]), values[1:])
        return context.get_dummy_value()

    return generate


def _between_two(code: _Code) -> Any:
    """An intrinsic ``(w, to, x)``."""

    def typed(typing_context: Any, w: Any, to: Any, x: Any) -> Any:  # noqa: ARG001  what numba asks for
        return types.void(w, to, x), _made(code)

    typed.__name__ = code.__name__
    return intrinsic(typed)


def _sum_of(code: _Code) -> Any:
    """An intrinsic ``(w, out, x, step, length)``."""

    def typed(typing_context: Any, w: Any, out: Any, x: Any, step: Any, length: Any) -> Any:  # noqa: ARG001  what numba asks for
        return types.void(w, out, x, step, length), _made(code)

    typed.__name__ = code.__name__
    return intrinsic(typed)


def _copy(builder: Builder, w: Value, v: Sequence[Value]) -> None:
    store_eight(builder, load_eight(builder, w, v[1]), w, v[0])


def _spread(builder: Builder, w: Value, v: Sequence[Value]) -> None:
    store_eight(builder, spread_eight(builder, w, v[1]), w, v[0])


def _add(builder: Builder, w: Value, v: Sequence[Value]) -> None:
    store_eight(builder, builder.fadd(load_eight(builder, w, v[0]), load_eight(builder, w, v[1])), w, v[0])


def _add_one(builder: Builder, w: Value, v: Sequence[Value]) -> None:
    store_eight(builder, builder.fadd(load_eight(builder, w, v[0]), spread_eight(builder, w, v[1])), w, v[0])


def _partial_sums(
    builder: Builder, length: Value, loads: Callable[[Value], list[Value]]
) -> tuple[list[Value], Value, Value]:
    """Eight partial sums, then where the rest begins and how long it is."""

    def step(block: Value, totals: Sequence[Value]) -> list[Value]:
        values = loads(builder.mul(block, int64(LANES)))
        return [builder.fadd(total, value) for total, value in zip(totals, values, strict=True)]

    blocks = builder.lshr(length, int64(3))
    sums = counted(builder, blocks, [ZEROS] * LANES, step)
    return sums, builder.mul(blocks, int64(LANES)), builder.and_(length, int64(LANES - 1))


def _with_rest(builder: Builder, total: Value, rest: Sequence[Value], count: Value) -> Value:
    """Add the first ``count`` values, one after another."""
    for q, value in enumerate(rest[: LANES - 1]):
        total = builder.select(builder.icmp_unsigned("<", int64(q), count), builder.fadd(total, value), total)
    return total


def _sum_lanes(builder: Builder, w: Value, v: Sequence[Value]) -> None:
    """``w[out : out + 8] +=`` the sum over elements that stand ``step`` apart, for eight lanes."""
    out, x, step, length = v

    def loads(first: Value) -> list[Value]:
        return [
            load_eight(builder, w, builder.add(x, builder.mul(step, builder.add(first, int64(q)))))
            for q in range(LANES)
        ]

    sums, first, rest = _partial_sums(builder, length, loads)
    total = _with_rest(builder, pairwise(builder.fadd, sums), loads(first), rest)
    store_eight(builder, builder.fadd(load_eight(builder, w, out), total), w, out)


def _sum_rows(builder: Builder, w: Value, v: Sequence[Value]) -> None:
    """``w[out + r] +=`` the sum over row r, for eight rows that begin ``step`` apart."""
    out, x, step, length = v
    rows = [builder.add(x, builder.mul(step, int64(r))) for r in range(LANES)]

    def loads(first: Value) -> list[Value]:
        return [load_eight(builder, w, builder.add(row, first)) for row in rows]

    sums, first, rest = _partial_sums(builder, length, loads)
    total = pairwise(builder.fadd, transposed(builder, sums))
    total = _with_rest(builder, total, transposed(builder, loads(first)), rest)
    store_eight(builder, builder.fadd(load_eight(builder, w, out), total), w, out)


def _sum_run(builder: Builder, w: Value, v: Sequence[Value]) -> None:
    """``w[out] +=`` the sum of a run; ``step`` is 1."""
    out, x, _, length = v

    def step(block: Value, totals: Sequence[Value]) -> list[Value]:
        place = builder.add(x, builder.mul(block, int64(LANES)))
        return [builder.fadd(totals[0], load_eight(builder, w, place))]

    blocks = builder.lshr(length, int64(3))
    (sums,) = counted(builder, blocks, [ZEROS], step)
    parts = [builder.extract_element(sums, ir.Constant(ir.IntType(32), q)) for q in range(LANES)]
    first = builder.add(x, builder.mul(blocks, int64(LANES)))

    def one(q: Value, totals: Sequence[Value]) -> list[Value]:
        return [builder.fadd(totals[0], builder.load(builder.gep(w, [builder.add(first, q)])))]

    rest = builder.and_(length, int64(LANES - 1))
    (total,) = counted(builder, rest, [pairwise(builder.fadd, parts)], one)
    place = builder.gep(w, [out])
    builder.store(builder.fadd(builder.load(place), total), place)


copy_eight: Any = _between_two(_copy)
"""``w[to : to + 8] = w[x : x + 8]``"""
spread_to_eight: Any = _between_two(_spread)
"""``w[to : to + 8] = w[x]``"""
add_eight: Any = _between_two(_add)
"""``w[to : to + 8] += w[x : x + 8]``"""
add_to_eight: Any = _between_two(_add_one)
"""``w[to : to + 8] += w[x]``"""
sum_run: Any = _sum_of(_sum_run)
sum_eight_rows: Any = _sum_of(_sum_rows)
sum_eight_lanes: Any = _sum_of(_sum_lanes)


def numbers_on_stack(count: int) -> Any:
    """An intrinsic ``()``: an int64 array of so many numbers that lives as long as the kernel that asks for it runs."""
    array_type = types.Array(types.int64, 1, "C")

    def typed(typing_context: Any) -> Any:  # noqa: ARG001  what numba asks for
        def generate(context: Any, builder: Builder, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
            place: Any = _cgutils.alloca_once(builder, ir.IntType(64), size=int64(count))
            array = context.make_array(array_type)(context, builder)
            populate_array(
                array, data=place, shape=[int64(count)], strides=[int64(8)], itemsize=int64(8), meminfo=None
            )  # fmt: skip
            return array._getvalue()  # noqa: SLF001  numba's own way

        return array_type(), generate

    typed.__name__ = f"numbers_on_stack_{count}"
    return intrinsic(typed)

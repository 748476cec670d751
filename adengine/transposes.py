"""Eight by eight elements transposed in registers: from lanes side by side to rows of a reply, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from adengine.tiles import Builder, data_of, int64, load_eight, store_eight
from adengine.vector import INT32, LANES, Value


def transposed(builder: Builder, rows: Sequence[Value]) -> list[Value]:
    """Eight columns of eight rows: blocks of 1, 2 and 4 change places."""
    rows = list(rows)
    for size in (1, 2, 4):
        keep = [j if j & size == 0 else LANES + j - size for j in range(LANES)]
        give = [j + size if j & size == 0 else LANES + j for j in range(LANES)]
        for i in (i for i in range(LANES) if i & size == 0):
            first, second = rows[i], rows[i + size]
            for place, order in ((i, keep), (i + size, give)):
                mask = ir.Constant(ir.VectorType(INT32, LANES), order)
                rows[place] = builder.shuffle_vector(first, second, mask)
    return rows


def transpose_eight(*, adds: bool = False) -> Any:
    """An intrinsic ``(source, at, row, target, to, to_row)`` that transposes eight by eight elements.

    ``target[to + q to_row + r] = source[at + r row + q]`` for r and q below 8, or ``+=`` where it adds.
    """

    def typed(typing_context: Any, source: Any, at: Any, row: Any, target: Any, to: Any, to_row: Any) -> Any:  # noqa: ARG001  what numba asks for
        signature = types.void(source, at, row, target, to, to_row)

        def generate(context: Any, builder: Builder, signature: Any, arguments: Any) -> Any:
            _, at, row, _, to, to_row = arguments
            data = data_of(context, builder, signature.args[0], arguments[0])
            target = data_of(context, builder, signature.args[3], arguments[3])
            rows = [load_eight(builder, data, builder.add(at, builder.mul(row, int64(r)))) for r in range(LANES)]
            _store_columns(builder, rows, target, to, to_row, adds=adds)
            return context.get_dummy_value()

        return signature, generate

    typed.__name__ = f"transpose_eight{'_adding' * adds}"
    return intrinsic(typed)


def transpose_scattered() -> Any:
    """An intrinsic ``(source, places, at, beside, target, to, to_row)``: the same, each row from a place of its own.

    ``target[to + q to_row + r] = source[a + s (beside + q)]`` for r and q below 8, with ``a = places[at + r] >> 1`` and
    ``s = places[at + r] & 1``: a place is an address, and whether the lanes lie there side by side or share one number.
    """

    def typed(
        typing_context: Any, source: Any, places: Any, at: Any, beside: Any, target: Any, to: Any, to_row: Any  # noqa: ARG001  what numba asks for
    ) -> Any:  # fmt: skip
        signature = types.void(source, places, at, beside, target, to, to_row)

        def generate(context: Any, builder: Builder, signature: Any, arguments: Any) -> Any:
            _, _, at, beside, _, to, to_row = arguments
            data, places, target = (
                data_of(context, builder, signature.args[place], arguments[place]) for place in (0, 1, 4)
            )
            at_places = [builder.load(builder.gep(places, [builder.add(at, int64(r))])) for r in range(LANES)]
            _store_columns(
                builder, [_lanes_at(builder, data, place, beside) for place in at_places], target, to, to_row
            )
            return context.get_dummy_value()

        return signature, generate

    typed.__name__ = "transpose_scattered"
    return intrinsic(typed)


def _lanes_at(builder: Builder, data: Value, place: Value, beside: Value) -> Value:
    """Eight lanes of what stands at a place, from its address or from a little further on."""
    laned = builder.trunc(place, ir.IntType(1))
    address = builder.add(builder.lshr(place, int64(1)), builder.select(laned, beside, int64(0)))
    found = load_eight(builder, data, address)
    first = builder.shuffle_vector(found, found, ir.Constant(ir.VectorType(INT32, LANES), [0] * LANES))
    return builder.select(laned, found, first)


def _store_columns(
    builder: Builder, rows: Sequence[Value], target: Value, to: Value, to_row: Value, *, adds: bool = False
) -> None:
    for q, column in enumerate(transposed(builder, rows)):
        place = builder.add(to, builder.mul(to_row, int64(q)))
        value = builder.fadd(load_eight(builder, target, place), column) if adds else column
        store_eight(builder, value, target, place)

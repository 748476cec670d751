"""Tiles: the innermost loops of matrix products and copies, on ``<8 x double>``.

Each function here makes one intrinsic. LLVM maps the vectors to what the machine has, as in :mod:`adengine.vector`. A
term is added by ``llvm.fmuladd``: fused where the machine fuses at full speed, else a product and a sum; which of the
two does not depend on the tile, so every tile adds up the same bits.

Tiles read whole vectors, so up to seven elements, and a few lanes, behind an operand: the arena has room for that at
its end. They store only what is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from llvmlite import ir
from numba import types
from numba.core import cgutils as _numba_cgutils
from numba.extending import intrinsic

from adengine.kernel_cache import compiles_for
from adengine.vector import LANES

Value: TypeAlias = Any
Builder: TypeAlias = Any

_cgutils: Any = _numba_cgutils  # without types

_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)
_INT32 = ir.IntType(32)
_INT64 = ir.IntType(64)
_NO_VECTOR = ir.Constant(_VECTOR, ir.Undefined)
ZEROS = ir.Constant(_VECTOR, [0.0] * LANES)


# For a machine with 32 registers of eight doubles, or with 16 of four.
ROWS, VECTORS = (8, 3) if compiles_for("avx512f") else (4, 1)
"""Size of the largest tile: its sums, one vector of B for each column of vectors and one of A fill the registers."""


def int64(value: int) -> Value:
    """A constant of addresses and counts."""
    return ir.Constant(_INT64, value)


def data_of(context: Any, builder: Builder, array_type: Any, array: Value) -> Value:
    """Where an array's elements begin."""
    return context.make_array(array_type)(context, builder, array).data


def place_of(builder: Builder, data: Value, at: Value) -> Value:
    """Pointer to eight elements."""
    return builder.bitcast(builder.gep(data, [at]), _VECTOR.as_pointer())


def load_eight(builder: Builder, data: Value, at: Value) -> Value:
    """Eight neighbouring elements."""
    return builder.load(place_of(builder, data, at), align=8)


def spread_eight(builder: Builder, data: Value, at: Value) -> Value:
    """One element in each lane."""
    one = builder.insert_element(_NO_VECTOR, builder.load(builder.gep(data, [at])), ir.Constant(_INT32, 0))
    mask = ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES)
    return builder.shuffle_vector(one, _NO_VECTOR, mask)


def store_eight(builder: Builder, value: Value, data: Value, at: Value) -> None:
    """Write eight neighbouring elements."""
    builder.store(value, place_of(builder, data, at), align=8)


def _first_lanes(builder: Builder, count: Value) -> Value:
    """Which lanes are below a count."""
    one = builder.insert_element(ir.Constant(ir.VectorType(_INT64, LANES), ir.Undefined), count, ir.Constant(_INT32, 0))
    mask = ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES)
    counts = builder.shuffle_vector(one, one, mask)
    return builder.icmp_unsigned("<", ir.Constant(counts.type, list(range(LANES))), counts)


def _store_first(builder: Builder, value: Value, data: Value, at: Value, count: Value) -> None:
    """Store the first lanes."""
    with builder.if_else(builder.icmp_unsigned("==", count, int64(LANES)), likely=True) as (all_of_them, some):
        with all_of_them:
            store_eight(builder, value, data, at)
        with some:
            place = place_of(builder, data, at)
            function_type = ir.FunctionType(ir.VoidType(), [_VECTOR, place.type, _INT32, _BITS])
            store = _cgutils.get_or_insert_function(builder.module, function_type, "llvm.masked.store.v8f64.p0")
            builder.call(store, [value, place, ir.Constant(_INT32, 8), _first_lanes(builder, count)])


def _term(builder: Builder, a: Value, b: Value, total: Value, *, careful: bool) -> Value:
    """``total + a b``; careful: a term with an exactly zero factor leaves the sum as it is, whatever the other is."""
    function_type = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    multiply_add = _cgutils.get_or_insert_function(builder.module, function_type, "llvm.fmuladd.v8f64")
    added = builder.call(multiply_add, [a, b, total])
    if not careful:
        return added
    zero = builder.or_(builder.fcmp_ordered("==", a, ZEROS), builder.fcmp_ordered("==", b, ZEROS))
    not_a_number = builder.fcmp_unordered("uno", added, added)
    return builder.select(builder.and_(zero, not_a_number), total, added)


def counted(
    builder: Builder, count: Value, starts: Sequence[Value], step: Callable[[Value, Sequence[Value]], Sequence[Value]]
) -> list[Value]:
    """``count`` times through a step that takes its number and some values and gives the next ones."""
    before = builder.block
    head = builder.append_basic_block("head")
    body = builder.append_basic_block("body")
    after = builder.append_basic_block("after")
    builder.branch(head)
    builder.position_at_end(head)
    number = builder.phi(_INT64)
    values = [builder.phi(start.type) for start in starts]
    number.add_incoming(int64(0), before)
    for value, start in zip(values, starts, strict=True):
        value.add_incoming(start, before)
    builder.cbranch(builder.icmp_unsigned("<", number, count), body, after)
    builder.position_at_end(body)
    following = step(number, values)
    number.add_incoming(builder.add(number, int64(1)), builder.block)
    for value, next_ in zip(values, following, strict=True):
        value.add_incoming(next_, builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return values


class Grid(NamedTuple):
    """Tiles of one product, C += A B: where the operands begin, and how far the next row, vector or term is.

    A has rows, B has vectors of eight columns, C has both; ``_step`` leads to the next term of the sum. Vectors of B
    stand in panels of :data:`VECTORS`.
    """

    rows: Any
    vectors: Any
    valid: Any
    terms: Any
    start: Any
    a: Any
    a_row: Any
    a_step: Any
    b: Any
    b_panel: Any
    b_vector: Any
    b_step: Any
    c: Any
    c_row: Any
    c_vector: Any


GRID = types.NamedUniTuple(types.uint64, len(Grid._fields), Grid)  # type: ignore[no-untyped-call]
"""``valid`` elements of the last vector are C's; where ``start`` is 1, C begins as zeros."""


class _Tile(NamedTuple):
    """What the code of one tile is made for."""

    rows: int
    vectors: int
    laned: bool
    careful: bool


def _sums(builder: Builder, tile: _Tile, g: Grid, a: Value, b: Value, c: Value) -> None:
    """Write the code of one tile."""

    def at_c(r: int, v: int) -> Value:
        return builder.add(
            g.c, builder.add(builder.mul(g.c_row, int64(r)), builder.mul(g.c_vector, int64(v)))
        )  # fmt: skip

    places = [(r, v) for r in range(tile.rows) for v in range(tile.vectors)]
    before = builder.block
    with builder.if_then(builder.icmp_unsigned("==", g.start, int64(0)), likely=False):
        held = [load_eight(builder, c, at_c(r, v)) for r, v in places]
        loaded = builder.block
    starts = []
    for value in held:
        start = builder.phi(_VECTOR)
        start.add_incoming(ZEROS, before)
        start.add_incoming(value, loaded)
        starts.append(start)

    def step(number: Value, totals: Sequence[Value]) -> list[Value]:
        from_b = builder.add(g.b, builder.mul(number, g.b_step))
        from_a = builder.add(g.a, builder.mul(number, g.a_step))
        columns = [
            load_eight(builder, b, builder.add(from_b, builder.mul(g.b_vector, int64(v)))) for v in range(tile.vectors)
        ]
        added = []
        take = load_eight if tile.laned else spread_eight
        for r in range(tile.rows):
            factor = take(builder, a, builder.add(from_a, builder.mul(g.a_row, int64(r))))
            for v in range(tile.vectors):
                total = totals[r * tile.vectors + v]
                added.append(_term(builder, factor, columns[v], total, careful=tile.careful))
        return added

    for (r, v), total in zip(places, counted(builder, g.terms, starts, step), strict=True):
        if v == tile.vectors - 1:
            _store_first(builder, total, c, at_c(r, v), g.valid)
        else:
            store_eight(builder, total, c, at_c(r, v))


def tile(rows: int, vectors: int, *, laned: bool = False, careful: bool = False) -> Any:
    """An intrinsic ``(w, b, g)``: rows times vectors of a product, A and C in w, as the grid g says.

    A's elements are spread over the lanes; a laned A has a value for each of them.
    """
    made = _Tile(rows, vectors, laned, careful)

    def typed(typing_context: Any, w: Any, b: Any, g: Any) -> Any:  # noqa: ARG001  what numba asks for
        signature = types.void(w, b, g)

        def generate(context: Any, builder: Builder, signature: Any, arguments: Any) -> Any:
            grid = Grid(*_cgutils.unpack_tuple(builder, arguments[2], len(Grid._fields)))
            arena = data_of(context, builder, signature.args[0], arguments[0])
            columns = data_of(context, builder, signature.args[1], arguments[1])
            _sums(builder, made, grid, arena, columns, arena)
            return context.get_dummy_value()

        return signature, generate

    typed.__name__ = f"tile_{rows}_{vectors}{'_laned' * laned}{'_careful' * careful}"
    return intrinsic(typed)


# ---- Sums of products of two runs ----


def pairwise(add: Callable[[Value, Value], Value], values: Sequence[Value]) -> Value:
    """The sum of some, neighbours first."""
    if len(values) == 1:
        return values[0]
    return pairwise(add, [add(values[i], values[i + 1]) for i in range(0, len(values), 2)])


def dots(rows: int, *, careful: bool = False) -> Any:
    """An intrinsic ``(w, c, a, a_row, b, terms)``: w[c + r] = sum of a's row r times b, both runs of neighbours.

    Term p goes to partial sum p mod 8; the partial sums are added pairwise.
    """

    def typed(typing_context: Any, w: Any, c: Any, a: Any, a_row: Any, b: Any, terms: Any) -> Any:  # noqa: ARG001  what numba asks for
        signature = types.void(w, c, a, a_row, b, terms)

        def generate(context: Any, builder: Builder, signature: Any, arguments: Any) -> Any:
            data = data_of(context, builder, signature.args[0], arguments[0])
            _, c, a, a_row, b, terms = arguments
            starts = [builder.add(a, builder.mul(a_row, int64(r))) for r in range(rows)]

            def step(number: Value, totals: Sequence[Value]) -> list[Value]:
                place = builder.mul(number, int64(LANES))
                other = load_eight(builder, data, builder.add(b, place))
                factors = [load_eight(builder, data, builder.add(start, place)) for start in starts]
                return [_term(builder, f, other, t, careful=careful) for f, t in zip(factors, totals, strict=True)]

            blocks = builder.lshr(terms, int64(3))
            totals = counted(builder, blocks, [ZEROS] * rows, step)
            mask = _first_lanes(builder, builder.and_(terms, int64(LANES - 1)))
            for r, (total, last) in enumerate(zip(totals, step(blocks, totals), strict=True)):
                whole = builder.select(mask, last, total)
                parts = [builder.extract_element(whole, ir.Constant(_INT32, q)) for q in range(LANES)]
                builder.store(pairwise(builder.fadd, parts), builder.gep(data, [builder.add(c, int64(r))]))
            return context.get_dummy_value()

        return signature, generate

    typed.__name__ = f"dots_{rows}{'_careful' * careful}"
    return intrinsic(typed)


def laned_dot(a_laned: bool, b_laned: bool, *, careful: bool = False) -> Any:
    """An intrinsic ``(w, c, a, a_step, b, b_step, terms)``: the same sum for eight lanes, in the same order."""

    def typed(typing_context: Any, w: Any, c: Any, a: Any, a_step: Any, b: Any, b_step: Any, terms: Any) -> Any:  # noqa: ARG001  what numba asks for
        signature = types.void(w, c, a, a_step, b, b_step, terms)
        takes = load_eight if a_laned else spread_eight, load_eight if b_laned else spread_eight

        def generate(context: Any, builder: Builder, signature: Any, arguments: Any) -> Any:
            data = data_of(context, builder, signature.args[0], arguments[0])
            _, c, a, a_step, b, b_step, terms = arguments

            def step(number: Value, totals: Sequence[Value]) -> list[Value]:
                added = []
                for q, total in enumerate(totals):
                    p = builder.add(builder.mul(number, int64(LANES)), int64(q))
                    factor = takes[0](builder, data, builder.add(a, builder.mul(p, a_step)))
                    other = takes[1](builder, data, builder.add(b, builder.mul(p, b_step)))
                    added.append(_term(builder, factor, other, total, careful=careful))
                return added

            blocks = builder.lshr(terms, int64(3))
            totals = counted(builder, blocks, [ZEROS] * LANES, step)
            rest = builder.and_(terms, int64(LANES - 1))
            last = step(blocks, totals)
            whole = [
                builder.select(builder.icmp_unsigned("<", int64(q), rest), last[q], totals[q]) for q in range(LANES)
            ]
            store_eight(builder, pairwise(builder.fadd, whole), data, c)
            return context.get_dummy_value()

        return signature, generate

    typed.__name__ = f"laned_dot_{int(a_laned)}{int(b_laned)}{'_careful' * careful}"
    return intrinsic(typed)


# ---- Sums that tell ----


def all_finite() -> Any:
    """An intrinsic ``(w, at, count)``: whether a run has no infinity and no NaN; ``count`` is a multiple of 32."""

    def typed(typing_context: Any, w: Any, at: Any, count: Any) -> Any:  # noqa: ARG001  what numba asks for
        signature = types.boolean(w, at, count)

        def generate(context: Any, builder: Builder, signature: Any, arguments: Any) -> Any:
            data = data_of(context, builder, signature.args[0], arguments[0])
            _, at, count = arguments

            def step(number: Value, totals: Sequence[Value]) -> list[Value]:
                place = builder.add(at, builder.mul(number, int64(4 * LANES)))
                loads = [load_eight(builder, data, builder.add(place, int64(LANES * i))) for i in range(4)]
                return [_term(builder, x, ZEROS, t, careful=False) for x, t in zip(loads, totals, strict=True)]

            totals = counted(builder, builder.lshr(count, int64(5)), [ZEROS] * 4, step)
            total = pairwise(builder.fadd, totals)
            parts = [builder.extract_element(total, ir.Constant(_INT32, q)) for q in range(LANES)]
            return builder.fcmp_ordered("==", pairwise(builder.fadd, parts), ir.Constant(_DOUBLE, 0.0))

        return signature, generate

    return intrinsic(typed)

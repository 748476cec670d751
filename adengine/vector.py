"""Eight at once: the simple primitives on ``<8 x double>``, for eight lanes or for eight statements.

Numba does not vectorise a loop over lanes, for it cannot know that the operands do not overlap. These intrinsics load
eight lanes of each operand, or one value for all eight, compute and store. LLVM maps the vectors to what the machine
has: one register with AVX-512, two with AVX2, four with SSE2 or NEON. The operations are the scalar ones lane by lane,
so every result has the same bits.

Each formula is that of the table's row; where the row calls a rule of :mod:`adengine.rules`, the rule stands here once
more in the builder's words, and the tests hold both equal bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from adengine.jit import Int, kernel

U = types.uint64
LANES = 8
Value: TypeAlias = Any
Formula: TypeAlias = "Callable[[Any, Sequence[Value]], Value]"

_DOUBLE = ir.DoubleType()
VECTOR = ir.VectorType(_DOUBLE, LANES)
INT32 = ir.IntType(32)


def all_lanes(value: float) -> Value:
    """The same constant in each lane."""
    return ir.Constant(VECTOR, [value] * LANES)


def _compare(sign: str, x: int, y: int) -> Formula:
    """1 where the comparison of two operands holds, else 0."""
    ordered = sign != "!="

    def formula(builder: Any, v: Sequence[Value]) -> Value:
        compare = builder.fcmp_ordered if ordered else builder.fcmp_unordered
        return builder.select(compare(sign, v[x], v[y]), all_lanes(1.0), all_lanes(0.0))

    return formula


def _truth(builder: Any, x: Value) -> Value:
    """Not 0; NaN is true."""
    return builder.fcmp_unordered("!=", x, all_lanes(0.0))


def strong_product(builder: Any, v: Sequence[Value]) -> Value:
    """The product of two numbers or vectors, and 0 where it is NaN though a factor is 0.

    Only then does it differ from the ordinary product, so one comparison and a branch that is hardly ever taken are
    enough; looking at both factors each time would cost four instructions, and cycles of every chain of products.
    """
    product = builder.fmul(v[0], v[1])
    nothing = ir.Constant(product.type, 0.0 if product.type == _DOUBLE else [0.0] * LANES)
    lost = builder.fcmp_unordered("uno", product, product)
    some = lost if product.type == _DOUBLE else builder.bitcast(lost, ir.IntType(LANES))
    ordinary = builder.block
    with builder.if_then(builder.icmp_unsigned("!=", some, ir.Constant(some.type, 0)), likely=False):
        zero = builder.or_(builder.fcmp_ordered("==", v[0], nothing), builder.fcmp_ordered("==", v[1], nothing))
        mended = builder.select(builder.and_(lost, zero), nothing, product)
        special = builder.block
    value = builder.phi(product.type)
    value.add_incoming(product, ordinary)
    value.add_incoming(mended, special)
    return value


def _one_strong_product(typing_context: Any, a: Any, b: Any) -> Any:  # noqa: ARG001  what numba asks for
    """``(a, b)``: the product with strong zeros."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return strong_product(builder, arguments)

    return types.float64(a, b), generate


one_strong_product: Any = intrinsic(_one_strong_product)
"""See :func:`_one_strong_product`."""


def _positive_reciprocal(builder: Any, v: Sequence[Value]) -> Value:
    reciprocal = builder.fdiv(all_lanes(1.0), llvm_call(builder, "fabs", v[:1]))
    return builder.select(builder.fcmp_ordered("<", v[0], all_lanes(0.0)), all_lanes(float("nan")), reciprocal)


def _sign(builder: Any, v: Sequence[Value]) -> Value:
    rest = builder.select(builder.fcmp_ordered("==", v[0], all_lanes(0.0)), all_lanes(0.0), v[0])
    negative = builder.select(builder.fcmp_ordered("<", v[0], all_lanes(0.0)), all_lanes(-1.0), rest)
    return builder.select(builder.fcmp_ordered(">", v[0], all_lanes(0.0)), all_lanes(1.0), negative)


def _step(builder: Any, v: Sequence[Value]) -> Value:
    tie = builder.select(builder.fcmp_ordered("==", v[0], v[1]), all_lanes(0.5), all_lanes(float("nan")))
    below = builder.select(builder.fcmp_ordered("<", v[0], v[1]), all_lanes(0.0), tie)
    return builder.select(builder.fcmp_ordered(">", v[0], v[1]), all_lanes(1.0), below)


def _extreme(sign: str) -> Formula:
    def formula(builder: Any, v: Sequence[Value]) -> Value:
        first = builder.or_(builder.fcmp_ordered(sign, v[0], v[1]), builder.fcmp_unordered("!=", v[0], v[0]))
        return builder.select(first, v[0], v[1])

    return formula


def llvm_call(builder: Any, name: str, v: Sequence[Value]) -> Value:
    """An LLVM intrinsic on vectors, declared by name."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * len(v))
    function = builder.module.globals.get(f"llvm.{name}.v{LANES}f64")
    if function is None:
        function = ir.Function(builder.module, kind, f"llvm.{name}.v{LANES}f64")
    return builder.call(function, list(v))


def _intrinsic(name: str) -> Formula:
    return lambda builder, v: llvm_call(builder, name, v)


FORMULAS: dict[str, Formula] = {
    "ADD": lambda b, v: b.fadd(v[0], v[1]),
    "SUBTRACT": lambda b, v: b.fsub(v[0], v[1]),
    "MULTIPLY": lambda b, v: b.fmul(v[0], v[1]),
    "DIVIDE": lambda b, v: b.fdiv(v[0], v[1]),
    "NEGATE": lambda b, v: b.fneg(v[0]),
    "RECIPROCAL": lambda b, v: b.fdiv(all_lanes(1.0), v[0]),
    "SQUARE": lambda b, v: b.fmul(v[0], v[0]),
    "FMA": lambda b, v: b.fadd(b.fmul(v[0], v[1]), v[2]),
    "ZERO_SAFE_MULTIPLY": strong_product,
    "SQRT": _intrinsic("sqrt"),
    "ABS": _intrinsic("fabs"),
    "SIGN": _sign,
    "FLOOR": _intrinsic("floor"),
    "CEIL": _intrinsic("ceil"),
    "ROUND": _intrinsic("rint"),
    "TRUNC": _intrinsic("trunc"),
    "COPYSIGN": _intrinsic("copysign"),
    "MINIMUM": _extreme("<"),
    "MAXIMUM": _extreme(">"),
    "SELECT": lambda b, v: b.select(_truth(b, v[0]), v[1], v[2]),
    "LESS": _compare("<", 0, 1),
    "LESS_EQUAL": _compare("<=", 0, 1),
    "EQUAL": _compare("==", 0, 1),
    "NOT_EQUAL": _compare("!=", 0, 1),
    "NOT": lambda b, v: b.select(_truth(b, v[0]), all_lanes(0.0), all_lanes(1.0)),
    "AND": lambda b, v: b.select(b.and_(_truth(b, v[0]), _truth(b, v[1])), all_lanes(1.0), all_lanes(0.0)),
    "OR": lambda b, v: b.select(b.or_(_truth(b, v[0]), _truth(b, v[1])), all_lanes(1.0), all_lanes(0.0)),
    "POSITIVE_RECIPROCAL": _positive_reciprocal,
    "STEP": _step,
}
"""Formula of each primitive that runs on eight lanes at once."""


def pointer(builder: Any, data: Value, place: Value) -> Value:
    """Where eight elements from a place on stand."""
    return builder.bitcast(builder.gep(data, [place]), VECTOR.as_pointer())


def laned_operand(builder: Any, data: Value, place: Value, laned: Value) -> Value:
    """Eight lanes from a place, or the value there for all of them."""
    return choose(
        builder,
        builder.icmp_unsigned("!=", laned, ir.Constant(laned.type, 0)),
        lambda: builder.load(pointer(builder, data, place), align=8),
        lambda: spread(builder, builder.load(builder.gep(data, [place]))),
    )


def spread(builder: Any, one: Value) -> Value:
    """The same value in each lane."""
    single = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), one, ir.Constant(INT32, 0))
    mask = ir.Constant(ir.VectorType(INT32, LANES), [0] * LANES)
    return builder.shuffle_vector(single, ir.Constant(VECTOR, ir.Undefined), mask)


def choose(builder: Any, condition: Value, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
    """One of two values, only that one computed."""
    with builder.if_else(condition) as (then, otherwise):
        with then:
            first = yes()
            first_block = builder.block
        with otherwise:
            second = no()
            second_block = builder.block
    value = builder.phi(VECTOR)
    value.add_incoming(first, first_block)
    value.add_incoming(second, second_block)
    return value


def _gathered(builder: Any, data: Value, places: Value, how: Value) -> Value:
    """Eight elements: those from the first place on, the one there for all, or each from its own place."""

    def place(number: int) -> Value:
        at = builder.load(builder.gep(places, [ir.Constant(INT32, number)]))
        return builder.zext(at, ir.IntType(64))

    def one(number: int) -> Value:
        return builder.load(builder.gep(data, [place(number)]))

    def each() -> Value:
        value = ir.Constant(VECTOR, ir.Undefined)
        for lane in range(LANES):
            value = builder.insert_element(value, one(lane), ir.Constant(INT32, lane))
        return value

    def is_(code: int) -> Value:
        return builder.icmp_unsigned("==", how, ir.Constant(how.type, code))

    return choose(
        builder,
        is_(SIDE_BY_SIDE),
        lambda: builder.load(pointer(builder, data, place(0)), align=8),
        lambda: choose(builder, is_(THE_SAME), lambda: spread(builder, one(0)), each),
    )


def operands_of_eight(builder: Any, data: Value, places: Value, at: Value, hows: Value, arity: int) -> list[Value]:
    """The operands of eight statements, from the list of their places, from ``at`` on, and ``hows`` they lie."""
    operands = []
    for number in range(arity):
        shifted = builder.lshr(hows, ir.Constant(hows.type, 2 * number))
        how = builder.and_(shifted, ir.Constant(shifted.type, 3))
        operands.append(_gathered(builder, data, builder.gep(places, [at]), how))
        apart = builder.icmp_unsigned("==", how, ir.Constant(how.type, APART))
        at = builder.add(at, builder.select(apart, ir.Constant(at.type, LANES), ir.Constant(at.type, 1)))
    return operands


APART, SIDE_BY_SIDE, THE_SAME = 0, 1, 2
"""How the operands of eight statements lie in the arena."""


@kernel(U(types.Array(types.uint32, 1, "C"), U, U, U), inline=True, inner=True)
def place_of(places: NDArray[np.uint32], at: Int, how: Int, e: Int) -> Int:
    """Where the operand of one of eight statements lies, as :func:`operands_of_eight` finds them."""
    if how == U(APART):
        return U(places[at + e])
    return U(places[at]) + (e if how == U(SIDE_BY_SIDE) else U(0))


def eight_statements(name: str, arity: int) -> Any:
    """An intrinsic ``(w, out, places, at, hows)``: eight statements at once, their results side by side at out.

    The operands' places stand in ``places`` from ``at`` on, for each argument eight where they lie apart, else the
    first; ``hows`` has two bits for each argument.
    """
    formula = FORMULAS[name]

    def typed(typing_context: Any, w: Any, out: Any, places: Any, at: Any, hows: Any) -> Any:  # noqa: ARG001  what numba asks for
        signature = types.void(w, out, places, at, hows)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            table = context.make_array(signature.args[2])(context, builder, arguments[2]).data
            operands = operands_of_eight(builder, data, table, arguments[3], arguments[4], arity)
            builder.store(formula(builder, operands), pointer(builder, data, arguments[1]), align=8)
            return context.get_dummy_value()

        return signature, generate

    typed.__name__ = f"eight_statements_{name.lower()}"
    return intrinsic(typed)


def eight_lanes(name: str, arity: int) -> Any:
    """An intrinsic ``(w, out, i, j, h, di, dj, dh)``: w[out:out+8] = primitive of the operands at i, j, h.

    A stride of 0 says that the operand has one value for all lanes.
    """
    formula = FORMULAS[name]

    def typed(typing_context: Any, w: Any, out: Any, i: Any, j: Any, h: Any, di: Any, dj: Any, dh: Any) -> Any:  # noqa: ARG001, PLR0913  what numba asks for
        signature = types.void(w, out, i, j, h, di, dj, dh)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            operands = [
                laned_operand(builder, array.data, arguments[2 + place], arguments[5 + place]) for place in range(arity)
            ]
            builder.store(formula(builder, operands), pointer(builder, array.data, arguments[1]), align=8)
            return context.get_dummy_value()

        return signature, generate

    typed.__name__ = f"eight_lanes_{name.lower()}"
    return intrinsic(typed)

"""What a program hands to its kernel: one row of numbers, among them the addresses of its columns.

Each array that Python passes to a kernel is taken apart anew at every call. A program's own columns never move, so
their addresses stand in a descriptor that is made once for each arena.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from adengine.schedule import COLUMNS
from adengine.transfer import BLOCK_COLUMNS, IN_COLUMNS, OUT_COLUMNS

(
    CODE, INSTRUCTIONS, PLACES, PLACES_COUNT, POOL, WORDS, ARENA, ELEMENTS, INPUTS, INPUT_LINES, OUTPUTS, OUTPUT_LINES,
    SCATTERED, SCATTERED_COUNT, ONCE, LANES, ROUTINES, WHOLE, REST, PLAIN,
) = range(20)  # fmt: skip
"""Places of a descriptor: addresses of columns, each with its number of rows; how many instructions run once for all
directions at one point; lanes; the address of the table of vector routines; where the machine code begins for all
instructions and for those after ``ONCE``, 0 where there is none; whether its products leave NaN where a strong zero
would not."""

DESCRIPTOR_LENGTH = 20


def _array_at(kind: Any, columns: int) -> Any:
    """An intrinsic ``(address, rows)``: the array that stands there, with so many columns, or flat where none is said.

    (Numba's own ``carray`` needs its reference counts, which kernels are compiled without.)
    """
    array_type = types.Array(kind, 2 if columns else 1, "C")

    def typed(typing_context: Any, address: Any, rows: Any) -> Any:  # noqa: ARG001  what numba asks for
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.return_type)(context, builder)
            width = context.get_abi_sizeof(context.get_data_type(kind))
            steps = [width * columns, width] if columns else [width]
            word = ir.IntType(64)
            populate_array(  # type: ignore[no-untyped-call]
                array,
                data=builder.inttoptr(arguments[0], context.get_data_type(kind).as_pointer()),
                shape=[arguments[1], ir.Constant(word, columns)] if columns else [arguments[1]],
                strides=[ir.Constant(word, step) for step in steps],
                itemsize=ir.Constant(word, width),
                meminfo=None,
            )
            return array._getvalue()  # noqa: SLF001  numba's own way

        return array_type(address, rows), generate

    typed.__name__ = f"array_of_{kind}_{columns}"
    return intrinsic(typed)


float64_at: Any = _array_at(types.float64, 0)
int64_at: Any = _array_at(types.int64, 0)
instructions_at: Any = _array_at(types.uint32, COLUMNS)
places_at: Any = _array_at(types.uint32, 0)
inputs_at: Any = _array_at(types.int64, IN_COLUMNS)
outputs_at: Any = _array_at(types.int64, OUT_COLUMNS)
blocks_at: Any = _array_at(types.int64, BLOCK_COLUMNS)
"""The columns and tables of a program, by address and number of rows."""


def _call_at(typing_context: Any, address: Any, w: Any) -> Any:  # noqa: ARG001  what numba asks for
    """``(address, w)``: call the machine code at an address for the arena."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[1])(context, builder, arguments[1]).data
        kind = ir.FunctionType(ir.VoidType(), [data.type])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), [data])
        return context.get_dummy_value()

    return types.void(address, w), generate


call_at: Any = intrinsic(_call_at)

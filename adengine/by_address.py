"""Kernels that others call through their address.

Numba compiles into each kernel the code of all kernels that it calls. What is large and called from several places
would be compiled anew each time; called through its address, it is compiled once.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils as _numba_cgutils
from numba.extending import intrinsic

_cgutils: Any = _numba_cgutils  # without types


def address_of(kernel: Any) -> int:
    """Address of a kernel's code."""
    compiled = kernel.overloads[kernel.signatures[0]]
    return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))


def call_by_address(signature: Any) -> Any:
    """An intrinsic ``(address, (argument, ...))``: call the kernel of this signature that stands there."""

    def typed(typing_context: Any, address: Any, given: Any) -> Any:  # noqa: ARG001  what numba asks for
        def generate(context: Any, builder: Any, made: Any, arguments: Any) -> Any:
            values = _cgutils.unpack_tuple(builder, arguments[1])
            cast = [
                context.cast(builder, value, source, target)
                for value, source, target in zip(values, made.args[1].types, signature.args, strict=True)
            ]
            convention = context.call_conv
            function_type = convention.get_function_type(signature.return_type, signature.args)
            function = builder.inttoptr(arguments[0], function_type.as_pointer())
            status, _ = convention.call_function(builder, function, signature.return_type, signature.args, cast)
            with _cgutils.if_unlikely(builder, status.is_error):
                convention.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.void(address, given), generate

    return intrinsic(typed)

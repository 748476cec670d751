"""Kernels that other kernels call by a name of the linker.

Numba compiles into each kernel the code of all kernels that it calls, and of those that these call: what is large and
called from several places was compiled ten times. A kernel that is called by name is compiled once. Names, unlike
addresses, may stand in code that is kept on disk; the loader finds them wherever the kernel is in this process.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from numba.core import cgutils as _numba_cgutils

_cgutils: Any = _numba_cgutils  # without types


def call_by_name(kernel: Any) -> None:
    """Have code that is compiled from now on call a kernel by its name, in place of linking a copy of it."""
    (compiled,) = kernel.overloads.values()
    described = compiled.fndesc
    name = f"wengert.{described.modname}.{described.qualname}"
    llvmlite.binding.add_symbol(name, compiled.library.get_pointer_to_function(described.llvm_func_name))
    context = compiled.target_context
    context.remove_user_function(compiled.entry_point)
    context.insert_func_defn([(_caller(name, described), compiled.entry_point, compiled.signature.args)])


def _caller(name: str, described: Any) -> Any:
    """What numba asks for where a call is to be compiled."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001  what numba calls
        convention = context.call_conv
        function_type = convention.get_function_type(described.restype, described.argtypes)
        function = _cgutils.get_or_insert_function(builder.module, function_type, name)
        status, result = convention.call_function(builder, function, described.restype, described.argtypes, arguments)
        with _cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return result

    return generate

"""How a kernel learns that it need not go on: a word of memory that its thread points to.

Kernels run for long without the global lock, so nobody can interrupt them; they have to look. Where to look cannot be
an argument, or each would have one more, down to the innermost. It is a slot of the thread: Python puts the address of
a word there, which another thread sets, and kernels ask :data:`stopped`, a function of some nanoseconds. It lies beside
kernels and is called by name (:mod:`adengine.by_name`), so that kernels in the cache find it in every process.

What a kernel leaves behind that has stopped early is of no use. So whoever calls one from Python raises
:class:`adengine.errors.Cancelled` then, before anything is read: ``kernel(stops=True)`` does.
"""

from __future__ import annotations

import ctypes
from typing import Any

from llvmlite import binding as llvm
from numba import types

_NAME = "wengert_stopped"
_LOOK = """
define i64 @wengert_stopped() {{
  %word = call ptr inttoptr (i64 {get} to ptr)(i32 {key})
  %none = icmp eq ptr %word, null
  br i1 %none, label %no, label %look
look:
  %set = load volatile i64, ptr %word
  ret i64 %set
no:
  ret i64 0
}}
"""
_NEVER = """
define i64 @wengert_stopped() {
  ret i64 0
}
"""


class _Slot:
    """The slot of each thread, where the C library has such slots; elsewhere kernels run to their end."""

    def __init__(self) -> None:
        self._key = ctypes.c_uint()
        # PyDLL: calls that keep the global lock, for they take less time than giving it up would.
        library: Any = ctypes.PyDLL(None)
        self._there = all(hasattr(library, f"pthread_{name}") for name in ("key_create", "getspecific", "setspecific"))
        self._there = self._there and library.pthread_key_create(ctypes.byref(self._key), None) == 0
        text = _NEVER
        if self._there:
            self._get, self._set = library.pthread_getspecific, library.pthread_setspecific
            self._set.argtypes = [ctypes.c_uint, ctypes.c_void_p]
            self._get.argtypes, self._get.restype = [ctypes.c_uint], ctypes.c_void_p
            text = _LOOK.format(get=ctypes.cast(self._get, ctypes.c_void_p).value, key=self._key.value)
        self._code = _compiled(text)
        llvm.add_symbol(_NAME, self._code.get_function_address(_NAME))

    def point_to(self, address: int | None) -> int | None:
        """Have kernels on this thread look at a word, or at none; gives where they looked before."""
        if not self._there:
            return None
        before: int | None = self._get(self._key)
        self._set(self._key, address)
        return before


def _compiled(text: str) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)
    engine.finalize_object()
    return engine


SLOT = _Slot()
"""This process's slots."""

stopped: Any = types.ExternalFunction(_NAME, types.int64())
"""For kernels: other than 0 once the call they work for is cancelled. Ask every some microseconds, not more often."""

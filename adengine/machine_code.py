"""Text of LLVM's language compiled to machine code, which lives as long as somebody holds it.

Code is generated at level 0, without passes: a list is straight-line code in which every value is defined once, and
higher levels take four times as long for a few per cent. Each text has a context of its own, which goes with it as
soon as the code is there, so that nothing of it stays behind.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from queue import SimpleQueue
from typing import Any

from llvmlite import binding as llvm

from adengine.cancellation import holding

_BYTES_OF_ANY = 600_000
"""What LLVM keeps for any code, however short, beside the code, which is shorter than its text (measured)."""

_LLVM = threading.Lock()
"""Held while LLVM works. A process that ended meanwhile would take away what LLVM works on, and crash; one that forked
would have a child in which LLVM is busy for ever."""
atexit.register(_LLVM.acquire)
os.register_at_fork(before=_LLVM.acquire, after_in_parent=_LLVM.release, after_in_child=_LLVM.release)


class MachineCode:
    """Compiled code.

    Parameters
    ----------
    text : bytes
        A module that defines ``whole`` and ``rest``, functions of a pointer.

    Attributes
    ----------
    whole, rest : int
        Their addresses, good as long as this object lives.
    bytes : int
        About what it takes in memory.
    """

    def __init__(self, text: bytes) -> None:
        RETURNS.start()
        with holding(_LLVM):
            context = llvm.create_context()
            module = llvm.parse_assembly(text.decode("ascii"), context)
            # The manager of memory that keeps code and constants side by side, as the small code model needs.
            engine = llvm.create_mcjit_compiler(module, _target_machine(), use_lmm=True)
            weakref.finalize(self, RETURNS.give_back, engine).atexit = False
            engine.finalize_object()
            self.whole: int = engine.get_function_address("whole")
            self.rest: int = engine.get_function_address("rest")
            # The code stays; what it was made of is several times as large.
            engine.remove_module(module)
            module.close()
            context.close()
        self.bytes = _BYTES_OF_ANY + len(text)


class Returns:
    """One thread that gives back the memory of compiled code.

    LLVM is under one lock, which whoever compiles a long list holds for long; who drops code must not wait for that,
    least of all while it holds a lock of the engine's.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._waiting: SimpleQueue[Any] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, unless it runs: not when code is dropped, since a collection of garbage may do that."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="returns", daemon=True)
                    self._thread.start()

    def give_back(self, engine: Any) -> None:
        """Give back later; may be called from anywhere, also within itself."""
        self._waiting.put(engine)

    def _work(self) -> None:
        while True:
            engine = self._waiting.get()
            with _LLVM:
                engine.close()
            del engine


RETURNS = Returns()
os.register_at_fork(after_in_child=RETURNS._begin)  # noqa: SLF001  a child process has no threads


def _target_machine() -> Any:
    """The machine it runs on, with all that its processor can do."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=0, jit=True, codemodel="small"
    )

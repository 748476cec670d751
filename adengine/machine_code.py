"""Text of LLVM's language compiled to machine code, which lives as long as somebody holds it.

Code is generated at level 0, without passes: a list is straight-line code in which every value is defined once, and
higher levels take four times as long for a few per cent. Each text has a context of its own, so that nothing of it
stays behind.
"""

from __future__ import annotations

import weakref
from typing import Any

from llvmlite import binding as llvm


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
        context = llvm.create_context()
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text.decode("ascii"), context), _target_machine())
        # In a cycle of garbage Python finalizes in any order; the context must go last.
        weakref.finalize(self, _give_back, engine, context).atexit = False
        engine.finalize_object()
        self.whole: int = engine.get_function_address("whole")
        self.rest: int = engine.get_function_address("rest")
        self.bytes = len(text)


def _give_back(engine: Any, context: Any) -> None:
    """Give back the memory of compiled code."""
    engine.close()
    context.close()


def _target_machine() -> Any:
    """The machine it runs on, with all that its processor can do."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=0, jit=True)

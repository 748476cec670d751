"""CasADi's generated C: the same functions as C source, compiled by gcc, loaded back."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import casadi

from benchmarks.peers.casadi_mx import CasadiMX, Written
from benchmarks.peers.casadi_sx import CasadiSX, Made
from benchmarks.peers.system import COMPILED, Absent, Ask, Question, System, Task

OPTIONS = ("-O2", "-shared", "-fPIC")
LONGEST_S = 100.0
"""No compilation is waited for longer."""
MOST_NODES = 30_000
"""gcc's time grows faster than the source: minutes where a function has more scalar nodes."""


class CasadiC(CasadiSX):
    """CasADi given our list, statement by statement, as C source that gcc compiles.

    Raises
    ------
    Absent
        Where there is no gcc.
    """

    name = "CasADi C, gcc -O2"

    def __init__(self, question: Question) -> None:
        needs_gcc()
        super().__init__(question)

    def ask(self, task: Task) -> Ask | None:
        """Differentiate, generate, compile, load."""
        return in_c(self, self.made(task), task)


class CasadiMatrixC(CasadiMX):
    """CasADi given a function of matrices, as C source that gcc compiles."""

    name = "CasADi C, gcc -O2"

    def __init__(self, question: Question, written: Written) -> None:
        needs_gcc()
        super().__init__(question, written)

    def ask(self, task: Task) -> Ask | None:
        """Differentiate, generate, compile, load."""
        return in_c(self, self.made(task), task)


def needs_gcc() -> None:
    """Say that there is no gcc, where there is none."""
    if shutil.which("gcc") is None:
        raise Absent("gcc is not installed (apt-get install gcc)")


def in_c(system: System, made: Made, task: Task) -> Ask | None:
    """The same function from a shared library; None, with the reason told, where compiling it would take too long."""
    nodes = made.function.n_nodes() if made.function.is_a("SXFunction") else 0
    if nodes > MOST_NODES:
        system.left_out[task] = f"more than {MOST_NODES} nodes, for which gcc takes minutes"
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "f.c", Path(folder) / "f.so"
        _generate(made.function, source)
        with system.once[task].stage(COMPILED):
            done = compiled(source, library)
        if not done:
            del system.once[task].seconds[COMPILED]
            system.left_out[task] = f"gcc took more than {LONGEST_S:.0f} s"
            return None
        # Once loaded, the library needs its file no longer.
        return made.call(casadi.external("f", str(library)))


def _generate(function: Any, source: Path) -> None:
    generator = casadi.CodeGenerator(source.name)
    generator.add(function)
    generator.generate(str(source.parent) + os.sep)


def compiled(source: Path, library: Path) -> bool:
    """Compile; whether it was done in time."""
    command = ["gcc", *OPTIONS, str(source), "-o", str(library), "-lm"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return False
    return True

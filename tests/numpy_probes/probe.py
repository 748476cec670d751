"""What a probe of the tracer is: a piece of a NumPy program, and the arrays that it may name.

The tables of probes in this folder say what can be traced. The tests run every one of them, and docs/numpy.md is
generated from them.
"""

import ast
import linecache
import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from wengert_client import ops

Floats = npt.NDArray[np.float64]


def _pool() -> dict[str, Floats]:
    """Make the arrays: no two elements alike, none near a kink of what is asked of them."""
    rng = np.random.default_rng(20)
    shapes: dict[str, tuple[int, ...]] = {
        "s": (),
        "t": (),
        "v": (4,),
        "w": (4,),
        "x": (3,),
        "y": (3,),
        "A": (3, 4),
        "B": (4, 2),
        "M": (3, 3),
        "N": (2, 2),
        "R": (1, 3),
        "T": (2, 3, 4),
        "U": (2, 4, 3),
        "e": (0,),
        "E": (0, 3),
    }
    sizes = [math.prod(shape) for shape in shapes.values()]
    values = np.split(rng.permutation(np.linspace(0.2113, 0.8871, sum(sizes))), np.cumsum(sizes)[:-1])
    pool = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), values, strict=True)}
    pool["p"] = np.array([-1.37, 2.21, -0.43, 0.62, 1.74, -2.58])
    pool["P"] = np.array([[1.31, -0.72, 0.44], [-2.17, 0.93, 1.17]])
    pool["S"] = pool["M"] @ pool["M"].T + np.eye(3)
    pool["g"] = np.array([0.15, 0.4, 0.75, 1.6])
    return pool


POOL = _pool()


def _scatter_add(base: npt.ArrayLike, places: npt.ArrayLike, updates: npt.ArrayLike) -> Floats:
    changed = np.array(base, dtype=np.float64)
    np.add.at(changed, np.asarray(places), updates)
    return changed


#: What does with numbers what the client's operations do.
STAND_INS: dict[str, Any] = {
    "zeros": np.zeros,
    "buffer": np.array,
    "scatter_add": _scatter_add,
    "reshape": np.reshape,
    "logsumexp": special.logsumexp,
    "softmax": special.softmax,
    "log_softmax": special.log_softmax,
    "polygamma": special.polygamma,
}


@dataclass(frozen=True)
class Probe:
    """A piece of a program.

    Attributes
    ----------
    names
        The functions that it is about, as rows of the table.
    text
        An expression, or lines of which the last one is an expression.
    note
        What the page says of it.
    steps
        The result jumps or has another kind of kink near the point, so that differences say nothing of its derivative.
    told
        It cannot be traced, and this is part of what the error says.
    """

    names: str
    text: str
    note: str = ""
    steps: bool = False
    told: str = ""

    @cached_property
    def inputs(self) -> dict[str, Floats]:
        """The arrays that it names, in the order of the pool."""
        used = {node.id for node in ast.walk(ast.parse(self.text)) if isinstance(node, ast.Name)}
        return {name: array for name, array in POOL.items() if name in used}

    @cached_property
    def source(self) -> str:
        """The piece as a function of its arrays."""
        *lines, last = self.text.splitlines()
        body = "\n".join([*lines, f"return {last}"])
        return f"def program({', '.join(self.inputs)}):\n{textwrap.indent(body, '    ')}\n"

    @cached_property
    def program(self) -> Callable[..., Any]:
        """The function, to be traced."""
        return self._compiled(ops)

    @cached_property
    def of_numpy(self) -> Callable[..., Any]:
        """The function as it is without this project: NumPy and SciPy stand for its operations."""
        return self._compiled(SimpleNamespace(**STAND_INS))

    def _compiled(self, operations: Any) -> Callable[..., Any]:
        scope: dict[str, Any] = {"np": np, "math": math, "special": special, "ops": operations}
        name = f"<probe {self.text!r}>"
        linecache.cache[name] = (len(self.source), None, self.source.splitlines(keepends=True), name)
        exec(compile(self.source, name, "exec"), scope)  # noqa: S102 - our own text, in this folder
        program: Callable[..., Any] = scope["program"]
        return program


@dataclass(frozen=True)
class Group:
    """Probes that stand together on the page."""

    title: str
    probes: Sequence[Probe]


def leaves(value: Any) -> list[Floats]:
    """Give the arrays of a result, in order."""
    if isinstance(value, (tuple, list)):
        return [leaf for each in value for leaf in leaves(each)]
    if isinstance(value, dict):
        return leaves(list(value.values()))
    return [] if value is None else [np.asarray(value, dtype=np.float64)]


def flat(value: Any) -> Floats:
    """Give the arrays of a result one after another."""
    return np.concatenate([leaf.ravel() for leaf in leaves(value)] or [np.zeros(0)])

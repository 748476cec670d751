"""Sparse Jacobians and Hessians by colours: JAX's tangents, and SciPy's differences, all told the pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.optimize._numdiff import approx_derivative, group_columns
from scipy.sparse import csr_array

from adengine import Engine
from adengine.coloring import color_columns
from adengine.results import SparsityResult
from adengine.unions import Pattern
from benchmarks.peers.jax_jit import Jax, Written, copied
from benchmarks.peers.ours import received
from benchmarks.peers.system import COMPILED, Answer, Ask, Floats, Question, System, Task

Plain: TypeAlias = Callable[[Floats, Mapping[str, Floats]], Floats]
"""A function of x, shape (n,), and of shared values in NumPy; it gives (m,)."""


class Sparsity:
    """The pattern of a question and the colours of its columns; finding them counts for nobody who is told."""

    def __init__(self, question: Question) -> None:
        self._question = question

    @cached_property
    def found(self) -> SparsityResult:
        """As the engine finds it."""
        function, shared = received(self._question.given.message), self._question.given.shared
        names = [value.name for value in function.inputs if value.name not in shared]
        return Engine().sparsity(function, with_respect_to=names if shared else ())

    @cached_property
    def of_hessian(self) -> tuple[Pattern, NDArray[np.int32]]:
        """That of the Hessian, with colours of which each column shows its entries; nothing is shared there."""
        pattern = Engine().sparsity(received(self._question.given.message), hessian=True).pattern
        return pattern, color_columns(pattern).colors


class JaxColored(Jax):
    """JAX with a tangent for each colour, all at once, and a gather of the entries."""

    name = "JAX jit, colours"

    def __init__(self, question: Question, written: Written) -> None:
        super().__init__(question, written)
        self._sparsity = Sparsity(question)

    def ask(self, task: Task) -> Ask:
        """Trace and compile; seeds and places are on its device before."""
        if task not in {Task.SPARSE, Task.HESSIAN}:
            return super().ask(task)
        entries, (pattern, colors) = (
            (self._entries, self._sparsity.found) if task is Task.SPARSE else (self._second, self._sparsity.of_hessian)
        )
        seeds = np.zeros((int(colors.max(initial=0)) + 1, len(self._question.x)))
        colored = np.flatnonzero(colors >= 0)
        seeds[colors[colored], colored] = 1.0
        shared = {
            "values": self._shared,
            "weights": jax.device_put(self._question.v),
            "seeds": jax.device_put(seeds),
            "color": jax.device_put(colors[pattern.column]),
            "row": jax.device_put(pattern.row),
        }
        compiled: Any = jax.jit(entries)
        traced = compiled.lower(shared, self._question.x)
        with self.once[task].stage(COMPILED):
            traced.compile()
        return copied(compiled, shared, self._question.x)

    def _entries(self, given: Any, x: Any) -> Any:
        """f and the entries of J."""
        value, along = jax.linearize(lambda at: self._flat(at, given["values"]), x)
        return value, jax.vmap(along)(given["seeds"])[given["color"], given["row"]]

    def _second(self, given: Any, x: Any) -> Any:
        """f, the gradient and the entries of H, forward over reverse."""

        def gradient(at: Any) -> Any:
            value, back = jax.vjp(lambda point: self._flat(point, given["values"]), at)
            return back(given["weights"])[0], value

        slope, along, value = jax.linearize(gradient, x, has_aux=True)
        return value, slope, jax.vmap(along)(given["seeds"])[given["color"], given["row"]]


class Differences(System):
    """SciPy's forward differences of a function in NumPy, columns of a colour together."""

    name = "SciPy, coloured differences"
    rtol = 1e-4

    def __init__(self, question: Question, written: Plain) -> None:
        self._question = question
        self._written = written
        self._sparsity = Sparsity(question)

    def ask(self, task: Task) -> Ask | None:
        """Group the columns; everything else happens at each call."""
        x, shared = self._question.x, self._question.given.shared
        if task is Task.F:
            return lambda: (self._written(x, shared),)
        if task is not Task.SPARSE:
            return None
        pattern = self._sparsity.found.pattern
        ones = np.ones(pattern.nnz)
        structure = csr_array((ones, pattern.column, pattern.starts.astype(np.int32)), shape=pattern.shape)
        groups = group_columns(structure)

        def answer() -> Answer:
            f = self._written(x, shared)
            jacobian: Any = approx_derivative(
                self._written, x, method="2-point", f0=f, sparsity=(structure, groups), args=(shared,)
            )
            jacobian.sort_indices()
            return f, jacobian.data

        return answer

"""Sparse Jacobians by colours: JAX's tangents and SciPy's differences, both told the pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

import jax
import numpy as np
from scipy.optimize._numdiff import approx_derivative, group_columns
from scipy.sparse import csr_array

from adengine import Engine
from adengine.results import SparsityResult
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


class JaxColored(Jax):
    """JAX with a tangent for each colour, all at once, and a gather of the entries."""

    name = "JAX jit, colours"

    def __init__(self, question: Question, written: Written) -> None:
        super().__init__(question, written)
        self._sparsity = Sparsity(question)

    def ask(self, task: Task) -> Ask:
        """Trace and compile; seeds and places are on its device before."""
        if task is not Task.SPARSE:
            return super().ask(task)
        pattern, colors = self._sparsity.found
        seeds = np.zeros((int(colors.max(initial=0)) + 1, len(self._question.x)))
        colored = np.flatnonzero(colors >= 0)
        seeds[colors[colored], colored] = 1.0
        shared = {
            "values": self._shared,
            "seeds": jax.device_put(seeds),
            "color": jax.device_put(colors[pattern.column]),
            "row": jax.device_put(pattern.row),
        }

        def entries(given: Any, x: Any) -> Any:
            value, along = jax.linearize(lambda at: self._flat(at, given["values"]), x)
            return value, jax.vmap(along)(given["seeds"])[given["color"], given["row"]]

        compiled: Any = jax.jit(entries)
        traced = compiled.lower(shared, self._question.x)
        with self.once[task].stage(COMPILED):
            traced.compile()
        return copied(compiled, shared, self._question.x)


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

"""What the engine answers with."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.jacobian import Mode
from adengine.runs import Run
from adengine.unions import Pattern

Array = NDArray[np.float64]


class Report(NamedTuple):
    """How an answer came about.

    Attributes
    ----------
    mode : Mode or None
        FORWARD or REVERSE; None where nothing was differentiated.
    sweeps : int
        Sweeps at each point.
    operations, primal_operations : int
        Counted operations of one sweep at one point, f included, and of f alone.
    seconds : float
        Time spent in the engine.
    reason : str
        One sentence on why.
    tier : str
        What ran: ``vm`` or ``machine``.
    """

    mode: Mode | None
    sweeps: int
    operations: int
    primal_operations: int
    seconds: float
    reason: str
    tier: str


class EvaluateResult(NamedTuple):
    """f at one or K points: values (m,) or (K, m)."""

    values: Array
    report: Report


class JvpResult(NamedTuple):
    """f and J u: values (m,) or (K, m); tangents (m,), (p, m), (K, m) or (K, p, m)."""

    values: Array
    tangents: Array
    report: Report


class VjpResult(NamedTuple):
    """f and J^T v: values (m,) or (K, m); cotangents (n_w,), (p, n_w), (K, n_w) or (K, p, n_w)."""

    values: Array
    cotangents: Array
    report: Report


class JacobianResult(NamedTuple):
    """f and J[i, j] = df_i/dx_j: values (m,) or (K, m); jacobian (m, n_w) or (K, m, n_w)."""

    values: Array
    jacobian: Array
    report: Report


class SparseJacobianResult(NamedTuple):
    """f and the entries of its sparse Jacobian.

    Attributes
    ----------
    values : float64 array (m,) or (K, m)
    pattern : Pattern
        The same for all points.
    entries : float64 array (nnz,) or (K, nnz)
        Entry e is J[pattern.row[e], pattern.column[e]].
    report : Report
    """

    values: Array
    pattern: Pattern
    entries: Array
    report: Report


class HvpResult(NamedTuple):
    """f, and gradient and Hessian H of the weighted sum of its outputs, times directions.

    Attributes
    ----------
    values : float64 array (m,) or (K, m)
    gradient : float64 array (n_w,) or (K, n_w)
    products : float64 array (n_w,), (p, n_w), (K, n_w) or (K, p, n_w)
        H u.
    report : Report
    """

    values: Array
    gradient: Array
    products: Array
    report: Report


class HessianResult(NamedTuple):
    """f, and gradient and dense Hessian of the weighted sum of its outputs.

    Attributes
    ----------
    values : float64 array (m,) or (K, m)
    gradient : float64 array (n_w,) or (K, n_w)
    hessian : float64 array (n_w, n_w) or (K, n_w, n_w)
        Symmetric bit for bit.
    report : Report
    """

    values: Array
    gradient: Array
    hessian: Array
    report: Report


class SparseHessianResult(NamedTuple):
    """f, and gradient and sparse Hessian of the weighted sum of its outputs.

    Attributes
    ----------
    values : float64 array (m,) or (K, m)
    gradient : float64 array (n_w,) or (K, n_w)
    pattern : Pattern
        Of both triangles, the same for all points.
    entries : float64 array (nnz,) or (K, nnz)
        Entry e is H[pattern.row[e], pattern.column[e]]; mirror images are equal bit for bit.
    report : Report
    """

    values: Array
    gradient: Array
    pattern: Pattern
    entries: Array
    report: Report


class SparsityResult(NamedTuple):
    """A structural pattern and colours.

    Attributes
    ----------
    pattern : Pattern
    colors : int32 array (n_w,)
        Columns of one colour can share a forward sweep; -1 for a column without entries. For a Hessian they are a star
        colouring: an entry shows in the column of one of its two ends.
    """

    pattern: Pattern
    colors: NDArray[np.int32]

    @property
    def kept_bytes(self) -> int:
        """Bytes of both."""
        return self.pattern.kept_bytes + self.colors.nbytes


def report_of(run: Run, started: float) -> Report:
    """The report of a call that ran this, since a moment on the clock."""
    mode, sweeps, operations, primal_operations, reason, tier = run.told
    seconds = time.perf_counter() - started
    if run.hot is not None and not run.hot.ready:
        run.hot.spend(seconds)
    return Report(mode, sweeps, operations, primal_operations, seconds, reason, tier)

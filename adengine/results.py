"""What the engine answers with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adengine.jacobian import Mode

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

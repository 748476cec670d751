"""The engine: Wengert lists, their dual and adjoint lists, and one evaluator for all of them.

Knows no gRPC and no protobuf. Start reading at :mod:`adengine.primitives` (the table), then
:mod:`adengine.dual` and :mod:`adengine.adjoint` (both modes), then :mod:`adengine.vm` (the evaluator).
"""

from adengine import errors, primitives
from adengine.differentiate import Derivative
from adengine.engine import Engine
from adengine.jacobian import Mode
from adengine.limits import Limits
from adengine.results import (
    EvaluateResult,
    HessianResult,
    HvpResult,
    JacobianResult,
    JvpResult,
    Report,
    SparseHessianResult,
    SparseJacobianResult,
    SparsityResult,
    VjpResult,
)
from adengine.streamed import JacobianStream, Sweeps
from adengine.unions import Pattern
from adengine.wengert_list import Input, Label, Output, WengertList

__all__ = [
    "Derivative",
    "Engine",
    "EvaluateResult",
    "HessianResult",
    "HvpResult",
    "Input",
    "JacobianResult",
    "JacobianStream",
    "JvpResult",
    "Label",
    "Limits",
    "Mode",
    "Output",
    "Pattern",
    "Report",
    "SparseHessianResult",
    "SparseJacobianResult",
    "SparsityResult",
    "Sweeps",
    "VjpResult",
    "WengertList",
    "errors",
    "primitives",
]

"""Answer a request with the engine alone: no server, no socket."""

from typing import Any

import numpy as np
import numpy.typing as npt

import adengine
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1 import Tensor, WengertList

Floats = npt.NDArray[np.float64]


def _array(message: Tensor, *, flat: bool = False) -> Floats:
    """Return a tensor as an array; ``flat`` reads one without a shape as one-dimensional."""
    values = np.array(message.values, dtype=np.float64)
    return values if flat and not message.shape else values.reshape(tuple(message.shape))


def engine_list(message: WengertList) -> adengine.WengertList:
    """Return the engine's list of a message."""
    return adengine.WengertList.build(
        inputs=[
            adengine.Input(i.name, tuple(i.shape), _array(i.default_value) if i.HasField("default_value") else None)
            for i in message.inputs
        ],
        primitives=list(message.primitives),
        arguments=list(message.arguments),
        constants=list(message.constants),
        tensors=[_array(t) for t in message.tensors],
        parameters=list(message.parameters),
        outputs=[adengine.Output(o.name, o.argument) for o in message.outputs],
        bodies=[engine_list(body) for body in message.bodies],
        labels=[adengine.Label(label.variable, label.name) for label in message.labels],
    )


def _common(request: Any) -> dict[str, Any]:
    result: dict[str, Any] = {"outputs": list(request.outputs)}
    if not isinstance(request, v1.SparsityRequest):
        result["points"] = _array(request.points, flat=True) if request.HasField("points") else None
        result["shared"] = [(b.input, _array(b.value)) for b in request.shared]
    if not isinstance(request, v1.EvaluateRequest):
        result["with_respect_to"] = list(request.with_respect_to)
    return result


def _mode(request: v1.JacobianRequest) -> adengine.Mode:
    names = {v1.Mode.MODE_FORWARD: adengine.Mode.FORWARD, v1.Mode.MODE_REVERSE: adengine.Mode.REVERSE}
    return names.get(request.mode, adengine.Mode.AUTO)


def _report(report: adengine.Report) -> v1.Report:
    mode = v1.Mode.Value(f"MODE_{report.mode.name}") if report.mode else v1.Mode.MODE_UNSPECIFIED
    return v1.Report(
        mode=mode, sweeps=report.sweeps, operations=report.operations, primal_operations=report.primal_operations
    )


def _matrix(pattern: adengine.Pattern, entries: Floats | None = None, *, values_only: bool = False) -> v1.SparseMatrix:
    rows, columns = pattern.shape
    return v1.SparseMatrix(
        rows=rows,
        columns=columns,
        row=[] if values_only else pattern.row.tolist(),
        column=[] if values_only else pattern.column.tolist(),
        values=None if entries is None else tensor(entries),
    )


def _second(engine: adengine.Engine, f: adengine.WengertList, request: Any, common: dict[str, Any]) -> Any:
    """Return the response message of Hessian or Hvp."""
    weights = _array(request.weights, flat=True) if request.HasField("weights") else None
    if isinstance(request, v1.HvpRequest):
        hvp = engine.hvp(f, tangents=_array(request.tangents, flat=True), weights=weights, **common)
        return v1.HvpResponse(
            values=tensor(hvp.values),
            gradient=tensor(hvp.gradient),
            products=tensor(hvp.products),
            report=_report(hvp.report),
        )
    if request.layout == v1.Layout.LAYOUT_SPARSE:
        entries = engine.sparse_hessian(f, weights=weights, **common)
        return v1.HessianResponse(
            values=tensor(entries.values),
            gradient=tensor(entries.gradient),
            sparse=_matrix(entries.pattern, entries.entries, values_only=request.values_only),
            report=_report(entries.report),
        )
    dense = engine.hessian(f, weights=weights, **common)
    return v1.HessianResponse(
        values=tensor(dense.values),
        gradient=tensor(dense.gradient),
        dense=tensor(dense.hessian),
        report=_report(dense.report),
    )


def answer(engine: adengine.Engine, request: Any) -> Any:
    """Return the response message."""
    f = engine_list(request.function.list)
    common = _common(request)
    if isinstance(request, v1.EvaluateRequest):
        result = engine.evaluate(f, **common)
        return v1.EvaluateResponse(values=tensor(result.values), report=_report(result.report))
    if isinstance(request, v1.JvpRequest):
        jvp = engine.jvp(f, tangents=_array(request.tangents, flat=True), **common)
        return v1.JvpResponse(values=tensor(jvp.values), tangents=tensor(jvp.tangents), report=_report(jvp.report))
    if isinstance(request, v1.VjpRequest):
        seeds = _array(request.cotangents, flat=True) if request.HasField("cotangents") else None
        vjp = engine.vjp(f, cotangents=seeds, **common)
        return v1.VjpResponse(values=tensor(vjp.values), cotangents=tensor(vjp.cotangents), report=_report(vjp.report))
    if isinstance(request, v1.HessianRequest | v1.HvpRequest):
        return _second(engine, f, request, common)
    if isinstance(request, v1.SparsityRequest):
        found = engine.sparsity(f, hessian=request.hessian, **common)
        return v1.SparsityResponse(pattern=_matrix(found.pattern))
    if request.layout == v1.Layout.LAYOUT_SPARSE:
        entries = engine.sparse_jacobian(f, mode=_mode(request), **common)
        sparse = _matrix(entries.pattern, entries.entries, values_only=request.values_only)
        return v1.JacobianResponse(values=tensor(entries.values), sparse=sparse, report=_report(entries.report))
    matrix = engine.jacobian(f, mode=_mode(request), **common)
    return v1.JacobianResponse(
        values=tensor(matrix.values), dense=tensor(matrix.jacobian), report=_report(matrix.report)
    )


def blocks_of(
    engine: adengine.Engine, asked: v1.StreamJacobianRequest, most_entries: int
) -> list[v1.StreamJacobianResponse]:
    """Return the blocks of a Jacobian."""
    request = asked.request
    stream = engine.jacobian_stream(
        engine_list(request.function.list), mode=_mode(request), part_elements=most_entries, **_common(request)
    )
    made, offset = [], 0
    for part in stream:
        for first in range(0, len(part), most_entries):
            entries = part[first : first + most_entries].tolist()
            made.append(v1.StreamJacobianResponse(shape=stream.shape, offset=offset, entries=entries))
            offset += len(entries)
    made = made or [v1.StreamJacobianResponse(shape=stream.shape)]
    made[0].values.CopyFrom(tensor(stream.values))
    made[-1].report.CopyFrom(_report(stream.report))
    return made

"""Cases whose expected answers come from the reference interpreter."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tests import reference
from tests.conformance.cases import Case, tensor_json
from tests.reference_numbers import Real
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1 import WengertList

Floats = npt.NDArray[np.float64]

# Rounding of a few operations; the second where sums may cancel.
RELATIVE = {"relative": 1e-12, "absolute": 0.0}
TOLERANCE = {"relative": 1e-12, "absolute": 1e-14}


class Call:
    """One call, its function, points and selections, answered point by point by the reference."""

    def __init__(
        self,
        function: WengertList,
        points: npt.ArrayLike | None,
        *,
        shared: Mapping[str, npt.ArrayLike] | None = None,
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
    ) -> None:
        self.function = function
        self.points = None if points is None else np.asarray(points, dtype=np.float64)
        self.shared = dict(shared or {})
        self.outputs = list(outputs)
        self.chosen = list(with_respect_to)
        self.single = self.points is None or self.points.ndim == 1
        rows = np.zeros((1, 0)) if self.points is None else self.points
        self.traces = [self._trace(row) for row in (rows[np.newaxis] if rows.ndim == 1 else rows)]

    def _trace(self, row: Floats) -> reference.Trace:
        given = dict(self.shared)
        at = 0
        for declared in self.function.inputs:
            if declared.name in self.shared:
                continue
            size = math.prod(declared.shape)
            given[declared.name], at = row[at : at + size], at + size
        return reference.run(self.function, given)

    @property
    def by(self) -> list[str]:
        """The inputs to differentiate by."""
        names = [declared.name for declared in self.function.inputs]
        return self.chosen or [name for name in names if name not in self.shared]

    @property
    def m(self) -> int:
        """Number of output scalars, of the shapes alone: there may be no point."""
        some = {i.name: np.full(math.prod(i.shape), 0.5) for i in self.function.inputs}
        return int(reference.run(self.function, some).outputs(self.outputs).size)

    @property
    def n_w(self) -> int:
        """Length of the selection with respect to which derivatives are taken."""
        return sum(math.prod(i.shape) for name in self.by for i in self.function.inputs if i.name == name)

    def _stack(self, per_point: list[Floats], shape: tuple[int, ...]) -> Floats:
        """Return one point's result, or those of K points along a new first axis."""
        if self.single:
            return per_point[0].reshape(shape)
        return np.array(per_point, dtype=np.float64).reshape(len(self.traces), *shape)

    def values(self) -> Floats:
        """Return f, (m,) or (K, m)."""
        rows = [reference.floats(trace.outputs(self.outputs)) for trace in self.traces]
        return self._stack(rows, (self.m,))

    def jacobian(self, *, forward: bool = True) -> Floats:
        """Return J, (m, n_w) or (K, m, n_w)."""
        matrices = [
            reference.floats(reference.jacobian(t, self.by, self.outputs, forward=forward)) for t in self.traces
        ]
        return self._stack(matrices, (self.m, self.n_w))

    def _one_jvp(self, trace: reference.Trace, direction: Floats) -> Floats:
        tangents: dict[str, list[Real]] = {}
        left = [Real(u) for u in direction]
        for name in self.by:
            size = next(math.prod(i.shape) for i in self.function.inputs if i.name == name)
            tangents[name], left = left[:size], left[size:]
        result = reference.jvp(trace, tangents, self.outputs)
        return np.array([float(value.settled()) for value in result], dtype=np.float64)

    def _one_vjp(self, trace: reference.Trace, direction: Floats) -> Floats:
        bars = reference.vjp(trace, [Real(v) for v in direction], self.outputs)
        result = [float(value.settled()) for name in self.by for value in bars[name]]
        return np.array(result, dtype=np.float64)

    def directed(self, directions: npt.ArrayLike, *, forward: bool) -> Floats:
        """Return J u or J^T v for directions of any shape that the contract allows."""
        one = self._one_jvp if forward else self._one_vjp
        length = self.m if forward else self.n_w
        array = np.asarray(directions, dtype=np.float64)
        if array.ndim == 1:
            return self._stack([one(t, array) for t in self.traces], (length,))
        if array.ndim == 2:
            return np.array([one(self.traces[0], u) for u in array]).reshape(len(array), length)
        each = np.broadcast_to(array, (len(self.traces), *array.shape[1:]))
        rows = [one(t, u) for t, block in zip(self.traces, each, strict=True) for u in block]
        return np.array(rows, dtype=np.float64).reshape(len(self.traces), array.shape[1], length)

    def request(self, rpc: str, **more: Any) -> Any:
        """Return the request message."""
        request = getattr(v1, f"{rpc}Request")(
            function=v1.FunctionSource(list=self.function), outputs=self.outputs, **more
        )
        if self.points is not None:
            request.points.CopyFrom(tensor(self.points))
        for name, value in self.shared.items():
            request.shared.add(input=name, value=tensor(value))
        if rpc != "Evaluate":
            request.with_respect_to.extend(self.chosen)
        return request


def _answer(response: Mapping[str, Any], tolerance: Mapping[str, float] | None) -> dict[str, Any]:
    return {"response": response, "tolerance": dict(tolerance or TOLERANCE)}


def _confirm(said: npt.ArrayLike | None, computed: Floats, what: str) -> Floats:
    """Return an expectation written by hand, once the reference has agreed to it."""
    if said is None:
        return computed
    literal = np.asarray(said, dtype=np.float64)
    assert literal.shape == computed.shape, f"{what}: {literal.shape} is not {computed.shape}"
    np.testing.assert_allclose(computed, literal, rtol=1e-9, atol=1e-12, err_msg=what)
    return literal


def evaluate(name: str, about: str, call: Call, *, values: npt.ArrayLike | None = None) -> Case:
    """Return a case of Evaluate."""
    expected = _confirm(values, call.values(), name)
    return Case(name, about, "Evaluate", call.request("Evaluate"), _answer({"values": tensor_json(expected)}, None))


def jacobian(
    name: str,
    about: str,
    call: Call,
    *,
    values: npt.ArrayLike | None = None,
    dense: npt.ArrayLike | None = None,
    tolerance: Mapping[str, float] | None = None,
) -> Case:
    """Return a case of Jacobian; runners ask for it in forward, in reverse and in no stated mode."""
    forward, backward = call.jacobian(), call.jacobian(forward=False)
    np.testing.assert_allclose(forward, backward, rtol=1e-14, err_msg=name)
    response = {
        "values": tensor_json(_confirm(values, call.values(), name)),
        "dense": tensor_json(_confirm(dense, forward, name)),
    }
    return Case(name, about, "Jacobian", call.request("Jacobian"), _answer(response, tolerance))


def jvp(name: str, about: str, call: Call, tangents: npt.ArrayLike) -> Case:
    """Return a case of Jvp."""
    response = {
        "values": tensor_json(call.values()),
        "tangents": tensor_json(call.directed(tangents, forward=True)),
    }
    request = call.request("Jvp", tangents=tensor(tangents))
    return Case(name, about, "Jvp", request, _answer(response, None))


def vjp(name: str, about: str, call: Call, cotangents: npt.ArrayLike | None) -> Case:
    """Return a case of Vjp; cotangents None leaves them out of the request."""
    seeds = [1.0] if cotangents is None else cotangents
    response = {
        "values": tensor_json(call.values()),
        "cotangents": tensor_json(call.directed(seeds, forward=False)),
    }
    more = {} if cotangents is None else {"cotangents": tensor(cotangents)}
    return Case(name, about, "Vjp", call.request("Vjp", **more), _answer(response, None))

"""Values and derivatives at a point, or at several."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client.command import points, showing
from wengert_client.command.answers import Answer

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from wengert_client import Function, InputInfo, OutputInfo, Report
    from wengert_client._results import Floats

__all__ = ["Where", "evaluate", "gradient", "hessian", "jacobian"]


def evaluate(given: Namespace, function: Function) -> Answer:
    """Give the values of the outputs."""
    where = Where(given, function)
    values = function.value(where.point, shared=where.shared, outputs=given.outputs)
    by_name = function.unpack(values, given.outputs)
    return Answer({"id": function.id, "values": by_name}, lambda: showing.values(by_name, values.ndim > 1, given))


def gradient(given: Namespace, function: Function) -> Answer:
    """Give the gradient of the one output."""
    where = Where(given, function)
    found = function.value_and_gradient(where.point, mode=given.mode, **where.options)
    inputs = where.columns(found.derivative.shape[-1])
    fields = {
        "id": function.id,
        "values": function.unpack(found.value, given.outputs),
        "gradient": _apart(found.derivative, inputs),
        "report": dataclasses.asdict(found.report),
    }
    at = where.values(inputs) if found.derivative.ndim == 1 else None
    return Answer(
        fields, lambda: _with_report(showing.gradient(found.derivative, inputs, at, given), found.report, given)
    )


def jacobian(given: Namespace, function: Function) -> Answer:
    """Give the matrix of the derivatives of all outputs by all inputs."""
    where = Where(given, function)
    ask: Any = function.value_and_jacobian
    found = ask(where.point, mode=given.mode, sparse=given.sparse, **where.options)
    outputs = _outputs(function, given.outputs)
    matrix: Any = _entries(found.derivative) if given.sparse else found.derivative
    inputs = where.columns(matrix["shape"][1] if given.sparse else matrix.shape[-1])
    fields = {
        "id": function.id,
        "values": function.unpack(found.value, given.outputs),
        "rows": _told(outputs),
        "columns": _told(inputs),
        "jacobian": matrix,
        "report": dataclasses.asdict(found.report),
    }
    return Answer(fields, lambda: _with_report(showing.matrix(matrix, outputs, inputs, given), found.report, given))


def hessian(given: Namespace, function: Function) -> Answer:
    """Give the second derivatives of a weighted sum of the outputs, and its gradient."""
    where = Where(given, function)
    weights = points.read(given.weights, "--weights").argument() if given.weights else None
    found = function.value_gradient_and_hessian(where.point, weights, sparse=given.sparse, **where.options)
    inputs = where.columns(found.gradient.shape[-1])
    matrix = _entries(found.second) if given.sparse else found.second
    fields = {
        "id": function.id,
        "values": function.unpack(found.value, given.outputs),
        "columns": _told(inputs),
        "gradient": _apart(found.gradient, inputs),
        "hessian": matrix,
        "report": dataclasses.asdict(found.report),
    }
    return Answer(fields, lambda: _with_report(showing.matrix(matrix, inputs, inputs, given), found.report, given))


class Where:
    """The point of a call, and what is shared.

    Where no point is given and every input has a default, the defaults are the point.

    Parameters
    ----------
    given
        The options.
    function
        The function that is called.

    Attributes
    ----------
    shared
        Inputs that are the same at all points, by name.
    """

    def __init__(self, given: Namespace, function: Function) -> None:
        point = points.read(given.at)
        self._inputs = function.info.inputs
        self.shared: dict[str, Floats] = points.read_named(given.shared, "--shared")
        self._wrt: list[str] | None = given.wrt if "wrt" in given else None
        self._outputs: list[str] | None = given.outputs
        if not given.at:
            free = [each for each in self._inputs if each.name not in self.shared]
            if all(each.default is not None for each in free):
                point.named = {each.name: each.default for each in free if each.default is not None}
        self._point = point

    @property
    def point(self) -> Any:
        """What the calls take as points."""
        return self._point.argument()

    def draw(self, random: np.random.Generator) -> dict[str, Floats]:
        """Make values between 1/2 and 3/2 for the inputs that have none; gives them by name."""
        known = self.shared.keys() | self._point.named.keys()
        missing = [each for each in self._inputs if each.default is None and each.name not in known]
        drawn = {each.name: random.uniform(0.5, 1.5, each.shape) for each in missing}
        self._point.named |= drawn
        return drawn

    @property
    def options(self) -> dict[str, Any]:
        """What all calls of derivatives take beside it."""
        return {"shared": self.shared, "outputs": self._outputs, "with_respect_to": self._wrt}

    def columns(self, width: int) -> list[InputInfo]:
        """Give the inputs that were differentiated by, which have so many scalars together."""
        if self._wrt:
            known = {each.name: each for each in self._inputs}
            return [known[name] for name in self._wrt]
        free = [each for each in self._inputs if each.name not in self.shared]
        if self._point.vector is None:
            return [each for each in free if each.name in self._point.named]
        if sum(each.size for each in free) == width:
            return free
        return [each for each in free if each.default is None]

    def values(self, inputs: Sequence[InputInfo]) -> Floats | None:
        """Give the values of inputs at the one point, one after another; None where it is not known."""
        if self._point.vector is not None:
            return self._point.vector if self._wrt is None and self._point.vector.ndim == 1 else None
        known = self.shared | self._point.named
        if any(each.name not in known for each in inputs):
            return None
        return np.concatenate([np.zeros(0), *(np.ravel(known[each.name]) for each in inputs)])


def _outputs(function: Function, chosen: Sequence[str] | None) -> list[OutputInfo]:
    known = {each.name: each for each in function.info.outputs}
    return [known[name] for name in chosen or known]


def _told(arrays: Sequence[InputInfo | OutputInfo]) -> list[dict[str, Any]]:
    """Say which arrays rows or columns belong to, one after another, each row-major."""
    return [{"name": each.name, "shape": list(each.shape)} for each in arrays]


def _apart(array: Floats, inputs: Sequence[InputInfo]) -> dict[str, Floats]:
    """Take the last axis of an array apart, by input."""
    parts, at = {}, 0
    for each in inputs:
        parts[each.name] = array[..., at : at + each.size].reshape((*array.shape[:-1], *each.shape))
        at += each.size
    return parts


def _entries(matrix: Any) -> dict[str, Any]:
    """Take a sparse matrix apart, or K of one pattern."""
    several = isinstance(matrix, list)
    first = (matrix[0] if matrix else None) if several else matrix
    if first is None:
        return {"shape": [0, 0], "row": np.zeros(0, int), "column": np.zeros(0, int), "values": np.zeros((0, 0))}
    entries = first.tocoo()
    values = np.stack([each.data for each in matrix]) if several else first.data
    return {"shape": list(first.shape), "row": entries.row, "column": entries.col, "values": values}


def _with_report(table: str, report: Report, given: Namespace) -> str:
    if not given.report:
        return table
    counts = f"{report.operations} operations a sweep, {report.primal_operations} of them those of f; {report.tier}"
    return f"{table}\n\n{report.reason}\n{counts}"

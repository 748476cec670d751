"""Derivatives as Wengert lists: functions like any other, with the names of the contract.

The dual and the adjoint list are those that the engine runs, written again as lists of the wire, so they give the same
numbers. Jacobians and Hessians are made by :mod:`adengine.matrix_lists`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from adengine.calls import Selection
from adengine.derived_lists import Parts, check_counts, check_length, within_limits
from adengine.functions import HeldFunction
from adengine.graph import FlatList
from adengine.jacobian import Mode
from adengine.lift import lift
from adengine.limits import Limits
from adengine.matrix_lists import hessian_matrix, jacobian_matrix
from adengine.questions import JACOBIAN, Asked
from adengine.shapes import Shape
from adengine.wengert_list import Input, WengertList


class Derivative(Enum):
    """Which derivative list.

    Attributes
    ----------
    DUAL
        For each selected input x the further input ``tangent.x``, for each output y the further output ``tangent.y``.
    ADJOINT
        For each output y the further input ``cotangent.y``, for each selected input x the further output ``adjoint.x``.
    JACOBIAN
        For each output y the further output ``jacobian.y``, of shape (size of y, n_w).
    HESSIAN
        The further input ``weights`` (m,), the further outputs ``gradient`` (n_w,) and ``hessian`` (n_w, n_w) of the
        sum of the outputs with these weights.
    """

    DUAL = "dual"
    ADJOINT = "adjoint"
    JACOBIAN = "jacobian"
    HESSIAN = "hessian"


class Differentiated(NamedTuple):
    """A derivative list that is kept."""

    list: WengertList

    @property
    def kept_bytes(self) -> int:
        """Bytes of its columns."""
        made = self.list
        columns = (made.primitives, made.arguments, made.constants, made.parameters, made.checked.shape_of)
        return sum(column.nbytes for column in columns) + 16 * made.statements


def dual_list(held: HeldFunction, selection: Selection, limits: Limits) -> WengertList:
    """f, and for tangents of the selected inputs the tangents of the outputs."""
    parts = Parts.of(held.list, selection, limits)
    check_counts(parts, len(parts.by), len(parts.outputs), limits)
    names = parts.input_names()
    seeds = [Input(names.add("tangent", value.name), value.shape) for value in parts.by]
    names = parts.output_names()
    results = [(names.add("tangent", name), shape) for name, shape in parts.outputs]
    return _lifted(held.derivative(Mode.FORWARD, selection).flat, parts, seeds, results, limits)


def adjoint_list(held: HeldFunction, selection: Selection, limits: Limits) -> WengertList:
    """f, and for cotangents of the outputs the adjoints of the selected inputs."""
    parts = Parts.of(held.list, selection, limits)
    check_counts(parts, len(parts.outputs), len(parts.by), limits)
    names = parts.input_names()
    seeds = [Input(names.add("cotangent", name), shape) for name, shape in parts.outputs]
    names = parts.output_names()
    results = [(names.add("adjoint", value.name), value.shape) for value in parts.by]
    return _lifted(held.derivative(Mode.REVERSE, selection).flat, parts, seeds, results, limits)


def _lifted(
    flat: FlatList, parts: Parts, seeds: Sequence[Input], results: Sequence[tuple[str, Shape]], limits: Limits
) -> WengertList:
    """A flat dual or adjoint list as a list of the wire."""
    check_length(len(flat.rows), limits)
    inputs, outputs = [*parts.function.inputs, *seeds], [*parts.outputs, *results]
    return within_limits(lambda: lift(flat, inputs, outputs, parts.tensor_shapes, limits))


_LISTS: dict[Derivative, Callable[[HeldFunction, Selection, Limits], WengertList]] = {
    Derivative.DUAL: dual_list,
    Derivative.ADJOINT: adjoint_list,
    Derivative.JACOBIAN: jacobian_matrix,
    Derivative.HESSIAN: hessian_matrix,
}


class ListCalls(ABC):
    """The calls of an engine for derivatives as lists."""

    limits: Limits

    @abstractmethod
    def _held(self, function: WengertList) -> HeldFunction:
        """What is kept for a function."""

    def differentiate(
        self,
        function: WengertList,
        derivative: Derivative,
        *,
        outputs: Sequence[str] = (),
        with_respect_to: Sequence[str] = (),
    ) -> WengertList:
        """A derivative of a function as a list: a function like any other, which can be differentiated again.

        It has all inputs of the function and the selected outputs, and adds inputs and outputs as :class:`Derivative`
        says. A name that is taken gets a number: ``tangent2.x``.

        Raises
        ------
        InvalidName, UnknownName, LimitExceeded, Unsupported

        Examples
        --------
        >>> from adengine import Derivative, Engine, Input, Output, WengertList
        >>> f = WengertList.build(  # x1 * x2
        ...     inputs=[Input("x1"), Input("x2")], primitives=[12], arguments=[1, 2], outputs=[Output("f", 3)])
        >>> print(Engine().differentiate(f, Derivative.DUAL, with_respect_to=["x1"]))
        w_1 = x1
        w_2 = x2
        w_3 = tangent.x1
        w_4 = MULTIPLY(w_1, w_2)
        w_5 = ZERO_SAFE_MULTIPLY(w_3, w_2)
        f = w_4
        tangent.f = w_5
        2 operations; moves counted: f 8, forward sweep 20 = 2.5 f (bound 2.5), reverse sweep 32 = 4 f (bound 4)
        """
        held = self._held(function)
        asked = Asked(JACOBIAN, Mode.AUTO, tuple(outputs), tuple(with_respect_to), ())
        selection = held.plan(asked).selection

        def make() -> Differentiated:
            return Differentiated(_LISTS[derivative](held, selection, self.limits))

        return held.keep((derivative, selection.outputs, selection.with_respect_to), make).list

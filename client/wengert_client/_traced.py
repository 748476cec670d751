"""A function on a server that was traced: its inputs and outputs are put together as the NumPy function's are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client._errors import BuildError
from wengert_client._function import Function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from wengert.v1 import HvpRequest, JvpRequest
    from wengert_client._asking import Arrays, AtPoints, Named, Points
    from wengert_client._held import HeldFunction
    from wengert_client._preparation import Names
    from wengert_client._structure import Structure
    from wengert_client._tracing import Trace

__all__ = ["TracedFunction"]


class TracedFunction(Function):
    """A NumPy function on a server; made by :meth:`Client.function`.

    It is called as the NumPy function is, and gives what that gives, computed by the server. All methods of
    :class:`Function` take inputs that are dictionaries, lists, tuples or data classes of arrays as they are, by name;
    their parts are inputs called ``name.part``, or ``name_0``, ``name_1``, ... The output is called ``f``; several ones
    ``f_0``, ``f_1``, ..., or as the keys of the dictionary and the fields of the data class that the function gives.
    """

    def __init__(self, held: HeldFunction, trace: Trace) -> None:
        super().__init__(held)
        self._name = trace.name
        self._inputs = trace.inputs
        self._outputs = trace.outputs

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Give what the NumPy function gives, at one point, or at K where every input has a leading axis K.

        Parameters
        ----------
        arguments, named
            The inputs, in their order or by name; those that have a default may be left out.
        """
        return self._held.then(self.value(self.by_position(arguments, named)), self.restore)

    def by_position(self, arguments: Sequence[Any], named: Named) -> dict[str, Any]:
        """Give inputs by name that are given in their order, or by name."""
        given = dict(zip(self._inputs.keys, arguments, strict=False))
        if len(arguments) > len(self._inputs.keys) or given.keys() & named.keys():
            listed = ", ".join(map(str, self._inputs.keys))
            raise BuildError(
                f"{self._name}: the inputs are {listed}, each given once, not {len(arguments)} and {named}"
            )
        return {**given, **named}

    def put_together(self, arrays: Mapping[str, Any]) -> Any:
        """Give outputs by name as the NumPy function gives them."""
        return _restored(self._outputs, arrays)

    def restore(self, values: ArrayLike) -> Any:
        """Put values of f, shape (m,) or (..., m), together as the NumPy function gives them."""
        return _restored(self._outputs, self.unpack(values))

    def restore_inputs(self, array: ArrayLike, with_respect_to: Names | None = None) -> dict[str, Any]:
        """Take the last axis of a gradient, or of a Jacobian, apart by the inputs, each put together as it was given.

        Parameters
        ----------
        array : float64, shape (..., n_w)
            Derivatives by some inputs.
        with_respect_to
            The names of those inputs, as in the call. None: all, or all without a default, as the last axis has it.
            Other inputs are None in what is given.
        """
        signature = self.held.signature
        without = [each.name for each in signature.inputs if each.default is None]
        all_but_defaults = np.shape(array)[-1:] == (signature.size_of(without),)
        chosen = with_respect_to or (without if all_but_defaults else None)
        restored: dict[str, Any] = _restored(self._inputs, self.unpack_inputs(array, chosen))
        return restored

    def restore_jacobian(self, jacobian: ArrayLike, with_respect_to: Names | None = None) -> Any:
        """Take a Jacobian, shape (m, n_w) or (..., m, n_w), apart: outputs as they are given, each by the inputs.

        ``f.restore_jacobian(J)["y"]["x"]`` has the shape (..., *shape of y, *shape of x): the derivative of output y
        by the input x.

        Parameters
        ----------
        jacobian
            Of all outputs.
        with_respect_to
            As for :meth:`restore_inputs`.
        """
        by_outputs = self.unpack(np.moveaxis(np.asarray(jacobian), -1, -2))
        at = np.ndim(jacobian) - 2
        return self._outputs.restore(
            {
                name: self.restore_inputs(np.moveaxis(block, at, -1), with_respect_to)
                for name, block in by_outputs.items()
            }
        )

    def arrays_of(self, named: Named) -> dict[str, Any]:
        """Give inputs by name as the list has them: structures are taken apart."""
        return _taken_apart(self._inputs, named)

    def _arrange(self, request: AtPoints, points: Points | None, shared: Named | None, inputs: Named) -> Arrays:
        if isinstance(points, Mapping):
            inputs, points = {**points, **inputs}, None
        taken = None if shared is None else _taken_apart(self._inputs, shared)
        return super()._arrange(request, points, taken, _taken_apart(self._inputs, inputs))

    def _directions(self, request: JvpRequest | HvpRequest, tangents: Points | None) -> Arrays:
        if isinstance(tangents, Mapping):
            tangents = _taken_apart(self._inputs, tangents)
        return super()._directions(request, tangents)

    def __repr__(self) -> str:
        return f"<TracedFunction {self._name}({', '.join(map(str, self._inputs.keys))})>"


def _taken_apart(structure: Structure, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the inputs' arrays by name, where some of them are given as structures of arrays."""
    parts = dict(zip(structure.keys, structure.parts, strict=True))
    arrays: dict[str, Any] = {}
    for name, value in given.items():
        part = parts.get(name)
        arrays.update({name: value} if part is None or part.is_leaf else part.arrays_of(value))
    return arrays


def _restored(structure: Structure, arrays: Mapping[str, Any]) -> Any:
    # A scalar is a number, as NumPy's functions give it.
    return structure.restore({name: array[()] for name, array in arrays.items()})

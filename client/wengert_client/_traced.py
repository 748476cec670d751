"""A function on a server that was traced: its inputs and outputs are put together as the NumPy function's are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wengert_client._errors import BuildError
from wengert_client._function import Function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from wengert.v1 import HvpRequest, JvpRequest
    from wengert_client._asking import Arrays, AtPoints, Named, Points
    from wengert_client._held import HeldFunction
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

    def restore_inputs(self, array: ArrayLike) -> dict[str, Any]:
        """Take the last axis of a gradient, or of a Jacobian, apart by the inputs, each put together as it was given.

        Where the last axis is that of the inputs without a default, the others are None.
        """
        signature = self.held.signature
        without = [each.name for each in signature.inputs if each.default is None]
        width = getattr(array, "shape", (0,))[-1]
        chosen = without if width == signature.size_of(without) else None
        restored: dict[str, Any] = _restored(self._inputs, self.unpack_inputs(array, chosen))
        return restored

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

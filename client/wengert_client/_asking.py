"""What every method of a function does with its arguments and with the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from wengert.v1.tensors import read_tensor, write_tensor
from wengert_client._errors import ServerFault
from wengert_client._patterns import Key

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
    from numpy.typing import ArrayLike

    from wengert.v1 import Binding, HessianRequest, HvpRequest, JacobianRequest, JvpRequest, Tensor
    from wengert_client._held import HeldFunction
    from wengert_client._results import Floats, FunctionInfo

__all__ = ["Asking", "Named", "Points", "read"]

Named: TypeAlias = "Mapping[str, ArrayLike]"
Points: TypeAlias = "ArrayLike | Named"


class _AtPoints(Protocol):
    """A request that says where to evaluate."""

    @property
    def points(self) -> Tensor: ...
    @property
    def shared(self) -> RepeatedCompositeFieldContainer[Binding]: ...


class Asking:
    """The function that is asked, and how its inputs get into a request."""

    def __init__(self, held: HeldFunction) -> None:
        self._held = held

    @property
    def info(self) -> FunctionInfo:
        """What the server knows of the function; registers it where that was not done yet."""
        return self._held.info

    def _pattern_key(self, request: JacobianRequest | HessianRequest, *, hessian: bool) -> Key:
        """Give what the pattern of an answer depends on; of shared values only that they are shared."""
        by = tuple(request.with_respect_to)
        if request.shared and not by:
            bound = {each.input for each in request.shared}
            # None left to differentiate by is not all of them: no input has the empty name.
            by = tuple(each.name for each in self._held.signature.inputs if each.name not in bound) or ("",)
        return Key(hessian, tuple(request.outputs), by)

    def _arrange(self, request: _AtPoints, points: Points | None, shared: Named | None, inputs: Named) -> None:
        """Put points and shared values into a request."""
        x, bound = self._held.signature.arrange(points, shared, inputs)
        if x is not None:
            write_tensor(request.points, x)
        for name, value in bound.items():
            write_tensor(request.shared.add(input=name).value, value)

    def _direct(self, request: JvpRequest | HvpRequest, tangents: Points | None) -> None:
        """Put directions into a request; by name, inputs left out have the tangent 0."""
        if tangents is not None:
            bound = [each.input for each in request.shared]
            write_tensor(request.tangents, self._held.signature.directions(tangents, request.with_respect_to, bound))


def read(tensor: Tensor) -> Floats:
    """Give an array of an answer."""
    try:
        return read_tensor(tensor)
    except ValueError as error:
        raise ServerFault(f"the answer carries an array that cannot be read: {error}") from error

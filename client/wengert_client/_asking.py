"""What every method of a function does with its arguments and with the answer."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import numpy as np

from wengert.v1 import SparsityRequest
from wengert.v1.tensors import read_tensor, write_tensor
from wengert_client._cutting import Arrays, in_parts
from wengert_client._errors import ServerFault
from wengert_client._held import Request
from wengert_client._patterns import Key, read_pattern
from wengert_client._progress import Bars

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from typing import Self

    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer, RepeatedScalarFieldContainer
    from numpy.typing import ArrayLike, NDArray

    from wengert.v1 import Binding, EvaluateRequest, HessianRequest, HvpRequest, JacobianRequest, JvpRequest, Tensor
    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
    from wengert_client._held import HeldFunction
    from wengert_client._patterns import Pattern
    from wengert_client._results import Floats, FunctionInfo
    from wengert_client._transport import Method

__all__ = ["Arrays", "Asking", "AtPoints", "Named", "Points", "directions_at_a_point", "read"]

Named: TypeAlias = "Mapping[str, ArrayLike]"
Points: TypeAlias = "ArrayLike | Named"

Response = TypeVar("Response")
Result = TypeVar("Result")


class AtPoints(Protocol):
    """A request that says where to evaluate."""

    @property
    def points(self) -> Tensor: ...
    @property
    def shared(self) -> RepeatedCompositeFieldContainer[Binding]: ...


class _Selecting(AtPoints, Protocol):
    """A request that says what to differentiate, and by what."""

    @property
    def outputs(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def with_respect_to(self) -> RepeatedScalarFieldContainer[str]: ...


class Asking:
    """The function that is asked, and how its inputs get into a request."""

    def __init__(self, held: HeldFunction) -> None:
        self._held = held

    @property
    def held(self) -> HeldFunction:
        """The function as a server holds it."""
        return self._held

    def held_as(self, held: HeldFunction) -> Self:
        """Give the same function, held otherwise."""
        twin = copy.copy(self)
        twin._held = held  # noqa: SLF001  its own
        return twin

    @property
    def info(self) -> FunctionInfo:
        """What the server knows of the function; registers it where that was not done yet."""
        return self._held.info

    def arrays_of(self, named: Named) -> dict[str, Any]:
        """Give inputs by name as the list has them: here they are already."""
        return dict(named)

    def by_position(self, arguments: Sequence[Any], named: Named) -> dict[str, Any] | None:
        """Give inputs by name that are given as the arguments of a traced function; None: this is none."""
        del arguments, named
        return None

    def put_together(self, arrays: Mapping[str, Any]) -> Any:
        """Give outputs by name as a caller expects them: a single one as it is."""
        return dict(arrays) if len(arrays) != 1 else next(iter(arrays.values()))

    def _pattern_key(self, request: JacobianRequest | HessianRequest, *, hessian: bool) -> Key:
        """Give what the pattern of an answer depends on; of shared values only that they are shared."""
        by = tuple(request.with_respect_to)
        if request.shared and not by:
            bound = {each.input for each in request.shared}
            # None left to differentiate by is not all of them: no input has the empty name.
            by = tuple(each.name for each in self._held.signature.inputs if each.name not in bound) or ("",)
        return Key(hessian, tuple(request.outputs), by)

    def _arrange(self, request: AtPoints, points: Points | None, shared: Named | None, inputs: Named) -> Arrays:
        """Put shared values into a request; gives the points, which may have to be cut before they go into one."""
        x, bound = self._held.signature.arrange(points, shared, inputs)
        for name, value in bound.items():
            write_tensor(request.shared.add(input=name).value, value)
        return {} if x is None else {"points": x}

    def _directions(self, request: JvpRequest | HvpRequest, tangents: Points | None) -> Arrays:
        """Give directions; by name, inputs left out have the tangent 0."""
        if tangents is None:
            return {}
        bound = [each.input for each in request.shared]
        return {"tangents": self._held.signature.directions(tangents, request.with_respect_to, bound)}

    def _ask(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        arrays: Arrays,
        elements: Callable[[], int],
        finish: Callable[[Response], Result],
    ) -> Result:
        """Make a call, or several that together are it.

        Parameters
        ----------
        rpc
            Picks the call from the stub.
        request, arrays
            What to send.
        elements
            Gives the elements of the largest array of the answer, for one point.
        finish
            From the answer to what the caller gets.
        """
        ends = self._held.ends()

        async def run(asked: Request) -> Result:
            return finish(await self._held.ask(rpc, asked, ends))

        async def size() -> int:
            return elements()

        return self._in_parts(request, arrays, size, run)

    def _in_parts(
        self,
        request: Request,
        arrays: Arrays,
        elements: Callable[[], Awaitable[int]],
        run: Callable[[Request], Awaitable[Result]],
        bars: Bars | None = None,
        /,
    ) -> Result:
        bars = Bars(self._held.progress) if bars is None else bars
        return self._done(in_parts(request, arrays, self._held.limits, elements, run, self._held.group, bars))

    def _done(self, coming: Coroutine[Any, Any, Result]) -> Result:
        """Give what a method gives to who called it: its result, or what is to be awaited for it."""
        return self._held.done(coming)

    async def _entries(self, key: Key) -> int:
        """Give how many entries a sparse matrix has; asks for its pattern where that is not known."""
        if key.with_respect_to == ("",):
            return 0
        info = self._held.info
        pattern = self._held.patterns.get(key, info)
        if pattern is None:
            request = SparsityRequest(outputs=key.outputs, with_respect_to=key.with_respect_to, hessian=key.hessian)
            pattern, _ = await self._pattern(request)
        return len(pattern.column)

    async def _pattern(self, request: SparsityRequest) -> tuple[Pattern, NDArray[np.int32]]:
        """Ask for a pattern, keep it for calls to come, and give it with its colors."""
        info = await self._held.registered()
        answer = await self._held.ask(lambda stub: stub.Sparsity, request)
        pattern, colors = read_pattern(answer.pattern), np.array(answer.colors, dtype=np.int32)
        if len(colors) != pattern.shape[1]:
            raise ServerFault(f"the answer carries {len(colors)} colors for {pattern.shape[1]} columns")
        if self._held.info is info:
            key = Key(request.hessian, tuple(request.outputs), tuple(request.with_respect_to))
            self._held.patterns.keep(key, info, pattern)
        return pattern, colors

    def _m(self, request: EvaluateRequest | _Selecting) -> int:
        """Give how many output scalars are selected."""
        if not request.outputs:
            return self.info.m
        sizes = {each.name: each.size for each in self.info.outputs}
        return sum(sizes.get(name, 0) for name in request.outputs)

    def _n_w(self, request: _Selecting) -> int:
        """Give by how many input scalars is differentiated."""
        size_of = self._held.signature.size_of
        if request.with_respect_to:
            return size_of(request.with_respect_to)
        return self.info.n - size_of(each.input for each in request.shared)


def directions_at_a_point(arrays: Arrays, name: str) -> int:
    """Give p."""
    array = arrays.get(name)
    return array.shape[-2] if array is not None and array.ndim > 1 else 1


def read(tensor: Tensor) -> Floats:
    """Give an array of an answer."""
    try:
        return read_tensor(tensor)
    except ValueError as error:
        raise ServerFault(f"the answer carries an array that cannot be read: {error}") from error

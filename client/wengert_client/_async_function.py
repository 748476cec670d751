"""A function on a server, asked from an event loop: the methods of :class:`Function`, to be awaited."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, cast, overload

from wengert_client._async_session import AsyncSession
from wengert_client._calling import Optioned
from wengert_client._function import Function
from wengert_client._kept import kept
from wengert_client._traced import TracedFunction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

    from numpy.typing import ArrayLike

    from wengert.v1 import WengertList
    from wengert_client._asking import Named, Points
    from wengert_client._async_session import AsyncSessionFunction
    from wengert_client._async_transport import AsyncTransport
    from wengert_client._blockwise import Block
    from wengert_client._held import HeldFunction
    from wengert_client._preparation import DerivativeName, ModeName, Names
    from wengert_client._results import (
        Floats,
        FunctionInfo,
        ValueAndDerivative,
        ValueAndSparseDerivative,
    )
    from wengert_client._transport import Transport

__all__ = ["AsyncFunction"]

P = ParamSpec("P")
T = TypeVar("T")


def _awaited(
    method: Callable[Concatenate[Function, P], T],
) -> Callable[Concatenate[AsyncFunction, P], Coroutine[Any, Any, T]]:
    """Give a method that is awaited for the result of one of :class:`Function`."""

    @functools.wraps(method)
    def call(self: AsyncFunction, /, *arguments: P.args, **options: P.kwargs) -> Coroutine[Any, Any, T]:
        return self._call(method, *arguments, **options)

    return call


def _on_a_thread(
    method: Callable[Concatenate[Function, P], T],
) -> Callable[Concatenate[AsyncFunction, P], Coroutine[Any, Any, T]]:
    """Give the same for a method that makes many calls, one after another."""

    async def run(self: AsyncFunction, arguments: tuple[Any, ...], options: dict[str, Any]) -> T:
        await self.ready()
        return await asyncio.to_thread(method, self._blocking(), *arguments, **options)

    @functools.wraps(method)
    def call(self: AsyncFunction, /, *arguments: P.args, **options: P.kwargs) -> Coroutine[Any, Any, T]:
        return run(self, kept(arguments), kept(options))

    return call


class AsyncFunction:
    """A function f: R^n -> R^m on a server, for ``await``; made by :meth:`AsyncClient.function`.

    Its methods take and give what those of :class:`Function` do. Any number of calls may be under way; cancelling the
    task that awaits one cancels it. Arrays may be changed once a method was called, awaited or not: they are copied. It
    is registered when it is made.

    Parameters
    ----------
    function
        The function, whose calls an event loop's transport carries.
    transport
        That one.
    beside
        Gives a transport for calls that block, on threads.
    """

    def __init__(self, function: Function, transport: AsyncTransport, beside: Callable[[], Transport]) -> None:
        self._function = function
        self._transport = transport
        self._beside = beside

    value = _awaited(Function.value)
    jvp = _awaited(Function.jvp)
    vjp = _awaited(Function.vjp)
    gradient = _awaited(Function.gradient)
    hvp = _awaited(Function.hvp)
    value_and_jvp = _awaited(Function.value_and_jvp)
    value_and_vjp = _awaited(Function.value_and_vjp)
    value_and_gradient = _awaited(Function.value_and_gradient)
    value_gradient_and_hessian = _awaited(Function.value_gradient_and_hessian)
    value_gradient_and_hvp = _awaited(Function.value_gradient_and_hvp)
    sparsity = _awaited(Function.sparsity)
    prepare = _awaited(Function.prepare)
    text = _awaited(Function.text)
    check = _on_a_thread(Function.check)
    plot_jacobian = _on_a_thread(Function.plot_jacobian)

    @overload
    async def jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        sparse: Literal[False] = False,
        stream: bool | None = None,
        progress: bool | None = None,
        **inputs: ArrayLike,
    ) -> Floats: ...

    @overload
    async def jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        sparse: bool,
        stream: bool | None = None,
        progress: bool | None = None,
        **inputs: ArrayLike,
    ) -> Any: ...

    def jacobian(self, points: Points | None = None, /, **options: Any) -> Coroutine[Any, Any, Any]:
        """Give J; see :meth:`Function.jacobian`."""
        return self._call(Function.jacobian, points, **options)

    @overload
    async def value_and_jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        sparse: Literal[False] = False,
        stream: bool | None = None,
        progress: bool | None = None,
        **inputs: ArrayLike,
    ) -> ValueAndDerivative: ...

    @overload
    async def value_and_jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        sparse: Literal[True],
        stream: bool | None = None,
        progress: bool | None = None,
        **inputs: ArrayLike,
    ) -> ValueAndSparseDerivative: ...

    def value_and_jacobian(self, points: Points | None = None, /, **options: Any) -> Coroutine[Any, Any, Any]:
        """Give f and J from one call; see :meth:`Function.value_and_jacobian`."""
        return self._call(Function.value_and_jacobian, points, **options)

    @overload
    async def hessian(
        self,
        points: Points | None = None,
        /,
        weights: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        sparse: Literal[False] = False,
        **inputs: ArrayLike,
    ) -> Floats: ...

    @overload
    async def hessian(
        self,
        points: Points | None = None,
        /,
        weights: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        sparse: bool,
        **inputs: ArrayLike,
    ) -> Any: ...

    def hessian(
        self, points: Points | None = None, /, weights: Points | None = None, **options: Any
    ) -> Coroutine[Any, Any, Any]:
        """Give H; see :meth:`Function.hessian`."""
        return self._call(Function.hessian, points, weights, **options)

    def jacobian_blocks(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        block_bytes: int = 0,
        **inputs: ArrayLike,
    ) -> AsyncIterator[Block]:
        """Give J block by block, for ``async for``; see :meth:`Function.jacobian_blocks`."""
        options = {
            "shared": shared,
            "outputs": outputs,
            "by": with_respect_to,
            "mode": mode,
            "block_bytes": block_bytes,
        }
        return self._each(kept((points, inputs)), kept(options))

    async def differentiate(
        self,
        derivative: DerivativeName,
        *,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
    ) -> AsyncFunction:
        """Give a derivative as a function; see :meth:`Function.differentiate`."""
        asked = self._call(Function.differentiate, derivative, outputs=outputs, with_respect_to=with_respect_to)
        made = AsyncFunction(await asked, self._transport, self._beside)
        await made.ready()
        return made

    def __call__(self, *arguments: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        """Give what the NumPy function gives, where that was traced; see :class:`TracedFunction`."""
        self._traced  # noqa: B018  or it is refused
        return self._call(TracedFunction.__call__, *arguments, **named)

    async def ready(self) -> None:
        """Register the function where that was not done yet."""
        await self._transport.ready()
        await self._function.held.registered()

    def restore(self, values: ArrayLike) -> Any:
        """Put values of f together as a NumPy function gives them; see :meth:`TracedFunction.restore`."""
        return self._traced.restore(values)

    def restore_inputs(self, array: ArrayLike, with_respect_to: Names | None = None) -> dict[str, Any]:
        """Take the last axis of a gradient apart; see :meth:`TracedFunction.restore_inputs`."""
        return self._traced.restore_inputs(array, with_respect_to)

    def restore_jacobian(self, jacobian: ArrayLike, with_respect_to: Names | None = None) -> Any:
        """Take a Jacobian apart; see :meth:`TracedFunction.restore_jacobian`."""
        return self._traced.restore_jacobian(jacobian, with_respect_to)

    def with_options(
        self,
        *,
        deadline_s: float | None = None,
        max_attempts: int | None = None,
        request_id: str | None = None,
        metadata: Mapping[str, str | bytes] | None = None,
        progress: bool | None = None,
    ) -> AsyncFunction:
        """Give the same function, whose calls have these options; see :meth:`Function.with_options`."""
        made = self._function.with_options(
            deadline_s=deadline_s,
            max_attempts=max_attempts,
            request_id=request_id,
            metadata=metadata,
            progress=progress,
        )
        return AsyncFunction(made, self._transport, self._beside)

    def session(self, *, in_flight: int = 64) -> AsyncSessionFunction:
        """Give this function over a session of its own, for ``async with``; see :meth:`AsyncClient.session`."""
        return AsyncSession(self._beside(), in_flight).function(self)

    def unpack(self, values: ArrayLike, outputs: Names | None = None) -> dict[str, Floats]:
        """Take values of f apart; see :meth:`Function.unpack`."""
        return self._function.unpack(values, outputs)

    def unpack_inputs(self, array: ArrayLike, with_respect_to: Names | None = None) -> dict[str, Floats]:
        """Take the last axis of a gradient, or of a Jacobian, apart; see :meth:`Function.unpack_inputs`."""
        return self._function.unpack_inputs(array, with_respect_to)

    @property
    def function(self) -> Function:
        """What the methods are of; its own give coroutines, too."""
        return self._function

    @property
    def held(self) -> HeldFunction:
        """The function as a server holds it."""
        return self._function.held

    @property
    def info(self) -> FunctionInfo:
        """What the server knows of the function."""
        return self._function.info

    @property
    def id(self) -> str:
        """The 64 hexadecimal digits that name the function."""
        return self._function.id

    @property
    def n(self) -> int:
        """Number of input scalars, shared ones included."""
        return self._function.n

    @property
    def m(self) -> int:
        """Number of output scalars."""
        return self._function.m

    @property
    def statements(self) -> int:
        """Number of statements of the list."""
        return self._function.statements

    def to_message(self) -> WengertList:
        """Give a copy of the function's list, as a message of the contract."""
        return self._function.to_message()

    def __str__(self) -> str:
        return str(self._function)

    def __repr__(self) -> str:
        return repr(self._function).replace("<", "<Async", 1)

    @property
    def _traced(self) -> TracedFunction:
        if not isinstance(self._function, TracedFunction):
            raise TypeError("only a function of NumPy is called as such; ask for its value")
        return self._function

    def _repr_html_(self) -> str:
        return self._function._repr_html_()

    def _call(self, method: Callable[..., Any], /, *arguments: Any, **options: Any) -> Coroutine[Any, Any, Any]:
        """Give what is to be awaited, of what the arguments are now, whenever that is."""
        return self._made(method, kept(arguments), kept(options))

    async def _made(self, method: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        await self.ready()
        return await cast("Awaitable[Any]", method(self._function, *arguments, **options))

    def _blocking(self) -> Function:
        """The same function, for methods that make many calls one after another, on a thread."""
        held, beside = self._function.held, self._beside()
        carrier = held.carrier
        over = Optioned(beside, carrier.options) if isinstance(carrier, Optioned) else beside
        return self._function.held_as(held.over(over))

    async def _each(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> AsyncIterator[Block]:
        with await self._made(Function.opened_blocks, arguments, options) as blocks:
            async for block in blocks:
                yield block

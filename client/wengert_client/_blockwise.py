"""A Jacobian block by block, for those who need not have it whole: a method of :class:`Function`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, cast

import grpc
import numpy as np

from wengert.v1 import JacobianRequest, StreamJacobianRequest
from wengert_client._asking import Asking, read
from wengert_client._block import Block as Received
from wengert_client._cutting import fill
from wengert_client._errors import ServerFault
from wengert_client._preparation import mode_number
from wengert_client._results import Report
from wengert_client._signature import names, refuse
from wengert_client._status import error_from_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Self

    from numpy.typing import ArrayLike

    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
    from wengert_client._asking import Named, Points
    from wengert_client._preparation import ModeName, Names
    from wengert_client._results import Floats

__all__ = ["Block", "Blocks", "Blockwise"]

_MOST_RANK = 3
_MOST_BLOCK_BYTES = 2**32 - 1  # as a number of the contract


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Entries of a Jacobian that lie side by side, row-major.

    Attributes
    ----------
    shape : tuple of int
        Of the whole matrix: (m, n_w), or (K, m, n_w) at K points.
    offset : int
        Where the first entry lies in it, flattened.
    entries : float64, shape (number,)
    values : float64, shape (m,) or (K, m); None
        f, with the first block only.
    report
        With the last block only.
    """

    shape: tuple[int, ...]
    offset: int
    entries: Floats
    values: Floats | None = None
    report: Report | None = None


class Blockwise(Asking):
    """J, block by block."""

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
    ) -> Iterator[Block]:
        """Give J block by block, in order and without gap, while the server computes the next ones.

        Memory is that of a few blocks, on both sides. What goes wrong after the first block is not asked again.

        Parameters
        ----------
        block_bytes
            Bytes of the entries of one block. 0: the server chooses, about 1 MiB.
        """
        with self.opened_blocks(
            points, inputs, shared=shared, outputs=outputs, by=with_respect_to, mode=mode, block_bytes=block_bytes
        ) as blocks:
            yield from blocks

    def opened_blocks(
        self,
        points: Points | None,
        inputs: Named,
        *,
        shared: Named | None,
        outputs: Names | None,
        by: Names | None,
        mode: ModeName,
        block_bytes: int,
    ) -> Blocks:
        """Ask for the blocks, and wait for the first one."""
        if not 0 <= block_bytes <= _MOST_BLOCK_BYTES:
            refuse("MALFORMED_REQUEST", "block_bytes", f"bytes of a block are 0 or more, not {block_bytes}")
        request = JacobianRequest(outputs=names(outputs), with_respect_to=names(by), mode=mode_number(mode))
        arrays = self._arrange(request, points, shared, inputs)
        fill(request, arrays)
        opened: Blocks = self._done(self._held.ask(_opening(block_bytes), request))
        return opened


class Blocks:
    """The blocks of one call, each held to be the next one: an iterator, of either kind.

    Parameters
    ----------
    stream
        Gives messages.
    first
        The first of them; None: there was none.
    """

    def __init__(self, stream: Any, first: Received | None) -> None:
        self._stream = stream
        self._first = first
        self._there = 0
        self._ended = False
        self._shape = () if first is None else tuple(first.head.shape)
        if first is None or not first.head.HasField("values"):
            _refuse("it does not begin with the values of f")
        if not 1 < len(self._shape) <= _MOST_RANK:
            _refuse(f"its matrix has the shape {self._shape}; (m, n_w) or (K, m, n_w) was expected")

    def __iter__(self) -> Iterator[Block]:
        try:
            yield from (self._block(each) for each in self._beginning())
            yield from (self._block(each) for each in self._stream)
        except grpc.RpcError as error:
            raise error_from_call(error) from error
        self._check_end()

    async def __aiter__(self) -> AsyncIterator[Block]:
        try:
            for each in self._beginning():
                yield self._block(each)
            async for each in self._stream:
                yield self._block(each)
        except grpc.RpcError as error:
            raise error_from_call(error) from error
        self._check_end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.cancel()

    def _beginning(self) -> list[Received]:
        first, self._first = self._first, None
        return [] if first is None else [first]

    def _block(self, received: Received) -> Block:
        head, entries = received
        if self._ended or tuple(head.shape) != self._shape:
            _refuse("a block came after the last one, or is of another matrix")
        if head.offset != self._there:
            _refuse(f"a block starts at entry {head.offset}, and {self._there} entries came before it")
        offset = self._there
        self._there += len(entries)
        self._ended = head.HasField("report")
        values = read(head.values) if head.HasField("values") else None
        report = Report.read(head.report) if self._ended else None
        return Block(self._shape, offset, np.array(entries), values, report)

    def _check_end(self) -> None:
        if not self._ended or self._there != math.prod(self._shape):
            _refuse(f"it ended after {self._there} of {math.prod(self._shape)} entries; it is not whole")


def _opening(block_bytes: int) -> Callable[[DifferentiationServiceStub], Any]:
    """Give what begins a call, as a method of a stub: it gives the blocks once the first one is there."""

    def picked(stub: DifferentiationServiceStub) -> Any:
        def begin(request: JacobianRequest, **options: Any) -> Blocks:
            stream: Any = stub.StreamJacobian(
                StreamJacobianRequest(request=request, block_bytes=block_bytes), **options
            )
            if hasattr(stream, "__aiter__"):
                return cast("Blocks", _begun(stream))
            return Blocks(stream, next(stream, None))

        return begin

    return picked


async def _begun(stream: Any) -> Blocks:
    messages = aiter(stream)
    return Blocks(_Rest(stream, messages), await anext(messages, None))


class _Rest:
    """What is left of a stream whose first message was taken."""

    def __init__(self, stream: Any, messages: AsyncIterator[Received]) -> None:
        self._stream = stream
        self._messages = messages

    def __aiter__(self) -> AsyncIterator[Received]:
        return self._messages

    def cancel(self) -> None:
        """End the call."""
        self._stream.cancel()


def _refuse(told: str) -> NoReturn:
    raise ServerFault(f"the stream of the Jacobian cannot be used: {told}")

"""A Jacobian that comes in blocks: put together in an array that is made once, or refused where it is not whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

import numpy as np

from wengert.v1 import JacobianRequest, Report, StreamJacobianRequest, StreamJacobianResponse, Tensor
from wengert_client._block import Block
from wengert_client._errors import ServerFault
from wengert_client._progress import NO_PROGRESS, Bars
from wengert_client._signature import refuse

if TYPE_CHECKING:
    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
    from wengert_client._progress import Progress
    from wengert_client._results import Floats

__all__ = ["NO_BLOCKS", "STREAM_BYTES", "InBlocks", "Streamed", "Wanted"]

STREAM_BYTES = 64 << 20
"""A dense Jacobian of more bytes comes in blocks where nothing else is said."""
_MOST_RANK = 3
_MOST_ENTRIES = np.iinfo(np.intp).max // 8


class Wanted(NamedTuple):
    """Whether a matrix is to come in blocks (None: if it is large), and how its progress is shown."""

    stream: bool | None
    bars: Bars

    @classmethod
    def of(cls, stream: bool | None, progress: bool | None, otherwise: bool | None) -> Wanted:
        """Read the options of a call; with a progress bar it comes in blocks.

        Parameters
        ----------
        stream, progress
            As they are given to the call.
        otherwise
            Whether progress is shown where the call does not say.

        Raises
        ------
        MissingDependency
            There is to be a progress bar, and tqdm is not installed.
        """
        return cls(True if progress else stream, Bars(otherwise if progress is None else progress))

    def refuse(self) -> None:
        """Refuse it where there are no blocks."""
        if self.stream:
            refuse("UNSUPPORTED", "layout", "a sparse matrix does not come in blocks: leave out sparse, or stream")


NO_BLOCKS = Wanted(False, NO_PROGRESS)


@dataclass(frozen=True, slots=True)
class Streamed:
    """What a JacobianResponse says, with the matrix as an array.

    Attributes
    ----------
    values, report
        As in the message.
    matrix : float64, shape (m, n_w) or (K, m, n_w)
    """

    values: Tensor
    matrix: Floats
    report: Report


class InBlocks:
    """The rpc StreamJacobian, to be called as the rpc Jacobian is.

    Parameters
    ----------
    stub
        Has the rpc.
    bars
        Show how much has come.
    """

    def __init__(self, stub: DifferentiationServiceStub, bars: Bars = NO_PROGRESS) -> None:
        self._rpc = stub.StreamJacobian
        self._bars = bars

    def __call__(self, request: JacobianRequest, **options: Any) -> Streamed:
        """Ask, and read to the end."""
        stream = self._rpc(StreamJacobianRequest(request=request), **options)
        if hasattr(stream, "__aiter__"):
            coming: Any = self._awaited(stream)  # Whoever asks on an event loop awaits what the call gives.
            return cast("Streamed", coming)
        whole = _Whole(self._bars)
        try:
            for message in stream:
                whole.add(message)
            return whole.end()
        finally:
            stream.cancel()  # Where it is refused, the server need not go on.
            whole.close()

    async def _awaited(self, stream: Any) -> Streamed:
        whole = _Whole(self._bars)
        try:
            async for message in stream:
                whole.add(message)
            return whole.end()
        finally:
            stream.cancel()
            whole.close()


class _Whole:
    """The matrix as far as it is there."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._progress: Progress | None = None
        self._shape: tuple[int, ...] | None = None
        self._values: Tensor | None = None
        self._report: Report | None = None
        self._entries = np.zeros(0)
        self._there = 0

    def add(self, message: Block | StreamJacobianResponse) -> None:
        """Take the next block, which must start where the last one ended."""
        block, entries = message if isinstance(message, Block) else Block.of(message)
        if self._shape is None:
            self._begin(block)
        elif block.HasField("values"):
            _refuse("f comes again, after the first block")
        if self._report is not None:
            _refuse("there is a block after the one with the report, which is the last")
        if tuple(block.shape) != self._shape:
            _refuse(f"a block is of a matrix of the shape {tuple(block.shape)}, those before it of {self._shape}")
        first, last = self._there, self._there + len(entries)
        if block.offset != first:
            _refuse(f"a block starts at entry {block.offset}, and {first} entries came before it")
        if last > len(self._entries):
            _refuse(f"{last} entries came, of a matrix that has {len(self._entries)}")
        self._entries[first:last] = entries
        self._there = last
        if block.HasField("report"):
            self._report = block.report
        if self._progress is not None:
            self._progress.add(8 * (last - first))

    def end(self) -> Streamed:
        """Give the matrix, if it is whole."""
        if self._shape is None or self._values is None:
            _refuse("it ended before its first block")
        if self._report is None or self._there != len(self._entries):
            told = "" if self._report is not None else ", without its report"
            _refuse(f"it ended after {self._there} of {len(self._entries)} entries{told}; it is not whole")
        return Streamed(self._values, self._entries.reshape(self._shape), self._report)

    def close(self) -> None:
        """Let go of the progress bar."""
        if self._progress is not None:
            self._progress.close()

    def _begin(self, block: StreamJacobianResponse) -> None:
        shape = tuple(block.shape)
        if not 1 < len(shape) <= _MOST_RANK or math.prod(shape) > _MOST_ENTRIES:
            _refuse(f"its matrix has the shape {shape}; (m, n_w) or (K, m, n_w) was expected")
        if not block.HasField("values"):
            _refuse("its first block has no values of f")
        self._shape, self._values = shape, block.values
        self._entries = np.empty(math.prod(shape))
        self._progress = self._bars("Jacobian", self._entries.nbytes, "B")


def _refuse(told: str) -> NoReturn:
    raise ServerFault(f"the stream of the Jacobian cannot be used: {told}")

"""Sparse answers: patterns that are fetched once, values that come often, SciPy's matrices made of both."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from wengert.v1 import HessianRequest, JacobianRequest
from wengert.v1.tensors import read_tensor
from wengert_client._errors import MissingDependency, ServerFault
from wengert_client._forking import Lock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from numpy.typing import NDArray

    from wengert.v1 import SparseMatrix
    from wengert_client._held import HeldFunction
    from wengert_client._results import Floats, FunctionInfo

__all__ = ["Key", "Pattern", "Patterns", "Sparsity", "csr", "read_pattern", "require_scipy", "with_pattern"]

Request = TypeVar("Request", JacobianRequest, HessianRequest)
Response = TypeVar("Response")

_MOST_KEPT = 16
_ATTEMPTS = 3
_MOST_EXTENT = 2**31 - 1


class Key(NamedTuple):
    """What a pattern depends on, beside the function."""

    hessian: bool
    outputs: tuple[str, ...]
    with_respect_to: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Where a matrix can have entries: sorted by row, then by column; arrays that nobody changes."""

    shape: tuple[int, int]
    starts: NDArray[np.int32]
    column: NDArray[np.int32]
    row: NDArray[np.int32]
    digest: bytes

    def fits(self, matrix: SparseMatrix) -> bool:
        """Whether an answer is of this pattern; older servers tell no digest, only how many entries there are."""
        extents = matrix.values.shape
        known = len(extents) in {1, 2} and extents[-1] == len(self.column)
        return known and self.shape == (matrix.rows, matrix.columns) and matrix.digest in {b"", self.digest}


@dataclass(frozen=True, slots=True, eq=False)
class Sparsity:
    """Where a Jacobian or a Hessian can have entries, whatever the point.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns: (m, n_w), or (n_w, n_w) of a Hessian.
    row, column : int32, shape (nnz,)
        Position of each entry, counted from 0; sorted by row, then by column. Read-only.
    colors : int32, shape (n_w,)
        A color for each column, from 0. Of a Jacobian, no row has two entries in columns of one color. Of a
        Hessian, that holds for one at least of each two entries (i, j) and (j, i). Read-only.
    """

    shape: tuple[int, int]
    row: NDArray[np.int32] = field(repr=False)
    column: NDArray[np.int32] = field(repr=False)
    colors: NDArray[np.int32] = field(repr=False)

    @property
    def nnz(self) -> int:
        """Number of entries."""
        return len(self.row)

    @property
    def number_of_colors(self) -> int:
        """How many directions show all entries."""
        return int(self.colors.max(initial=-1)) + 1 if self.nnz else 0

    def plot(self, ax: Any = None) -> Any:
        """Draw it with matplotlib: a dot for each entry; columns that can share a direction have the same color.

        A pattern with more than 400 rows or columns is drawn in 200 bins, by how many entries each has.

        Parameters
        ----------
        ax
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes

        Raises
        ------
        MissingDependency
            matplotlib is not installed.
        """
        from wengert_client._plots import plot_pattern  # noqa: PLC0415  it is seldom needed

        return plot_pattern(self, ax)

    def to_scipy(self) -> Any:
        """Give a ``scipy.sparse.csr_array`` of bool, True at each entry, as SciPy's ``jac_sparsity`` takes it.

        Raises
        ------
        MissingDependency
            SciPy is not installed.
        """
        sparse = require_scipy()
        return sparse.csr_array((np.ones(self.nnz, np.bool_), (self.row, self.column)), shape=self.shape)


class Patterns:
    """The patterns a function has shown, as long as its registration stands; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Key, tuple[FunctionInfo, Pattern]] = {}

    def get(self, key: Key, info: FunctionInfo) -> Pattern | None:
        """Give what was seen under this registration; another server may have another engine."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] is info else None

    def keep(self, key: Key, info: FunctionInfo, pattern: Pattern) -> None:
        """Keep a pattern, and drop the one first kept where they are many."""
        with self._lock:
            if key not in self._kept and len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (info, pattern)

    def drop(self, key: Key) -> None:
        """Forget a pattern."""
        with self._lock:
            self._kept.pop(key, None)


async def with_pattern(
    held: HeldFunction,
    key: Key,
    request: Request,
    call: Callable[[Request], Awaitable[Response]],
    matrix: Callable[[Response], SparseMatrix],
) -> tuple[Response, Pattern]:
    """Make a sparse call, for the values only where the pattern is known; gives the answer and the pattern."""
    for _ in range(_ATTEMPTS):
        info = await held.registered()
        known = held.patterns.get(key, info)
        request.values_only, request.known_pattern = known is not None, b"" if known is None else known.digest
        response = await call(request)
        # Rows although they were not asked for: this server sees another pattern than the one that told ours.
        pattern = read_pattern(matrix(response)) if known is None or matrix(response).row else known
        if held.info is info and pattern.fits(matrix(response)):
            held.patterns.keep(key, info, pattern)
            return response, pattern
        # Registered again meanwhile, perhaps with another server: what was known no longer counts.
        held.patterns.drop(key)
    request.values_only, request.known_pattern = False, b""
    response = await call(request)
    pattern = read_pattern(matrix(response))
    if not pattern.fits(matrix(response)):
        raise ServerFault("the answer carries a sparse matrix whose values are not as many as its entries")
    return response, pattern


def read_pattern(matrix: SparseMatrix) -> Pattern:
    """Read rows and columns; what is no pattern is a fault of the server."""
    shape = (matrix.rows, matrix.columns)
    if max(shape) > _MOST_EXTENT:
        raise ServerFault(f"the answer carries a sparse matrix of the shape {shape}: more than this client can read")
    row, column = (np.array(each, dtype=np.int64) for each in (matrix.row, matrix.column))
    sound = len(row) == len(column) and bool(np.all(row < shape[0]) and np.all(column < shape[1]))
    if not sound or np.any(np.diff(row * shape[1] + column) <= 0):
        raise ServerFault("the answer carries a pattern whose entries are not sorted, or outside the matrix")
    starts = np.zeros(shape[0] + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=shape[0]), out=starts[1:])
    digest = _digest(shape, row, column)
    if matrix.digest not in {b"", digest}:
        raise ServerFault("the answer carries a pattern that is not the one of its digest")
    return Pattern(shape, _frozen(starts), _frozen(column), _frozen(row), digest)


def _digest(shape: tuple[int, int], row: NDArray[np.int64], column: NDArray[np.int64]) -> bytes:
    """Give the digest of a pattern, as the contract says."""
    made = hashlib.sha256(b"wengert pattern 1\n" + np.array([*shape, len(row)], "<u8").tobytes())
    for indices in (row, column):
        made.update(indices.astype("<u4").tobytes())
    return made.digest()


def csr(pattern: Pattern, matrix: SparseMatrix) -> Any:
    """Give a ``csr_array``, or a list of K that share their indices; `pattern` fits `matrix`."""
    sparse = require_scipy()
    try:
        values = read_tensor(matrix.values)
    except ValueError as error:
        raise ServerFault(f"the answer carries an array that cannot be read: {error}") from error

    def one(entries: Floats) -> Any:
        made = sparse.csr_array((entries, pattern.column, pattern.starts), shape=pattern.shape)
        made.has_canonical_format = True
        return made

    return one(values) if values.ndim == 1 else [one(entries) for entries in values]


def require_scipy() -> Any:
    """Give ``scipy.sparse``.

    Raises
    ------
    MissingDependency
    """
    try:
        from scipy import sparse  # noqa: PLC0415  optional, and slow to load
    except ImportError as error:
        told = "sparse matrices are SciPy's, which is not installed: pip install 'wengert[scipy]'"
        raise MissingDependency(told) from error
    return sparse


def _frozen(array: NDArray[Any]) -> NDArray[np.int32]:
    """Give int32 that all matrices of a pattern can share: none can change it in place."""
    narrow = array.astype(np.int32)
    narrow.flags.writeable = False
    return narrow

"""First derivatives of a function on a server: methods of :class:`Function`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np

from wengert.v1 import JacobianRequest, JvpRequest, Layout, VjpRequest
from wengert_client._asking import Asking, directions_at_a_point, read
from wengert_client._blocks import NO_BLOCKS, STREAM_BYTES, InBlocks, Streamed, Wanted
from wengert_client._errors import ServerFault
from wengert_client._patterns import csr, require_scipy, with_pattern
from wengert_client._preparation import mode_number
from wengert_client._progress import NO_PROGRESS
from wengert_client._results import Report, ValueAndDerivative, ValueAndSparseDerivative
from wengert_client._signature import as_floats, names, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from wengert.v1 import JacobianResponse, JvpResponse, VjpResponse
    from wengert_client._asking import Named, Points
    from wengert_client._preparation import ModeName, Names
    from wengert_client._results import Floats

__all__ = ["FirstDerivatives"]

Result = TypeVar("Result")


class FirstDerivatives(Asking):
    """J, and products with it."""

    def jvp(
        self,
        points: Points | None = None,
        /,
        tangents: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> Floats:
        """Give J u, in forward mode: one sweep for each direction u.

        Parameters
        ----------
        tangents : float64, shape (n_w,) or (p, n_w) at one point; (n_w,), (1, p, n_w) or (K, p, n_w) at K
            The directions u. Or by name: a mapping of arrays shaped as the inputs are, with such axes in
            front; inputs left out have the tangent 0.

        Returns
        -------
        J u : float64, shape (m,) or (p, m) at one point; (K, m) or (K, p, m) at K
        """
        at = points, tangents, shared, outputs, with_respect_to, inputs
        return self._jvp(*at, lambda answer: read(answer.tangents))

    def vjp(
        self,
        points: Points | None = None,
        /,
        cotangents: ArrayLike | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> Floats:
        """Give J^T v, in reverse mode: one sweep for each direction v.

        Parameters
        ----------
        cotangents : float64, shape (m,) or (p, m) at one point; (m,), (1, p, m) or (K, p, m) at K
            The directions v. None, where m = 1: the direction 1.

        Returns
        -------
        J^T v : float64, shape (n_w,) or (p, n_w) at one point; (K, n_w) or (K, p, n_w) at K
        """
        at = points, cotangents, shared, outputs, with_respect_to, inputs
        return self._vjp(*at, lambda answer: read(answer.cotangents))

    @overload
    def jacobian(
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
    def jacobian(
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

    def jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        sparse: bool = False,
        stream: bool | None = None,
        progress: bool | None = None,
        **inputs: ArrayLike,
    ) -> Any:
        """Give J, with J[i, j] the derivative of f_i by x_j: shape (m, n_w), or (K, m, n_w) at K points.

        With ``sparse=True`` a ``scipy.sparse.csr_array``, or a list of K.

        Parameters
        ----------
        stream
            Whether a dense J comes in blocks, which are computed while others travel: it may be larger than
            an answer may be. None: where it has more than 64 MiB. Left to the server, the mode is then the
            one whose rows can go out one by one, unless that takes much longer.
        progress
            True: show a bar; J comes in blocks then. None: for blocks that take more than a second. False: never.
        """
        at = points, shared, outputs, with_respect_to, mode, inputs
        blocks = Wanted.of(stream, progress, self._held.progress)
        if sparse:
            blocks.refuse()
            return self._sparse_jacobian(*at, lambda _, matrix: matrix)
        return self._jacobian(*at, _matrix, blocks)

    def gradient(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        **inputs: ArrayLike,
    ) -> Floats:
        """Give the gradient of a function with m = 1: shape (n_w,), or (K, n_w) at K points."""
        self._check_scalar(outputs)
        at = points, shared, outputs, with_respect_to, mode, inputs
        return self._jacobian(*at, lambda answer: _only_row(_matrix(answer)))

    def value_and_jvp(
        self,
        points: Points | None = None,
        /,
        tangents: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> ValueAndDerivative:
        """Give f and J u from one call, with the report; see :meth:`jvp`."""
        at = points, tangents, shared, outputs, with_respect_to, inputs
        return self._jvp(*at, lambda answer: _both(answer, read(answer.tangents)))

    def value_and_vjp(
        self,
        points: Points | None = None,
        /,
        cotangents: ArrayLike | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> ValueAndDerivative:
        """Give f and J^T v from one call, with the report; see :meth:`vjp`."""
        at = points, cotangents, shared, outputs, with_respect_to, inputs
        return self._vjp(*at, lambda answer: _both(answer, read(answer.cotangents)))

    @overload
    def value_and_jacobian(
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
    def value_and_jacobian(
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

    def value_and_jacobian(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        sparse: bool = False,
        stream: bool | None = None,
        progress: bool | None = None,
        **inputs: ArrayLike,
    ) -> ValueAndDerivative | ValueAndSparseDerivative:
        """Give f and J from one call, with the report; see :meth:`jacobian`."""
        at = points, shared, outputs, with_respect_to, mode, inputs
        blocks = Wanted.of(stream, progress, self._held.progress)
        if sparse:
            blocks.refuse()
            return self._sparse_jacobian(*at, _both_sparse)
        return self._jacobian(*at, lambda answer: _both(answer, _matrix(answer)), blocks)

    def value_and_gradient(
        self,
        points: Points | None = None,
        /,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        mode: ModeName = "auto",
        **inputs: ArrayLike,
    ) -> ValueAndDerivative:
        """Give f and its gradient from one call, with the report; see :meth:`gradient`."""
        self._check_scalar(outputs)
        at = points, shared, outputs, with_respect_to, mode, inputs
        return self._jacobian(*at, lambda answer: _both(answer, _only_row(_matrix(answer))))

    def _jvp(
        self,
        points: Points | None,
        tangents: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        inputs: Named,
        finish: Callable[[JvpResponse], Result],
    ) -> Result:
        request = JvpRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        arrays = self._arrange(request, points, shared, inputs)
        arrays |= self._directions(request, tangents)
        p = directions_at_a_point(arrays, "tangents")
        return self._ask(lambda stub: stub.Jvp, request, arrays, lambda: p * self._m(request), finish)

    def _vjp(
        self,
        points: Points | None,
        cotangents: ArrayLike | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        inputs: Named,
        finish: Callable[[VjpResponse], Result],
    ) -> Result:
        request = VjpRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        arrays = self._arrange(request, points, shared, inputs)
        if cotangents is not None:
            arrays["cotangents"] = as_floats(cotangents, "cotangents")
        p = directions_at_a_point(arrays, "cotangents")
        return self._ask(lambda stub: stub.Vjp, request, arrays, lambda: p * self._n_w(request), finish)

    def _jacobian(
        self,
        points: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        mode: str,
        inputs: Named,
        finish: Callable[[JacobianResponse | Streamed], Result],
        blocks: Wanted = NO_BLOCKS,
    ) -> Result:
        request = _request(outputs, with_respect_to, mode)
        arrays = self._arrange(request, points, shared, inputs)
        if blocks.stream or (blocks.stream is None and self._is_large(request)):
            ends = self._held.ends()

            async def run(asked: JacobianRequest) -> Result:
                return finish(await self._held.ask(lambda stub: InBlocks(stub, blocks.bars), asked, ends))

            return self._in_parts(request, arrays, _any_size, run, NO_PROGRESS)  # Blocks have theirs.
        size = lambda: self._m(request) * self._n_w(request)  # noqa: E731
        return self._ask(lambda stub: stub.Jacobian, request, arrays, size, finish)

    def _is_large(self, request: JacobianRequest) -> bool:
        """Whether the matrix of one point has so many bytes that it comes in blocks."""
        if 8 * self.info.m * self.info.n <= STREAM_BYTES:
            return False
        return 8 * self._m(request) * self._n_w(request) > STREAM_BYTES

    def _sparse_jacobian(
        self,
        points: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        mode: str,
        inputs: Named,
        finish: Callable[[JacobianResponse, Any], Result],
    ) -> Result:
        """Ask for the matrix, or the K of them."""
        require_scipy()
        request = _request(outputs, with_respect_to, mode)
        arrays = self._arrange(request, points, shared, inputs)
        request.layout = Layout.LAYOUT_SPARSE
        key, ends = self._pattern_key(request, hessian=False), self._held.ends()

        async def run(asked: JacobianRequest) -> Result:
            answer, pattern = await with_pattern(
                self._held,
                key,
                asked,
                lambda asked: self._held.ask(lambda stub: stub.Jacobian, asked, ends),
                lambda answer: answer.sparse,
            )
            return finish(answer, csr(pattern, answer.sparse))

        return self._in_parts(request, arrays, lambda: self._entries(key), run)

    def _check_scalar(self, outputs: Names | None) -> None:
        """Refuse a gradient of several output scalars, and say what to ask for instead."""
        chosen = names(outputs)
        sizes = {each.name: each.size for each in self.info.outputs}
        if any(name not in sizes for name in chosen):
            return  # The server says so, with its own field path.
        m = sum(sizes[name] for name in chosen or sizes)
        if m != 1:
            told = (
                f"a gradient is of one output scalar, and there are {m}; ask for jacobian, for vjp, or for one output"
            )
            refuse("INVALID_DIRECTIONS", "outputs", told)


async def _any_size() -> int:
    """Of an answer in blocks: so only the points are cut."""
    return 0


def _matrix(answer: JacobianResponse | Streamed) -> Floats:
    return answer.matrix if isinstance(answer, Streamed) else read(answer.dense)


def _both(response: JvpResponse | VjpResponse | JacobianResponse | Streamed, derivative: Floats) -> ValueAndDerivative:
    return ValueAndDerivative(read(response.values), derivative, Report.read(response.report))


def _both_sparse(response: JacobianResponse, matrix: Any) -> ValueAndSparseDerivative:
    return ValueAndSparseDerivative(read(response.values), matrix, Report.read(response.report))


def _request(outputs: Names | None, with_respect_to: Names | None, mode: str) -> JacobianRequest:
    return JacobianRequest(outputs=names(outputs), with_respect_to=names(with_respect_to), mode=mode_number(mode))


def _only_row(jacobian: Floats) -> Floats:
    """Give (1, n_w) as (n_w,), and (K, 1, n_w) as (K, n_w)."""
    if jacobian.ndim < 2 or jacobian.shape[-2] != 1:
        raise ServerFault(f"the answer carries a Jacobian of the shape {jacobian.shape}; one row was expected")
    return np.reshape(jacobian, jacobian.shape[:-2] + jacobian.shape[-1:])

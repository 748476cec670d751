"""First derivatives of a function on a server: methods of :class:`Function`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from wengert.v1 import JacobianRequest, JvpRequest, Layout, VjpRequest
from wengert.v1.tensors import write_tensor
from wengert_client._asking import Asking, read
from wengert_client._errors import ServerFault
from wengert_client._patterns import csr, require_scipy, with_pattern
from wengert_client._preparation import mode_number
from wengert_client._results import Report, ValueAndDerivative, ValueAndSparseDerivative
from wengert_client._signature import as_floats, names, refuse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wengert.v1 import JacobianResponse, JvpResponse, VjpResponse
    from wengert_client._asking import Named, Points
    from wengert_client._preparation import ModeName, Names
    from wengert_client._results import Floats

__all__ = ["FirstDerivatives"]


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
        return read(self._jvp(points, tangents, shared, outputs, with_respect_to, inputs).tangents)

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
        return read(self._vjp(points, cotangents, shared, outputs, with_respect_to, inputs).cotangents)

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
        **inputs: ArrayLike,
    ) -> Any:
        """Give J, with J[i, j] the derivative of f_i by x_j: shape (m, n_w), or (K, m, n_w) at K points.

        With ``sparse=True`` a ``scipy.sparse.csr_array``, or a list of K.
        """
        if sparse:
            return self._sparse_jacobian(points, shared, outputs, with_respect_to, mode, inputs)[1]
        return read(self._jacobian(points, shared, outputs, with_respect_to, mode, inputs).dense)

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
        response = self._jacobian(points, shared, outputs, with_respect_to, mode, inputs)
        return _only_row(read(response.dense))

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
        response = self._jvp(points, tangents, shared, outputs, with_respect_to, inputs)
        return _both(response, read(response.tangents))

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
        response = self._vjp(points, cotangents, shared, outputs, with_respect_to, inputs)
        return _both(response, read(response.cotangents))

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
        **inputs: ArrayLike,
    ) -> ValueAndDerivative | ValueAndSparseDerivative:
        """Give f and J from one call, with the report; see :meth:`jacobian`."""
        if sparse:
            answer, matrix = self._sparse_jacobian(points, shared, outputs, with_respect_to, mode, inputs)
            return ValueAndSparseDerivative(read(answer.values), matrix, Report.read(answer.report))
        response = self._jacobian(points, shared, outputs, with_respect_to, mode, inputs)
        return _both(response, read(response.dense))

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
        response = self._jacobian(points, shared, outputs, with_respect_to, mode, inputs)
        return _both(response, _only_row(read(response.dense)))

    def _jvp(
        self,
        points: Points | None,
        tangents: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        inputs: Named,
    ) -> JvpResponse:
        request = JvpRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        self._arrange(request, points, shared, inputs)
        self._direct(request, tangents)
        return self._held.call(lambda stub: stub.Jvp, request)

    def _vjp(
        self,
        points: Points | None,
        cotangents: ArrayLike | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        inputs: Named,
    ) -> VjpResponse:
        request = VjpRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        self._arrange(request, points, shared, inputs)
        if cotangents is not None:
            write_tensor(request.cotangents, as_floats(cotangents, "cotangents"))
        return self._held.call(lambda stub: stub.Vjp, request)

    def _jacobian(
        self,
        points: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        mode: str,
        inputs: Named,
    ) -> JacobianResponse:
        request = self._jacobian_request(points, shared, outputs, with_respect_to, mode, inputs)
        return self._held.call(lambda stub: stub.Jacobian, request)

    def _sparse_jacobian(
        self,
        points: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        mode: str,
        inputs: Named,
    ) -> tuple[JacobianResponse, Any]:
        """Give the answer, and the matrix or the K of them."""
        require_scipy()
        request = self._jacobian_request(points, shared, outputs, with_respect_to, mode, inputs)
        request.layout = Layout.LAYOUT_SPARSE
        answer, pattern = with_pattern(
            self._held,
            self._pattern_key(request, hessian=False),
            request,
            lambda asked: self._held.call(lambda stub: stub.Jacobian, asked),
            lambda answer: answer.sparse,
        )
        return answer, csr(pattern, answer.sparse)

    def _jacobian_request(
        self,
        points: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        mode: str,
        inputs: Named,
    ) -> JacobianRequest:
        request = JacobianRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        self._arrange(request, points, shared, inputs)
        request.mode = mode_number(mode)
        return request

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


def _both(response: JvpResponse | VjpResponse | JacobianResponse, derivative: Floats) -> ValueAndDerivative:
    return ValueAndDerivative(read(response.values), derivative, Report.read(response.report))


def _only_row(jacobian: Floats) -> Floats:
    """Give (1, n_w) as (n_w,), and (K, 1, n_w) as (K, n_w)."""
    if jacobian.ndim < 2 or jacobian.shape[-2] != 1:
        raise ServerFault(f"the answer carries a Jacobian of the shape {jacobian.shape}; one row was expected")
    return np.reshape(jacobian, jacobian.shape[:-2] + jacobian.shape[-1:])

"""Second derivatives of a function on a server: methods of :class:`Function`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np

from wengert.v1 import HessianRequest, HvpRequest, Layout
from wengert_client._asking import Asking, directions_at_a_point, read
from wengert_client._patterns import csr, require_scipy, with_pattern
from wengert_client._results import Report, ValueGradientAndSecond
from wengert_client._signature import as_floats, names, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from wengert.v1 import HessianResponse, HvpResponse
    from wengert_client._asking import Named, Points
    from wengert_client._cutting import Arrays
    from wengert_client._preparation import Names
    from wengert_client._results import Floats

__all__ = ["SecondDerivatives"]

Result = TypeVar("Result")


class SecondDerivatives(Asking):
    """Second derivatives of a weighted sum of the outputs."""

    @overload
    def hessian(
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
    def hessian(
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
        self,
        points: Points | None = None,
        /,
        weights: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        sparse: bool = False,
        **inputs: ArrayLike,
    ) -> Any:
        """Give H, the second derivatives of the sum of weights[i] * f_i; symmetric, bit for bit.

        Parameters
        ----------
        weights : float64, shape (m,), the same at all points; at K points also (K, 1, m)
            The weights. Or by name: a mapping of arrays shaped as the outputs are; outputs left out weigh 0.
            None, where m = 1: the weight 1.

        Returns
        -------
        H : float64, shape (n_w, n_w), or (K, n_w, n_w) at K points
            With ``sparse=True`` a ``scipy.sparse.csr_array`` of both triangles, or a list of K.
        """
        at = points, weights, shared, outputs, with_respect_to, inputs
        return self._hessian(*at, sparse, lambda _, matrix: matrix)

    def hvp(
        self,
        points: Points | None = None,
        /,
        tangents: Points | None = None,
        weights: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> Floats:
        """Give H u, with H the second derivatives of the sum of weights[i] * f_i: one sweep for each direction u.

        Parameters
        ----------
        tangents : float64, shape (n_w,) or (p, n_w) at one point; (n_w,), (1, p, n_w) or (K, p, n_w) at K
            The directions u, as :meth:`jvp` has them.
        weights
            As :meth:`hessian` has them.

        Returns
        -------
        H u : float64, shape (n_w,) or (p, n_w) at one point; (K, n_w) or (K, p, n_w) at K
        """
        at = points, tangents, weights, shared, outputs, with_respect_to, inputs
        return self._hvp(*at, lambda answer: read(answer.products))

    def value_gradient_and_hessian(
        self,
        points: Points | None = None,
        /,
        weights: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        sparse: bool = False,
        **inputs: ArrayLike,
    ) -> ValueGradientAndSecond:
        """Give f, and gradient and Hessian of the weighted sum, from one call, with the report; see :meth:`hessian`."""
        at = points, weights, shared, outputs, with_respect_to, inputs
        return self._hessian(*at, sparse, _all)

    def value_gradient_and_hvp(
        self,
        points: Points | None = None,
        /,
        tangents: Points | None = None,
        weights: Points | None = None,
        *,
        shared: Named | None = None,
        outputs: Names | None = None,
        with_respect_to: Names | None = None,
        **inputs: ArrayLike,
    ) -> ValueGradientAndSecond:
        """Give f, and gradient and H u of the weighted sum, from one call, with the report; see :meth:`hvp`."""
        at = points, tangents, weights, shared, outputs, with_respect_to, inputs
        return self._hvp(*at, lambda answer: _all(answer, read(answer.products)))

    def _hessian(
        self,
        points: Points | None,
        weights: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        inputs: Named,
        sparse: bool,
        finish: Callable[[HessianResponse, Any], Result],
    ) -> Result:
        """Ask for the matrix, or the K of them."""
        if sparse:
            require_scipy()
        request = HessianRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        arrays = self._arrange(request, points, shared, inputs) | self._weights(request, weights)
        if not sparse:
            size = lambda: self._n_w(request) ** 2  # noqa: E731
            dense = lambda answer: finish(answer, read(answer.dense))  # noqa: E731
            return self._ask(lambda stub: stub.Hessian, request, arrays, size, dense)
        request.layout = Layout.LAYOUT_SPARSE
        key, ends = self._pattern_key(request, hessian=True), self._held.ends()

        async def run(asked: HessianRequest) -> Result:
            answer, pattern = await with_pattern(
                self._held,
                key,
                asked,
                lambda asked: self._held.ask(lambda stub: stub.Hessian, asked, ends),
                lambda answer: answer.sparse,
            )
            return finish(answer, csr(pattern, answer.sparse))

        return self._in_parts(request, arrays, lambda: self._entries(key), run)

    def _hvp(
        self,
        points: Points | None,
        tangents: Points | None,
        weights: Points | None,
        shared: Named | None,
        outputs: Names | None,
        with_respect_to: Names | None,
        inputs: Named,
        finish: Callable[[HvpResponse], Result],
    ) -> Result:
        request = HvpRequest(outputs=names(outputs), with_respect_to=names(with_respect_to))
        arrays = self._arrange(request, points, shared, inputs)
        arrays |= self._directions(request, tangents)
        arrays |= self._weights(request, weights)
        p = directions_at_a_point(arrays, "tangents")
        return self._ask(lambda stub: stub.Hvp, request, arrays, lambda: p * self._n_w(request), finish)

    def _weights(self, request: HessianRequest | HvpRequest, weights: Points | None) -> Arrays:
        """Give the weights; by name, outputs left out weigh 0."""
        if weights is None:
            return {}
        if isinstance(weights, Mapping):
            weights = self._by_output(weights, request.outputs)
        return {"weights": as_floats(weights, "weights")}

    def _by_output(self, weights: Named, chosen: Names) -> Floats:
        known = {each.name: each for each in self.info.outputs}
        selected = [name for name in (list(chosen) or known) if name in known]
        parts = {name: np.zeros(known[name].size) for name in selected}
        for name, given in weights.items():
            if name not in parts:
                told = f"the function has no output {name}, or it is not selected; selected: {', '.join(parts)}"
                refuse("UNKNOWN_NAME", "weights", told)
            array = as_floats(given, f"weights of {name}")
            if array.shape != known[name].shape:
                told = f"weights of {name} have the shape {array.shape}; expected is {known[name].shape}"
                refuse("INVALID_DIRECTIONS", "weights", told)
            parts[name] = array.reshape(-1)
        return np.concatenate([np.zeros(0), *parts.values()])


def _all(response: HessianResponse | HvpResponse, second: Any) -> ValueGradientAndSecond:
    return ValueGradientAndSecond(read(response.values), read(response.gradient), second, Report.read(response.report))

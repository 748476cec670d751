"""Second derivatives of a call, by central differences of the reference's gradients in many digits."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from mpmath import mpf

from tests import reference
from tests.conformance.cases import Case, tensor_json
from tests.conformance.expectations import TOLERANCE, Call, Floats
from tests.reference_arrays import array
from tests.reference_numbers import Real
from tests.wire_lists import tensor

# Of 40 digits: the error of the difference is about its square, that of rounding 10^-40 divided by it.
STEP = mpf(10) ** -13


class Second:
    """f, gradient and Hessian of a weighted sum, point by point; `f` is smooth there.

    Parameters
    ----------
    call
        The function, the points, the selections.
    weights
        (m,), or (K, 1, m); None: 1.
    """

    def __init__(self, call: Call, weights: npt.ArrayLike | None) -> None:
        self.call = call
        self.given = weights
        count = len(call.traces)
        each = np.ones(1) if weights is None else np.asarray(weights, dtype=np.float64)
        self._weights = np.broadcast_to(each.reshape(-1, call.m) if each.ndim == 3 else each, (count, call.m))

    def values(self) -> Floats:
        """Return f."""
        return self.call.values()

    def gradient(self) -> Floats:
        """Return (n_w,) or (K, n_w)."""
        rows = [self._gradient(self._inputs(k), k) for k in range(len(self.call.traces))]
        return self._stack([[float(value) for value in row] for row in rows], (self.call.n_w,))

    def hessian(self) -> Floats:
        """Return (n_w, n_w) or (K, n_w, n_w), symmetric bit for bit."""
        n = self.call.n_w
        return self._stack([self._matrix(k) for k in range(len(self.call.traces))], (n, n))

    def _stack(self, per_point: list[Any], shape: tuple[int, ...]) -> Floats:
        lead = () if self.call.single else (len(per_point),)
        return np.array(per_point, dtype=np.float64).reshape(*lead, *shape)

    def _matrix(self, k: int) -> Floats:
        n = self.call.n_w
        columns = []
        for j in range(n):
            up, down = (self._gradient(self._inputs(k, j, sign), k) for sign in (1, -1))
            columns.append([float((a - b) / (2 * STEP)) for a, b in zip(up, down, strict=True)])
        h = np.array(columns, dtype=np.float64).reshape(n, n)
        np.testing.assert_allclose(h, h.T, rtol=1e-14, atol=1e-20)
        return np.tril(h) + np.tril(h, -1).T

    def _gradient(self, inputs: dict[str, Any], k: int) -> list[Any]:
        trace = reference.run(self.call.function, inputs)
        bars = reference.vjp(trace, [Real(w) for w in self._weights[k]], self.call.outputs)
        return [mpf(bar.value) for name in self.call.by for bar in bars[name]]

    def _inputs(self, k: int, shifted: int = -1, sign: int = 0) -> dict[str, Any]:
        """Return the inputs at a point, one of the selected scalars shifted."""
        own = {
            declared.name: [mpf(x.value) for x in self.call.traces[k].variables[i].ravel()]
            for i, declared in enumerate(self.call.function.inputs)
        }
        at = 0
        for name in self.call.by:
            if 0 <= shifted - at < len(own[name]):
                own[name][shifted - at] += sign * STEP
            at += len(own[name])
        return {name: array([Real(x) for x in values], (len(values),)) for name, values in own.items()}

    def request(self, rpc: str, **more: Any) -> Any:
        """Return the request message."""
        given = {} if self.given is None else {"weights": tensor(self.given)}
        return self.call.request(rpc, **given, **more)


def _case(name: str, about: str, rpc: str, request: Any, second: Second, **answer: Any) -> Case:
    response = {"values": tensor_json(second.values()), "gradient": tensor_json(second.gradient()), **answer}
    return Case(name, about, rpc, request, {"response": response, "tolerance": dict(TOLERANCE)})


def hessian(
    name: str, about: str, call: Call, weights: npt.ArrayLike | None = None, *, said: npt.ArrayLike | None = None
) -> Case:
    """Return a dense case of Hessian; `said` is the matrix written by hand."""
    second = Second(call, weights)
    h = second.hessian()
    if said is not None:
        np.testing.assert_allclose(h, np.asarray(said, dtype=np.float64), rtol=1e-12, atol=1e-14, err_msg=name)
    return _case(name, about, "Hessian", second.request("Hessian"), second, dense=tensor_json(h))


def sparse_hessian(
    name: str,
    about: str,
    call: Call,
    places: tuple[list[int], list[int]],
    weights: npt.ArrayLike | None = None,
    *,
    values_only: bool = False,
) -> Case:
    """Return a sparse case of Hessian; rows and columns of its entries are given."""
    second = Second(call, weights)
    row, column = places
    h = second.hessian()
    outside = np.ones((call.n_w, call.n_w), np.bool_)
    outside[row, column] = False
    assert not np.any(h[..., outside]), "the pattern leaves out an entry that is not zero"
    matrix = {
        "rows": call.n_w,
        "columns": call.n_w,
        "row": [] if values_only else row,
        "column": [] if values_only else column,
        "values": tensor_json(h[..., row, column]),
    }
    request = second.request("Hessian", layout="LAYOUT_SPARSE", values_only=values_only)
    return _case(name, about, "Hessian", request, second, sparse=matrix)


def _times(u: Floats, h: Floats) -> Floats:
    """Return H u along the last axis; sums that come out the same on every machine."""
    products = np.expand_dims(u, -2) * h
    sums = [math.fsum(row) for row in products.reshape(-1, products.shape[-1])]
    return np.array(sums, dtype=np.float64).reshape(products.shape[:-1])


def hvp(name: str, about: str, call: Call, tangents: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Case:
    """Return a case of Hvp."""
    second = Second(call, weights)
    h, u = second.hessian(), np.asarray(tangents, dtype=np.float64)
    if call.single or u.ndim == 1:
        products = _times(u, h)
    else:
        each = np.broadcast_to(u, (len(h), *u.shape[1:]))
        products = np.stack([_times(u_k, h_k) for u_k, h_k in zip(each, h, strict=True)])
    request = second.request("Hvp", tangents=tensor(u))
    return _case(name, about, "Hvp", request, second, products=tensor_json(products))

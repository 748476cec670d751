"""NumPy's linear algebra: norms, and what small matrices of a fixed size have formulas for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _reductions as r
from wengert_client import _shaping as s
from wengert_client._errors import BuildError, ShapeError
from wengert_client._indexing import take_key
from wengert_client._node import as_integer, as_variable, axis_of
from wengert_client._numpy_products import matmul

if TYPE_CHECKING:
    from wengert_client._node import Operand
    from wengert_client._variable import Variable

__all__ = ["LINEAR_ALGEBRA"]

#: The largest matrices that are solved with, inverted and the like, by their cofactors.
_BY_COFACTORS = 3
#: The largest one that is taken apart element by element.
_UNROLLED = 8


# ---- norms


def _norm(x: Operand, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Variable:  # noqa: A002 - NumPy's name
    node = as_variable(x)
    if axis is None:
        if ord is None or (ord in {"fro", "f"} and node.ndim == 2) or (ord == 2 and node.ndim == 1):
            whole = _root_of_squares(node if node.ndim == 1 else s.ravel(node), 0, keepdims=False)
            return s.reshape(whole, (1,) * node.ndim) if keepdims else whole
        if node.ndim not in {1, 2}:
            raise ShapeError(f"np.linalg.norm: ord={ord!r} of an array of the shape {node.shape} needs axis=")
        axis = tuple(range(node.ndim))
    axes = [axis_of(each, node.ndim, "np.linalg.norm") for each in (axis if isinstance(axis, Sequence) else (axis,))]
    if len(axes) == 1:
        return _vector_norm_along(node, 2 if ord is None else ord, axes, keepdims=keepdims)
    return _matrix_norm_along(node, "fro" if ord is None else ord, axes, keepdims=keepdims)


def _root_of_squares(x: Variable, axis: Any, *, keepdims: bool) -> Variable:
    return e.sqrt(r.total(e.square(x), axis, keepdims=keepdims))


def _vector_norm_along(x: Variable, order: Any, axes: list[int], *, keepdims: bool) -> Variable:
    if isinstance(order, str):
        raise BuildError(f"np.linalg.norm: ord={order!r} is no norm of vectors")
    if order == 2:
        return _root_of_squares(x, axes, keepdims=keepdims)
    if order == math.inf:
        return r.largest(e.absolute(x), axes, keepdims=keepdims)
    if order == -math.inf:
        return r.smallest(e.absolute(x), axes, keepdims=keepdims)
    if order == 0:
        return r.total(e.not_equal(x, 0.0), axes, keepdims=keepdims)
    if order == 1:
        return r.total(e.absolute(x), axes, keepdims=keepdims)
    return e.power(r.total(e.power(e.absolute(x), float(order)), axes, keepdims=keepdims), 1.0 / float(order))


def _matrix_norm_along(x: Variable, order: Any, axes: list[int], *, keepdims: bool) -> Variable:
    if order in {"fro", "f"}:
        return _root_of_squares(x, axes, keepdims=keepdims)
    if order not in {1, -1, math.inf, -math.inf}:
        raise BuildError(
            f"np.linalg.norm: ord={order!r} of a matrix needs its singular values, which cannot be traced; fro, 1, -1, "
            "inf and -inf can"
        )
    rows, columns = axes
    inner, outer = (rows, columns) if abs(order) == 1 else (columns, rows)
    sums = r.total(e.absolute(x), inner, keepdims=True)
    found = (r.largest if order > 0 else r.smallest)(sums, outer, keepdims=True)
    return found if keepdims else s.squeeze(found, axes)


def _vector_norm(x: Operand, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Variable:  # noqa: A002
    node = as_variable(x)
    axes = range(node.ndim) if axis is None else axis if isinstance(axis, Sequence) else (axis,)
    places = [axis_of(each, node.ndim, "np.linalg.vector_norm") for each in axes]
    return _vector_norm_along(node, ord, places, keepdims=keepdims)


def _matrix_norm(x: Operand, /, *, keepdims: bool = False, ord: Any = "fro") -> Variable:  # noqa: A002
    node = as_variable(x)
    if node.ndim < 2:
        raise ShapeError(f"np.linalg.matrix_norm: matrices are expected, not an array of the shape {node.shape}")
    return _matrix_norm_along(node, ord, [node.ndim - 2, node.ndim - 1], keepdims=keepdims)


# ---- small matrices, one or a stack of them


def _square(a: Operand, what: str, largest: int) -> Variable:
    node = as_variable(a)
    if node.ndim < 2 or node.shape[-1] != node.shape[-2]:
        raise ShapeError(f"{what}: square matrices are expected, not an array of the shape {node.shape}")
    if not 1 <= node.shape[-1] <= largest:
        raise BuildError(
            f"{what}: matrices of 1 to {largest} rows can be traced, not of {node.shape[-1]}; where the matrix is "
            "fixed, compute what you need of it before the trace, and write its product with @"
        )
    return node


def _entry(a: Variable, i: int, j: int) -> Variable:
    return take_key(a, (..., i, j))


def _det(a: Operand) -> Variable:
    node = _square(a, "np.linalg.det", _BY_COFACTORS)
    k = node.shape[-1]
    if k == 1:
        return _entry(node, 0, 0)
    if k == 2:
        return _minor(node, (0, 1), (0, 1))
    terms = [e.multiply(_entry(node, 0, j), _cofactor(node, 0, j)) for j in range(3)]
    return e.add(e.add(terms[0], terms[1]), terms[2])


def _minor(a: Variable, rows: tuple[int, int], columns: tuple[int, int]) -> Variable:
    (i, j), (u, v) = rows, columns
    return e.subtract(e.multiply(_entry(a, i, u), _entry(a, j, v)), e.multiply(_entry(a, i, v), _entry(a, j, u)))


def _cofactor(a: Variable, i: int, j: int) -> Variable:
    # Taken around in a circle, rows and columns bring the sign along.
    return _minor(a, ((i + 1) % 3, (i + 2) % 3), ((j + 1) % 3, (j + 2) % 3))


def _adjugate(a: Variable) -> Variable:
    """Give the inverse times the determinant."""
    k = a.shape[-1]
    if k == 1:
        return as_variable(e.add(e.multiply(a, 0.0), 1.0))
    if k == 2:
        rows = [[_entry(a, 1, 1), e.negate(_entry(a, 0, 1))], [e.negate(_entry(a, 1, 0)), _entry(a, 0, 0)]]
    else:
        rows = [[_cofactor(a, j, i) for j in range(3)] for i in range(3)]
    return s.stack([s.stack(row, -1) for row in rows], -2)


def _inv(a: Operand) -> Variable:
    node = _square(a, "np.linalg.inv", _BY_COFACTORS)
    if node.shape[-1] == 1:
        return e.reciprocal(node)
    return e.divide(_adjugate(node), s.expand_dims(_det(node), (-1, -2)))


def _solve(a: Operand, b: Operand) -> Variable:
    node = _square(as_variable(a, b), "np.linalg.solve", _BY_COFACTORS)
    right = as_variable(b, node)
    if right.ndim == 1 and node.ndim > 2:
        return take_key(_solve(node, s.expand_dims(right, 1)), (..., 0))
    if node.shape[-1] == 1:
        return e.divide(right, _entry(node, 0, 0) if right.ndim == 1 else node)
    determinant = _det(node)
    return e.divide(
        matmul(_adjugate(node), right), s.expand_dims(determinant, (-1, -2)) if determinant.ndim else determinant
    )


class _Slogdet(NamedTuple):
    sign: Any
    logabsdet: Any


def _slogdet(a: Operand) -> _Slogdet:
    determinant = _det(_square(a, "np.linalg.slogdet", _BY_COFACTORS))
    return _Slogdet(e.sign(determinant), e.log(e.absolute(determinant)))


def _cholesky(a: Operand, /, *, upper: bool = False) -> Variable:
    """Take a symmetric matrix apart, element by element; only one triangle of it is read."""
    node = _square(a, "np.linalg.cholesky", _UNROLLED)
    k = node.shape[-1]
    found: list[list[Any]] = [[0.0] * k for _ in range(k)]
    for j in range(k):
        for i in range(j, k):
            rest: Any = _entry(node, j, i) if upper else _entry(node, i, j)
            for t in range(j):
                rest = e.subtract(rest, e.multiply(found[i][t], found[j][t]))
            found[i][j] = e.sqrt(rest) if i == j else e.divide(rest, found[j][j])
    zero = np.zeros(node.shape[:-2])
    rows = [s.stack([found[i][j] if j <= i else zero for j in range(k)], -1) for i in range(k)]
    return s.stack(rows, -1 if upper else -2)


def _matrix_power(a: Operand, n: Any) -> Variable:
    power = as_integer(n, "np.linalg.matrix_power: n")
    node = _square(a, "np.linalg.matrix_power", 2**31)
    if power < 0:
        return _matrix_power(_inv(node), -power)
    if power == 0:
        return s.broadcast_to(as_variable(np.eye(node.shape[-1]), node), node.shape)
    found: Any = None
    while power:
        if power & 1:
            found = node if found is None else matmul(found, node)
        power >>= 1
        node = matmul(node, node) if power else node
    return cast("Variable", found)


#: How each of them is written into a list.
LINEAR_ALGEBRA: dict[Any, Callable[..., Any]] = {
    np.linalg.norm: _norm,
    np.linalg.vector_norm: _vector_norm,
    np.linalg.matrix_norm: _matrix_norm,
    np.linalg.det: _det,
    np.linalg.inv: _inv,
    np.linalg.solve: _solve,
    np.linalg.slogdet: _slogdet,
    np.linalg.cholesky: _cholesky,
    np.linalg.matrix_power: _matrix_power,
}

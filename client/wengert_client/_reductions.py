"""Sums, products, extremes and running sums over axes; matrix products and the rest of linear algebra."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np

from wengert.v1 import primitive_pb2 as p
from wengert_client._elementwise import divide, exp, multiply, subtract
from wengert_client._errors import BuildError, ShapeError
from wengert_client._node import Node, Operand, as_node, axis_of, columns_of, derive
from wengert_client._results import primitive_name
from wengert_client._shaping import expand_dims, ravel

if TYPE_CHECKING:
    from wengert.v1 import Primitive
    from wengert_client._node import Axes
    from wengert_client._variable import Variable

__all__ = [
    "cholesky",
    "cumsum",
    "dot",
    "inner",
    "largest",
    "log_softmax",
    "logsumexp",
    "matmul",
    "mean",
    "outer",
    "prod",
    "slogdet",
    "smallest",
    "softmax",
    "solve",
    "total",
    "triangular_solve",
    "tril",
    "zero_safe_matmul",
]


def total(x: Node, axis: Axes = None, *, keepdims: bool = False) -> Variable:
    """Give the sum over some axes; None: over all."""
    return _reduce(p.PRIMITIVE_SUM, x, axis, keepdims=keepdims)


def prod(x: Node, axis: Axes = None, *, keepdims: bool = False) -> Variable:
    """Give the product over some axes; None: over all."""
    return _reduce(p.PRIMITIVE_PROD, x, axis, keepdims=keepdims)


def largest(x: Node, axis: Axes = None, *, keepdims: bool = False) -> Variable:
    """Give the largest element over some axes; None: over all."""
    return _reduce(p.PRIMITIVE_MAX, x, axis, keepdims=keepdims)


def smallest(x: Node, axis: Axes = None, *, keepdims: bool = False) -> Variable:
    """Give the smallest element over some axes; None: over all."""
    return _reduce(p.PRIMITIVE_MIN, x, axis, keepdims=keepdims)


def logsumexp(x: Node, axis: Axes = None, *, keepdims: bool = False) -> Variable:
    """Give the logarithm of the sum of exponentials over some axes, without overflow; None: over all."""
    return _reduce(p.PRIMITIVE_LOGSUMEXP, x, axis, keepdims=keepdims)


def softmax(x: Node, axis: Axes = None) -> Variable:
    """Give exponentials that add up to 1 over some axes, without overflow; None: over all."""
    return exp(log_softmax(x, axis))


def log_softmax(x: Node, axis: Axes = None) -> Variable:
    """Give the logarithm of :func:`softmax`, without overflow."""
    return subtract(x, logsumexp(x, axis, keepdims=True))


def mean(x: Node, axis: Axes = None, *, keepdims: bool = False) -> Variable:
    """Give the mean over some axes, None: over all; a SUM and a DIVIDE."""
    count = math.prod(x.shape[each] for each in _axes(x, axis, "mean"))
    return divide(total(x, axis, keepdims=keepdims), float(count))


def cumsum(x: Node, axis: SupportsIndex | None = None, *, reverse: bool = False) -> Variable:
    """Give running sums along an axis, from its end if `reverse`; None: of all elements, flattened."""
    if axis is None:
        x, axis = ravel(x), 0
    at = axis_of(axis, x.ndim, "CUMSUM")
    return derive(x, p.PRIMITIVE_CUMSUM, (x.number,), (at, int(reverse)), x.shape)


def matmul(a: Operand, b: Operand, /) -> Variable:
    """Give the product of matrices and vectors, as ``numpy.matmul`` does for ranks 1 and 2."""
    return _product(p.PRIMITIVE_MATMUL, a, b)


def zero_safe_matmul(a: Operand, b: Operand, /) -> Variable:
    """Give the product as `matmul` does, with products that are 0 where either factor is exactly 0."""
    return _product(p.PRIMITIVE_ZERO_SAFE_MATMUL, a, b)


def _product(primitive: Primitive.ValueType, a: Operand, b: Operand) -> Variable:
    """Give a product of matrices and vectors, by one of the two primitives for it."""
    name = primitive_name(primitive)
    x, y = _both(a, b, name)
    if not (1 <= x.ndim <= 2 and 1 <= y.ndim <= 2):
        told = "vectors and matrices are multiplied; for scalars write a * b"
        raise ShapeError(f"{name}: {told}, not arrays of the shapes {x.shape} and {y.shape}")
    if x.shape[-1] != y.shape[0]:
        raise ShapeError(f"{name}: the shapes {x.shape} and {y.shape} do not fit: {x.shape[-1]} is not {y.shape[0]}")
    return derive(x, primitive, (x.number, y.number), (), x.shape[:-1] + y.shape[1:])


def dot(a: Operand, b: Operand, /) -> Variable:
    """Give ``numpy.dot``: a MATMUL, or a MULTIPLY where one is a scalar."""
    ranks = {each.ndim if isinstance(each, Node) else np.ndim(each) for each in (a, b)}
    return multiply(a, b) if 0 in ranks else matmul(a, b)


def inner(a: Operand, b: Operand, /) -> Variable:
    """Give the inner product of two vectors."""
    x, y = _both(a, b, "MATMUL")
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"MATMUL: an inner product is of two vectors, not of the shapes {x.shape} and {y.shape}")
    return matmul(a, b)


def outer(a: Operand, b: Operand, /) -> Variable:
    """Give all products of an element of `a`, flattened, and one of `b`, flattened."""
    x, y = _both(a, b, "MULTIPLY")
    column = expand_dims(x if x.ndim == 1 else ravel(x), 1)
    return multiply(column, y if y.ndim == 1 else ravel(y))


def solve(a: Operand, b: Operand, /) -> Variable:
    """Give the x with a x = b, for a of the shape (k, k) and b of (k,) or (k, r)."""
    x, y = _system(a, b, "SOLVE")
    return derive(x, p.PRIMITIVE_SOLVE, (x.number, y.number), (), y.shape)


def triangular_solve(l: Operand, b: Operand, /) -> Variable:  # noqa: E741 - the matrix has this name
    """Give the x with l x = b, for l lower triangular; its upper part is not read."""
    x, y = _system(l, b, "TRIANGULAR_SOLVE")
    return derive(x, p.PRIMITIVE_TRIANGULAR_SOLVE, (x.number, y.number), (), y.shape)


def cholesky(a: Node) -> Variable:
    """Give the lower triangular l with l l^T = a, for a symmetric and positive definite."""
    return derive(_square(a, "CHOLESKY"), p.PRIMITIVE_CHOLESKY, (a.number,), (), a.shape)


def slogdet(a: Node) -> Variable:
    """Give a vector of two: the sign of the determinant, and the logarithm of its magnitude."""
    return derive(_square(a, "SLOGDET"), p.PRIMITIVE_SLOGDET, (a.number,), (), (2,))


def tril(a: Node) -> Variable:
    """Give the matrix with zeros above its diagonal."""
    if a.ndim != 2:
        raise ShapeError(f"TRIL: a matrix is expected, not an array of the shape {a.shape}")
    return derive(a, p.PRIMITIVE_TRIL, (a.number,), (), a.shape)


def _reduce(primitive: Primitive.ValueType, x: Node, axis: Axes, *, keepdims: bool) -> Variable:
    axes = _axes(x, axis, primitive_name(primitive))
    if primitive in {p.PRIMITIVE_MAX, p.PRIMITIVE_MIN} and any(x.shape[each] == 0 for each in axes):
        raise ShapeError(f"{primitive_name(primitive)}: no element is the largest or smallest of none, in {x.shape}")
    extents = ((place, extent) for place, extent in enumerate(x.shape) if keepdims or place not in axes)
    shape = tuple(1 if place in axes else extent for place, extent in extents)
    return derive(x, primitive, (x.number,), (int(keepdims), len(axes), *axes), shape)


def _axes(x: Node, axis: Axes, what: str) -> list[int]:
    """Give the axes to reduce, from 0, ascending."""
    if axis is None:
        return list(range(x.ndim))
    given = axis if isinstance(axis, Sequence) else (axis,)
    axes = sorted(axis_of(each, x.ndim, what) for each in given)
    if len(set(axes)) != len(axes):
        raise BuildError(f"{what}: an axis is named twice, among {tuple(given)}")
    return axes


def _both(a: Operand, b: Operand, what: str) -> tuple[Node, Node]:
    columns = columns_of([a, b], what)
    return as_node(columns, a, what), as_node(columns, b, what)


def _system(a: Operand, b: Operand, what: str) -> tuple[Node, Node]:
    x, y = _both(a, b, what)
    _square(x, what)
    if y.ndim not in {1, 2} or y.shape[0] != x.shape[0]:
        raise ShapeError(
            f"{what}: the shapes {x.shape} and {y.shape} do not fit: expected are (k, k) and (k,) or (k, r)"
        )
    return x, y


def _square(a: Node, what: str) -> Node:
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ShapeError(f"{what}: a square matrix is expected, not an array of the shape {a.shape}")
    return a

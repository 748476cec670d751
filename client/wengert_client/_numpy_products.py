"""NumPy's products of arrays."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _reductions as r
from wengert_client import _shaping as s
from wengert_client._contractions import Labelled, contract
from wengert_client._errors import BuildError, ShapeError
from wengert_client._indexing import take_key
from wengert_client._node import Node, as_integer, as_node, as_variable, axis_of, columns_of, is_truth, settled
from wengert_client._numpy_moves import moved
from wengert_client._numpy_statistics import total
from wengert_client._options import refuse_options

if TYPE_CHECKING:
    from wengert_client._node import Operand
    from wengert_client._variable import Variable

__all__ = ["PRODUCTS", "VECTOR_UFUNCS", "dot", "matmul", "outer", "vecdot"]


def _both(a: Operand, b: Operand) -> tuple[Variable, Variable]:
    return as_variable(a, b), as_variable(b, a)


def matmul(a: Operand, b: Operand) -> Variable:
    """Give ``numpy.matmul``, for any ranks."""
    x, y = _both(a, b)
    if 1 <= x.ndim <= 2 and 1 <= y.ndim <= 2:
        return r.matmul(x, y)
    if not x.ndim or not y.ndim:
        raise ShapeError("MATMUL: vectors and matrices are multiplied; for scalars write a * b")
    inner = x.shape[-1], y.shape[-2 if y.ndim > 1 else -1]
    if inner[0] != inner[1]:
        raise ShapeError(f"MATMUL: the shapes {x.shape} and {y.shape} do not fit: {inner[0]} is not {inner[1]}")
    left: tuple[Hashable, ...] = ("sum",) if x.ndim == 1 else (*_batch(x.ndim - 2), "row", "sum")
    right: tuple[Hashable, ...] = ("sum",) if y.ndim == 1 else (*_batch(y.ndim - 2), "sum", "column")
    batch = _batch(max(x.ndim, y.ndim) - 2)
    output = (*batch, *(["row"] if x.ndim > 1 else []), *(["column"] if y.ndim > 1 else []))
    return contract([Labelled(x, left), Labelled(y, right)], output)


def _batch(rank: int) -> tuple[Hashable, ...]:
    """Give labels of axes in front, which fit from the right."""
    return tuple(range(-rank, 0))


def dot(a: Operand, b: Operand, out: Any = None) -> Variable:
    """Give ``numpy.dot``, for any ranks."""
    refuse_options("np.dot", {"out": out})
    x, y = _both(a, b)
    if not x.ndim or not y.ndim:
        return e.multiply(a, b)
    if x.ndim <= 2 and y.ndim <= 2:
        return r.matmul(x, y)
    return _tensordot(x, y, ([-1], [-2 if y.ndim > 1 else -1]))


def _inner(a: Operand, b: Operand) -> Variable:
    x, y = _both(a, b)
    if not x.ndim or not y.ndim:
        return e.multiply(a, b)
    return r.matmul(x, y) if x.ndim == y.ndim == 1 else _tensordot(x, y, ([-1], [-1]))


def outer(a: Operand, b: Operand, out: Any = None) -> Variable:
    """Give ``numpy.outer``."""
    refuse_options("np.outer", {"out": out})
    return r.outer(*_both(a, b))


def _vdot(a: Operand, b: Operand) -> Variable:
    x, y = _both(a, b)
    return r.matmul(*(each if each.ndim == 1 else s.ravel(each) for each in (x, y)))


def vecdot(x1: Operand, x2: Operand, /, *, axis: SupportsIndex = -1) -> Variable:
    """Give the sum of the products of two arrays along an axis."""
    x, y = _both(x1, x2)
    at = as_integer(axis, "np.vecdot: axis")
    if x.ndim and y.ndim and x.shape[axis_of(at, x.ndim, "np.vecdot")] != y.shape[axis_of(at, y.ndim, "np.vecdot")]:
        raise ShapeError(f"np.vecdot: the shapes {x.shape} and {y.shape} do not fit along axis {at}")
    if x.ndim != y.ndim and at >= 0:
        # The axis is counted in each of them by itself, and what is left broadcasts.
        x, y, at = _last(x, at), _last(y, at), -1
    return r.matmul(x, y) if x.ndim == y.ndim == 1 else r.total(e.multiply(x, y), at)


def _matvec(a: Operand, v: Operand) -> Variable:
    x, y = _both(a, v)
    return r.matmul(x, y) if x.ndim == 2 and y.ndim == 1 else take_key(matmul(x, s.expand_dims(y, -1)), (..., 0))


def _vecmat(v: Operand, a: Operand) -> Variable:
    x, y = _both(v, a)
    return (
        r.matmul(x, y)
        if x.ndim == 1 and y.ndim == 2
        else take_key(matmul(s.expand_dims(x, -2), y), (..., 0, slice(None)))
    )


def _tensordot(a: Operand, b: Operand, axes: Any = 2) -> Variable:
    x, y = _both(a, b)
    if isinstance(axes, (Sequence, np.ndarray)):
        in_a, in_b = ([each] if np.ndim(each) == 0 else list(each) for each in axes)
    else:
        count = as_integer(axes, "np.tensordot: axes")
        in_a, in_b = list(range(-count, 0)), list(range(count))
    if len(in_a) != len(in_b):
        raise ShapeError(f"np.tensordot: {len(in_a)} axes of one array and {len(in_b)} of the other are summed over")
    left: list[Hashable] = [("a", k) for k in range(x.ndim)]
    right: list[Hashable] = [("b", k) for k in range(y.ndim)]
    for k, (i, j) in enumerate(zip(in_a, in_b, strict=True)):
        at, to = axis_of(i, x.ndim, "np.tensordot"), axis_of(j, y.ndim, "np.tensordot")
        if x.shape[at] != y.shape[to]:
            raise ShapeError(f"np.tensordot: the shapes {x.shape} and {y.shape} do not fit along axes {i} and {j}")
        left[at] = right[to] = k
    output = tuple(each for each in (*left, *right) if isinstance(each, tuple))
    return contract([Labelled(x, tuple(left)), Labelled(y, tuple(right))], output)


# ---- einsum


def _einsum(
    *operands: Any, out: Any = None, dtype: Any = None, order: Any = None, casting: Any = None, optimize: Any = None
) -> Variable:
    refuse_options("np.einsum", {"out": out, "dtype": dtype, "order": order, "casting": casting, "optimize": optimize})
    if not isinstance(operands[0], str):
        raise BuildError("np.einsum: write the subscripts as text: np.einsum('ij,jk->ik', a, b)")
    subscripts, arrays = operands[0].replace(" ", ""), operands[1:]
    columns = columns_of(arrays, "np.einsum")
    nodes = [cast("Variable", as_node(columns, each, "np.einsum")) for each in arrays]
    given, arrow, wanted = subscripts.partition("->")
    terms = given.split(",")
    if len(terms) != len(nodes):
        raise BuildError(f"np.einsum: {subscripts!r} names {len(terms)} arrays, and {len(nodes)} are given")
    labelled = [_labelled(term, node) for term, node in zip(terms, nodes, strict=True)]
    if arrow:
        rank = max((sum(isinstance(each, int) for each in one.labels) for one in labelled), default=0)
        output = _labels(wanted, rank)
    else:
        output = _implied(given, labelled)
    known = {each for one in labelled for each in one.labels}
    if len(set(output)) != len(output) or not set(output) <= known:
        raise BuildError(f"np.einsum: in {subscripts!r} the result has a letter twice, or one that no array has")
    return contract(labelled, output)


def _labels(term: str, rank: int) -> tuple[Hashable, ...]:
    """Give the labels of a term: letters, and negative numbers for the `rank` axes of ``...``."""
    before, dots, after = term.partition("...")
    if not (before + after).isalpha() and before + after:
        raise BuildError(f"np.einsum: {term!r} is no term; letters and one '...' are")
    return (*before, *(_batch(rank) if dots else ()), *after)


def _labelled(term: str, node: Variable) -> Labelled:
    rank = node.ndim - len(term.replace("...", ""))
    if rank < 0 or (rank and "..." not in term):
        raise ShapeError(f"np.einsum: {term!r} has not as many letters as an array of the shape {node.shape} axes")
    return Labelled(node, _labels(term, rank))


def _implied(given: str, labelled: Sequence[Labelled]) -> tuple[Hashable, ...]:
    """Give the labels of the result where none are named: those that stand once, in alphabetical order."""
    rank = max((sum(isinstance(each, int) for each in one.labels) for one in labelled), default=0)
    letters = given.replace(",", "").replace("...", "")
    return (*_batch(rank), *sorted(each for each in set(letters) if letters.count(each) == 1))


# ---- others


def _kron(a: Operand, b: Operand) -> Variable:
    x, y = _both(a, b)
    rank = max(x.ndim, y.ndim)
    left, right = (1,) * (rank - x.ndim) + x.shape, (1,) * (rank - y.ndim) + y.shape
    spread_left = s.reshape(x, [each for extent in left for each in (extent, 1)])
    spread_right = s.reshape(y, [each for extent in right for each in (1, extent)])
    shape = [i * j for i, j in zip(left, right, strict=True)]
    return s.reshape(e.multiply(spread_left, spread_right), shape)


def _cross(a: Operand, b: Operand, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Variable:
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = _both(a, b)
    x, y = (_last(each, at) for each, at in ((x, axisa), (y, axisb)))
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ShapeError(f"np.cross: vectors of 3 elements are expected, not the shapes {x.shape} and {y.shape}")
    ahead, behind = [1, 2, 0], [2, 0, 1]
    first = e.multiply(take_key(x, (..., ahead)), take_key(y, (..., behind)))
    found = e.subtract(first, e.multiply(take_key(x, (..., behind)), take_key(y, (..., ahead))))
    to = axis_of(axisc, found.ndim, "np.cross")
    order = list(range(found.ndim - 1))
    order.insert(to, found.ndim - 1)
    return found if to == found.ndim - 1 else s.transpose(found, order)


def _last(x: Variable, axis: int) -> Variable:
    at = axis_of(axis, x.ndim, "np.cross")
    return x if at == x.ndim - 1 else s.transpose(x, [*(k for k in range(x.ndim) if k != at), at])


def _trace(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Variable:
    refuse_options("np.trace", {"dtype": dtype, "out": out})
    return cast("Variable", total(moved(np.diagonal, x, offset, axis1, axis2), -1))


def _multi_dot(arrays: Sequence[Operand], *, out: Any = None) -> Variable:
    refuse_options("np.linalg.multi_dot", {"out": out})
    columns = columns_of(arrays, "np.linalg.multi_dot")
    nodes = [cast("Variable", as_node(columns, each, "np.linalg.multi_dot")) for each in arrays]
    while len(nodes) > 1:
        # The pair whose product is the cheapest first: simple, and as good as any for the lengths that are written.
        costs = [a.size * (b.shape[-1] if b.ndim > 1 else 1) for a, b in pairwise(nodes)]
        at = costs.index(min(costs))
        nodes[at : at + 2] = [r.matmul(nodes[at], nodes[at + 1])]
    return nodes[0]


def _of_truths(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a product that is a truth value again where all its factors are: sums of them are 'or'."""

    def product(*operands: Any, **options: Any) -> Any:
        found = function(*operands, **options)
        if not isinstance(found, Node) or not found.columns.truths:
            return found
        given = [each for one in operands for each in (one if isinstance(one, list) else [one])]
        arrays = [settled(each) for each in given if not isinstance(each, (str, int))]
        return e.not_equal(found, 0.0) if all(is_truth(found.columns, each) for each in arrays) else found

    return product


_WRITTEN: dict[Any, Callable[..., Any]] = {
    np.dot: dot,
    np.inner: _inner,
    np.outer: outer,
    np.linalg.outer: outer,
    np.vdot: _vdot,
    np.tensordot: _tensordot,
    np.linalg.tensordot: lambda x1, x2, /, *, axes=2: _tensordot(x1, x2, axes),
    np.linalg.matmul: matmul,
    np.linalg.vecdot: vecdot,
    np.einsum: _einsum,
    np.kron: _kron,
    np.cross: _cross,
    np.linalg.cross: lambda x1, x2, /, *, axis=-1: _cross(x1, x2, axis=axis),
    np.trace: _trace,
    np.linalg.trace: lambda x, /, *, offset=0, dtype=None: _trace(x, offset, -2, -1, dtype),
    np.linalg.multi_dot: _multi_dot,
}

#: How each of them is written into a list.
PRODUCTS = {function: _of_truths(written) for function, written in _WRITTEN.items()}

#: Ufuncs of vectors and matrices, by name.
VECTOR_UFUNCS: dict[str, Callable[..., Any]] = {
    "matmul": _of_truths(matmul),
    "vecdot": _of_truths(vecdot),
    "matvec": _of_truths(_matvec),
    "vecmat": _of_truths(_vecmat),
}

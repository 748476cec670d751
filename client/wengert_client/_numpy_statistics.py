"""NumPy's sums, extremes, means and the like, over axes; running sums and products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _reductions as r
from wengert_client import _shaping as s
from wengert_client._errors import BuildError, ShapeError
from wengert_client._indexing import take_key
from wengert_client._node import Node, as_variable, axis_of, is_truth, settled
from wengert_client._options import is_given, refuse_options

if TYPE_CHECKING:
    from wengert_client._node import Axes, Operand
    from wengert_client._variable import Variable

__all__ = [
    "STATISTICS",
    "is_all",
    "is_any",
    "largest",
    "prod",
    "running",
    "running_sum",
    "smallest",
    "total",
    "variance",
]


def _axis(axis: Any) -> Axes:
    """Give axes as a tuple where NumPy takes an array of them."""
    return tuple(axis.tolist()) if isinstance(axis, np.ndarray) else axis


def _chosen(x: Variable, where: Any, neutral: float) -> Variable:
    """Give x with a number that changes nothing where it is left out."""
    return e.select(where, x, neutral) if _leaves_out(where) else x


def _leaves_out(where: Any) -> bool:
    return is_given(where) and where is not True


def _flag(keepdims: Any) -> bool:
    return is_given(keepdims) and bool(keepdims)


def _reduction(name: str, reduce: Callable[..., Variable], combine: Callable[..., Variable], neutral: float) -> Any:
    """Give a reduction with all of NumPy's options."""

    def function(
        x: Operand,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = None,
    ) -> Variable:
        refuse_options(name, {"dtype": dtype, "out": out})
        if math.isinf(neutral) and initial is None and _leaves_out(where):
            raise BuildError(f"{name}: where= needs initial=, for it might leave out all")
        chosen = _chosen(as_variable(x), where, neutral)
        start: Any = initial
        if not is_given(start):
            return reduce(chosen, _axis(axis), keepdims=_flag(keepdims))
        if neutral in {0.0, 1.0} or all(chosen.shape[k] for k in _axes(chosen, axis)):
            return combine(reduce(chosen, _axis(axis), keepdims=_flag(keepdims)), start)
        # The largest or smallest of none is what there is to begin with.
        return e.add(r.total(chosen, _axis(axis), keepdims=_flag(keepdims)), start)

    return function


total = _reduction("np.sum", r.total, e.add, 0.0)
prod = _reduction("np.prod", r.prod, e.multiply, 1.0)
_max = _reduction("np.max", r.largest, e.maximum, -math.inf)
_min = _reduction("np.min", r.smallest, e.minimum, math.inf)


def largest(
    x: Operand, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Variable:
    """Give ``numpy.max``."""
    return cast("Variable", _max(x, axis, None, out, keepdims, initial, where))


def smallest(
    x: Operand, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Variable:
    """Give ``numpy.min``."""
    return cast("Variable", _min(x, axis, None, out, keepdims, initial, where))


def _axes(x: Variable, axis: Any) -> list[int]:
    given = _axis(axis)
    if given is None:
        return list(range(x.ndim))
    listed = given if isinstance(given, Sequence) else (given,)
    return [axis_of(each, x.ndim, "np") for each in listed]


def _count(x: Variable, axis: Any, keepdims: Any, where: Any) -> Any:
    """Give how many elements each result is made of: a number, or an array where some are left out."""
    if not _leaves_out(where):
        return float(math.prod(x.shape[each] for each in _axes(x, axis)))
    if isinstance(settled(where), Node):
        told = s.broadcast_to(as_variable(e.not_equal(where, 0.0)), x.shape)
        return r.total(told, _axis(axis), keepdims=_flag(keepdims))
    counted = np.broadcast_to(np.asarray(where, dtype=bool), x.shape)
    return counted.sum(axis=_axis(axis), keepdims=_flag(keepdims)).astype(float)


def _mean(
    x: Operand, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = None
) -> Variable:
    refuse_options("np.mean", {"dtype": dtype, "out": out})
    node = as_variable(x)
    return e.divide(
        r.total(_chosen(node, where, 0.0), _axis(axis), keepdims=_flag(keepdims)), _count(node, axis, keepdims, where)
    )


def variance(  # noqa: PLR0913 - NumPy's parameters
    x: Operand,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: Any = None,
) -> Variable:
    """Give ``numpy.var``: the mean of the squares of what is left after the mean is taken away."""
    refuse_options("np.var", {"dtype": dtype, "out": out})
    node = as_variable(x)
    center = mean if is_given(mean) else _mean(node, axis, keepdims=True, where=where)
    squares = r.total(_chosen(e.square(e.subtract(node, center)), where, 0.0), _axis(axis), keepdims=_flag(keepdims))
    less = correction if is_given(correction) else ddof
    count = _count(node, axis, keepdims, where)
    return e.divide(squares, max(count - less, 0.0) if isinstance(count, float) else np.maximum(count - less, 0.0))


def _std(x: Operand, *rest: Any, **options: Any) -> Variable:
    return e.sqrt(variance(x, *rest, **options))


def _average(
    x: Operand, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    node = as_variable(x, weights if weights is not None else 0.0)
    if weights is None:
        mean = _mean(node, axis, keepdims=keepdims)
        return (mean, np.full(mean.shape, _count(node, axis, keepdims, None))) if returned else mean
    held = settled(weights)
    shape = held.shape if isinstance(held, Node) else np.shape(held)
    if shape != node.shape:
        axes = _axes(node, axis)
        if axis is None or shape != tuple(node.shape[each] for each in axes):
            raise ShapeError(f"np.average: weights of the shape {shape} do not fit {node.shape} along axis {axis}")
        # Weights are in the order in which the axes are named.
        ordered = s.transpose(as_variable(held, node), np.argsort(axes).tolist())
        held = s.reshape(ordered, [node.shape[k] if k in axes else 1 for k in range(node.ndim)])
    flag = _flag(keepdims)
    whole = s.broadcast_to(as_variable(held, node), node.shape)
    sums = r.total(whole, _axis(axis), keepdims=flag)
    mean = e.divide(r.total(e.multiply(node, held), _axis(axis), keepdims=flag), sums)
    return (mean, sums) if returned else mean


def _ptp(x: Operand, axis: Any = None, out: Any = None, keepdims: Any = False) -> Variable:
    return e.subtract(largest(x, axis, out, keepdims), smallest(x, axis, out, keepdims))


def is_all(x: Operand, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = None) -> Variable:
    """Give 1 where all elements are true, that is not 0, else 0; 1 for none."""
    refuse_options("np.all", {"out": out})
    true = _chosen(e.not_equal(as_variable(x), 0.0), where, 1.0)
    return e.not_equal(r.prod(true, _axis(axis), keepdims=_flag(keepdims)), 0.0)


def is_any(x: Operand, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = None) -> Variable:
    """Give 1 where some element is true, that is not 0, else 0; 0 for none."""
    refuse_options("np.any", {"out": out})
    true = _chosen(e.not_equal(as_variable(x), 0.0), where, 0.0)
    return e.not_equal(r.total(true, _axis(axis), keepdims=_flag(keepdims)), 0.0)


def _count_nonzero(x: Operand, axis: Any = None, *, keepdims: bool = False) -> Variable:
    return r.total(e.not_equal(as_variable(x), 0.0), _axis(axis), keepdims=keepdims)


# ---- without NaN


def _without_nan(function: Callable[..., Variable], instead: float) -> Callable[..., Variable]:
    """Give a reduction for which NaN is not there."""

    def reduce(x: Operand, *rest: Any, **options: Any) -> Variable:
        node = as_variable(x)
        return function(e.select(e.not_equal(node, node), instead, node), *rest, **options)

    return reduce


def _counting(function: Callable[..., Variable]) -> Callable[..., Variable]:
    """Give a mean, a variance or a deviation for which NaN is not there, nor counted."""

    def reduce(x: Operand, *rest: Any, **options: Any) -> Variable:
        node = as_variable(x)
        return function(node, *rest, where=e.equal(node, node), **options)

    return reduce


def _nanmax(function: Callable[..., Variable], instead: float) -> Callable[..., Variable]:
    def reduce(x: Operand, axis: Any = None, out: Any = None, keepdims: Any = False, **options: Any) -> Variable:
        node = as_variable(x)
        found = function(e.select(e.not_equal(node, node), instead, node), axis, out, keepdims, **options)
        # NaN all the same where there is nothing else.
        return e.select(is_all(e.not_equal(node, node), axis, keepdims=keepdims), math.nan, found)

    return reduce


# ---- running


def running(x: Variable, axis: int, combine: Callable[[Any, Any], Variable]) -> Variable:
    """Give running sums, products or the like: in each step all, with those 1, 2, 4, ... places before them."""
    lead = (slice(None),) * axis
    extent, by = x.shape[axis], 1
    # A copy; truth values are counted as numbers.
    x = e.multiply(x, 1.0) if is_truth(x.columns, x) else +x
    while by < extent:
        later = combine(take_key(x, (*lead, slice(by, None))), take_key(x, (*lead, slice(None, extent - by))))
        x = s.concatenate([take_key(x, (*lead, slice(None, by))), later], axis)
        by *= 2
    return x


def _running(name: str, combine: Callable[[Any, Any], Variable]) -> Callable[..., Variable]:
    def function(x: Operand, axis: Any = None, dtype: Any = None, out: Any = None) -> Variable:
        refuse_options(name, {"dtype": dtype, "out": out})
        node = as_variable(x)
        if axis is None:
            return running(s.ravel(node), 0, combine)
        return running(node, axis_of(axis, node.ndim, name), combine)

    return function


running_sum = _running("np.cumsum", e.add)


def _cumulative(name: str, combine: Callable[[Any, Any], Variable], first: float) -> Callable[..., Variable]:
    def function(
        x: Operand, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Variable:
        refuse_options(name, {"dtype": dtype, "out": out})
        node = as_variable(x)
        if axis is None and node.ndim != 1:
            raise BuildError(f"{name}: an array of {node.ndim} axes needs axis=")
        at = axis_of(0 if axis is None else axis, node.ndim, name)
        result = running(node, at, combine)
        if not include_initial:
            return result
        return s.concatenate([np.full((*node.shape[:at], 1, *node.shape[at + 1 :]), first), result], at)

    return function


# ---- covariances


def _cov(
    m: Operand,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Variable:
    refuse_options("np.cov", {"dtype": dtype, "fweights": fweights, "aweights": aweights})
    x = _rows(m, y, rowvar)
    centered = e.subtract(x, _mean(x, 1, keepdims=True))
    less = ddof if ddof is not None else 0 if bias else 1
    found = e.divide(r.matmul(centered, s.transpose(centered)), float(max(x.shape[1] - less, 0)))
    return s.squeeze(found)


def _rows(m: Operand, y: Any, rowvar: bool) -> Variable:
    """Give the variables as rows."""
    beside = () if y is None else (y,)
    parts = [as_variable(each, m, *beside) for each in (m, *beside)]
    if any(each.ndim > 2 for each in parts):
        raise ShapeError("np.cov: vectors and matrices are expected")
    rows = [
        s.reshape(each, (1, each.size)) if each.ndim < 2 else each if rowvar else s.transpose(each) for each in parts
    ]
    return rows[0] if len(rows) == 1 else s.concatenate(rows, 0)


def _corrcoef(x: Operand, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Variable:
    found = _cov(x, y, rowvar, dtype=dtype)
    if not found.ndim:
        return e.divide(found, found)
    deviations = e.sqrt(take_key(found, (np.arange(found.shape[0]), np.arange(found.shape[0]))))
    scaled = e.divide(e.divide(found, s.expand_dims(deviations, 1)), s.expand_dims(deviations, 0))
    return e.minimum(e.maximum(scaled, -1.0), 1.0)


#: How each of them is written into a list.
STATISTICS: dict[Any, Callable[..., Any]] = {
    np.sum: total,
    np.prod: prod,
    np.max: largest,
    np.min: smallest,
    np.amax: largest,
    np.amin: smallest,
    np.mean: _mean,
    np.var: variance,
    np.std: _std,
    np.average: _average,
    np.ptp: _ptp,
    np.all: is_all,
    np.any: is_any,
    np.count_nonzero: _count_nonzero,
    np.nansum: _without_nan(total, 0.0),
    np.nanprod: _without_nan(prod, 1.0),
    np.nanmax: _nanmax(largest, -math.inf),
    np.nanmin: _nanmax(smallest, math.inf),
    np.nanmean: _counting(_mean),
    np.nanvar: _counting(variance),
    np.nanstd: _counting(_std),
    np.cumsum: running_sum,
    np.cumprod: _running("np.cumprod", e.multiply),
    np.nancumsum: _without_nan(running_sum, 0.0),
    np.nancumprod: _without_nan(_running("np.nancumprod", e.multiply), 1.0),
    np.cov: _cov,
    np.corrcoef: _corrcoef,
}
if hasattr(np, "cumulative_sum"):
    STATISTICS[np.cumulative_sum] = _cumulative("np.cumulative_sum", e.add, 0.0)
    STATISTICS[np.cumulative_prod] = _cumulative("np.cumulative_prod", e.multiply, 1.0)

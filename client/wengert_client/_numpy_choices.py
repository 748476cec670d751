"""NumPy's choices between values, and questions about them, which are answered by 1 and 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _reductions as r
from wengert_client import _shaping as s
from wengert_client._errors import BuildError
from wengert_client._indexing import take_key
from wengert_client._node import Node, Operand, as_constant, as_integer, as_variable, axis_of, is_truth, settled
from wengert_client._numpy_moves import each_as_variable
from wengert_client._numpy_statistics import running_sum
from wengert_client._options import is_float64, is_given, refuse_options

if TYPE_CHECKING:
    from wengert_client._variable import Variable

__all__ = ["CHOICES", "astype", "clip", "clipped", "rounded"]


def clip(x: Operand, low: Operand | None = None, high: Operand | None = None) -> Operand:
    """Give x, but at least `low` and at most `high`: a MAXIMUM and a MINIMUM."""
    raised = x if low is None else e.maximum(x, low)
    return raised if high is None else e.minimum(raised, high)


def clipped(x: Operand, a_min: Any = None, a_max: Any = None, out: Any = None, **rest: Any) -> Operand:
    """Give ``numpy.clip``."""
    low = rest.pop("min", None) if not is_given(a_min) else a_min
    high = rest.pop("max", None) if not is_given(a_max) else a_max
    refuse_options("np.clip", {"out": out, **rest})
    return clip(as_variable(x, *(each for each in (low, high) if each is not None)), low, high)


def _where(condition: Operand, *choices: Operand) -> Variable:
    if len(choices) != 2:
        raise BuildError(
            "np.where(condition) gives places, whose number depends on values; write np.where(condition, a, b)"
        )
    return e.select(condition, *choices)


def _where_known(condition: Any, choice: Any, other: Any) -> Any:
    return np.where(np.asarray(condition, dtype=bool), choice, other)


def _select(condlist: Sequence[Operand], choicelist: Sequence[Operand], default: Operand = 0.0) -> Operand:
    if len(condlist) != len(choicelist):
        raise BuildError(f"np.select: {len(condlist)} conditions and {len(choicelist)} choices are given")
    found: Any = default
    given: list[Any] = [*condlist, *choicelist, default]
    pairs: list[tuple[Any, Any]] = list(zip(condlist, choicelist, strict=True))
    for condition, choice in reversed(pairs):
        traced = any(isinstance(settled(each), Node) for each in (condition, choice, found))
        found = e.select(condition, choice, found) if traced else _where_known(condition, choice, found)
    return as_variable(found, *given)


def _piecewise(x: Operand, condlist: Any, funclist: Sequence[Any], *rest: Any, **options: Any) -> Variable:
    """Give ``numpy.piecewise``; every function is called with the whole array."""
    node = as_variable(x, *(condlist if isinstance(condlist, (list, tuple)) else [condlist]))
    conditions = _conditions(condlist, node.ndim)
    values: list[Any] = [each(node, *rest, **options) if callable(each) else each for each in funclist]
    found: Any = values.pop() if len(values) == len(conditions) + 1 else 0.0
    if len(values) != len(conditions):
        raise BuildError(f"np.piecewise: {len(funclist)} functions are given for {len(conditions)} conditions")
    # Where several hold the last one counts.
    for condition, value in zip(conditions, values, strict=True):
        found = e.select(as_variable(condition, node), value, found)
    return as_variable(found, node)


def _conditions(given: Any, rank: int) -> list[Any]:
    """Give conditions as a list: of the items, of the rows, or of the one condition that is given."""
    if isinstance(given, (list, tuple)):
        arrays = [isinstance(settled(each), (Node, list, tuple, np.ndarray)) for each in given]
        return list(given) if not rank or any(arrays) else [np.asarray(given, dtype=bool)]
    held: Any = settled(given)
    shape: tuple[int, ...] = held.shape if isinstance(held, Node) else np.shape(held)
    return list(cast("Any", held)) if len(shape) > rank else [held]


def _choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Variable:
    refuse_options("np.choose", {"out": out})
    if isinstance(settled(a), Node):
        raise BuildError(
            "np.choose: which one is chosen must be known beforehand; write np.select([x == 0, ...], [...])"
        )
    parts = each_as_variable(choices)
    shape = np.broadcast_shapes(np.shape(a), *(each.shape for each in parts))
    stacked = s.stack([s.broadcast_to(each, shape) for each in parts])
    places = np.choose(np.asarray(a), list(range(len(parts))), mode=mode)  # type: ignore[call-overload]
    return take_key(stacked, (np.broadcast_to(places, shape), *np.indices(shape)))


# ---- questions


def _isclose(a: Operand, b: Operand, rtol: Operand = 1e-5, atol: Operand = 1e-8, equal_nan: bool = False) -> Variable:
    x, y = as_variable(a, b), as_variable(b, a)
    near = e.less_equal(e.absolute(e.subtract(x, y)), e.add(e.multiply(e.absolute(y), rtol), atol))
    finite = e.less(e.absolute(y), math.inf)
    found = e.logical_or(e.logical_and(near, finite), e.equal(x, y))
    return found if not equal_nan else e.logical_or(found, e.logical_and(e.not_equal(x, x), e.not_equal(y, y)))


def _isin(
    element: Operand, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Variable:
    refuse_options("np.isin", {"kind": kind, "assume_unique": assume_unique or None})
    node = as_variable(element)
    found = e.equal(s.expand_dims(node, -1), np.ravel(as_constant(settled(test_elements), "np.isin: test_elements")))
    held = e.not_equal(r.total(found, -1), 0.0)
    return e.logical_not(held) if invert else held


def _nan_to_num(x: Operand, copy: bool = True, nan: Operand = 0.0, posinf: Any = None, neginf: Any = None) -> Variable:
    refuse_options("np.nan_to_num", {"copy": copy})
    node = as_variable(x)
    limits = np.finfo(np.float64)
    found = e.select(e.not_equal(node, node), nan, node)
    found = e.select(e.equal(node, math.inf), limits.max if posinf is None else posinf, found)
    return e.select(e.equal(node, -math.inf), limits.min if neginf is None else neginf, found)


# ---- elementwise functions that are no ufuncs


def rounded(x: Operand, decimals: int = 0, out: Any = None) -> Variable:
    """Give ``numpy.round``: scaled before and after."""
    refuse_options("np.round", {"out": out})
    places = as_integer(decimals, "np.round: decimals")
    if not places:
        return e.rint(as_variable(x))
    scale = 10.0 ** abs(places)
    if places > 0:
        return e.divide(e.rint(e.multiply(as_variable(x), scale)), scale)
    return e.multiply(e.rint(e.divide(as_variable(x), scale)), scale)


def _sinc(x: Operand) -> Variable:
    """Give sin(pi x) / (pi x); near 0, where that is 0 / 0, the series, so that all derivatives are right."""
    at = e.multiply(as_variable(x), np.pi)
    near = e.less(e.absolute(at), 1e-2)
    square = e.square(e.select(near, at, 0.0))
    series = e.add(
        e.multiply(square, e.add(e.multiply(square, e.add(e.multiply(square, -1 / 5040), 1 / 120)), -1 / 6)), 1.0
    )
    safe = e.select(near, 1.0, at)
    return e.select(near, series, e.divide(e.sin(safe), safe))


def astype(
    x: Operand, dtype: Any, order: Any = "K", casting: Any = None, subok: Any = None, copy: Any = None
) -> Variable:
    """Give an array of float64 as it is; one of truth values from it."""
    refuse_options("astype", {"order": order, "casting": casting, "subok": subok, "copy": copy})
    node = as_variable(x)
    if is_float64(dtype):
        # Numbers from now on, where these were truth values.
        return e.multiply(node, 1.0) if is_truth(node.columns, node) else +node
    if dtype in {bool, np.bool_, "bool", "?"}:
        return e.not_equal(node, 0.0)
    told = "; write np.trunc(x) for whole numbers" if dtype is int or np.dtype(dtype).kind in "iu" else ""
    raise BuildError(f"astype: {dtype!r} cannot be written into a list, in which all is float64{told}")


def _unwrap(p: Operand, discont: Any = None, axis: Any = -1, *, period: float = 2 * np.pi) -> Variable:
    """Give ``numpy.unwrap``: whole periods, which have no derivative, are taken away."""
    node = as_variable(p)
    at = axis_of(axis, node.ndim, "np.unwrap")
    lead = (slice(None),) * at
    apart = e.subtract(take_key(node, (*lead, slice(1, None))), take_key(node, (*lead, slice(None, -1))))
    half = period / 2
    wrapped = e.subtract(e.remainder(e.add(apart, half), period), half)
    at_edge = e.logical_and(e.equal(wrapped, -half), e.less(0.0, apart))
    correction = e.subtract(e.select(at_edge, half, wrapped), apart)
    kept = e.select(e.less(e.absolute(apart), half if discont is None else discont), 0.0, correction)
    sums = running_sum(kept, at)
    return s.concatenate(
        [take_key(node, (*lead, slice(None, 1))), e.add(take_key(node, (*lead, slice(1, None))), sums)], at
    )


def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Operand, *rest: Any, **options: Any) -> Variable:
    node = as_variable(arr)
    at = axis_of(axis, node.ndim, "np.apply_along_axis")
    rows = s.transpose(node, [*(k for k in range(node.ndim) if k != at), at])
    outer = rows.shape[:-1]
    found = [as_variable(func1d(take_key(rows, place), *rest, **options), node) for place in np.ndindex(*outer)]
    if not found:
        raise BuildError(f"np.apply_along_axis: there is no row in an array of the shape {node.shape}")
    inner = found[0].shape
    whole = s.reshape(s.stack(found), (*outer, *inner))
    order = [*range(at), *range(len(outer), whole.ndim), *range(at, len(outer))]
    return s.transpose(whole, order) if inner else whole


def _without_out(name: str, function: Callable[[Variable], Variable]) -> Callable[..., Variable]:
    def elementwise(x: Operand, out: Any = None) -> Variable:
        refuse_options(name, {"out": out})
        return function(as_variable(x))

    return elementwise


#: How each of them is written into a list.
CHOICES: dict[Any, Callable[..., Any]] = {
    np.where: _where,
    np.select: _select,
    np.piecewise: _piecewise,
    np.choose: _choose,
    np.clip: clipped,
    np.isclose: _isclose,
    np.isin: _isin,
    np.isposinf: _without_out("np.isposinf", lambda x: e.equal(x, math.inf)),
    np.isneginf: _without_out("np.isneginf", lambda x: e.equal(x, -math.inf)),
    np.nan_to_num: _nan_to_num,
    np.round: rounded,
    np.around: rounded,
    np.fix: _without_out("np.fix", e.trunc),
    np.sinc: _sinc,
    np.unwrap: _unwrap,
    np.apply_along_axis: _apply_along_axis,
    np.real: as_variable,
    np.imag: lambda val: np.zeros(as_variable(val).shape),
    np.real_if_close: lambda a, tol=100: as_variable(a),
    np.iscomplexobj: lambda x: False,
    np.isrealobj: lambda x: True,
    np.isreal: lambda x: np.ones(as_variable(x).shape, dtype=bool),
    np.iscomplex: lambda x: np.zeros(as_variable(x).shape, dtype=bool),
}
# NumPy 2.0 has it as a method only.
if hasattr(np, "astype"):
    CHOICES[np.astype] = astype

"""What NumPy's functions of whole arrays do with variables: one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _reductions as r
from wengert_client import _shaping as s
from wengert_client._errors import BuildError
from wengert_client._indexing import take_key
from wengert_client._node import Node, Operand, as_node, axis_of, columns_of
from wengert_client._ufuncs import refuse_options

if TYPE_CHECKING:
    from wengert_client._node import Axes
    from wengert_client._results import Floats
    from wengert_client._variable import Variable

__all__ = ["FUNCTIONS", "apply_function", "clip"]


def apply_function(function: Any, operands: Sequence[Any], options: dict[str, Any]) -> Any:
    """Do what a function of NumPy says with variables among its arguments."""
    if function not in FUNCTIONS:
        known = ", ".join(sorted({each.__name__ for each in FUNCTIONS}))
        told = f"np.{function.__name__} cannot be written into a list; of NumPy's functions of arrays these can"
        raise BuildError(f"{told}: {known}")
    return FUNCTIONS[function](*operands, **options)


def clip(x: Operand, low: Operand | None = None, high: Operand | None = None) -> Operand:
    """Give x, but at least `low` and at most `high`: a MAXIMUM and a MINIMUM."""
    raised = x if low is None else e.maximum(x, low)
    return raised if high is None else e.minimum(raised, high)


def _reduction(name: str, reduce: Callable[..., Variable]) -> Callable[..., Variable]:
    def function(
        x: Operand, axis: Axes = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **rest: Any
    ) -> Variable:
        refuse_options(name, {"dtype": dtype, "out": out, **rest})
        return reduce(_node(x), axis, keepdims=bool(keepdims))

    return function


def _extreme(name: str, reduce: Callable[..., Variable]) -> Callable[..., Variable]:
    def function(x: Operand, axis: Axes = None, out: Any = None, keepdims: bool = False, **rest: Any) -> Variable:
        refuse_options(name, {"out": out, **rest})
        return reduce(_node(x), axis, keepdims=bool(keepdims))

    return function


def _on_node(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the first argument a variable: NumPy also comes here where only another one is."""
    return lambda x, *rest, **options: function(_node(x), *rest, **options)


def _node(x: Operand) -> Node:
    return as_node(columns_of([x], "np"), x, "np")


def _where(condition: Operand, *choices: Operand) -> Variable:
    if len(choices) != 2:
        raise BuildError("np.where needs both choices here: np.where(condition, a, b)")
    return e.select(condition, *choices)


def _concatenate(parts: Sequence[Operand], axis: SupportsIndex | None = 0, **rest: Any) -> Variable:
    refuse_options("np.concatenate", rest)
    return s.concatenate(parts, axis)


def _stack(parts: Sequence[Operand], axis: SupportsIndex = 0, **rest: Any) -> Variable:
    refuse_options("np.stack", rest)
    return s.stack(parts, axis)


def _hstack(parts: Sequence[Operand]) -> Variable:
    lifted = [_at_least(part, 1) for part in parts]
    return s.concatenate(lifted, 0 if len(lifted[0].shape) == 1 else 1)


def _vstack(parts: Sequence[Operand]) -> Variable:
    return s.concatenate([_at_least(part, 2) for part in parts], 0)


def _at_least(x: Operand, rank: int) -> Node | Floats:
    """Give x with axes of extent 1 in front, so that it has at least `rank` of them."""
    if not isinstance(x, Node):
        return np.array(x, dtype=np.float64, ndmin=rank)
    return x.columns.variable(x.number, x.shape) if x.ndim >= rank else s.reshape(x, (1,) * (rank - x.ndim) + x.shape)


def _reshape(x: Node, shape: Any, order: str = "C") -> Variable:
    if order != "C":
        raise BuildError(f"np.reshape: elements are row-major here, order={order!r} is not possible")
    return s.reshape(x, shape)


def _take(x: Node, indices: Any, axis: SupportsIndex | None = None) -> Variable:
    return s.gather(s.ravel(x), indices, 0) if axis is None else s.gather(x, indices, axis)


def _clip(x: Operand, a_min: Any = None, a_max: Any = None, **rest: Any) -> Operand:
    low, high = rest.pop("min", a_min), rest.pop("max", a_max)
    refuse_options("np.clip", rest)
    return clip(x, low, high)


def _diff(x: Node, n: int = 1, axis: SupportsIndex = -1) -> Any:
    """Give differences of neighbours, n times: two SLICEs and a SUBTRACT each time."""
    lead = (slice(None),) * axis_of(axis, x.ndim, "np.diff")
    result: Any = x
    for _ in range(n):
        result = e.subtract(take_key(result, (*lead, slice(1, None))), take_key(result, (*lead, slice(None, -1))))
    return result


def _swapaxes(x: Node, axis1: SupportsIndex, axis2: SupportsIndex) -> Variable:
    order = list(range(x.ndim))
    a, b = axis_of(axis1, x.ndim, "TRANSPOSE"), axis_of(axis2, x.ndim, "TRANSPOSE")
    order[a], order[b] = order[b], order[a]
    return s.transpose(x, order)


def _squared_norm(x: Node) -> Variable:
    return r.total(e.square(_variable(x)))


def _variable(x: Node) -> Variable:
    return x.columns.variable(x.number, x.shape)


#: How each function of NumPy is written into a list.
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _reduction("np.sum", r.total),
    np.prod: _reduction("np.prod", r.prod),
    np.mean: _reduction("np.mean", r.mean),
    np.max: _extreme("np.max", r.largest),
    np.min: _extreme("np.min", r.smallest),
    np.cumsum: _on_node(r.cumsum),
    np.where: _where,
    np.clip: _clip,
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.hstack: _hstack,
    np.vstack: _vstack,
    np.reshape: _on_node(_reshape),
    np.ravel: _on_node(s.ravel),
    np.transpose: _on_node(s.transpose),
    np.swapaxes: _on_node(_swapaxes),
    np.squeeze: _on_node(s.squeeze),
    np.expand_dims: _on_node(s.expand_dims),
    np.broadcast_to: _on_node(s.broadcast_to),
    np.take: _on_node(_take),
    np.roll: _on_node(s.roll),
    np.diff: _on_node(_diff),
    np.dot: r.dot,
    np.inner: r.inner,
    np.outer: r.outer,
    np.tril: _on_node(r.tril),
    np.linalg.norm: _on_node(lambda x: e.sqrt(_squared_norm(x))),
    np.linalg.solve: r.solve,
    np.linalg.cholesky: _on_node(r.cholesky),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: len(x.shape),
    np.size: lambda x: math.prod(x.shape),
    np.zeros_like: lambda x: np.zeros(x.shape),
    np.ones_like: lambda x: np.ones(x.shape),
}

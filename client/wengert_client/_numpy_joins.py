"""NumPy's functions that join arrays, take them apart, and put them among zeros."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _shaping as s
from wengert_client._buffers import buffer
from wengert_client._errors import BuildError, ShapeError
from wengert_client._indexing import take_key
from wengert_client._node import Node, as_integer, as_variable, axis_of, is_truth, settled
from wengert_client._numpy_moves import at_least, at_least_3, each_as_variable, moved
from wengert_client._options import refuse_options

if TYPE_CHECKING:
    from wengert_client._node import Operand
    from wengert_client._variable import Variable

__all__ = ["JOINS"]

# ---- joining


def _concatenate(parts: Any, axis: Any = 0, out: Any = None, dtype: Any = None, casting: Any = None) -> Variable:
    refuse_options("np.concatenate", {"out": out, "dtype": dtype, "casting": casting})
    return s.concatenate(each_as_variable(parts), axis)


def _stack(parts: Any, axis: Any = 0, out: Any = None, dtype: Any = None, casting: Any = None) -> Variable:
    refuse_options("np.stack", {"out": out, "dtype": dtype, "casting": casting})
    given = list(parts) if isinstance(parts, (list, tuple)) else list(as_variable(parts))
    return s.stack([settled(each) for each in given], axis)


def _hstack(parts: Any, dtype: Any = None, casting: Any = None) -> Variable:
    refuse_options("np.hstack", {"dtype": dtype, "casting": casting})
    lifted = [at_least(part, 1) for part in _items(parts)]
    return s.concatenate(lifted, 0 if len(lifted[0].shape) == 1 else 1)


def _vstack(parts: Any, dtype: Any = None, casting: Any = None) -> Variable:
    refuse_options("np.vstack", {"dtype": dtype, "casting": casting})
    return s.concatenate([at_least(part, 2) for part in _items(parts)], 0)


def _dstack(parts: Any) -> Variable:
    return s.concatenate([at_least_3(part) for part in _items(parts)], 2)


def _column_stack(parts: Any) -> Variable:
    columns = []
    for part in _items(parts):
        lifted = at_least(part, 1)
        columns.append(lifted if lifted.ndim > 1 else lifted.reshape(-1, 1))
    return s.concatenate(columns, 1)


def _items(parts: Any) -> list[Any]:
    return list(parts) if isinstance(parts, (list, tuple)) else list(as_variable(parts))


def _block(parts: Any) -> Variable:
    depth = _depth(parts)
    rank = max(depth, _most_axes(parts))
    return cast("Variable", _blocked(parts, depth, rank))


def _depth(parts: Any) -> int:
    return 1 + _depth(parts[0]) if isinstance(parts, list) else 0


def _most_axes(parts: Any) -> int:
    if isinstance(parts, list):
        return max(map(_most_axes, parts))
    held = settled(parts)
    return held.ndim if isinstance(held, Node) else np.ndim(held)


def _blocked(parts: Any, depth: int, rank: int) -> Any:
    """Join blocks along their last axes first: those `depth` lists deep along axis -1."""
    if not isinstance(parts, list):
        return at_least(parts, rank)
    blocks = [_blocked(each, depth - 1, rank) for each in parts]
    if not any(isinstance(each, Node) for each in blocks):
        return np.concatenate(blocks, -depth)
    return s.concatenate(blocks, -depth)


def _append(x: Operand, values: Operand, axis: Any = None) -> Variable:
    return s.concatenate([settled(x), settled(values)], axis)


def _insert(x: Operand, at: Any, values: Operand, axis: Any = None) -> Variable:
    """Put values in: both in a row, and a GATHER of what stands where."""
    node = as_variable(x, values)
    if axis is None:
        node, axis = s.ravel(node), 0
    along = axis_of(axis, node.ndim, "np.insert")
    extent, added = node.shape[along], as_variable(values, node)
    if np.ndim(at) == 0 and not isinstance(at, slice):
        added = s.expand_dims(added, along) if 0 < added.ndim < node.ndim else added
        count = added.shape[along] if added.ndim == node.ndim else 1
    else:
        count = len(np.insert(np.arange(extent), at, -1)) - extent
    places = np.insert(np.arange(extent), at, extent + np.arange(count))
    fits = (*node.shape[:along], count, *node.shape[along + 1 :])
    return s.gather(s.concatenate([node, s.broadcast_to(added, fits)], along), places, along)


# ---- taking apart


def _array_split(x: Operand, indices_or_sections: Any, axis: SupportsIndex = 0) -> list[Variable]:
    node = as_variable(x)
    at = axis_of(axis, node.ndim, "np.array_split")
    pieces = np.array_split(np.arange(node.shape[at]), indices_or_sections)
    lead = (slice(None),) * at
    return [take_key(node, (*lead, slice(int(p[0]), int(p[-1]) + 1) if len(p) else slice(0, 0))) for p in pieces]


def _split(x: Operand, indices_or_sections: Any, axis: SupportsIndex = 0) -> list[Variable]:
    node = as_variable(x)
    at = axis_of(axis, node.ndim, "np.split")
    if np.ndim(indices_or_sections) == 0 and node.shape[at] % as_integer(indices_or_sections, "np.split"):
        raise ShapeError(f"np.split: {node.shape[at]} elements are no {indices_or_sections} equal parts")
    return _array_split(node, indices_or_sections, at)


def _split_along(name: str, axis: int) -> Callable[..., list[Variable]]:
    def function(x: Operand, indices_or_sections: Any) -> list[Variable]:
        node = as_variable(x)
        along = 0 if name == "hsplit" and node.ndim == 1 else axis
        if node.ndim <= along:
            raise ShapeError(f"np.{name}: an array of the shape {node.shape} has too few axes")
        return _split(node, indices_or_sections, along)

    return function


def _unstack(x: Operand, /, *, axis: SupportsIndex = 0) -> tuple[Variable, ...]:
    node = as_variable(x)
    lead = (slice(None),) * axis_of(axis, node.ndim, "np.unstack")
    return tuple(take_key(node, (*lead, k)) for k in range(node.shape[len(lead)]))


# ---- with zeros


def padded(x: Operand, widths: Any, mode: Any = "constant", **options: Any) -> Variable:
    """Give ``numpy.pad``: a CONCATENATE with the number, and a GATHER."""
    if not isinstance(mode, str) or mode not in {"constant", "edge", "reflect", "symmetric", "wrap"}:
        raise BuildError(f"np.pad: mode={mode!r} cannot be traced; constant, edge, reflect, symmetric and wrap can")
    node = as_variable(x)
    if mode != "constant":
        return moved(np.pad, node, widths, mode=mode, **options)
    value = settled(options.pop("constant_values", 0))
    refuse_options("np.pad", options)
    if (value.ndim if isinstance(value, Node) else np.ndim(value)) or isinstance(widths, dict):
        raise BuildError("np.pad: widths are numbers or pairs of them, and constant_values one number, for all sides")
    for axis, pair in enumerate(np.broadcast_to(np.asarray(widths), (node.ndim, 2)).tolist()):
        shapes = [(*node.shape[:axis], width, *node.shape[axis + 1 :]) for width in pair]
        sides = [_filled(value, shape) if shape[axis] else None for shape in shapes]
        parts = [each for each in (sides[0], node, sides[1]) if each is not None]
        node = s.concatenate(parts, axis) if len(parts) > 1 else node
    return node


def _filled(value: Any, shape: tuple[int, ...]) -> Any:
    return s.broadcast_to(value, shape) if isinstance(value, Node) else np.full(shape, float(value))


def _diag(x: Operand, k: int = 0) -> Variable:
    node = as_variable(x)
    if node.ndim == 2:
        return moved(np.diag, node, k)
    if node.ndim != 1:
        raise ShapeError(f"np.diag: a vector or a matrix is expected, not an array of the shape {node.shape}")
    whole = buffer(np.zeros((node.size + abs(k), node.size + abs(k))))
    whole[np.diag(np.ones(node.size, dtype=bool), k)] = node
    return as_variable(whole.settled(), node)


def _diagflat(x: Operand, k: int = 0) -> Variable:
    return _diag(s.ravel(as_variable(x)), k)


def _triangle(function: Callable[..., Any]) -> Callable[..., Variable]:
    def triangle(x: Operand, k: int = 0) -> Variable:
        node = as_variable(x)
        if node.ndim == 1:
            node = s.broadcast_to(node, (node.size, node.size))
        kept = function(np.ones(node.shape[-2:], dtype=bool), k)
        return e.select(kept, node, False if is_truth(node.columns, node) else 0.0)

    return triangle


def _meshgrid(*arrays: Operand, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Variable, ...]:
    refuse_options("np.meshgrid", {"copy": copy})
    flat = [s.ravel(each) for each in each_as_variable(arrays)]
    rank = len(flat)
    order = [1, 0, *range(2, rank)] if indexing == "xy" and rank > 1 else list(range(rank))
    shape = [0] * rank
    for each, axis in zip(flat, order, strict=True):
        shape[axis] = each.size
    lifted = [
        s.reshape(each, [each.size if k == axis else 1 for k in range(rank)])
        for each, axis in zip(flat, order, strict=True)
    ]
    return tuple(lifted) if sparse else tuple(s.broadcast_to(each, shape) for each in lifted)


#: How each of them is written into a list.
JOINS: dict[Any, Callable[..., Any]] = {
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.hstack: _hstack,
    np.vstack: _vstack,
    np.dstack: _dstack,
    np.column_stack: _column_stack,
    np.block: _block,
    np.append: _append,
    np.insert: _insert,
    np.array_split: _array_split,
    np.split: _split,
    np.hsplit: _split_along("hsplit", 1),
    np.vsplit: _split_along("vsplit", 0),
    np.dsplit: _split_along("dsplit", 2),
    np.pad: padded,
    np.diag: _diag,
    np.diagflat: _diagflat,
    np.tril: _triangle(np.tril),
    np.triu: _triangle(np.triu),
    np.meshgrid: _meshgrid,
}
if hasattr(np, "unstack"):
    JOINS[np.unstack] = _unstack

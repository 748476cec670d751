"""NumPy's functions that move elements, join arrays and take them apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, cast

import numpy as np

from wengert_client import _shaping as s
from wengert_client._buffers import buffer
from wengert_client._errors import BuildError, ShapeError
from wengert_client._indexing import take_key
from wengert_client._node import Node, as_constant, as_integer, as_node, as_variable, axis_of, columns_of, settled
from wengert_client._options import refuse_options

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wengert_client._buffers import Buffer
    from wengert_client._node import Operand
    from wengert_client._results import Floats
    from wengert_client._variable import Variable

    Part: TypeAlias = "Variable | Floats"

__all__ = ["MOVES", "at_least", "each_as_variable", "moved", "padded"]


def moved(function: Callable[..., Any], x: Operand, *rest: Any, **options: Any) -> Variable:
    """Do with a variable what NumPy's function does with the places of its elements: one GATHER."""
    node = as_variable(x)
    places = np.asarray(function(np.arange(node.size).reshape(node.shape), *rest, **options))
    if places.size == node.size and np.array_equal(places.ravel(), np.arange(node.size)):
        return s.reshape(node, places.shape)
    flat = node if node.ndim == 1 else s.ravel(node)
    return s.gather(flat, places.astype(np.int64))


def at_least(x: Operand, rank: int) -> Part:
    """Give x with axes of extent 1 in front, so that it has at least `rank` of them."""
    held = settled(x)
    if not isinstance(held, Node):
        return np.array(held, dtype=np.float64, ndmin=rank)
    missing = rank - held.ndim
    return as_variable(held) if missing <= 0 else s.reshape(held, (1,) * missing + held.shape)


def each_as_variable(parts: Any) -> list[Variable]:
    """Give a sequence, or the rows of an array, as variables of one list."""
    given = list(parts) if isinstance(parts, (list, tuple)) else list(as_variable(parts))
    columns = columns_of(given, "np")
    return [cast("Variable", as_node(columns, each, "np")) for each in given]


# ---- axes


def _reshape(x: Operand, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Variable:
    refuse_options("np.reshape", {"copy": copy})
    wanted = newshape if shape is None else shape
    if order not in {"C", "A"}:
        # In Fortran's order both are read with their axes reversed.
        extents = wanted if isinstance(wanted, Sequence) else (wanted,)
        return s.transpose(s.reshape(s.transpose(as_variable(x)), tuple(extents)[::-1]))
    return s.reshape(as_variable(x), wanted)


def _ravel(x: Operand, order: str = "C") -> Variable:
    node = as_variable(x)
    return s.ravel(s.transpose(node) if order == "F" else node)


def _transpose(x: Operand, axes: Any = None) -> Variable:
    return s.transpose(as_variable(x), axes)


def _swapaxes(x: Operand, axis1: SupportsIndex, axis2: SupportsIndex) -> Variable:
    node = as_variable(x)
    order = list(range(node.ndim))
    a, b = axis_of(axis1, node.ndim, "np.swapaxes"), axis_of(axis2, node.ndim, "np.swapaxes")
    order[a], order[b] = order[b], order[a]
    return s.transpose(node, order)


def _order_of(function: Callable[..., Any]) -> Callable[..., Variable]:
    """Give a function that permutes axes as NumPy's does, by one TRANSPOSE."""

    def permute(x: Operand, *rest: Any, **options: Any) -> Variable:
        node = as_variable(x)
        # Every extent is another number, so that the shape tells where each axis went.
        try:
            order = function(np.empty(tuple(range(node.ndim)), dtype=np.int8), *rest, **options).shape
        except ValueError as error:
            raise BuildError(f"np.{function.__name__}: {error}") from None
        return s.transpose(node, order)

    return permute


def _matrix_transpose(x: Operand) -> Variable:
    node = as_variable(x)
    if node.ndim < 2:
        raise ShapeError(f"np.matrix_transpose: matrices are expected, not an array of the shape {node.shape}")
    return _swapaxes(node, -1, -2)


def _expand_dims(x: Operand, axis: Any) -> Variable:
    return s.expand_dims(as_variable(x), axis)


def _squeeze(x: Operand, axis: Any = None) -> Variable:
    return s.squeeze(as_variable(x), axis)


def _broadcast_to(x: Operand, shape: Any, subok: bool = False) -> Variable:
    refuse_options("np.broadcast_to", {"subok": subok})
    return s.broadcast_to(as_variable(x), shape)


def _broadcast_arrays(*arrays: Operand, subok: bool = False) -> tuple[Variable, ...]:
    refuse_options("np.broadcast_arrays", {"subok": subok})
    nodes = each_as_variable(arrays)
    try:
        shape = np.broadcast_shapes(*(each.shape for each in nodes))
    except ValueError as error:
        raise ShapeError(f"np.broadcast_arrays: {error}") from None
    return tuple(each if each.shape == shape else s.broadcast_to(each, shape) for each in nodes)


def _atleast(rank: int) -> Callable[..., Any]:
    def function(*arrays: Operand) -> Any:
        lifted = tuple(_at_least_3(each) if rank == 3 else at_least(each, rank) for each in arrays)
        return lifted[0] if len(lifted) == 1 else lifted

    return function


def _at_least_3(x: Operand) -> Part:
    held = settled(x)
    if not isinstance(held, Node):
        return np.atleast_3d(held)
    shape = {0: (1, 1, 1), 1: (1, *held.shape, 1), 2: (*held.shape, 1)}.get(held.ndim)
    return as_variable(held) if shape is None else s.reshape(held, shape)


# ---- order of elements


def _flip(x: Operand, axis: Any = None) -> Variable:
    node = as_variable(x)
    given = range(node.ndim) if axis is None else axis if isinstance(axis, Sequence) else (axis,)
    axes = {axis_of(each, node.ndim, "np.flip") for each in given}
    key = tuple(slice(None, None, -1) if each in axes else slice(None) for each in range(node.ndim))
    return take_key(node, key)


def _rot90(x: Operand, k: int = 1, axes: Any = (0, 1)) -> Variable:
    node, turns = as_variable(x), as_integer(k, "np.rot90: k") % 4
    a, b = (axis_of(each, node.ndim, "np.rot90") for each in axes)
    if turns in {0, 2}:
        return _flip(node, (a, b)) if turns else node
    return _flip(_swapaxes(node, a, b), a if turns == 1 else b)


def _roll(x: Operand, shift: Any, axis: Any = None) -> Variable:
    node = as_variable(x)
    if isinstance(shift, Sequence) or isinstance(axis, Sequence):
        shifts, axes = np.broadcast_arrays(shift, axis)
        for by, along in zip(shifts.ravel().tolist(), axes.ravel().tolist(), strict=True):
            node = s.roll(node, by, along)
        return node
    return s.roll(node, shift, axis)


def _repeat(x: Operand, repeats: Any, axis: SupportsIndex | None = None) -> Variable:
    node = as_variable(x)
    if axis is None:
        node, axis = s.ravel(node), 0
    at = axis_of(axis, node.ndim, "np.repeat")
    return s.gather(node, np.repeat(np.arange(node.shape[at]), repeats), at)


def _tile(x: Operand, reps: Any) -> Variable:
    times = tuple(reps) if isinstance(reps, (Sequence, np.ndarray)) else (reps,)
    counts = tuple(as_integer(each, "np.tile: reps") for each in times)
    node = as_variable(at_least(x, len(counts)))
    counts = (1,) * (node.ndim - len(counts)) + counts
    pairs = [each for count, extent in zip(counts, node.shape, strict=True) for each in (count, extent)]
    lifted = s.reshape(node, [each for extent in node.shape for each in (1, extent)])
    shape = [count * extent for count, extent in zip(counts, node.shape, strict=True)]
    return s.reshape(s.broadcast_to(lifted, pairs), shape)


def _take(
    x: Operand, indices: Any, axis: SupportsIndex | None = None, out: Any = None, mode: str = "raise"
) -> Variable:
    refuse_options("np.take", {"out": out})
    if isinstance(settled(indices), Node):
        raise BuildError("np.take: indices must be known beforehand; to choose by a value write np.where")
    node = as_variable(x)
    if axis is None:
        node, axis = s.ravel(node), 0
    if mode != "raise":
        extent = node.shape[axis_of(axis, node.ndim, "np.take")]
        indices = np.take(np.arange(extent), indices, mode=mode)  # type: ignore[call-overload]
    return s.gather(node, indices, axis)


def _by_places(function: Callable[..., Any]) -> Callable[..., Variable]:
    """Give a function that moves elements as NumPy's does; other arguments must be known."""

    def move(x: Operand, *rest: Any, **options: Any) -> Variable:
        refuse_options(f"np.{function.__name__}", {"out": options.pop("out", None)})
        if any(isinstance(settled(each), Node) for each in (*rest, *options.values())):
            raise BuildError(
                f"np.{function.__name__}: places must be known beforehand; to choose by a value write np.where"
            )
        return moved(function, x, *rest, **options)

    return move


def _selecting(function: Callable[..., Any]) -> Callable[..., Variable]:
    """The same for functions that name the places first, and the array after them."""
    by_places = _by_places(lambda x, condition, *rest, **options: function(condition, x, *rest, **options))

    def move(condition: Any, x: Operand, *rest: Any, **options: Any) -> Variable:
        if isinstance(settled(condition), Node):
            raise BuildError(
                f"np.{function.__name__}: how many elements there are must be known beforehand; write "
                "np.where(condition, x, 0)"
            )
        return by_places(x, condition, *rest, **options)

    return move


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
    return s.concatenate([_at_least_3(part) for part in _items(parts)], 2)


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
    value = options.pop("constant_values", 0)
    refuse_options("np.pad", options)
    if np.ndim(settled(value) if not isinstance(settled(value), Node) else 0):
        raise BuildError("np.pad: constant_values is one number for all sides here")
    places = np.pad(np.arange(node.size).reshape(node.shape), widths, constant_values=-1)
    whole = buffer(np.zeros(places.shape))
    whole[...] = value
    whole[places >= 0] = s.ravel(node)
    return as_variable(whole.settled(), node)


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
        kept = function(np.ones(node.shape[-2:]), k)
        whole = buffer(np.zeros(node.shape))
        mask = np.broadcast_to(kept > 0, node.shape)
        whole[mask] = take_key(node, mask)
        return as_variable(whole.settled(), node)

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


# ---- arrays of one number


def _like(number: float) -> Callable[..., Buffer]:
    def function(
        x: Operand, dtype: Any = None, order: Any = None, subok: Any = None, shape: Any = None, **rest: Any
    ) -> Buffer:
        refuse_options("np.zeros_like", {"dtype": dtype, "order": order, "subok": subok, **rest})
        return buffer(np.full(_extents(x) if shape is None else shape, number))

    return function


def _full_like(
    x: Operand,
    fill_value: Operand,
    dtype: Any = None,
    order: Any = None,
    subok: Any = None,
    shape: Any = None,
    **rest: Any,
) -> Buffer:
    refuse_options("np.full_like", {"dtype": dtype, "order": order, "subok": subok, **rest})
    whole = buffer(np.zeros(_extents(x) if shape is None else shape))
    whole[...] = fill_value
    return whole


def _extents(x: Operand) -> tuple[int, ...]:
    held = settled(x)
    return held.shape if isinstance(held, Node) else as_constant(held, "np").shape


def _resize(x: Operand, new_shape: Any) -> Variable:
    return moved(np.resize, x, new_shape)


def _size(x: Operand, axis: Any = None) -> int:
    return int(np.size(np.empty(_extents(x), dtype=np.bool_), axis)) if axis is not None else math.prod(_extents(x))


def _places_of(name: str) -> Callable[..., NDArray[np.int64]]:
    function = getattr(np, name)
    return lambda x, *rest, **options: function(np.empty(_extents(x)), *rest, **options)


#: How each of them is written into a list.
MOVES: dict[Any, Callable[..., Any]] = {
    np.reshape: _reshape,
    np.ravel: _ravel,
    np.transpose: _transpose,
    np.permute_dims: _transpose,
    np.matrix_transpose: _matrix_transpose,
    np.linalg.matrix_transpose: _matrix_transpose,
    np.swapaxes: _swapaxes,
    np.moveaxis: _order_of(np.moveaxis),
    np.rollaxis: _order_of(np.rollaxis),
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.broadcast_to: _broadcast_to,
    np.broadcast_arrays: _broadcast_arrays,
    np.atleast_1d: _atleast(1),
    np.atleast_2d: _atleast(2),
    np.atleast_3d: _atleast(3),
    np.flip: _flip,
    np.fliplr: lambda m: _flip(m, 1),
    np.flipud: lambda m: _flip(m, 0),
    np.rot90: _rot90,
    np.roll: _roll,
    np.repeat: _repeat,
    np.tile: _tile,
    np.take: _take,
    np.take_along_axis: _by_places(np.take_along_axis),
    np.delete: _by_places(np.delete),
    np.resize: _resize,
    np.diagonal: _by_places(np.diagonal),
    np.linalg.diagonal: _by_places(np.linalg.diagonal),
    np.compress: _selecting(np.compress),
    np.extract: _selecting(np.extract),
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
    np.zeros_like: _like(0.0),
    np.empty_like: _like(0.0),
    np.ones_like: _like(1.0),
    np.full_like: _full_like,
    np.copy: lambda x, *_, **__: buffer(x),
    np.shape: _extents,
    np.ndim: lambda x: len(_extents(x)),
    np.size: _size,
    np.tril_indices_from: _places_of("tril_indices_from"),
    np.triu_indices_from: _places_of("triu_indices_from"),
    np.diag_indices_from: _places_of("diag_indices_from"),
}
if hasattr(np, "unstack"):
    MOVES[np.unstack] = _unstack

"""NumPy's functions that move elements and change shapes."""

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

__all__ = ["MOVES", "Part", "at_least", "at_least_3", "each_as_variable", "moved"]


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
    _check_order("np.reshape", order, as_variable(x))
    if order not in {"C", "A"}:
        # In Fortran's order both are read with their axes reversed.
        extents = wanted if isinstance(wanted, Sequence) else (wanted,)
        return s.transpose(s.reshape(s.transpose(as_variable(x)), tuple(extents)[::-1]))
    return s.reshape(as_variable(x), wanted)


def _ravel(x: Operand, order: str = "C") -> Variable:
    node = as_variable(x)
    _check_order("np.ravel", order, node)
    return s.ravel(s.transpose(node) if order == "F" else node)


def _check_order(what: str, order: str, x: Variable) -> None:
    """Refuse orders of elements that depend on how an array came about, where that makes a difference."""
    if order not in {"C", "F"} and x.ndim > 1:
        raise BuildError(f"{what}: order={order!r} depends on how numbers are stored; C and F can be traced")


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
        lifted = tuple(at_least_3(each) if rank == 3 else at_least(each, rank) for each in arrays)
        return lifted[0] if len(lifted) == 1 else lifted

    return function


def at_least_3(x: Operand) -> Part:
    """Give x with three axes at least, where NumPy puts them."""
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

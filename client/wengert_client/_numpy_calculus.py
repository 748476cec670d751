"""NumPy's differences, integrals, interpolation, polynomials, convolutions and grids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _reductions as r
from wengert_client import _shaping as s
from wengert_client._errors import BuildError, ShapeError
from wengert_client._indexing import take_key
from wengert_client._node import Node, as_constant, as_integer, as_variable, axis_of, settled
from wengert_client._numpy_moves import at_least
from wengert_client._options import is_given, refuse_options

if TYPE_CHECKING:
    from wengert_client._node import Operand
    from wengert_client._variable import Variable

__all__ = ["CALCULUS"]


def _along(x: Any, axis: int, key: Any) -> Any:
    """Take part of one axis."""
    whole = (slice(None),) * axis + (key,)
    return take_key(x, whole) if isinstance(x, Node) else x[whole]


def _part(x: Variable, axis: int, key: slice) -> Variable:
    return take_key(x, (slice(None),) * axis + (key,))


def _rank(x: Any) -> int:
    return x.ndim if isinstance(x, Node) else int(np.ndim(x))


# ---- differences and integrals


def _diff(x: Operand, n: int = 1, axis: SupportsIndex = -1, prepend: Any = None, append: Any = None) -> Variable:
    """Give differences of neighbours, n times: two SLICEs and a SUBTRACT each time."""
    beside = [each for each in (prepend, append) if is_given(each)]
    node = as_variable(x, *beside)
    at = axis_of(axis, node.ndim, "np.diff")
    times = as_integer(n, "np.diff: n")
    if times < 0:
        raise BuildError(f"np.diff: n is {times}; 0 or more are expected")
    ends = [_end(each, node, at) for each in (prepend, append)]
    parts = [*ends[0], node, *ends[1]]
    result: Any = s.concatenate(parts, at) if len(parts) > 1 else node
    for _ in range(times):
        result = e.subtract(_along(result, at, slice(1, None)), _along(result, at, slice(None, -1)))
    return as_variable(result)


def _end(value: Any, node: Variable, axis: int) -> list[Any]:
    """Give what is put before or after an array, as a list of no array or one."""
    if not is_given(value):
        return []
    held = as_variable(value, node)
    return [held if held.ndim else s.broadcast_to(held, (*node.shape[:axis], 1, *node.shape[axis + 1 :]))]


def _ediff1d(x: Operand, to_end: Any = None, to_begin: Any = None) -> Variable:
    node = as_variable(x, *(each for each in (to_end, to_begin) if each is not None))
    inner = _diff(s.ravel(node))
    parts = [s.ravel(as_variable(each, node)) if each is not None else None for each in (to_begin, to_end)]
    joined = [each for each in (parts[0], inner, parts[1]) if each is not None]
    return s.concatenate(joined) if len(joined) > 1 else inner


def _trapezoid(y: Operand, x: Any = None, dx: Any = 1.0, axis: SupportsIndex = -1) -> Variable:
    node = as_variable(y, dx if x is None else x)
    at = axis_of(axis, node.ndim, "np.trapezoid")
    steps = settled(dx) if x is None else _steps(x, node, at)
    halves = e.add(_along(node, at, slice(1, None)), _along(node, at, slice(None, -1)))
    if isinstance(steps, Node) or np.ndim(steps):
        return r.total(e.multiply(e.multiply(steps, halves), 0.5), at)
    return e.multiply(r.total(halves, at), e.multiply(steps, 0.5) if isinstance(steps, Node) else 0.5 * float(steps))


def _steps(x: Operand, node: Variable, axis: int) -> Any:
    """Give distances of neighbours, along the axis of the array that is integrated."""
    held = settled(x)
    grid = held if isinstance(held, Node) else as_constant(held, "np.trapezoid: x")
    if _rank(grid) == 1:
        apart = _diff(grid) if isinstance(grid, Node) else np.diff(grid)
        return apart.reshape([-1 if k == axis else 1 for k in range(node.ndim)])
    return _diff(grid, axis=axis) if isinstance(grid, Node) else np.diff(grid, axis=axis)


def _gradient(f: Operand, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    node = as_variable(f, *varargs)
    given = range(node.ndim) if axis is None else axis if isinstance(axis, Sequence) else (axis,)
    axes = [axis_of(each, node.ndim, "np.gradient") for each in given]
    spacings = [*(varargs or (1.0,))] * (len(axes) if len(varargs) <= 1 else 1)
    if len(spacings) != len(axes):
        raise BuildError(f"np.gradient: {len(varargs)} spacings are given for {len(axes)} axes")
    found = [_gradient_along(node, each, settled(by), edge_order) for each, by in zip(axes, spacings, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _gradient_along(f: Variable, axis: int, spacing: Any, edge_order: int) -> Variable:
    extent = f.shape[axis]
    if extent < edge_order + 1:
        raise ShapeError(f"np.gradient: {extent} elements along axis {axis} are too few")
    apart = _apart(spacing, f, axis)
    before, after = _along(apart, axis, slice(None, -1)), _along(apart, axis, slice(1, None))
    low, mid, high = (_along(f, axis, slice(k, extent - 2 + k)) for k in range(3))
    parts: list[Any] = []
    if extent > 2:
        both = before * after * (before + after)
        inner = e.add(
            e.multiply(e.subtract(high, mid), before * before / both),
            e.multiply(e.subtract(mid, low), after * after / both),
        )
        parts.append(inner)
    first, last = (_edge(f, apart, axis, edge_order, last=each) for each in (False, True))
    return s.concatenate([first, *parts, last], axis)


def _apart(spacing: Any, f: Variable, axis: int) -> Any:
    """Give the distances of neighbours, an axis for each of f's."""
    shape = [f.shape[k] - 1 if k == axis else 1 for k in range(f.ndim)]
    if isinstance(spacing, Node):
        if spacing.ndim == 0:
            return s.broadcast_to(as_variable(spacing), shape)
        return s.reshape(_diff(spacing), shape)
    grid = as_constant(spacing, "np.gradient: spacing")
    return np.full(shape, grid) if grid.ndim == 0 else np.diff(grid).reshape(shape)


def _edge(f: Variable, apart: Any, axis: int, order: int, *, last: bool) -> Variable:
    """Give the derivative at an end, of first or second order."""

    def at(x: Any, place: int) -> Any:
        where = slice(-1 - place, None if place == 0 else -place) if last else slice(place, place + 1)
        return _along(x, axis, where)

    sign = -1.0 if last else 1.0
    near = at(apart, 0)
    slope = e.divide(e.multiply(e.subtract(at(f, 1), at(f, 0)), sign), near)
    if order == 1:
        return slope
    far = at(apart, 1)
    further = e.divide(e.multiply(e.subtract(at(f, 2), at(f, 1)), sign), far)
    return e.subtract(slope, e.multiply(e.subtract(further, slope), near / (near + far)))


# ---- interpolation


def _interp(x: Operand, xp: Operand, fp: Operand, left: Any = None, right: Any = None, period: Any = None) -> Variable:
    """Give ``numpy.interp``: a sum of what each interval adds, which is constant outside of it."""
    if period is not None:
        raise BuildError(
            "np.interp: period= cannot be traced; write np.interp(x % period, ...) with a grid that covers it"
        )
    beside = [each for each in (left, right) if each is not None]
    at = as_variable(x, xp, fp, *beside)
    grid, values = (
        each if isinstance(each, Node) else as_constant(each, "np.interp") for each in map(settled, (xp, fp))
    )
    if _rank(grid) != 1 or grid.shape != values.shape or not grid.shape[0]:
        raise ShapeError(f"np.interp: xp and fp are vectors of one length, not {grid.shape} and {values.shape}")
    _check_table(grid, values)
    if grid.shape[0] > 1:
        low, high = _along(grid, 0, slice(None, -1)), _along(grid, 0, slice(1, None))
        slopes = (_along(values, 0, slice(1, None)) - _along(values, 0, slice(None, -1))) / (high - low)
        inside = e.subtract(e.minimum(e.maximum(s.expand_dims(at, -1), low), high), low)
        found = e.add(r.total(e.multiply(inside, slopes), -1), _along(values, 0, 0))
    else:
        # The value for whatever x is, NaN included, as NumPy has it.
        found = e.select(e.equal(at, at), _along(values, 0, 0), _along(values, 0, 0))
    if left is not None:
        found = e.select(e.less(at, _along(grid, 0, 0)), left, found)
    return found if right is None else e.select(e.less(_along(grid, 0, -1), at), right, found)


def _check_table(grid: Any, values: Any) -> None:
    """Refuse known tables for which the sum over intervals is not what NumPy gives."""
    if not isinstance(grid, Node) and not (np.all(np.isfinite(grid)) and np.all(np.diff(grid) > 0)):
        raise BuildError("np.interp: xp must increase, without two that are equal, to be traced; for a step np.where")
    if not isinstance(values, Node) and not np.all(np.isfinite(values)):
        raise BuildError("np.interp: fp must be finite to be traced; choose other values by np.where")


# ---- polynomials, as NumPy's functions take them: the highest power first


def _polyval(p: Operand, x: Operand) -> Variable:
    as_variable(p, x)
    coefficients, at = settled(p), settled(x)
    whole: Any = 0.0
    for k in range(np.shape(coefficients)[0]):
        coefficient = coefficients[k]
        whole = coefficient if k == 0 else whole * at + coefficient
    shape = at.shape if isinstance(at, Node) else np.shape(at)
    found = as_variable(whole, *(each for each in (coefficients, at) if isinstance(each, Node)))
    return found if found.shape == shape else s.broadcast_to(found, shape)


def _vector(p: Operand, *beside: Operand) -> Variable:
    node = as_variable(p, *beside)
    return node if node.ndim else s.reshape(node, (1,))


def _polyadd(a1: Operand, a2: Operand) -> Variable:
    a, b = _vector(a1, a2), _vector(a2, a1)
    length = max(a.size, b.size)
    return e.add(_in_front(a, length), _in_front(b, length))


def _polysub(a1: Operand, a2: Operand) -> Variable:
    a, b = _vector(a1, a2), _vector(a2, a1)
    length = max(a.size, b.size)
    return e.subtract(_in_front(a, length), _in_front(b, length))


def _in_front(p: Variable, length: int) -> Variable:
    return p if p.size == length else s.concatenate([np.zeros(length - p.size), p])


def _polyder(p: Operand, m: int = 1) -> Variable:
    found = _vector(p)
    for _ in range(m):
        powers = np.arange(found.size - 1.0, 0.0, -1.0)
        found = e.multiply(_along(found, 0, slice(None, -1)), powers)
    return found


def _polyint(p: Operand, m: int = 1, k: Any = None) -> Variable:
    found = _vector(p)
    constants = [0.0] * m if k is None else [k] * m if _rank(settled(k)) == 0 else list(k)
    constants = constants * m if len(constants) == 1 else constants
    for constant in constants:
        divided = e.divide(found, np.arange(float(found.size), 0.0, -1.0))
        found = s.concatenate([divided, s.reshape(as_variable(constant, found), (1,))])
    return found


def _vander(x: Operand, N: Any = None, increasing: bool = False) -> Variable:
    node = as_variable(x)
    if node.ndim != 1:
        raise ShapeError(f"np.vander: a vector is expected, not an array of the shape {node.shape}")
    powers = range(node.size if N is None else as_integer(N, "np.vander: N"))
    columns = [e.integer_power(node, power) for power in (powers if increasing else reversed(powers))]
    return s.stack(columns, 1)


# ---- convolutions


def _convolve(a: Operand, v: Operand, mode: str = "full") -> Variable:
    """Give ``numpy.convolve``: all products, a row moved by one against the next, and their sums."""
    x, y = as_variable(a, v), as_variable(v, a)
    if x.ndim != 1 or y.ndim != 1 or not x.size or not y.size:
        raise ShapeError(f"np.convolve: vectors with elements are expected, not the shapes {x.shape} and {y.shape}")
    n, m = x.size, y.size
    products = r.outer(x, y)
    apart = s.ravel(s.concatenate([products, np.zeros((n, n))], 1))
    rows = s.reshape(_along(apart, 0, slice(None, n * (n + m - 1))), (n, n + m - 1))
    return _of_mode(r.total(rows, 0), n, m, mode)


def _of_mode(full: Variable, n: int, m: int, mode: str) -> Variable:
    if mode == "full":
        return full
    short = min(n, m)
    if mode == "same":
        start = (short - 1) // 2
        return _part(full, 0, slice(start, start + max(n, m)))
    if mode == "valid":
        return _part(full, 0, slice(short - 1, max(n, m)))
    raise BuildError(f"np.convolve: mode={mode!r}; full, same and valid can be traced")


def _correlate(a: Operand, v: Operand, mode: str = "valid") -> Variable:
    x, y = as_variable(a, v), as_variable(v, a)
    if mode != "same" or x.size >= y.size:
        return _convolve(x, _part(y, 0, slice(None, None, -1)), mode)
    # NumPy takes the longer one first, and turns the result around.
    return _part(_convolve(y, _part(x, 0, slice(None, None, -1)), mode), 0, slice(None, None, -1))


# ---- grids


def _linspace(
    start: Operand,
    stop: Operand,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: SupportsIndex = 0,
    **rest: Any,
) -> Any:
    refuse_options("np.linspace", {"dtype": dtype, **rest})
    count = as_integer(num, "np.linspace: num")
    first, last = as_variable(start, stop), as_variable(stop, start)
    intervals = count - 1 if endpoint else count
    width = e.subtract(last, first)
    shape = (count, *(1 for _ in range(width.ndim)))
    shares = (np.arange(count) / max(intervals, 1)).reshape(shape)
    found = e.add(e.multiply(s.expand_dims(width, 0) if width.ndim else width, shares), first)
    if endpoint and count > 1:
        # The last one is exact, as NumPy's is.
        exact = s.expand_dims(s.broadcast_to(last, width.shape), 0)
        found = s.concatenate([_along(found, 0, slice(None, -1)), exact], 0)
    if width.ndim:
        to = axis_of(axis, found.ndim, "np.linspace")
        order = list(range(1, found.ndim))
        order.insert(to, 0)
        found = s.transpose(found, order)
    return (found, e.divide(width, float(intervals) if intervals else np.nan)) if retstep else found


def _logspace(
    start: Operand,
    stop: Operand,
    num: Any = 50,
    endpoint: bool = True,
    base: Operand = 10.0,
    dtype: Any = None,
    axis: SupportsIndex = 0,
) -> Variable:
    given = (start, stop, base)
    rank = max(_rank(settled(each)) for each in given) if _rank(settled(base)) else 0
    if rank:
        # Bases stand beside the ends, along the same axes.
        start, stop, base = (at_least(each, rank) for each in given)
        base = s.expand_dims(base, axis) if isinstance(base, Node) else np.expand_dims(base, axis)
    first = as_variable(start, *given)
    return e.power(base, _linspace(first, stop, num, endpoint, dtype=dtype, axis=axis))


def _geomspace(
    start: Operand, stop: Operand, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: SupportsIndex = 0
) -> Variable:
    first, last = as_variable(start, stop), as_variable(stop, start)
    ends = [e.log(e.absolute(each)) for each in (first, last)]
    return e.multiply(e.sign(first), e.exp(_linspace(ends[0], ends[1], num, endpoint, dtype=dtype, axis=axis)))


#: How each of them is written into a list.
CALCULUS: dict[Any, Callable[..., Any]] = {
    np.diff: _diff,
    np.ediff1d: _ediff1d,
    np.trapezoid: _trapezoid,
    np.gradient: _gradient,
    np.interp: _interp,
    np.polyval: _polyval,
    np.polyadd: _polyadd,
    np.polysub: _polysub,
    np.polymul: lambda a1, a2: _convolve(_vector(a1, a2), _vector(a2, a1)),
    np.polyder: _polyder,
    np.polyint: _polyint,
    np.vander: _vander,
    np.convolve: _convolve,
    np.correlate: _correlate,
    np.linspace: _linspace,
    np.logspace: _logspace,
    np.geomspace: _geomspace,
}

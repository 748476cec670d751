"""The primitives that look at whole arrays, element by element: shape, reduction, MATMUL.

A rule gives the result and the *entries* of its Jacobian: (element of the result, number of the
argument, element of that argument, partial derivative), elements counted row-major.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from mpmath import mp, mpf

from tests.reference_numbers import INFINITY, NAN, ONE, ZERO, Real, safe_product

Array = npt.NDArray[np.object_]
Entry = tuple[int, int, int, Real]
ArrayResult = tuple[Array, list[Entry]]
ArrayRule = Callable[[Sequence[Array], Sequence[int]], ArrayResult]


def array(values: Sequence[Real], shape: Sequence[int]) -> Array:
    """Return an object array; NumPy's own constructor would look into its elements."""
    result = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        result[i] = value
    return result.reshape(tuple(shape))


def numbering(shape: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return an array of this shape that holds each element's row-major number."""
    return np.arange(int(np.prod(tuple(shape), dtype=np.int64))).reshape(tuple(shape))


def _pick(x: Array, elements: npt.NDArray[np.int64]) -> ArrayResult:
    """Return x's elements in another arrangement; each result element copies one of x."""
    flat = x.ravel()
    result = array([flat[i] for i in elements.ravel()], elements.shape)
    return result, [(r, 0, int(i), ONE) for r, i in enumerate(elements.ravel())]


def _reshape(args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
    return _pick(args[0], numbering(args[0].shape).reshape(tuple(parameters[1:])))


def _broadcast(args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
    return _pick(args[0], np.broadcast_to(numbering(args[0].shape), tuple(parameters[1:])))


def _transpose(args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
    return _pick(args[0], numbering(args[0].shape).transpose(tuple(parameters[1:])))


def _slice(args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
    elements = numbering(args[0].shape)
    for axis in range(parameters[0]):
        start, count, step = parameters[1 + 3 * axis : 4 + 3 * axis]
        chosen = np.array([start + i * step for i in range(count)], dtype=np.int64)
        elements = np.take(elements, chosen, axis=axis)
    return _pick(args[0], elements)


def _indices(parameters: Sequence[int]) -> tuple[int, npt.NDArray[np.int64]]:
    axis, rank = parameters[:2]
    shape = tuple(parameters[2 : 2 + rank])
    return axis, np.array(parameters[2 + rank :], dtype=np.int64).reshape(shape)


def _gather(args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
    axis, indices = _indices(parameters)
    return _pick(args[0], np.take(numbering(args[0].shape), indices, axis=axis))


def _scatter_add(args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
    base, updates = args
    axis, indices = _indices(parameters)
    targets = np.take(numbering(base.shape), indices, axis=axis).ravel()
    flat = list(base.ravel())
    entries = [(i, 0, i, ONE) for i in range(len(flat))]
    for update, (target, value) in enumerate(zip(targets, updates.ravel(), strict=True)):
        flat[target] = flat[target] + value
        entries.append((int(target), 1, update, ONE))
    return array(flat, base.shape), entries


def _concatenate(args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
    offsets = np.cumsum([0] + [part.size for part in args])
    numbered = [numbering(p.shape) + o for p, o in zip(args, offsets[:-1], strict=True)]
    elements = np.concatenate(numbered, axis=parameters[0])
    everything = [value for part in args for value in part.ravel()]
    result, entries = _pick(array(everything, (len(everything),)), elements)
    owner = [k for k, part in enumerate(args) for _ in range(part.size)]
    return result, [(r, owner[i], i - int(offsets[owner[i]]), one) for r, _, i, one in entries]


def _groups(shape: Sequence[int], parameters: Sequence[int]) -> tuple[tuple[int, ...], list[list[int]]]:
    """Return a reduction's result shape and, per result element, the elements it runs over."""
    keep, count = parameters[:2]
    axes = list(parameters[2 : 2 + count])
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    moved = numbering(shape).transpose(kept + axes)
    rows = int(np.prod([shape[axis] for axis in kept], dtype=np.int64))
    width = int(np.prod([shape[axis] for axis in axes], dtype=np.int64))
    groups = [[int(i) for i in row] for row in moved.reshape(rows, width)]
    if keep:
        return tuple(1 if axis in axes else shape[axis] for axis in range(len(shape))), groups
    return tuple(shape[axis] for axis in kept), groups


def _reduction(reduce: Callable[[list[Real]], tuple[Real, list[Real]]]) -> ArrayRule:
    def rule(args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
        shape, groups = _groups(args[0].shape, parameters)
        flat = args[0].ravel()
        values: list[Real] = []
        entries: list[Entry] = []
        for r, group in enumerate(groups):
            value, partials = reduce([flat[i] for i in group])
            values.append(value)
            entries.extend((r, 0, i, p) for i, p in zip(group, partials, strict=True))
        return array(values, shape), entries

    return rule


def _total(values: list[Real]) -> tuple[Real, list[Real]]:
    total = ZERO
    for value in values:
        total = total + value
    return total, [ONE] * len(values)


def _product_of(values: list[Real]) -> Real:
    result = ONE
    for value in values:
        result = result * value
    return result


def _product(values: list[Real]) -> tuple[Real, list[Real]]:
    """The partial by one factor is the product of all the others: exact beside zeros."""
    others = [_product_of(values[:i] + values[i + 1 :]) for i in range(len(values))]
    return _product_of(values), others


def _extreme(sign: Real) -> Callable[[list[Real]], tuple[Real, list[Real]]]:
    def reduce(values: list[Real]) -> tuple[Real, list[Real]]:
        if any(value.nan for value in values):
            return NAN, [NAN] * len(values)
        best = values[0]
        for value in values[1:]:
            best = value if best * sign < value * sign else best
        share = ONE / Real(float(sum(value == best for value in values)))
        return best, [share if value == best else ZERO for value in values]

    return reduce


def _logsumexp(values: list[Real]) -> tuple[Real, list[Real]]:
    if any(value.nan for value in values):
        return NAN, [NAN] * len(values)
    infinite = sum(value == INFINITY for value in values)
    if infinite:
        share = ONE / Real(float(infinite))
        return INFINITY, [share if value == INFINITY else ZERO for value in values]
    finite = [mpf(value.value) for value in values if not value.infinite]
    if not finite:
        return -INFINITY, [ZERO] * len(values)
    total = Real(mp.log(mp.fsum(mp.exp(x) for x in finite)))
    shares = [ZERO if x.infinite else Real(mp.exp((x - total).value)) for x in values]
    return total, shares


def _matmul_terms(a: Array, b: Array) -> Iterator[tuple[int, int, int]]:
    """Yield (result element, element of a, element of b) for every product in ``a @ b``."""
    left = numbering(a.shape) if a.ndim == 2 else numbering(a.shape)[np.newaxis, :]
    right = numbering(b.shape) if b.ndim == 2 else numbering(b.shape)[:, np.newaxis]
    for i in range(left.shape[0]):
        for j in range(right.shape[1]):
            for k in range(left.shape[1]):
                yield i * right.shape[1] + j, int(left[i, k]), int(right[k, j])


def _matmul(times: Callable[[Real, Real], Real]) -> ArrayRule:
    def rule(args: Sequence[Array], _parameters: Sequence[int]) -> ArrayResult:
        a, b = args
        shape = np.matmul(np.zeros(a.shape), np.zeros(b.shape)).shape
        values = [ZERO] * int(np.prod(shape, dtype=np.int64))
        entries: list[Entry] = []
        x, y = a.ravel(), b.ravel()
        for r, i, j in _matmul_terms(a, b):
            values[r] = values[r] + times(x[i], y[j])
            entries += [(r, 0, i, y[j]), (r, 1, j, x[i])]
        return array(values, shape), entries

    return rule


ARRAYWISE: dict[str, ArrayRule] = {
    "RESHAPE": _reshape,
    "BROADCAST": _broadcast,
    "TRANSPOSE": _transpose,
    "SLICE": _slice,
    "CONCATENATE": _concatenate,
    "GATHER": _gather,
    "SCATTER_ADD": _scatter_add,
    "SUM": _reduction(_total),
    "PROD": _reduction(_product),
    "MAX": _reduction(_extreme(ONE)),
    "MIN": _reduction(_extreme(-ONE)),
    "LOGSUMEXP": _reduction(_logsumexp),
    "MATMUL": _matmul(lambda x, y: x * y),
    "ZERO_SAFE_MATMUL": _matmul(safe_product),
}

"""Sums of products, as ``numpy.einsum`` names them: a MATMUL wherever two arrays share no axis that stays.

An array is known by the labels of its axes. Two arrays at a time are contracted, from left to right.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from wengert_client import _elementwise as e
from wengert_client import _reductions as r
from wengert_client import _shaping as s
from wengert_client._errors import ShapeError

if TYPE_CHECKING:
    from wengert_client._columns import Shape
    from wengert_client._variable import Variable

    Labels: TypeAlias = tuple[Hashable, ...]

__all__ = ["Labelled", "contract"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """An array, and a label for each of its axes."""

    array: Variable
    labels: Labels

    def extent(self, label: Hashable) -> int:
        """Give the extent of a label; 1 where it has none."""
        return self.array.shape[self.labels.index(label)] if label in self.labels else 1

    def extents(self, labels: Sequence[Hashable]) -> Shape:
        """Give the extents of labels."""
        return tuple(self.extent(each) for each in labels)

    def ordered(self, labels: Sequence[Hashable]) -> Variable:
        """Give the array with its axes in the order of labels, of which it has all."""
        order = [self.labels.index(each) for each in labels]
        return self.array if order == list(range(len(order))) else s.transpose(self.array, order)


def contract(operands: Sequence[Labelled], output: Labels) -> Variable:
    """Multiply arrays, and sum over the labels that the output has not.

    Parameters
    ----------
    operands
        One or more arrays; axes of one label have one extent, or 1.
    output
        Labels of the result, each once.
    """
    extents = _extents(operands)
    left = [_simple(each, extents) for each in operands]
    first = left.pop(0)
    while left:
        second = left.pop(0)
        kept = set(output).union(*(each.labels for each in left))
        first = _product(_summed(first, kept | set(second.labels)), _summed(second, kept | set(first.labels)), kept)
    return _summed(first, set(output)).ordered(output)


def _extents(operands: Sequence[Labelled]) -> dict[Hashable, int]:
    extents: dict[Hashable, int] = {}
    for each in operands:
        for label, extent in zip(each.labels, each.array.shape, strict=True):
            known = extents.setdefault(label, extent)
            if 1 not in {known, extent} and known != extent:
                raise ShapeError(f"axes called {label!r} have the extents {known} and {extent}")
            extents[label] = extent if known == 1 else known
    return extents


def _simple(operand: Labelled, extents: dict[Hashable, int]) -> Labelled:
    """Take the diagonal of labels that stand twice, and leave out axes of extent 1 that repeat along others."""
    array, labels = operand.array, operand.labels
    if len(set(labels)) != len(labels):
        array, labels = _diagonal(array, labels)
    kept = [k for k, each in enumerate(labels) if array.shape[k] == extents[each]]
    if len(kept) < len(labels):
        array = s.reshape(array, [array.shape[k] for k in kept])
        labels = tuple(labels[k] for k in kept)
    return Labelled(array, labels)


def _diagonal(array: Variable, labels: Labels) -> tuple[Variable, Labels]:
    """Give the elements at equal places along axes of one label."""
    unique = tuple(dict.fromkeys(labels))
    extents = [min(array.shape[k] for k, each in enumerate(labels) if each == label) for label in unique]
    grid = np.indices(extents, sparse=True) if extents else ()
    strides = np.cumprod([1, *array.shape[:0:-1]])[::-1]
    places = np.zeros(extents, dtype=np.int64)
    for k, label in enumerate(labels):
        if array.shape[k] != 1:
            places = places + grid[unique.index(label)] * strides[k]
    return s.gather(s.ravel(array), places), unique


def _summed(operand: Labelled, kept: set[Hashable]) -> Labelled:
    """Sum over the labels that nobody needs any more."""
    gone = [k for k, each in enumerate(operand.labels) if each not in kept]
    if not gone:
        return operand
    return Labelled(r.total(operand.array, gone), tuple(each for each in operand.labels if each in kept))


def _product(a: Labelled, b: Labelled, kept: set[Hashable]) -> Labelled:
    """Multiply two arrays, and sum over what both have and nobody needs any more."""
    shared = [each for each in a.labels if each in b.labels]
    summed = [each for each in shared if each not in kept]
    together = [each for each in shared if each in kept]
    only_a = [each for each in a.labels if each not in shared]
    only_b = [each for each in b.labels if each not in shared]
    labels = (*together, *only_a, *only_b)
    if summed and not together:
        return Labelled(_matrix_product(a, b, only_a, only_b, summed), labels)
    inner = (*labels, *summed)
    product = e.multiply(_spread(a, inner), _spread(b, inner))
    return Labelled(r.total(product, range(len(labels), len(inner))) if summed else product, labels)


def _matrix_product(
    a: Labelled, b: Labelled, rows: Sequence[Hashable], columns: Sequence[Hashable], summed: Sequence[Hashable]
) -> Variable:
    length = math.prod(a.extents(summed))
    left = _shaped(a.ordered([*rows, *summed]), (*([math.prod(a.extents(rows))] if rows else []), length))
    right = _shaped(b.ordered([*summed, *columns]), (length, *([math.prod(b.extents(columns))] if columns else [])))
    return _shaped(r.matmul(left, right), (*a.extents(rows), *b.extents(columns)))


def _spread(operand: Labelled, labels: Sequence[Hashable]) -> Variable:
    """Give an array with an axis for each label, of extent 1 where it has none."""
    array = operand.ordered([each for each in labels if each in operand.labels])
    return _shaped(array, operand.extents(labels))


def _shaped(x: Variable, shape: Shape) -> Variable:
    return x if x.shape == shape else s.reshape(x, shape)

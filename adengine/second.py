"""Second derivatives, list to list: the transformations applied twice.

The *gradient list* is the adjoint list whose cotangents became ordinary inputs, the weights w of the outputs: f, and
the gradient of the sum of w_i f_i. Its dual list, forward over reverse, gives the products of the Hessian with
directions (Griewank and Walther, ch. 5): f, the gradient and what they share are computed once, whatever the number of
directions. Its Jacobian list gives the entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adengine.adjoint import adjoint
from adengine.dual import dual
from adengine.elements import NoList
from adengine.graph import FlatList, Graph, finish
from adengine.jacobian_list import jacobian_list
from adengine.triangles import lower_triangle, mirrored
from adengine.unions import Pattern

_NO_INDEX = np.zeros(0, np.int32)


def gradient_list(source: FlatList, with_respect_to: Sequence[int], *, weighted: bool) -> FlatList:
    """The gradient list of a selection: f, and the gradient of the weighted sum of its outputs.

    Parameters
    ----------
    source : FlatList
    with_respect_to : sequence of int
        Numbers of the inputs to differentiate by, each once.
    weighted : bool
        Whether the weights are inputs. Else f has one element in all, whose weight is 1: no product with it is made.

    Returns
    -------
    FlatList
        Inputs: those of the source; if weighted, then the weights of each output. Outputs, all of them results: those
        of the source, then the gradient by each selected input.
    """
    flat = adjoint(source, with_respect_to, of_one=not weighted)
    return flat._replace(seeds=0, results=len(flat.outputs))


def tangents_of(gradient: FlatList, with_respect_to: Sequence[int]) -> FlatList:
    """The list of f, the gradient and a product of the Hessian with a direction.

    Inputs: those of the gradient list, then a tangent per selected input. Results: those of the gradient list.
    Derivatives: a part of the product for each selected input.
    """
    flat = dual(gradient, with_respect_to)
    own = len(gradient.outputs)
    values = own - len(with_respect_to)
    wanted = np.r_[0:own, own + values : 2 * own]  # without the tangents of f
    parts = (flat.arrays, flat.inputs, flat.input_sizes, flat.seeds)
    return finish(_graph_of(flat), *parts, flat.outputs[wanted], flat.output_sizes[wanted], own)


def _graph_of(flat: FlatList) -> Graph:
    """A finished list as a graph that nothing is appended to."""
    used = np.array([len(flat.rows), len(flat.pool), len(flat.starts) - 1, 0, 0], np.int64)
    return Graph(flat.rows, np.zeros(0, np.uint8), _NO_INDEX, flat.pool, flat.starts, _NO_INDEX, used)


def hessian_list(
    gradient: FlatList, with_respect_to: Sequence[int], pattern: Pattern, most_rows: int
) -> FlatList | NoList:
    """The list of f, the gradient and each entry of the Hessian, unless it would be too long or does not exist.

    Parameters
    ----------
    gradient : FlatList
        The gradient list.
    with_respect_to : sequence of int
    pattern : Pattern
        Of the Hessian, symmetric.
    most_rows : int
        Rows that the list may take while it is built.
    """
    own = len(gradient.outputs)
    lower = lower_triangle(pattern)
    elements = int(gradient.output_sizes[: own - len(with_respect_to)].sum())
    above = Pattern(
        (elements + pattern.shape[0], pattern.shape[1]), np.r_[np.zeros(elements, np.int64), lower.starts], lower.column
    )
    flat = jacobian_list(gradient, with_respect_to, above, most_rows)
    if isinstance(flat, NoList):
        return flat
    number = entry_below(pattern)
    outputs = np.concatenate([flat.outputs[:own], flat.outputs[own:][number]])
    sizes = np.concatenate([flat.output_sizes[:own], np.ones(pattern.nnz, np.int64)])
    return flat._replace(outputs=outputs, output_sizes=sizes)


def entry_below(pattern: Pattern) -> NDArray[np.int64]:
    """For each entry of a symmetric pattern the number, in its lower triangle, of it or of its mirror image."""
    below = pattern.column <= pattern.row
    number = np.cumsum(below) - 1
    return np.where(below, number, number[mirrored(pattern)])

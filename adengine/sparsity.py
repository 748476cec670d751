"""Which entries of a Jacobian or a Hessian can be other than zero: the structural pattern.

It depends on the list, the selected outputs and inputs only, and holds every entry that any point can make nonzero or
NaN: an entry is outside only where no chain of statements with a partial derivative leads from the input to the output.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adengine.adjoint import adjoint
from adengine.dependencies import dependencies
from adengine.graph import FlatList
from adengine.limits import Limits
from adengine.unions import Pattern, members


def jacobian_pattern(source: FlatList, with_respect_to: Sequence[int], limits: Limits) -> Pattern:
    """Where J[i, j] = df_i/dx_j may be other than zero, for the outputs of a list and the selected inputs in order.

    Raises
    ------
    LimitExceeded
        Where it has more than ``limits.pattern_entries`` entries.
    """
    unions = dependencies(source, with_respect_to, limits.call_bytes)
    return members(unions, limits.pattern_entries)


def hessian_pattern(source: FlatList, with_respect_to: Sequence[int], limits: Limits) -> Pattern:
    """Where the second derivatives of any weighted sum of the outputs may be other than zero; symmetric.

    It is the pattern of the Jacobian of the gradient list, so it is exact for what the engine computes.

    Raises
    ------
    LimitExceeded
        As :func:`jacobian_pattern`.
    """
    derivative = adjoint(source, with_respect_to)
    first = derivative.results
    gradient = derivative._replace(
        outputs=derivative.outputs[first:].copy(), output_sizes=derivative.output_sizes[first:].copy(), seeds=0
    )
    return _symmetric(jacobian_pattern(gradient, with_respect_to, limits))


def _symmetric(pattern: Pattern) -> Pattern:
    """The pattern and its transpose in one."""
    other = pattern.transposed()
    if np.array_equal(pattern.starts, other.starts) and np.array_equal(pattern.column, other.column):
        return pattern
    n = pattern.shape[0]
    keys = np.union1d(*(each.row.astype(np.int64) * n + each.column for each in (pattern, other)))
    starts = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(keys // n, minlength=n), out=starts[1:])
    return Pattern(pattern.shape, starts, (keys % n).astype(np.int32))

"""A Jacobian that is never made whole, as SciPy's ``LinearOperator``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client._errors import MissingDependency
from wengert_client._signature import as_floats, refuse
from wengert_client._variables import selected, size_of

try:
    from scipy.sparse.linalg import LinearOperator
except ImportError as error:
    raise MissingDependency("this is for SciPy, which is not installed: pip install 'wengert[scipy]'") from error

if TYPE_CHECKING:
    from wengert_client._asking import Named, Points
    from wengert_client._function import Function
    from wengert_client._preparation import Names
    from wengert_client._results import Floats

__all__ = ["linear_operator"]


def linear_operator(
    function: Function,
    x: Points,
    *,
    shared: Named | None = None,
    outputs: Names | None = None,
    with_respect_to: Names | None = None,
) -> Any:
    """Give J at x as a ``scipy.sparse.linalg.LinearOperator``, which is never made whole.

    Its products are sweeps: ``matvec`` J u, ``rmatvec`` J^T v, ``matmat`` and ``rmatmat`` all columns in one call.

    Parameters
    ----------
    function
        The function.
    x
        One point, as the calls of the function take it: a vector, or a mapping of names.
    shared, outputs, with_respect_to
        As in the calls.

    Returns
    -------
    J : scipy.sparse.linalg.LinearOperator, shape (m, n_w), dtype float64
    """
    at: Any = _copied(function, x)
    options: dict[str, Any] = {"shared": shared, "outputs": outputs, "with_respect_to": with_respect_to}

    def forward(directions: Floats) -> Floats:
        return function.jvp(at, directions, **options)

    def reverse(directions: Floats) -> Floats:
        return function.vjp(at, directions, **options)

    # An answer tells how many inputs are differentiated by, and now rather than within a solver what is wrong.
    m = size_of(function, selected(function, outputs))
    n = reverse(np.zeros(m)).shape[-1]
    made: Any = LinearOperator  # One of its own subclasses, in fact.
    return made(
        (m, n),
        matvec=lambda u: _product(forward, u, n)[:, 0],
        rmatvec=lambda v: _product(reverse, v, m)[:, 0],
        matmat=lambda u: _product(forward, u, n),
        rmatmat=lambda v: _product(reverse, v, m),
        dtype=np.float64,
    )


def _product(run: Any, columns: Any, size: int) -> Any:
    """Give the products with columns (size, k), or with one, shape (k', k); of complex ones both parts."""
    array: Any = np.asarray(columns).reshape(size, -1)
    if np.iscomplexobj(array):
        both = _product(run, np.hstack([array.real, array.imag]), size)
        return both[:, : array.shape[1]] + 1j * both[:, array.shape[1] :]
    return np.ascontiguousarray(run(np.ascontiguousarray(array.T)).T)


def _copied(function: Function, x: Points) -> Floats | dict[str, Floats]:
    """Give a point that nobody else can change."""
    if isinstance(x, Mapping):
        return {name: as_floats(value, name).copy() for name, value in function.arrays_of(x).items()}
    vector = as_floats(x, "x").copy()
    if vector.ndim > 1:
        refuse("INVALID_POINTS", "points", f"an operator is of one point, shape (n,), not of the shape {vector.shape}")
    return vector

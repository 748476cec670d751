"""What NumPy's functions of whole arrays, and the methods of its ufuncs, do with variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from wengert_client import _reductions as r
from wengert_client import _shaping as s
from wengert_client._errors import BuildError
from wengert_client._node import as_variable, axis_of
from wengert_client._numpy_calculus import CALCULUS
from wengert_client._numpy_choices import CHOICES, clip
from wengert_client._numpy_joins import JOINS
from wengert_client._numpy_linalg import LINEAR_ALGEBRA
from wengert_client._numpy_moves import MOVES
from wengert_client._numpy_products import PRODUCTS, VECTOR_UFUNCS
from wengert_client._numpy_refused import refusal
from wengert_client._numpy_statistics import STATISTICS, is_all, is_any, largest, prod, running, smallest, total
from wengert_client._options import is_given, refuse_options
from wengert_client._special import SPECIAL
from wengert_client._ufuncs import UFUNCS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


__all__ = ["FUNCTIONS", "UFUNCS_WRITTEN", "apply_function", "apply_ufunc", "clip"]

#: How each function of NumPy is written into a list.
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **MOVES,
    **JOINS,
    **STATISTICS,
    **PRODUCTS,
    **CALCULUS,
    **CHOICES,
    **LINEAR_ALGEBRA,
}

#: How each ufunc is written into a list, by its name.
UFUNCS_WRITTEN: dict[str, Callable[..., Any]] = {**UFUNCS, **VECTOR_UFUNCS}

_REDUCED: dict[str, Callable[..., Any]] = {
    "add": total,
    "multiply": prod,
    "maximum": lambda x, axis=0, dtype=None, **rest: largest(x, axis, **rest),
    "minimum": lambda x, axis=0, dtype=None, **rest: smallest(x, axis, **rest),
    "logaddexp": lambda x, axis=0, keepdims=False: r.logsumexp(as_variable(x), axis, keepdims=keepdims),
    "logical_and": lambda x, axis=0, dtype=None, **rest: is_all(x, axis, **rest),
    "logical_or": lambda x, axis=0, dtype=None, **rest: is_any(x, axis, **rest),
}


def apply_function(function: Any, operands: Sequence[Any], options: dict[str, Any]) -> Any:
    """Do what a function of NumPy says with variables among its arguments."""
    known: Callable[..., Any] | None = FUNCTIONS.get(function)
    if known is None:
        raise BuildError(refusal(function))
    return known(*operands, **options)


def apply_ufunc(ufunc: Any, method: str, operands: Sequence[Any], options: dict[str, Any]) -> Any:
    """Do what a ufunc says with variables among its operands."""
    name = ufunc.__name__
    known: Callable[..., Any] | None = UFUNCS_WRITTEN.get(name)
    if known is None:
        raise BuildError(_unknown(name))
    if method == "__call__":
        if options:
            refuse_options(f"np.{name}", options, {"axis"} if name == "vecdot" else ())
            options = {"axis": options["axis"]} if "axis" in options and name == "vecdot" else {}
        return known(*operands, **options)
    known = _METHODS.get(method, _no_method)
    return known(ufunc, operands, options)


def _unknown(name: str) -> str:
    if name.endswith("(vectorized)"):
        return f"{name.partition(' ')[0]} takes numbers one by one; call a function of whole arrays"
    of_numpy = isinstance(getattr(np, name, None), np.ufunc)
    if of_numpy:
        return f"np.{name} cannot be traced: it has no meaning for float64 arrays in a list"
    told = f"scipy.special.{name} is no operation of a list; of the special functions these are"
    return f"{told}: {', '.join(sorted(SPECIAL))}"


def _reduce(ufunc: Any, operands: Sequence[Any], options: dict[str, Any]) -> Any:
    name = ufunc.__name__
    refuse_options(f"np.{name}.reduce", options, {"axis", "keepdims", "initial", "where"})
    told = {
        key: options[key]
        for key in ("keepdims", "initial", "where")
        if is_given(options.get(key)) and not (key == "where" and options[key] is True)
    }
    axis = options.get("axis", operands[1] if len(operands) > 1 else 0)
    if name not in _REDUCED:
        return _no_method(ufunc, operands, options, "reduce")
    return _REDUCED[name](operands[0], axis, **told)


def _accumulate(ufunc: Any, operands: Sequence[Any], options: dict[str, Any]) -> Any:
    name = ufunc.__name__
    refuse_options(f"np.{name}.accumulate", options, {"axis"})
    if name not in {"add", "multiply", "maximum", "minimum", "logaddexp", "logical_and", "logical_or"}:
        return _no_method(ufunc, operands, options, "accumulate")
    node = as_variable(operands[0])
    axis = options.get("axis", operands[1] if len(operands) > 1 else 0)
    return running(node, axis_of(axis, node.ndim, f"np.{name}.accumulate"), UFUNCS[name])


def _outer(ufunc: Any, operands: Sequence[Any], options: dict[str, Any]) -> Any:
    refuse_options(f"np.{ufunc.__name__}.outer", options)
    a, b = (as_variable(each, *operands) for each in operands)
    return UFUNCS_WRITTEN[ufunc.__name__](s.reshape(a, a.shape + (1,) * b.ndim), b)


def _at(ufunc: Any, *_: Any) -> Any:
    raise BuildError(
        f"np.{ufunc.__name__}.at changes an array in place; write y = wengert_client.ops.scatter_add(x, places, values)"
    )


def _no_method(ufunc: Any, _operands: Any, _options: Any, method: str = "reduceat") -> NoReturn:
    raise BuildError(
        f"np.{ufunc.__name__}.{method} cannot be written into a list; use operators and functions on whole arrays"
    )


_METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
    "at": _at,
}

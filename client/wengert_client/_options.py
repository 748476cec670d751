"""Options of NumPy's functions that say nothing here, and those that are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client._errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

__all__ = ["is_float64", "is_given", "refuse_options"]


def refuse_options(what: str, options: Mapping[str, Any], allowed: Container[str] = ()) -> None:
    """Refuse options that would be ignored; what only repeats what holds anyway says nothing.

    Parameters
    ----------
    what
        The function, as its user writes it.
    options
        By name, as they were given.
    allowed
        Names of those that the function reads.
    """
    for name, value in options.items():
        if name in allowed or value is None or _says_nothing(name, value):
            continue
        if name == "out":
            told = "variables never change, and arrays hold none: write z = z + x instead of z += x, and no out="
            error = BuildError(f"{what}: {told}")
            error.asked = "in place"
            raise error
        if name == "dtype":
            raise BuildError(f"{what}: dtype={value!r} cannot be written into a list, in which all is float64")
        raise BuildError(f"{what}: {name}= cannot be written into a list")


def is_given(value: Any) -> bool:
    """Whether something was given; NumPy's functions have two words for nothing."""
    return value is not None and value is not np._NoValue  # noqa: SLF001 - it has no other name


def _says_nothing(name: str, value: Any) -> bool:
    if name == "dtype":
        return is_float64(value)
    if name == "order":
        return isinstance(value, str) and value in {"C", "K", "A"}
    if name == "where":
        return value is True
    return name in {"subok", "casting", "optimize", "copy", "device", "like"}


def is_float64(dtype: Any) -> bool:
    """Whether a dtype is what all variables have."""
    try:
        return bool(np.dtype(dtype) == np.dtype(np.float64))
    except TypeError:
        return False

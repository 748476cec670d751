"""Arguments of a call that is made later: what they are now, whatever becomes of them meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["kept"]


def kept(value: Any) -> Any:
    """Copy arrays, and what is built of them: dictionaries, lists and tuples; the rest is given as it is."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) is dict:
        return {name: kept(each) for name, each in value.items()}
    if type(value) is list:
        return [kept(each) for each in value]
    if type(value) is tuple:
        return tuple(kept(each) for each in value)
    return value

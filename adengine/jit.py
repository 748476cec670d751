"""How kernels are compiled: explicit signature, no GIL, IEEE division, cached on disk, progress told.

No fastmath anywhere: it licenses wrong NaN and infinity.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba

_log = logging.getLogger("adengine.jit")
_SLOW_S = 0.5

F = TypeVar("F", bound=Callable[..., Any])

Int: TypeAlias = Any
Float: TypeAlias = Any
Bool: TypeAlias = Any
"""Scalars of kernels. Compiled code knows one integer type, no type checker does: the exact type is in each kernel's
signature."""


def kernel(signature: Any, *, inline: bool = False) -> Callable[[F], F]:
    """Compile a function for one explicit signature, or load it from the cache.

    Parameters
    ----------
    signature : str or numba signature
        E.g. ``"f8(f8, f8)"``. One each: mixed integer types would compile everything several times.
    inline : bool
        Ask LLVM to inline the function wherever it is called.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
    if inline:
        options["forceinline"] = True

    def compile_now(function: F) -> F:
        started = time.perf_counter()
        compiled = cast(F, numba.njit(signature, **options)(function))
        seconds = time.perf_counter() - started
        if seconds > _SLOW_S:
            _log.info("compiled %s in %.1f s (once; cached on disk from now on)", function.__name__, seconds)
        return compiled

    return compile_now

"""How kernels are compiled: explicit signature, no GIL, IEEE division, cached on disk, progress told.

No fastmath anywhere: it licenses wrong NaN and infinity.

Numba's cache notices a change of the file that holds a function, not of the files of the functions it calls. So the
cache lies in a folder named by a fingerprint of all files with kernels: any edit makes a new folder and compiles anew.
Which folder, and for which processor, says :mod:`adengine.kernel_cache`.
"""

from __future__ import annotations

import functools
import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar, cast

import numba

from adengine import kernel_cache
from adengine.by_name import call_by_name
from adengine.cancellation import check
from adengine.inner import refuse_python, wait

_log = logging.getLogger("adengine.jit")
_SLOW_S = 0.5
_OBJECTS = 100_000
"""Objects that are made between two looks for garbage while a kernel is compiled. Numba makes millions, and keeps most:
looking as often as usual takes an eighth of the time."""
F = TypeVar("F", bound=Callable[..., Any])

Int: TypeAlias = Any
Float: TypeAlias = Any
Bool: TypeAlias = Any
"""Scalars of kernels. Compiled code knows one integer type, no type checker does: the exact type is in each kernel's
signature."""


def c_function(signature: Any) -> Callable[[F], Any]:
    """Compile a function that machine code can call, for one signature, or load it from the cache; it makes no arrays.

    What comes back has the function's place in memory as ``address``.
    """

    def compile_now(function: F) -> Any:
        options: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
        return kernel_cache.kept(lambda keep: numba.cfunc(signature, cache=keep, **options)(function))

    return compile_now


def _checked(compiled: F) -> F:
    """A kernel whose results nobody sees once its call is cancelled."""

    @functools.wraps(compiled)
    def checked(*arguments: Any) -> Any:
        result = compiled(*arguments)
        check()
        return result

    return cast(F, checked)


def kernel(
    signature: Any,
    *,
    inline: bool = False,
    allocates: bool = False,
    inner: bool = False,
    apart: bool = False,
    stops: bool = False,
) -> Callable[[F], F]:
    """Compile a function for one explicit signature, or load it from the cache.

    Parameters
    ----------
    signature : str or numba signature
        E.g. ``"f8(f8, f8)"``. One each: mixed integer types would compile everything several times.
    inline : bool
        Ask LLVM to inline the function wherever it is called.
    allocates : bool
        The kernel makes arrays. Without, it is compiled without Numba's reference counts: counting the arrays that
        kernels pass to each other, atomically, took nine tenths of the time of the transformations.
    inner : bool
        Only kernels call it: it gets no entry for Python, which takes as long to compile as a small kernel. It is
        compiled or loaded when a kernel that calls it is compiled; what is loaded from the cache has its code already.
    apart : bool
        Kernels call it as a function of its own, by its name, and their compiled code has no copy of its. For what is
        large and called from several places, or from a kernel that itself has several callers: Numba otherwise
        compiles each kernel together with all that it calls.
    stops : bool
        The kernel asks :data:`adengine.stopping.stopped` and may return early: called from Python it then raises
        :class:`~adengine.errors.Cancelled`. Kernels cannot call it.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": allocates}
    options["no_cfunc_wrapper"] = True
    options["no_cpython_wrapper"] = inner
    options["forceinline"] = inline  # else numba has a kernel take it from the one that is being compiled

    def compile_now(function: F) -> F:
        if inner and not apart:
            waiting = cast(F, numba.njit(**options)(function))
            wait(waiting, signature)
            return waiting
        compiled = _compiled(function, signature, options)
        if apart:
            call_by_name(compiled)
        if inner:
            refuse_python(compiled)
        return _checked(compiled) if stops else compiled

    return compile_now


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the collector of garbage look less often."""
    before = gc.get_threshold()
    gc.set_threshold(max(_OBJECTS, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _compiled(function: F, signature: Any, options: dict[str, Any]) -> F:
    """Compile or load, and say so where it takes long."""
    started = time.perf_counter()
    with _rare_collections():
        compiled = cast(F, kernel_cache.kept(lambda keep: numba.njit(signature, cache=keep, **options)(function)))
    seconds = time.perf_counter() - started
    if seconds > _SLOW_S:
        _log.info("compiled %s in %.1f s (once; cached on disk from now on)", function.__name__, seconds)
    return compiled

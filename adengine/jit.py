"""How kernels are compiled: explicit signature, no GIL, IEEE division, cached on disk, progress told.

No fastmath anywhere: it licenses wrong NaN and infinity.

Numba's cache notices a change of the file that holds a function, not of the files of the functions it calls. So the
cache lies in a folder named by a fingerprint of all files with kernels: any edit makes a new folder and compiles anew.
The folder is Numba's ``NUMBA_CACHE_DIR`` where that is set, else beside the sources, else in the user's cache; it must
belong to the user alone, for the cache is pickle.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import numba
from numba.core import config as _numba_config

from adengine.by_name import call_by_name, refuse_python

_config: Any = _numba_config  # its attributes are made at run time
_log = logging.getLogger("adengine.jit")
_SLOW_S = 0.5
_KEPT_FOLDERS = 4
_CONSTANTS = ("opcodes.py", "templates.py")
"""Files without compiled code whose numbers go into that of others."""

F = TypeVar("F", bound=Callable[..., Any])

Int: TypeAlias = Any
Float: TypeAlias = Any
Bool: TypeAlias = Any
"""Scalars of kernels. Compiled code knows one integer type, no type checker does: the exact type is in each kernel's
signature."""


def _fingerprint() -> str:
    """Digest of all files that are compiled into kernels."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text = path.read_bytes()
        compiled = b"adengine.jit import" in text or b"numba" in text or b"llvmlite" in text
        if compiled or path.name in _CONSTANTS:
            digest.update(path.name.encode() + b"\0" + text + b"\0")
    return digest.hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _prune(parent: Path, current: Path) -> None:
    """Drop the folders of earlier versions, all but the last few."""
    others = [path for path in parent.glob("kernels-*") if path != current]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[:-_KEPT_FOLDERS]:
        shutil.rmtree(path, ignore_errors=True)


def _cache_folder() -> str:
    """Where compiled kernels are kept; Numba's own choice where nothing is writable."""
    name = f"kernels-{_fingerprint()}"
    parents = [Path(__file__).parent / "__pycache__", Path.home() / ".cache" / "wengert"]
    if _config.CACHE_DIR:
        parents.insert(0, Path(_config.CACHE_DIR))
    for parent in parents:
        if _writable(parent / name):
            _prune(parent, parent / name)
            return str(parent / name)
    return str(_config.CACHE_DIR)


_CACHE_FOLDER = _cache_folder()


def c_function(signature: Any) -> Callable[[F], Any]:
    """Compile a function that machine code can call, for one signature, or load it from the cache; it makes no arrays.

    What comes back has the function's place in memory as ``address``.
    """

    def compile_now(function: F) -> Any:
        before, _config.CACHE_DIR = _config.CACHE_DIR, _CACHE_FOLDER
        try:
            options: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
            return numba.cfunc(signature, cache=True, **options)(function)
        finally:
            _config.CACHE_DIR = before

    return compile_now


def kernel(
    signature: Any, *, inline: bool = False, allocates: bool = False, inner: bool = False, apart: bool = False
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
        Only kernels call it: it gets no entry for Python, which takes as long to compile as a small kernel.
    apart : bool
        Kernels call it as a function of its own, by its name, and their compiled code has no copy of its. For what is
        large and called from several places, or from a kernel that itself has several callers: Numba otherwise
        compiles each kernel together with all that it calls.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": allocates}
    options["no_cfunc_wrapper"] = True
    options["no_cpython_wrapper"] = inner
    if inline:
        options["forceinline"] = True

    def compile_now(function: F) -> F:
        started = time.perf_counter()
        before, _config.CACHE_DIR = _config.CACHE_DIR, _CACHE_FOLDER
        try:
            compiled = cast(F, numba.njit(signature, **options)(function))
        finally:
            _config.CACHE_DIR = before
        if apart:
            call_by_name(compiled)
        if inner:
            refuse_python(compiled)
        seconds = time.perf_counter() - started
        if seconds > _SLOW_S:
            _log.info("compiled %s in %.1f s (once; cached on disk from now on)", function.__name__, seconds)
        return compiled

    return compile_now

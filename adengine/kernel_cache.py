"""Where compiled kernels are kept, and for which processor they are compiled.

Usually they are compiled for the processor at hand, in a folder named by a fingerprint of all files with kernels: any
edit makes a new folder and compiles anew. It lies in Numba's ``NUMBA_CACHE_DIR`` where that is set, else beside the
sources, else in the user's cache.

``WENGERT_KERNELS`` names a folder of kernels that were compiled beforehand for stated processors, by
:mod:`adengine.prepare`. Those for the newest processor that this machine is as good as are taken. Nothing is written
there, so it may be on a file system that is read only. Where none fits, a warning says why, and all is as usual.

Compiled kernels are pickles: whoever can write them can run anything here. So a folder that belongs to another user, or
that others can write to, is not used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding as llvm
import numba
from numba.core import caching as _numba_caching
from numba.core import config as _numba_config

_config: Any = _numba_config  # its attributes are made at run time
_caching: Any = _numba_caching  # without types
_log = logging.getLogger("adengine.kernel_cache")

T = TypeVar("T")

PREPARED = "WENGERT_KERNELS"
PREPARE_FOR = "WENGERT_KERNELS_FOR"
"""The processor that kernels are compiled for, into the folder of prepared ones: only :mod:`adengine.prepare` wants it
set."""

_V2 = "+cx16,+sahf,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2"
_V3 = f"{_V2},+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave"
_V4 = f"{_V3},+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"
PROCESSORS = {"x86-64-v4": _V4, "x86-64-v3": _V3, "x86-64-v2": _V2}
"""The levels of the x86-64 ABI, as LLVM names them, and what each has: the best first. Numba goes by the features."""

_DESCRIPTION = "baseline.json"
_KEPT_FOLDERS = 4
_CONSTANTS = ("opcodes.py", "templates.py")
"""Files without compiled code whose numbers go into that of others."""


def _fingerprint() -> str:
    """Digest of all files that are compiled into kernels."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text = path.read_bytes()
        compiled = b"adengine.jit import" in text or b"numba" in text or b"llvmlite" in text
        if compiled or path.name in _CONSTANTS:
            digest.update(path.name.encode() + b"\0" + text + b"\0")
    return digest.hexdigest()[:16]


_FINGERPRINT = _fingerprint()
_NAME = f"kernels-{_FINGERPRINT}"


def compiles_for(feature: str) -> bool:
    """Whether kernels are compiled for a processor that has a feature, such as ``avx512f``."""
    if _config.CPU_FEATURES is not None:
        return f"+{feature}" in _config.CPU_FEATURES.split(",")
    return _config.CPU_NAME in (None, "host") and bool(llvm.get_host_cpu_features().get(feature))


def is_trusted(folder: Path) -> bool:
    """Whether a folder is the user's own, or root's, and nobody else can write to it."""
    if not hasattr(os, "geteuid"):
        return True
    status = folder.stat()
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    if not is_trusted(folder):
        _log.warning("no compiled kernels are kept in %s: others own it or can write to it", folder)
        return False
    return os.access(folder, os.W_OK)


def _prune(parent: Path, current: Path) -> None:
    """Drop the folders of earlier versions, all but the last few."""
    others = [path for path in parent.glob("kernels-*") if path != current]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[:-_KEPT_FOLDERS]:
        shutil.rmtree(path, ignore_errors=True)


def _of_the_user() -> list[Path]:
    try:
        return [Path.home() / ".cache" / "wengert"]
    except RuntimeError:  # a user without an entry in the password file, as in some containers
        return []


def _own_folder() -> str | None:
    parents = [Path(__file__).parent / "__pycache__", *_of_the_user()]
    if _config.CACHE_DIR:
        parents.insert(0, Path(_config.CACHE_DIR))
    for parent in parents:
        if _writable(parent / _NAME):
            _prune(parent, parent / _NAME)
            return str(parent / _NAME)
    _log.warning("no folder for compiled kernels can be written to: they are compiled at every start")
    return None


# ------------------------------------------------------------------------------ kernels prepared beforehand


class _Prepared(getattr(_caching, "UserProvidedCacheLocator", None) or _caching._UserProvidedCacheLocator):  # type: ignore[misc]  # noqa: SLF001  without types; the name before Numba 0.62
    """Finds our kernels in a folder that is only read, whatever became of the times of the sources."""

    folder: str | None = None

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        ours = Path(py_file).parent == Path(__file__).parent
        return super().from_function(py_func, py_file) if ours and cls.folder == _config.CACHE_DIR else None

    def ensure_cache_path(self) -> None:
        Path(self.get_cache_path()).mkdir(mode=0o755, parents=True, exist_ok=True)

    def get_source_stamp(self) -> str:
        return _FINGERPRINT


def _versions() -> dict[str, str]:
    """What compiled kernels depend on beside the processor."""
    return {
        "sources": _FINGERPRINT,
        "numba": numba.__version__,
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "system": llvm.get_process_triple(),
    }


def _missing(processor: str) -> list[str]:
    """What this machine lacks of a processor."""
    has = llvm.get_host_cpu_features()
    names = [feature.removeprefix("+") for feature in PROCESSORS[processor].split(",")]
    return [name for name in names if not has.get(name)]


def _unfit(folder: Path, processor: str) -> str:
    """Why prepared kernels cannot be used here; empty if they can."""
    if not is_trusted(folder):
        return f"others own {folder} or can write to it"
    made = json.loads((folder / _DESCRIPTION).read_text())
    for what, here in _versions().items():
        if made.get(what) != here:
            return f"they were made for {what} {made.get(what)}, and here it is {here}"
    missing = _missing(processor)
    return f"this machine's processor has no {', '.join(missing)}" if missing else ""


def _compile_for(processor: str, parent: Path) -> str:
    _config.CPU_NAME, _config.CPU_FEATURES = processor, PROCESSORS[processor]
    _Prepared.folder = str(parent / processor / _NAME)
    implementation = _caching.FunctionCache._impl_class  # noqa: SLF001
    implementation._locator_classes = [_Prepared, *implementation._locator_classes]  # noqa: SLF001
    return _Prepared.folder


def _prepared_folder(parent: Path) -> str | None:
    """The kernels for the newest processor that this one is as good as."""
    prepared = [each for each in PROCESSORS if (parent / each / _DESCRIPTION).is_file()]
    if not prepared:
        _log.warning("%s has no prepared kernels", parent)
    for processor in prepared:
        if not (why := _unfit(parent / processor, processor)):
            return _compile_for(processor, parent)
        _log.warning("kernels prepared for %s are not used: %s", processor, why)
    return None


def describe() -> Path:
    """Say that all kernels for the processor they are prepared for are there; gives the folder."""
    folder = Path(os.environ[PREPARED]) / os.environ[PREPARE_FOR]
    (folder / _DESCRIPTION).write_text(json.dumps(_versions(), indent=2) + "\n")
    return folder


def _preparing(parent: Path, processor: str) -> str:
    if processor not in PROCESSORS:
        raise ValueError(f"{PREPARE_FOR}: {processor!r} is none of {', '.join(PROCESSORS)}")
    if missing := _missing(processor):
        raise ValueError(
            f"{PREPARE_FOR}: {processor} needs what this machine's processor has not: {', '.join(missing)}"
        )
    return _compile_for(processor, parent)


# ------------------------------------------------------------------------------------------ for adengine.jit


def _find() -> str | None:
    parent, processor = os.environ.get(PREPARED), os.environ.get(PREPARE_FOR)
    if not parent:
        return _own_folder()
    return _preparing(Path(parent), processor) if processor else _prepared_folder(Path(parent)) or _own_folder()


# Before anything is compiled, since it sets the processor.
folder = _find()


@contextmanager
def _used() -> Iterator[None]:
    before, _config.CACHE_DIR = _config.CACHE_DIR, folder
    try:
        yield
    finally:
        _config.CACHE_DIR = before


def kept(compiled: Callable[[bool], T]) -> T:
    """Compile something, or load it: called with True it keeps what it compiles, with False it does not.

    A folder that cannot be written to, or is full, costs time at the next start, and nothing else.
    """
    if folder is None:
        return compiled(False)
    try:
        with _used():
            return compiled(True)
    except (OSError, RuntimeError) as error:
        _log.warning("a compiled kernel is not kept: %s", error)
        return compiled(False)

"""Finds the C library's vector routines, and which of them this machine and this compiler can call.

glibc's libmvec has each function for two, four and eight numbers at once, called by the names of its vector ABI:
``_ZGVeN8v_exp`` takes eight numbers in one AVX-512 register, ``_ZGVdN4v_exp`` four in one of AVX2. Older versions have
fewer functions; what is missing, or does not compute what it should, runs by the scalar formula.

Whoever calls and whoever is called must agree on the registers. So what counts is not only what the processor has but
what Numba compiles for, and each routine is called once before it is used.
"""

from __future__ import annotations

import ctypes
import functools
import logging
import math
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core import registry as _numba_registry
from numpy.typing import NDArray

from adengine.elementary import OF_TWO, ROUTINES, place_of
from adengine.jit import Int, kernel
from adengine.routine_calls import routine

_registry: Any = _numba_registry  # without types
_log = logging.getLogger("adengine.vector_library")

_LIBRARY = "libmvec.so.1"
_PREFIXES = {8: "_ZGVeN8", 4: "_ZGVdN4"}
_NAMES = {8: "libmvec avx512", 4: "libmvec avx2"}
_FEATURES = {8: frozenset({"+avx512f", "+avx512dq"}), 4: frozenset({"+avx2", "+fma"})}

_PROBES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0.9375)
_OTHERS = (2.0, -0.5, 1.25, 3.0, -1.5, 0.75, 4.0, 1.0)
_MOST_ULPS = 4.0


class Routines(NamedTuple):
    """Vector routines, as the kernels are given them.

    Attributes
    ----------
    name : str
        ``libmvec avx512``, ``libmvec avx2`` or ``scalar``.
    width : int
        How many numbers a routine takes: 8, 4, or 0 where there are none.
    table : int64 array (26,)
        The width, then the address of each of :data:`adengine.elementary.ROUTINES`, 0 for those that are missing.
    """

    name: str
    width: int
    table: NDArray[np.int64]

    @property
    def address(self) -> int:
        """Where the table stands; the table must live as long as this is used."""
        return int(self.table.ctypes.data)

    def routine(self, name: str) -> int:
        """Address of a routine such as ``exp``; 0 where it is missing."""
        return int(self.table[place_of(name)])


SCALAR = Routines("scalar", 0, np.zeros(1 + len(ROUTINES), np.int64))
"""No routines: every function is the C library's scalar one."""

_U = types.uint64
_F8 = types.Array(types.float64, 1, "C")
_routine_of_1, _routine_of_2 = routine(1), routine(2)


@kernel(types.void(_U, _U, types.boolean, _F8))
def call_routine(table: Int, place: Int, of_two: Int, w: NDArray[np.float64]) -> None:
    """Call the routine at a place of a table: w[16:24] from w[0:8], and w[8:16] if it has two arguments."""
    if of_two:
        _routine_of_2(table, place, w)
    else:
        _routine_of_1(table, place, w)


@functools.cache
def available() -> tuple[Routines, ...]:
    """All that can be called here, the widest first; :data:`SCALAR` is the last."""
    found = [_load(width) for width in _PREFIXES]
    return (*(routines for routines in found if routines is not None), SCALAR)


def best() -> Routines:
    """What an engine uses by default."""
    return available()[0]


def _load(width: int) -> Routines | None:
    """The routines of one width that compute what they should; None without any."""
    compiled_for = set(_registry.cpu_target.target_context.codegen().magic_tuple()[2].split(","))
    if not _FEATURES[width] <= compiled_for:
        return None
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    table = np.zeros(1 + len(ROUTINES), np.int64)
    table[0] = width
    for name in ROUTINES:
        symbol = f"{_PREFIXES[width]}{'vv' if name in OF_TWO else 'v'}_{name}"
        found = getattr(library, symbol, None)
        if found is not None:
            table[place_of(name)] = ctypes.cast(found, ctypes.c_void_p).value or 0
    for name in ROUTINES:
        if table[place_of(name)] and not _computes(table, name):
            _log.warning("the vector routine for %s on %d numbers is wrong here and not used", name, width)
            table[place_of(name)] = 0
    return Routines(_NAMES[width], width, table) if table[1:].any() else None


def _computes(table: NDArray[np.int64], name: str) -> bool:
    """Whether a routine gives what it should for eight ordinary arguments."""
    shift = 1.0 if name == "acosh" else 0.0
    w = np.zeros(24)
    w[:8], w[8:16] = np.array(_PROBES) + shift, _OTHERS
    two = name in OF_TWO
    call_routine(table.ctypes.data, place_of(name), two, w)
    function = getattr(math, name)
    expected = np.array([function(*pair[: 1 + two]) for pair in zip(w[:8].tolist(), w[8:16].tolist(), strict=True)])
    return bool(np.all(np.abs(w[16:] - expected) <= (_MOST_ULPS + 1) * np.spacing(np.abs(expected))))

"""Kernels that only kernels call: compiled, or loaded, when a kernel that calls them is compiled.

The code of such a kernel is in that of its callers; once these are loaded from the cache nobody needs it. Not to load
it saves a quarter of the time that the engine takes to start.
"""

from __future__ import annotations

from typing import Any

from numba.core import registry as _numba_registry
from numba.core.caching import NullCache

from adengine import kernel_cache

_registry: Any = _numba_registry  # without types


class _Inner(_registry.CPUDispatcher):  # type: ignore[misc]  # without types
    """A kernel without an entry for Python."""

    def __call__(self, *_: object) -> None:
        raise TypeError(f"{self.__name__} has no entry for Python; compile it without inner=True")


class _Waiting(_Inner):
    """One that is not compiled yet."""

    wanted: Any
    """Its signature."""

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """What a kernel that calls it needs to know."""
        kernel_cache.kept(self._compile)
        self.disable_compile()
        self.__class__ = _Inner
        return self.get_call_template(args, kws)

    def _compile(self, keep: bool) -> None:
        self._cache = NullCache()
        if keep:
            self.enable_caching()
        self.compile(self.wanted)


def refuse_python(kernel: Any) -> None:
    """Have a kernel without an entry for Python say so when Python calls it, where it would crash."""
    kernel.__class__ = _Inner


def wait(kernel: Any, signature: Any) -> None:
    """Have a kernel that has no signature yet compiled for this one when another kernel wants to call it."""
    kernel.__class__, kernel.wanted = _Waiting, signature

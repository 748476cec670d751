"""Compile all kernels for a stated processor, so that other machines need not: ``python -m adengine.prepare``.

    WENGERT_KERNELS=/opt/kernels WENGERT_KERNELS_FOR=x86-64-v3 python -m adengine.prepare

puts them into ``/opt/kernels/x86-64-v3``. Processes that find ``WENGERT_KERNELS=/opt/kernels`` in their environment
then compile nothing, on any machine whose processor is as good; see :mod:`adengine.kernel_cache`.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import adengine
from adengine import kernel_cache


def main() -> None:
    """Load every module, which compiles its kernels, and say that they are complete."""
    if not (os.environ.get(kernel_cache.PREPARED) and os.environ.get(kernel_cache.PREPARE_FOR)):
        sys.exit(f"{kernel_cache.PREPARED} is to name a folder and {kernel_cache.PREPARE_FOR} a processor")
    for module in pkgutil.iter_modules(adengine.__path__):
        if module.name != "prepare":
            importlib.import_module(f"adengine.{module.name}")
    print(kernel_cache.describe())  # noqa: T201  the result


if __name__ == "__main__":
    main()

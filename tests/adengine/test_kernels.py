"""How kernels call kernels: by name where they are apart, also from the cache; inner ones have no entry for Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adengine.jit import kernel

SCRIPT = """
import sys

from adengine import jit, kernel_cache

kernel_cache.folder = sys.argv[1]


@jit.kernel("f8(f8)", inner=True, apart=True)
def half(a):
    return 0.5 * a


@jit.kernel("f8(f8)", apart=True)
def quarter(a):
    return half(half(a))


@jit.kernel("f8(f8)")
def eighth(a):
    return quarter(half(a))


print(eighth(32.0), quarter(32.0), [sum(each.stats.cache_hits.values()) for each in (half, quarter, eighth)])
"""


def test_a_kernel_that_is_apart_is_found_from_the_cache_too(tmp_path: Path) -> None:
    """The second process has none of the addresses of the first; the third compiles again what is called by name."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    for hits in ("[0, 0, 0]", "[1, 1, 1]", "[0, 1, 1]"):
        command = [sys.executable, str(script), str(tmp_path / "cache")]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
        assert told.strip() == f"4.0 8.0 {hits}"
        if hits == "[1, 1, 1]":
            for kept in (tmp_path / "cache").rglob("*half*"):
                kept.unlink()


def test_an_inner_kernel_refuses_python() -> None:
    @kernel("f8(f8)", inner=True)
    def twice(a: float) -> float:
        return 2.0 * a

    with pytest.raises(TypeError, match="twice has no entry for Python"):
        twice(1.0)


INNER = """
import sys

from adengine import jit, kernel_cache

kernel_cache.folder = sys.argv[1]


@jit.kernel("f8(f8)", inner=True)
def half(a):
    return 0.5 * a


@jit.kernel("f8(f8)", inner=True)
def quarter(a):
    return half(half(a))


@jit.kernel("f8(i8)")
def of_a_whole_number(a):
    return quarter(a)


if len(sys.argv) > 2:

    @jit.kernel("f8(f8)")
    def eighth(a):
        return quarter(half(a))


@jit.kernel("f8(f8)", inner=True)
def nobody_calls(a):
    return a


compiled = [len(each.overloads) for each in (half, quarter, nobody_calls)]
print(of_a_whole_number(6), compiled, sum(half.stats.cache_hits.values()))
"""


def test_an_inner_kernel_is_compiled_or_loaded_where_its_caller_is_compiled(tmp_path: Path) -> None:
    """In the second process nobody needs it; in the third a new caller does, which finds it in the cache."""
    script = tmp_path / "script.py"
    script.write_text(INNER)
    for more, expected in (([], "1.5 [1, 1, 0] 0"), ([], "1.5 [0, 0, 0] 0"), (["more"], "1.5 [1, 1, 0] 1")):
        command = [sys.executable, str(script), str(tmp_path / "cache"), *more]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
        assert told.strip() == expected

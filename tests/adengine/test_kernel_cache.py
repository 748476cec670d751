"""Where compiled kernels are kept, and kernels prepared for a stated processor: with a small engine of one kernel."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adengine import kernel_cache
from tests.disk import full_disk

ENGINE = Path(kernel_cache.__file__).parent
KERNEL = """
from adengine.jit import kernel


@kernel("f8(f8)")
def half(a):
    return 0.5 * a
"""
ASK = """
import logging

logging.basicConfig(format="%(message)s")
import llvmlite.binding as llvm

has = llvm.get_host_cpu_features()
has.update(dict.fromkeys(LACKS, False))
llvm.get_host_cpu_features = lambda: has

from adengine import kernel_cache
from adengine.half import half

print(half(32.0), sum(half.stats.cache_hits.values()), kernel_cache.folder, kernel_cache.compiles_for("avx"))
"""
FULL = """
import errno
from numba.core import caching


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


caching.FunctionCache._save_overload = full
"""
x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the processors known by name are x86-64")


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A package named adengine, with what compiles kernels and one kernel."""
    package = tmp_path / "adengine"
    package.mkdir()
    for name in ("jit", "by_name", "cancellation", "errors", "inner", "kernel_cache", "prepare", "stopping"):
        shutil.copy(ENGINE / f"{name}.py", package)
    (package / "__init__.py").touch()
    (package / "half.py").write_text(KERNEL)
    return package


def python(engine: Path, *command: str, **variables: str) -> tuple[str, str]:
    """What a process with that engine writes to standard output and standard error."""
    left = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "WENGERT_", "PYTHONWARNINGS"))}
    environment = left | {"PYTHONPATH": str(engine.parent), "HOME": str(engine.parent / "home")} | variables
    told = subprocess.run(
        [sys.executable, *command],
        cwd=engine.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return told.stdout.strip(), told.stderr


def ask(engine: Path, *, lacks: str = "", **variables: str) -> tuple[list[str], str]:
    """The kernel's result, whether it was found, in which folder, compiled for AVX or not; and what was logged."""
    told, logged = python(engine, "-c", f"LACKS = {lacks.split()}\n{ASK}", **variables)
    return told.split(), logged


def prepare(engine: Path, processor: str) -> str:
    folder = str(engine.parent / "kernels")
    python(engine, "-m", "adengine.prepare", WENGERT_KERNELS=folder, WENGERT_KERNELS_FOR=processor)
    return folder


def files(folder: str) -> list[tuple[Path, int]]:
    return sorted((path, path.stat().st_mtime_ns) for path in Path(folder).rglob("*"))


@x86
def test_prepared_kernels_are_found_and_their_folder_is_left_alone(engine: Path) -> None:
    kernels = prepare(engine, "x86-64-v2")
    before = files(kernels)
    os.utime(engine / "half.py", (1, 1))  # as in an image, whose files have other times where it runs
    told, logged = ask(engine, WENGERT_KERNELS=kernels)
    assert told[:2] == ["16.0", "1"]
    assert told[2].startswith(f"{kernels}/x86-64-v2/")
    assert told[3] == "False"  # though this machine may have it
    assert logged == ""
    assert files(kernels) == before
    assert not list(engine.glob("__pycache__/kernels-*"))


@x86
def test_the_best_processor_that_fits_is_taken(engine: Path) -> None:
    prepare(engine, "x86-64-v2")
    kernels = prepare(engine, "x86-64-v3")
    told, logged = ask(engine, WENGERT_KERNELS=kernels)
    assert told[1] == "1"
    assert "/x86-64-v3/" in told[2]
    assert logged == ""
    told, logged = ask(engine, lacks="avx2 fma", WENGERT_KERNELS=kernels)
    assert told[1] == "1"
    assert "/x86-64-v2/" in told[2]
    assert "x86-64-v3 are not used: this machine's processor has no avx2, fma" in logged


@x86
def test_prepared_kernels_that_do_not_fit_are_compiled_here(engine: Path) -> None:
    kernels = prepare(engine, "x86-64-v2")
    described = Path(kernels) / "x86-64-v2" / "baseline.json"
    described.write_text(json.dumps(json.loads(described.read_text()) | {"numba": "0.1"}))
    told, logged = ask(engine, WENGERT_KERNELS=kernels)
    assert told[:2] == ["16.0", "0"]
    assert "made for numba 0.1, and here it is" in logged


@x86
def test_prepared_kernels_of_other_sources_are_compiled_here(engine: Path) -> None:
    kernels = prepare(engine, "x86-64-v2")
    (engine / "half.py").write_text(KERNEL.replace("0.5", "0.25"))
    told, logged = ask(engine, WENGERT_KERNELS=kernels)
    assert told[:2] == ["8.0", "0"]
    assert "made for sources" in logged


@x86
def test_kernels_that_others_can_write_are_not_loaded(engine: Path) -> None:
    kernels = prepare(engine, "x86-64-v2")
    (Path(kernels) / "x86-64-v2").chmod(0o777)
    told, logged = ask(engine, WENGERT_KERNELS=kernels)
    assert told[:2] == ["16.0", "0"]
    assert "can write to it" in logged


def test_a_folder_without_prepared_kernels_is_told(engine: Path, tmp_path: Path) -> None:
    told, logged = ask(engine, WENGERT_KERNELS=str(tmp_path))
    assert told[:2] == ["16.0", "0"]
    assert "has no prepared kernels" in logged


def test_a_processor_that_is_not_known_is_refused(engine: Path, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as raised:
        python(engine, "-m", "adengine.prepare", WENGERT_KERNELS=str(tmp_path), WENGERT_KERNELS_FOR="pdp11")
    assert "'pdp11' is none of x86-64-v4" in raised.value.stderr


def test_a_cache_that_others_can_write_is_not_used(engine: Path) -> None:
    told, logged = ask(engine)
    cache = Path(told[2])
    assert told[1] == "0"
    assert cache.stat().st_mode & 0o777 == 0o700
    assert ask(engine)[0][1] == "1"
    cache.chmod(0o770)
    told, logged = ask(engine)
    assert told[1] == "0"
    assert Path(told[2]) != cache
    assert f"no compiled kernels are kept in {cache}" in logged


def test_without_any_folder_kernels_are_compiled_at_every_start(engine: Path) -> None:
    """As on a root that is read only; a file where the folder should be stops the superuser too."""
    (engine.parent / "home").touch()
    shutil.rmtree(engine / "__pycache__", ignore_errors=True)
    (engine / "__pycache__").touch()
    for _ in range(2):
        told, logged = ask(engine, NUMBA_CACHE_DIR=str(engine / "half.py"))
        assert told[:3] == ["16.0", "0", "None"]
        assert "compiled at every start" in logged


def test_a_full_disk_costs_nothing_but_time(engine: Path) -> None:
    told, logged = python(engine, "-c", f"LACKS = []\n{FULL}\n{ASK}")
    assert told.split()[:2] == ["16.0", "0"]
    assert "No space left on device" in logged


def test_so_does_one_that_is_full_for_real(engine: Path, tmp_path: Path) -> None:
    with full_disk(tmp_path / "disk") as disk:
        told, logged = ask(engine, NUMBA_CACHE_DIR=str(disk))
        assert told[:2] == ["16.0", "0"]
        assert told[2].startswith(str(disk))
    assert "No space left on device" in logged

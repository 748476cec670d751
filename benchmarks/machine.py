"""On what it was measured: processor, system, versions, settings that matter."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

_PACKAGES = (
    "wengert",
    "numba",
    "llvmlite",
    "numpy",
    "scipy",
    "casadi",
    "jax",
    "jaxlib",
    "autograd",
    "grpcio",
    "protobuf",
)

_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "NPROC",
    "XLA_FLAGS",
    "NUMBA_CPU_NAME",
)
"""Those that change how fast something is."""

SINGLE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # XLA sizes its pool of threads by these; its flags alone leave it with one for every core.
    "NPROC": "1",
    "PJRT_NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}
"""One thread for every system, set before any of them is loaded."""

TUNING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Taken away before that: NumPy and SciPy are to use what OpenBLAS itself finds best for the processor."""


def machine() -> dict[str, str]:
    """Give names and values, in the order in which they are shown."""
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": str(_cores()),
        "memory": f"{_memory_gib():.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {' '.join(platform.libc_ver())}",
        "Python": platform.python_version(),
    }
    facts |= {package: _version(package) for package in _PACKAGES}
    facts["gcc"] = _gcc()
    facts |= {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return facts | {"load when it began": f"{load:.1f}"}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        named = {key.strip(): value.strip() for key, value in lines.items()}
        vectors = [name for name in ("avx2", "avx512f") if name in named.get("flags", "").split()]
        model = f"family {named.get('cpu family', '?')} model {named.get('model', '?')}"
        return f"{named.get('model name', platform.machine())} ({model}), {', '.join(vectors) or platform.machine()}"
    return platform.processor() or platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _gcc() -> str:
    if shutil.which("gcc") is None:
        return "not installed"
    told = subprocess.run(["gcc", "-dumpfullversion"], check=True, capture_output=True, text=True)
    return told.stdout.strip()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"

"""A disk that is full, for tests: a file system of its own in memory, which takes root to make."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BYTES = 64 << 10


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """Give a folder in which files can be made, and nothing can be written into them; skips where it cannot be had."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_BYTES},mode=700", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a small file system cannot be made: there is no mount")
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be made: {mounted.stderr.strip()}")
    try:
        with (folder / "full").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            file.writelines(repeat(bytes(4096)))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)

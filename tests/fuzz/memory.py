"""What a process has of the machine: memory, and whether that grows; and time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

_WARM = 0.3
"""Of a run, the part in which caches fill."""


def resident_bytes(pid: int | None = None) -> int:
    """Resident memory of a process, of this one if None; 0 where the system does not tell."""
    status = Path(f"/proc/{os.getpid() if pid is None else pid}/status")
    if not status.exists():
        return 0
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024


def cpu_seconds(pid: int) -> float:
    """Seconds that a process has computed; 0 where it is gone, or the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def growth(samples: Sequence[int]) -> int:
    """By how many bytes a process has grown once it was warm: median of the last third less that of the second.

    >>> growth([0, 5, 9, 10, 10, 10, 10, 11, 10])
    0
    """
    warm = samples[int(len(samples) * _WARM) :]
    half = len(warm) // 2
    if not half:
        return 0
    before, after = sorted(warm[:half]), sorted(warm[-half:])
    return after[half // 2] - before[half // 2]

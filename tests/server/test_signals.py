"""Signals are heard whichever thread they reach, and whenever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.asking import product_at
from tests.serving import STOP_S, running_server

_ASKED = """
import os, signal, threading, time
from wengert_server.signals import Signals

signals = Signals()
told = [signals.wait(0)]
os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGINT)
told += [signals.wait(60), signals.wait(60), signals.wait(0.01)]
signals.wake()
told.append(signals.wait())
for _ in range(100_000):
    signals.wake()
threading.Timer(0.05, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)).start()
while not signals.wait(60):
    pass
print(*told)
"""


def test_each_signal_is_told_once() -> None:
    command = [sys.executable, "-c", _ASKED]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=STOP_S, check=True)
    assert ended.stdout.split() == ["False", "True", "True", "False", "False"]


def _kill_through_a_thread(pid: int) -> None:
    """Send SIGTERM to a process so that the kernel gives it to another thread than the main one."""
    threads = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    os.kill(max(thread for thread in threads if thread != pid), signal.SIGTERM)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system tells nothing of threads")
@pytest.mark.parametrize("flags", [(), ("--workers", "2")])
def test_a_server_stops_whichever_thread_the_signal_reaches(flags: tuple[str, ...]) -> None:
    with running_server(*flags) as server:
        with server.channel() as channel:
            assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
        _kill_through_a_thread(server.process.pid)
        assert server.process.wait(STOP_S) == 0

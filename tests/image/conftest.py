"""The image, built once, and containers of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Start = Callable[..., AbstractContextManager["Container"]]
    Tell = Callable[[str], None]

ROOT = Path(__file__).parents[2]
TAG = "localhost/wengert:tested"
NEEDED = ("podman", "buildah", "runc", "mmdebstrap")
# runc: crun fails where control groups of both versions are mounted. No systemd: nothing to ask for groups.
PODMAN = ("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--log-level", "error")
# Those of the machine may be higher than what may be given.
LIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=4096:4096")
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
BUILD_S = 1500
START_S = 120


def podman(*arguments: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [*PODMAN, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with status {done.returncode}: {done.stderr}")
    return done


class Container:
    """A server in a container.

    Attributes
    ----------
    name : str
        Its id.
    address : str
        Where this machine reaches it.
    metrics : str
        Where this machine reaches its metrics.
    ready_s : float
        Seconds from its start until it took calls.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        started = time.monotonic()
        while self.probe().returncode:
            if time.monotonic() - started > START_S:
                raise RuntimeError(f"it does not serve: {self.probe().stderr}\n{self.logged()}")
            time.sleep(0.1)
        self.ready_s = time.monotonic() - started
        self.address = podman("port", name, "50051/tcp").stdout.strip()
        self.metrics = podman("port", name, "9464/tcp").stdout.strip()

    def probe(self) -> subprocess.CompletedProcess[str]:
        return podman("exec", self.name, "python", "-m", "wengert_server.probe", check=False)

    def logged(self) -> str:
        done = podman("logs", self.name)
        return done.stdout + done.stderr

    def cpu_s(self) -> float:
        """Processor time that the server has taken so far."""
        number = podman("inspect", "--format", "{{.State.Pid}}", self.name).stdout.strip()
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        """Stop it as its keeper would, and give its exit status."""
        podman("stop", "--time", "60", self.name)
        return int(podman("inspect", "--format", "{{.State.ExitCode}}", self.name).stdout)


def _obstacle() -> str:
    """Why the image cannot be built here; empty if it can."""
    if os.geteuid() != 0:
        return "it takes root"
    for each in NEEDED:
        if shutil.which(each) is None:
            return f"there is no {each}"
    done = podman("info", check=False)
    return f"podman does not run here: {done.stderr.strip()[-300:]}" if done.returncode else ""


@pytest.fixture(scope="session")
def image() -> str:
    if obstacle := _obstacle():
        pytest.skip(f"the image is not built: {obstacle}")
    done = subprocess.run(
        [ROOT / "docker" / "build.sh", TAG], capture_output=True, text=True, check=False, timeout=BUILD_S
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return TAG


@pytest.fixture(scope="session")
def start(image: str) -> Start:
    """Start a container as it should be run; options of ``podman run`` go before what the server is given."""

    @contextmanager
    def started(*options: str, memory: str = "512m") -> Iterator[Container]:
        limits = (*LIMITS, "--memory", memory, "--publish", "127.0.0.1::50051", "--publish", "127.0.0.1::9464")
        name = podman("run", "--detach", *HARDENED, *limits, *options, image).stdout.strip()
        try:
            yield Container(name)
        finally:
            podman("rm", "--force", "--time", "0", name)

    return started


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Print a figure, though the test passes."""

    def told(text: str) -> None:
        with capsys.disabled():
            print(f"\nimage: {text}")  # noqa: T201

    return told

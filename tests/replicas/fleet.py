"""Replicas that are killed, drained, restarted, and lose their functions; HAProxy in front of them."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.serving import RunningServer, running_server
from wengert_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Self

CONFIGURATION = Path(__file__).resolve().parents[2] / "docker" / "haproxy.cfg"
FLAGS = ("--threads", "1", "--machine-code", "false", "--log-level", "warning", "--grace-s", "60")


class Fleet:
    """Servers on ports that stay the same, for use in a ``with`` statement."""

    def __init__(self, size: int) -> None:
        self._stacks = [ExitStack() for _ in range(size)]
        self._servers: list[RunningServer] = []
        self.addresses: list[str] = []

    def __enter__(self) -> Self:
        for k, stack in enumerate(self._stacks):
            self._servers.append(stack.enter_context(running_server(*FLAGS)))
            self.addresses.append(self._servers[k].address)
        return self

    def __exit__(self, *_: object) -> None:
        for stack in self._stacks:
            stack.close()

    def kill(self, k: int) -> None:
        """End one at once, whatever it is doing."""
        self._servers[k].process.kill()
        self._servers[k].process.wait()

    def drain(self, k: int) -> None:
        """Have one finish what it is doing, and end."""
        status = self._servers[k].stop(signal.SIGTERM)
        assert status == 0, self._servers[k].logged()

    def start(self, k: int) -> None:
        """Start one again, where it was."""
        self._stacks[k].close()
        self._stacks[k] = ExitStack()
        self._servers[k] = self._stacks[k].enter_context(running_server(*FLAGS, "--address", self.addresses[k]))

    def forget(self, k: int, ids: Iterable[str]) -> int:
        """Have one lose functions; gives how many it held."""
        with Client(self.addresses[k]) as client:
            return sum(client.forget(function_id) for function_id in ids)


def configured(addresses: Sequence[str], port: int) -> str:
    """The configuration that ships, with these replicas on this machine."""
    servers = "\n".join(f"    server replica{k} {address}" for k, address in enumerate(addresses))
    text = CONFIGURATION.read_text()
    text, templates = re.subn(r"^    server-template .*$", servers, text, flags=re.MULTILINE)
    text, binds = re.subn(r"bind :50051", f"bind 127.0.0.1:{port}", text)
    assert templates == binds == 1
    return text


def installed() -> bool:
    """Whether there is an HAProxy on this machine."""
    return _command() is not None


def _command() -> str | None:
    # Debian has it where only root looks.
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")


@contextmanager
def haproxy(addresses: Sequence[str]) -> Iterator[str]:
    """Run HAProxy before replicas; gives its address once a call gets through."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "haproxy.cfg"
        path.write_text(configured(addresses, port))
        with (Path(folder) / "log").open("w+") as log:
            process = subprocess.Popen([_command() or "haproxy", "-db", "-f", str(path)], stdout=log, stderr=log)
            try:
                _wait(process, f"127.0.0.1:{port}", Path(log.name))
                yield f"127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(60)


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        with Client(address, max_attempts=1, deadline_s=5) as client:
            try:
                client.capabilities()
            except Exception:  # noqa: BLE001  not yet
                time.sleep(0.1)
            else:
                return
    raise RuntimeError(f"HAProxy lets no call through:\n{log.read_text()}")

"""What clients do to a server without meaning it, each kind on a thread of its own until the end.

All of it is bounded: so many connections at once, closed again after a while.
"""

from __future__ import annotations

import random
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc

from tests.fuzz.frames import PREFACE, call, opening
from tests.load.kinds import KINDS, SESSION_S
from tests.server.asking import long_call, unary
from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

_AT_ONCE = 8
_WIDE = 600
_HELD_S = 3.0
_VANISHING_S = 0.7


class Faults:
    """The faults, and how often each was done.

    Parameters
    ----------
    target : str
        HOST:PORT.
    seed : int
    """

    def __init__(self, target: str, seed: int) -> None:
        self._target = target
        self._source = random.Random(seed)  # noqa: S311  reproducible, not secret
        self._ended = threading.Event()
        self.done: dict[str, int] = {}

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Do all of them, again and again, meanwhile."""
        kinds = (self.slow_readers, self.half_open, self.cancelled_calls, self.left_streams, self.killed_processes)
        threads = [threading.Thread(target=self._again, args=(kind,)) for kind in kinds]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _again(self, kind: Callable[[], None]) -> None:
        while not self._ended.is_set():
            kind()
            self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1

    def slow_readers(self) -> None:
        """Ask for megabytes, read a few bytes now and then, and go."""
        request = _matrix(_WIDE).SerializeToString()
        stream = v1.StreamJacobianRequest(request=_matrix(_WIDE), block_bytes=1 << 15).SerializeToString()
        sent = [opening(window=20_000) + call("Jacobian", request), opening() + call("StreamJacobian", stream)]
        held = [self._connected(content) for content in sent * (_AT_ONCE // 2)]
        for _ in range(int(_HELD_S / 0.5)):
            self._ended.wait(0.5)
            for connection in held:
                _read_a_little(connection)
        for connection in held:
            connection.close()

    def half_open(self) -> None:
        """Connect and say nothing, or half of what is to be said."""
        request = call("Evaluate", b"\n" * 40)
        beginnings = [b"", PREFACE[:11], opening(), opening() + request[:-20], opening() + request[:30]]
        held = [self._connected(self._source.choice(beginnings)) for _ in range(_AT_ONCE)]
        self._ended.wait(_HELD_S)
        for connection in held:
            if self._source.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    def cancelled_calls(self) -> None:
        """Ask for what takes seconds, and lose interest."""
        request = long_call(n=600, depth=1000).SerializeToString()
        with grpc.insecure_channel(self._target) as channel:
            calls = [unary(channel, "Jacobian").future(request, timeout=SESSION_S) for _ in range(2)]
            self._ended.wait(self._source.uniform(0.05, 0.5))
            for each in calls:
                each.cancel()
        self._ended.wait(1.0)

    def left_streams(self) -> None:
        """Read the first block of a Jacobian, open a session and say nothing, and close the connection."""
        request = v1.StreamJacobianRequest(request=_matrix(_WIDE), block_bytes=1 << 12)
        with grpc.insecure_channel(self._target) as channel:
            stub = DifferentiationServiceStub(channel)
            block = next(iter(stub.StreamJacobian(request, timeout=SESSION_S)), None)
            stub.Session(iter(_never(self._ended)), timeout=SESSION_S)
            self._ended.wait(0.2 if block is not None else 1.0)

    def killed_processes(self) -> None:
        """A process of clients that is killed while its calls are in flight."""
        command = [sys.executable, "-m", "tests.load.client", "--target", self._target, "--seconds", "60"]
        command += [
            "--calls",
            "100000",
            "--threads",
            "4",
            "--seed",
            "7",
            "--kinds",
            ",".join(kind.__name__ for kind in KINDS),
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            self._ended.wait(_VANISHING_S + self._source.uniform(1.0, 3.0))
            process.send_signal(signal.SIGKILL)

    def _connected(self, content: bytes) -> socket.socket:
        host, _, port = self._target.rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout=SESSION_S)
        connection.sendall(content)
        return connection


def _read_a_little(connection: socket.socket) -> None:
    connection.settimeout(0.01)
    try:
        connection.recv(100)
    except OSError:
        return


def _matrix(n: int) -> v1.JacobianRequest:
    """A small request for a Jacobian of n by n."""
    f = ListWriter()
    f.output("y", f.add("SIN", f.input("x", n)))
    return v1.JacobianRequest(function=v1.FunctionSource(list=f.message), points=tensor([0.5] * n))


def _never(ended: threading.Event) -> Iterator[v1.SessionRequest]:
    """Requests that never come."""
    ended.wait(0.5)
    yield from ()

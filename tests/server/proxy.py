"""A way to a server that can fall silent, as a network does that is gone: nobody is told, and nothing arrives."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 16


class Proxy:
    """Carries bytes between callers and a server until it is told otherwise.

    Attributes
    ----------
    address : str
        Where callers connect.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._silent = threading.Event()
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Carry nothing any more, and tell nobody: the connections stay open."""
        self._silent.set()

    def cut(self) -> None:
        """Break all connections at once."""
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """Take no more callers, and leave those there are."""
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                server = socket.create_connection(self._target)
                with self._lock:
                    self._ends += (caller, server)
                threading.Thread(target=self._carry, args=(caller, server), daemon=True).start()

    def _carry(self, caller: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as waiting, contextlib.suppress(OSError, ValueError):
            waiting.register(caller, selectors.EVENT_READ, server)
            waiting.register(server, selectors.EVENT_READ, caller)
            while not self._silent.is_set():
                for key, _ in waiting.select(0.02):
                    end = key.fileobj
                    assert isinstance(end, socket.socket)
                    data = end.recv(_CHUNK)
                    if not data:
                        return
                    key.data.sendall(data)


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Open a way to a server at HOST:PORT."""
    opened = Proxy(target)
    try:
        yield opened
    finally:
        opened.close()

"""Ports that several processes listen on, held for them by the process that starts them.

The sockets are bound and never listen: the kernel gives them no connection, and the port stays taken
while the workers behind it come and go.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from wengert_server import addresses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self


class HeldPorts:
    """The ports of addresses, for use in a ``with`` statement.

    Parameters
    ----------
    wanted
        Addresses as ``HOST:PORT``; port 0 takes a free one. Unix sockets are left as they are.

    Raises
    ------
    OSError
        A host has no address, or somebody else listens there.

    Attributes
    ----------
    addresses : tuple of str
        The same, with the ports that were taken.
    """

    def __init__(self, wanted: Sequence[str]) -> None:
        self._sockets: list[socket.socket] = []
        try:
            self.addresses = tuple(self._hold(address) for address in wanted)
        except OSError:
            self._close()
            raise

    def _hold(self, address: str) -> str:
        if addresses.is_unix(address):
            return address
        host, _, port = address.rpartition(":")
        number = int(port)
        found = socket.getaddrinfo(host.strip("[]"), number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, where in found:
            try:
                number = self._take(socket.socket(family, kind, protocol), (where[0], number, *where[2:]))
            except OSError as error:
                told = f"{addresses.bound(address, number)} cannot be listened on: {error.strerror or error}"
                raise OSError(error.errno, told) from None
        return addresses.bound(address, number)

    def _take(self, holder: socket.socket, where: tuple[object, ...]) -> int:
        """Hold a port; gives its number."""
        self._sockets.append(holder)
        # Another server's port could be shared with it, and its calls: so it is tried without sharing first.
        with socket.socket(holder.family, holder.type, holder.proto) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(where)
            number: int = trial.getsockname()[1]
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((where[0], number, *where[2:]))
        return number

    def _close(self) -> None:
        for held in self._sockets:
            held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

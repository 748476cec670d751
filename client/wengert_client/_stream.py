"""A stream of a session that is open."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wengert_client._replicas import Replica

__all__ = ["Stream"]


class Stream:
    """A stream that is open.

    Parameters
    ----------
    replica
        The server.
    metadata
        What goes with the call.

    Attributes
    ----------
    requests
        What is put here is sent; None: no more.
    answers
        The call: what comes.
    given_up
        Whether it was cancelled for the sake of the calls behind one that takes too long.
    """

    def __init__(self, replica: Replica, metadata: tuple[tuple[str, str | bytes], ...]) -> None:
        self.replica = replica
        self.requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.given_up = False
        self.answers = replica.session(iter(self.requests.get, None), metadata=metadata)

    def __del__(self) -> None:
        # Nobody has closed the session: a thread waits for what it is to send.
        self.requests.put(None)

    def end(self) -> None:
        """Send no more."""
        self.requests.put(None)

    def cancel(self) -> None:
        """End it at once."""
        self.end()
        self.answers.cancel()

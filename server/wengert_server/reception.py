"""What every call passes before it is answered: it gets an id, and those who may not come in are turned away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wengert_server.admission import CallAccount
from wengert_server.caller import Call
from wengert_server.cancelling import wish_of
from wengert_server.errors import Overloaded
from wengert_server.queueing import check_queue

if TYPE_CHECKING:
    import grpc

    from wengert_server.admission import Admission
    from wengert_server.caller import Watch
    from wengert_server.tokens import Tokens

_PAUSE_MS = 100


class Reception:
    """Where calls come in.

    Parameters
    ----------
    tokens
        Say in whose name a call comes; None: nobody is asked.
    watches
        Are told of each call, those that are turned away included.
    admission
        Keeps account of the memory they take; None: nobody counts.

    Notes
    -----
    All methods may be called from many threads.
    """

    def __init__(self, tokens: Tokens | None = None, *watches: Watch, admission: Admission | None = None) -> None:
        self._tokens = tokens
        self._admission = admission
        self._watches = watches
        self._lock = threading.Lock()
        self._inside: dict[str, int] = {}

    def call(self, rpc: str, context: grpc.ServicerContext) -> Call:
        """Begin a call; it is to be admitted next, within its ``with``."""
        call = Call.of(rpc, context, self)
        call.cancellation = wish_of(context)
        call.account = None if self._admission is None else CallAccount(self._admission)
        return call

    def admit(self, call: Call) -> None:
        """Let a call in.

        Raises
        ------
        Unauthenticated
            Nobody knows in whose name it comes.
        Overloaded
            Too many calls of that name are inside, or wait.
        """
        check_queue()
        if self._tokens is None:
            return
        subject = self._tokens.subject(call.metadata)
        call.subject = subject
        if subject.calls is not None:
            self._seat(call, subject.name, subject.calls)

    def _seat(self, call: Call, name: str, most: int) -> None:
        with self._lock:
            inside = self._inside.get(name, 0)
            if inside < most:
                self._inside[name] = inside + 1
                call.seated = True
                return
        raise Overloaded(f"{most} calls of {name} are being handled, as many as it may have; try again", _PAUSE_MS)

    def began(self, call: Call) -> None:
        """Take note of a call that begins."""
        for watch in self._watches:
            watch.began(call)

    def ended(self, call: Call) -> None:
        """Take note of a call that has ended."""
        if call.seated:
            self._leave(call)
        for watch in self._watches:
            watch.ended(call)

    def _leave(self, call: Call) -> None:
        call.seated = False
        name = call.subject.name
        with self._lock:
            left = self._inside[name] - 1
            if left:
                self._inside[name] = left
            else:
                del self._inside[name]

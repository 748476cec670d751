"""A call within one process: the context its handler sees, the error its caller sees, and who ends it when it is late.

The handlers are a server's own. They ask their context what they would ask of gRPC's, so whatever they check and
answer is the same, and the errors that they end a call with reach the caller with the same code and trailers.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, NoReturn

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Metadata = tuple[tuple[str, str | bytes], ...]

_ENDED = {
    grpc.StatusCode.CANCELLED: "the call was cancelled",
    grpc.StatusCode.DEADLINE_EXCEEDED: "the deadline of the call has passed",
}


class Failed(grpc.RpcError, grpc.Call):
    """What a call that failed raises: an error that can be asked what gRPC's own can be asked.

    Parameters
    ----------
    code, details, trailers
        What the call ended with.
    """

    def __init__(self, code: grpc.StatusCode, details: str, trailers: Metadata = ()) -> None:
        super().__init__(code, details)
        self._code, self._details, self._trailers = code, details, trailers

    @classmethod
    def ended(cls, code: grpc.StatusCode) -> Failed:
        """Give the error of a call that its caller ended, or whose time is up."""
        return cls(code, _ENDED[code])

    def code(self) -> grpc.StatusCode:
        """Give the status code."""
        return self._code

    def details(self) -> str:
        """Give the sentence."""
        return self._details

    def trailing_metadata(self) -> Metadata:  # type: ignore[override]  # plain pairs, as gRPC's own
        """Give the trailers."""
        return self._trailers

    def initial_metadata(self) -> Metadata:
        """Give nothing: there are no headers."""
        return ()

    def add_callback(self, callback: Callable[[], None]) -> bool:  # noqa: ARG002  it is over
        """Refuse: the call is over."""
        return False

    def cancel(self) -> bool:
        """Refuse: the call is over."""
        return False

    def is_active(self) -> bool:
        """Whether the call goes on: never."""
        return False

    def time_remaining(self) -> float:
        """Give the seconds left: none."""
        return 0.0


class LocalContext(grpc.ServicerContext):
    """What a handler may ask about its call, as of gRPC.

    Parameters
    ----------
    timeout
        Seconds that the caller waits; None: for ever.
    metadata
        What the caller sends along.

    Attributes
    ----------
    ends
        When the caller waits no longer, on the monotonic clock.
    over
        Why the call is over for its caller; None: it is not.
    computes
        What gives its answers, kept as long as the call is under way: one that is left is ended by its caller's end
        of it, never by the collection of garbage, which would run it in another context.
    """

    __slots__ = ("_callbacks", "_metadata", "computes", "ends", "over")

    def __init__(self, timeout: float | None, metadata: Metadata | None) -> None:
        self.ends = math.inf if timeout is None else time.monotonic() + timeout
        self.over: grpc.StatusCode | None = None
        self.computes: object = None
        self._metadata = metadata or ()
        self._callbacks: list[Callable[[], None]] = []

    def end(self, code: grpc.StatusCode) -> None:
        """End the call for its caller, from any thread: what is computed for it stops."""
        if self.over is None:
            self.over = code
        for callback in tuple(self._callbacks):
            callback()

    def let_go(self) -> None:
        """Keep nothing of those who were to be told of its end."""
        self._callbacks.clear()
        self.computes = None

    def is_active(self) -> bool:
        """Whether anybody waits for the answer."""
        return self.over is None

    def time_remaining(self) -> float:
        """Give the seconds left; infinite where there is no deadline."""
        return self.ends - time.monotonic()

    def cancel(self) -> bool:
        """End the call; gives whether that was new."""
        new = self.over is None
        self.end(grpc.StatusCode.CANCELLED)
        return new

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have a function called when the call ends early; False: it has, and who asks must call it."""
        self._callbacks.append(callback)
        # A call that ends just now may call it twice, which does not matter to those who wish an end.
        return self.over is None

    def invocation_metadata(self) -> Metadata:
        """Give what the caller sent along."""
        return self._metadata

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """End the call with an error."""
        raise Failed(code, details)

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call with an error and its trailers."""
        raise Failed(status.code, status.details, tuple(status.trailing_metadata or ()))

    def peer(self) -> str:
        """Say who calls."""
        return "in process"

    def peer_identities(self) -> Iterable[bytes] | None:
        """Give nothing: nobody showed a certificate."""
        return None

    def peer_identity_key(self) -> str | None:
        """Give nothing: nobody showed a certificate."""
        return None

    def auth_context(self) -> Mapping[str, bytes]:
        """Give nothing: nobody showed a certificate."""
        return {}

    def send_initial_metadata(self, initial_metadata: object) -> None:
        """Do nothing: there are no headers."""

    def set_trailing_metadata(self, trailing_metadata: object) -> None:
        """Do nothing: a call that succeeds gives its response alone."""

    def set_code(self, code: grpc.StatusCode) -> None:
        """Do nothing: handlers abort."""

    def set_details(self, details: str) -> None:
        """Do nothing: handlers abort."""


class Deadlines:
    """Ends calls whose time is up: one thread for all of them, which sleeps until the next one's."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._calls: set[LocalContext] = set()
        self._wakes = math.inf
        self._thread: threading.Thread | None = None

    def watch(self, call: LocalContext) -> None:
        """Look after a call from now on."""
        with self._changed:
            self._calls.add(call)
            if call.ends < self._wakes:
                self._wakes = call.ends
                self._wake()

    def forget(self, call: LocalContext) -> None:
        """Look after a call no more."""
        with self._changed:
            self._calls.discard(call)

    def end_all(self, calls: Iterable[LocalContext]) -> None:
        """Cancel calls."""
        for call in tuple(calls):
            call.end(grpc.StatusCode.CANCELLED)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="wengert-deadlines", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                late = [call for call in self._calls if call.ends <= now]
                self._calls.difference_update(late)
                self._wakes = min((call.ends for call in self._calls), default=math.inf)
                if not late:
                    self._changed.wait(None if self._wakes == math.inf else min(self._wakes - now, _LONGEST_S))
            for call in late:
                call.end(grpc.StatusCode.DEADLINE_EXCEEDED)
            late.clear()


# Threads cannot wait for any number of seconds.
_LONGEST_S = 3600.0

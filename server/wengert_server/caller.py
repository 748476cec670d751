"""One call as the server knows it: which rpc, under which id, for whom.

It can be asked for anywhere in the thread that handles the call, so that what is logged on its behalf
carries its id, and what is held on its behalf belongs to its subject. When nobody waits for its answer any
more, what is computed on its behalf stops.
"""

from __future__ import annotations

import re
import secrets
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from wengert_server.subjects import ANYBODY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextvars import Token
    from types import TracebackType
    from typing import Protocol, Self

    import grpc

    from adengine.cancellation import Cancellation
    from wengert_server.admission import CallAccount

    Metadata = Iterable[tuple[str, str | bytes]]

    class Watch(Protocol):
        """Is told of calls."""

        def began(self, call: Call, /) -> None:
            """Take note of a call that begins."""

        def ended(self, call: Call, /) -> None:
            """Take note of a call that has ended."""


#: The metadata that carries a call's id, in both directions.
REQUEST_ID = "x-request-id"

# Short and plain, for it goes into log lines and headers: no space, no control character.
_PLAIN = re.compile(r"[!-~]{1,64}")
_SHORT = 12


class Call:
    """One call.

    Parameters
    ----------
    rpc
        Its name.
    request_id
        The caller's name for it, or one that was made.
    metadata
        What the caller sent along.
    watch
        Is told when it begins, and when it has ended, however that was.

    Attributes
    ----------
    subject : Subject
        In whose name it is made.
    seated : bool
        Whether it counts among its subject's calls.
    function : str
        The beginning of the id of the function it is about, as log lines have it.
    started : float
        When it began, by ``time.perf_counter``.
    code : str
        The name of the gRPC status it ended with.
    request_bytes, response_bytes : int
        What came, and what was answered.
    parent : Call or None
        The session of which it is one call.
    span, trace_id
        Of its trace, where traces are made; the id is empty where they are not.
    cancellation : Cancellation or None
        Stops what is computed for it.
    account : CallAccount or None
        What it takes of memory.
    """

    __slots__ = (
        "_token", "_watch", "account", "cancellation", "code", "function", "metadata", "parent", "request_bytes",
        "request_id", "response_bytes", "rpc", "seated", "span", "started", "subject", "trace_id",
    )  # fmt: skip

    def __init__(self, rpc: str, request_id: str, metadata: Metadata = (), watch: Watch | None = None) -> None:
        self.rpc = rpc
        self.request_id = request_id
        self.metadata = metadata
        self._watch = watch
        self.subject = ANYBODY
        self.seated = False
        self.function = ""
        self.started = time.perf_counter()
        self.cancellation: Cancellation | None = None
        self.account: CallAccount | None = None
        self.code = ""
        self.request_bytes = self.response_bytes = 0
        self.parent: Call | None = None
        self.span: Any = None
        self.trace_id = ""
        self._token: Token[Call] | None = None

    @classmethod
    def of(cls, rpc: str, context: grpc.ServicerContext, watch: Watch | None = None) -> Call:
        """Begin a call, under the id its metadata gives, if that is short and plain."""
        metadata = context.invocation_metadata() or ()
        for key, value in metadata:
            if key == REQUEST_ID and isinstance(value, str) and _PLAIN.fullmatch(value):
                return cls(rpc, value, metadata, watch)
        return cls(rpc, secrets.token_hex(8), metadata, watch)

    def within(self, number: int) -> Call:
        """Begin one of the calls of which this one, a session, consists: in the same name, with an id of its own."""
        call = Call(self.rpc, f"{self.request_id}/{number}", watch=self._watch)
        call.subject = self.subject
        # In force already, as the session's own; what it takes, it gives back at its end.
        call.cancellation, call.account = self.cancellation, self.account
        call.parent = self
        return call

    def about(self, function_id: str) -> None:
        """Say which function it is about."""
        self.function = function_id[:_SHORT]

    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self.started

    def __enter__(self) -> Self:
        if self._watch is not None:
            self._watch.began(self)
        self._token = _current.set(self)
        if self.parent is None:
            for each in (self.cancellation, self.account):
                if each is not None:
                    each.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.parent is None:
            for each in (self.account, self.cancellation):
                if each is not None:
                    each.__exit__(kind, error, trace)
        elif self.account is not None:
            self.account.give_back(self.account.taken)
        if self._token is not None:
            _current.reset(self._token)
            self._token = None
        if not self.code:
            # A generator is closed when its caller is gone.
            self.code = "OK" if kind is None else "CANCELLED" if kind is GeneratorExit else "UNKNOWN"
        if self._watch is not None:
            self._watch.ended(self)


_NONE = Call("", "")
_current: ContextVar[Call] = ContextVar("call", default=_NONE)


def current() -> Call:
    """Give the call that this thread handles; one of no rpc where it handles none."""
    return _current.get()

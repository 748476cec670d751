"""A server's handlers without its sockets: what arrives at them is what would arrive from the network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc

from tests.fuzz.answers import Answer
from tests.fuzz.requests import SERVICE, Asked
from wengert_server.server import Server
from wengert_server.settings import Settings

LIMITS: dict[str, Any] = {
    "max_functions": 50,
    "max_variable_elements": 1 << 20,
    "max_list_elements": 1 << 22,
    "max_reply_elements": 1 << 20,
    "max_call_bytes": 256 << 20,
    "max_call_elements": 1 << 28,
    "max_kept_bytes": 64 << 20,
    "max_compiled_statements": 2000,
}
"""A request at random may be legal and large: it is held to what takes a fraction of a second."""


class _AbortedError(Exception):
    pass


class Context:
    """As much of a call's context as handlers use."""

    def __init__(self) -> None:
        self.code = "OK"
        self.message = ""
        self.trailers: dict[str, Any] = {}

    def is_active(self) -> bool:
        """Whether the caller waits."""
        return True

    def time_remaining(self) -> float:
        """Seconds to the deadline."""
        return 60.0

    def add_callback(self, callback: object) -> bool:
        """What to call when the call ends: it does not end early."""
        return callback is not None

    def cancel(self) -> None:
        """Nothing to cancel."""

    def peer(self) -> str:
        """Who calls."""
        return "fuzz"

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """What came beside the request."""
        return ()

    def send_initial_metadata(self, metadata: object) -> None:
        """Sent before the first response."""

    def set_trailing_metadata(self, metadata: Iterable[tuple[str, Any]]) -> None:
        """Sent after the last response."""
        self.trailers.update(metadata)

    def abort_with_status(self, status: grpc.Status) -> None:
        """End the call."""
        self.code, self.message = status.code.name, str(status.details)
        self.trailers.update(status.trailing_metadata or ())
        raise _AbortedError

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        """End the call without details."""
        self.code, self.message = code.name, details
        raise _AbortedError


class InProcess(Server):
    """A server that is never started, asked directly.

    Parameters
    ----------
    folder : Path
        Where its socket lies.
    """

    def __init__(self, folder: Path) -> None:
        self._found: dict[str, Any] = {}
        super().__init__(Settings(address=(f"unix:{folder}/socket",), threads=2, **LIMITS))

    def _add(self, service: str, handlers: dict[str, Any]) -> None:
        self._found.update(handlers if service == SERVICE.full_name else {})
        super()._add(service, handlers)

    def answer(self, asked: Asked) -> Answer:
        """Make a call."""
        context, handler = Context(), self._found[asked.rpc]
        responses: list[bytes] = []
        try:
            if handler.request_streaming:
                responses.extend(handler.stream_stream(iter(asked.messages), context))
            elif handler.response_streaming:
                responses.extend(handler.unary_stream(asked.messages[0], context))
            else:
                responses.append(handler.unary_unary(asked.messages[0], context))
        except _AbortedError:
            pass
        return Answer(context.code, context.message, context.trailers, responses)

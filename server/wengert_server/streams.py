"""The streaming rpcs: threads of their own, so that none of them ever keeps a unary call waiting.

A Jacobian in blocks holds a thread while it is sent, and one more computes ahead. A session holds a thread while it is
open; sessions that wait for their caller are ended when the server drains.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc

from wengert_server import calls
from wengert_server.blocks import blocks
from wengert_server.decode import size_of
from wengert_server.health import on_pool
from wengert_server.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wengert_server.calls import Handler
    from wengert_server.decode import Data
    from wengert_server.reception import Reception
    from wengert_server.service import DifferentiationService
    from wengert_server.settings import Settings


_REFUSING = 8


class Streams:
    """The handlers of the streaming rpcs.

    Parameters
    ----------
    service
        Answers what is asked over them.
    reception
        Lets calls in.
    settings
        How many there may be.

    Attributes
    ----------
    handlers
        By the names of their rpcs.
    """

    def __init__(self, service: DifferentiationService, reception: Reception, settings: Settings) -> None:
        self._service = service
        self._reception = reception
        self._sending = ThreadPoolExecutor(settings.streams, thread_name_prefix="stream")
        self._computing = ThreadPoolExecutor(settings.streams, thread_name_prefix="ahead")
        self._sessions = Sessions(service.rpcs(), reception, settings.max_sessions)
        # Some more than there may be sessions: one too many must be told so.
        self._talking = ThreadPoolExecutor(settings.max_sessions + _REFUSING, thread_name_prefix="session")
        self.handlers: dict[str, Handler] = {"StreamJacobian": self._jacobian(), "Session": self._session()}

    def drain(self) -> None:
        """End what waits for its caller; what computes or is sent goes on."""
        self._sessions.drain()

    def close(self) -> None:
        """Let go of the threads."""
        for pool in (self._sending, self._computing, self._talking):
            pool.shutdown(wait=False, cancel_futures=True)

    def _jacobian(self) -> Handler:
        def jacobian(request: Data, context: grpc.ServicerContext) -> Iterator[bytes]:
            if not context.is_active():
                return  # Cancelled, or past its deadline, while it waited for a thread.
            with self._reception.call("StreamJacobian", context) as call:
                try:
                    self._reception.admit(call)
                    call.request_bytes = size_of(request)
                    for block in blocks(*self._service.stream_jacobian(request), self._computing):
                        call.response_bytes += len(block)
                        yield block
                except Exception as error:  # noqa: BLE001  whatever it is, the server goes on
                    calls.abort(call, context, error)
                calls.finish(call, context)

        return grpc.unary_stream_rpc_method_handler(on_pool(jacobian, self._sending))

    def _session(self) -> Handler:
        def session(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            if not context.is_active():
                return iter(())
            return self._sessions.serve(requests, context)

        return grpc.stream_stream_rpc_method_handler(on_pool(session, self._talking))

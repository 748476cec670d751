"""Health that always answers, and does not hold a stop.

The handlers have a pool of threads of their own, so that a check is answered while every worker
computes. A Watch keeps no thread while it is open, and all are ended when the server drains: gRPC
would else wait for them for the whole grace.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health, health_pb2

from wengert_server.calls import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from wengert_server.calls import Handler

    Send = Callable[[health_pb2.HealthCheckResponse | None], None]

NAME = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_STATUS = health_pb2.HealthCheckResponse


class _Watch:
    """A stream that is ended once: gRPC's own servicer ends it again when the call is over."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._ended = False

    def send(self, response: health_pb2.HealthCheckResponse | None) -> None:
        """Send a status, or end the stream with None."""
        if not self._ended:
            self._ended = response is None
            self._send(response)


class Health:
    """The health service.

    Attributes
    ----------
    handlers
        The handlers of its rpcs, by name.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="health")
        self._servicer = health.HealthServicer()
        self._lock = threading.Lock()
        self._watches: set[_Watch] = set()
        self._draining = False
        self.handlers = {"Check": self._check(), "Watch": self._watch()}
        self._set(_STATUS.NOT_SERVING)

    def serving(self) -> None:
        """Say that calls are welcome."""
        self._set(_STATUS.SERVING)

    def drain(self) -> None:
        """Say that no more calls are welcome, for good, and end all watches."""
        self._servicer.enter_graceful_shutdown()
        with self._lock:
            self._draining = True
            watches = list(self._watches)
        for opened in watches:
            opened.send(None)

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False)

    def _forget(self, opened: _Watch) -> None:
        with self._lock:
            self._watches.discard(opened)

    def _set(self, status: int) -> None:
        for service in ("", SERVICE.full_name):
            self._servicer.set(service, status)

    def _check(self) -> Handler:
        def check(request: Any, context: grpc.ServicerContext) -> Any:
            return self._servicer.Check(request, context)

        return grpc.unary_unary_rpc_method_handler(
            on_pool(check, self._pool),
            request_deserializer=health_pb2.HealthCheckRequest.FromString,
            response_serializer=_STATUS.SerializeToString,
        )

    def _watch(self) -> Handler:
        def watch(request: Any, context: grpc.ServicerContext, send: Send) -> None:
            opened = _Watch(send)
            with self._lock:
                self._watches.add(opened)
            if not context.add_callback(lambda: self._forget(opened)):
                self._forget(opened)
                return
            self._servicer.Watch(request, context, opened.send)
            if self._draining:
                opened.send(None)

        # gRPC hands such a handler a function to send with, and needs no thread until it returns.
        watch.experimental_non_blocking = True  # type: ignore[attr-defined]
        return grpc.unary_stream_rpc_method_handler(
            on_pool(watch, self._pool),
            request_deserializer=health_pb2.HealthCheckRequest.FromString,
            response_serializer=_STATUS.SerializeToString,
        )


def on_pool(behavior: Callable[..., Any], pool: ThreadPoolExecutor) -> Callable[..., Any]:
    """Have gRPC run a handler on a pool of its own, by the attribute it looks for."""
    behavior.experimental_thread_pool = pool  # type: ignore[attr-defined]
    return behavior

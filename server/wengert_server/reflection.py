"""Reflection, so that general tools can call the server without our .proto files."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from wengert_server import health
from wengert_server.calls import SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wengert_server.calls import Handler

# Streams open at the same time; more wait for one of them to end.
_STREAMS = 32

#: Version 1 has the messages of v1alpha under another name; tools ask for either.
NAMES = (reflection.SERVICE_NAME, "grpc.reflection.v1.ServerReflection")


class Reflection:
    """The reflection service.

    An open stream holds a thread, so they have a pool of their own, and are ended when the server
    drains.

    Attributes
    ----------
    handlers
        The handlers of its rpcs, by name.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_STREAMS, thread_name_prefix="reflection")
        served = (SERVICE.full_name, health.NAME, reflection.SERVICE_NAME)
        self._servicer = reflection.ReflectionServicer(served)
        self._lock = threading.Lock()
        self._open: set[grpc.ServicerContext] = set()
        self._draining = False
        self.handlers = {"ServerReflectionInfo": self._info()}

    def drain(self) -> None:
        """End all streams."""
        with self._lock:
            self._draining = True
            streams = list(self._open)
        for context in streams:
            context.cancel()

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _info(self) -> Handler:
        def info(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
            with self._lock:
                self._open.add(context)
                draining = self._draining
            try:
                if not draining:
                    yield from self._servicer.ServerReflectionInfo(requests, context)
            finally:
                with self._lock:
                    self._open.discard(context)

        return grpc.stream_stream_rpc_method_handler(
            health.on_pool(info, self._pool),
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )

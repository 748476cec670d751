"""A bare gRPC server: a thread pool, bytes in, bytes out; what any Python service pays at least.

``python -m benchmarks.bare_server`` reads the reply from its standard input, to the end, and prints its address.
Without a reply it answers with as many zero bytes as the first eight bytes of a request say. Over a session it answers
every request so; asked for blocks, it sends the reply in pieces of as many bytes as the first eight say.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc

SERVICE = "wengert.benchmarks.Bare"
METHOD, SESSION, BLOCKS = "Call", "Session", "Blocks"
PATH, SESSION_PATH, BLOCKS_PATH = (f"/{SERVICE}/{method}" for method in (METHOD, SESSION, BLOCKS))
SIZE_BYTES = 8
ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def serve(reply: bytes) -> None:
    """Serve until the process is ended."""
    zeros = functools.cache(bytes)

    def call(request: bytes, _context: grpc.ServicerContext) -> bytes:
        return reply or zeros(int.from_bytes(request[:SIZE_BYTES], "little"))

    def session(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        for request in requests:
            yield call(request, context)

    def blocks(request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        size = int.from_bytes(request[:SIZE_BYTES], "little")
        for first in range(0, len(reply), size):
            yield reply[first : first + size]

    server = grpc.server(ThreadPoolExecutor(max_workers=2), options=ANY_SIZE)
    # As generated code registers a service; without serializers messages stay bytes.
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        METHOD: grpc.unary_unary_rpc_method_handler(call),
        SESSION: grpc.stream_stream_rpc_method_handler(session),
        BLOCKS: grpc.unary_stream_rpc_method_handler(blocks),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_registered_method_handlers(SERVICE, handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.stdin.buffer.read())

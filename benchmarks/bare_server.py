"""A bare gRPC server: a thread pool, bytes in, bytes out; what any Python service pays at least.

``python -m benchmarks.bare_server`` reads the reply from its standard input, to the end, and prints its address.
Without a reply it answers with as many zero bytes as the first eight bytes of a request say.
"""

from __future__ import annotations

import functools
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

SERVICE = "wengert.benchmarks.Bare"
METHOD = "Call"
PATH = f"/{SERVICE}/{METHOD}"
SIZE_BYTES = 8
ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def serve(reply: bytes) -> None:
    """Serve until the process is ended."""
    zeros = functools.cache(bytes)

    def call(request: bytes, _context: grpc.ServicerContext) -> bytes:
        return reply or zeros(int.from_bytes(request[:SIZE_BYTES], "little"))

    server = grpc.server(ThreadPoolExecutor(max_workers=2), options=ANY_SIZE)
    # As generated code registers a service; without serializers messages stay bytes.
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {METHOD: grpc.unary_unary_rpc_method_handler(call)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_registered_method_handlers(SERVICE, handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.stdin.buffer.read())

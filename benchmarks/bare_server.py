"""A bare gRPC server: a thread pool, bytes in, the same bytes out; what any Python service pays at least.

``python -m benchmarks.bare_server`` reads the reply from its standard input, to the end, and prints its address.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

SERVICE = "wengert.benchmarks.Bare"
METHOD = "Call"
PATH = f"/{SERVICE}/{METHOD}"
ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def serve(reply: bytes) -> None:
    """Serve until the process is ended."""

    def call(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        return reply

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

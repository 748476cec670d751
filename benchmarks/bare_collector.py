"""A collector of traces that keeps none: ``python -m benchmarks.bare_collector`` prints its address."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc


class _Everything(grpc.GenericRpcHandler):
    """Answers every call with an empty message."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        del handler_call_details
        return grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")


def serve() -> None:
    """Serve until the process is ended."""
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    server.add_generic_rpc_handlers((_Everything(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve()

"""One call: bytes in, bytes or a status out, and a line in the log.

Requests reach the handlers as bytes and are parsed there, so that random bytes get a proper answer.
"""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING, NoReturn

import grpc

from adengine.errors import EngineError, Unsupported
from wengert.v1 import service_pb2
from wengert_server.errors import OutOfMemory
from wengert_server.logs import with_fields
from wengert_server.status import fault_status, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Handler = grpc.RpcMethodHandler[Any, Any]

_log = logging.getLogger("wengert_server.calls")

SERVICE = service_pb2.DESCRIPTOR.services_by_name["DifferentiationService"]
_REQUEST_ID = "x-request-id"


def handlers(rpcs: Mapping[str, Callable[[bytes], bytes]]) -> dict[str, Handler]:
    """Give a handler for every rpc of the contract; those not in `rpcs` answer UNIMPLEMENTED."""
    return {
        method.name: _served(method.name, rpcs[method.name])
        if method.name in rpcs
        else _unserved(method.name, method.client_streaming, method.server_streaming)
        for method in SERVICE.methods
    }


def _served(rpc: str, answer: Callable[[bytes], bytes]) -> Handler:
    def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
        started = time.perf_counter()
        if not context.is_active():
            return b""  # Cancelled, or past its deadline, while it waited for a worker.
        try:
            response = answer(request)
        except EngineError as error:
            _refuse(error, rpc, context, started)
        except MemoryError:
            _refuse(OutOfMemory(_NO_MEMORY), rpc, context, started)
        except Exception:  # noqa: BLE001  whatever it is, the server goes on
            _fail(rpc, context, started)
        if _log.isEnabledFor(logging.DEBUG):
            _record(logging.DEBUG, rpc, context, started, code="OK")
        return response

    return grpc.unary_unary_rpc_method_handler(behavior)


_NO_MEMORY = "the machine has less memory left than the call needs; make it smaller, or try later"


def _unserved(rpc: str, client_streaming: bool, server_streaming: bool) -> Handler:
    error = Unsupported(f"{rpc} is not served yet; GetCapabilities names the rpcs that are")

    def one(_request: object, context: grpc.ServicerContext) -> bytes:
        _refuse(error, rpc, context, time.perf_counter())

    def stream(_request: object, context: grpc.ServicerContext) -> Iterator[bytes]:
        _refuse(error, rpc, context, time.perf_counter())

    if client_streaming:
        return grpc.stream_stream_rpc_method_handler(stream)
    if server_streaming:
        return grpc.unary_stream_rpc_method_handler(stream)
    return grpc.unary_unary_rpc_method_handler(one)


def _refuse(error: EngineError, rpc: str, context: grpc.ServicerContext, started: float) -> NoReturn:
    status = status_of(error)
    if _log.isEnabledFor(logging.INFO):
        code = status.code.name
        _record(logging.INFO, rpc, context, started, code=code, reason=error.reason)
    context.abort_with_status(status)


def _fail(rpc: str, context: grpc.ServicerContext, started: float) -> NoReturn:
    """Log what went wrong, with its trace, under an id; the caller is told the id alone."""
    fault_id = uuid.uuid4().hex[:12]
    _log.exception("fault %s in %s", fault_id, rpc)
    _record(logging.ERROR, rpc, context, started, code="INTERNAL", fault=fault_id)
    context.abort_with_status(fault_status(fault_id))


def _record(level: int, rpc: str, context: grpc.ServicerContext, started: float, **more: object) -> None:
    fields = {
        "rpc": rpc,
        **more,
        "ms": round((time.perf_counter() - started) * 1e3, 3),
        "peer": context.peer(),
        "request_id": _request_id(context),
    }
    _log.log(level, "call", extra=with_fields(**fields))


def _request_id(context: grpc.ServicerContext) -> str:
    """Give the caller's name for the call, if it is short and plain, or else a new one."""
    for key, value in context.invocation_metadata() or ():
        if key == _REQUEST_ID and isinstance(value, str):
            given = value[:64]
            if given.isascii() and given.isprintable() and " " not in given:
                return given
    return uuid.uuid4().hex[:16]

"""One call: bytes in, bytes or a status out, and a line in the log.

Requests reach the handlers as bytes and are parsed there, so that random bytes get a proper answer.
"""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

import grpc

from adengine.errors import EngineError, Unsupported
from wengert.v1 import service_pb2
from wengert_server.caller import REQUEST_ID
from wengert_server.decode import size_of
from wengert_server.errors import OutOfMemory
from wengert_server.logs import with_fields
from wengert_server.status import call_error, code_of, fault_error, fault_status, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from wengert import v1
    from wengert_server.caller import Call
    from wengert_server.decode import Data
    from wengert_server.reception import Reception

    Handler = grpc.RpcMethodHandler[Any, Any]

_log = logging.getLogger("wengert_server.calls")

NO_STREAMS: Mapping[str, Handler] = MappingProxyType({})
SERVICE = service_pb2.DESCRIPTOR.services_by_name["DifferentiationService"]


def handlers(
    rpcs: Mapping[str, Callable[[Data], bytes]], reception: Reception, streams: Mapping[str, Handler] = NO_STREAMS
) -> dict[str, Handler]:
    """Give a handler for every rpc of the contract; those not in `rpcs` or `streams` answer UNIMPLEMENTED."""
    return {
        method.name: streams[method.name]
        if method.name in streams
        else _served(method.name, rpcs[method.name], reception)
        if method.name in rpcs
        else _unserved(method.name, reception, method.client_streaming, method.server_streaming)
        for method in SERVICE.methods
    }


def _served(rpc: str, answer: Callable[[Data], bytes], reception: Reception) -> Handler:
    def behavior(request: Data, context: grpc.ServicerContext) -> bytes:
        if not context.is_active():
            return b""  # Cancelled, or past its deadline, while it waited for a worker.
        with reception.call(rpc, context) as call:
            try:
                reception.admit(call)
                call.request_bytes = size_of(request)
                response = answer(request)
                call.response_bytes = len(response)
            except Exception as error:  # noqa: BLE001  whatever it is, the server goes on
                abort(call, context, error)
            finish(call, context)
            return response

    return grpc.unary_unary_rpc_method_handler(behavior)


def finish(call: Call, context: grpc.ServicerContext) -> None:
    """End a call that succeeded."""
    if not context.is_active():
        call.code = "CANCELLED"
    context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
    if _log.isEnabledFor(logging.DEBUG):
        _record(logging.DEBUG, call, context, code=call.code or "OK")


def abort(call: Call, context: grpc.ServicerContext, error: Exception) -> NoReturn:
    """End a call that failed: the caller is told what is wrong with the request, and nothing of the server's inside."""
    if isinstance(error, MemoryError):
        error = OutOfMemory(_NO_MEMORY)
    if isinstance(error, EngineError):
        _refuse(error, call, context)
    _fail(error, call, context)


def error_of(call: Call, context: grpc.ServicerContext, error: Exception) -> v1.CallError:
    """Log what went wrong with a call of a session, and give the error to answer with."""
    if isinstance(error, MemoryError):
        error = OutOfMemory(_NO_MEMORY)
    if isinstance(error, EngineError):
        call.code = code_of(error).name
        if _log.isEnabledFor(logging.INFO):
            _record(logging.INFO, call, context, code=call.code, reason=error.reason)
        return call_error(error)
    call.code = "INTERNAL"
    _log.error("fault in %s", call.rpc, exc_info=error)
    _record(logging.ERROR, call, context, code="INTERNAL")
    return fault_error(call.request_id)


_NO_MEMORY = "the machine has less memory left than the call needs; make it smaller, or try later"


def _unserved(rpc: str, reception: Reception, client_streaming: bool, server_streaming: bool) -> Handler:
    unserved = Unsupported(f"{rpc} is not served yet; GetCapabilities names the rpcs that are")

    def one(_request: object, context: grpc.ServicerContext) -> NoReturn:
        with reception.call(rpc, context) as call:
            try:
                reception.admit(call)
            except EngineError as error:
                abort(call, context, error)
            abort(call, context, unserved)

    def stream(request: object, context: grpc.ServicerContext) -> Iterator[bytes]:
        one(request, context)

    if client_streaming:
        return grpc.stream_stream_rpc_method_handler(stream)
    if server_streaming:
        return grpc.unary_stream_rpc_method_handler(stream)
    return grpc.unary_unary_rpc_method_handler(one)


def _refuse(error: EngineError, call: Call, context: grpc.ServicerContext) -> NoReturn:
    status = status_of(error, call.request_id)
    call.code = status.code.name
    if _log.isEnabledFor(logging.INFO):
        _record(logging.INFO, call, context, code=status.code.name, reason=error.reason)
    context.abort_with_status(status)


def _fail(error: Exception, call: Call, context: grpc.ServicerContext) -> NoReturn:
    """Log what went wrong, with its trace, under the id of the call; the caller is told the id alone."""
    call.code = "INTERNAL"
    _log.error("fault in %s", call.rpc, exc_info=error)
    _record(logging.ERROR, call, context, code=call.code)
    context.abort_with_status(fault_status(call.request_id))


def _record(level: int, call: Call, context: grpc.ServicerContext, **more: object) -> None:
    fields = {
        "rpc": call.rpc,
        **more,
        "ms": round(call.seconds() * 1e3, 3),
        "peer": context.peer(),
    }
    _log.log(level, "call", extra=with_fields(**fields))

"""A server that fails as it is told, and otherwise answers Evaluate and Jacobian for x -> sum of x."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from tests.reference import function_id
from wengert import v1
from wengert.v1.tensors import read_tensor, write_tensor

Behaviour = Callable[[grpc.ServicerContext], None]


@dataclass
class Fake:
    """What a fake server does and what it has seen.

    Attributes
    ----------
    failures
        Behaviours of the next calls, one each, in order.
    calls
        Names of the rpcs called.
    remaining_s
        Seconds each call had left.
    held
        The functions it holds, by id.
    sparse
        The matrices of the next sparse Jacobians, one each, in order.
    """

    address: str = ""
    failures: deque[Behaviour] = field(default_factory=deque)
    calls: list[str] = field(default_factory=list)
    remaining_s: list[float] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    held: dict[str, v1.WengertList] = field(default_factory=dict)
    sparse: deque[v1.SparseMatrix] = field(default_factory=deque)

    def answer(self, rpc: str, request: Any, context: grpc.ServicerContext) -> Any:
        self.calls.append(rpc)
        self.requests.append(request)
        self.remaining_s.append(context.time_remaining())
        if self.failures:
            self.failures.popleft()(context)
        return getattr(self, f"_{rpc.lower()}")(request, context)

    def _register(self, request: v1.RegisterRequest, _: Any) -> v1.RegisterResponse:
        wanted = request.function.list
        info = v1.FunctionInfo(id=function_id(wanted), n=1, m=1, inputs=wanted.inputs)
        info.outputs.extend(v1.OutputInfo(name=each.name) for each in wanted.outputs)
        self.held[info.id] = wanted
        return v1.RegisterResponse(info=info)

    def _describe(self, request: v1.DescribeRequest, context: grpc.ServicerContext) -> v1.DescribeResponse:
        self._check(request.function, context)
        held = self.held[request.function.id]
        info = self._register(v1.RegisterRequest(function=v1.FunctionSource(list=held)), context).info
        return v1.DescribeResponse(info=info, list=held)

    def _evaluate(self, request: v1.EvaluateRequest, context: grpc.ServicerContext) -> v1.EvaluateResponse:
        self._check(request.function, context)
        response = v1.EvaluateResponse()
        x = read_tensor(request.points, vector=True)
        write_tensor(response.values, x.sum(axis=-1)[..., None])
        return response

    def _jacobian(self, request: v1.JacobianRequest, context: grpc.ServicerContext) -> v1.JacobianResponse:
        self._check(request.function, context)
        response = v1.JacobianResponse()
        if request.layout == v1.Layout.LAYOUT_SPARSE:
            write_tensor(response.values, np.zeros(1))
            response.sparse.CopyFrom(self.sparse.popleft())
            return response
        write_tensor(response.dense, np.ones((1, 3)))
        response.dense.shape[1] = 4  # an answer that was cut off
        return response

    def _check(self, function: v1.FunctionSource, context: grpc.ServicerContext) -> None:
        if function.HasField("list"):
            self.held[function_id(function.list)] = function.list
        elif function.id not in self.held:
            fail(grpc.StatusCode.FAILED_PRECONDITION, "no such function", "UNKNOWN_FUNCTION")(context)


def fail(
    code: grpc.StatusCode,
    message: str = "no",
    reason: str = "",
    fields: tuple[tuple[str, str], ...] = (),
    trailers: tuple[tuple[str, str | bytes], ...] = (),
) -> Behaviour:
    """End a call with a status, its details, and further trailers."""
    status = status_pb2.Status(code=code.value[0], message=message)
    if reason:
        status.details.append(_packed(error_details_pb2.ErrorInfo(reason=reason, domain="wengert.v1")))
    if fields:
        bad = error_details_pb2.BadRequest()
        for path, description in fields:
            bad.field_violations.add(field=path, description=description)
        status.details.append(_packed(bad))
    details = (("grpc-status-details-bin", status.SerializeToString()),) if status.details else ()

    def behave(context: grpc.ServicerContext) -> None:
        context.set_trailing_metadata((*details, *trailers))
        context.abort(code, message)

    return behave


def slow(seconds: float) -> Behaviour:
    """Answer late."""
    return lambda _: time.sleep(seconds)


@contextmanager
def fake_server() -> Iterator[Fake]:
    """Start a fake server on a free port."""
    fake = Fake()
    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[_Handler(fake)])
    fake.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield fake
    finally:
        server.stop(None).wait()


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        rpc = handler_call_details.method.rpartition("/")[2]
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._fake.answer(rpc, request, context),
            request_deserializer=getattr(v1, f"{rpc}Request").FromString,
            response_serializer=getattr(v1, f"{rpc}Response").SerializeToString,
        )


def _packed(message: Any) -> Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed

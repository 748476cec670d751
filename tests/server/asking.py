"""Ask a server for what it must refuse, and read the refusal as any client could."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from tests.wire_lists import ListWriter, tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "wengert.v1.DifferentiationService"
DEADLINE_S = 120.0


@dataclass(frozen=True)
class Refusal:
    """What a refused call tells: code, sentence, reason, the fields to blame with a sentence each, the call's id."""

    code: grpc.StatusCode
    message: str
    reason: str
    domain: str
    fields: dict[str, str]
    details_bytes: int
    request_id: str

    @property
    def field(self) -> str:
        """The only field to blame, or none."""
        assert len(self.fields) <= 1
        return next(iter(self.fields), "")


def refusal(call: Callable[[], object]) -> Refusal:
    """Make a call that must be refused."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return read_refusal(cast(grpc.Call, caught.value))


def read_refusal(error: grpc.Call) -> Refusal:
    """Read the details of a status."""
    details = b"".join(
        value
        for key, value in error.trailing_metadata() or ()
        if key == "grpc-status-details-bin" and isinstance(value, bytes)
    )
    info, blamed = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status_pb2.Status.FromString(details).details:
        detail.Unpack(info)
        detail.Unpack(blamed)
    fields = {violation.field: violation.description for violation in blamed.field_violations}
    message = error.details() or ""
    request_id = str(dict(error.trailing_metadata() or ()).get("x-request-id", ""))
    assert info.metadata.get("request_id", request_id) == request_id
    return Refusal(error.code(), message, info.reason, info.domain, fields, len(details), request_id)


def raw(channel: grpc.Channel, rpc: str, data: bytes) -> bytes:
    """Send bytes as the request of an rpc, and give the bytes of the response."""
    return unary(channel, rpc)(data, timeout=DEADLINE_S)


def unary(channel: grpc.Channel, rpc: str) -> grpc.UnaryUnaryMultiCallable[bytes, bytes]:
    """An rpc that takes and gives bytes."""
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{SERVICE}/{rpc}")
    return call


def product() -> v1.WengertList:
    """f(x, y) = x * y, with scalars."""
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("MULTIPLY", x, y))
    return f.message


def product_at(channel: grpc.Channel, x: float, y: float) -> list[float]:
    """The Jacobian of x * y, which is (y, x): to see that a server is unharmed."""
    request = v1.JacobianRequest(function=v1.FunctionSource(list=product()), points=tensor([x, y]))
    response = DifferentiationServiceStub(channel).Jacobian(request, timeout=DEADLINE_S)
    assert list(response.dense.shape) == [1, 2]
    return list(response.dense.values)


def long_call(n: int = 1500, depth: int = 2500) -> v1.JacobianRequest:
    """A call that is small to send and takes seconds: n sweeps forward over `depth` vectors of n."""
    f = ListWriter()
    w = f.input("x", n)
    for _ in range(depth):
        w = f.add("SIN", w)
    f.output("f", f.sum(w, 0))
    mode = v1.Mode.MODE_FORWARD
    return v1.JacobianRequest(function=v1.FunctionSource(list=f.message), points=tensor([0.5] * n), mode=mode)

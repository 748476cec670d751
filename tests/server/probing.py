"""Ask a server what is not of its own contract: its health, and by reflection what it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from tests.server.asking import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def health(channel: grpc.Channel, service: str = "") -> health_pb2.HealthCheckResponse:
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    return check(health_pb2.HealthCheckRequest(service=service), timeout=DEADLINE_S)


def watch(channel: grpc.Channel) -> Iterator[health_pb2.HealthCheckResponse]:
    opened = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    return opened(health_pb2.HealthCheckRequest())


def reflect(
    channel: grpc.Channel, requests: Iterator[reflection_pb2.ServerReflectionRequest], version: str = "v1alpha"
) -> Iterator[reflection_pb2.ServerReflectionResponse]:
    info = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return info(requests)

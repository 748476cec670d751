"""One server for all tests that change nothing about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.serving import running_server
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from tests.serving import RunningServer


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with server.channel() as channel:
        yield channel


@pytest.fixture(scope="session")
def stub(channel: grpc.Channel) -> DifferentiationServiceStub:
    return DifferentiationServiceStub(channel)

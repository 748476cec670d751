"""A replica that says nothing any more, as one whose machine or network is gone; and one that computes for long."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import numpy as np

from tests.server.asking import long_call
from tests.serving import running_server
from wengert_client import Client, ListBuilder, _replicas
from wengert_server import server
from wengert_server.settings import Settings

if TYPE_CHECKING:
    import pytest


def test_one_that_falls_silent_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_replicas, "_KEEPALIVE_MS", 500)
    builder = ListBuilder()
    builder.output("f", (builder.input("x", 3) ** 2).sum())
    with (
        running_server() as silent,
        running_server() as other,
        Client([silent.address, other.address], deadline_s=100) as client,
    ):
        f = client.function(builder)
        for _ in range(4):
            f.value(np.ones(3))
        silent.process.send_signal(signal.SIGSTOP)
        try:
            for k in range(20):
                assert f.gradient(np.full(3, k)).tolist() == [2.0 * k] * 3
        finally:
            silent.process.send_signal(signal.SIGCONT)


def test_a_call_that_computes_for_long_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_PING_INTERVAL_MS", 50)
    monkeypatch.setattr(_replicas, "_KEEPALIVE_MS", 100)
    running = server.Server(Settings(address=("127.0.0.1:0",), threads=1))
    running.start()
    with Client(running.addresses[0], deadline_s=300, max_attempts=1) as client:
        transport = client._transport
        response = transport.call(lambda stub: stub.Jacobian, long_call(), transport.ends())
        assert list(response.dense.shape) == [1, 1500]
    assert running.drain(60).wait(60)
    running.close()

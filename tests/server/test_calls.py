"""What a handler does when something breaks: the caller learns nothing, the log all, and the server goes on."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from unittest.mock import Mock

import grpc
import pytest

from tests.server.asking import SERVICE, raw, refusal
from wengert_server import calls
from wengert_server.reception import Reception

if TYPE_CHECKING:
    from collections.abc import Iterator


def _divide(_data: bytes) -> bytes:
    return bytes(1 // len(_data[:0]))


def _exhaust(_data: bytes) -> bytes:
    raise MemoryError


def _recurse(data: bytes) -> bytes:
    return _recurse(data)


@pytest.fixture(scope="module")
def broken() -> Iterator[grpc.Channel]:
    rpcs = {"Evaluate": _divide, "Jvp": _exhaust, "Vjp": _recurse, "Forget": lambda data: data}
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, calls.handlers(rpcs, Reception())),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    server.stop(None).wait()


@pytest.mark.parametrize(("rpc", "trace"), [("Evaluate", "ZeroDivisionError"), ("Vjp", "RecursionError")])
def test_a_fault(broken: grpc.Channel, rpc: str, trace: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "wengert_server"):
        refused = refusal(lambda: raw(broken, rpc, b""))
    assert (refused.code, refused.reason, refused.fields) == (grpc.StatusCode.INTERNAL, "", {})
    sentence, _, fault_id = refused.message.rpartition(" ")
    assert sentence == "the server failed; its log says more under the request id"
    assert trace not in refused.message
    assert f"fault in {rpc}" in caplog.text
    assert fault_id == refused.request_id
    assert trace in caplog.text
    assert raw(broken, "Forget", b"still there") == b"still there"


def test_no_memory_left(broken: grpc.Channel) -> None:
    refused = refusal(lambda: raw(broken, "Jvp", b""))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    assert "less memory left than the call needs" in refused.message
    assert raw(broken, "Forget", b"still there") == b"still there"


def test_every_rpc_of_the_contract_has_a_handler() -> None:
    assert set(calls.handlers({}, Reception())) == {method.name for method in calls.SERVICE.methods}


def test_a_call_whose_caller_is_gone_is_not_computed() -> None:
    answer = Mock(return_value=b"answer")
    handler = calls.handlers({"Evaluate": answer}, Reception())["Evaluate"]
    assert handler.unary_unary is not None
    gone = Mock(is_active=lambda: False)
    there = Mock(is_active=lambda: True, invocation_metadata=lambda: ())
    assert handler.unary_unary(b"late", gone) == b""
    assert handler.unary_unary(b"in time", there) == b"answer"
    answer.assert_called_once_with(b"in time")

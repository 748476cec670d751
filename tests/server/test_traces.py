"""Traces over real sockets: a server sends spans to a collector, which is a gRPC server of this test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages

from tests.server.asking import DEADLINE_S, product, raw, refusal, unary
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator

EVALUATE = v1.EvaluateRequest(function=v1.FunctionSource(list=product()), points=tensor([3.0, 4.0]))
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER = 2
ERROR = 2


class Collector:
    """Keeps what it is sent.

    Attributes
    ----------
    endpoint : str
    spans : list
        All that came so far.
    services : set of str
        The names of those who sent them.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.spans: list[Any] = []
        self.services: set[str] = set()
        self._came = threading.Condition()

    def export(self, request: Any, _context: grpc.ServicerContext) -> Any:
        with self._came:
            for part in request.resource_spans:
                attributes = {each.key: each.value.string_value for each in part.resource.attributes}
                self.services.add(attributes["service.name"])
                self.spans += [span for scope in part.scope_spans for span in scope.spans]
            self._came.notify_all()
        return messages.ExportTraceServiceResponse()

    def wait_for(self, count: int) -> list[Any]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.spans) >= count, DEADLINE_S)
            return sorted(self.spans, key=lambda span: span.start_time_unix_nano)


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    handler = grpc.unary_unary_rpc_method_handler(
        collector.export,
        request_deserializer=messages.ExportTraceServiceRequest.FromString,
        response_serializer=messages.ExportTraceServiceResponse.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(1))
    name = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Export": handler}),))
    collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield collector
    server.stop(None).wait()


def attributes(span: Any) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


SOON = {"OTEL_BSP_SCHEDULE_DELAY": "50"}


def test_spans_of_calls_sessions_and_errors() -> None:
    with (
        collecting() as collector,
        running_server(
            "--trace-endpoint", collector.endpoint, "--log-format", "json", "--log-level", "debug", environment=SOON
        ) as server,
        server.channel() as channel,
    ):
        sent = (("traceparent", f"00-{TRACE}-{PARENT}-01"), ("x-request-id", "mine"))
        unary(channel, "Evaluate")(EVALUATE.SerializeToString(), metadata=sent, timeout=DEADLINE_S)
        refusal(lambda: raw(channel, "Evaluate", b"\xff"))
        refusal(lambda: raw(channel, "Explain", b""))
        asked = [v1.SessionRequest(call=1, evaluate=EVALUATE)]
        list(DifferentiationServiceStub(channel).Session(iter(asked), timeout=DEADLINE_S))
        spans = collector.wait_for(5)
        (logged,) = [json.loads(line) for line in server.logged().splitlines() if '"mine"' in line]
    evaluated, malformed, unserved, session, inner = spans
    names = [span.name.removeprefix("wengert.v1.DifferentiationService/") for span in spans]
    assert names == ["Evaluate", "Evaluate", "Explain", "Session", "Evaluate"]
    assert collector.services == {"wengert-server"}
    assert all(span.kind == SERVER for span in spans)
    assert (evaluated.trace_id.hex(), evaluated.parent_span_id.hex()) == (TRACE, PARENT)
    assert logged["trace_id"] == TRACE
    found = attributes(evaluated)
    assert found["rpc.method"] == "Evaluate"
    assert found["rpc.grpc.status_code"] == 0
    assert found["wengert.request_id"] == "mine"
    assert found["wengert.request_bytes"] == EVALUATE.ByteSize()
    assert len(str(found["wengert.function"])) == 12
    # What is wrong with a request is no error of the server.
    assert attributes(malformed)["rpc.grpc.status_code"] == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert malformed.status.code != ERROR
    assert unserved.status.code == ERROR
    assert not malformed.parent_span_id
    assert malformed.trace_id not in (evaluated.trace_id, session.trace_id)
    assert (inner.trace_id, inner.parent_span_id) == (session.trace_id, session.span_id)


def test_by_the_variables_of_opentelemetry() -> None:
    with collecting() as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_SERVICE_NAME": "derivatives"}
        with running_server(environment=variables) as server, server.channel() as channel:
            raw(channel, "GetCapabilities", b"")
            # What was not sent yet is sent when the server stops.
            assert server.stop() == 0
        assert len(collector.wait_for(1)) == 1
        assert collector.services == {"derivatives"}


def test_a_collector_that_is_away_harms_no_call_and_no_stop() -> None:
    flags = ("--trace-endpoint", "http://127.0.0.1:9")
    with running_server(*flags, environment=SOON) as server, server.channel() as channel:
        for _ in range(10):
            raw(channel, "GetCapabilities", b"")
        time.sleep(0.2)
        assert server.stop() == 0


@pytest.mark.parametrize("by_flag", [True, False])
def test_without_the_packages(by_flag: bool) -> None:
    program = (
        "import sys; sys.modules['opentelemetry.exporter'] = None\n"
        "from wengert_server.watching import _traces\n"
        "from wengert_server.files import CannotServe\n"
        "try:\n    print(_traces(sys.argv[1]))\nexcept CannotServe as error:\n    print(error)"
    )
    command = [sys.executable, "-c", program, "http://localhost:4317" if by_flag else ""]
    variables = dict(os.environ) | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600, env=variables)
    missing = "traces need more packages; pip install 'wengert[otel]' brings them"
    assert ended.stdout.strip() == (f"--trace-endpoint: {missing}" if by_flag else "None")
    assert by_flag or missing in ended.stderr

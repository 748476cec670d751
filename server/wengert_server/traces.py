"""OpenTelemetry traces: a span for every call, in the trace of its caller where that sent one along.

The span has no more than the log's line has: rpc, status, the id of the call, its subject, the beginning of the
function's id, bytes. What is not said here is set as OpenTelemetry's own variables say: ``OTEL_SERVICE_NAME``,
``OTEL_TRACES_SAMPLER``, headers, certificates.
"""

from __future__ import annotations

import threading
from importlib import metadata
from typing import TYPE_CHECKING

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from wengert_server.calls import SERVICE

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span

    from wengert_server.caller import Call

_PARENT = "traceparent"
_STATE = "tracestate"
_CLOSE_S = 2.0
# Those that OpenTelemetry counts as errors of a server; others are its callers'.
_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
_NUMBERS: dict[str, int] = {code.name: code.value[0] for code in grpc.StatusCode}


class Traces:
    """Makes a span of each call.

    Parameters
    ----------
    processor
        Takes the spans that have ended.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        version = metadata.version("wengert")
        self._provider = TracerProvider(resource=_resource(version), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("wengert_server", version)
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to(cls, endpoint: str) -> Traces:
        """Send them to an endpoint, over OTLP and gRPC; where it is empty, as OpenTelemetry's variables say."""
        return cls(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint or None)))

    def began(self, call: Call) -> None:
        """Begin the span of a call."""
        span = self._tracer.start_span(call.rpc, self._parent(call), SpanKind.SERVER)
        call.span = span
        call.trace_id = format_trace_id(span.get_span_context().trace_id)

    def ended(self, call: Call) -> None:
        """End the span of a call."""
        span: Span = call.span
        if span.is_recording():
            span.update_name(f"{SERVICE.full_name}/{call.rpc}")
            span.set_attributes(_attributes(call))
            if call.code in _FAULTS:
                span.set_status(StatusCode.ERROR, call.code)
        span.end()

    def close(self) -> None:
        """Send what has not been sent yet, unless that takes long."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_S)

    def _parent(self, call: Call) -> Context | None:
        if call.parent is not None:
            return set_span_in_context(call.parent.span)
        sent = {key: value for key, value in call.metadata if key in (_PARENT, _STATE) and isinstance(value, str)}
        return self._propagator.extract(sent) if _PARENT in sent else None


def _resource(version: str) -> Resource:
    """Tell who sends the spans: with the name that OpenTelemetry's variables give, or else with ours."""
    found = Resource.create({"service.version": version})
    unknown = str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service")
    return found.merge(Resource({SERVICE_NAME: "wengert-server"})) if unknown else found


def _attributes(call: Call) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "rpc.system": "grpc",
        "rpc.service": SERVICE.full_name,
        "rpc.method": call.rpc,
        "rpc.grpc.status_code": _NUMBERS[call.code],
        "wengert.request_id": call.request_id,
        "wengert.request_bytes": call.request_bytes,
        "wengert.response_bytes": call.response_bytes,
    }
    if call.subject.name:
        attributes["wengert.subject"] = call.subject.name
    if call.function:
        attributes["wengert.function"] = call.function
    return attributes

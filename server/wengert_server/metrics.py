"""Metrics for Prometheus: what calls there were, how long they took, what is held; asked for over HTTP.

They tell numbers and the names of rpcs, codes and subjects; nothing of functions or points.
"""

from __future__ import annotations

import logging
from importlib import metadata
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from wengert_server import addresses
from wengert_server.files import CannotServe
from wengert_server.logs import with_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from adengine import Engine
    from wengert_server.admission import Admission
    from wengert_server.caller import Call
    from wengert_server.store import FunctionStore

_log = logging.getLogger("wengert_server.metrics")

_SECONDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_BYTES = tuple(float(4**k) for k in range(4, 16))


class Metrics:
    """Counts calls, and answers who asks for the counts.

    Parameters
    ----------
    store
        Holds the functions.
    engine
        Computes.
    admission
        Knows what calls take of memory.
    """

    def __init__(self, store: FunctionStore, engine: Engine, admission: Admission) -> None:
        self.registry = CollectorRegistry()
        for kind in (ProcessCollector, PlatformCollector, GCCollector):
            kind(registry=self.registry)
        self.registry.register(_Held(store, engine, admission))
        self._calls = Counter(
            "wengert_calls",
            "Calls that have ended, those of sessions included.",
            ("rpc", "code"),
            registry=self.registry,
        )
        self._subjects = Counter(
            "wengert_subject_calls", "Calls that have ended, by who called.", ("subject",), registry=self.registry
        )
        self._in_flight = Gauge(
            "wengert_calls_in_flight", "Calls being handled, open sessions included.", registry=self.registry
        )
        self._seconds = self._histogram("wengert_call_seconds", "Time that a call took to handle.", _SECONDS)
        self._request_bytes = self._histogram("wengert_request_bytes", "Bytes of the request of a call.", _BYTES)
        self._response_bytes = self._histogram("wengert_response_bytes", "Bytes of the answer to a call.", _BYTES)
        # Looking a child up by its labels takes longer than counting.
        self._of_rpc: dict[str, tuple[Histogram, Histogram, Histogram]] = {}
        self._of_code: dict[tuple[str, str], Counter] = {}

    def began(self, _call: Call) -> None:
        """Count a call that begins."""
        self._in_flight.inc()

    def ended(self, call: Call) -> None:
        """Count a call that has ended."""
        self._in_flight.dec()
        key = call.rpc, call.code
        counter = self._of_code.get(key)
        if counter is None:
            counter = self._of_code[key] = self._calls.labels(*key)
        counter.inc()
        if call.subject.name:
            self._subjects.labels(call.subject.name).inc()
        seconds, request_bytes, response_bytes = self._of_rpc.get(call.rpc) or self._children(call.rpc)
        seconds.observe(call.seconds())
        request_bytes.observe(call.request_bytes)
        response_bytes.observe(call.response_bytes)

    def serve(self, address: str) -> Callable[[], None]:
        """Answer at an address; gives a function that ends it.

        Raises
        ------
        CannotServe
            The address cannot be listened on.
        """
        host, _, port = address.rpartition(":")
        try:
            server, _ = start_http_server(int(port), host.strip("[]"), self.registry)
        except OSError as error:
            raise CannotServe(f"{address} cannot be listened on for metrics: {error.strerror or error}") from None
        _log.info("metrics", extra=with_fields(address=addresses.bound(address, server.server_port)))

        def end() -> None:
            server.shutdown()
            server.server_close()

        return end

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, what, ("rpc",), buckets=buckets, registry=self.registry)

    def _children(self, rpc: str) -> tuple[Histogram, Histogram, Histogram]:
        made = self._seconds.labels(rpc), self._request_bytes.labels(rpc), self._response_bytes.labels(rpc)
        self._of_rpc[rpc] = made
        return made


class _Held(Collector):
    """What is held now, looked at when somebody asks."""

    def __init__(self, store: FunctionStore, engine: Engine, admission: Admission) -> None:
        self._store = store
        self._engine = engine
        self._admission = admission

    def collect(self) -> Iterator[Metric]:
        now = self._engine.statistics()
        yield _gauge("wengert_functions", "Functions held.", len(self._store))
        yield _gauge("wengert_function_bytes", "Bytes of the functions held.", self._store.size)
        yield _gauge(
            "wengert_differentiated_functions", "Functions with something kept for later calls.", now.functions
        )
        yield _gauge("wengert_kept_bytes", "Bytes of what is kept for later calls.", now.kept_bytes)
        taken = self._admission.taken
        yield _gauge("wengert_flight_bytes", "Bytes of memory that calls in flight were admitted with.", taken)
        yield _gauge("wengert_compile_queue", "Programs that wait to be compiled.", now.compile_waiting)
        programs = GaugeMetricFamily("wengert_programs", "Programs kept, by what runs them.", labels=["tier"])
        for tier, count in now.programs.items():
            programs.add_metric([tier], count)
        yield programs
        about = GaugeMetricFamily("wengert_info", "Always 1.", labels=["version", "vector_functions"])
        about.add_metric([metadata.version("wengert"), self._engine.vector_functions], 1)
        yield about


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)

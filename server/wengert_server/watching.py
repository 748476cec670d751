"""Who watches the calls of a server, as its settings say."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from wengert_server.files import CannotServe

if TYPE_CHECKING:
    from collections.abc import Callable

    from adengine import Engine
    from wengert_server.admission import Admission
    from wengert_server.caller import Watch
    from wengert_server.settings import Settings
    from wengert_server.store import FunctionStore
    from wengert_server.traces import Traces

_log = logging.getLogger("wengert_server")

_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_MISSING = "traces need more packages; pip install 'wengert[otel]' brings them"


def watched(
    settings: Settings, store: FunctionStore, engine: Engine, admission: Admission
) -> tuple[list[Watch], Callable[[], None]]:
    """Give those who are told of each call, and a function that ends what they do.

    Raises
    ------
    CannotServe
        What is set cannot be had.
    """
    watches: list[Watch] = []
    ends: list[Callable[[], None]] = []
    if settings.metrics_address:
        from wengert_server.metrics import Metrics  # noqa: PLC0415  a server without does not load it

        metrics = Metrics(store, engine, admission)
        watches.append(metrics)
        ends.append(metrics.serve(settings.metrics_address))

    if traces := _traces(settings.trace_endpoint):
        watches.append(traces)
        ends.append(traces.close)

    def end() -> None:
        for each in ends:
            each()

    return watches, end


def _traces(endpoint: str) -> Traces | None:
    if not endpoint and not any(os.environ.get(name) for name in _VARIABLES):
        return None
    try:
        from wengert_server.traces import Traces  # noqa: PLC0415  of an extra, which may not be there
    except ModuleNotFoundError as error:
        if endpoint:
            raise CannotServe(f"--trace-endpoint: {_MISSING}") from error
        # The variable may be set for all that runs here.
        _log.warning("%s", _MISSING)
        return None
    return Traces.to(endpoint)

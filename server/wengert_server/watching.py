"""Who watches the calls of a server, as its settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from adengine import Engine
    from wengert_server.caller import Watch
    from wengert_server.settings import Settings
    from wengert_server.store import FunctionStore


def watched(settings: Settings, store: FunctionStore, engine: Engine) -> tuple[list[Watch], Callable[[], None]]:
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

        metrics = Metrics(store, engine)
        watches.append(metrics)
        ends.append(metrics.serve(settings.metrics_address))

    def end() -> None:
        for each in ends:
            each()

    return watches, end

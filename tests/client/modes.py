"""Clients of a server and clients of their own process, for tests of what must be the same with both."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.serving import running_server
from wengert_client import Client
from wengert_server import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVED, EMBEDDED = "served", "embedded"
MODES = (SERVED, EMBEDDED)


@contextmanager
def client_in(mode: str, *limits: str) -> Iterator[Client]:
    """A client in a mode, where limits are as these flags of a server say."""
    if mode == SERVED:
        with running_server(*limits) as server, Client(server.address, deadline_s=120) as client:
            yield client
        return
    with embedded_service(*limits), Client(deadline_s=120) as client:
        yield client


@contextmanager
def embedded_service(*flags: str) -> Iterator[None]:
    """No server is named, and this process starts a service of its own, set as these flags would set a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WENGERT_TARGET", raising=False)
        for flag, value in zip(flags[::2], flags[1::2], strict=True):
            patch.setenv("WENGERT_" + flag.removeprefix("--").replace("-", "_").upper(), value)
        patch.setattr(embedded, "_started", embedded._Started())
        yield

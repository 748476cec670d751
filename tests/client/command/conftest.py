"""What the tests of the command share: a server, and a function in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.command.running import BAYDIN
from tests.serving import RunningServer, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.fixture(scope="module", params=["served", "embedded"])
def target(request: pytest.FixtureRequest, server: RunningServer) -> str:
    return server.address if request.param == "served" else ""


@pytest.fixture
def baydin(tmp_path: Path) -> str:
    path = tmp_path / "baydin.json"
    path.write_text(BAYDIN)
    return str(path)

"""A server whose log lies on a full disk, from the start on, answers and stops like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from tests.disk import full_disk
from tests.server.asking import product_at, raw
from tests.serving import running_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("flags", [(), ("--workers", "2")])
def test_a_log_that_cannot_be_written(tmp_path: Path, flags: tuple[str, ...]) -> None:
    with (
        full_disk(tmp_path / "disk") as disk,
        running_server("--log-level", "debug", *flags, log_folder=disk) as server,
        server.channel() as channel,
    ):
        for k in range(300):  # more than any buffer of lines holds
            assert product_at(channel, 3.0, k) == [k, 3.0]
            with pytest.raises(grpc.RpcError):
                raw(channel, "Jacobian", b"\xff")
        assert server.stop() == 0
        assert server.logged() == ""

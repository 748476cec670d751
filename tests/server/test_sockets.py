"""Unix sockets: private, never stolen, replaced when nobody listens, removed in the end."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import grpc
import pytest

from tests.server.asking import product_at
from wengert_server.server import Server
from wengert_server.settings import Settings
from wengert_server.sockets import binding


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # A socket's path is short, pytest's folders need not be.
    if len(str(tmp_path)) > 80:
        pytest.skip(f"{tmp_path} is too long for the path of a socket")
    return tmp_path


def _left_behind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()


def test_a_socket_is_private_is_not_stolen_and_is_removed(folder: Path) -> None:
    path = folder / "s"
    _left_behind(path)
    settings = Settings(address=(f"unix:{path}",))
    server = Server(settings)
    server.start()
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(RuntimeError, match=f"another server listens on {path}"):
            Server(settings)
        with grpc.insecure_channel(f"unix:{path}") as channel:
            assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
    finally:
        assert server.drain(60).wait(60)
        server.close()
    assert not path.exists()


def test_what_is_no_socket_is_left_as_it_is(folder: Path) -> None:
    path = folder / "precious"
    path.write_text("kept")
    with pytest.raises(RuntimeError, match="is no socket"), binding(f"unix:{path}"):
        pass
    assert path.read_text() == "kept"


def test_a_path_through_a_file(folder: Path) -> None:
    (folder / "file").touch()
    with (
        pytest.raises(RuntimeError, match="no socket can be made there: Not a directory"),
        binding(f"unix:{folder}/file/s"),
    ):
        pass


def test_a_path_that_is_too_long(folder: Path) -> None:
    with pytest.raises(RuntimeError, match="at most 107 bytes"), binding(f"unix:{folder}/{'s' * 107}"):
        pass


def test_a_socket_made_while_binding_is_private(folder: Path) -> None:
    with binding(f"unix:{folder}/s"):
        _left_behind(folder / "s")
    (folder / "file").touch()
    assert stat.S_IMODE((folder / "s").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "file").stat().st_mode) & 0o400
    with binding(f"unix:{folder}/s"):
        pass

"""TLS over real sockets: encrypted, mutual, read again while calls go on, and what is refused at the start."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.certificates import Authority, Signed
from tests.server.asking import DEADLINE_S, product_at, refusal, unary
from tests.serving import running_server
from wengert import v1
from wengert_server.files import BadFile, Watched
from wengert_server.tls import Certificates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.serving import RunningServer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def signed(authority: Authority) -> Signed:
    return authority.sign("server")


def _flags(signed: Signed, *more: str) -> tuple[str, ...]:
    return ("--tls-certificate", str(signed.certificate), "--tls-key", str(signed.key), *more)


def _channel(server: RunningServer, authority: Authority, shown: Signed | None = None) -> grpc.Channel:
    roots = authority.certificate.read_bytes()
    if shown is None:
        credentials = grpc.ssl_channel_credentials(roots)
    else:
        credentials = grpc.ssl_channel_credentials(roots, shown.key.read_bytes(), shown.certificate.read_bytes())
    return grpc.secure_channel(server.address, credentials)


def _refused(channel: grpc.Channel) -> None:
    """A call over a connection that cannot be opened."""
    data = v1.GetCapabilitiesRequest().SerializeToString()
    with channel:
        refused = refusal(lambda: unary(channel, "GetCapabilities")(data, timeout=DEADLINE_S))
    assert refused.code is grpc.StatusCode.UNAVAILABLE


@contextmanager
def _opened(server: RunningServer, authority: Authority, shown: Signed | None = None) -> Iterator[grpc.Channel]:
    with _channel(server, authority, shown) as channel:
        assert product_at(channel, 3.0, 4.0) == [4.0, 3.0]
        yield channel


def _common_name(server: RunningServer, authority: Authority) -> str:
    """Whose certificate a new connection is shown, at each address."""
    (listed,) = re.findall(r"addresses=(\S+)", server.logged())
    (shown,) = {_shown_at(address, authority) for address in listed.split(",")}
    return shown


def _shown_at(address: str, authority: Authority) -> str:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    host, _, port = address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=DEADLINE_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as shown,
    ):
        subject = shown.getpeercert()
    assert subject is not None
    parts: object = subject["subject"]
    return str(parts)


def test_encrypted(authority: Authority, signed: Signed, tmp_path: Path) -> None:
    unix = f"unix:{tmp_path / 'socket'}"
    flags = _flags(signed, "--address", "127.0.0.1:0", "--address", unix)
    with running_server(*flags) as server:
        with _opened(server, authority):
            pass
        # In the clear, nobody is answered but over the file, whose permissions say who may come.
        _refused(grpc.insecure_channel(server.address))
        with grpc.insecure_channel(unix) as channel:
            assert product_at(channel, 3.0, 5.0) == [5.0, 3.0]
        # A server that another authority vouches for is not believed.
        _refused(_channel(server, Authority(tmp_path, "stranger")))


def test_any_address_with_tls_only(signed: Signed, authority: Authority) -> None:
    with running_server(*_flags(signed, "--address", "0.0.0.0:0")) as server:
        server.address = f"127.0.0.1:{server.address.rpartition(':')[2]}"
        with _opened(server, authority):
            pass


def test_mutual(authority: Authority, signed: Signed, tmp_path: Path) -> None:
    callers = Authority(tmp_path, "callers")
    with running_server(*_flags(signed, "--tls-client-ca", str(callers.certificate))) as server:
        with _opened(server, authority, callers.sign("team-a")):
            pass
        _refused(_channel(server, authority))
        # Signed by the server's authority, which is not the callers'.
        _refused(_channel(server, authority, authority.sign("team-a")))


def test_files_that_change_are_read_again_and_no_call_is_dropped(authority: Authority, tmp_path: Path) -> None:
    files = Signed(tmp_path / "tls.pem", tmp_path / "tls.key")

    def put(given: Signed) -> None:
        for source, target in ((given.certificate, files.certificate), (given.key, files.key)):
            shutil.copy(source, tmp_path / "new")
            os.replace(tmp_path / "new", target)  # noqa: PTH105  as those do it who renew certificates

    put(authority.sign("first"))
    flags = _flags(files, "--address", "127.0.0.1:0", "--address", "127.0.0.1:0")
    with running_server(*flags) as server, _opened(server, authority) as channel:
        assert "first" in _common_name(server, authority)
        put(authority.sign("second"))
        assert "second" in _common_name(server, authority)
        # What was open stays open.
        assert product_at(channel, 3.0, 5.0) == [5.0, 3.0]
        files.key.write_text("nonsense")
        assert "second" in _common_name(server, authority)
        assert f"cannot be used; the former ones stay: {files.key} holds no private key in PEM" in server.logged()
        with _opened(server, authority):
            pass
        put(authority.sign("third"))
        assert "third" in _common_name(server, authority)
        assert server.stop() == 0


def _encrypted(key: Path, target: Path) -> None:
    command = ["openssl", "pkey", "-in", str(key), "-aes128", "-passout", "pass:secret", "-out", str(target)]
    subprocess.run(command, check=True, capture_output=True)


def test_wrong_files(authority: Authority, signed: Signed, tmp_path: Path) -> None:
    other = authority.sign("other")
    empty, locked, broken = tmp_path / "empty", tmp_path / "locked", tmp_path / "broken"
    empty.write_text("")
    _encrypted(signed.key, locked)
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    certificate, key = str(signed.certificate), str(signed.key)
    wrong = {
        (str(tmp_path / "absent"), key, ""): "absent cannot be read: No such file or directory",
        (str(tmp_path), key, ""): f"the certificate {tmp_path} cannot be read: Is a directory",
        (certificate, str(other.key), ""): f"{other.key} does not belong to the certificate {certificate}",
        (str(empty), key, ""): "empty holds no certificate in PEM",
        (certificate, certificate, ""): f"{certificate} holds no private key in PEM",
        (certificate, str(locked), ""): f"the key {locked} has a passphrase",
        (str(broken), key, ""): f"{broken} or {key} cannot be understood",
        (certificate, key, str(empty)): "empty holds no certificate in PEM",
        (certificate, key, str(broken)): "broken cannot be understood",
    }
    for given, expected in wrong.items():
        with pytest.raises(BadFile) as caught:
            Certificates(*given)
        assert expected in str(caught.value)


def test_a_wrong_file_ends_the_command_with_a_sentence(authority: Authority, signed: Signed) -> None:
    other = authority.sign("other")
    command = [sys.executable, "-m", "wengert_server", *_flags(Signed(signed.certificate, other.key))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 1
    assert f"wengert-server: the key {other.key} does not belong to the certificate" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not ended.stdout


def test_a_key_that_others_can_read_is_warned_of(signed: Signed, caplog: pytest.LogCaptureFixture) -> None:
    signed.key.chmod(0o644)
    Certificates(str(signed.certificate), str(signed.key))
    assert f"the key {signed.key} can be read by others" in caplog.text
    caplog.clear()
    signed.key.chmod(0o600)
    Certificates(str(signed.certificate), str(signed.key))
    assert not caplog.text


def test_watched_files_behind_links(tmp_path: Path) -> None:
    first, second, link = tmp_path / "1", tmp_path / "2", tmp_path / "link"
    first.write_text("one")
    second.write_text("two")
    link.symlink_to(first)
    watched = Watched(str(link), str(tmp_path / "absent"))
    assert not watched.changed()
    link.unlink()
    link.symlink_to(second)
    assert watched.changed()
    assert not watched.changed()
    (tmp_path / "absent").write_text("now")
    assert watched.changed()


def test_looking_is_limited(tmp_path: Path) -> None:
    watched = Watched(str(tmp_path / "file"), every_s=3600)
    (tmp_path / "file").write_text("now")
    assert not watched.changed()

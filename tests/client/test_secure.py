"""TLS and tokens from the client's side: files, what is refused before anything is sent, what others may not read."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.certificates import Authority, Signed
from tests.serving import running_server
from wengert_client import Client, ConfigurationError, ListBuilder, Tls, Unauthenticated, Unavailable
from wengert_client._settings import Settings, _stays_here
from wengert_server.token_file import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.serving import RunningServer


_CONNECTIONS = 10


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def shown(authority: Authority) -> Signed:
    return authority.sign("team-a")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[RunningServer]:
    """A server whose callers must show certificates."""
    own = authority.sign("server", "DNS:wengert.internal")
    flags = ("--tls-certificate", str(own.certificate), "--tls-key", str(own.key))
    with running_server(*flags, "--tls-client-ca", str(authority.certificate)) as running:
        yield running


def _tls(authority: Authority, shown: Signed | None) -> Tls:
    certificate, key = (None, None) if shown is None else (str(shown.certificate), str(shown.key))
    return Tls(str(authority.certificate), certificate, key, "wengert.internal")


def _product() -> ListBuilder:
    builder = ListBuilder()
    x, y = builder.inputs("x", "y")
    builder.output("f", x * y)
    return builder


def _gradient(client: Client) -> list[float]:
    gradient: list[float] = client.function(_product()).gradient([3.0, 4.0]).tolist()
    return gradient


def _gradient_over_session(client: Client) -> list[float]:
    with client.session() as session:
        gradient: list[float] = session.function(client.function(_product())).gradient([3.0, 4.0]).tolist()
    return gradient


def test_mutual_tls(server: RunningServer, authority: Authority, shown: Signed) -> None:
    with Client(server.address, tls=_tls(authority, shown)) as client:
        assert _gradient(client) == [4.0, 3.0]
        # What a client is made from travels to another process.
        with pickle.loads(pickle.dumps(client)) as copy:  # noqa: S301
            assert _gradient(copy) == [4.0, 3.0]


def test_a_session_over_mutual_tls(server: RunningServer, authority: Authority, shown: Signed) -> None:
    with Client(server.address, tls=_tls(authority, shown)) as client:
        assert _gradient_over_session(client) == [4.0, 3.0]
    shows_none = Client(server.address, tls=_tls(authority, None), max_attempts=1, deadline_s=20)
    with shows_none as client, client.session() as session, pytest.raises(Unavailable):
        session.function(client.function(_product())).gradient([3.0, 4.0])


TOKEN = "a-token-of-team-a-" * 3


def test_workers_that_ask_for_certificates_and_tokens(authority: Authority, shown: Signed, tmp_path: Path) -> None:
    """Each connection goes to one of two processes: all of them ask for both, of calls and of sessions."""
    own = authority.sign("worker", "DNS:wengert.internal")
    tokens = tmp_path / "tokens"
    tokens.write_text(f"team-a sha256:{digest_of(TOKEN).hex()} calls=4\n")
    flags = ("--tls-certificate", str(own.certificate), "--tls-key", str(own.key))
    guarded = ("--tls-client-ca", str(authority.certificate), "--token-file", str(tokens))
    with running_server("--workers", "2", "--log-level", "debug", *flags, *guarded) as server:
        for _ in range(_CONNECTIONS):
            with Client(server.address, tls=_tls(authority, shown), token=TOKEN) as client:
                assert _gradient(client) == [4.0, 3.0]
                assert _gradient_over_session(client) == [4.0, 3.0]
            with Client(server.address, tls=_tls(authority, shown), token=TOKEN[1:], max_attempts=1) as client:
                for ask in (_gradient, _gradient_over_session):
                    with pytest.raises(Unauthenticated):
                        ask(client)
        shows_none = Client(server.address, tls=_tls(authority, None), token=TOKEN, max_attempts=1, deadline_s=20)
        with shows_none as client, pytest.raises(Unavailable):
            _gradient(client)
        answered = [line for line in server.logged().splitlines() if "rpc=Jacobian" in line or "rpc=Session" in line]
    assert any("subject=team-a" in line for line in answered)
    # With so many connections a worker is left out once in half a million times.
    for worker in ("worker=0", "worker=1"):
        assert any(worker in line for line in answered)
    assert not any(TOKEN in line or TOKEN[1:] in line for line in answered)


@pytest.mark.parametrize("name", ["wengert.internal", "another.name"])
def test_no_certificate_or_the_wrong_name(
    server: RunningServer, authority: Authority, shown: Signed, name: str
) -> None:
    tls = dataclasses.replace(_tls(authority, None if name == "wengert.internal" else shown), server_name=name)
    with Client(server.address, tls=tls, max_attempts=1, deadline_s=20) as client, pytest.raises(Unavailable):
        client.capabilities()


def test_files_from_the_environment(
    server: RunningServer, authority: Authority, shown: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENGERT_TLS_ROOTS", str(authority.certificate))
    monkeypatch.setenv("WENGERT_TLS_CERTIFICATE", str(shown.certificate))
    monkeypatch.setenv("WENGERT_TLS_KEY", str(shown.key))
    expected = Tls(str(authority.certificate), str(shown.certificate), str(shown.key))
    assert Settings.resolve(server.address, None, None, None).tls == expected
    assert Settings.resolve(server.address, None, None, None, tls=True).tls == expected
    assert Settings.resolve(server.address, None, None, None, tls=False).tls is None


def test_public_authorities() -> None:
    assert Settings.resolve("a:1", None, None, None).tls is None
    assert Settings.resolve("a:1", None, None, None, tls=True).tls == Tls()
    Client("a:1", tls=True).close()


def test_wrong_files(authority: Authority, shown: Signed, tmp_path: Path) -> None:
    other = authority.sign("other")
    absent, empty = str(tmp_path / "absent"), tmp_path / "empty"
    empty.write_text("")
    certificate, key = str(shown.certificate), str(shown.key)
    wrong = {
        Tls(absent): "the file of authorities .*absent cannot be read: No such file",
        Tls(str(empty)): "empty holds no certificate in PEM",
        Tls(None, absent, key): "the certificate .*absent cannot be read",
        Tls(None, certificate, str(other.key)): f"the key {other.key} does not belong to the certificate",
        Tls(None, certificate, str(empty)): "is not what is expected, PEM",
    }
    for tls, sentence in wrong.items():
        with pytest.raises(ConfigurationError, match=sentence):
            Client("localhost:1", tls=tls)
    with pytest.raises(ConfigurationError, match="a certificate and its key go together"):
        Tls(certificate=certificate)
    with pytest.raises(ConfigurationError, match="credentials and tls both say how to connect"):
        Client("localhost:1", tls=True, credentials=grpc.ssl_channel_credentials())


LOCAL = ("localhost:1", "127.0.0.1:1", "[::1]:1", "unix:/a", "unix:///a", "dns:///localhost:1", "ipv4:///127.0.0.1:1")
REMOTE = ("example.org:1", "10.0.0.1:1", "dns:///a.b:1", "[2001:db8::1]:1", "a")


@pytest.mark.parametrize("target", LOCAL)
def test_a_token_may_go_where_only_this_machine_reads(target: str) -> None:
    assert _stays_here(target)
    assert Settings.resolve(target, None, None, None, token="secret").token == "secret"  # noqa: S105, S106


@pytest.mark.parametrize("target", REMOTE)
def test_a_token_does_not_go_where_others_read(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENGERT_TOKEN", "secret")
    with pytest.raises(ConfigurationError, match="for all on the way to read") as caught:
        Client(target)
    assert "secret" not in str(caught.value)
    Client(target, tls=True).close()
    Client(target, tls=False).close()
    Client(target, token="").close()


@pytest.mark.parametrize("token", ["a b", "a\nb", "\u00e9"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(ConfigurationError, match="characters that a token cannot have"):
        Client("localhost:1", token=token)


def test_a_token_is_not_shown() -> None:
    settings = Settings.resolve("localhost:1", None, None, None, token="secret")  # noqa: S106
    assert "secret" not in repr(settings)


def test_errors_keep_the_id_of_the_call() -> None:
    error = Unauthenticated("no token", reason="UNAUTHENTICATED", request_id="r-1")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(copy), copy.request_id, copy.reason) == (Unauthenticated, "r-1", "UNAUTHENTICATED")

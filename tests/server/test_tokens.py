"""Bearer tokens: who comes in, in whose name, with how much, and that nobody sees what is another's."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, cast

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2

from tests.server.asking import DEADLINE_S, SERVICE, long_call, product, read_refusal, refusal, unary
from tests.server.probing import SERVING, health, reflect
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1 import service_pb2
from wengert_client import Client, ListBuilder, Unauthenticated
from wengert_server import token_command
from wengert_server.errors import Unauthenticated as NotAdmitted
from wengert_server.files import BadFile
from wengert_server.subjects import Subject
from wengert_server.token_file import digest_of, load
from wengert_server.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.serving import RunningServer

A, OLD, B = "token-of-team-a-" * 3, "older-token-of-team-a-" * 2, "token-of-team-b-" * 3
METHODS = {method.name: method for method in service_pb2.DESCRIPTOR.services_by_name["DifferentiationService"].methods}


def line(subject: str, token: str, grants: str = "") -> str:
    return f"{subject} sha256:{digest_of(token).hex()} {grants}\n"


FILE = line("team-a", A, "calls=1 functions=2") + "# kept for a while\n" + line("team-a", OLD) + line("team-b", B)


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    path.write_text(FILE)
    with running_server("--token-file", str(path), "--log-level", "debug") as running:
        yield running
        assert A not in running.logged()
        assert B not in running.logged()


@pytest.fixture(scope="module")
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with server.channel() as channel:
        yield channel


def _called(channel: grpc.Channel, rpc: str, data: bytes, metadata: tuple[tuple[str, str], ...]) -> bytes:
    """Call any rpc, streams included, with one request."""
    path, method = f"/{SERVICE}/{rpc}", METHODS[rpc]
    if method.client_streaming:
        talk: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(path)
        return b"".join(talk(iter([data]), timeout=DEADLINE_S, metadata=metadata))
    if method.server_streaming:
        listen: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(path)
        return b"".join(listen(data, timeout=DEADLINE_S, metadata=metadata))
    return unary(channel, rpc)(data, timeout=DEADLINE_S, metadata=metadata)


@pytest.mark.parametrize("rpc", METHODS)
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((), "no token is given; metadata 'authorization' with the value 'Bearer TOKEN' is expected"),
        ((("authorization", "Basic dGVhbTphYQ=="),), "what is given is no token"),
        ((*bearer(A), *bearer(B)), "more than one token is given"),
        (bearer(A[:-1]), "the token is none that this server knows"),
        ((("authorization", "Bearer"),), "what is given is no token"),
    ],
)
def test_no_rpc_answers_without_a_token(
    channel: grpc.Channel, rpc: str, given: tuple[tuple[str, str], ...], sentence: str
) -> None:
    # Not even what is wrong with the request is told.
    refused = refusal(lambda: _called(channel, rpc, b"\xff", given))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    assert sentence in refused.message
    assert refused.request_id


@pytest.mark.parametrize("value", [f"Bearer {A}", f"bearer  {A} ", f"BEARER {OLD}"])
def test_a_token_lets_in(channel: grpc.Channel, value: str) -> None:
    _called(channel, "GetCapabilities", b"", (("authorization", value),))


def test_health_and_reflection_ask_for_none(channel: grpc.Channel) -> None:
    assert health(channel).status == SERVING
    assert _services(channel)


def _services(channel: grpc.Channel) -> list[str]:
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = reflect(channel, iter([asked]))
    return [service.name for service in answer.list_services_response.service]


def test_reflection_can_be_off() -> None:
    with running_server("--reflection", "false") as server, server.channel() as channel:
        with pytest.raises(grpc.RpcError) as caught:
            _services(channel)
        assert read_refusal(cast("grpc.Call", caught.value)).code is grpc.StatusCode.UNIMPLEMENTED


def test_no_subject_sees_the_functions_of_another(server: RunningServer, channel: grpc.Channel) -> None:
    sent = v1.EvaluateRequest(function=v1.FunctionSource(list=product()), points=tensor([3.0, 4.0]))
    held = v1.RegisterRequest(function=v1.FunctionSource(list=product())).SerializeToString()
    info = v1.RegisterResponse.FromString(_called(channel, "Register", held, bearer(A))).info
    by_id = v1.EvaluateRequest(function=v1.FunctionSource(id=info.id), points=tensor([3.0, 4.0])).SerializeToString()
    assert _called(channel, "Evaluate", by_id, bearer(OLD))
    refused = refusal(lambda: _called(channel, "Evaluate", by_id, bearer(B)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "UNKNOWN_FUNCTION")
    forget = v1.ForgetRequest(id=info.id).SerializeToString()
    assert not v1.ForgetResponse.FromString(_called(channel, "Forget", forget, bearer(B))).held
    # Both may have it, and one that drops it drops its own.
    assert _called(channel, "Evaluate", sent.SerializeToString(), bearer(B))
    assert v1.ForgetResponse.FromString(_called(channel, "Forget", forget, bearer(A))).held
    assert _called(channel, "Evaluate", by_id, bearer(B))
    assert "subject=team-b" in server.logged()


def test_the_calls_of_a_session_are_its_subjects(channel: grpc.Channel) -> None:
    held = v1.RegisterRequest(function=v1.FunctionSource(list=product())).SerializeToString()
    info = v1.RegisterResponse.FromString(_called(channel, "Register", held, bearer(A))).info
    asked = v1.EvaluateRequest(function=v1.FunctionSource(id=info.id), points=tensor([3.0, 4.0]))
    forget = v1.ForgetRequest(id=info.id).SerializeToString()
    _called(channel, "Forget", forget, bearer(B))
    for token, reason in ((A, ""), (B, "UNKNOWN_FUNCTION")):
        data = v1.SessionRequest(call=1, evaluate=asked).SerializeToString()
        answer = v1.SessionResponse.FromString(_called(channel, "Session", data, bearer(token)))
        assert answer.error.reason == reason


def test_calls_at_once_are_bounded_for_each_subject(server: RunningServer, channel: grpc.Channel) -> None:
    computing = unary(channel, "Jacobian").future(
        long_call().SerializeToString(), timeout=DEADLINE_S, metadata=bearer(A)
    )
    refused = None
    while refused is None and not computing.done():
        try:
            _called(channel, "GetCapabilities", b"", bearer(A))
        except grpc.RpcError as error:
            refused = read_refusal(cast("grpc.Call", error))
    assert refused is not None
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "OVERLOADED")
    assert "1 calls of team-a are being handled, as many as it may have" in refused.message
    _called(channel, "GetCapabilities", b"", bearer(B))
    computing.cancel()
    # Its place is free again once it has ended.
    with Client(server.address, token=A, max_attempts=1000, deadline_s=DEADLINE_S) as client:
        assert client.capabilities().version


def test_the_client_sends_its_token(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = ListBuilder()
    x, y = builder.inputs("x", "y")
    builder.output("f", x * y)
    monkeypatch.setenv("WENGERT_TOKEN", B)
    with Client(server.address) as client:
        assert client.function(builder).gradient([3.0, 4.0]).tolist() == [4.0, 3.0]
    with Client(server.address, token=B[1:]) as client, pytest.raises(Unauthenticated) as caught:
        client.capabilities()
    assert caught.value.request_id
    assert B[1:] not in str(caught.value)


def test_the_file_is_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tokens"

    def put(text: str) -> None:
        (tmp_path / "new").write_text(text)
        os.replace(tmp_path / "new", path)  # noqa: PTH105  as those do it who rotate tokens

    put(line("team-a", A))
    tokens = Tokens(str(path))
    tokens._file._every_s = 0.0
    assert tokens.subject(bearer(A)) == Subject("team-a")
    put(line("team-b", B))
    assert tokens.subject(bearer(B)) == Subject("team-b")
    with pytest.raises(NotAdmitted):
        tokens.subject(bearer(A))
    put(f"team-a {A}")
    assert tokens.subject(bearer(B)) == Subject("team-b")
    assert "the former tokens stay: line 1 of" in caplog.text
    assert A not in caplog.text
    path.unlink()
    assert tokens.subject(bearer(B)) == Subject("team-b")
    assert "cannot be read: No such file" in caplog.text


def test_subjects_and_what_is_granted(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(FILE.replace("functions=2", "functions=2\tfunction_bytes=2MiB # and a word"))
    a = Subject("team-a", calls=1, functions=2, function_bytes=2 << 20)
    assert load(str(path)) == {digest_of(A): a, digest_of(OLD): a, digest_of(B): Subject("team-b")}


HASH = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no token"),
        ("# nothing\n\n", "holds no token"),
        ("\nteam-a", "line 2 of .*: 'sha256:' and 64 digits"),
        (f"team-a {'0' * 64}", "'sha256:' and 64 digits"),
        (f"team-a sha256:{'F' * 64}", "'sha256:' and 64 digits"),
        (f"{HASH} team-a", "a subject has letters, digits"),
        (f"-a {HASH}", "a subject has letters, digits"),
        (f"a {HASH} calls", "after the hash calls=, functions=, function_bytes= are expected"),
        (f"a {HASH} seats=1", "after the hash calls=, functions=, function_bytes= are expected"),
        (f"a {HASH} calls=1 calls=1", "each at most once"),
        (f"a {HASH} calls=", "is not a whole number"),
        (f"a {HASH} calls=0", "calls is to be at least 1"),
        (f"a {HASH}\nb {HASH}", "line 2 of .*: this hash is there already"),
        (line("a", A) + line("a", B, "calls=1"), "line 2 of .*: a is granted something else than on its first line"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    with pytest.raises(BadFile, match=sentence):
        load(str(path))


def test_a_file_that_others_can_write_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tokens"
    path.write_text(FILE)
    path.chmod(0o640)
    load(str(path))
    assert not caplog.text
    path.chmod(0o660)
    load(str(path))
    assert "can be written by others" in caplog.text


def test_a_wrong_file_ends_the_command_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wengert_server", "--token-file", str(tmp_path / "absent")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 1
    assert "wengert-server: the file of tokens" in ended.stderr
    assert "absent cannot be read: No such file or directory" in ended.stderr


def test_a_token_is_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert token_command.main(["team-a", "calls=8"]) == 0
    told = capsys.readouterr()
    token = told.err.strip()
    assert re.fullmatch(r"wengert_[\w-]{43}", token)
    path = tmp_path / "tokens"
    path.write_text(told.out)
    assert Tokens(str(path)).subject(bearer(token)) == Subject("team-a", calls=8)


def test_the_line_for_a_token_made_elsewhere() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "wengert_server.token_command", "team-a", "--stdin"]
    ended = subprocess.run(command, input=A, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == line("team-a", A).rstrip() + "\n"
    assert A not in ended.stderr
    assert "numba" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "sentence"),
    [
        (["a b"], "", "a subject has letters"),
        (["a", "calls=0"], "", "calls is to be at least 1"),
        (["a", "--stdin"], "short", "at least 32 printable ASCII characters"),
    ],
)
def test_what_is_no_token(
    arguments: list[str], given: str, sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    with pytest.raises(SystemExit):
        token_command.main(arguments)
    assert sentence in capsys.readouterr().err


def test_many_threads_ask(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(FILE)
    tokens = Tokens(str(path))
    tokens._file._every_s = 0.0
    found: list[Subject] = []

    def ask() -> None:
        found.extend(tokens.subject(bearer(B)) for _ in range(200))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        os.utime(path)
    for thread in threads:
        thread.join()
    assert found == [Subject("team-b")] * 800

"""What is wrong is told in a sentence on standard error, and by the exit status."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.client.command.running import COMMAND, environment, wengert
from tests.serving import RunningServer, running_server
from wengert_client import command

AT = ("--at", "x1=2,x2=5")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("eval", "SOURCE", "--at", "x1=1"), 1, "input x2 is not given"),
        (("eval", "SOURCE", "--at", "1,2,3"), 1, "INVALID_POINTS"),
        (("eval", "SOURCE", "--at", "1,2", "--outputs", "g"), 1, "UNKNOWN_NAME"),
        (("eval", "SOURCE", "--at", "x1=one"), 2, "a number, or an array"),
        (("eval", "SOURCE", "--at", "nothing.csv"), 2, "nothing.csv: No such file"),
        (("eval", "nothing", "--at", "1,2"), 2, "nothing: No such file"),
        (("eval", "/", "--at", "1,2"), 2, "/: Is a directory"),
        (("eval", "SOURCE", "--format", "binary", "--at", "1,2"), 2, "not a WengertList in protobuf's binary form"),
        (("convert", "SOURCE"), 2, "--to"),
        (("convert", "SOURCE", "--to", "binary", "--output", "/nothing/there"), 2, "No such file"),
        (("eval", "SOURCE", "--at", "1,2", "--npz", "/nothing/there"), 2, "No such file"),
        (("eval", "SOURCE", "--at", "1,2", "--digits", "0"), 2, "from 1 to 17"),
        (("eval", "SOURCE", "--at", "1,2", "--token-file", "/nothing"), 2, "--token-file /nothing"),
        (("eval", "SOURCE", "--at", "1,2", "--tls-roots", "/nothing"), 2, "/nothing cannot be read"),
        (("eval", "SOURCE", "--at", "1,2", "--deadline", "-1"), 2, "deadline_s is -1"),
        (("eval", "0" * 64, "--at", "1,2"), 1, "UNKNOWN_FUNCTION"),
        (("eval", "SOURCE", "--at", "x1=1,x2=2", "--shared", "7"), 2, "--shared: inputs are expected by name"),
        (("eval", "SOURCE", "--at", "-1,,2"), 2, "a number, or an array"),
        (("check", "SOURCE", "--at", "1,2", "--tolerance", "nan"), 2, "from 0 to less than 1"),
        (("frobnicate",), 2, "invalid choice"),
        ((), 2, "COMMAND"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    arguments: tuple[str, ...], status: int, told: str, baydin: str, server: RunningServer
) -> None:
    done = wengert(*(baydin if each == "SOURCE" else each for each in arguments), target=server.address)
    assert done.status == status
    assert told in done.err
    assert done.out == ""
    assert "Traceback" not in done.err


def test_no_server_is_told(baydin: str) -> None:
    done = wengert("eval", baydin, *AT, "--target", "127.0.0.1:1", "--deadline", "2")
    assert done.status == 3
    assert done.err.startswith("wengert: no answer: ")
    assert "127.0.0.1:1" in done.err


def test_who_must_be_known_shows_a_certificate_of_the_server_and_a_token(baydin: str, tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "wengert_server.token_command", "team"], capture_output=True, text=True, check=True
    )
    (tmp_path / "tokens").write_text(made.stdout)
    (tmp_path / "token").write_text(made.stderr)
    authority = Authority(tmp_path)
    own = authority.sign("server", "DNS:wengert.internal")
    flags = ("--tls-certificate", str(own.certificate), "--tls-key", str(own.key))
    tls = ("--tls-roots", str(authority.certificate), "--tls-server-name", "wengert.internal", "--deadline", "20")
    token = ("--token-file", str(tmp_path / "token"))
    with running_server("--token-file", str(tmp_path / "tokens"), *flags) as server:
        done = wengert("eval", baydin, *AT, *tls, target=server.address)
        assert (done.status, done.out) == (3, "")
        assert "token" in done.err
        done = wengert("eval", baydin, *AT, *tls, *token, target=server.address)
        assert (done.status, done.out) == (0, "f  11.65207146\n"), done.err
        assert wengert("eval", baydin, *AT, *tls[:2], "--no-tls", *token, target=server.address).status == 2


def test_a_fault_of_the_program_is_told_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_given: object) -> int:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(command, "_run", fail)
    assert command.main(["info"]) == 4
    assert "a fault of this program: ZeroDivisionError" in capsys.readouterr().err
    assert command.main(["info", "--trace"]) == 4
    assert "Traceback" in capsys.readouterr().err


def test_who_stops_reading_is_no_fault(baydin: str, server: RunningServer) -> None:
    arguments = ["eval", baydin, "--at", "[" + ",".join(["[1,2]"] * 20_000) + "]", "--json"]
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(WENGERT_TARGET=server.address),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(60) == 141
    assert told == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told(baydin: str, server: RunningServer) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "eval", baydin, *AT],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=environment(WENGERT_TARGET=server.address),
        )
    assert (done.returncode, done.stderr) == (2, b"wengert: [Errno 28] No space left on device\n")


def test_an_interrupt_ends_it_quietly(baydin: str) -> None:
    # It connects, and nobody answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(120)
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        with subprocess.Popen(
            [*COMMAND, "eval", baydin, *AT, "--target", target, "--deadline", "120"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        ) as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=60)
            assert (process.returncode, out, err) == (130, b"", b"")


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert command.main(["completion", "bash"]) == 2
    assert "pip install 'wengert[completion]'" in capsys.readouterr().err

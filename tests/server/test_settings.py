"""Settings: defaults, flags, variables, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from adengine import Limits
from wengert_server.settings import Settings, flag, variable

ROWS = [row.name for row in dataclasses.fields(Settings)]


def test_defaults_are_the_engines() -> None:
    assert Settings().engine_limits() == Limits()


def test_every_limit_of_the_engine_can_be_set_but_those_of_the_contract() -> None:
    rows = {row.removeprefix("max_") for row in ROWS if row.startswith("max_")}
    assert {row.name for row in dataclasses.fields(Limits)} - rows == {"name_bytes", "rank"}


@pytest.mark.parametrize("row", [name for name in ROWS if name.startswith("max_")])
def test_a_flag_goes_before_a_variable(row: str) -> None:
    environment = {variable(row): "7"}
    assert getattr(Settings.from_command([], environment), row) == 7
    assert getattr(Settings.from_command([flag(row), "9"], environment), row) == 9


def test_addresses_repeat() -> None:
    settings = Settings.from_command(["--address", "127.0.0.1:1", "--address", "unix:/a"], {})
    assert settings.address == ("127.0.0.1:1", "unix:/a")
    assert Settings.from_command([], {"WENGERT_ADDRESS": "[::1]:1, unix:/a"}).address == ("[::1]:1", "unix:/a")


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("2KiB", 2048), ("1 MiB", 1 << 20), ("3GiB", 3 << 30)])
def test_units(text: str, value: int) -> None:
    assert Settings.from_command(["--max-call-bytes", text], {}).max_call_bytes == value


@pytest.mark.parametrize(("text", "value"), [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("no", False)])
def test_truths(text: str, value: bool) -> None:
    assert Settings.from_command([], {"WENGERT_INSECURE_ANY_ADDRESS": text}).insecure_any_address is value


def test_an_empty_variable_is_none() -> None:
    assert Settings.from_command([], {"WENGERT_THREADS": ""}) == Settings()


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["--threads", "two"], {}, "--threads: 'two' is not a whole number"),
        ([], {"WENGERT_THREADS": "1e3"}, "WENGERT_THREADS: '1e3' is not a whole number"),
        (["--threads", "0"], {}, "--threads: 0 is not between 1 and"),
        (["--grace-s", "-1"], {}, "--grace-s: -1.0 is not between 0 and"),
        (["--max-message-bytes", "3GiB"], {}, "--max-message-bytes: 3221225472 is not between 1 and 2147483647"),
        (["--log-format", "xml"], {}, "--log-format: 'xml' is none of text, json"),
        ([], {"WENGERT_INSECURE_ANY_ADDRESS": "maybe"}, "'maybe' is none of 1, true, yes, 0, false, no"),
        (["--address", "0.0.0.0:1"], {}, "0.0.0.0:1 can be reached from other machines"),
        (["--address", "[::]:1"], {}, "or --insecure-any-address if that is wanted"),
        (["--tls-key", "k"], {}, "--tls-certificate and --tls-key go together"),
        ([], {"WENGERT_TLS_CLIENT_CA": "c"}, "that needs --tls-certificate and --tls-key"),
        (["--metrics-address", "unix:a"], {}, "--metrics-address: 'unix:a' is no address that Prometheus can ask"),
        (["--metrics-address", "9464"], {}, "'9464' is no address"),
        (["--address", "localhost"], {}, "'localhost' is no address; HOST:PORT or unix:PATH is expected"),
        (["--address", "127.0.0.1:70000"], {}, "is no address"),
        (["--address", "unix:"], {}, "'unix:' names no path"),
        (["--address", ""], {}, "--address: at least one value is needed"),
        (["--max-sentences", "1"], {}, "unrecognized arguments: --max-sentences 1"),
    ],
)
def test_wrong_values(
    arguments: list[str], environment: dict[str, str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        Settings.from_command(arguments, environment)
    assert caught.value.code == 2
    assert expected in capsys.readouterr().err


def test_any_address_when_wanted() -> None:
    settings = Settings.from_command(["--address", "0.0.0.0:1", "--insecure-any-address"], {})
    assert settings.address == ("0.0.0.0:1",)


def test_any_address_with_tls() -> None:
    flags = ["--address", "0.0.0.0:1", "--tls-certificate", "c", "--tls-key", "k"]
    assert Settings.from_command(flags, {}).address == ("0.0.0.0:1",)


def test_help_names_every_flag_variable_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        Settings.from_command(["--help"], {})
    assert caught.value.code == 0
    told = capsys.readouterr().out
    for row in ROWS:
        assert flag(row) in told
        assert f"[{variable(row)};" in told.replace("\n", " ")

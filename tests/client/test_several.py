"""A client of several servers: turns, failing over, functions that only some of them hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import grpc
import pytest

from tests.client.fake import Fake, fail, fake_server
from wengert import v1
from wengert_client import Client, ConfigurationError, Function, ListBuilder, Unavailable, UnknownFunction, _held
from wengert_client._replicas import Replica
from wengert_client._settings import Settings

CODE = grpc.StatusCode
X = [1.0, 2.0, 3.0]


@pytest.fixture
def fakes() -> Iterator[list[Fake]]:
    with ExitStack() as stack:
        yield [stack.enter_context(fake_server()) for _ in range(3)]


@pytest.fixture
def client(fakes: list[Fake]) -> Iterator[Client]:
    with Client([fake.address for fake in fakes], deadline_s=30) as opened:
        yield opened


@pytest.fixture
def f(client: Client) -> Function:
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    return client.function(b)


def test_calls_go_to_each_in_turn_and_soon_all_hold_the_function(fakes: list[Fake], f: Function) -> None:
    for _ in range(24):
        assert f.value(X).tolist() == [6.0]
    calls = [call for fake in fakes for call in fake.calls]
    assert calls.count("Register") == 1
    # One of them was asked for what it does not hold, and the list went along with this call and the next two.
    assert calls.count("Evaluate") == 25
    assert all(fake.calls.count("Evaluate") >= 8 for fake in fakes)
    lists = [request.function.HasField("list") for fake in fakes for request in fake.requests]
    assert lists.count(True) == 4


@pytest.mark.parametrize("count", [2, 3])
def test_soon_all_hold_a_large_function_too(fakes: list[Fake], count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_held, "_SMALL_BYTES", 0)
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    with Client([fake.address for fake in fakes[:count]]) as client:
        f = client.function(b)
        for _ in range(12):
            assert f.value(X).tolist() == [6.0]
    assert all(fake.held for fake in fakes[:count])
    assert sum(fake.calls.count("Evaluate") for fake in fakes) <= 12 + 3
    assert not any(
        each.function.HasField("list")
        for fake in fakes
        for each in fake.requests[1:]
        if isinstance(each, v1.EvaluateRequest)
    )


def test_what_one_does_not_answer_another_does_at_once(fakes: list[Fake], f: Function) -> None:
    f.value(X)
    for fake in fakes[:2]:
        fake.failures.extend([fail(CODE.UNAVAILABLE)] * 1000)
    before = time.monotonic()
    for _ in range(20):
        assert f.value(X).tolist() == [6.0]
    # Those that fail rest: most calls do not ask them first.
    assert sum(fake.calls.count("Evaluate") for fake in fakes) < 20 + 20 * (2 + (time.monotonic() - before))


def test_one_that_is_busy_has_no_say_over_the_others(fakes: list[Fake], f: Function) -> None:
    f.value(X)
    for fake in fakes[:2]:
        fake.failures.extend([fail(CODE.UNAVAILABLE, trailers=(("grpc-retry-pushback-ms", "25000"),))] * 3)
    assert f.value(X).tolist() == [6.0]


def test_all_are_tried_before_it_is_given_up(fakes: list[Fake]) -> None:
    for fake in fakes:
        fake.failures.extend([fail(CODE.UNAVAILABLE, "gone", "OVERLOADED")] * 9)
    targets = ",".join(fake.address for fake in fakes)
    with Client(targets, max_attempts=2) as client, pytest.raises(Unavailable, match="gone"):
        client.capabilities()
    assert [len(fake.calls) for fake in fakes] == [2, 2, 2]


def test_a_refusal_is_not_asked_of_another(fakes: list[Fake], client: Client) -> None:
    for fake in fakes:
        fake.failures.append(fail(CODE.UNAVAILABLE, "never", trailers=(("grpc-retry-pushback-ms", "-1"),)))
    with pytest.raises(Unavailable, match="never"):
        client.capabilities()
    assert sum(len(fake.calls) for fake in fakes) == 1


def test_a_server_that_is_not_there_is_passed_over(fakes: list[Fake]) -> None:
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    with Client(["127.0.0.1:1", fakes[0].address], max_attempts=1) as client:
        f = client.function(b)
        for _ in range(5):
            assert f.value(X).tolist() == [6.0]


def test_one_target_may_be_several_addresses(fakes: list[Fake]) -> None:
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    target = "ipv4:" + ",".join(fake.address for fake in fakes)
    with Client(target) as client:
        f = client.function(b)
        # Connections to all of them are open soon, and how soon is not for this test to say.
        for _ in range(10_000):
            assert f.value(X).tolist() == [6.0]
            if all("Evaluate" in fake.calls for fake in fakes):
                break
    assert ["Evaluate" in fake.calls for fake in fakes] == [True] * 3


def test_an_id_that_only_one_of_them_holds(fakes: list[Fake], client: Client, f: Function) -> None:
    message = f.to_message()
    with Client(fakes[1].address) as other:
        id_ = other.function(message).id
    assert client.function(id_).value(X).tolist() == [6.0]
    with pytest.raises(UnknownFunction):
        client.function("0" * 64).value(X)


def test_it_rests_until_there_is_a_connection(fakes: list[Fake]) -> None:
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        replica = Replica(channel)
        resting = [replica.rests]
        replica.failed()
        resting.append(replica.rests)
        time.sleep(0.1)
        assert [*resting, replica.rests, replica.connected] == [False, True, True, False]
    with grpc.insecure_channel(fakes[0].address) as channel:
        replica = Replica(channel)
        replica.failed()
        for _ in range(1000):
            if not replica.rests:
                break
            time.sleep(0.02)
        resting = [replica.rests]
        replica.answered()
        assert [*resting, replica.connected] == [False, True]


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        ("a:1", ("a:1",)),
        ("a:1, b:2,a:1", ("a:1", "b:2")),
        (["dns:///a:1", "unix:/b"], ("dns:///a:1", "unix:/b")),
        ("ipv4:127.0.0.1:1,127.0.0.2:1", ("ipv4:127.0.0.1:1,127.0.0.2:1",)),
    ],
)
def test_targets(given: str | list[str], targets: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WENGERT_TARGET", raising=False)
    assert Settings.resolve(given, None, None, None).targets == targets
    if isinstance(given, str):
        monkeypatch.setenv("WENGERT_TARGET", given)
        assert Settings.resolve(None, None, None, None).targets == targets


def test_no_target_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WENGERT_TARGET", raising=False)
    with pytest.raises(ConfigurationError, match="no server is named"):
        Client([])


def test_a_token_goes_to_none_of_several_in_clear() -> None:
    with pytest.raises(ConfigurationError, match=r"the token would go to example\.org:1"):
        Client(["localhost:1", "example.org:1"], token="secret")  # noqa: S106

"""What a client does when calls do not succeed: errors, repetition, deadlines, registration.

The servers here fail as they are told, over sockets; what a client of its own process does: test_embedded.py.
"""

import os
import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest

import wengert_client
from tests.client.fake import Fake, fail, fake_server, slow
from wengert_client import (
    Cancelled,
    Client,
    ClientClosed,
    ConfigurationError,
    DeadlineExceeded,
    Function,
    InvalidRequest,
    LimitExceeded,
    ListBuilder,
    ServerFault,
    ServiceError,
    Unavailable,
    Unsupported,
    WengertError,
    _errors,
    _held,
)
from wengert_client._status import KIND_OF_CODE

CODE = grpc.StatusCode
BUSY = fail(CODE.UNAVAILABLE, "busy", "OVERLOADED")


@pytest.fixture
def fake() -> Iterator[Fake]:
    with fake_server() as server:
        yield server


@pytest.fixture
def client(fake: Fake) -> Iterator[Client]:
    with Client(fake.address) as opened:
        yield opened


@pytest.fixture
def f(client: Client) -> Function:
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    return client.function(b)


# ---- errors


@pytest.mark.parametrize("code", [code for code in CODE if code is not CODE.OK])
def test_every_status_code_is_an_error_of_ours(fake: Fake, f: Function, code: grpc.StatusCode) -> None:
    kind = KIND_OF_CODE.get(code, ServerFault)
    fake.failures.extend([fail(code, "told", trailers=(("grpc-retry-pushback-ms", "-1"),))] * 3)
    with pytest.raises(ServiceError, match="told") as caught:
        f.info  # noqa: B018 - the call is what is tested
    assert type(caught.value) is kind
    assert caught.value.code is code
    assert (caught.value.reason, caught.value.violations) == ("", ())


def test_reason_and_fields_are_read(fake: Fake, f: Function) -> None:
    fields = (("function.list.arguments[7]", "names nothing"), ("points", "too few"))
    fake.failures.append(fail(CODE.INVALID_ARGUMENT, "statement 3 is wrong", "INVALID_LIST", fields))
    with pytest.raises(InvalidRequest) as caught:
        f.value([1.0, 2.0, 3.0])
    assert caught.value.reason == "INVALID_LIST"
    assert [(each.field, each.description) for each in caught.value.violations] == list(fields)
    assert str(caught.value).splitlines() == [
        "INVALID_LIST: statement 3 is wrong",
        "  function.list.arguments[7]: names nothing",
        "  points: too few",
    ]


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (CODE.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED", LimitExceeded),
        (CODE.UNIMPLEMENTED, "UNKNOWN_PRIMITIVE", Unsupported),
        (CODE.INVALID_ARGUMENT, "A_REASON_OF_LATER", InvalidRequest),
        (CODE.FAILED_PRECONDITION, "A_REASON_OF_LATER", InvalidRequest),
        (CODE.DATA_LOSS, "A_REASON_OF_LATER", ServerFault),
    ],
)
def test_known_and_unknown_reasons(
    fake: Fake, f: Function, code: grpc.StatusCode, reason: str, kind: type[ServiceError]
) -> None:
    fake.failures.append(fail(code, "told", reason))
    with pytest.raises(kind) as caught:
        f.value([1.0, 2.0, 3.0])
    assert (type(caught.value), caught.value.reason, caught.value.code) == (kind, reason, code)


def test_unreadable_details_hide_nothing(fake: Fake, f: Function) -> None:
    fake.failures.append(fail(CODE.INVALID_ARGUMENT, "told", trailers=(("grpc-status-details-bin", b"\xff\xff"),)))
    with pytest.raises(InvalidRequest, match="told"):
        f.value([1.0, 2.0, 3.0])


def test_an_answer_cut_off_is_a_fault_and_no_zeros(f: Function) -> None:
    with pytest.raises(ServerFault, match="cannot be read"):
        f.jacobian([1.0, 2.0, 3.0])


def test_every_exported_error_is_in_the_tree() -> None:
    exported = [getattr(wengert_client, name) for name in wengert_client.__all__]
    errors = [each for each in exported if isinstance(each, type) and issubclass(each, Exception)]
    assert {each.__name__ for each in errors} == {*_errors.__all__} - {"Violation"}
    assert all(issubclass(each, WengertError) for each in errors)
    assert set(KIND_OF_CODE.values()) <= set(errors)


def test_errors_travel_between_processes(fake: Fake, f: Function) -> None:
    fake.failures.append(fail(CODE.INVALID_ARGUMENT, "told", "INVALID_LIST", (("points", "wrong"),)))
    with pytest.raises(InvalidRequest) as caught:
        f.value([1.0, 2.0, 3.0])
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - made in this line
    assert (type(copy), str(copy), copy.code) == (InvalidRequest, str(caught.value), CODE.INVALID_ARGUMENT)
    assert copy.violations == caught.value.violations


# ---- repetition


def test_calls_are_repeated_while_the_server_is_unavailable(fake: Fake, f: Function) -> None:
    fake.failures.extend([BUSY, BUSY])
    assert f.value([1.0, 2.0, 3.0]).tolist() == [6.0]
    assert fake.calls == ["Register"] * 3 + ["Evaluate"]


def test_a_call_that_somebody_else_cancelled_is_repeated(fake: Fake, f: Function) -> None:
    fake.failures.extend([fail(CODE.CANCELLED), BUSY])
    assert f.value([1.0, 2.0, 3.0]).tolist() == [6.0]
    assert fake.calls == ["Register"] * 3 + ["Evaluate"]


def test_attempts_are_bounded(fake: Fake) -> None:
    fake.failures.extend([BUSY] * 9)
    with Client(fake.address, max_attempts=3) as client, pytest.raises(Unavailable, match="busy") as caught:
        client.capabilities()
    assert caught.value.reason == "OVERLOADED"
    assert fake.calls == ["GetCapabilities"] * 3


@pytest.mark.parametrize(("asked", "attempts"), [("1", 2), ("0", 2), ("-1", 1), ("soon", 1)])
def test_the_server_says_when_to_repeat(fake: Fake, f: Function, asked: str, attempts: int) -> None:
    fake.failures.append(fail(CODE.UNAVAILABLE, trailers=(("grpc-retry-pushback-ms", asked),)))
    try:
        f.info  # noqa: B018 - the call is what is tested
    except Unavailable:
        assert attempts == 1
    assert len(fake.calls) == attempts


def test_nothing_is_repeated_past_the_deadline(fake: Fake) -> None:
    fake.failures.append(fail(CODE.UNAVAILABLE, trailers=(("grpc-retry-pushback-ms", "60000"),)))
    with Client(fake.address, deadline_s=5) as client, pytest.raises(Unavailable):
        client.capabilities()
    assert len(fake.calls) == 1


def test_other_failures_are_not_repeated(fake: Fake, f: Function) -> None:
    fake.failures.append(fail(CODE.INTERNAL))
    with pytest.raises(ServerFault):
        f.value([1.0, 2.0, 3.0])
    assert fake.calls == ["Register"]


def test_no_server_at_all() -> None:
    with Client("127.0.0.1:1", max_attempts=2) as client, pytest.raises(Unavailable):
        client.capabilities()


# ---- deadlines


def test_every_call_has_a_deadline(fake: Fake, f: Function) -> None:
    f.value([1.0, 2.0, 3.0])
    # The wire rounds long timeouts up.
    assert all(0 < left <= 31 for left in fake.remaining_s)


def test_a_late_answer(fake: Fake, client: Client) -> None:
    b = ListBuilder()
    b.output("f", b.input("x"))
    f = client.function(b, deadline_s=0.2)
    fake.failures.append(slow(1.0))
    with pytest.raises(DeadlineExceeded) as caught:
        f.value(1.0)
    assert isinstance(caught.value, TimeoutError)


# ---- registration


def test_a_function_is_registered_once(fake: Fake, f: Function) -> None:
    for _ in range(3):
        f.value([1.0, 2.0, 3.0])
    assert fake.calls == ["Register", "Evaluate", "Evaluate", "Evaluate"]
    assert fake.requests[1].function.id == f.id


def test_nothing_is_sent_before_the_first_call(fake: Fake, f: Function) -> None:
    assert "SUM" in str(f)
    assert repr(f) == "<Function of (x)>"
    assert fake.calls == []


def test_a_forgotten_function_goes_with_the_call_and_is_held_again(fake: Fake, f: Function) -> None:
    f.value([1.0, 2.0, 3.0])
    fake.held.clear()
    for _ in range(5):
        assert f.value([1.0, 2.0, 3.0]).tolist() == [6.0]
    assert fake.calls == ["Register"] + ["Evaluate"] * 7
    # The one that was not held, and two more: another server behind the same name may not hold it either.
    assert [each.function.HasField("list") for each in fake.requests[2:]] == [False, True, True, True, False, False]
    assert fake.requests[3].function.list == f.to_message()


def test_a_large_function_that_was_forgotten_is_registered_again(
    fake: Fake, f: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_held, "_SMALL_BYTES", 0)
    f.value([1.0, 2.0, 3.0])
    fake.held.clear()
    assert f.value([1.0, 2.0, 3.0]).tolist() == [6.0]
    assert fake.calls == ["Register", "Evaluate", "Evaluate", "Register", "Evaluate"]


def test_a_large_function_forgotten_at_once_goes_with_the_call(
    fake: Fake, f: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_held, "_SMALL_BYTES", 0)
    f.info  # noqa: B018 - registers
    fake.failures.extend([lambda _: fake.held.clear()] * 20)
    assert f.value([1.0, 2.0, 3.0]).tolist() == [6.0]
    assert fake.calls == [
        *["Register", "Evaluate"],
        *["Register", "Evaluate"],
        *["Register", "Register", "Evaluate"],
        *["Register", "Register", "Register", "Evaluate"],
        "Evaluate",
    ]
    assert fake.requests[-1].function.list == f.to_message()


def test_threads_register_once(fake: Fake, f: Function) -> None:
    start = threading.Barrier(8)

    def call(k: int) -> float:
        start.wait()
        return float(f.value([float(k), 1.0, 2.0])[0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(8))) == [k + 3.0 for k in range(8)]
    assert fake.calls.count("Register") == 1


# ---- set-up and end


def test_a_closed_client_refuses(client: Client, f: Function) -> None:
    f.value([1.0, 2.0, 3.0])
    client.close()
    client.close()
    with pytest.raises(ClientClosed, match="was closed"):
        f.value([1.0, 2.0, 3.0])


def test_closing_cancels_calls_under_way(fake: Fake, client: Client) -> None:
    arrived = threading.Event()

    def wait(context: grpc.ServicerContext) -> None:
        arrived.set()
        while context.is_active():
            time.sleep(0.005)

    fake.failures.append(wait)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.capabilities)
        assert arrived.wait(30)
        client.close()
        assert isinstance(answer.exception(30), Cancelled)


def test_a_forked_process_opens_its_own_connection(
    client: Client, f: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    f.value([1.0, 2.0, 3.0])
    parents = client._transport._replicas
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert f.value([1.0, 2.0, 3.0]).tolist() == [6.0]
    assert client._transport._replicas is not parents
    client.close()
    monkeypatch.undo()
    assert parents is not None
    parents.close()


def test_a_function_travels_between_processes(f: Function, fake: Fake) -> None:
    f.value([1.0, 2.0, 3.0])
    copy = pickle.loads(pickle.dumps(f))  # noqa: S301 - made in this line
    fake.held.clear()
    assert copy.value([1.0, 2.0, 3.0]).tolist() == [6.0]
    copy._held._transport.close()


def test_the_environment_says_what_the_caller_does_not(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENGERT_TARGET", fake.address)
    monkeypatch.setenv("WENGERT_DEADLINE_S", "7.5")
    monkeypatch.setenv("WENGERT_MAX_ATTEMPTS", "2")
    fake.failures.extend([BUSY] * 9)
    with Client() as client, pytest.raises(Unavailable):
        client.capabilities()
    assert len(fake.remaining_s) == 2
    assert max(fake.remaining_s) <= 8


@pytest.mark.parametrize(
    ("options", "variables", "told"),
    [
        ({"target": ""}, {}, "WENGERT_TARGET"),
        ({"tls": True}, {}, "no server is named"),
        ({"token": "secret"}, {}, "no server is named"),
        ({"target": "a:1", "deadline_s": 0}, {}, "deadline_s is 0"),
        ({"target": "a:1", "deadline_s": float("nan")}, {}, "deadline_s is nan"),
        ({"target": "a:1", "max_attempts": 0}, {}, "max_attempts is 0"),
        ({"target": "a:1", "max_message_bytes": 2**31}, {}, "max_message_bytes"),
        ({"target": "a:1"}, {"WENGERT_DEADLINE_S": "soon"}, "WENGERT_DEADLINE_S is 'soon'"),
        ({"target": "a:1"}, {"WENGERT_DEADLINE_S": "-1"}, "WENGERT_DEADLINE_S is -1"),
        ({"target": "a:1"}, {"WENGERT_MAX_ATTEMPTS": "1.5"}, "WENGERT_MAX_ATTEMPTS is 1.5"),
    ],
)
def test_a_wrong_set_up_is_told(
    options: dict[str, Any], variables: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WENGERT_TARGET", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=told):
        Client(**options)


def test_a_wrong_deadline_of_a_function(client: Client) -> None:
    with pytest.raises(ConfigurationError, match="deadline_s is -1"):
        client.function("0" * 64, deadline_s=-1)
    with pytest.raises(TypeError, match="not list"):
        client.function([1])  # type: ignore[call-overload]


def test_a_message_over_the_clients_limit(fake: Fake) -> None:
    b = ListBuilder()
    b.output("f", b.input("x", 1000).sum())
    with Client(fake.address, max_message_bytes=4000) as client, pytest.raises(LimitExceeded):
        client.function(b).value(np.ones(1000))

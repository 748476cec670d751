"""Sessions of the client: the numbers of single calls, futures, and streams that break."""

import functools
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
import numpy as np
import pytest

from tests.client.modes import MODES, client_in
from wengert import v1
from wengert.v1.tensors import read_tensor, write_tensor
from wengert_client import (
    Cancelled,
    Client,
    ClientClosed,
    DeadlineExceeded,
    Function,
    InvalidRequest,
    LimitExceeded,
    ListBuilder,
    ServerFault,
    Session,
    SessionFunction,
    Unavailable,
    _line,
)

X = np.array([0.3, -1.2, 2.5])


def build() -> ListBuilder:
    b = ListBuilder()
    x, k = b.input("x", 3), b.input("k", default=2.0)
    b.output("y", x[:2] * x.sum())
    b.output("s", np.sin(x).sum() * k)
    return b


@pytest.fixture(scope="module", params=MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param, "--max-message-bytes", "2MiB") as opened:
        yield opened


@pytest.fixture(scope="module")
def f(client: Client) -> Function:
    return client.function(build())


@pytest.fixture
def session(client: Client) -> Iterator[Session]:
    with client.session() as opened:
        yield opened


@pytest.fixture
def g(session: Session, f: Function) -> SessionFunction:
    return session.function(f)


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("value", (X,), {}),
    ("jvp", (X, [1.0, 2.0, 3.0]), {}),
    ("vjp", (X, np.eye(3)), {}),
    ("jacobian", (X,), {"mode": "reverse", "with_respect_to": ["k", "x"]}),
    ("gradient", (), {"x": X, "outputs": "s"}),
    ("hessian", (X, [1.0, 2.0, 3.0]), {}),
    ("hvp", (np.stack([X, 2 * X]), X, np.ones(3)), {}),
    ("value_and_jvp", (X, X), {}),
    ("value_and_vjp", (X, np.ones(3)), {}),
    ("value_and_jacobian", (np.stack([X, 2 * X]),), {}),
    ("value_and_gradient", (X,), {"outputs": "s", "shared": {"k": 3.0}}),
    ("value_gradient_and_hessian", (X, np.ones(3)), {}),
    ("value_gradient_and_hvp", (X, X, np.ones(3)), {}),
]


def arrays_of(result: Any) -> list[np.ndarray]:
    return [result] if isinstance(result, np.ndarray) else [each for each in result if isinstance(each, np.ndarray)]


@pytest.mark.parametrize(("name", "arguments", "options"), CALLS, ids=[name for name, _, _ in CALLS])
def test_the_numbers_are_those_of_single_calls(
    f: Function, g: SessionFunction, name: Any, arguments: Any, options: Any
) -> None:
    expected = arrays_of(getattr(f, name)(*arguments, **options))
    for found in (getattr(g, name)(*arguments, **options), g.submit(name, *arguments, **options).result()):
        for one, other in zip(arrays_of(found), expected, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)


def test_what_a_session_does_not_carry_goes_by_itself(f: Function, g: SessionFunction) -> None:
    assert g.id == f.id
    np.testing.assert_array_equal(g.jacobian(X, sparse=True).toarray(), f.jacobian(X))
    np.testing.assert_array_equal(g.jacobian(X, stream=True), f.jacobian(X))
    assert g.sparsity().nnz == f.sparsity().nnz
    dual: dict[str, Any] = {"x": X, "tangent.x": X, "tangent.k": 0.0}
    np.testing.assert_array_equal(g.differentiate("dual").value(dual), f.differentiate("dual").value(dual))
    g.prepare("value")
    for options in ({"sparse": True}, {"stream": True}):
        with pytest.raises(TypeError, match="can be submitted"):
            g.submit("jacobian", X, **options)


def test_many_under_way(g: SessionFunction) -> None:
    points = np.random.default_rng(3).normal(size=(500, 3))
    ended: list[int] = []
    coming = [g.submit("jacobian", x) for x in points]
    for k, future in enumerate(coming):
        future.add_done_callback(functools.partial(lambda k, _: ended.append(k), k))
    _, pending = futures.wait(coming, timeout=120)
    assert not pending
    assert sorted(ended) == list(range(500))
    np.testing.assert_array_equal(np.stack([each.result() for each in coming]), g.jacobian(points))


def test_errors_belong_to_their_calls(g: SessionFunction) -> None:
    coming = [g.submit("value", X, outputs="s" if k % 2 else "nothing") for k in range(6)]
    coming[0:0] = [g.submit("vjp", X, np.ones(7))]
    for k, future in enumerate(coming[1:]):
        if k % 2:
            assert future.result().shape == (1,)
        else:
            assert isinstance(future.exception(), InvalidRequest)
    error = coming[0].exception()
    assert isinstance(error, InvalidRequest)
    assert (error.reason, error.code) == ("INVALID_DIRECTIONS", grpc.StatusCode.INVALID_ARGUMENT)
    assert [each.field for each in error.violations] == ["cotangents"]


def test_a_function_forgotten_is_sent_along(client: Client, f: Function, g: SessionFunction) -> None:
    expected = f.value(X)
    client.forget(f)
    np.testing.assert_array_equal(g.value(X), expected)
    client.forget(f)
    for future in [g.submit("value", X) for _ in range(20)]:
        np.testing.assert_array_equal(future.result(), expected)


def test_many_threads_and_many_points(f: Function, g: SessionFunction) -> None:
    points = np.random.default_rng(4).normal(size=(200, 3))
    with futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(g.jacobian, points))
    np.testing.assert_array_equal(np.stack(found), f.jacobian(points))
    many = np.random.default_rng(5).normal(size=(200_000, 3))  # 4.8 MB
    np.testing.assert_array_equal(g.value(many)[::1000], f.value(many[::1000]))
    with pytest.raises(LimitExceeded, match="message_bytes"):
        g.submit("value", many)
    np.testing.assert_array_equal(g.value(X), f.value(X))


def test_sessions_end(client: Client, f: Function) -> None:
    with client.session(in_flight=3) as session:
        g = session.function(f)
        coming = [g.submit("value", X) for _ in range(10)]
    assert all(future.done() for future in coming)
    with pytest.raises(ClientClosed, match="session was closed"):
        g.value(X)
    with pytest.raises(ClientClosed):
        g.submit("value", X).result()
    session.close()
    with pytest.raises(TypeError, match="cannot travel"):
        pickle.dumps(g)


def test_a_session_of_one_function(f: Function) -> None:
    with f.session(in_flight=3) as g:
        np.testing.assert_array_equal(g.jacobian(X), f.jacobian(X))
        coming = [g.submit("value", X * k) for k in range(10)]
        with g.session() as another:
            np.testing.assert_array_equal(another.value(X), f.value(X))
        with pytest.raises(ClientClosed):
            another.value(X)
    np.testing.assert_array_equal(
        np.stack([future.result(0) for future in coming]), [f.value(X * k) for k in range(10)]
    )
    with pytest.raises(ClientClosed):
        g.value(X)
    coming.clear()
    with pytest.raises(KeyError), f.session() as g:  # noqa: PT012  the error is in the block
        coming.append(g.submit("value", X))
        raise KeyError
    assert not futures.wait(coming, 30).not_done


# ---- with servers that err


class Peer(NamedTuple):
    """A client that opened a session: its requests, its context, and how many sessions there were before."""

    requests: Iterator[v1.SessionRequest]
    context: grpc.ServicerContext
    before: int


Answers = Callable[[Peer], Iterator[v1.SessionResponse]]


def answer(request: v1.SessionRequest) -> v1.SessionResponse:
    """The sum of x."""
    response = v1.SessionResponse(call=request.call)
    write_tensor(response.evaluate.values, read_tensor(request.evaluate.points).sum(keepdims=True))
    return response


@contextmanager
def serving(answers: Answers, max_attempts: int | None = None) -> Iterator[tuple[Client, Function]]:
    """A client of a server whose sessions are answered as told: requests, context, how many sessions before."""
    opened = 0

    def session(requests: Iterator[v1.SessionRequest], context: grpc.ServicerContext) -> Iterator[v1.SessionResponse]:
        nonlocal opened
        opened += 1
        return answers(Peer(requests, context, opened - 1))

    class Handler(grpc.GenericRpcHandler):
        def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
            if handler_call_details.method.endswith("/Register"):
                return grpc.unary_unary_rpc_method_handler(
                    lambda *_: v1.RegisterResponse(info=v1.FunctionInfo(id="0" * 64, n=3, m=1)),
                    response_serializer=v1.RegisterResponse.SerializeToString,
                )
            return grpc.stream_stream_rpc_method_handler(
                session,
                request_deserializer=v1.SessionRequest.FromString,
                response_serializer=v1.SessionResponse.SerializeToString,
            )

    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[Handler()])
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    try:
        with Client(address, deadline_s=30, max_attempts=max_attempts) as client:
            yield client, client.function(b)
    finally:
        server.stop(None).wait()


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
def test_what_was_not_answered_is_asked_again(code: grpc.StatusCode) -> None:
    asked: list[int] = []

    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        for number, request in enumerate(peer.requests):
            asked.append(request.call)
            if peer.before < 3 and number == 5:
                peer.context.abort(code, "away")
            yield answer(request)

    with serving(answers) as (client, f), client.session() as session:
        g = session.function(f)
        coming = [g.submit("value", X * k) for k in range(30)]
        found = [future.result() for future in coming]
    np.testing.assert_allclose(np.concatenate(found), X.sum() * np.arange(30))
    assert len(set(asked)) == 30
    assert len(asked) == 33


def test_streams_that_end_while_others_begin() -> None:
    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        yield answer(next(peer.requests))

    with serving(answers) as (client, f), client.session() as session, futures.ThreadPoolExecutor(4) as pool:
        g = session.function(f)
        found = list(pool.map(lambda k: g.value(X * k), range(24)))
    np.testing.assert_allclose(np.concatenate(found), X.sum() * np.arange(24))


def test_a_server_that_is_gone_is_an_error() -> None:
    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        for _ in peer.requests:
            peer.context.abort(grpc.StatusCode.UNAVAILABLE, "away for good")
        yield from ()

    with serving(answers, max_attempts=3) as (other, f), other.session() as session:
        g = session.function(f)
        coming = [g.submit("value", X) for _ in range(5)]
        for future in coming:
            with pytest.raises(Unavailable, match="away for good"):
                future.result()


def test_a_deadline_gives_up_one_call_and_asks_again_for_others() -> None:
    hung = threading.Event()

    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        for request in peer.requests:
            if read_tensor(request.evaluate.points)[0] == 7.0:
                peer.context.add_callback(hung.set)
                hung.wait(30)
            yield answer(request)

    with serving(answers) as (client, f), client.session() as session:
        slow = session.function(client.function(f.to_message(), deadline_s=0.5))
        g = session.function(f)
        started = time.monotonic()
        bad = slow.submit("value", [7.0, 0.0, 0.0])
        good = g.submit("value", X)
        with pytest.raises(DeadlineExceeded):
            bad.result()
        np.testing.assert_allclose(good.result(), [X.sum()])
        assert time.monotonic() - started < 20
        with pytest.raises(TimeoutError):
            slow.submit("value", [8.0, 0.0, 0.0]).result(timeout=0)
        assert hung.wait(30)  # the stream was cancelled


def test_a_function_that_cannot_be_sent_along_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        for request in peer.requests:
            known = read_tensor(request.evaluate.points)[0] != 7.0
            error = v1.CallError(code=9, reason="UNKNOWN_FUNCTION", message="who?")
            yield answer(request) if known else v1.SessionResponse(call=request.call, error=error)

    def gone(_: object) -> None:
        raise ServerFault("the list is gone")

    with serving(answers) as (client, f), client.session() as session:
        g = session.function(f)
        assert g.id
        monkeypatch.setattr(type(g.held), "wengert_list", property(gone))
        bad, good = g.submit("value", [7.0, 0.0, 0.0]), g.submit("value", X)
        with pytest.raises(ServerFault, match="the list is gone"):
            bad.result(30)
        np.testing.assert_allclose(good.result(30), [X.sum()])


def test_wrong_answers_are_faults() -> None:
    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        for request in peer.requests:
            yield v1.SessionResponse(call=request.call + 1000)  # nobody's
            yield v1.SessionResponse(call=request.call, jvp=v1.JvpResponse())

    with serving(answers) as (client, f), client.session() as session:
        g = session.function(f)
        with pytest.raises(ServerFault, match="of another kind"):
            g.value(X)


def hanging(begun: threading.Event, ended: threading.Event) -> Answers:
    """Answer nothing; tell when a call has come, and when its session is over."""

    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        if not peer.context.add_callback(ended.set):
            ended.set()  # Cancelled before it was begun here.
        for _ in peer.requests:
            begun.set()
            ended.wait(30)
        yield from ()

    return answers


def test_an_error_in_the_block_and_a_closed_client_cancel() -> None:
    begun, ended = threading.Event(), threading.Event()
    with serving(hanging(begun, ended)) as (client, f):
        session = client.session()
        future = session.function(f).submit("value", X)
        assert begun.wait(30)
        session.__exit__(KeyError, KeyError(), None)
        assert isinstance(future.exception(30), Cancelled)
        assert ended.wait(30)
        session = client.session()
        future = session.function(f).submit("value", X)
        client.close()
        with pytest.raises((Cancelled, ClientClosed)):
            future.result(30)


@pytest.mark.parametrize("closes", ["session", "client"])
def test_calls_end_whenever_it_is_closed(closes: str) -> None:
    """Before the server knows of the session, while it begins, after it has."""
    begun, ended = threading.Event(), threading.Event()
    for k in range(12):
        with serving(hanging(begun, ended)) as (client, f), futures.ThreadPoolExecutor(1) as pool:
            assert f.id
            session = client.session()
            g = session.function(f)
            coming = [g.submit("value", X), pool.submit(g.value, X)]
            time.sleep(0.0005 * k)
            if closes == "session":
                session.__exit__(KeyError, KeyError(), None)
            else:
                client.close()
            for future in coming:
                assert isinstance(future.exception(30), (Cancelled, ClientClosed))


def test_who_waits_reads_and_no_thread_is_needed() -> None:
    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        yield from map(answer, peer.requests)

    with serving(answers) as (client, f), client.session() as session:
        g = session.function(f)
        before = set(threading.enumerate())
        for k in range(20):
            np.testing.assert_allclose(g.value(X * k), [X.sum() * k])
        assert "wengert-session" not in {thread.name for thread in set(threading.enumerate()) - before}


def test_a_session_closed_while_its_stream_is_broken_opens_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_line, "pause_before", lambda *_: 20.0)
    broken, sessions = threading.Event(), []

    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        sessions.append(peer.before)
        for _ in peer.requests:
            broken.set()
            peer.context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        yield from ()

    with serving(answers) as (client, f):
        before = set(threading.enumerate())
        session = client.session()
        future = session.function(f).submit("value", X)
        assert broken.wait(30)
        time.sleep(0.1)  # It has learned of that, and waits before it tries again.
        session.__exit__(KeyError, KeyError(), None)
        assert isinstance(future.exception(30), Cancelled)
        until = time.monotonic() + 30
        while "wengert-session" in {thread.name for thread in set(threading.enumerate()) - before}:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert sessions == [0]


def test_those_who_wait_for_room_learn_that_it_is_closed() -> None:
    begun, ended = threading.Event(), threading.Event()
    with serving(hanging(begun, ended)) as (_, f), futures.ThreadPoolExecutor(6) as pool:
        g = f.session(in_flight=1)
        waiting = [pool.submit(g.value, X) for _ in range(6)]
        assert begun.wait(30)
        g.__exit__(KeyError, KeyError(), None)
        for future in waiting:
            assert isinstance(future.exception(20), (Cancelled, ClientClosed))


def test_no_threads_are_left() -> None:
    begun, ended = threading.Event(), threading.Event()
    with serving(hanging(begun, ended)) as (client, f):
        before = set(threading.enumerate())
        for _ in range(5):
            with pytest.raises(KeyError), client.session() as session:  # noqa: PT012  the error is in the block
                session.function(f).submit("value", X)
                raise KeyError
        until = time.monotonic() + 30
        while {t.name for t in set(threading.enumerate()) - before} & {"wengert-session", "wengert-deadlines"}:
            assert time.monotonic() < until
            time.sleep(0.01)


def test_all_ways_of_asking_at_once(g: SessionFunction, f: Function) -> None:
    """Threads that wait, calls that nobody waits for, and calls made by what is told of an answer."""
    points = np.random.default_rng(6).normal(size=(40, 3))
    expected = f.jacobian(points)
    told: dict[int, np.ndarray] = {}

    def some(first: int) -> list[np.ndarray]:
        found = []
        for k in range(first, 40, 4):
            future = g.submit("jacobian", points[k])
            future.add_done_callback(lambda _, k=k: told.setdefault(k, g.jacobian(points[k])))  # type: ignore[misc]
            found += [g.jacobian(points[k]), future.result()]
        return found

    with futures.ThreadPoolExecutor(4) as pool:
        for first, found in enumerate(pool.map(some, range(4))):
            np.testing.assert_array_equal(np.stack(found), np.repeat(expected[first::4], 2, axis=0))
    g.submit("jacobian", X).result()  # What was told of the last answer has been answered too.
    assert sorted(told) == list(range(40))
    np.testing.assert_array_equal(np.stack([told[k] for k in range(40)]), expected)


def test_calls_made_by_what_is_told_of_answers_find_room(f: Function) -> None:
    told: queue.SimpleQueue[tuple[int, futures.Future[Any]]] = queue.SimpleQueue()
    with f.session(in_flight=2) as g:

        def again(_: futures.Future[Any], k: int) -> None:
            for _again in range(4):
                told.put((k, g.submit("value", X * k)))

        for k in range(6):
            g.submit("value", X * k).add_done_callback(functools.partial(again, k=k))
        found = [told.get(timeout=30) for _ in range(24)]
    assert sorted(k for k, _ in found) == np.repeat(range(6), 4).tolist()
    for k, future in found:
        np.testing.assert_array_equal(future.result(30), f.value(X * k))


def test_one_who_is_interrupted_leaves_the_session_to_others() -> None:
    hung = threading.Event()

    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        for request in peer.requests:
            if read_tensor(request.evaluate.points)[0] == 7.0:
                peer.context.add_callback(hung.set)
                hung.wait(30)
            yield answer(request)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with serving(answers) as (client, f), client.session() as session, futures.ThreadPoolExecutor(2) as pool:
        g = session.function(f)
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                g.value([7.0, 0.0, 0.0])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        for found in [g.value(X), *pool.map(g.value, [X, X]), g.submit("value", X).result(30)]:
            np.testing.assert_allclose(found, [X.sum()])
        assert hung.wait(30)


def test_a_deadline_of_one_who_reads() -> None:
    begun, ended = threading.Event(), threading.Event()
    with serving(hanging(begun, ended)) as (client, f), client.session() as session:
        slow = session.function(client.function(f.to_message(), deadline_s=0.3))
        with pytest.raises(DeadlineExceeded):
            slow.value(X)
        assert ended.wait(30)

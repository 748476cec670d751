"""Sessions of the client whose streams break, hang, end, or are closed."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent import futures

import grpc
import numpy as np
import pytest

from tests.client.session_peers import Peer, X, answer, hanging, serving
from wengert import v1
from wengert.v1.tensors import read_tensor
from wengert_client import (
    Cancelled,
    ClientClosed,
    DeadlineExceeded,
    ServerFault,
    Unavailable,
    _line,
)


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


def test_a_server_that_wants_peace_for_longer_than_a_deadline() -> None:
    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        peer.context.set_trailing_metadata((("grpc-retry-pushback-ms", "600000"),))
        for _ in peer.requests:
            peer.context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        yield from ()

    with serving(answers) as (client, f):
        session = client.session()
        with pytest.raises(DeadlineExceeded):
            session.function(f.with_options(deadline_s=0.3)).value(X)
        session.close()


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

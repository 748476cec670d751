"""Sessions of the client: the numbers of single calls, futures, errors."""

import functools
import pickle
import queue
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import pytest

from tests.client.modes import MODES, client_in
from tests.client.session_peers import X
from wengert_client import (
    Client,
    ClientClosed,
    Function,
    InvalidRequest,
    LimitExceeded,
    ListBuilder,
    Session,
    SessionFunction,
)


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

"""Threads, forks, pickles, restarts, options of single calls, and what notebooks show; over sockets and without."""

import copy
import multiprocessing
import os
import pickle
import re
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest

import wengert_client
from tests.client.fake import Fake, fail, fake_server
from tests.client.modes import EMBEDDED, MODES, client_in, embedded_service
from tests.client.test_embedded import ROOT, alone, tiny
from tests.serving import running_server
from wengert_client import (
    Client,
    ConfigurationError,
    Function,
    InvalidRequest,
    ListBuilder,
    ServiceError,
    Tls,
    Unavailable,
    Violation,
    _errors,
)

SECRET = "a-token-that-nobody-may-see"  # noqa: S105
X = [[0.0, 3.0], [1.0, 2.0]]


@pytest.fixture(scope="module", params=MODES)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with client_in(request.param) as opened:
        yield opened


@pytest.fixture
def fake() -> Iterator[Fake]:
    with fake_server() as server:
        yield server


def sum_of_three() -> ListBuilder:
    b = ListBuilder()
    b.output("f", b.input("x", 3).sum())
    return b


# ---- threads


def test_many_threads_share_a_client_and_a_function(client: Client) -> None:
    f = client.function(tiny())
    points = np.random.default_rng(1).normal(size=(400, 2))
    start = threading.Barrier(16)

    def run(k: int) -> list[np.ndarray]:
        start.wait()
        if k == 3:
            client.forget(f)
        return [f.value_and_jacobian(x).derivative[0] for x in points]

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(run, range(16)))
    expected = np.stack([points[:, 1] + np.cos(points[:, 0]), points[:, 0]], axis=1)
    for each in found:
        np.testing.assert_allclose(each, expected, rtol=1e-12)


# ---- processes


def gradients(f: Function) -> list[list[float]]:
    return [f.gradient(x).tolist() for x in X]


def refused(f: Function) -> None:
    f.value([1.0])


# Other tests have started JAX in this process; the children leave it alone.
@pytest.mark.filterwarnings(r"ignore:os.fork\(\) was called:RuntimeWarning")
@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_functions_and_errors_travel_between_processes(client: Client, way: str) -> None:
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {way}")
    if way == "fork" and client.target:
        pytest.skip("over sockets a process of its own forks: test_a_process_forks_before_and_after_calls")
    f = client.function(tiny())
    expected = gradients(f)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(way)) as pool:
        assert pool.submit(gradients, f).result(300) == expected
        error = pool.submit(refused, f).exception(300)
    assert isinstance(error, InvalidRequest)
    assert error.reason == "INVALID_POINTS"
    assert [each.field for each in error.violations] == ["points"]
    assert error.request_id


FORKS = """
import os, warnings
import numpy as np
from wengert_client import Client, ListBuilder
warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
b = ListBuilder()
x1, x2 = b.inputs("x1", "x2")
b.output("f", x1 * x2 + np.sin(x1))
client = Client(deadline_s=60)
f = client.function(b)
def forked():
    child = os.fork()
    if child == 0:
        ok = all(f.gradient([0.0, 3.0]).tolist() == [4.0, 0.0] for _ in range(20))
        client.close()
        os._exit(0 if ok else 1)
    return os.waitpid(child, 0)[1]
print(forked(), flush=True)
for _ in range(20): f.gradient([0.0, 3.0])
print(forked(), forked(), flush=True)
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = pool.map(f.gradient, [[0.0, 3.0]] * 10)
print(f.gradient([0.0, 3.0]).tolist(), {tuple(each.tolist()) for each in found})
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_forks_before_and_after_calls() -> None:
    with running_server() as server:
        assert alone(FORKS, WENGERT_TARGET=server.address) == "0\n0 0\n[4.0, 0.0] {(4.0, 0.0)}\n"
    assert alone(FORKS) == "0\n0 0\n[4.0, 0.0] {(4.0, 0.0)}\n"


# ---- pickles


def test_a_pickle_holds_the_list_and_no_secret(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(fake.address, token=SECRET)
    f = client.function(sum_of_three())
    f.value([1.0, 2.0, 3.0])
    told = f.with_options(max_attempts=2, metadata={"authorization": SECRET})
    for each in (f, client, f.with_options(max_attempts=2, request_id="mine"), told):
        data = pickle.dumps(each)
        assert SECRET.encode() not in data
        assert SECRET not in repr(each)
    assert b"\x0a\x01x" in pickle.dumps(f)  # the input's name, in the list
    monkeypatch.setenv("WENGERT_TOKEN", "the-token-there")
    there = pickle.loads(pickle.dumps(f))  # noqa: S301 - made in this line
    fake.held.clear()
    assert there.value([1.0, 2.0, 3.0]).tolist() == [6.0]
    assert there.held.carrier.metadata == (("authorization", "Bearer the-token-there"),)
    monkeypatch.delenv("WENGERT_TOKEN")
    bare = pickle.loads(pickle.dumps(client))  # noqa: S301 - made in this line
    assert bare._transport.metadata == ()
    assert copy.deepcopy(client._settings) is client._settings
    client.close()
    there.held.carrier.close()


def test_what_cannot_travel_says_so() -> None:
    told = pytest.raises(TypeError, match=r"a client with tls=Tls\(\.\.\.\) can")
    with Client("localhost:1", credentials=grpc.ssl_channel_credentials()) as client, told:
        pickle.dumps(client.function(sum_of_three()))
    key = Tls(server_name="somebody")
    with Client("localhost:1", tls=key, token="") as client:
        assert pickle.loads(pickle.dumps(client))._settings.tls == key  # noqa: S301


@pytest.mark.parametrize("kind", [getattr(_errors, name) for name in _errors.__all__ if name != "Violation"])
def test_every_error_travels(kind: Any) -> None:
    if not issubclass(kind, ServiceError):
        error = kind("told")
    else:
        error = kind("told", reason="R", violations=[Violation("a.b", "c")], request_id="id")
    cause: Any = Unavailable("with a lock")
    cause.lock = threading.RLock()
    error.__cause__ = cause
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in this line
    assert (type(found), str(found)) == (kind, str(error))
    if isinstance(error, ServiceError):
        told = found.code, found.reason, found.violations, found.request_id
        assert told == (error.code, "R", (Violation("a.b", "c"),), "id")


# ---- restarts


def test_a_server_that_comes_back_is_told_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    with Client(address, deadline_s=60, max_attempts=60) as client:
        f = client.function(tiny())
        with running_server("--address", address) as server:
            assert gradients(f)[0] == [4.0, 0.0]
            session = client.session()
            g = session.function(f)
            assert gradients(g)[0] == [4.0, 0.0]
            assert server.stop(signal.SIGKILL) != 0
        with running_server("--address", address):
            assert gradients(f)[0] == [4.0, 0.0]
            assert gradients(g)[0] == [4.0, 0.0]
            session.close()


# ---- options of single calls


def test_options_hold_for_the_calls_that_have_them(fake: Fake) -> None:
    with Client(fake.address, max_attempts=3) as client:
        f = client.function(sum_of_three())
        f.value([1.0, 2.0, 3.0])
        fake.failures.extend([fail(grpc.StatusCode.UNAVAILABLE, "busy")] * 4)
        with pytest.raises(Unavailable):
            f.with_options(max_attempts=1).value([1.0, 2.0, 3.0])
        assert len(fake.failures) == 3
        with pytest.raises(Unavailable):
            f.value([1.0, 2.0, 3.0])
        assert not fake.failures
        g = f.with_options(deadline_s=5).with_options(max_attempts=2)
        assert g.value([1.0, 2.0, 3.0]).tolist() == [6.0]
        assert fake.remaining_s[-1] <= 6
        with pytest.raises(ServiceError):  # the fake does not know it
            client.capabilities(deadline_s=3)
        assert fake.remaining_s[-1] <= 4
        assert fake.calls.count("Register") == 1


def test_request_ids_are_the_callers(client: Client) -> None:
    f = client.function(tiny())
    for named in (f.with_options(request_id="mine/7"), client.function(tiny()).with_options(request_id="mine/7")):
        with pytest.raises(InvalidRequest) as caught:
            named.value([1.0])
        assert caught.value.request_id == "mine/7"
    both = f.with_options(request_id="a", metadata={"x-more": "b"}).with_options(request_id="c")
    with pytest.raises(InvalidRequest) as caught:
        both.value([1.0])
    assert caught.value.request_id == "c"
    assert both.jacobian(X, sparse=True)[0].toarray().tolist() == [[4.0, 0.0]]
    with f.session() as g:
        assert g.with_options(deadline_s=50).value([0.0, 3.0]).tolist() == [0.0]
        assert g.with_options(deadline_s=50).submit("value", [0.0, 3.0]).result().tolist() == [0.0]
        with pytest.raises(ConfigurationError, match="of a session"):
            g.with_options(request_id="mine")


@pytest.mark.parametrize(
    "options",
    [
        {"deadline_s": 0},
        {"max_attempts": 0},
        {"request_id": "two words"},
        {"request_id": ""},
        {"metadata": {"Upper": "x"}},
        {"metadata": {"key": "\n"}},
        {"metadata": {"key": b"x"}},
        {"metadata": {"key-bin": "x"}},
    ],
)
def test_wrong_options_are_told(options: dict[str, Any]) -> None:
    with Client("localhost:1") as client, pytest.raises(ConfigurationError):
        client.function(sum_of_three()).with_options(**options)


# ---- what is shown


def test_notebooks_show_what_is_bounded_and_escaped(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x", 500)
    y: Any = x
    for _ in range(3000):
        y = np.sin(y)
    b.output("y", y)
    f = client.function(b)
    result = f.value_and_jacobian(np.linspace(0.0, 1.0, 500))
    shown: list[Any] = [
        b,
        f,
        result,
        result.report,
        f.info,
        client.capabilities(),
        f.value_and_jvp(np.ones(500), np.ones(500)),
    ]
    for each in shown:
        text = each._repr_html_()
        assert 100 < len(text) < 50_000
        assert text.count("<table>") == 1
    assert "SIN(w_1)" in f._repr_html_()
    assert "lines ..." in f._repr_html_()
    assert "shape (500, 500)" in result._repr_html_()
    wild = wengert_client.Report("<script>", 1, 2, 3, 4.0, "a & b" * 10_000, "vm")
    assert "<script>" not in wild._repr_html_()
    assert "&lt;script&gt;" in wild._repr_html_()
    assert "a &amp; b" in wild._repr_html_()
    assert len(wild._repr_html_()) < 50_000


def test_nothing_is_asked_for_what_is_shown() -> None:
    with Client("127.0.0.1:1", max_attempts=1) as away:
        known, unknown = away.function(tiny()), away.function("0" * 64)
        assert repr(known) == "<Function of (x1, x2)>"
        assert repr(unknown) == "<Function of 000000000000...>"
        assert "MULTIPLY" in known._repr_html_()
        assert "000000000000..." in unknown._repr_html_()


def test_the_package_says_it_is_typed() -> None:
    assert (ROOT / "client/wengert_client/py.typed").is_file()
    assert re.search(r"Typed", (ROOT / "pyproject.toml").read_text())


def test_an_embedded_clients_function_computes_where_it_arrives() -> None:
    with embedded_service(), client_in(EMBEDDED) as client:
        data = pickle.dumps(client.function(tiny()))
        found = pickle.loads(data)  # noqa: S301 - made two lines above
        assert gradients(found)[0] == [4.0, 0.0]

"""A client that names no server: the service in its own process, its limits, its end."""

import os
import pickle
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from tests.client.modes import embedded_service
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
    MissingDependency,
    Unsupported,
    _embedded,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with embedded_service(), Client(deadline_s=120) as opened:
        yield opened


def tiny() -> ListBuilder:
    b = ListBuilder()
    x1, x2 = b.inputs("x1", "x2")
    b.output("f", x1 * x2 + np.sin(x1))
    return b


def endless() -> ListBuilder:
    """So many statements that they take minutes at many points."""
    b = ListBuilder()
    x = b.input("x", 300)
    y: Any = x
    for _ in range(300):
        y = np.sin(y) + x
    b.output("f", y.sum())
    return b


MANY = np.ones((400, 300))


def long_call(f: Function) -> object:
    return [f.jacobian(MANY, mode="forward") for _ in range(100)]


def alone(program: str, **variables: str) -> str:
    """What a program prints, in a process of its own that must end by itself."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WENGERT_")}
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=kept | {"PYTHONPATH": path} | variables,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


TINY = """
import numpy as np
from wengert_client import Client, ListBuilder
b = ListBuilder()
x1, x2 = b.inputs("x1", "x2")
b.output("f", x1 * x2 + np.sin(x1))
"""


def test_importing_the_client_loads_no_engine() -> None:
    told = alone(
        "import sys, wengert_client; from wengert_client import Client; Client().close()\n"
        "print([name for name in ('numba', 'llvmlite', 'adengine', 'wengert_server') if name in sys.modules])"
    )
    assert told == "[]\n"


def test_without_the_engines_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WENGERT_TARGET", raising=False)
    monkeypatch.setattr(_embedded, "_NEEDED", ("numba", "no_such_package"))
    with pytest.raises(MissingDependency, match=r"pip install 'wengert\[server\]', or give Client a target") as caught:
        Client()
    assert caught.value.name == "no_such_package"
    hidden = "import sys; sys.modules['numba'] = None\n" + TINY
    told = hidden + "from wengert_client import MissingDependency, _embedded\n_embedded._NEEDED = ()\n"
    told += "try:\n    Client().function(b).value([1, 2])\nexcept MissingDependency as error:\n    print(error)\n"
    assert "numba, which computing in this process needs, is not installed" in alone(told)


def test_the_environment_sets_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded_service("--max-statements", "2", "--threads", "1"), Client() as client:
        assert client.capabilities().limits["statements"] == 2
        assert client.capabilities().cores == 1
        with pytest.raises(LimitExceeded, match="statements"):
            client.function(tiny()).value([1.0, 2.0])
    told = pytest.raises(ConfigurationError, match="WENGERT_MAX_STATEMENTS")
    with embedded_service("--max-statements", "few"), Client() as client, told:
        client.capabilities()
    # What is of sockets does not count.
    monkeypatch.setenv("WENGERT_TLS_KEY", "no such file")
    with embedded_service("--address", "nowhere", "--workers", "0"), Client() as client:
        assert client.capabilities().tiers


def test_messages_have_the_same_limits() -> None:
    b = ListBuilder()
    b.output("f", b.input("x", 1000).sum())
    with embedded_service("--max-message-bytes", "4000"), Client() as client, pytest.raises(LimitExceeded) as caught:
        client.function(b).value(np.ones(1000))
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "8" in str(caught.value)
    with embedded_service(), Client(max_message_bytes=4000) as client, pytest.raises(LimitExceeded):
        client.function(b).value(np.ones(1000))
    c = ListBuilder()
    c.output("f", c.input("x", 1) + np.zeros(1000))
    with embedded_service(), Client(max_message_bytes=30_000) as client:
        assert client.function(c).value([1.0]).shape == (1000,)
        with pytest.raises(LimitExceeded, match="are received"):
            client.function(c).value(np.ones((4, 1)))


def test_errors_are_those_of_a_server(client: Client) -> None:
    f = client.function(tiny())
    with pytest.raises(InvalidRequest, match="points have shape") as caught:
        f.value([1.0])
    error = caught.value
    assert (error.reason, error.code) == ("INVALID_POINTS", grpc.StatusCode.INVALID_ARGUMENT)
    assert [each.field for each in error.violations] == ["points"]
    assert len(error.request_id) == 16
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in this line
    assert (str(copy), copy.request_id) == (str(error), error.request_id)
    wrong = f.to_message()
    wrong.arguments[0] = 99
    with pytest.raises(InvalidRequest) as caught:
        client.function(wrong).value([1.0, 2.0])
    assert caught.value.violations[0].field == "function.list.arguments[0]"
    wrong.primitives[0] = 182  # type: ignore[call-overload]
    with pytest.raises(Unsupported):
        client.function(wrong).value([1.0, 2.0])


def test_one_service_for_all_clients(client: Client) -> None:
    f = client.function(tiny())
    f.value([1.0, 2.0])
    with Client() as other:
        assert other.forget(f) is True
        g = other.function(f.id)
        with pytest.raises(Exception, match="holds no function"):
            g.value([1.0, 2.0])
    assert f.value([1.0, 2.0]).shape == (1,)


def test_threads_start_it_once_and_share_it() -> None:
    with embedded_service():
        start = threading.Barrier(16)

        def run(k: int) -> list[float]:
            start.wait()
            with Client(deadline_s=120) as mine:
                f = mine.function(tiny())
                return [float(f.gradient([float(k), 2.0])[0]) for _ in range(50)]

        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(run, range(16)))
    for k, each in enumerate(found):
        np.testing.assert_allclose(each, 2.0 + np.cos(k), rtol=1e-15)


def test_a_deadline_ends_what_is_computed(client: Client) -> None:
    f = client.function(endless())
    f.value(MANY[:2])
    late = client.function(f.to_message(), deadline_s=0.3)
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        long_call(late)
    assert time.monotonic() - started < 60
    assert f.value(MANY[:2]).shape == (2, 1)


def test_closing_cancels_what_is_computed() -> None:
    with embedded_service(), Client(deadline_s=600) as client, ThreadPoolExecutor(1) as pool:
        f = client.function(endless())
        f.value(MANY[:2])
        answer = pool.submit(long_call, f)
        time.sleep(0.2)
        client.close()
        assert isinstance(answer.exception(60), Cancelled | ClientClosed)
        with pytest.raises(ClientClosed, match="of this process was closed"):
            f.value(MANY[:2])


def test_sessions_and_blocks_end_with_their_client() -> None:
    with embedded_service(), Client(deadline_s=600) as client:
        session = client.session()
        g = session.function(client.function(endless()))
        futures = [g.submit("value", MANY) for _ in range(50)]
        client.close()
        assert all(isinstance(each.exception(60), Cancelled | ClientClosed | type(None)) for each in futures)
        session.close()
    ours = {"wengert-session", "wengert-requests"}
    ends = time.monotonic() + 10
    while (left := [each.name for each in threading.enumerate() if each.name in ours]) and time.monotonic() < ends:
        time.sleep(0.05)
    assert left == []


def test_streams_may_be_left(client: Client) -> None:
    """Blocks that nobody reads to the end leave nothing behind, whoever asks in between."""
    from wengert.v1 import JacobianRequest, StreamJacobianRequest  # noqa: PLC0415
    from wengert.v1.tensors import write_tensor  # noqa: PLC0415

    b = ListBuilder()
    x = b.input("x", 600)
    b.output("f", x * x.sum())
    f = client.function(b)
    request = JacobianRequest()
    request.function.id = f.id
    write_tensor(request.points, np.ones(600))
    stub: Any = client._transport.replica().stub  # which gives blocks as they came
    asked = StreamJacobianRequest(request=request, block_bytes=8000)
    first, second = (stub.StreamJacobian(asked, timeout=60) for _ in range(2))
    assert next(first).head.offset == next(second).head.offset == 0
    assert f.value(np.ones(600)).shape == (600,)
    assert first.cancel()
    with pytest.raises(grpc.RpcError):
        next(first)
    del first
    assert sum(len(block.entries) for block in second) == 599 * 600 + 600 - 1000
    assert f.value(np.ones(600)).shape == (600,)


def test_the_callers_numpy_stays_as_it_is(client: Client) -> None:
    b = ListBuilder()
    x = b.input("x", 2)
    b.output("f", np.log(x) / x * (1.0 / (x - x)))
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        f = client.function(b)
        assert not np.isfinite(f.value([0.0, -1.0])).any()
        f.jacobian([0.0, 1e308])
        assert np.geterr()["divide"] == "raise"


def test_it_ends_with_the_process() -> None:
    hot = TINY + "f = Client().function(b)\nx = np.ones((2000, 2))\nfor _ in range(300): f.jacobian(x)\n"
    assert alone(hot + "print('done')") == "done\n"
    running = (
        "import threading\ng = threading.Thread(target=lambda: [f.jacobian(x) for _ in range(10**9)], daemon=True)\n"
    )
    assert alone(hot + running + "g.start()\nprint('done')") == "done\n"
    late = "import atexit\natexit.register(lambda: print(f.value([1.0, 2.0]).shape))\n"
    assert alone(hot + late) == "(1,)\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_a_service_of_its_own() -> None:
    program = (
        TINY
        + """
import os, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
client = Client()
f = client.function(b)
x = np.ones((2000, 2))
f.jacobian(x)
stop = threading.Event()
def busy():
    while not stop.is_set(): f.jacobian(x)
threads = [threading.Thread(target=busy, daemon=True) for _ in range(3)]
for each in threads: each.start()
for k in range(5):
    child = os.fork()
    if child == 0:
        for _ in range(200): found = f.gradient([0.0, 3.0])
        assert found.tolist() == [4.0, 0.0]
        assert f.jacobian(x).shape == (2000, 1, 2)
        with client.session() as session:
            assert session.function(f).value([0.0, 3.0]).tolist() == [0.0]
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, k
stop.set()
for each in threads: each.join()
print(f.gradient([0.0, 3.0]))
"""
    )
    assert alone(program) == "[4. 0.]\n"

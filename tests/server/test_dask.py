"""A real Dask cluster on the loopback interface: large calls on it are right, whichever of its processes die."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adengine import Engine
from benchmarks.dask_processes import dask_processes
from examples import functions
from tests.certificates import Authority
from tests.conformance.in_process import engine_list
from tests.fuzz.memory import cpu_seconds
from tests.serving import running_server
from wengert_client import Client
from wengert_server.cluster import of
from wengert_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.serving import RunningServer

FLAGS = ("--max-message-bytes", "512MiB", "--spread-s", "0", "--executor", "dask", "--scheduler")
COMPUTED_S = 0.1
WAIT_S = 120.0


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wengert_server.cluster._CONNECT_S", 1.0)


def _points(problem: functions.Problem, count: int) -> NDArray[np.float64]:
    x = problem.point
    return x * (1.0 + 0.01 * np.random.default_rng(8).normal(size=(count, len(x))))


def _begun(process: object, pid: int) -> None:
    """Wait until a process that was idle computes."""
    idle, ends = cpu_seconds(pid), time.monotonic() + WAIT_S
    while cpu_seconds(pid) < idle + COMPUTED_S:
        assert time.monotonic() < ends, process
        time.sleep(0.005)


def _right_while(server: RunningServer, count: int, during: Callable[[], None], steps: int = 3) -> tuple[int, int]:
    """Have a large call answered while something happens; gives its parts, and how many the server computed."""
    problem = functions.lotka_volterra(steps)
    x = _points(problem, count)
    with Client(server.address, deadline_s=300.0) as client, ThreadPoolExecutor(1) as thread:
        function = client.function(problem.builder)
        function.value_and_jacobian(x[:1])
        answer = thread.submit(function.value_and_jacobian, x)
        during()
        assert not answer.done()
        got = answer.result()
        expected = Engine().jacobian(engine_list(function.to_message()), x)
    np.testing.assert_array_equal(got.value, expected.values)
    np.testing.assert_array_equal(got.derivative, expected.jacobian)
    found = re.findall(r"spread (\d+) parts in [0-9.]+ s, (\d+) of them computed here", server.logged())
    return int(found[-1][0]), int(found[-1][1])


def test_a_million_points_though_a_worker_is_killed(tmp_path: Path) -> None:
    with dask_processes(tmp_path, 2) as cluster, running_server(*FLAGS, cluster.address) as server:
        victim = cluster.workers[0]

        def kill() -> None:
            _begun(victim, victim.pid)
            victim.kill()

        parts, here = _right_while(server, 1_000_000, kill)
        assert parts >= 10
        assert here < parts
        assert victim.poll() is not None
        assert cluster.workers[1].poll() is None
        lost = (tmp_path / "scheduler.log").read_text()
        assert "Remove worker" in lost, lost


def test_when_all_of_the_cluster_dies_the_server_computes(tmp_path: Path) -> None:
    with dask_processes(tmp_path, 2) as cluster, running_server(*FLAGS, cluster.address) as server:

        def kill() -> None:
            _begun(cluster.workers[0], cluster.workers[0].pid)
            for process in (*cluster.workers, cluster.scheduler):
                process.kill()

        parts, here = _right_while(server, 300_000, kill, steps=15)
        assert 0 < here <= parts


def test_a_cluster_that_speaks_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("cluster")
    files = {"CA_FILE": authority.certificate}
    for who in ("SCHEDULER", "WORKER", "CLIENT"):
        files |= {f"{who}__CERT": signed.certificate, f"{who}__KEY": signed.key}
    variables = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(file) for name, file in files.items()}
    with dask_processes(tmp_path, 1, flags=["--protocol", "tls"], environment=variables) as cluster:
        assert cluster.address.startswith("tls://127.0.0.1:")
        with running_server(*FLAGS, cluster.address, environment=variables) as server:
            parts, here = _right_while(server, 150_000, lambda: None)
            assert (parts > 2, here) == (True, 0)
        with pytest.raises(RuntimeError, match=f"the Dask scheduler {cluster.address} cannot be used"):
            of(Settings(executor="dask", scheduler=cluster.address))  # without a certificate


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--executor", "dask"], "--executor dask and --scheduler ADDRESS go together"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--executor dask and --scheduler ADDRESS go together"),
        (["--executor", "dask", "--scheduler", "10.0.0.1:8786"], "tcp://HOST:PORT or tls://HOST:PORT is expected"),
        (["--executor", "dask", "--scheduler", "tcp://10.0.0.1:8786"], "can run code on its workers"),
        (["--executor", "dask", "--scheduler", "tcp://example.org:8786"], "can run code on its workers"),
        (["--executor", "dask", "--scheduler", "tls://example.org"], "is no address"),
        (["--executor", "ray"], "none of threads, dask"),
    ],
)
def test_what_cannot_be_set(flags: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Settings.from_command(flags, {})
    assert told in capsys.readouterr().err


def test_tls_may_go_anywhere() -> None:
    flags = ["--executor", "dask", "--scheduler", "tls://example.org:8786"]
    assert Settings.from_command(flags, {}).scheduler == "tls://example.org:8786"


def test_a_scheduler_that_is_not_there_is_told() -> None:
    with pytest.raises(RuntimeError, match=r"the Dask scheduler tcp://127.0.0.1:1 cannot be used"):
        of(Settings(executor="dask", scheduler="tcp://127.0.0.1:1"))

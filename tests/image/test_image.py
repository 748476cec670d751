"""The image, for real: built, run without rights, called from outside, stopped with calls in flight."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING
from urllib.request import urlopen

import numpy as np
import pytest

from tests.certificates import Authority
from tests.image.conftest import LIMITS, ROOT, podman
from wengert_client import Client, ListBuilder, Tls

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.image.conftest import Start, Tell

# The first of them builds.
pytestmark = pytest.mark.timeout(1800)

MOST_BYTES = 480e6
CALLS = 4


def in_a_shell(image: str, script: str) -> str:
    return podman("run", "--rm", *LIMITS, "--network", "none", "--entrypoint", "sh", image, "-ec", script).stdout


def test_it_is_small_and_says_what_it_is(image: str, tell: Tell) -> None:
    (described,) = json.loads(podman("image", "inspect", image).stdout)
    tell(f"{described['Size'] / 1e6:.0f} MB")
    assert described["Size"] <= MOST_BYTES
    assert described["Config"]["User"] == "10001:10001"
    assert described["Config"]["Labels"]["org.opencontainers.image.version"] != "0"
    assert described["Labels"]["org.opencontainers.image.title"] == "wengert"


def test_nothing_of_the_machine_that_built_it_is_left(image: str) -> None:
    found = in_a_shell(
        image,
        "ls -d /etc/pip.conf /etc/xdg/pip /etc/apt/sources.list* /var/lib/apt/lists ~root/.cache /source /wheel "
        "2>/dev/null || :; ls /opt; find / -xdev -type f -perm /6000 2>/dev/null || :",
    )
    assert found.split() == ["wengert"]


def test_the_server_can_write_none_of_its_code_nor_of_its_kernels(image: str) -> None:
    assert in_a_shell(image, "find /opt/wengert ! -type l \\( -writable -o ! -user root \\)") == ""


def test_it_serves_without_rights(start: Start, tell: Tell) -> None:
    with start() as container:
        tell(f"ready after {container.ready_s:.1f} s")
        told = subprocess.run(
            [sys.executable, ROOT / "docker" / "example.py", container.address],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert told.returncode == 0, told.stderr
        with urlopen(f"http://{container.metrics}/metrics", timeout=10) as answer:
            assert 'wengert_calls_total{code="OK",rpc="Jacobian"} 1.0' in answer.read().decode()
        # Kernels that did not fit, or could not be read, would be told here.
        lines = [json.loads(line) for line in container.logged().splitlines() if line.startswith("{")]
        assert [line["level"] for line in lines if line["level"] != "info"] == []
        assert "compiled" not in container.logged().replace("the first time its kernels are compiled", "")
        changed = podman("diff", container.name).stdout.split("\n")
        assert [each for each in changed if each.startswith("A ") and "wengert" in each] == []
        assert container.stop() == 0


def test_any_other_user_can_run_it(start: Start) -> None:
    """As where every project is given a range of users."""
    with start("--user", "1234567:0") as container:
        assert container.stop() == 0


def test_the_probe_comes_by_a_socket_where_calls_are_encrypted(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("server")
    served = tmp_path / "served"
    served.mkdir()
    for path, name in ((signed.certificate, "tls.crt"), (signed.key, "tls.key")):
        os.chown(path.rename(served / name), 10001, 10001)
    options = (
        "--volume", f"{served}:/tls:ro",
        "--env", "WENGERT_TLS_CERTIFICATE=/tls/tls.crt",
        "--env", "WENGERT_TLS_KEY=/tls/tls.key",
        "--env", "WENGERT_ADDRESS=[::]:50051,unix:/tmp/wengert.sock",
        "--env", "WENGERT_INSECURE_ANY_ADDRESS=false",
    )  # fmt: skip
    with start(*options) as container:
        b = ListBuilder()
        x = b.input("x")
        b.output("y", x * x)
        with Client(container.address, tls=Tls(roots=str(authority.certificate))) as client:
            assert client.function(b).gradient(x=3.0).tolist() == [6.0]
        assert container.stop() == 0


def test_calls_in_flight_are_not_lost(start: Start, tell: Tell) -> None:
    results: list[NDArray[np.float64] | Exception] = []
    with start(memory="1g") as container, Client(container.address) as client:
        b = ListBuilder()
        a = b.input("a", (700, 700))
        product = a
        for _ in range(40):
            product = (product @ a) * (1 / 700)
        b.output("sum", product.sum())
        function = client.function(b)

        def call() -> None:
            try:
                results.append(function.value(a=np.ones((700, 700))))
            except Exception as error:  # noqa: BLE001  asserted below
                results.append(error)

        before = container.cpu_s()
        threads = [threading.Thread(target=call) for _ in range(CALLS)]
        for thread in threads:
            thread.start()
        while container.cpu_s() < before + 0.3 and all(thread.is_alive() for thread in threads):
            time.sleep(0.05)
        in_flight = CALLS - len(results)
        assert container.stop() == 0
        for thread in threads:
            thread.join()
    tell(f"{in_flight} of {CALLS} calls were in flight")
    assert in_flight > 0
    assert [each for each in results if isinstance(each, Exception)] == []
    np.testing.assert_allclose(np.array(results), 700.0 * 700, rtol=1e-12)

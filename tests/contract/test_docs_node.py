"""The client in JavaScript, written from the .proto files alone, says what the page says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.pages import ROOT
from tests.serving import running_server

EXAMPLE = ROOT / "examples" / "node"
PAGE = ROOT / "docs" / "getting-started.md"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the example with its packages, so that none of them land in the project."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    root = tmp_path_factory.mktemp("node")
    shutil.copytree(ROOT / "proto", root / "proto")
    ignored = shutil.ignore_patterns("node_modules")
    folder = Path(shutil.copytree(EXAMPLE, root / "examples" / "node", ignore=ignored))
    command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, timeout=300)
    if done.returncode:
        pytest.skip(f"npm could not install the packages: {done.stderr[-300:]}")
    return folder


def test_the_client_in_javascript(installed: Path) -> None:
    with running_server() as server:
        command = ["node", "client.js", server.address]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=installed, timeout=120)
    assert done.returncode == 0, done.stderr
    told = re.search(r"node client\.js.*?```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert told is not None
    assert done.stdout == told[1]

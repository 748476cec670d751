"""What a user gets: the wheel and the source archive hold the four packages and the contract."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "adengine": "adengine",
    "wengert": "proto/wengert",
    "wengert_client": "client/wengert_client",
    "wengert_server": "server/wengert_server",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def wheel_names(built: Path) -> set[str]:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sdist_names(built: Path) -> set[str]:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_holds_each_package_whole(package: str, wheel_names: set[str]) -> None:
    home = ROOT / PACKAGES[package]
    wanted = {
        f"{package}/{path.relative_to(home).as_posix()}"
        for pattern in ("*.py", "*.pyi", "*.proto", "*.lark", "py.typed")
        for path in home.rglob(pattern)
    }
    assert wanted
    assert wanted - wheel_names == set()


def test_the_wheel_holds_nothing_else(wheel_names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_proto_files_ship_with_both(wheel_names: set[str], sdist_names: set[str]) -> None:
    protos = {path.relative_to(ROOT).as_posix() for path in (ROOT / "proto").rglob("*.proto")}
    assert protos
    assert protos - sdist_names == set()
    assert {name.removeprefix("proto/") for name in protos} - wheel_names == set()


def test_the_server_is_a_command_and_the_licence_travels(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        info = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert b"wengert-server = wengert_server.__main__:main" in archive.read(info)
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())

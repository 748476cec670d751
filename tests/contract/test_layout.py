"""The house as it stands on disk: roots, markers, sizes, and what a reader may find in a file."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMPORT_ROOTS = {
    "adengine": ".",
    "wengert": "proto",
    "wengert_client": "client",
    "wengert_server": "server",
}
FOLDERS_WITHOUT_INIT = ("client", "server", "proto", "tests", "docker")
MAX_LINES = 400
# The house's measure is 25; what is over this is two functions.
MAX_FUNCTION_LINES = 50
GENERATED = ("_pb2", "dispatch.py")

# Put together from pieces, so that this file does not find itself.
FORBIDDEN_TEXT = {
    "a registry's host": "|".join(
        host.replace(" ", r"\.") for host in ("pypi org", "pythonhosted org", "npmjs org", "debian org", "docker io/")
    ),
    "a machine's path": "|".join(rf"(?<!\w)/{folder}/" for folder in ("work", "root", "home", "tmp/w")),
}


def tracked_files() -> list[Path]:
    """Every file git knows; a source archive has no git, and says so."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files are the project's own")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def hand_written_code() -> list[Path]:
    return [
        path for path in tracked_files() if path.suffix == ".py" and not any(mark in path.name for mark in GENERATED)
    ]


@pytest.mark.parametrize("folder", FOLDERS_WITHOUT_INIT)
def test_a_folder_above_a_package_is_no_package(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize(("package", "folder"), IMPORT_ROOTS.items())
def test_every_root_is_typed_and_alone_in_its_folder(package: str, folder: str) -> None:
    home = ROOT / folder
    assert (home / package / "__init__.py").is_file()
    assert (home / package / "py.typed").is_file()
    if folder != ".":
        assert [path.parent.name for path in home.glob("*/__init__.py")] == [package]


def test_no_file_is_longer_than_a_reader_likes() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in hand_written_code()
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def function_lengths(path: Path) -> dict[str, int]:
    """Lines of each function of a file, its docstring left out."""
    lengths = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start, end = node.lineno, node.end_lineno or node.lineno
            if ast.get_docstring(node) is not None:
                start = node.body[0].end_lineno or start
            lengths[f"{path.relative_to(ROOT)}:{node.name}"] = end - start
    return lengths


def test_no_function_is_longer_than_a_reader_likes() -> None:
    lengths = {
        name: lines
        for path in hand_written_code()
        if path.parent.name != "conformance"  # Sections of cases are data written as code.
        for name, lines in function_lengths(path).items()
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("package", ["adengine"])
def test_the_page_of_rooms_names_every_file(package: str) -> None:
    page = (ROOT / package / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in (ROOT / package).glob("*.py")} - {"__init__.py"}
    assert {name for name in files if f"({name})" not in page} == set()


def test_code_is_ascii() -> None:
    assert [path for path in hand_written_code() if not path.read_bytes().isascii()] == []


def test_helpers_live_where_their_meaning_lives() -> None:
    names = {"utils", "util", "helpers", "misc", "common"}
    assert [path for path in hand_written_code() if path.stem in names] == []


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_no_tracked_file_names_(what: str) -> None:
    pattern = re.compile(FORBIDDEN_TEXT[what].encode())
    found = {
        str(path.relative_to(ROOT)): match.group().decode()
        for path in tracked_files()
        if path != Path(__file__) and (match := pattern.search(path.read_bytes()))
    }
    assert found == {}

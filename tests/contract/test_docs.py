"""The pages are true: links lead somewhere, commands exist, every Python block runs and prints what is said."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from adengine.errors import EngineError, LimitExceeded
from tests.contract import pages
from tests.contract.pages import PAGES, ROOT
from tests.serving import RunningServer, running_server
from tools import console_blocks, generate_outputs
from wengert_client import _settings
from wengert_server import status
from wengert_server.settings import Settings, flag, variable

with_python = [page for page in PAGES if generate_outputs.blocks(page.read_text(encoding="utf-8"))]
with_commands = [page for page in PAGES if console_blocks.commands(page.read_text(encoding="utf-8"))]
every_page = pytest.mark.parametrize("page", PAGES, ids=pages.name)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.mark.parametrize("page", with_python, ids=pages.name)
def test_python_blocks_run_and_print_what_the_page_says(page: Path, server: RunningServer) -> None:
    text = page.read_text(encoding="utf-8")
    printed = generate_outputs.outputs(text, server.address)
    assert generate_outputs.filled(text, printed) == text, "run: make generate"


@pytest.mark.parametrize("page", with_commands, ids=pages.name)
def test_commands_run_and_print_what_the_page_says(page: Path, server: RunningServer) -> None:
    text = page.read_text(encoding="utf-8")
    assert console_blocks.filled(text, console_blocks.outputs(text, server.address)) == text, "run: make generate"


@every_page
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for target in pages.links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{pages.name(page)} links to {target}"
        if anchor and file.suffix == ".md":
            assert anchor in pages.anchors(file), f"{pages.name(page)} links to {target}"


@every_page
def test_targets_of_make_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    asked = re.findall(r"(?:^ {4}|`|^\$ )make ([a-z-]+)", text, flags=re.MULTILINE)
    assert set(asked) <= targets


@every_page
def test_flags_and_variables_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    names = [row.name for row in fields(Settings)]
    sources = [Path(_settings.__file__), ROOT / "adengine/kernel_cache.py"]
    others = [name for each in sources for name in re.findall(r"WENGERT_[A-Z_]+", each.read_text(encoding="utf-8"))]
    known = {variable(name) for name in names} | set(others) | {"WENGERT_"}
    assert set(re.findall(r"WENGERT_[A-Z_]*", text)) <= known
    started = re.findall(r"(?:wengert-server|wengert_server)((?: --[a-z-]+[ =]?[^\s`-]*)+)", text)
    asked = {each for line in started for each in re.findall(r"--[a-z-]+", line)}
    assert asked <= {flag(name) for name in names} | {"--help"}


@every_page
def test_pages_are_narrow_enough_to_read_as_text(page: Path) -> None:
    if pages.name(page) in {"docs/primitives.md", "docs/settings.md"} or "benchmarks" in page.parts:
        return  # tables, written by a program
    long = [line for line in pages.prose(page).splitlines() if len(line) > 120 and "|" not in line]
    assert long == []


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    named = {(index.parent / target.partition("#")[0]).resolve() for target in pages.links(index)}
    notes = set((ROOT / "docs" / "notes").glob("*.md"))
    expected = {page for page in (ROOT / "docs").glob("*.md") if page != index} | notes
    assert expected <= named


def test_notes_are_numbered_without_gap() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs" / "notes").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def reasons_of_the_contract() -> set[str]:
    comment = (ROOT / "proto" / "wengert" / "v1" / "service.proto").read_text(encoding="ascii").partition("syntax")[0]
    return set(re.findall(r"^//   ([A-Z_]+) {2,}", comment, flags=re.MULTILINE))


def test_the_table_of_errors_is_that_of_the_contract_and_of_the_server() -> None:
    page = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([A-Z_]+)` \| ([A-Z_]+) \|", page, flags=re.MULTILINE))
    assert {reason for reason, _ in told} == reasons_of_the_contract()
    answered = {(kind.reason, status.code_of(kind("", "")).name) for kind in raised(EngineError)}
    assert answered - OF_GRPC <= told


def test_the_runbook_has_an_entry_for_every_reason() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    runbook = page.partition("\n## Runbook\n")[2].partition("\n## ")[0]
    entries = [row.split("|")[1] for row in runbook.splitlines() if row.startswith("| `")]
    entered = {reason for entry in entries for reason in re.findall(r"`([A-Z_]+)`", entry)}
    assert entered >= reasons_of_the_contract() | {reason for reason, _ in OF_GRPC}


#: What a call ends with that nobody waits for: gRPC's own codes, which its callers see without details.
OF_GRPC = {("CANCELLED", "CANCELLED"), ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")}


def raised(kind: type[EngineError]) -> list[type[EngineError]]:
    """Return the errors of a tree that are raised themselves, and whose maker takes a sentence and a field."""
    below = kind.__subclasses__()
    leaves = [leaf for each in below for leaf in raised(each)]
    return leaves or [kind] * (kind is not LimitExceeded)

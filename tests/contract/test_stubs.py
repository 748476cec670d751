"""The committed stubs are those the .proto files give, and import cleanly."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import wengert.v1
from tools.generate_stubs import PACKAGE, PROTO, generate

if TYPE_CHECKING:
    from pathlib import Path

PROTOS = sorted((PROTO / PACKAGE).glob("*.proto"))


def test_the_stubs_are_those_of_the_proto_files(tmp_path: Path) -> None:
    fresh = {path.name: path.read_bytes() for path in generate(tmp_path)}
    committed = {path.name: path.read_bytes() for path in (PROTO / PACKAGE).glob("*_pb2*.py*")}
    assert sorted(committed) == sorted(fresh)
    stale = sorted(name for name in fresh if committed[name] != fresh[name])
    assert stale == [], "run: make generate"


def test_the_stubs_import_with_warnings_as_errors() -> None:
    modules = [f"wengert.v1.{path.stem}_pb2" for path in PROTOS]
    code = "import " + ", ".join([*modules, "wengert.v1.service_pb2_grpc"])
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, text=True)
    assert done.returncode == 0


def test_the_package_exports_every_message_and_enum() -> None:
    names: set[str] = set()
    for path in PROTOS:
        file = importlib.import_module(f"wengert.v1.{path.stem}_pb2").DESCRIPTOR
        names |= set(file.message_types_by_name) | set(file.enum_types_by_name)
    assert set(wengert.v1.__all__) == names
    assert [name for name in names if not hasattr(wengert.v1, name)] == []


@pytest.mark.parametrize("path", PROTOS, ids=lambda path: path.stem)
def test_comments_reach_the_type_stubs(path: Path) -> None:
    summary = path.read_text(encoding="ascii").splitlines()[0].removeprefix("// ")
    assert summary in path.with_name(f"{path.stem}_pb2.pyi").read_text(encoding="ascii")


@pytest.mark.parametrize("path", PROTOS, ids=lambda path: path.stem)
def test_every_file_has_the_options_of_all_languages(path: Path) -> None:
    options = importlib.import_module(f"wengert.v1.{path.stem}_pb2").DESCRIPTOR.GetOptions()
    assert options.csharp_namespace == "Wengert.V1"
    assert options.go_package == "wengert/v1;wengertv1"
    assert options.java_package == "wengert.v1"
    assert options.java_multiple_files

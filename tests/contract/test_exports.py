"""What an import gives, and what it must not bring along."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

# What each root may never load just by being imported.
KEPT_OUT = {
    # Its help is there at once.
    "wengert_client.command": {"grpc", "numpy", "google.protobuf", "wengert_client._client"},
    "wengert_client": {"grpc", "numpy", "google.protobuf"},
    "wengert_client._public": {"numba", "llvmlite", "scipy", "jax", "matplotlib", "tqdm", "adengine", "wengert_server"},
    "wengert.v1": {"numba", "grpc", "adengine", "wengert_client", "wengert_server"},
    "adengine": {"grpc", "google.protobuf", "wengert", "wengert_client", "wengert_server"},
    "wengert_server": {"numba", "wengert_client"},
    "wengert_server.server": {"wengert_client"},
}
# wengert_server exports nothing itself, so that its settings can be read without the engine.
PUBLIC = ("adengine", "wengert.v1", "wengert_client")


def loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    command = [sys.executable, "-W", "error", "-c", code]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("module", KEPT_OUT)
def test_importing_loads_nothing_it_should_not(module: str) -> None:
    assert loaded_by(module) & KEPT_OUT[module] == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_all_lists_exactly_what_is_public(name: str) -> None:
    module = importlib.import_module(name)
    public = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and not isinstance(value, ModuleType) and key != "annotations"
    }
    assert public <= set(module.__all__)
    assert [key for key in module.__all__ if not hasattr(module, key)] == []
    assert len(set(module.__all__)) == len(module.__all__)


# Messages are documented in the .proto files, which buf holds.
@pytest.mark.parametrize("name", ["adengine", "wengert_client"])
def test_every_exported_class_and_function_is_documented(name: str) -> None:
    module = importlib.import_module(name)
    exported = [getattr(module, key) for key in module.__all__]
    assert [thing for thing in exported if callable(thing) and not thing.__doc__] == []

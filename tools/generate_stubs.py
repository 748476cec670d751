"""Make the Python stubs of the contract from its .proto files.

    python tools/generate_stubs.py            writes them beside the .proto files
    python tools/generate_stubs.py FOLDER     writes them under FOLDER instead

The stubs are committed, and a test compares them with new ones. Generated code sets a floor on the
versions of grpcio and protobuf that can run it, so it is made by the oldest toolchain supported,
in a virtual environment of its own: .venv-stubs at the root, made at the first run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
PACKAGE = Path("wengert/v1")
# The only file with a service: the others have no use for gRPC stubs.
SERVICE = PACKAGE / "service.proto"

TOOLCHAIN = ("grpcio-tools==1.76.0", "mypy-protobuf==5.1.0")
ENVIRONMENT = ROOT / ".venv-stubs"
INSTALLED = ENVIRONMENT / ".installed"


def main() -> None:
    """Read the command line and write the stubs."""
    parser = argparse.ArgumentParser(description="Make the Python stubs of the contract.")
    parser.add_argument("folder", nargs="?", type=Path, default=PROTO, help="where to write them")
    folder: Path = parser.parse_args().folder
    for stub in generate(folder.resolve()):
        print(stub.relative_to(folder.resolve()))


def generate(folder: Path) -> list[Path]:
    """Write all stubs below `folder`, drop stale ones, and give their paths."""
    python = toolchain()
    target = folder / PACKAGE
    target.mkdir(parents=True, exist_ok=True)
    for stale in target.glob("*_pb2*.py*"):
        stale.unlink()
    protos = sorted(path.relative_to(PROTO) for path in (PROTO / PACKAGE).glob("*.proto"))
    protoc(python, protos, [f"--python_out={folder}", f"--mypy_out={folder}"])
    protoc(python, [SERVICE], [f"--grpc_python_out={folder}", f"--mypy_grpc_out={folder}"])
    return sorted(target.glob("*_pb2*.py*"))


def toolchain() -> Path:
    """Give the interpreter of the generator's own environment; make the environment if need be."""
    scripts = ENVIRONMENT / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / "python"
    wanted = "\n".join(TOOLCHAIN)
    if not INSTALLED.exists() or INSTALLED.read_text(encoding="ascii") != wanted:
        print(f"making {ENVIRONMENT.name} for {' and '.join(TOOLCHAIN)}", file=sys.stderr)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        run(python, "-m", "pip", "install", "--disable-pip-version-check", *TOOLCHAIN)
        INSTALLED.write_text(wanted, encoding="ascii")
    return python


def protoc(python: Path, protos: list[Path], outputs: list[str]) -> None:
    """Run the compiler on `protos`, with the plugins of the environment of `python`."""
    plugins = [f"--plugin={name}={python.parent / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    run(python, "-m", "grpc_tools.protoc", f"-I{PROTO}", *plugins, *outputs, *protos)


def run(*command: str | Path) -> None:
    """Run a command quietly; show what it said only if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed ({done.returncode}):\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()

"""Run the commands of ``console`` blocks, and write below each what it prints.

Lines that begin with ``$`` are commands, and go on in the next line after a backslash; the other lines are output. A
page's commands run in order, in one shell, in a folder with the files of examples/source; ``wengert`` is the command of
this tree, and asks a server.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "examples" / "source"

_BLOCK = re.compile(r"^```console\n(?P<content>.*?)^```\n", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ (?:.*\\\n)*.*\n", re.MULTILINE)
_RULE = "-" * 20 + " next command " + "-" * 20
_WIDTH = 90


def commands(page: str) -> list[str]:
    r"""The commands of a page.

    >>> commands("```console\n$ echo a \\\n    b\na b\n$ true\n```\n")
    ['echo a \\\n    b\n', 'true\n']
    """
    found = [match.group() for block in _BLOCK.finditer(page) for match in _COMMAND.finditer(block["content"])]
    return [command.removeprefix("$ ") for command in found]


def outputs(page: str, address: str) -> list[str]:
    """What each command of a page prints, on standard output and standard error."""
    # The status of one command is there for the next one.
    told = f"{{ status=$?; echo {shlex.quote(_RULE)}; (exit $status); }} 2>/dev/null\n"
    script = "exec 2>&1\n" + "".join(command + told for command in commands(page))
    with tempfile.TemporaryDirectory() as folder:
        work = shutil.copytree(SOURCES, Path(folder) / "work")
        _put_command(Path(folder) / "wengert")
        environment = os.environ | {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "WENGERT_TARGET": address,
            "COLUMNS": str(_WIDTH),
            "PYTHONPATH": os.pathsep.join([str(ROOT), *(str(ROOT / each) for each in ("proto", "client", "server"))]),
        }
        done = subprocess.run(
            ["bash", "-c", script], check=False, capture_output=True, text=True, cwd=work, env=environment
        )
    return done.stdout.split(_RULE + "\n")[:-1]


def filled(page: str, printed: list[str]) -> str:
    r"""A page with the outputs of its commands.

    >>> print(filled("```console\n$ echo a\nb\n```\n", ["a\n"]), end="")
    ```console
    $ echo a
    a
    ```
    """
    rest = iter(printed)

    def with_outputs(block: re.Match[str]) -> str:
        shown = "".join(match.group() + next(rest) for match in _COMMAND.finditer(block["content"]))
        return f"```console\n{shown}```\n"

    return _BLOCK.sub(with_outputs, page)


def _put_command(path: Path) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m wengert_client.command "$@"\n')
    path.chmod(0o755)

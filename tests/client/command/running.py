"""The command in a process of its own, as a shell runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

COMMAND = [sys.executable, "-m", "wengert_client.command"]

#: ln x1 + x1 x2 - sin x2, as a list in JSON.
BAYDIN = """\
{"inputs": [{"name": "x1"}, {"name": "x2"}],
 "primitives": ["PRIMITIVE_LOG", "PRIMITIVE_MULTIPLY", "PRIMITIVE_SIN", "PRIMITIVE_ADD", "PRIMITIVE_SUBTRACT"],
 "arguments": [1, 1, 2, 2, 3, 4, 6, 5],
 "outputs": [{"name": "f", "argument": 7}]}
"""


def environment(**variables: str) -> dict[str, str]:
    """The variables of this process, none that is about a server or about tests; a page 100 columns wide."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WENGERT_", "PYTHONWARNINGS", "COLUMNS"))}
    return kept | {"COLUMNS": "100"} | variables


@dataclass(frozen=True)
class Done:
    """What a command wrote, and how it ended."""

    status: int
    out: str
    err: str


def wengert(*arguments: str, target: str = "", given: str | bytes = b"", **variables: str) -> Done:
    """Run the command; where no target is named it computes in its own process."""
    named = {"WENGERT_TARGET": target} if target else {}
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=given.encode() if isinstance(given, str) else given,
        capture_output=True,
        check=False,
        env=environment(**named, **variables),
        timeout=300,
    )
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())

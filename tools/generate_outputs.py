"""Run the Python blocks of the pages for readers, and write below them what they print.

A page's blocks run in order, as one program, against a server of their own; ``localhost:50051`` in them stands for its
address. A ``text`` block directly below a ``python`` block holds its output. A ``console`` block holds commands and
their output: see console_blocks.py.

    python tools/generate_outputs.py            writes the outputs
    python tools/generate_outputs.py --check    exits 1 when one of them is out of date
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# As a script this file finds only what is beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import console_blocks

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "adengine" / "README.md", *(ROOT / "docs").rglob("*.md")])

ADDRESS = "localhost:50051"
_RULE = "-" * 20 + " next block " + "-" * 20
_BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```\n(?P<below>\n```text\n.*?^```\n)?", re.DOTALL | re.MULTILINE)


def blocks(page: str) -> list[str]:
    r"""The Python blocks of a page.

    >>> blocks("Text.\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n")
    ['print(1)\n']
    """
    return [match["code"] for match in _BLOCK.finditer(page)]


def outputs(page: str, address: str) -> list[str]:
    """What each Python block of a page prints.

    Raises
    ------
    RuntimeError
        A block failed; the message ends with its trace.
    """
    program = "".join(f"{code}\nprint({_RULE!r})\n" for code in blocks(page)).replace(ADDRESS, address)
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=_environment(address))
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.split(_RULE + "\n")[:-1]


def _environment(address: str) -> dict[str, str]:
    return os.environ | {"WENGERT_TARGET": address}


def filled(page: str, printed: list[str]) -> str:
    r"""A page with its outputs; blocks without a ``text`` block below stay without.

    >>> page = "```python\nprint(1)\n```\n\n```text\n?\n```\n"
    >>> filled(page, ["1\n"]) == page.replace("?", "1")
    True
    """
    rest = iter(printed)

    def with_output(match: re.Match[str]) -> str:
        output = next(rest)
        below = f"\n```text\n{output}```\n" if match["below"] else ""
        return f"```python\n{match['code']}```\n{below}"

    return _BLOCK.sub(with_output, page)


@contextmanager
def _server() -> Iterator[str]:
    """The address of a server that runs meanwhile."""
    command = [sys.executable, "-m", "wengert_server", "--address", "127.0.0.1:0", "--log-level", "warning"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101  it is piped
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> int:
    """Write the outputs, or check them."""
    stale = 0
    with _server() as address:
        for path in PAGES:
            page = path.read_text(encoding="utf-8")
            new = filled(page, outputs(page, address)) if blocks(page) else page
            if console_blocks.commands(new):
                new = console_blocks.filled(new, console_blocks.outputs(new, address))
            if new == page:
                continue
            stale += 1
            if "--check" in sys.argv[1:]:
                print(f"{path.relative_to(ROOT)} is out of date: run make generate", file=sys.stderr)
            else:
                path.write_text(new, encoding="utf-8")
                print(f"wrote {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Generate the pages that say which file of a package does what: from the first lines of the files.

server/wengert_server/README.md, client/wengert_client/README.md

python tools/generate_rooms.py            writes them
python tools/generate_rooms.py --check    exits 1 when one of them is out of date
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Page(NamedTuple):
    """The page of one package.

    Attributes
    ----------
    package : str
        Its folder.
    head : str
        What the page begins with.
    rooms : dict
        For each title the files below it, in the order in which a reader wants them; of a folder of its own the name.
    """

    package: str
    head: str
    rooms: dict[str, tuple[str, ...]]


_SERVER = Page(
    "server/wengert_server",
    """\
# The rooms of the server

`wengert_server` puts the engine on the network: decode, check limits, call the engine, encode, map errors. It knows
nothing of the client. How it is run: [docs/operations.md](../../docs/operations.md); what callers may send:
[docs/contract.md](../../docs/contract.md). The first lines of each file, by what they are about:
""",
    {
        "A server from start to end": (
            "__main__", "settings", "units", "server", "compiling", "preload", "signals", "workers", "ports",
            "addresses", "sockets", "memory", "files", "logs",
        ),
        "A call, from the outside in": (
            "queueing", "reception", "caller", "cancelling", "admission", "calls", "service", "decode", "unknown",
            "encode", "errors", "status", "store",
        ),
        "Functions as text": ("language",),
        "Streams": ("streams", "blocks", "sessions", "frames", "varints"),
        "Who may come in": ("tls", "tokens", "token_file", "token_command", "subjects"),
        "Who watches": ("watching", "metrics", "traces", "health", "probe", "reflection"),
        "In the caller's own process": ("embedded", "in_process", "local_call", "local_async"),
        "On a cluster": ("cluster", "spreading", "cutting", "gathering", "remote"),
    },
)  # fmt: skip

_CLIENT = Page(
    "client/wengert_client",
    """\
# The rooms of the client

`wengert_client` needs grpcio, protobuf and NumPy, and knows the contract alone. What is public is in
[`__init__.py`](__init__.py), [`ops`](ops.py) and the adapters; files that begin with `_` are its own. How it is used:
[docs/getting-started.md](../../docs/getting-started.md). The first lines of each file, by what they are about:
""",
    {
        "The public names": ("_public",),
        "Writing a list": (
            "ops", "_builder", "_columns", "_node", "_variable", "_elementwise", "_reductions", "_shaping", "_indexing",
            "_buffers", "_printing",
        ),
        "Functions of NumPy": (
            "_tracing", "_traced", "_structure", "_lines", "_advice", "_ufuncs", "_special", "_array_functions",
            "_methods", "_options", "_numpy_calculus", "_numpy_choices", "_numpy_joins", "_numpy_linalg",
            "_numpy_moves", "_numpy_products", "_numpy_statistics", "_numpy_refused", "_contractions",
        ),
        "Asking": (
            "_client", "_function", "_derivatives", "_second", "_asking", "_calling", "_signature", "_preparation",
            "_held", "_misses", "_patterns", "_cutting", "_blocks", "_block", "_blockwise", "_results", "_display",
            "_progress",
        ),
        "The way to a server": (
            "_settings", "_tls", "_transport", "_replicas", "_waiting", "_lateness", "_forking", "_status", "_errors",
            "_embedded",
        ),
        "Sessions": ("_session", "_line", "_stream", "_call"),
        "For event loops": ("_async_client", "_async_function", "_async_session", "_async_transport", "_kept"),
        "Checking derivatives": (
            "_checking", "_check_gradient", "_check_results", "_judging", "_diagnosis", "_differences",
        ),
        "For other libraries": ("scipy", "_variables", "_linear_operator", "jax", "_host", "_plots"),
        "The command line": ("command",),
    },
)  # fmt: skip

PAGES = (_SERVER, _CLIENT)


def missing(page: Page) -> set[str]:
    """Files and folders of a package that its page does not name, or that it names and that are not there."""
    folder = ROOT / page.package
    there = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    named = {name for names in page.rooms.values() for name in names}
    return (there ^ named) - {"__init__"}


def text(page: Page) -> str:
    """The whole page."""
    parts = [page.head]
    for title, names in page.rooms.items():
        rows = (f"| {_link(page, name)} | {_first_line(page, name)} |" for name in names)
        parts.append("\n".join([f"## {title}\n", "| file | what it is |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _path(page: Page, name: str) -> Path:
    file = ROOT / page.package / f"{name}.py"
    return file if file.exists() else ROOT / page.package / name / "__init__.py"


def _link(page: Page, name: str) -> str:
    file = _path(page, name)
    return f"[{name}]({file.relative_to(ROOT / page.package).as_posix().removesuffix('__init__.py')})"


def _first_line(page: Page, name: str) -> str:
    first = (ast.get_docstring(ast.parse(_path(page, name).read_text(encoding="utf-8"))) or "").splitlines()[0]
    return first.replace("``", "`").replace("|", r"\|").replace(":class:", "").replace(":mod:", "")


def stale() -> list[str]:
    """Pages that are not as they would be generated, and files that stand on none."""
    found = [f"{page.package}: {name}" for page in PAGES for name in sorted(missing(page))]
    if not found:
        targets = ((ROOT / page.package / "README.md", page) for page in PAGES)
        found = [str(path) for path, page in targets if not path.exists() or path.read_text("utf-8") != text(page)]
    return found


def main() -> None:
    """Write the pages, or check them."""
    if "--check" not in sys.argv[1:]:
        for page in PAGES:
            if missing(page):
                sys.exit(f"name these in tools/generate_rooms.py, or take them out: {', '.join(sorted(missing(page)))}")
            (ROOT / page.package / "README.md").write_text(text(page), encoding="utf-8")
            print(f"wrote {page.package}/README.md")
    elif stale():
        sys.exit(f"out of date: {', '.join(stale())}")


if __name__ == "__main__":
    main()

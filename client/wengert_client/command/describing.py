"""What a function is, and what a server can do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from wengert_client.command import tables
from wengert_client.command.answers import Answer, give
from wengert_client.command.converting import function_of

if TYPE_CHECKING:
    from argparse import Namespace

    from wengert_client import Capabilities, Client, FunctionInfo
    from wengert_client.command.sources import Source

__all__ = ["describe", "info"]

_MOST_LINES = 40
_MOST_STATEMENTS = 2000


def describe(given: Namespace, client: Client, source: Source) -> int:
    """Say what a function takes and gives, and how it is written; gives the exit status."""
    function = function_of(client, source)
    if given.text or given.list:
        print((function.text() if given.text else str(function)).rstrip("\n"))  # noqa: T201  what is asked for
        return 0
    known = function.info
    # The text of a large one takes long, and only its beginning would be shown.
    text = function.text() if given.json or known.statements <= _MOST_STATEMENTS else ""
    fields = {
        "id": known.id,
        "n": known.n,
        "m": known.m,
        "statements": known.statements,
        "inputs": [_of_input(each.name, each.shape, each.default) for each in known.inputs],
        "outputs": [{"name": each.name, "shape": list(each.shape)} for each in known.outputs],
        "text": text,
    }
    return give(Answer(fields, lambda: _function_table(known, text)), given)


def _of_input(name: str, shape: tuple[int, ...], default: Any) -> dict[str, Any]:
    told = {"name": name, "shape": list(shape)}
    return told if default is None else told | {"default": default}


def _function_table(known: FunctionInfo, text: str) -> str:
    head = [["id", known.id], ["n, m", f"{known.n}, {known.m}"], ["statements", str(known.statements)]]
    rows = [["", "name", "shape", "default"]]
    for each in known.inputs:
        default = "" if each.default is None else _default(each.default)
        rows.append(["input", each.name, str(each.shape), default])
    rows += [["output", each.name, str(each.shape), ""] for each in known.outputs]
    shown, gap = tables.short(len(rows), 2 * tables.MOST_ROWS)
    kept = [rows[i] for i in shown]
    if gap is not None:
        kept.insert(gap, ["...", "", "", ""])
    parts = [
        tables.columns(head, left=[True, True]),
        tables.columns(kept, left=[True, True, True, True]),
        _beginning(text) if text else f"{known.statements} statements; --text prints them",
    ]
    return "\n\n".join(parts)


def _default(value: Any) -> str:
    return f"{float(value):.6g}" if value.ndim == 0 else f"{value.size} numbers"


def _beginning(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    if len(lines) <= _MOST_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[: _MOST_LINES - 1], f"... {len(lines) - _MOST_LINES + 1} more lines; --text gives all"])


# ---- the server


def info(given: Namespace, client: Client) -> int:
    """Say what the server, or this process, can do; gives the exit status."""
    found = client.capabilities()
    if given.primitives and not given.json:
        print("\n".join(sorted(found.primitives)))  # noqa: T201
        return 0
    fields = {
        "target": client.target or None,
        "version": found.version,
        "cores": found.cores,
        "tiers": list(found.tiers),
        "limits": found.limits,
        "rpcs": sorted(found.rpcs),
        "primitives": sorted(found.primitives),
    }
    return give(Answer(fields, lambda: _server_table(client, found)), given)


def _server_table(client: Client, found: Capabilities) -> str:
    head = [
        ["target", client.target or "this process"],
        ["version", found.version],
        ["cores", str(found.cores)],
        ["tiers", ", ".join(found.tiers)],
        *_wrapped("calls", ", ".join(sorted(found.rpcs))),
        ["primitives", f"{len(found.primitives)}; --primitives lists them"],
    ]
    limits = [["limit", ""], *([name, _amount(name, value)] for name, value in sorted(found.limits.items()))]
    return f"{tables.columns(head, left=[True, True])}\n\n{tables.columns(limits, left=[True, False])}"


def _wrapped(title: str, text: str) -> list[list[str]]:
    """Give rows that hold a long text."""
    lines = textwrap.wrap(text, max(tables.page_width() - 12, 20))
    return [[title if i == 0 else "", line] for i, line in enumerate(lines)]


def _amount(name: str, value: int) -> str:
    """Give a limit; bytes in the largest unit of which there is one."""
    if name.endswith("bytes"):
        for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
            if value >= size:
                return f"{value / size:.4g} {unit}"
    return f"{value:,}".replace(",", " ")

"""Generate docs/numpy.md: what of NumPy can be traced, from the probes that the tests run.

python tools/generate_numpy.py            writes it
python tools/generate_numpy.py --check    exits 1 when it is out of date
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.numpy_probes import refused, tables  # noqa: E402 - the tests are no installed package
from tests.numpy_probes.probe import Group, Probe  # noqa: E402
from wengert.v1 import Primitive  # noqa: E402
from wengert_client import trace  # noqa: E402

PAGE = ROOT / "docs" / "numpy.md"
BEGIN, END = "<!-- probes:begin -->", "<!-- probes:end -->"
"""Between these lines the tables stand; what is around them is written by hand."""


def becomes(probe: Probe) -> str:
    """Say which primitives a probe becomes, in the order in which they appear."""
    message = trace(probe.program, {name: array.shape for name, array in probe.inputs.items()}).message
    names = (Primitive.Name(number).removeprefix("PRIMITIVE_") for number in message.primitives)
    return ", ".join(dict.fromkeys(name for name in names if name != "CONSTANT")) or "nothing"


def code(text: str) -> str:
    """Text as code in a table; lines are separated by semicolons where that is still Python."""
    lines = text.splitlines()
    whole = [text] if len(lines) == 1 else lines if any(line.endswith(":") for line in lines) else ["; ".join(lines)]
    return " ".join(f"`{line.strip()}`" for line in whole).replace("|", "\\|")


def of_group(group: Group) -> list[str]:
    """Give the table of a group: a row for the probes of one name."""
    lines = ["", f"### {group.title}", "", "| what | tried | becomes | |", "|---|---|---|---|"]
    rows: dict[str, list[Probe]] = defaultdict(list)
    for probe in group.probes:
        rows[probe.names].append(probe)
    for names, probes in rows.items():
        # Names with spaces between them are several functions, but for operators, which are one row.
        called = code(names) if group.title == "Operators" else " ".join(code(name) for name in names.split())
        tried = "<br>".join(code(probe.text) for probe in probes)
        notes = "; ".join(dict.fromkeys(probe.note for probe in probes if probe.note))
        lines.append(f"| {called} | {tried} | {becomes(probes[0])} | {notes} |")
    return lines


def of_refused(group: Group) -> list[str]:
    """Give the table of what is refused."""
    lines = ["", f"### {group.title}: refused", "", "| what | what the error says |", "|---|---|"]
    return lines + [f"| {code(probe.text)} | {probe.told.replace('|', chr(92) + '|')} |" for probe in group.probes]


def tables_text() -> str:
    """Give all tables."""
    count = len(tables.PROBES)
    lines = [f"{count} pieces of programs are traced by the tests, and {len(refused.PROBES)} refused."]
    for group in tables.GROUPS:
        lines += of_group(group)
    for group in refused.GROUPS:
        lines += of_refused(group)
    return "\n".join(lines)


def page(text: str) -> str:
    """Give the page with its tables as they are now."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{tables_text()}\n{END}{rest.partition(END)[2]}"


def stale() -> bool:
    """Whether the page is not as it would be generated."""
    text = PAGE.read_text(encoding="utf-8")
    return page(text) != text


def main() -> int:
    """Write the page, or check it."""
    if "--check" in sys.argv[1:]:
        if stale():
            print("docs/numpy.md is out of date: run make generate", file=sys.stderr)
        return int(stale())
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print("wrote docs/numpy.md")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

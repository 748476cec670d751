"""Chapters as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.results import Chapter, Comparison, Table, Target

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
_DIGITS = 3
_WIDTH = 120


def seconds_text(seconds: float) -> str:
    """Three digits with the unit that suits: ``12.3 us``."""
    if seconds <= 0:
        return "0"
    size, unit = next((pair for pair in _UNITS if seconds >= pair[0]), _UNITS[-1])
    return f"{number_text(seconds / size)} {unit}"


def number_text(number: float) -> str:
    """Three significant digits, without an exponent where there need be none."""
    if number >= 10**_DIGITS:
        return f"{number:.0f}"
    text = f"{number:#.{_DIGITS}g}"
    return text.removesuffix(".")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: bool = False) -> str:
    """A Markdown table, its first column left and the others, unless they hold words, right."""
    all_rows = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(row[place]) for row in all_rows) for place in range(len(columns))]
    widths = [max(width, 3) for width in widths]
    lines = [_line(row, widths, words=words) for row in all_rows]
    rule = [("-" * width) if words or not place else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    return "\n".join([lines[0], _line(rule, widths, words=words), *lines[1:]]) + "\n"


def _line(row: Sequence[str], widths: Sequence[int], *, words: bool) -> str:
    cells = [
        cell.ljust(width) if words or not place else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "| " + " | ".join(cells) + " |"


def targets_table(targets: Sequence[Target]) -> str:
    """What was aimed at beside what was reached."""
    rows = [
        [
            each.what,
            f"{'at most' if each.at_most else 'at least'} {each.aim:g} {each.unit}",
            f"{number_text(each.reached)} {each.unit}",
            "yes" if each.met else "no",
        ]
        for each in targets
    ]
    return table(["", "aim", "reached", "met"], rows)


def comparison_table(comparison: Comparison) -> str:
    """Minimum, median, and the ratio of medians."""
    rows = [
        [
            each.name,
            seconds_text(each.minimum),
            seconds_text(each.median),
            number_text(comparison.ratio(each.name, comparison.unit)),
            str(len(each.seconds)),
        ]
        for each in comparison.timings
    ]
    heading = comparison.title + (f": {comparison.task}" if comparison.task else "")
    return table([heading, "minimum", "median", f"/ {comparison.unit}", "rounds"], rows)


def chapter_text(chapter: Chapter) -> str:
    """A chapter as a page."""
    parts = [f"# {chapter.title}\n", _prose(chapter.text)]
    if chapter.targets:
        parts += ["## Aims\n", targets_table(chapter.targets)]
    parts += [f"![{plot.title}]({plot.name}.svg)\n" for plot in chapter.plots]
    parts += [_table_text(each) for each in chapter.tables]
    if chapter.comparisons:
        parts += ["## Timings\n", *(comparison_table(each) for each in chapter.comparisons)]
    parts.append(f"Measured in {chapter.seconds:.0f} s.\n")
    return "\n".join(parts)


def _prose(text: str) -> str:
    """A paragraph in lines that a page can be read in as text."""
    return textwrap.fill(text, _WIDTH) + "\n"


def _table_text(each: Table) -> str:
    text = f"## {each.title}\n\n{table(each.columns, each.rows, words=each.words)}"
    return text + (f"\n{_prose(each.note)}" if each.note else "")


def _front(chapter: Chapter) -> str:
    """The aims of a chapter; or the table it chose, or what it is about."""
    if chapter.targets:
        return targets_table(chapter.targets)
    return table(chapter.front.columns, chapter.front.rows) if chapter.front is not None else _prose(chapter.text)


def front_page(chapters: Sequence[Chapter], machine: Mapping[str, str]) -> str:
    """The page that leads to the chapters: how to read them, all aims, the machine."""
    parts = ["# Benchmarks\n", _READING]
    for chapter in chapters:
        parts.append(f"## [{chapter.title}]({chapter.name}.md)\n")
        parts.append(_front(chapter))
    rows = [[name, value] for name, value in machine.items()]
    return "\n".join([*parts, "## The machine\n", table(["", ""], rows, words=True)])


_READING = """\
Written by `make bench` (`python -m benchmarks`); not edited by hand. Another run gives other times, so read
**ratios within one run**: contenders take turns, round after round, and whatever disturbs one disturbs all. *Minimum*
is the best turn, *median* the usual one; ratios are ratios of medians. In the comparisons with other systems every
answer was held against the engine's before it was timed. Every system computes on one thread, with float64 numbers in
NumPy arrays in and out, copies included. Aims that are not met yet are shown as such; nothing fails because of them.
Beside every page lies its raw data, `NAME.json`: seconds of every turn.
"""

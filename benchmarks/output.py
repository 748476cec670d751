"""Chapters to files: a page, raw data and plots each, and the front page."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.markdown import chapter_text, front_page
from benchmarks.plots import draw
from benchmarks.results import Chapter

_DIGITS = 4


def write(folder: Path, chapters: Sequence[Chapter], machine: Mapping[str, str], *, whole: bool) -> None:
    """Write all pages of a run into a folder; the front page only where the run was whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for chapter in chapters:
        (folder / f"{chapter.name}.md").write_text(chapter_text(chapter))
        raw = {"machine": machine, "chapter": _plain(dataclasses.asdict(chapter))}
        (folder / f"{chapter.name}.json").write_text(json.dumps(raw, separators=(",", ":")) + "\n")
        for plot in chapter.plots:
            draw(plot, folder / f"{plot.name}.svg")
    if whole:
        (folder / "README.md").write_text(front_page(chapters, machine))


def _plain(value: Any) -> Any:
    """The same, with floats cut to the digits that mean something."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    return value

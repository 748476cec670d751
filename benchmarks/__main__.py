"""``python -m benchmarks``: measure, print the pages, write them into ``docs/benchmarks``."""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from pathlib import Path

from benchmarks.machine import SINGLE_THREAD, TUNING, machine

_DOCS = Path(__file__).parent.parent / "docs" / "benchmarks"


def main() -> None:
    """Run the command."""
    # Before NumPy, JAX and the servers are loaded: they read it once.
    os.environ.update(SINGLE_THREAD)
    for name in TUNING:
        os.environ.pop(name, None)
    from benchmarks.chapters import CHAPTERS  # noqa: PLC0415
    from benchmarks.markdown import chapter_text  # noqa: PLC0415
    from benchmarks.measure import FULL, QUICK  # noqa: PLC0415
    from benchmarks.output import write  # noqa: PLC0415

    options = _options(list(CHAPTERS))
    facts = machine()
    chapters = []
    for name in options.only or CHAPTERS:
        print(f"bench: {name}", flush=True)
        started = time.perf_counter()
        chapter = CHAPTERS[name](QUICK if options.quick else FULL)
        chapters.append(dataclasses.replace(chapter, seconds=time.perf_counter() - started))
        print(chapter_text(chapters[-1]), flush=True)
    if options.output is not None:
        write(options.output, chapters, facts, whole=not options.only)
        print(f"bench: written to {options.output}")


def _options(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed beside other systems.")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help="one of: " + ", ".join(names))
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds: only to see that it runs")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where to write; docs/benchmarks for a whole run")
    options = parser.parse_args()
    if options.output is None and not options.quick and not options.only:
        options.output = _DOCS
    return options


if __name__ == "__main__":
    main()

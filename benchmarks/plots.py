"""Plots as SVG."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from benchmarks.results import Plot

_COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#8f5fa8", "#b7791f", "#444444")
_MARKS = ("o", "s", "^", "D", "v", "x")


def draw(plot: Plot, path: Path) -> None:
    """Draw curves over logarithmic axes."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(figsize=(7.2, 4.4), layout="constrained")
    for place, curve in enumerate(plot.curves):
        style = {"color": _COLOURS[place % len(_COLOURS)], "marker": _MARKS[place % len(_MARKS)]}
        axes.plot(curve.sizes, curve.values, label=curve.name, markersize=4.5, linewidth=1.6, **style)
    axes.set(xscale="log", yscale="log", xlabel=plot.x_label, ylabel=plot.y_label, title=plot.title)
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.7)
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    # Without a date, two runs with the same numbers give the same file.
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _pyplot() -> Any:
    """Matplotlib, loaded only where something is drawn: the pages can be had without it."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams.update({"font.family": "sans-serif", "svg.hashsalt": "wengert", "axes.titlesize": 11})
    return importlib.import_module("matplotlib.pyplot")

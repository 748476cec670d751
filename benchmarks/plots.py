"""Plots as SVG."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from benchmarks.results import Plot

_COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#8f5fa8", "#b7791f", "#444444")
_NARROW = 200
_MARKS = ("o", "s", "^", "D", "v", "x")


def draw(plot: Plot, path: Path) -> None:
    """Draw curves over logarithmic axes."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(figsize=(7.2, 4.4), layout="constrained")
    for place, curve in enumerate(plot.curves):
        style = {"color": _COLOURS[place % len(_COLOURS)], "marker": _MARKS[place % len(_MARKS)]}
        axes.plot(curve.sizes, curve.values, label=curve.name, markersize=4.5, linewidth=1.6, **style)
    axes.set(xscale="log", yscale="log", xlabel=plot.x_label, ylabel=plot.y_label, title=plot.title)
    _plain_numbers(axes.xaxis)
    _plain_numbers(axes.yaxis)
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.7)
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    # Without a date, two runs with the same numbers give the same file.
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _plain_numbers(axis: Any) -> None:
    """Label ticks as 1000, not as a power, and some between where there is less than two decades."""
    ticker: Any = importlib.import_module("matplotlib.ticker")
    low, high = axis.get_view_interval()
    if high < _NARROW * low:
        axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.0f}" if value >= 1 else f"{value:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())


def _pyplot() -> Any:
    """Matplotlib, loaded only where something is drawn: the pages can be had without it."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams.update(
        {"font.family": "sans-serif", "svg.hashsalt": "wengert", "svg.fonttype": "none", "axes.titlesize": 11}
    )
    return importlib.import_module("matplotlib.pyplot")

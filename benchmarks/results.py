"""What a chapter found, as data: rendered by :mod:`benchmarks.markdown`, drawn by :mod:`benchmarks.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.measure import Timing


@dataclass(frozen=True)
class Comparison:
    """Contenders that did the same in one run.

    Attributes
    ----------
    title : str
    timings : sequence of Timing
    unit : str
        Name of the contender whose time is 1 in the column of ratios.
    task : str
        What was asked, such as ``f`` or ``f and J u``.
    facts : mapping
        Sizes and counts, for the raw output.
    """

    title: str
    timings: Sequence[Timing]
    unit: str
    task: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def timing(self, name: str) -> Timing:
        """The timing of one contender."""
        return next(each for each in self.timings if each.name == name)

    def ratio(self, name: str, unit: str) -> float:
        """Median of one contender over the median of another."""
        return self.timing(name).median / self.timing(unit).median


@dataclass(frozen=True)
class Target:
    """A figure that is aimed at, and what was reached. Nothing fails where it is missed.

    Attributes
    ----------
    what : str
    aim : float
    reached : float
    unit : str
        Such as ``x`` for ratios, ``s``, ``ms``.
    at_most : bool
        Whether less is better.
    """

    what: str
    aim: float
    reached: float
    unit: str
    at_most: bool = True

    @property
    def met(self) -> bool:
        """Whether the figure reached is as good as the one aimed at."""
        return self.reached <= self.aim if self.at_most else self.reached >= self.aim


@dataclass(frozen=True)
class Table:
    """A table of its own: numbers as they are to be shown, or words."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    words: bool = False


@dataclass(frozen=True)
class Curve:
    """One line of a plot: seconds, or another quantity, against a size."""

    name: str
    sizes: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Plot:
    """A plot of curves with logarithmic axes."""

    name: str
    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]


@dataclass(frozen=True)
class Chapter:
    """All that one benchmark found.

    Attributes
    ----------
    name : str
        As in ``--only``.
    title : str
    text : str
        What was done, in a few sentences.
    front : Table or None
        What the front page shows where there are no targets.
    """

    name: str
    title: str
    text: str
    targets: Sequence[Target] = ()
    comparisons: Sequence[Comparison] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    seconds: float = 0.0
    front: Table | None = None

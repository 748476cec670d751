"""What a check of derivatives found: a verdict, errors, and a table to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, SupportsIndex, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wengert_client._results import Floats

__all__ = ["Check", "GradientCheck", "OutputCheck", "Verdict", "worst"]

Verdict: TypeAlias = Literal["passed", "failed", "inconclusive"]

_MOST_NOTES = 6


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """What a check found about one output; all errors are relative, and the largest.

    Attributes
    ----------
    name
        The output.
    verdict
        ``passed``; ``failed``: a derivative is wrong; ``inconclusive``: nothing could be compared.
    value_error
        Of f, between the calls that give it.
    jvp_error, vjp_error
        Of J u and of J^T v, beside the differences.
    dot_error
        Of v . J u beside J^T v . u.
    difference_error
        Of the differences, as they tell themselves.
    step
        The smallest step they used, where 1 moves an input by its own size.
    notes
        What is wrong, and what could not be compared and why.
    """

    name: str
    verdict: Verdict
    value_error: float
    jvp_error: float
    vjp_error: float
    dot_error: float
    difference_error: float
    step: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Check:
    """What :meth:`Function.check` found; true where it passed, and a table when printed.

    Attributes
    ----------
    outputs
        One :class:`OutputCheck` each.
    directions
        Which directions were compared.
    """

    outputs: tuple[OutputCheck, ...]
    directions: str

    @property
    def verdict(self) -> Verdict:
        """The worst of the outputs'."""
        return worst([each.verdict for each in self.outputs])

    @property
    def passed(self) -> bool:
        """Whether every output passed; places at which nothing can be compared do not stand against it."""
        return self.verdict == "passed"

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        head = ("output", "verdict", "value", "J u", "J^T v", "dot test", "differences", "step")
        rows = [head, *(_row(each) for each in self.outputs)]
        notes = [f"{each.name}: {note}" for each in self.outputs for note in _some(each.notes)]
        return "\n".join([*_table(rows), *notes, f"{self.verdict}; compared {self.directions}"])

    __repr__ = __str__


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GradientCheck:
    """What :func:`check_gradient` found; true where it passed, and told in sentences when printed.

    Attributes
    ----------
    verdict
        ``passed``; ``failed``: it is no derivative of f; ``inconclusive``: nothing could be compared.
    findings
        What is wrong, the likely cause first, and what could not be compared and why.
    wrong : tuple of (int, int)
        Rows and columns of entries that are wrong; of a gradient the row is 0.
    given : float64, shape (m, n)
        The matrix that was checked; where its shape does not fit, it is as it was given.
    expected : float64, shape (m, n)
        The derivative by differences; NaN in columns that were not looked at.
    error : float64, shape (m, n)
        How far off the differences may be.
    relative_error
        Largest difference between the two, beside the largest entry of its row.
    """

    verdict: Verdict
    findings: tuple[str, ...]
    wrong: tuple[tuple[int, int], ...]
    given: Floats
    expected: Floats
    error: Floats
    relative_error: float

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong, and something could be compared."""
        return self.verdict == "passed"

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        shape = " x ".join(str(each) for each in self.expected.shape)
        head = f"{self.verdict}: {shape}, relative error {_number(self.relative_error)}"
        return "\n".join([head, *(f"  {each}" for each in self.findings)])

    __repr__ = __str__


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Give what holds for all: one failure is a failure, and what was not compared is not known.

    >>> worst(["passed", "inconclusive"])
    'inconclusive'
    """
    for each in ("failed", "inconclusive"):
        if each in verdicts:
            return each
    return "passed" if verdicts else "inconclusive"


def element_name(name: str, shape: tuple[int, ...], index: Sequence[SupportsIndex]) -> str:
    """Give an element of an input or an output a name, as NumPy writes it: ``x[0, 2]``."""
    return f"{name}[{', '.join(str(int(each)) for each in index)}]" if shape else name


def _row(each: OutputCheck) -> tuple[str, ...]:
    errors = (each.value_error, each.jvp_error, each.vjp_error, each.dot_error, each.difference_error, each.step)
    return (each.name, each.verdict, *(_number(error) for error in errors))


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.1e}" if value else "0"  # noqa: PLR0124  NaN is what was not compared


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _some(notes: Sequence[str]) -> list[str]:
    more = len(notes) - _MOST_NOTES
    return [*notes[:_MOST_NOTES], *([f"and {more} more such notes"] if more > 0 else [])]

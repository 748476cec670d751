"""What the derivative lists of a function share: what is selected, and limits told in terms of the derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from adengine.calls import Selection
from adengine.derivative_names import Names
from adengine.errors import LimitExceeded
from adengine.limits import Limits
from adengine.shapes import Shape, size_of
from adengine.wengert_list import Input, WengertList

FIELD = "derivative"
"""The field that errors about the growth of a list name."""


class Parts(NamedTuple):
    """What a function and a selection bring to their derivative lists.

    Attributes
    ----------
    function : WengertList
    by : list of Input
        The inputs differentiated by.
    outputs : list of (str, tuple of int)
        Names and shapes of the selected outputs.
    tensor_shapes : list of tuple of int
    most_bytes : int
        Of a name.
    """

    function: WengertList
    by: list[Input]
    outputs: list[tuple[str, Shape]]
    tensor_shapes: list[Shape]
    most_bytes: int

    @staticmethod
    def of(function: WengertList, selection: Selection, limits: Limits) -> Parts:
        """Of a function and a selection."""
        chosen = [function.outputs[number] for number in selection.outputs]
        return Parts(
            function,
            [function.inputs[number] for number in selection.with_respect_to],
            [(output.name, function.shape(output.argument)) for output in chosen],
            [tensor.shape for tensor in function.tensors],
            limits.name_bytes,
        )

    def n_w(self) -> int:
        """Scalars of the inputs differentiated by."""
        return sum(size_of(value.shape) for value in self.by)

    def input_names(self) -> Names:
        """Names for further inputs."""
        return Names((value.name for value in self.function.inputs), self.most_bytes)

    def output_names(self) -> Names:
        """Names for further outputs."""
        return Names((name for name, _ in self.outputs), self.most_bytes)


def check_counts(parts: Parts, inputs: int, outputs: int, limits: Limits) -> None:
    """Refuse a list that would add too many inputs or outputs, before anything is made.

    Raises
    ------
    LimitExceeded
    """
    counts = (("inputs", len(parts.function.inputs) + inputs), ("outputs", len(parts.outputs) + outputs))
    for name, needed in counts:
        _check(name, needed, limits)


def check_length(rows: int, limits: Limits) -> None:
    """Refuse a list of too many rows before it is written.

    Raises
    ------
    LimitExceeded
    """
    _check("statements", rows, limits)


def check_elements(shapes: Sequence[Shape], limits: Limits) -> None:
    """Refuse matrices that are too large, one or all of them, before any is written.

    Raises
    ------
    LimitExceeded
    """
    sizes = [size_of(shape) for shape in shapes]
    _check("variable_elements", max(sizes, default=0), limits)
    _check("list_elements", sum(sizes), limits)


def _check(name: str, needed: int, limits: Limits) -> None:
    allowed = int(getattr(limits, name))
    if needed > allowed:
        raise LimitExceeded(name, allowed, needed, f"{name} of the derivative list", FIELD)


def within_limits(write: Callable[[], WengertList]) -> WengertList:
    """Write a list; a limit that it exceeds is told of the derivative, not of a column that nobody sent.

    Raises
    ------
    LimitExceeded, Unsupported
    """
    try:
        return write()
    except LimitExceeded as error:
        what = f"{error.limit} of the derivative list"
        raise LimitExceeded(error.limit, error.allowed, error.needed, what, FIELD) from error

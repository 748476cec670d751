"""A list as the books print it, with its counts beside the bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adengine.counting import cost
from adengine.lower import lower
from adengine.measure import FORWARD_BOUND, REVERSE_BOUND, list_measure
from adengine.primitives import BY_NUMBER

if TYPE_CHECKING:
    from adengine.wengert_list import WengertList

_MOST_STATEMENTS = 200


def printed(source: WengertList) -> str:
    """Inputs, statements, outputs, and what f and its derivatives cost.

    Examples
    --------
    >>> from adengine import Input, Output, WengertList
    >>> print(WengertList.build(
    ...     inputs=[Input("x1"), Input("x2")],
    ...     primitives=[12, 60, 10], arguments=[1, 2, 1, 3, 4], outputs=[Output("f", 5)]))
    w_1 = x1
    w_2 = x2
    w_3 = MULTIPLY(w_1, w_2)
    w_4 = SIN(w_1)
    w_5 = ADD(w_3, w_4)
    f = w_5
    3 operations; moves counted: f 12, forward sweep 27 = 2.25 f (bound 2.5), reverse sweep 41 = 3.42 f (bound 4)
    """
    lines = [f"w_{number + 1}{_shape(value.shape)} = {value.name}" for number, value in enumerate(source.inputs)]
    lines += [_statement(source, k) for k in range(min(source.statements, _MOST_STATEMENTS))]
    if source.statements > _MOST_STATEMENTS:
        lines.append(f"... {source.statements - _MOST_STATEMENTS} more statements")
    lines += [f"{output.name} = {_argument(source, output.argument)}" for output in source.outputs]
    return "\n".join([*lines, _counts(source)])


def _shape(shape: tuple[int, ...]) -> str:
    return f" {shape}" if shape else ""


def _argument(source: WengertList, argument: int) -> str:
    return f"w_{argument}" if argument > 0 else f"{float(source.constants[-argument - 1])!r}"


def _statement(source: WengertList, k: int) -> str:
    """One statement with its arguments and parameters."""
    checked = source.checked
    last = k + 1 == source.statements
    arguments = source.arguments[checked.argument_start[k] : None if last else checked.argument_start[k + 1]]
    parameters = source.parameters[checked.parameter_start[k] : None if last else checked.parameter_start[k + 1]]
    number = len(source.inputs) + k + 1
    name = BY_NUMBER[int(source.primitives[k])].name
    listed = ", ".join(_argument(source, int(argument)) for argument in arguments)
    most = 12
    shown = ", ".join(str(value) for value in parameters[:most]) + (", ..." if len(parameters) > most else "")
    bracket = f"[{shown}]" if len(parameters) else ""
    return f"w_{number}{_shape(source.shape(number))} = {name}{bracket}({listed})"


def _counts(source: WengertList) -> str:
    flat = lower(source, range(len(source.outputs)))
    measure = list_measure(flat)
    return (
        f"{cost(flat).operations} operations; moves counted: f {measure.primal}, "
        f"forward sweep {measure.forward} = {measure.forward_ratio:.3g} f (bound {FORWARD_BOUND:g}), "
        f"reverse sweep {measure.reverse} = {measure.reverse_ratio:.3g} f (bound {REVERSE_BOUND:g})"
    )

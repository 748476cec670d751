"""A list as the books print it, with its counts beside the bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adengine.adjoint import adjoint
from adengine.counting import cost
from adengine.dual import dual
from adengine.graph import FIRST, OPERATION, PARAMETER, SECOND, FlatList
from adengine.jacobian import Mode
from adengine.lower import lower
from adengine.measure import FORWARD_BOUND, REVERSE_BOUND, list_measure
from adengine.opcodes import ARRAY, CONST, FIRST_STRUCTURAL, INPUT, STRUCTURAL_NAMES
from adengine.primitives import BY_NUMBER
from adengine.templates import ARITY, TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def printed_derivative(source: WengertList, mode: Mode) -> str:
    """The dual list (FORWARD) or the adjoint list (REVERSE) of a list, by all inputs.

    It is the list that is run: simplified, with views in place of the geometry of arrays, and numbered anew.

    Examples
    --------
    >>> from adengine import Input, Mode, Output, WengertList
    >>> print(printed_derivative(WengertList.build(
    ...     inputs=[Input("x")], primitives=[60], arguments=[1], outputs=[Output("f", 2)]), Mode.REVERSE))
    w_1 = x
    w_2 = SIN(w_1)
    w_3 = cotangent.f
    w_4 = COS(w_1)
    w_5 = ZERO_SAFE_MULTIPLY(w_3, w_4)
    f = w_2
    adjoint.x = w_5
    """
    forward = mode is Mode.FORWARD
    inputs, outputs = [each.name for each in source.inputs], [each.name for each in source.outputs]
    flat = lower(source, range(len(outputs)))
    derived = (dual if forward else adjoint)(flat, range(len(inputs)))
    seeds = [f"tangent.{name}" for name in inputs] if forward else [f"cotangent.{name}" for name in outputs]
    results = [f"tangent.{name}" for name in outputs] if forward else [f"adjoint.{name}" for name in inputs]
    return _flat_text(derived, inputs + seeds, outputs + results)


def _flat_text(source: FlatList, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """Rows as statements; constants stand where they are used."""
    names: dict[int, str] = {-1: "0"}
    lines: list[str] = []
    for k, row in enumerate(source.rows):
        code = int(row[OPERATION])
        if code == CONST:
            names[k] = repr(_constant(int(row[FIRST]), int(row[SECOND])))
            continue
        names[k] = f"w_{len(lines) + 1}"
        operands = [names[int(x)] for x in row[FIRST : FIRST + int(TABLES.facts[code, ARITY])]]
        right = inputs[row[PARAMETER]] if code == INPUT else _right_side(source, code, int(row[PARAMETER]), operands)
        lines.append(f"{names[k]} = {right}")
    lines += [f"{name} = {names[int(row)]}" for name, row in zip(outputs, source.outputs, strict=True)]
    return "\n".join(lines)


def _right_side(source: FlatList, code: int, parameter: int, operands: Sequence[str]) -> str:
    name = STRUCTURAL_NAMES[code] if code >= FIRST_STRUCTURAL else BY_NUMBER[code].name
    if code == ARRAY:
        return f"{name}[{parameter}]"
    words: list[int] = []
    if parameter >= 0:
        words = source.pool[source.starts[parameter] : source.starts[parameter + 1]].tolist()
    bracket = f"[{', '.join(str(word) for word in words)}]" if words else ""
    return f"{name}{bracket}({', '.join(operands)})"


def _constant(low: int, high: int) -> float:
    """The float64 whose bits a CONST row holds."""
    return float(np.array([(high << 32) | (low & 0xFFFFFFFF)], np.int64).view(np.float64)[0])

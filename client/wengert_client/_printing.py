"""A Wengert list as text, a line a variable, as textbooks write it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wengert.v1 import primitive_pb2 as p
from wengert_client._results import primitive_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wengert.v1 import WengertList

__all__ = ["list_text"]

#: How many lines are printed of a longer list: half at its beginning, half at its end.
MAX_LINES = 1000

_NULLARY = {p.PRIMITIVE_CONSTANT}
_BINARY = {
    p.PRIMITIVE_ADD,
    p.PRIMITIVE_SUBTRACT,
    p.PRIMITIVE_MULTIPLY,
    p.PRIMITIVE_DIVIDE,
    p.PRIMITIVE_POWER,
    p.PRIMITIVE_ZERO_SAFE_MULTIPLY,
    p.PRIMITIVE_HYPOT,
    p.PRIMITIVE_LOGADDEXP,
    p.PRIMITIVE_ATAN2,
    p.PRIMITIVE_REMAINDER,
    p.PRIMITIVE_FMOD,
    p.PRIMITIVE_COPYSIGN,
    p.PRIMITIVE_MINIMUM,
    p.PRIMITIVE_MAXIMUM,
    p.PRIMITIVE_LESS,
    p.PRIMITIVE_LESS_EQUAL,
    p.PRIMITIVE_EQUAL,
    p.PRIMITIVE_NOT_EQUAL,
    p.PRIMITIVE_AND,
    p.PRIMITIVE_OR,
    p.PRIMITIVE_XLOGY,
    p.PRIMITIVE_SCATTER_ADD,
    p.PRIMITIVE_MATMUL,
    p.PRIMITIVE_SOLVE,
    p.PRIMITIVE_TRIANGULAR_SOLVE,
    p.PRIMITIVE_STEP,
    p.PRIMITIVE_SHIFTED_EXP,
    p.PRIMITIVE_POWER_LOG,
    p.PRIMITIVE_EXP_SHARE,
    p.PRIMITIVE_FLOOR_QUOTIENT,
    p.PRIMITIVE_ZERO_SAFE_MATMUL,
}
_TERNARY = {p.PRIMITIVE_FMA, p.PRIMITIVE_SELECT}

# How many parameters a statement takes from the front of those that are left; none where not listed.
_PARAMETERS: dict[int, Callable[[Sequence[int]], int]] = {
    p.PRIMITIVE_CONSTANT: lambda _: 1,
    p.PRIMITIVE_INTEGER_POWER: lambda _: 1,
    p.PRIMITIVE_POLYGAMMA: lambda _: 1,
    p.PRIMITIVE_RESHAPE: lambda rest: 1 + rest[0],
    p.PRIMITIVE_BROADCAST: lambda rest: 1 + rest[0],
    p.PRIMITIVE_TRANSPOSE: lambda rest: 1 + rest[0],
    p.PRIMITIVE_SLICE: lambda rest: 1 + 3 * rest[0],
    p.PRIMITIVE_CONCATENATE: lambda _: 2,
    p.PRIMITIVE_GATHER: lambda rest: 2 + rest[1] + math.prod(rest[2 : 2 + rest[1]]),
    p.PRIMITIVE_SCATTER_ADD: lambda rest: 2 + rest[1] + math.prod(rest[2 : 2 + rest[1]]),
    p.PRIMITIVE_SUM: lambda rest: 2 + rest[1],
    p.PRIMITIVE_PROD: lambda rest: 2 + rest[1],
    p.PRIMITIVE_MAX: lambda rest: 2 + rest[1],
    p.PRIMITIVE_MIN: lambda rest: 2 + rest[1],
    p.PRIMITIVE_LOGSUMEXP: lambda rest: 2 + rest[1],
    p.PRIMITIVE_CUMSUM: lambda _: 2,
    p.PRIMITIVE_CALL: lambda _: 1,
}


def list_text(message: WengertList) -> str:
    """Give a list as text: ``w_4 = SUBTRACT(w_1, w_2)``; of a very long one, beginning and end.

    Parameters follow in square brackets, labels after ``#``. A list that is not well-formed is printed
    as far as it can be.
    """
    labels = {label.variable: label.name for label in message.labels}
    total = len(message.inputs) + len(message.primitives)
    shown = range(1, total + 1)
    kept = set(shown[: MAX_LINES // 2]) | set(shown[-(MAX_LINES // 2) :])
    lines = [
        f"w_{k} = {right}" + (f"  # {labels[k]}" if k in labels else "")
        for k, right in enumerate(_right_sides(message, kept), start=1)
        if k in kept
    ]
    if len(kept) < total:
        lines.insert(MAX_LINES // 2, f"... {total - len(kept)} more variables ...")
    lines += [f"{output.name} = {_argument(message, output.argument)}" for output in message.outputs]
    return "\n".join(lines)


def _right_sides(message: WengertList, kept: set[int]) -> Iterator[str]:
    """Yield what each variable is; an empty text for one that is not shown."""
    for each in message.inputs:
        shape = f", shape {tuple(each.shape)}" if each.shape else ""
        yield each.name + shape
    at_argument = at_parameter = 0
    arguments, parameters = list(message.arguments), list(message.parameters)
    for k, primitive in enumerate(message.primitives, start=len(message.inputs) + 1):
        try:
            taken = _PARAMETERS.get(primitive, _none)(parameters[at_parameter : at_parameter + 64])
        except IndexError:
            taken = 0
        mine = parameters[at_parameter : at_parameter + taken]
        arity = _arity(message, primitive, mine)
        named = arguments[at_argument : at_argument + arity]
        at_argument += arity
        at_parameter += taken
        yield _statement(message, primitive, named, mine) if k in kept else ""


def _none(_: Sequence[int]) -> int:
    return 0


def _statement(message: WengertList, primitive: int, arguments: Sequence[int], parameters: Sequence[int]) -> str:
    text = f"{primitive_name(primitive)}({', '.join(_argument(message, each) for each in arguments)})"
    shown = [str(each) for each in parameters[:24]] + ["..."] * (len(parameters) > 24)
    return f"{text} [{', '.join(shown)}]" if parameters else text


def _argument(message: WengertList, argument: int) -> str:
    if argument > 0:
        return f"w_{argument}"
    place = -argument - 1
    return f"{message.constants[place]:.17g}" if 0 <= place < len(message.constants) else "?"


def _arity(message: WengertList, primitive: int, parameters: Sequence[int]) -> int:
    """Give how many arguments a statement takes."""
    if primitive in _BINARY:
        return 2
    if primitive in _TERNARY:
        return 3
    if primitive in _NULLARY:
        return 0
    if primitive == p.PRIMITIVE_CONCATENATE:
        return parameters[1] if len(parameters) > 1 else 0
    if primitive == p.PRIMITIVE_CALL:
        place = parameters[0] - 1 if parameters else -1
        return len(message.bodies[place].inputs) if 0 <= place < len(message.bodies) else 0
    return 1

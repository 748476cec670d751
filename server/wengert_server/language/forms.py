"""How each primitive is written, so that reading makes exactly that statement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from adengine.primitives import ELEMENTWISE
from wengert_server.language.operators import MAX_EXPONENT, OPERATORS
from wengert_server.language.statements import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Operand: TypeAlias = tuple[str, float | None]
    """An argument: how it is written, and its value where it is a constant."""
    Form: TypeAlias = Callable[[Sequence[Operand], Sequence[int]], str]


_FILLED = 16
"""From how many equal elements on an array is written as one that is filled."""


def number(value: float) -> str:
    """A number as a text writes it: the shortest that is read as the same.

    >>> number(2.0), number(-0.0), number(1e300), number(5e-324)
    ('2', '-0', '1e+300', '5e-324')
    """
    return "nan" if math.isnan(value) else repr(value).removesuffix(".0")


def written_array(array: NDArray[np.float64]) -> str:
    """An array of numbers as a text writes it."""
    if not array.shape:
        return number(float(array))
    if not array.size or (array.size >= _FILLED and _is_filled(array)):
        value = float(array.flat[0]) if array.size else 0.0
        shape = _shape(array.shape)
        return f"zeros({shape})" if repr(value) == "0.0" else f"full({shape}, {number(value)})"
    return _brackets(array)


def _is_filled(array: NDArray[np.float64]) -> bool:
    """Whether all elements are the same number, every NaN being one."""
    bits = np.ascontiguousarray(array).reshape(-1).view(np.int64)
    return bool((bits == bits[0]).all() or np.isnan(array).all())


def _brackets(array: NDArray[np.float64]) -> str:
    if array.ndim > 1:
        return f"[{', '.join(_brackets(row) for row in array)}]"
    return f"[{', '.join(map(number, array.tolist()))}]"


def _shape(extents: Sequence[int]) -> str:
    return f"({', '.join(map(str, extents))}{',' * (len(extents) == 1)})"


def _called(name: str) -> Form:
    def form(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
        return f"{name}({', '.join([word for word, _ in arguments])})"

    return form


def _between(sign: str, name: str) -> Form:
    called, middle = _called(name), f" {sign} "

    def form(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
        (a, first), (b, second) = arguments
        if first is not None and second is not None:
            return called(arguments, parameters)
        return a + middle + b

    return form


def _before(sign: str, name: str) -> Form:
    def form(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
        word, value = arguments[0]
        return f"{name}({word})" if value is not None else sign + word

    return form


def _square(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    word, value = arguments[0]
    return f"square({word})" if value is not None else f"{word}^2"


def _integer_power(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    (word, value), exponent = arguments[0], parameters[0]
    if value is None and exponent != 2 and abs(exponent) <= MAX_EXPONENT:
        return f"{word}^{exponent}"
    return f"integer_power({word}, {exponent})"


def _power(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    (a, first), (b, second) = arguments
    # The sign of a base belongs to the power; a whole exponent makes another primitive.
    negative = first is not None and (math.copysign(1.0, first) < 0 or second is not None)
    whole = second is not None and second.is_integer() and abs(second) <= MAX_EXPONENT
    return f"power({a}, {b})" if negative or whole else f"{a}^{b}"


def _choice(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    (condition, known), (a, _), (b, _) = arguments
    return f"where({condition}, {a}, {b})" if known is not None else f"{condition} ? {a} : {b}"


def _polygamma(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    return f"polygamma({parameters[0]}, {arguments[0][0]})"


def _with_shape(name: str) -> Form:
    def form(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
        return f"{name}({arguments[0][0]}, {_shape(parameters[1:])})"

    return form


def _slice(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    triples = [_shape(parameters[k : k + 3]) for k in range(1, len(parameters), 3)]
    return f"slice({', '.join([arguments[0][0], *triples])})"


def _concatenate(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    return f"concatenate([{', '.join([word for word, _ in arguments])}], axis={parameters[0]})"


def _places(parameters: Sequence[int]) -> tuple[int, str]:
    """Axis and indices."""
    axis, rank = parameters[0], parameters[1]
    shape, flat = parameters[2 : 2 + rank], parameters[2 + rank :]
    return axis, written_array(np.array(flat, np.float64).reshape(tuple(shape)))


def _gather(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    word = arguments[0][0]
    axis, indices = _places(parameters)
    if arguments[0][1] is None and axis == 0 and len(parameters) == 3:
        return f"{word}[{indices}]"
    return f"take({word}, {indices}, axis={axis})"


def _scatter_add(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
    axis, indices = _places(parameters)
    return f"scatter_add({arguments[0][0]}, {indices}, {arguments[1][0]}, axis={axis})"


def _reduction(name: str) -> Form:
    def form(arguments: Sequence[Operand], parameters: Sequence[int]) -> str:
        keep = ", keepdims=1" if parameters[0] else ""
        return f"{name}({arguments[0][0]}, axis={_shape(parameters[2:])}{keep})"

    return form


_OWN: Mapping[str, Form] = {
    "NEGATE": _before("-", "negative"),
    "NOT": _before("!", "logical_not"),
    "SQUARE": _square,
    "INTEGER_POWER": _integer_power,
    "POWER": _power,
    "SELECT": _choice,
    "POLYGAMMA": _polygamma,
    "RESHAPE": _with_shape("reshape"),
    "BROADCAST": _with_shape("broadcast_to"),
    "TRANSPOSE": _with_shape("transpose"),
    "SLICE": _slice,
    "CONCATENATE": _concatenate,
    "GATHER": _gather,
    "SCATTER_ADD": _scatter_add,
    "MATMUL": _between("@", "matmul"),
    "ZERO_SAFE_MATMUL": _called("zero_safe_matmul"),
    "SUM": _reduction("sum"),
    "PROD": _reduction("prod"),
    "MAX": _reduction("max"),
    "MIN": _reduction("min"),
    "LOGSUMEXP": _reduction("logsumexp"),
}


def _forms() -> dict[int, Form]:
    signs = {primitive: sign for sign, primitive in OPERATORS.items()}
    forms: dict[int, Form] = {}
    for row in ELEMENTWISE:
        name = row.name.lower()
        forms[row.number] = _between(signs[row.number], name) if row.number in signs else _called(name)
    return forms | {NUMBERS[name]: form for name, form in _OWN.items()}


FORMS: Mapping[int, Form] = _forms()
"""By the numbers of the primitives, all but CONSTANT."""

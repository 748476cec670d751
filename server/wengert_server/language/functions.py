"""The functions of a text: every primitive of the table, under its own name and NumPy's.

A function is always exactly one statement, of known numbers too; operators are folded where all is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adengine.primitives import ELEMENTWISE, MAX_POLYGAMMA_ORDER
from wengert_server.language import known
from wengert_server.language.faults import Fault, UnknownNameFault
from wengert_server.language.scopes import near
from wengert_server.language.statements import NUMBERS, Statements
from wengert_server.language.values import Buffer, Literal, Parts, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from adengine.primitives import Primitive
    from wengert_server.language.values import Shape, Value

    Options: TypeAlias = Mapping[str, Value]
    Function: TypeAlias = Callable[[Statements, Sequence[Value], Options], Value]

ALIASES: Mapping[str, tuple[str, ...]] = {
    "NEGATE": ("negative",),
    "ABS": ("absolute",),
    "ASIN": ("arcsin",),
    "ACOS": ("arccos",),
    "ATAN": ("arctan",),
    "ATAN2": ("arctan2",),
    "ASINH": ("arcsinh",),
    "ACOSH": ("arccosh",),
    "ATANH": ("arctanh",),
    "ROUND": ("rint",),
    "REMAINDER": ("mod",),
    "SELECT": ("where",),
    "AND": ("logical_and",),
    "OR": ("logical_or",),
    "NOT": ("logical_not",),
    "LGAMMA": ("gammaln",),
    "SIGMOID": ("expit",),
    "BROADCAST": ("broadcast_to",),
    "GATHER": ("take",),
    "MAX": ("amax",),
    "MIN": ("amin",),
}
"""Further names of primitives, mostly NumPy's; each has its own in lower case."""

_REDUCTIONS = ("SUM", "PROD", "MAX", "MIN", "LOGSUMEXP")
LISTS = frozenset({"concatenate"})
"""Functions that take several values in brackets one by one."""


def _elementwise(row: Primitive) -> Function:
    def function(list_: Statements, values: Sequence[Value], options: Options) -> Value:
        _expect(row.name, values, row.arity, options)
        return list_.elementwise(row.number, values)

    return function


def _swapped(row: str) -> Function:
    def function(list_: Statements, values: Sequence[Value], options: Options) -> Value:
        _expect("greater", values, 2, options)
        return list_.elementwise(NUMBERS[row], (values[1], values[0]))

    return function


def _integer_power(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("integer_power", values, 2, options)
    exponent = known.whole(values[1], "the exponent of integer_power")
    return list_.elementwise(NUMBERS["INTEGER_POWER"], values[:1], (exponent,))


def _polygamma(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("polygamma", values, 2, options)
    order = known.whole(values[0], "the order of polygamma")
    if not 0 <= order <= MAX_POLYGAMMA_ORDER:
        raise Fault(f"the order of polygamma is {order}, expected 0 to {MAX_POLYGAMMA_ORDER}; it comes first")
    return list_.elementwise(NUMBERS["POLYGAMMA"], values[1:], (order,))


def _reduction(name: str) -> Function:
    called = name.lower()

    def function(list_: Statements, values: Sequence[Value], options: Options) -> Value:
        _expect(name, values, 1, options, ("axis", "keepdims"))
        argument = list_.argument(values[0])
        rank = len(list_.shape(argument))
        axes = known.axes(options["axis"], rank, called) if "axis" in options else range(rank)
        keep = known.truth(options.get("keepdims", 0.0), "keepdims")
        return list_.structural(name, [_value(argument, values[0])], (int(keep), len(axes), *axes))

    return function


def _value(argument: int, value: Value) -> Value:
    """Give a value that is an argument already without making one of it again."""
    return argument if argument > 0 else value


def _reshape(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("reshape", values, 2, options)
    argument = list_.argument(values[0])
    shape = known.extents(values[1], "reshape")
    shape = known.completed(shape, size_of(list_.shape(argument)))
    return list_.structural("RESHAPE", [_value(argument, values[0])], (len(shape), *shape))


def _broadcast(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("broadcast_to", values, 2, options)
    shape = known.extents(values[1], "broadcast_to")
    return list_.structural("BROADCAST", values[:1], (len(shape), *shape))


def _transpose(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("transpose", values[:1], 1, options)
    argument = list_.argument(values[0])
    rank = len(list_.shape(argument))
    order: Sequence[int] = range(rank)[::-1]
    if len(values) > 1:
        _expect("transpose", values, 2, options)
        order = [known.axis_of(each, rank, "transpose") for each in known.wholes(values[1], "the axes of transpose")]
    return list_.structural("TRANSPOSE", [_value(argument, values[0])], (len(order), *order))


def _slice(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("slice", values[:1], 1, options)
    triples = [known.wholes(each, "start, count and step") for each in values[1:]]
    if any(len(each) != 3 for each in triples):
        raise Fault("slice takes (start, count, step) for each axis")
    return list_.structural("SLICE", values[:1], (len(triples), *(number for each in triples for number in each)))


def _concatenate(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("concatenate", values, 1, options, ("axis",))
    parts = values[0].values if isinstance(values[0], Parts) else ()
    if not parts:
        raise Fault("concatenate takes its arrays in brackets: concatenate([a, b], axis=0)")
    arguments: list[Value] = [list_.argument(part) if not isinstance(part, float) else part for part in parts]
    rank = 0 if isinstance(arguments[0], float) else len(list_.shape(list_.argument(arguments[0])))
    if not rank:
        raise Fault("numbers have no axis to be put along; write [a, b] for an array of them")
    axis = known.axis_of(known.whole(options.get("axis", 0.0), "axis"), rank, "concatenate")
    return list_.structural("CONCATENATE", arguments, (axis, len(arguments)))


def _gather(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("take", values, 2, options, ("axis",))
    return gathered(list_, values[0], known.places(values[1]), options.get("axis"), "take")


def gathered(list_: Statements, value: Value, indices: np.ndarray, axis: Value | None, what: str) -> int:
    """Append a GATHER; an axis that is not named is the only one there is."""
    list_.check_indices(indices.size)
    argument = list_.argument(value)
    at, indices = _located(list_.shape(argument), indices, axis, what)
    parameters = (at, indices.ndim, *indices.shape, *indices.ravel().tolist())
    return list_.structural("GATHER", [_value(argument, value)], parameters)


def _located(shape: Shape, indices: np.ndarray, axis: Value | None, what: str) -> tuple[int, np.ndarray]:
    if axis is None and len(shape) != 1:
        raise Fault(f"{what} needs to know along which of {len(shape)} axes: axis=0")
    at = known.axis_of(known.whole(axis, "axis"), len(shape), what) if axis is not None else 0
    return at, np.where(indices < 0, indices + shape[at], indices)


def _scatter_add(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("scatter_add", values, 3, options, ("axis",))
    base, updates = list_.argument(values[0]), list_.argument(values[2])
    indices = known.places(values[1])
    list_.check_indices(indices.size)
    at, indices = _located(list_.shape(base), indices, options.get("axis"), "scatter_add")
    parameters = (at, indices.ndim, *indices.shape, *indices.ravel().tolist())
    operands = [_value(base, values[0]), _value(updates, values[2])]
    return list_.structural("SCATTER_ADD", operands, parameters)


def _product(name: str) -> Function:
    def function(list_: Statements, values: Sequence[Value], options: Options) -> Value:
        _expect(name, values, 2, options)
        return list_.structural(name, values, ())

    return function


def _constant(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("constant", values, 1, options)
    return list_.new_tensor(known.array(values[0], "constant"))


# ---- Arrays of known numbers


def _filled(number: float) -> Function:
    def function(list_: Statements, values: Sequence[Value], options: Options) -> Value:
        _expect("zeros or ones", values, 1, options)
        return Literal(known.filled(list_, known.extents(values[0], "an array"), number))

    return function


def _full(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("full", values, 2, options)
    shape = known.extents(values[0], "full")
    return Literal(known.filled(list_, shape, known.number(values[1], "the value of full")))


def _eye(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("eye", values, 1, options)
    extent = known.whole(values[0], "the extent of eye")
    made = known.filled(list_, (extent, extent), 0.0)
    np.fill_diagonal(made, 1.0)
    return Literal(made)


def _arange(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    bounds = [known.whole(value, "a bound of arange") for value in values]
    if options or not 1 <= len(bounds) <= 3 or bounds[2:] == [0]:
        raise Fault("arange takes an end, or a start and an end, or a start, an end and a step that is not 0")
    numbers = range(*bounds)
    made = known.filled(list_, (len(numbers),), 0.0)
    made += np.arange(len(numbers)) * numbers.step + numbers.start
    return Literal(made)


def _len(list_: Statements, values: Sequence[Value], options: Options) -> Value:
    _expect("len", values, 1, options)
    value = values[0]
    if isinstance(value, Buffer | Literal):
        shape = value.shape if isinstance(value, Buffer) else value.array.shape
    else:
        shape = () if isinstance(value, float) else list_.shape(list_.argument(value))
    if not shape:
        raise Fault("a number has no length")
    return float(shape[0])


MAKERS: Mapping[str, Function] = {
    "zeros": _filled(0.0),
    "ones": _filled(1.0),
    "full": _full,
    "eye": _eye,
    "arange": _arange,
    "len": _len,
}
"""Functions that are no statements: what they give is known."""

_STRUCTURAL: dict[str, Function] = {
    **{name: _reduction(name) for name in _REDUCTIONS},
    "CONSTANT": _constant,
    "INTEGER_POWER": _integer_power,
    "POLYGAMMA": _polygamma,
    "RESHAPE": _reshape,
    "BROADCAST": _broadcast,
    "TRANSPOSE": _transpose,
    "SLICE": _slice,
    "CONCATENATE": _concatenate,
    "GATHER": _gather,
    "SCATTER_ADD": _scatter_add,
    "MATMUL": _product("MATMUL"),
    "ZERO_SAFE_MATMUL": _product("ZERO_SAFE_MATMUL"),
}


def _table() -> dict[str, Function]:
    functions = dict(MAKERS)
    rows = _STRUCTURAL | {row.name: _elementwise(row) for row in ELEMENTWISE if not row.parametric}
    for name, function in rows.items():
        for called in (name.lower(), *ALIASES.get(name, ())):
            functions[called] = function
    functions["greater"], functions["greater_equal"] = _swapped("LESS"), _swapped("LESS_EQUAL")
    return functions


FUNCTIONS: Mapping[str, Function] = _table()
"""By the names that a text calls them by."""

SIGNATURES: Mapping[str, str] = {
    "CONSTANT": "constant(array)",
    "INTEGER_POWER": "integer_power(a, k)",
    "POLYGAMMA": "polygamma(k, a)",
    "SELECT": "select(c, a, b)",
    "RESHAPE": "reshape(a, shape)",
    "BROADCAST": "broadcast(a, shape)",
    "TRANSPOSE": "transpose(a), transpose(a, axes)",
    "SLICE": "slice(a, (start, count, step), ...)",
    "CONCATENATE": "concatenate([a, b, ...], axis=0)",
    "GATHER": "gather(a, indices, axis=0)",
    "SCATTER_ADD": "scatter_add(a, indices, updates, axis=0)",
} | {name: f"{name.lower()}(a, axis=..., keepdims=false)" for name in _REDUCTIONS}
"""How functions are called that take more than values."""

KNOWN: Mapping[str, str] = {
    "greater(a, b), greater_equal(a, b)": "`LESS` and `LESS_EQUAL` of b and a",
    "zeros(shape), ones(shape), full(shape, value)": "arrays of one number",
    "eye(n)": "the identity matrix",
    "arange(n), arange(a, b), arange(a, b, step)": "an array of whole numbers, the end left out",
    "len(a)": "the extent of the first axis, a number",
}
"""Functions that are no primitive of their own, and what they give."""

_TWO = {"max": "maximum", "min": "minimum"}


def _expect(name: str, values: Sequence[Value], count: int, options: Options, allowed: Sequence[str] = ()) -> None:
    """Refuse a call with too many arguments, too few, or options that the function has not."""
    called = name.lower()
    for option in options:
        if option not in allowed:
            has = f"; it has {' and '.join(f'{each}=' for each in allowed)}" if allowed else ""
            raise Fault(f"{called} has no option {option}={has}")
    if len(values) != count:
        told = f"; the axis is written axis=, and the larger of two is {_TWO[called]}(a, b)" if called in _TWO else ""
        told = "; the axis is written axis=" if not told and "axis" in allowed and len(values) > count else told
        raise Fault(f"{called} takes {count} argument{'s' * (count != 1)}, not {len(values)}{told}")


_ELSEWHERE: Mapping[str, str] = {
    "ln": "log(x)",
    "pow": "power(a, b), or a^b",
    "if": "condition ? a : b",
    "dot": "a @ b",
    "mean": "sum(x) / len(x)",
    "norm": "sqrt(sum(x^2))",
    "digamma": "polygamma(0, x)",
    "psi": "polygamma(0, x)",
    "gamma": "exp(lgamma(x))",
    "clip": "minimum(maximum(x, low), high)",
    "stack": "[a, b]",
    "array": "[a, b]",
    "floor_divide": "floor(a / b)",
    "sec": "1 / cos(x)",
    "cot": "1 / tan(x)",
}
"""What functions of other languages are here."""


def find(name: str) -> Function:
    """Give a function by its name."""
    function = FUNCTIONS.get(name)
    if function is None and name in _ELSEWHERE:
        raise UnknownNameFault(f"there is no function {name}; write {_ELSEWHERE[name]}")
    if function is None:
        raise UnknownNameFault(f"there is no function {name}{near(name, FUNCTIONS)}")
    return function

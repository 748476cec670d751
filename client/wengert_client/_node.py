"""A variable as the functions of this package see it, and what else may stand as an argument.

Operators and NumPy's protocols are :mod:`wengert_client._variable`'s, which imports those functions.
"""

from __future__ import annotations

import operator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex, TypeAlias, cast

import numpy as np

from wengert.v1 import primitive_pb2 as p
from wengert_client._columns import Columns, Shape
from wengert_client._errors import BuildError, IndexOutOfRange, NotANumber, ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from wengert.v1 import Primitive
    from wengert_client._results import Floats
    from wengert_client._variable import Variable

__all__ = [
    "OF_TRUTHS",
    "TRUTHS",
    "Axes",
    "Node",
    "Operand",
    "Settling",
    "as_argument",
    "as_constant",
    "as_integer",
    "as_node",
    "as_truths",
    "as_variable",
    "axis_of",
    "broadcast",
    "columns_of",
    "derive",
    "is_truth",
    "settled",
]

Operand: TypeAlias = "Node | ArrayLike"
Axes: TypeAlias = "SupportsIndex | Sequence[SupportsIndex] | None"


class Node:
    """A variable w_k of a list that is being written: a float64 array, known by its shape alone.

    Attributes
    ----------
    columns
        The list it belongs to.
    number
        Its number k, from 1: inputs first, then one for each statement.
    shape
        Its extents; ``()`` for a scalar.
    """

    __slots__ = ("__weakref__", "columns", "number", "shape")

    def __init__(self, columns: Columns, number: int, shape: Shape) -> None:
        self.columns = columns
        self.number = number
        self.shape = shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)


class Settling:
    """What can be assigned into, and has a value of its own only when it is read: see :class:`Buffer`."""

    __slots__ = ()

    def settled(self) -> Variable | Floats:
        """Give what it holds now."""
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: Any = None) -> Floats:
        # Numbers as long as nothing else was assigned; a variable refuses.
        return np.asarray(self.settled(), dtype, copy=copy)


def settled(operand: Any) -> Any:
    """Give an operand as a variable or as numbers.

    Buffers become what they hold; lists, tuples and arrays of objects in which variables are become one variable.
    """
    if isinstance(operand, Settling):
        return operand.settled()
    if isinstance(operand, np.ndarray) and operand.dtype == object:
        nested = operand.tolist()
        return _stacked(nested) if _holds_variables(nested) else operand
    if isinstance(operand, (list, tuple)) and _holds_variables(operand):
        return _stacked(operand)
    return operand


def _stacked(items: Any) -> Any:
    """Give a list, in which there may be lists, as one variable: a RESHAPE for each item, and a CONCATENATE."""
    if not isinstance(items, (list, tuple)):
        return settled(items)
    parts = [_stacked(each) if _holds_variables(each) else as_constant(each, "an element") for each in items]
    shapes = {each.shape for each in parts}
    if len(shapes) != 1:
        raise ShapeError(f"a list of arrays of different shapes, {sorted(shapes)}, is no array")
    columns = next(each.columns for each in parts if isinstance(each, Node))
    lifted = (1, *shapes.pop())
    numbers = []
    for each in parts:
        if not isinstance(each, Node):
            numbers.append(columns.tensor(each.reshape(lifted)))
            continue
        if each.columns is not columns:
            _refuse_mixture("an array")
        numbers.append(columns.statement(p.PRIMITIVE_RESHAPE, (each.number,), (len(lifted), *lifted)))
    shape = (len(parts), *lifted[1:])
    joined = columns.variable(columns.statement(p.PRIMITIVE_CONCATENATE, numbers, (0, len(numbers))), shape)
    if columns.truths and all(isinstance(each, Node) and is_truth(columns, each) for each in parts):
        columns.truths.add(joined.number)
    return joined


def _holds_variables(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_variables(each) for each in value)
    return isinstance(value, (Node, Settling)) or (isinstance(value, np.ndarray) and value.dtype == object)


#: What NumPy gives as views, in most of their uses.
_VIEWS = frozenset((p.PRIMITIVE_RESHAPE, p.PRIMITIVE_BROADCAST, p.PRIMITIVE_TRANSPOSE, p.PRIMITIVE_SLICE))


_MOVES = _VIEWS | {p.PRIMITIVE_GATHER, p.PRIMITIVE_MAX, p.PRIMITIVE_MIN, p.PRIMITIVE_TRIL}

#: What gives truth values.
TRUTHS = frozenset(
    (
        *(p.PRIMITIVE_LESS, p.PRIMITIVE_LESS_EQUAL, p.PRIMITIVE_EQUAL, p.PRIMITIVE_NOT_EQUAL),
        *(p.PRIMITIVE_AND, p.PRIMITIVE_OR, p.PRIMITIVE_NOT),
    )
)
#: What gives truth values of truth values, or would be refused by NumPy.
OF_TRUTHS = frozenset(
    (p.PRIMITIVE_ADD, p.PRIMITIVE_SUBTRACT, p.PRIMITIVE_MULTIPLY, p.PRIMITIVE_MINIMUM, p.PRIMITIVE_MAXIMUM)
)


def derive(
    x: Node, primitive: Primitive.ValueType, arguments: Iterable[int], parameters: Iterable[int], shape: Shape
) -> Variable:
    """Append a statement to the list of `x`; gives its variable."""
    columns = x.columns
    result = columns.variable(columns.statement(primitive, arguments, parameters), shape)
    if primitive in _VIEWS:
        columns.share(x, result)
    if primitive in _MOVES and x.number in columns.truths:
        columns.truths.add(result.number)
    return result


def is_truth(columns: Columns, operand: object) -> bool:
    """Whether NumPy would have an operand as truth values."""
    if isinstance(operand, Node):
        return operand.number in columns.truths
    return isinstance(operand, (bool, np.bool_)) or (isinstance(operand, np.ndarray) and operand.dtype == np.bool_)


def as_truths(primitive: Primitive.ValueType) -> Primitive.ValueType:
    """Give what NumPy does with truth values in place of a primitive with numbers."""
    if primitive == p.PRIMITIVE_SUBTRACT:
        raise BuildError(
            "truth values cannot be subtracted: write a ^ b, a & ~b, or x.astype(float) for numbers 1 and 0"
        )
    return p.PRIMITIVE_OR if primitive == p.PRIMITIVE_ADD else primitive


def columns_of(operands: Iterable[object], what: str) -> Columns:
    """Give the list to which the variables among some operands belong."""
    given = list(operands)
    for each in given:
        if isinstance(each, Node):
            return each.columns
    for each in map(settled, given):
        if isinstance(each, Node):
            return each.columns
    raise BuildError(f"{what}: none of the arguments is a variable of a list; numbers are NumPy's to work on")


def as_argument(columns: Columns, operand: Operand, what: str) -> tuple[int, Shape]:
    """Give the argument by which a statement names an operand, and its shape."""
    operand = settled(operand)
    if isinstance(operand, Node):
        if operand.columns is not columns:
            _refuse_mixture(what)
        return operand.number, operand.shape
    array = as_constant(operand, what)
    if array.ndim == 0:
        return columns.constant(float(array)), ()
    return columns.tensor(array), array.shape


def as_node(columns: Columns, operand: Operand, what: str) -> Node:
    """Give an operand as a variable; an array constant becomes one."""
    operand = settled(operand)
    if isinstance(operand, Node):
        if operand.columns is not columns:
            _refuse_mixture(what)
        return operand
    array = as_constant(operand, what)
    return columns.variable(columns.tensor(array), array.shape)


def as_variable(x: Operand, *beside: Operand) -> Variable:
    """Give what NumPy takes as an array as a variable, of the list of any variable among the arguments."""
    if isinstance(x, Node):
        return cast("Variable", x)
    return cast("Variable", as_node(columns_of([x, *beside], "np"), x, "np"))


def as_constant(value: object, what: str) -> Floats:
    """Give a constant as a float64 array."""
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise BuildError(f"{what}: a {type(value).__name__} has a meaning of its own in NumPy; give a plain array")
    try:
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return np.asarray(array, dtype=np.float64)
        # Whole numbers beyond 64 bits are objects to NumPy.
        if isinstance(value, int):
            return np.asarray(float(value))
    except (OverflowError, ValueError) as error:
        raise BuildError(f"{what}: {value!r} is no array of real numbers ({error})") from error
    raise BuildError(f"{what}: a variable or real numbers are expected, not {_described(value, array)}")


def as_integer(value: SupportsIndex, what: str) -> int:
    """Give a whole number that must be known while the list is written."""
    try:
        return operator.index(value)
    except NotANumber:
        raise
    except TypeError:
        raise BuildError(f"{what}: a whole number is expected, not {value!r}") from None


def axis_of(axis: SupportsIndex, rank: int, what: str) -> int:
    """Give an axis counted from 0; negative ones count from the end, as NumPy has it."""
    number = as_integer(axis, f"{what}: axis")
    if not -rank <= number < rank:
        raise IndexOutOfRange(f"{what}: axis {number} does not exist, there are {rank} axes")
    return number % rank


@lru_cache(maxsize=4096)
def broadcast(a: Shape, b: Shape) -> Shape:
    """Give the shape to which two shapes broadcast, as NumPy has it.

    Raises
    ------
    ShapeError
        They do not broadcast.
    """
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    at = len(longer) - len(shorter)
    extents = list(longer)
    for axis, extent in enumerate(shorter, start=at):
        if extents[axis] == 1:
            extents[axis] = extent
        elif extent not in {1, extents[axis]}:
            raise ShapeError(f"the shapes {a} and {b} do not broadcast: axes must be equal, or 1")
    return tuple(extents)


def _described(value: object, array: Floats) -> str:
    return repr(value) if array.ndim == 0 else f"an array of {array.dtype}"


def _refuse_mixture(what: str) -> NoReturn:
    raise BuildError(
        f"{what}: the variables belong to different lists; write one function with one ListBuilder, and keep no "
        "variable of one trace for another"
    )

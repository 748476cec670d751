"""A variable with the operators, methods and protocols of a NumPy array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np

from wengert.v1 import primitive_pb2 as p
from wengert_client import _elementwise as e
from wengert_client._array_functions import apply_function, apply_ufunc
from wengert_client._errors import BuildError, NotANumber, ShapeError
from wengert_client._indexing import take_key
from wengert_client._methods import ArrayMethods
from wengert_client._node import OF_TRUTHS, TRUTHS, Node, as_argument, as_truths, broadcast, is_truth
from wengert_client._numpy_products import VECTOR_UFUNCS
from wengert_client._results import primitive_name
from wengert_client._ufuncs import UFUNCS, raise_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from wengert.v1 import Primitive
    from wengert_client._columns import Shape
    from wengert_client._node import Operand

__all__ = ["Variable"]

# Whole numbers up to here are float64 too.
_EXACT = 2**53

_INSTEAD = {
    "truth value": "for a choice that depends on it write np.where(condition, a, b); for and, or, not write &, |, ~",
    "values": "to join variables write np.stack([...]) or np.concatenate([...])",
    "format": "there is no number to print yet; print what the function gives when it is called",
    "number": "functions of math write np.sin(x), wengert_client.ops.sin(x) and so on; to put it into an array "
    "write np.stack([...])",
}


class Variable(ArrayMethods):
    """A variable w_k of a list that is being written: a float64 array, known by its shape alone.

    What is done with it is written into its list, one statement an operation: operators (comparisons
    give 1 and 0), indexing, NumPy's functions and its own methods, as far as they are written down in
    :mod:`wengert_client.ops`. It never changes.
    """

    __slots__ = ()

    # ---- operators

    def __add__(self, other: Operand) -> Variable:
        return self._with(p.PRIMITIVE_ADD, other)

    def __radd__(self, other: Operand) -> Variable:
        return self._after(p.PRIMITIVE_ADD, other)

    def __sub__(self, other: Operand) -> Variable:
        return self._with(p.PRIMITIVE_SUBTRACT, other)

    def __rsub__(self, other: Operand) -> Variable:
        return self._after(p.PRIMITIVE_SUBTRACT, other)

    def __mul__(self, other: Operand) -> Variable:
        return self._with(p.PRIMITIVE_MULTIPLY, other)

    def __rmul__(self, other: Operand) -> Variable:
        return self._after(p.PRIMITIVE_MULTIPLY, other)

    def __truediv__(self, other: Operand) -> Variable:
        return self._with(p.PRIMITIVE_DIVIDE, other)

    def __rtruediv__(self, other: Operand) -> Variable:
        return self._after(p.PRIMITIVE_DIVIDE, other)

    def __mod__(self, other: Operand) -> Variable:
        return self._with(p.PRIMITIVE_REMAINDER, other)

    def __rmod__(self, other: Operand) -> Variable:
        return self._after(p.PRIMITIVE_REMAINDER, other)

    def __pow__(self, other: Operand) -> Variable:
        return raise_to(self, other)

    def __rpow__(self, other: Operand) -> Variable:
        return raise_to(other, self)

    def __matmul__(self, other: Operand) -> Variable:
        return cast("Variable", VECTOR_UFUNCS["matmul"](self, other))

    def __rmatmul__(self, other: Operand) -> Variable:
        return cast("Variable", VECTOR_UFUNCS["matmul"](other, self))

    def __floordiv__(self, other: Operand) -> Variable:
        return self._with(p.PRIMITIVE_FLOOR_QUOTIENT, other)

    def __rfloordiv__(self, other: Operand) -> Variable:
        return self._after(p.PRIMITIVE_FLOOR_QUOTIENT, other)

    def __divmod__(self, other: Operand) -> tuple[Variable, Variable]:
        return self // other, self % other

    def __rdivmod__(self, other: Operand) -> tuple[Variable, Variable]:
        return self.__rfloordiv__(other), self.__rmod__(other)

    def __neg__(self) -> Variable:
        return cast("Variable", UFUNCS["negative"](self))

    def __pos__(self) -> Variable:
        return self.columns.variable(self.number, self.shape)

    def __abs__(self) -> Variable:
        return cast("Variable", UFUNCS["absolute"](self))

    def __lt__(self, other: Operand) -> Variable:
        return self._with(p.PRIMITIVE_LESS, other)

    def __le__(self, other: Operand) -> Variable:
        return self._with(p.PRIMITIVE_LESS_EQUAL, other)

    def __gt__(self, other: Operand) -> Variable:
        return self._after(p.PRIMITIVE_LESS, other)

    def __ge__(self, other: Operand) -> Variable:
        return self._after(p.PRIMITIVE_LESS_EQUAL, other)

    def __eq__(self, other: object) -> Variable:  # type: ignore[override]
        # Nothing but a variable or numbers can be equal to it at all.
        if other is None or isinstance(other, (str, bytes)):
            return NotImplemented
        return self._with(p.PRIMITIVE_EQUAL, other)  # type: ignore[arg-type]

    def __ne__(self, other: object) -> Variable:  # type: ignore[override]
        if other is None or isinstance(other, (str, bytes)):
            return NotImplemented
        return self._with(p.PRIMITIVE_NOT_EQUAL, other)  # type: ignore[arg-type]

    # As a key of a dictionary it is itself, not what it will be.
    __hash__ = object.__hash__

    def __and__(self, other: Operand) -> Variable:
        return cast("Variable", UFUNCS["bitwise_and"](self, other))

    def __rand__(self, other: Operand) -> Variable:
        return cast("Variable", UFUNCS["bitwise_and"](other, self))

    def __or__(self, other: Operand) -> Variable:
        return cast("Variable", UFUNCS["bitwise_or"](self, other))

    def __ror__(self, other: Operand) -> Variable:
        return cast("Variable", UFUNCS["bitwise_or"](other, self))

    def __xor__(self, other: Operand) -> Variable:
        return cast("Variable", UFUNCS["bitwise_xor"](self, other))

    __rxor__ = __xor__

    def __invert__(self) -> Variable:
        return cast("Variable", UFUNCS["invert"](self))

    def __round__(self, digits: int | None = None) -> Variable:
        return self.round(digits or 0)

    def __floor__(self) -> Variable:
        return e.floor(self)

    def __ceil__(self) -> Variable:
        return e.ceil(self)

    def __trunc__(self) -> Variable:
        return e.trunc(self)

    # ---- operations in place: NumPy changes the array, which all its names see, and so does this

    def __iadd__(self, other: Operand) -> Self:
        return self._in_place(self + other)

    def __isub__(self, other: Operand) -> Self:
        return self._in_place(self - other)

    def __imul__(self, other: Operand) -> Self:
        return self._in_place(self * other)

    def __itruediv__(self, other: Operand) -> Self:
        return self._in_place(self / other)

    def __ifloordiv__(self, other: Operand) -> Self:
        return self._in_place(self // other)

    def __imod__(self, other: Operand) -> Self:
        return self._in_place(self % other)

    def __ipow__(self, other: Operand) -> Self:
        return self._in_place(self**other)

    def __imatmul__(self, other: Operand) -> Self:
        return self._in_place(self @ other)

    def __iand__(self, other: Operand) -> Self:
        return self._in_place(self & other)

    def __ior__(self, other: Operand) -> Self:
        return self._in_place(self | other)

    def __ixor__(self, other: Operand) -> Self:
        return self._in_place(self ^ other)

    def _in_place(self, result: Variable) -> Self:
        """Take over what an operation in place gives; refuse where another array would change with this one."""
        if not self.shape:
            return cast("Self", result)  # Numbers never change: the name gets another one.
        if result.shape != self.shape:
            raise ShapeError(f"in place, an array of the shape {self.shape} cannot become one of {result.shape}")
        if self.columns.is_shared(self):
            raise BuildError(
                "in place, NumPy would also change the array of which this one is a view or an input, or the views of "
                "it; write y = y + x for y += x, or y = x.copy() before"
            )
        self.number = result.number
        return self

    # ---- indexing

    def __getitem__(self, key: Any) -> Variable:
        if type(key) is int and len(self.shape) == 1 and 0 <= key < self.shape[0]:
            columns = self.columns
            return Variable(columns, columns.statement(p.PRIMITIVE_GATHER, (self.number,), (0, 0, key)), ())
        return take_key(self, key)

    def __len__(self) -> int:
        if not self.shape:
            raise NotANumber(f"{self!r} is a scalar, which has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Variable]:
        if not self.shape:
            raise NotANumber(f"{self!r} is a scalar, over which nothing can run")
        return (self[place] for place in range(self.shape[0]))

    def __contains__(self, _item: object) -> NoReturn:
        self._refuse("truth value")

    def __setitem__(self, key: object, value: object) -> NoReturn:
        raise BuildError(
            "a variable never changes: instead of x[i] = v write y = x.copy(), and y[i] = v; or np.where(mask, v, x), "
            "np.concatenate([...]), np.stack([...])"
        )

    # ---- protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        return apply_ufunc(ufunc, method, operands, options)

    def __array_function__(self, function: Any, types: Any, operands: Any, options: Any) -> Any:
        return apply_function(function, operands, options)

    def __array__(self, dtype: Any = None, **_: object) -> Any:
        if self.shape or dtype not in {None, object}:
            self._refuse("values")
        # So that np.array([x0, x1]) gives an array of objects: what reads it makes one variable of it.
        alone = np.empty((), dtype=object)
        alone[()] = self
        return alone

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - it never returns
        self._refuse("truth value")

    def __float__(self) -> NoReturn:
        self._refuse("number")

    def __int__(self) -> NoReturn:
        self._refuse("number")

    def __index__(self) -> NoReturn:  # noqa: PLE0305 - it never returns
        self._refuse("number")

    def __complex__(self) -> NoReturn:
        self._refuse("number")

    def __format__(self, spec: str) -> str:
        if spec:
            self._refuse("format")
        return repr(self)

    def __copy__(self) -> Variable:
        return +self

    def __deepcopy__(self, _memo: object) -> Variable:
        return +self

    def __repr__(self) -> str:
        return f"w_{self.number}" + (f" of the shape {self.shape}" if self.shape else "")

    # ---- the way all operators go: once a statement, so it is short

    def _with(self, primitive: Primitive.ValueType, other: Operand) -> Variable:
        """Append `primitive` of `self` and another operand."""
        columns = self.columns
        argument, shape = self._other(primitive, other)
        if primitive in TRUTHS:
            columns.truths.add(columns.variables + 1)
        elif columns.truths and primitive in OF_TRUTHS and self.number in columns.truths and is_truth(columns, other):
            primitive = as_truths(primitive)
            columns.truths.add(columns.variables + 1)
        columns.primitives.append(primitive)
        columns.arguments += (self.number, argument)
        columns.variables = number = columns.variables + 1
        return Variable(columns, number, shape)

    def _after(self, primitive: Primitive.ValueType, other: Operand) -> Variable:
        """Append `primitive` of another operand and `self`."""
        columns = self.columns
        argument, shape = self._other(primitive, other)
        if primitive in TRUTHS:
            columns.truths.add(columns.variables + 1)
        elif columns.truths and primitive in OF_TRUTHS and self.number in columns.truths and is_truth(columns, other):
            primitive = as_truths(primitive)
            columns.truths.add(columns.variables + 1)
        columns.primitives.append(primitive)
        columns.arguments += (argument, self.number)
        columns.variables = number = columns.variables + 1
        return Variable(columns, number, shape)

    def _other(self, primitive: Primitive.ValueType, other: Any) -> tuple[int, Shape]:
        """Give the argument of another operand, and the shape of the result."""
        columns, shape = self.columns, self.shape
        if isinstance(other, Node) and other.columns is columns:
            return other.number, shape if other.shape == shape else broadcast(shape, other.shape)
        if isinstance(other, float) or (isinstance(other, int) and -_EXACT < other < _EXACT):
            return columns.constant(float(other)), shape
        argument, extents = as_argument(columns, other, primitive_name(primitive))
        return argument, broadcast(shape, extents)

    def _refuse(self, what: str) -> NoReturn:
        told = "has none until the list is evaluated"
        error = NotANumber(f"{self!r} is asked for its {what}, but it {told}: {_INSTEAD[what]}")
        error.asked = what
        raise error

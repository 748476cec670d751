"""The methods and attributes of a NumPy array, for variables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from wengert_client import _numpy_choices as choices
from wengert_client import _shaping as s
from wengert_client._array_functions import FUNCTIONS
from wengert_client._buffers import Buffer, buffer
from wengert_client._errors import NoSuchMethod
from wengert_client._node import Node
from wengert_client._numpy_refused import REFUSED
from wengert_client._ufuncs import UFUNCS

if TYPE_CHECKING:
    from wengert_client._node import Axes, Operand
    from wengert_client._variable import Variable

__all__ = ["ArrayMethods"]

_CHANGES = "what is traced never changes; write y = x.copy(), and assign into y"
_STORED = "it is about how numbers are stored, and there are none yet"
_REFUSED = {
    "fill": _CHANGES,
    "put": _CHANGES,
    "resize": "write np.resize(x, shape)",
    "setflags": _CHANGES,
    "setfield": _CHANGES,
    "byteswap": _STORED,
    "getfield": _STORED,
    "view": _STORED,
    "data": _STORED,
    "ctypes": _STORED,
    "strides": _STORED,
    "flags": _STORED,
    "base": _STORED,
    "tobytes": _STORED,
    "tofile": _STORED,
    "dump": _STORED,
    "dumps": _STORED,
    "item": "there is no number yet; x[...] picks an element, and is used as a number is",
}
#: Methods that are functions of NumPy of the same name, with the same arguments.
_FORWARDED = frozenset(
    (
        *(
            "all",
            "any",
            "choose",
            "compress",
            "cumprod",
            "cumsum",
            "diagonal",
            "ptp",
            "ravel",
            "repeat",
            "squeeze",
            "std",
        ),
        *("swapaxes", "take", "trace", "var"),
    )
)


class ArrayMethods(Node):
    """A variable with the methods and attributes of an array that can be traced."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """Always float64."""
        return np.dtype(np.float64)

    @property
    def itemsize(self) -> int:
        """Bytes of an element: 8."""
        return 8

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return 8 * self.size

    @property
    def T(self) -> Variable:  # noqa: N802 - NumPy's name
        """Give `self` with its axes reversed."""
        return s.transpose(self)

    @property
    def mT(self) -> Variable:  # noqa: N802 - NumPy's name
        """Give `self` with its last two axes exchanged."""
        return cast("Variable", FUNCTIONS[np.matrix_transpose](self))

    @property
    def real(self) -> Variable:
        """Give `self`."""
        return cast("Variable", self)

    @property
    def imag(self) -> Any:
        """Give zeros."""
        return np.zeros(self.shape)

    @property
    def flat(self) -> Variable:
        """Give all elements, row-major, as one axis."""
        return s.ravel(self)

    def sum(self, axis: Axes = None, dtype: Any = None, out: Any = None, **options: Any) -> Variable:
        """Give the sum over some axes; None: over all."""
        return cast("Variable", FUNCTIONS[np.sum](self, axis, dtype, out, **options))

    def prod(self, axis: Axes = None, dtype: Any = None, out: Any = None, **options: Any) -> Variable:
        """Give the product over some axes; None: over all."""
        return cast("Variable", FUNCTIONS[np.prod](self, axis, dtype, out, **options))

    def max(self, axis: Axes = None, out: Any = None, **options: Any) -> Variable:
        """Give the largest element over some axes; None: over all."""
        return cast("Variable", FUNCTIONS[np.max](self, axis, out, **options))

    def min(self, axis: Axes = None, out: Any = None, **options: Any) -> Variable:
        """Give the smallest element over some axes; None: over all."""
        return cast("Variable", FUNCTIONS[np.min](self, axis, out, **options))

    def mean(self, axis: Axes = None, dtype: Any = None, out: Any = None, **options: Any) -> Variable:
        """Give the mean over some axes, None: over all; a SUM and a DIVIDE."""
        return cast("Variable", FUNCTIONS[np.mean](self, axis, dtype, out, **options))

    def dot(self, other: Operand, out: Any = None) -> Variable:
        """Give ``numpy.dot(self, other)``."""
        return cast("Variable", FUNCTIONS[np.dot](self, other, out))

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Variable:
        """Give the elements in another shape; one extent may be -1."""
        wanted = shape[0] if len(shape) == 1 else shape
        return cast("Variable", FUNCTIONS[np.reshape](self, wanted, order, copy=copy))

    def flatten(self, order: str = "C") -> Variable:
        """Give all elements as one axis."""
        return cast("Variable", FUNCTIONS[np.ravel](self, order))

    def transpose(self, *axes: Any) -> Variable:
        """Give `self` with its axes permuted; none named: reversed."""
        return s.transpose(self, (axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes) or None)

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **rest: Any) -> Variable:  # noqa: A002
        """Give `self`, but at least `min` and at most `max`."""
        return cast("Variable", choices.clipped(self, min, max, out, **rest))

    def round(self, decimals: int = 0, out: Any = None) -> Variable:
        """Give `self` rounded to a number of decimals."""
        return choices.rounded(self, decimals, out)

    def astype(self, dtype: Any, *rest: Any, **options: Any) -> Variable:
        """Give `self`, for float64; for bool, 1 where it is not 0, else 0."""
        return choices.astype(self, dtype, *rest, **options)

    def copy(self, order: str = "C") -> Buffer:  # noqa: ARG002 - there is no order to keep
        """Give an array with the same elements, into which can be assigned."""
        return buffer(self)

    def conj(self) -> Variable:
        """Give a copy of `self`."""
        return cast("Variable", UFUNCS["conjugate"](self))

    conjugate = conj

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Variable:
        """Give the elements, or along an axis the parts, where a condition that is known holds."""
        return cast("Variable", FUNCTIONS[np.compress](condition, self, axis, out=out))

    def tolist(self) -> Any:
        """Give the elements as variables, in lists within each other."""
        return [each.tolist() for each in self] if self.shape else self  # type: ignore[attr-defined]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in _FORWARDED:
                function = FUNCTIONS[getattr(np, name)]
                return lambda *arguments, **options: function(self, *arguments, **options)
            if name in UFUNCS:
                # What NumPy asks of the elements of an array of objects: np.sin(np.array([x0, x1])).
                return lambda *others: UFUNCS[name](self, *others)
            told = _REFUSED.get(name) or REFUSED.get(getattr(np, name, None) if hasattr(np.ndarray, name) else None)
            if told is None:
                raise AttributeError(f"a variable has no attribute {name!r}")
            raise NoSuchMethod(f"{self!r} has no {name}: {told}")

"""Arrays into which can be assigned while a list is written.

A buffer knows of each of its elements which element of which source it is: of an array of numbers, or of a
variable that was assigned into it. Assigning writes no statement; reading puts together what is read, by a
CONCATENATE and, where the order is another, a GATHER. Slices are views, as NumPy's are.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from wengert_client._errors import BuildError, IndexOutOfRange, NotANumber, ShapeError
from wengert_client._indexing import take_key
from wengert_client._node import Node, Settling, as_constant, settled
from wengert_client._shaping import as_shape, concatenate, gather, ravel, reshape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from numpy.typing import NDArray

    from wengert_client._columns import Shape
    from wengert_client._node import Operand
    from wengert_client._results import Floats
    from wengert_client._shaping import ShapeLike
    from wengert_client._variable import Variable

__all__ = ["Buffer", "buffer", "zeros"]


def zeros(shape: ShapeLike) -> Buffer:
    """Give an array of zeros into which variables can be assigned: ``z[0] = x``, ``z[1:3] += y``.

    Examples
    --------
    >>> from wengert_client import ListBuilder, ops
    >>> b = ListBuilder()
    >>> x = b.input("x", shape=2)
    >>> z = ops.zeros(4)
    >>> z[1:3] = x
    >>> z[3] = 5.0
    >>> b.output("z", z)
    >>> print(b)
    w_1 = x, shape (2,)
    w_2 = CONSTANT() [1]
    w_3 = CONCATENATE(w_2, w_1) [0, 2]
    w_4 = GATHER(w_3) [0, 1, 4, 0, 2, 3, 1]
    z = w_4
    """
    return buffer(np.zeros(as_shape(shape, "zeros")))


def buffer(value: Operand) -> Buffer:
    """Give a copy of an array into which variables can be assigned."""
    sources = Sources()
    source = settled(value)
    extents = source.shape if isinstance(source, Node) else np.shape(source)
    return Buffer(sources, sources.add(source).reshape(extents))


class Sources:
    """What the elements of a buffer are taken from: each one's elements, numbered through all of them."""

    def __init__(self) -> None:
        self._values: list[Node | Floats] = []
        self._starts: list[int] = []
        self._size = 0

    def add(self, value: Operand) -> NDArray[np.int64]:
        """Give the numbers of a new source's elements."""
        # A handle of its own: what is done with the variable in place later is not done with the buffer.
        if isinstance(value, Node):
            source: Node | Floats = value.columns.variable(value.number, value.shape)
        else:
            source = as_constant(value, "assigned").copy()
        self._check(source)
        size = int(np.prod(source.shape, dtype=np.int64))
        self._values.append(source)
        self._starts.append(self._size)
        self._size += size
        return np.arange(self._size - size, self._size)

    def element(self, number: int) -> Variable | float:
        """Give one element; one that was assigned by itself costs no statement."""
        at = int(np.searchsorted(self._starts, number, side="right")) - 1
        source, place = self._values[at], number - self._starts[at]
        if not isinstance(source, Node):
            return float(source.flat[place])
        key = tuple(map(int, np.unravel_index(place, source.shape)))
        return take_key(source, key) if key else source.columns.variable(source.number, ())

    def read(self, places: NDArray[np.int64]) -> Variable | Floats:
        """Give the elements of these numbers as one array."""
        owners = np.searchsorted(self._starts, places.ravel(), side="right") - 1
        used, first = np.unique(owners, return_index=True)
        traced = [at for at in used[np.argsort(first)] if isinstance(self._values[at], Node)]
        if not traced:
            return self._numbers(places)
        if len(used) == 1:
            whole = self._whole(traced[0], places)
            if whole is not None:
                return whole
        return self._joined(places, owners, traced)

    def _numbers(self, places: NDArray[np.int64]) -> Floats:
        flat = [np.ravel(cast("Any", each)) if not isinstance(each, Node) else None for each in self._values]
        read = np.empty(places.size)
        owners = np.searchsorted(self._starts, places.ravel(), side="right") - 1
        for at in np.unique(owners):
            chosen = owners == at
            read[chosen] = flat[at][places.ravel()[chosen] - self._starts[at]]
        return read.reshape(places.shape)

    def _whole(self, at: int, places: NDArray[np.int64]) -> Variable | None:
        """Give a source itself, where exactly that is read."""
        source = cast("Node", self._values[at])
        if places.size == np.prod(source.shape) and np.array_equal(
            places.ravel(), self._starts[at] + np.arange(places.size)
        ):
            return _shaped(source, places.shape)
        return None

    def _joined(self, places: NDArray[np.int64], owners: NDArray[Any], traced: list[Any]) -> Variable:
        """Put the sources one after another, the numbers among them only once each, and take what is read."""
        flat, index = places.ravel(), np.zeros(places.size, dtype=np.int64)
        parts: list[Operand] = []
        offset = 0
        constant = ~np.isin(owners, traced)
        order = [*traced] if not constant.any() or not constant[0] else [None, *traced]
        order += [None] if constant.any() and not constant[0] else []
        for at in order:
            if at is None:
                chosen = constant
                # By their bits: 0 and -0 are two numbers, and NaN is one.
                bits, index_of = np.unique(self._numbers(flat[chosen]).view(np.int64), return_inverse=True)
                parts.append(bits.view(np.float64))
                index[chosen] = offset + index_of
            else:
                chosen = owners == at
                source = cast("Node", self._values[at])
                parts.append(_shaped(source, (int(np.prod(source.shape)),)))
                index[chosen] = offset + flat[chosen] - self._starts[at]
            offset += int(np.prod(np.shape(parts[-1]) if not isinstance(parts[-1], Node) else parts[-1].shape))
        whole = concatenate(parts) if len(parts) > 1 else cast("Variable", parts[0])
        if offset != index.size or not np.array_equal(index, np.arange(offset)):
            return gather(whole, index.reshape(places.shape))
        return _shaped(whole, places.shape)

    def _check(self, source: Node | Floats) -> None:
        for each in self._values:
            if isinstance(each, Node) and isinstance(source, Node) and each.columns is not source.columns:
                raise BuildError("a buffer of one list cannot hold variables of another")


class Buffer(Settling):
    """An array of a list that is being written, into which numbers and variables can be assigned.

    It is made by ``ops.zeros``, ``ops.buffer``, ``x.copy()``, ``np.zeros_like(x)`` and the like, and used as a NumPy
    array: slices of it are views, into which can be assigned too. What is computed from it is a variable, or an array
    of numbers as long as nothing but numbers was assigned.

    Attributes
    ----------
    sources
        What its elements are taken from; views of it share them.
    places
        The number of each element among those of the sources.
    """

    __slots__ = ("places", "sources")

    def __init__(self, sources: Sources, places: NDArray[np.int64]) -> None:
        self.sources = sources
        self.places = places

    @property
    def shape(self) -> Shape:
        """Its extents."""
        return self.places.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.places.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.places.size

    @property
    def dtype(self) -> np.dtype[np.float64]:
        """Always float64."""
        return np.dtype(np.float64)

    @property
    def T(self) -> Buffer:  # noqa: N802 - NumPy's name
        """A view with the axes reversed."""
        return Buffer(self.sources, self.places.T)

    def settled(self) -> Variable | Floats:
        """Give what it holds now: a variable, or an array where that is numbers only."""
        read = self.sources.read(self.places)
        if isinstance(read, Node):
            self.places[...] = self.sources.add(read).reshape(self.shape)
        else:
            # They are a copy: what NumPy would write into it, as np.put does, would be lost. So it cannot.
            read.setflags(write=False)
        return read

    def copy(self) -> Buffer:
        """Give another one that holds the same, and changes by itself."""
        return buffer(self.settled())

    __copy__ = copy

    def __deepcopy__(self, _memo: object) -> Buffer:
        return self.copy()

    def reshape(self, *shape: Any) -> Buffer:
        """Give the elements in another shape: a view where NumPy gives one."""
        wanted = shape[0] if len(shape) == 1 else shape
        try:
            return Buffer(self.sources, self.places.reshape(wanted))
        except ValueError as error:
            raise ShapeError(str(error)) from None

    def ravel(self) -> Buffer:
        """Give all elements as one axis: a view where NumPy gives one."""
        return self.reshape(-1)

    def flatten(self) -> Buffer:
        """Give a copy with all elements as one axis."""
        return self.copy().reshape(-1)

    def fill(self, value: Operand) -> None:
        """Assign one value to all elements."""
        self[...] = value

    def __getitem__(self, key: Any) -> Any:
        try:
            places = self.places[_known(key)]
        except IndexError as error:
            raise IndexOutOfRange(f"{error}, of a buffer of the shape {self.shape}") from None
        if np.ndim(places) == 0 and not isinstance(places, np.ndarray):
            return self.sources.element(int(places))
        return Buffer(self.sources, places)

    def __setitem__(self, key: Any, value: Any) -> None:
        try:
            self.places[_known(key)] = self._places_of(value)
        except IndexError as error:
            raise IndexOutOfRange(f"{error}, of a buffer of the shape {self.shape}") from None
        except ValueError as error:
            if isinstance(error, BuildError):
                raise
            raise ShapeError(f"what is assigned does not fit: {error}") from None

    def _places_of(self, value: Any) -> NDArray[np.int64]:
        """Give numbers of elements for what is assigned."""
        if isinstance(value, Buffer) and value.sources is self.sources:
            return value.places.copy()
        value = settled(value)
        shape = value.shape if isinstance(value, Node) else np.shape(value)
        return self.sources.add(value).reshape(shape)

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        # Whatever computes with it computes with what it holds.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.settled(), name)

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        if any(isinstance(each, Settling) for each in options.get("out") or ()):
            raise BuildError(f"np.{ufunc.__name__}: no out= is possible; write buffer[...] = what it is to hold")
        if method == "at" and isinstance(operands[0], Settling):
            raise BuildError(f"np.{ufunc.__name__}.at: write buffer[place] = ... for each of the places")
        return getattr(ufunc, method)(*(_with_settled(each) for each in operands), **options)

    def __array_function__(self, function: Any, types: Any, operands: Any, options: Any) -> Any:
        if function in _VIEWS:
            return _VIEWS[function](*operands, **options)
        return function(*_with_settled(operands), **{name: _with_settled(each) for name, each in options.items()})

    def __bool__(self) -> bool:
        return bool(self.settled())

    def __float__(self) -> float:
        return float(self.settled())

    def __repr__(self) -> str:
        return f"<Buffer of the shape {self.shape}>"

    # ---- assignment with an operation

    def _assign(self, value: Operand) -> Self:
        self[...] = value
        return self

    def __iadd__(self, other: Any) -> Self:
        return self._assign(self + other)

    def __isub__(self, other: Any) -> Self:
        return self._assign(self - other)

    def __imul__(self, other: Any) -> Self:
        return self._assign(self * other)

    def __itruediv__(self, other: Any) -> Self:
        return self._assign(self / other)

    def __ipow__(self, other: Any) -> Self:
        return self._assign(self**other)

    def __imod__(self, other: Any) -> Self:
        return self._assign(self % other)

    __hash__ = object.__hash__


def _operator(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *others: function(self.settled(), *map(_with_settled, others))


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(_with_settled(other), self.settled())


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or"):
    _function = getattr(operator, f"__{_name}__")
    setattr(Buffer, f"__{_name}__", _operator(_function))
    setattr(Buffer, f"__r{_name}__", _reflected(_function))
for _name in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "pos", "abs", "invert"):
    setattr(Buffer, f"__{_name}__", _operator(getattr(operator, f"__{_name}__")))


def _with_settled(value: Any) -> Any:
    """Give an argument with buffers, also within lists and tuples, as what they hold."""
    if isinstance(value, Buffer):
        return value.settled()
    if type(value) in {list, tuple}:
        return type(value)(map(_with_settled, value))
    return value


def _known(key: Any) -> Any:
    for each in key if isinstance(key, tuple) else (key,):
        bounds = (each.start, each.stop, each.step) if isinstance(each, slice) else (each,)
        if any(isinstance(bound, (Node, Settling)) for bound in bounds):
            raise NotANumber("an index must be known while the list is written; to choose by a value write np.where")
    return key


def _shaped(x: Node, shape: Shape) -> Variable:
    if x.shape == shape:
        return x.columns.variable(x.number, shape)
    return ravel(x) if len(shape) == 1 else reshape(x, shape)


def _moved(function: Callable[..., Any]) -> Callable[..., Buffer]:
    """Do with the numbers of the elements what NumPy would do with the elements: it moves them only."""
    return lambda x, *rest, **options: Buffer(x.sources, function(x.places, *rest, **options))


def _fill_diagonal(to: Buffer, value: Any) -> None:
    if to.ndim != 2:
        raise ShapeError(f"np.fill_diagonal: a matrix is expected, not a buffer of the shape {to.shape}")
    places = np.arange(min(to.shape))
    to[places, places] = value


_VIEWS: dict[Any, Callable[..., Any]] = {
    **{each: _moved(each) for each in (np.transpose, np.swapaxes, np.moveaxis, np.reshape, np.ravel, np.squeeze)},
    **{each: _moved(each) for each in (np.expand_dims, np.flip, np.rot90, np.fliplr, np.flipud)},
    np.copy: lambda x, *_, **__: x.copy(),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x, *rest, **options: np.size(x.places, *rest, **options),
    np.copyto: lambda to, value: to.__setitem__(..., value),
    np.fill_diagonal: _fill_diagonal,
}

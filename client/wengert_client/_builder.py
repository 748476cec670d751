"""Writing a Wengert list with operators and NumPy's functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, SupportsIndex

from wengert.v1 import Input, Label, Output, WengertList
from wengert.v1.tensors import write_tensor
from wengert_client._columns import Columns
from wengert_client._display import list_html, table_html
from wengert_client._errors import BuildError, ShapeError
from wengert_client._node import as_argument, as_constant, as_node
from wengert_client._printing import list_text
from wengert_client._shaping import as_shape
from wengert_client._variable import Variable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import ArrayLike

    from wengert_client._node import Operand

__all__ = ["ListBuilder"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_NAME_BYTES = 255


class ListBuilder:
    """A Wengert list that is being written.

    Inputs come first; then every operation on a variable appends one statement. Numbers are constants
    of the list, no statements; arrays of numbers are one statement each, equal ones together.

    Examples
    --------
    >>> import numpy as np
    >>> b = ListBuilder()
    >>> y, mu, sigma = b.inputs("y", "mu", "sigma")
    >>> b.output("log_density", -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma))
    >>> print(b)
    w_1 = y
    w_2 = mu
    w_3 = sigma
    w_4 = SUBTRACT(w_1, w_2)
    w_5 = DIVIDE(w_4, w_3)
    w_6 = SQUARE(w_5)
    w_7 = MULTIPLY(-0.5, w_6)
    w_8 = LOG(w_3)
    w_9 = SUBTRACT(w_7, w_8)
    log_density = w_9
    """

    def __init__(self) -> None:
        self._columns = Columns(Variable)

    @property
    def statements(self) -> int:
        """Number of statements written so far."""
        return len(self._columns.primitives)

    def input(
        self,
        name: str,
        shape: SupportsIndex | Sequence[SupportsIndex] | None = None,
        default: ArrayLike | None = None,
    ) -> Variable:
        """Declare the next input, and give its variable.

        Parameters
        ----------
        name
            Its name: segments of letters, digits and ``_`` that begin with no digit, joined by ``.``
        shape
            Its extents. None: those of the default; without one, a scalar.
        default : float64, of that shape
            What is sent as a shared value when a caller gives none. None: callers must give one.
        """
        if self.statements:
            raise BuildError(f"input {name} comes after a statement; declare all inputs before the first operation")
        self._check_name(name, "an input", self._columns.input_names)
        declared = Input(name=name)
        value = None if default is None else as_constant(default, f"default of input {name}")
        extents = as_shape(shape, "input") if shape is not None else () if value is None else value.shape
        if min(extents, default=0) < 0:
            raise ShapeError(f"input {name} has the shape {extents}; no extent is negative")
        declared.shape.extend(extents)
        if value is not None:
            if value.shape != extents:
                raise ShapeError(f"input {name} has the shape {extents}, but its default {value.shape}")
            write_tensor(declared.default_value, value)
        self._columns.inputs.append(declared)
        self._columns.input_names.add(name)
        self._columns.variables += 1
        return self._columns.variable(self._columns.variables, extents)

    def inputs(self, *names: str, shape: SupportsIndex | Sequence[SupportsIndex] = ()) -> tuple[Variable, ...]:
        """Declare several inputs of one shape, by default scalars, and give their variables."""
        return tuple(self.input(name, shape) for name in names)

    def constant(self, values: ArrayLike) -> Variable:
        """Give an array constant as a variable: a CONSTANT statement."""
        return self._columns.variable(*self._array(values))

    def output(self, name: str, value: Operand) -> None:
        """Name an output: a variable, or a number or array that is the same at every point."""
        self._check_name(name, "an output", self._columns.output_names)
        argument, _ = as_argument(self._columns, value, f"output {name}")
        self._columns.outputs.append(Output(name=name, argument=argument))
        self._columns.output_names.add(name)

    def label(self, variable: Variable, name: str) -> Variable:
        """Name a variable for people, in lists that are printed or explained; gives the variable."""
        self._check_name(name, "a label", ())
        node = as_node(self._columns, variable, f"label {name}")
        self._columns.labels.append(Label(variable=node.number, name=name))
        return variable

    def build(self) -> WengertList:
        """Give the list as a message of the contract; the builder may be used on.

        Raises
        ------
        BuildError
            No output was named.
        """
        if not self._columns.outputs:
            raise BuildError("the list has no output; name one: builder.output('f', variable)")
        return self._columns.build()

    def close(self, name: str) -> None:
        """End the writing: what is done with a variable from now on is an error that names the function `name`."""
        self._columns.close(name)

    def __str__(self) -> str:
        return list_text(self._columns.build())

    def __repr__(self) -> str:
        inputs, outputs = len(self._columns.inputs), len(self._columns.outputs)
        return f"<ListBuilder: {inputs} inputs, {self.statements} statements, {outputs} outputs>"

    def _repr_html_(self) -> str:
        return table_html(repr(self), []) + list_html(str(self))

    def _array(self, values: ArrayLike) -> tuple[int, tuple[int, ...]]:
        array = as_constant(values, "CONSTANT")
        return self._columns.tensor(array), array.shape

    def _check_name(self, name: str, kind: str, taken: Collection[str]) -> None:
        if not _NAME.fullmatch(name) or len(name) > _NAME_BYTES:
            rule = f"letters, digits and _, no digit first, in segments joined by '.', at most {_NAME_BYTES} in all"
            raise BuildError(f"{name!r} is no name of {kind}: {rule}")
        if name in taken:
            raise BuildError(f"there is {kind} called {name} already")

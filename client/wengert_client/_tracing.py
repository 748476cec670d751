"""A function of NumPy, written down as a Wengert list: it runs once, on arrays of which only the shape is known."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wengert.v1 import WengertList
from wengert_client._builder import ListBuilder
from wengert_client._errors import BuildError
from wengert_client._lines import located
from wengert_client._node import Node
from wengert_client._printing import list_text
from wengert_client._structure import Structure, take_apart

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wengert_client._columns import Shape
    from wengert_client._results import Floats
    from wengert_client._variable import Variable

__all__ = ["Inputs", "Trace", "as_trace", "trace"]

#: Shapes of the inputs by name; a structure of shapes is an input that is such a structure of arrays.
Inputs: TypeAlias = Mapping[str, Any]

_OUTPUT = "f"


@dataclass(frozen=True, slots=True)
class Trace:
    """A function of NumPy as a Wengert list.

    Attributes
    ----------
    name
        What the function is called in Python.
    message
        The list.
    inputs
        How its inputs are put together: one part for each parameter.
    outputs
        How its outputs are.
    """

    name: str
    message: WengertList
    inputs: Structure
    outputs: Structure

    @property
    def statements(self) -> int:
        """Number of statements of the list."""
        return len(self.message.primitives)

    def __str__(self) -> str:
        return list_text(self.message)

    def __repr__(self) -> str:
        return f"<Trace of {self.name}({', '.join(map(str, self.inputs.keys))}), {self.statements} statements>"


def trace(function: Callable[..., Any], inputs: Inputs, defaults: Mapping[str, ArrayLike] | None = None) -> Trace:
    """Run a function of NumPy once, on arrays without values, and give what it does as a Wengert list.

    Parameters
    ----------
    function
        Takes the inputs by name where its parameters are called so, else by position, in their order. What it does
        with them must be the same at every point: loops over shapes are unrolled, a choice that depends on a
        value is ``np.where``. What it gives may be an array, a number, or a dictionary, a list, a tuple, a named tuple
        or a data class of them.
    inputs
        Shapes by name: a tuple of whole numbers, one whole number n for ``(n,)``, ``()`` for a scalar, or an example,
        a float or an array, whose shape counts. A dictionary, a list, a tuple, a named tuple or a data class of these
        is one input made of several: its parts are inputs called ``name.part``, or ``name_0``, ``name_1``, ...
    defaults
        Values of inputs that callers may leave out.

    Raises
    ------
    BuildError
        It does what no list can say; the error names the line and what to write instead.

    Examples
    --------
    >>> import numpy as np
    >>> print(trace(lambda x, k: {"y": k * np.sin(x), "norm": np.sqrt(x @ x)}, {"x": 2, "k": ()}))
    w_1 = x, shape (2,)
    w_2 = k
    w_3 = SIN(w_1)
    w_4 = MULTIPLY(w_2, w_3)
    w_5 = MATMUL(w_1, w_1)
    w_6 = SQRT(w_5)
    y = w_4
    norm = w_6
    """
    name = getattr(function, "__name__", type(function).__name__)
    builder = ListBuilder()
    structure, variables = _declared(builder, inputs, defaults or {})
    arguments = structure.restore(variables)
    try:
        outputs = _outputs(builder, _run(function, arguments))
        return Trace(name, builder.build(), structure, outputs)
    except Exception as error:
        told = located(error)
        if told is None or told is error:
            raise
        raise told.with_traceback(error.__traceback__) from (None if told is error.__cause__ else error)
    finally:
        builder.close(name)


def as_trace(source: object, inputs: Inputs | None, defaults: Mapping[str, ArrayLike] | None) -> Trace | None:
    """Give the trace that is meant where a function is given; None where a list is, or anything else."""
    if callable(source) and not isinstance(source, Trace):
        if inputs is None:
            raise BuildError("a NumPy function is traced for shapes of its inputs: inputs={'x': (3,), ...}")
        return trace(source, inputs, defaults)
    if inputs is not None or defaults is not None:
        raise BuildError("inputs= and defaults= are for NumPy functions; a list has inputs of its own")
    return source if isinstance(source, Trace) else None


def _declared(
    builder: ListBuilder, inputs: Inputs, defaults: Mapping[str, ArrayLike]
) -> tuple[Structure, dict[str, Variable]]:
    """Declare the inputs; gives how they are put together, and their variables by name."""
    if not isinstance(inputs, Mapping):
        raise BuildError(f"inputs: a mapping from names to shapes is expected, not {inputs!r}")
    structure, leaves = take_apart(dict(inputs), "inputs", _is_shape, named_root=False)
    for name, part in zip(structure.keys, structure.parts, strict=True):
        if name != part.name:
            raise BuildError(f"{name!r} is no name of an input: letters, digits and _ are, no digit first")
    unknown = sorted(set(defaults) - {name for name, _ in leaves})
    if unknown:
        raise BuildError(f"defaults: there is no input {', '.join(unknown)}; the inputs: {dict(leaves)}")
    return structure, {name: builder.input(name, _shape(name, leaf), defaults.get(name)) for name, leaf in leaves}


def _is_shape(value: Any) -> bool:
    return type(value) is tuple and all(isinstance(each, (int, np.integer)) for each in value)


def _shape(name: str, leaf: Any) -> Shape:
    """Read what is said of an input: a shape, or an example."""
    if isinstance(leaf, (int, np.integer)) and not isinstance(leaf, bool):
        return (int(leaf),)
    if type(leaf) is tuple:
        return tuple(int(each) for each in leaf)
    array: Floats = np.asarray(leaf)
    if array.dtype.kind not in "biuf" or isinstance(leaf, (bool, str)):
        raise BuildError(f"input {name}: a shape, a number or an array of real numbers is expected, not {leaf!r}")
    return array.shape


def _run(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call the function, by name or by position."""
    if inspect.iscoroutinefunction(function):
        raise BuildError("a function that is awaited cannot be traced; trace the plain function that it awaits")
    by_name = _names(function)
    if by_name is None or all(name in by_name for name in arguments):
        return function(*arguments.values()) if by_name is None else function(**arguments)
    if any(name in by_name for name in arguments):
        listed = ", ".join(by_name)
        raise BuildError(f"the inputs are called {', '.join(arguments)}, but the function's parameters {listed}")
    return function(*arguments.values())


def _names(function: Callable[..., Any]) -> Sequence[str] | _All | None:
    """Give what parameters may be called; None where they have no names."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(each.kind is each.POSITIONAL_ONLY for each in parameters):
        return None
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return _All()
    return [each.name for each in parameters if each.kind in {each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY}]


class _All(list[str]):
    """Names of parameters where every name is one."""

    def __contains__(self, _name: object) -> bool:
        return True


def _outputs(builder: ListBuilder, result: Any) -> Structure:
    """Name the outputs; gives how they are put together."""
    structure, leaves = take_apart(result, _OUTPUT, lambda _: False, named_root=False)
    if not leaves:
        raise BuildError(f"the function gives {result!r}, in which there is no array; return what it computes")
    for name, leaf in leaves:
        if not isinstance(leaf, (Node, int, float, np.ndarray, np.generic)) and not hasattr(leaf, "__array__"):
            raise BuildError(f"output {name} is a {type(leaf).__name__}; arrays and numbers can be returned")
        builder.output(name, leaf)
    return structure

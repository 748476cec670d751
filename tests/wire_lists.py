"""Write the wire's Wengert lists by hand, a statement a line: for tests only, no checks at all."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wengert.v1 import Input, Output, Primitive, Tensor, WengertList


def tensor(values: npt.ArrayLike, *, shaped: bool = True) -> Tensor:
    """Return an array as the wire carries it; ``shaped=False`` leaves the shape out."""
    array = np.asarray(values, dtype=np.float64)
    return Tensor(shape=array.shape if shaped else (), values=array.ravel().tolist())


class ListWriter:
    """A list being written; every method gives the argument by which later statements name it."""

    def __init__(self) -> None:
        self.message = WengertList()

    def input(self, name: str, *shape: int, default: npt.ArrayLike | None = None) -> int:
        """Declare the next input; inputs come before statements."""
        declared = Input(name=name, shape=shape)
        if default is not None:
            declared.default_value.CopyFrom(tensor(default))
        self.message.inputs.append(declared)
        return len(self.message.inputs)

    def constant(self, value: float) -> int:
        """Return a scalar constant, which is no statement."""
        self.message.constants.append(value)
        return -len(self.message.constants)

    def array(self, values: npt.ArrayLike) -> int:
        """Return an array constant."""
        self.message.tensors.append(tensor(values))
        return self.add("CONSTANT", parameters=[len(self.message.tensors)])

    def add(self, name: str, *arguments: int, parameters: Sequence[int] = ()) -> int:
        """Append a statement and return the variable it defines."""
        self.message.primitives.append(Primitive.Value(f"PRIMITIVE_{name}"))
        self.message.arguments.extend(arguments)
        self.message.parameters.extend(parameters)
        return len(self.message.inputs) + len(self.message.primitives)

    def sum(self, argument: int, *axes: int, keep: int = 0) -> int:
        """Return the sum over some axes."""
        return self.add("SUM", argument, parameters=[keep, len(axes), *axes])

    def output(self, name: str, argument: int) -> None:
        """Name an output."""
        self.message.outputs.append(Output(name=name, argument=argument))


def one_statement(name: str, shapes: Sequence[Sequence[int]], parameters: Sequence[int] = ()) -> WengertList:
    """Return the list of one statement whose arguments are inputs a, b, c of these shapes."""
    writer = ListWriter()
    arguments = [writer.input("abcdefgh"[k], *shape) for k, shape in enumerate(shapes)]
    writer.output("w", writer.add(name, *arguments, parameters=parameters))
    return writer.message

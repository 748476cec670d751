"""A function as solvers see it: of one vector x, all else at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client._signature import as_floats, names, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wengert_client._asking import Named
    from wengert_client._function import Function
    from wengert_client._preparation import Names
    from wengert_client._results import Floats, InputInfo

__all__ = ["LastPoint", "Variables", "selected", "size_of"]


class Variables:
    """Which inputs of a function make x, and what the others are.

    Parameters
    ----------
    function
        The function.
    with_respect_to
        Names of the inputs that make x, in this order. None: all that are neither shared, nor arguments, nor have a
        default; or all that have one, where no other is left.
    shared
        Values of other inputs, by name.
    arguments
        Names of inputs that every call gives, in this order.

    Attributes
    ----------
    chosen
        Names of the inputs that make x.
    size
        Number of elements of x.
    """

    def __init__(
        self,
        function: Function,
        with_respect_to: Names | None,
        shared: Named | None,
        arguments: Names | None,
    ) -> None:
        self.function = function
        self._arguments = names(arguments)
        inputs = {each.name: each for each in function.held.signature.inputs}
        self._shared = {name: as_floats(value, name).copy() for name, value in function.arrays_of(shared or {}).items()}
        for name in (*self._shared, *self._arguments, *names(with_respect_to)):
            if name not in inputs:
                refuse("UNKNOWN_NAME", "inputs", f"the function has no input {name}; its inputs: {', '.join(inputs)}")
        self.chosen = self._choose(inputs, names(with_respect_to))
        self._infos = [inputs[name] for name in self.chosen]
        self.size = sum(each.size for each in self._infos)
        for name, each in inputs.items():
            if name in self.chosen or name in self._shared or name in self._arguments:
                continue
            if each.default is None:
                refuse(
                    "INVALID_POINTS", "inputs", f"input {name} is not in x, not shared, no argument: it has no value"
                )
            self._shared[name] = each.default
        self._in_order = self.chosen == [name for name in inputs if name in self.chosen]

    def _choose(self, inputs: dict[str, InputInfo], wanted: list[str]) -> list[str]:
        given = {*self._shared, *self._arguments}
        for name in wanted:
            if name in given:
                refuse("INVALID_NAME", "with_respect_to", f"input {name} is in x, and is shared or an argument as well")
        free = [name for name in inputs if name not in given]
        chosen = wanted or [name for name in free if inputs[name].default is None] or free
        if not chosen:
            refuse("INVALID_POINTS", "with_respect_to", "there is no input left to make x of")
        return chosen

    def vector(self, x: Any) -> Floats:
        """Give x as float64 of shape (n,), in an array of its own; anything of another size is refused."""
        array = np.array(as_floats(x, "x"), order="C").reshape(-1)
        if array.size != self.size:
            listed = ", ".join(f"{each.name} {each.shape}" for each in self._infos)
            refuse("INVALID_POINTS", "points", f"x has {array.size} numbers; expected are {self.size}: {listed}")
        return array

    def columns(self, x: Any) -> Floats | None:
        """Give the points (K, n) that are the columns of x, or None where it is one point."""
        array = as_floats(x, "x")
        return np.ascontiguousarray(array.T) if array.ndim == 2 and array.shape[0] == self.size else None

    def points(self, x: Floats) -> Floats | dict[str, Floats]:
        """Give x, (n,) or (K, n), as the calls of the function take it."""
        return x if self._in_order else self.by_name(x)

    def by_name(self, x: Floats) -> dict[str, Floats]:
        """Give the inputs that x is made of."""
        parts, at = {}, 0
        for each in self._infos:
            parts[each.name] = x[..., at : at + each.size].reshape(x.shape[:-1] + each.shape)
            at += each.size
        return parts

    def others(self, args: Sequence[Any]) -> dict[str, Any]:
        """Give all inputs that are not in x, the arguments of a call among them."""
        if len(args) != len(self._arguments):
            told = f"arguments={self._arguments} takes as many arguments beside x, and there are {len(args)}"
            raise TypeError(told)
        return {**self._shared, **dict(zip(self._arguments, args, strict=True))}


class Known:
    """What is known at a point."""

    __slots__ = ("derivative", "hessian", "key", "used", "value")

    def __init__(self, key: tuple[bytes, ...]) -> None:
        self.key = key
        self.value: Any = None
        self.derivative: Any = None
        self.hessian: Any = None
        self.used = False


class LastPoint:
    """What is known at the point asked for last, and whether f and its derivative are worth one call.

    Solvers ask for f and for its derivative one after the other, mostly at the same point. Both come from one call
    until derivatives have come in vain, `patience` times in a row; and again from when one was asked for.
    """

    def __init__(self, patience: int) -> None:
        self._known = Known(())
        self._patience = patience
        self._in_vain = 0

    def at(self, x: Floats, args: Sequence[Any]) -> Known:
        """Give what is known at x: the very same bits, with the very same arguments."""
        key = (x.tobytes(), *(np.asarray(each).tobytes() for each in args))
        known = self._known
        if known.key != key:
            if known.derivative is not None and not known.used:
                self._in_vain += 1
            known = self._known = Known(key)
        return known

    @property
    def together(self) -> bool:
        """Whether f is to be asked for with its derivative."""
        return self._in_vain < self._patience

    def use(self, known: Known) -> None:
        """Remember that a derivative was asked for."""
        known.used = True
        self._in_vain = 0


def selected(function: Function, outputs: Names | None) -> list[str]:
    """Give the outputs by name, all where none are named."""
    known = [each.name for each in function.info.outputs]
    for name in names(outputs):
        if name not in known:
            refuse("UNKNOWN_NAME", "outputs", f"the function has no output {name}; its outputs: {', '.join(known)}")
    return names(outputs) or known


def size_of(function: Function, outputs: list[str]) -> int:
    """Give how many scalars outputs have together."""
    sizes = {each.name: each.size for each in function.info.outputs}
    return sum(sizes[name] for name in outputs)

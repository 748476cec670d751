"""What JAX's callbacks ask of the service: arrays of NumPy go in and come out, with any axes of points in front."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from wengert_client._function import Function
    from wengert_client._results import Floats, InputInfo

    Answer = Sequence[NDArray[Any]]

__all__ = ["Host"]


class Host:
    """A function of the service, of some of its inputs.

    Parameters
    ----------
    function
        The function.
    inputs
        Those whose arrays the callbacks get, in the list's order.
    shared
        Values of others.
    outputs
        Names of the outputs.
    m
        How many scalars they have.
    """

    def __init__(
        self, function: Function, inputs: Sequence[InputInfo], shared: dict[str, Floats], outputs: list[str], m: int
    ) -> None:
        self._function = function
        self._inputs = inputs
        self._shared = shared
        self._outputs = outputs
        self.m = m

    def size(self, by: Sequence[int]) -> int:
        """Give how many scalars some of the inputs have."""
        return sum(self._inputs[at].size for at in by)

    def values(self, *arrays: Any) -> Answer:
        """Give f."""
        at = _At(self._inputs, arrays)
        values = self._function.value(at.points, shared={**self._shared, **at.shared}, outputs=self._outputs)
        return at.answer(values)

    def first(self, by: Sequence[int]) -> Callable[..., Answer]:
        """Give what gives f and J, by some of the inputs."""

        def run(*arrays: Any) -> Answer:
            at = _At(self._inputs, arrays)
            return at.answer(*self._value_and_jacobian(at, by))

        return run

    def second(self, by: Sequence[int], again: Sequence[int]) -> Callable[..., Answer]:
        """Give what gives f, J by some, J by others, and the derivatives of the former by the others."""
        every = sorted({*by, *again})

        def run(*arrays: Any) -> Answer:
            at = _At(self._inputs, arrays)
            values, jacobian = self._value_and_jacobian(at, every)
            rows, columns = self._places(by, every), self._places(again, every)
            hessians = self._hessians(at, every)[..., rows[:, None], columns]
            return at.answer(values, jacobian[..., rows], jacobian[..., columns], hessians)

        return run

    def _value_and_jacobian(self, at: _At, by: Sequence[int]) -> tuple[Floats, Floats]:
        both = self._function.value_and_jacobian(at.points, shared={**self._shared, **at.shared}, **self._options(by))
        return both.value, both.derivative

    def _hessians(self, at: _At, by: Sequence[int]) -> Floats:
        """Give the second derivatives of each output scalar: (m, n, n), or (K, m, n, n)."""
        options, shared = self._options(by), {**self._shared, **at.shared}
        number = at.number or 1
        # Each point m times, with another output scalar each time: one call.
        points = {name: np.repeat(np.reshape(a, (number, -1)), self.m, axis=0) for name, a in at.points.items()}
        shapes = {each.name: each.shape for each in self._inputs}
        points = {name: a.reshape(-1, *shapes[name]) for name, a in points.items()}
        weights = np.tile(np.eye(self.m), (number, 1))[:, None, :]
        found: Floats = self._function.hessian(points, weights, shared=shared, **options)
        shape = found.shape[1:]
        return found.reshape(self.m, *shape) if at.number is None else found.reshape(number, self.m, *shape)

    def _options(self, by: Sequence[int]) -> dict[str, Any]:
        return {"outputs": self._outputs, "with_respect_to": [self._inputs[at].name for at in by]}

    def _places(self, by: Sequence[int], every: Sequence[int]) -> NDArray[np.intp]:
        """Give where the scalars of some inputs are among those of more."""
        starts = dict(zip(every, np.cumsum([0, *(self._inputs[at].size for at in every)]), strict=False))
        return np.concatenate([starts[at] + np.arange(self._inputs[at].size) for at in by])


class _At:
    """Where to evaluate: arrays with axes of points in front, or without.

    An array that is the same at all points has axes of extent 1 there, and travels once.

    Attributes
    ----------
    points, shared
        By name, for a call.
    number
        K; None where there is one point and no axis for it.
    """

    def __init__(self, inputs: Sequence[InputInfo], arrays: Sequence[Any]) -> None:
        given = [np.asarray(each) for each in arrays]
        self._kind = given[0].dtype
        leads = [a.shape[: a.ndim - len(each.shape)] for a, each in zip(given, inputs, strict=True)]
        self._lead = np.broadcast_shapes(*leads)
        count = math.prod(self._lead)
        self.number = count if self._lead else None
        self.points: dict[str, Any] = {}
        self.shared: dict[str, Any] = {}
        for each, array, lead in zip(inputs, given, leads, strict=True):
            floats = np.asarray(array, dtype=np.float64)
            if not self._lead:
                self.points[each.name] = floats
            elif math.prod(lead) == 1 and count != 1:
                self.shared[each.name] = floats.reshape(each.shape)
            else:
                self.points[each.name] = np.broadcast_to(floats, self._lead + each.shape).reshape(-1, *each.shape)

    def answer(self, *arrays: Floats) -> Answer:
        """Give results in the type and with the axes that were given."""
        if not self._lead:
            return tuple(np.asarray(each, dtype=self._kind) for each in arrays)
        return tuple(np.asarray(each.reshape(self._lead + each.shape[1:]), dtype=self._kind) for each in arrays)

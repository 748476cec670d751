"""CasADi: the same statements as expressions of SX, run by its virtual machine through preallocated buffers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import casadi
import numpy as np

from adengine import WengertList
from adengine.primitives import BY_NAME, BY_NUMBER
from benchmarks.peers.ours import received
from benchmarks.peers.system import Answer, Ask, Floats, Integers, Question, System, Task

# It tells of changes to come in how NumPy's functions treat its matrices; none is used so here.
warnings.filterwarnings("ignore", message="\\s*casadi: a numpy function", category=FutureWarning)

Expressions = Any
"""A NumPy array of objects: SX scalars."""

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ADD": lambda a, b: a + b,
    "SUBTRACT": lambda a, b: a - b,
    "MULTIPLY": lambda a, b: a * b,
    "DIVIDE": lambda a, b: a / b,
    "POWER": casadi.power,
    "NEGATE": lambda a: -a,
    "SQUARE": lambda a: a**2,
    "RECIPROCAL": lambda a: 1 / a,
    "SQRT": casadi.sqrt,
    "EXP": casadi.exp,
    "LOG": casadi.log,
    "SIN": casadi.sin,
    "COS": casadi.cos,
    "TANH": casadi.tanh,
}
_ELEMENTWISE = {name: np.frompyfunc(call, BY_NAME[name].arity, 1) for name, call in _FUNCTIONS.items()}


class CasadiSX(System):
    """CasADi given our list, statement by statement."""

    name = "CasADi SX VM"

    def __init__(self, question: Question) -> None:
        self._question = question
        function = received(question.given.message)
        self._x = casadi.SX.sym("x", len(question.x))
        self._f = expressions(function, self._x, question.given.shared)

    def ask(self, task: Task) -> Ask | None:
        """Differentiate, and make it callable."""
        return self.made(task).call()

    def made(self, task: Task) -> Made:
        """The function that answers a task."""
        return differentiated(casadi.SX, self._x, self._f, self._question, task)


@dataclass(frozen=True)
class Made:
    """A function of CasADi, and what it is called with.

    Attributes
    ----------
    function : casadi.Function
    inputs : tuple of float64 arrays
    rows : int or None
        As for :func:`buffered`.
    """

    function: Any
    inputs: tuple[Floats, ...]
    rows: int | None = None

    def call(self, function: Any = None) -> Ask:
        """Call it, or another function that does the same."""
        return buffered(self.function if function is None else function, *self.inputs, rows=self.rows)


def differentiated(symbols: Any, x: Any, f: Any, question: Question, task: Task) -> Made:
    """Differentiate an expression f of x as a task wants it."""
    seed = question.seed(task)
    if task is Task.F:
        return Made(casadi.Function("f", [x], [casadi.densify(f)]), (question.x,))
    if task is Task.SPARSE:
        # Column by column is row by row of the transpose.
        return Made(casadi.Function("f", [x], [casadi.densify(f), casadi.jacobian(f, x).T]), (question.x,))
    if task is Task.HESSIAN:
        return _hessian(symbols, x, f, question)
    if seed is None:
        jacobian = casadi.densify(casadi.jacobian(f, x))
        return Made(casadi.Function("f", [x], [casadi.densify(f), jacobian.T]), (question.x,), f.numel())
    directions = symbols.sym("u", seed.shape[-1], seed.size // seed.shape[-1])
    product = casadi.densify(casadi.jtimes(f, x, directions, task is Task.VJP))
    function = casadi.Function("f", [x, directions], [casadi.densify(f), product])
    return Made(function, (question.x, seed), None if seed.ndim == 1 else len(seed))


def _hessian(symbols: Any, x: Any, f: Any, question: Question) -> Made:
    """f, the gradient and the Hessian of its weighted sum; without weights where there is one output."""
    weights = symbols.sym("v", f.numel())
    hessian, gradient = casadi.hessian(f if f.numel() == 1 else casadi.dot(weights, f), x)
    results = [casadi.densify(f), casadi.densify(gradient), hessian]
    if f.numel() == 1:
        return Made(casadi.Function("f", [x], results), (question.x,))
    return Made(casadi.Function("f", [x, weights], results), (question.x, question.v))


def buffered(function: Any, *inputs: Any, rows: int | None = None) -> Ask:
    """Call a function through its buffers, its fastest way from Python; inputs and outputs are copied.

    Second outputs are matrices of so many rows, stored as CasADi's columns; None: vectors.
    """
    buffer, run = function.buffer()
    given: list[Floats] = [np.zeros(function.nnz_in(place)) for place in range(function.n_in())]
    taken: list[Floats] = [np.zeros(function.nnz_out(place)) for place in range(function.n_out())]
    for place, array in enumerate(given):
        buffer.set_arg(place, array.data)
    for place, array in enumerate(taken):
        buffer.set_res(place, array.data)
    flat = [np.ravel(each) for each in inputs]
    shapes = [(-1,)] + [(-1,) if rows is None else (rows, -1)] * (len(taken) - 1)

    # The buffer goes with the call: `run` only borrows it.
    def answer(_kept: Any = buffer) -> Answer:
        for to, array in zip(given, flat, strict=True):
            to[:] = array
        run()
        return tuple(array.copy().reshape(shape) for array, shape in zip(taken, shapes, strict=True))

    return answer


def expressions(function: WengertList, x: Any, shared: Mapping[str, Floats]) -> Any:
    """The outputs of a list as one column of expressions of x, statement by statement."""
    variables: list[Expressions] = []
    taken = 0
    for value in function.inputs:
        if value.name in shared:
            variables.append(np.asarray(shared[value.name], object))
            continue
        size = math.prod(value.shape)
        variables.append(_objects([x[taken + place] for place in range(size)]).reshape(value.shape))
        taken += size
    starts = [*function.checked.argument_start, len(function.arguments)]
    for k, number in enumerate(function.primitives):
        arguments = [
            _argument(function, variables, int(each)) for each in function.arguments[starts[k] : starts[k + 1]]
        ]
        parameters = function.parameters[function.checked.parameter_start[k] :]
        variables.append(_statement(BY_NUMBER[int(number)].name, arguments, parameters, function))
    outputs = [_argument(function, variables, output.argument) for output in function.outputs]
    return casadi.vertcat(*(each for output in outputs for each in output.ravel()))


def _argument(function: WengertList, variables: Sequence[Expressions], number: int) -> Expressions:
    return variables[number - 1] if number > 0 else np.asarray(float(function.constants[-number - 1]), object)


def _objects(elements: Sequence[Any]) -> Expressions:
    """An array of objects, which NumPy is kept from taking apart."""
    array = np.empty(len(elements), object)
    for place, element in enumerate(elements):
        array[place] = element
    return array


def _statement(name: str, values: Sequence[Expressions], parameters: Integers, function: WengertList) -> Expressions:
    """One statement over arrays of expressions; its parameters are the first of those given."""
    if name in _ELEMENTWISE:
        return _array(_ELEMENTWISE[name](*values))
    if name == "CONSTANT":
        return np.asarray(function.tensors[int(parameters[0]) - 1], object)
    return _array(_STRUCTURAL[name](values, parameters))


def _array(result: Any) -> Expressions:
    """Undo what NumPy does to arrays without axes: it gives their element."""
    return result if isinstance(result, np.ndarray) else _objects([result]).reshape(())


def _slice(values: Sequence[Expressions], parameters: Integers) -> Expressions:
    rank = parameters[0]
    triples = [parameters[1 + 3 * axis : 4 + 3 * axis] for axis in range(rank)]
    return values[0][np.ix_(*(range(start, start + count * step, step) for start, count, step in triples))]


def _gather(values: Sequence[Expressions], parameters: Integers) -> Expressions:
    axis, rank = parameters[:2]
    shape = tuple(parameters[2 : 2 + rank].tolist())
    indices = parameters[2 + rank : 2 + rank + math.prod(shape)].reshape(shape)
    return np.take(values[0], indices, axis)


def _sum(values: Sequence[Expressions], parameters: Integers) -> Expressions:
    keep, count = parameters[:2]
    return np.sum(values[0], axis=tuple(parameters[2 : 2 + count]), keepdims=bool(keep))


_STRUCTURAL: dict[str, Callable[[Sequence[Expressions], Integers], Expressions]] = {
    "SLICE": _slice,
    "GATHER": _gather,
    "SUM": _sum,
    "RESHAPE": lambda values, given: values[0].reshape(given[1 : 1 + given[0]]),
    "BROADCAST": lambda values, given: np.broadcast_to(values[0], given[1 : 1 + given[0]]),
    "TRANSPOSE": lambda values, given: values[0].transpose(given[1 : 1 + given[0]]),
    "CONCATENATE": lambda values, given: np.concatenate(values, axis=given[0]),
}

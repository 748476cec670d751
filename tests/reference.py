"""A naive interpreter of Wengert lists: slow, obvious, with many digits and both modes.

It takes the wire's message and plain loops over single numbers: every statement gives its value
and the entries of its own Jacobian, forward mode pushes tangents along the entries, reverse mode
pulls adjoints back. It shares no code with what it checks, only the contract's messages.
"""

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.reference_arrays import ARRAYWISE, Array, ArrayResult, Entry, array, numbering
from tests.reference_numbers import ONE, ZERO, Real, safe_product
from tests.reference_rules import ELEMENTWISE, SMOOTH, STEPS
from wengert.v1.primitive_pb2 import Primitive
from wengert.v1.tensor_pb2 import Tensor
from wengert.v1.wengert_list_pb2 import WengertList

Floats = npt.NDArray[np.float64]

_UNARY = {*SMOOTH, *STEPS, "NEGATE", "RECIPROCAL", "SQUARE", "INTEGER_POWER", "ABS", "NOT"}
_UNARY |= {"LGAMMA", "POLYGAMMA", "SIGMOID", "SOFTPLUS", "POSITIVE_RECIPROCAL"}
_TERNARY = {"FMA", "SELECT"}
_REDUCTIONS = {"SUM", "PROD", "MAX", "MIN", "LOGSUMEXP"}
_ONE_ARRAY = {*_REDUCTIONS, "RESHAPE", "BROADCAST", "TRANSPOSE", "SLICE", "GATHER"}


@dataclass
class Trace:
    """All variables of one run: w_1 ... as object arrays, and how each depends on earlier ones."""

    message: WengertList
    variables: list[Array]
    # per statement: its arguments, and the entries of its Jacobian
    arguments: list[list[int]] = field(default_factory=list)
    entries: list[list[Entry]] = field(default_factory=list)

    def operand(self, argument: int) -> Array:
        """Return w_k for k > 0, a scalar constant for k < 0."""
        if argument > 0:
            return self.variables[argument - 1]
        return array([Real(self.message.constants[-argument - 1])], ())

    def outputs(self, names: Sequence[str] = ()) -> Array:
        """Return the outputs chosen (none named: all), flattened one after another."""
        parts = [self.operand(k) for k in output_arguments(self.message, names)]
        values = [value for part in parts for value in part.ravel()]
        return array(values, (len(values),))


def _arity(name: str, parameters: Sequence[int]) -> int:
    if name == "CONSTANT":
        return 0
    if name == "CONCATENATE":
        return parameters[1]
    if name in _UNARY or name in _ONE_ARRAY:
        return 1
    return 3 if name in _TERNARY else 2


def _parameter_count(name: str, rest: Sequence[int]) -> int:
    """Return how many parameters a statement takes from the front of what is left."""
    if name in {"CONSTANT", "INTEGER_POWER", "POLYGAMMA"}:
        return 1
    if name in {"RESHAPE", "BROADCAST", "TRANSPOSE"}:
        return 1 + rest[0]
    if name == "SLICE":
        return 1 + 3 * rest[0]
    if name == "CONCATENATE":
        return 2
    if name in {"GATHER", "SCATTER_ADD"}:
        return 2 + rest[1] + math.prod(rest[2 : 2 + rest[1]])
    return 2 + rest[1] if name in _REDUCTIONS else 0


def _elementwise(name: str, args: Sequence[Array], parameters: Sequence[int]) -> ArrayResult:
    shape = np.broadcast_shapes(*(arg.shape for arg in args))
    elements = [np.broadcast_to(numbering(arg.shape), shape).ravel() for arg in args]
    flat = [arg.ravel() for arg in args]
    values: list[Real] = []
    entries: list[Entry] = []
    for r in range(math.prod(shape)):
        at = [int(e[r]) for e in elements]
        operands = [f[i] for f, i in zip(flat, at, strict=True)]
        value, partials = ELEMENTWISE[name](operands, parameters)
        values.append(value)
        # A truth value or a step has no slope; a branch not taken gives no entry at all.
        entries += [(r, k, i, p) for k, (i, p) in enumerate(zip(at, partials, strict=True))]
    return array(values, shape), entries


def _constant(message: WengertList, number: int) -> Array:
    tensor = message.tensors[number - 1]
    return array([Real(value) for value in tensor.values], tensor.shape)


def _settled(values: Array) -> Array:
    return array([value.settled() for value in values.ravel()], values.shape)


def run(message: WengertList, inputs: Mapping[str, npt.ArrayLike]) -> Trace:
    """Run a list at one point, given by the inputs' names, as floats or as Real numbers."""
    given = [np.asarray(inputs[i.name]).reshape(tuple(i.shape)) for i in message.inputs]
    trace = Trace(message, [array([x if isinstance(x, Real) else Real(x) for x in v.ravel()], v.shape) for v in given])
    arguments, parameters = list(message.arguments), list(message.parameters)
    for number in message.primitives:
        name = Primitive.Name(number).removeprefix("PRIMITIVE_")
        count = _parameter_count(name, parameters)
        own, parameters = parameters[:count], parameters[count:]
        arity = _arity(name, own)
        named, arguments = arguments[:arity], arguments[arity:]
        operands = [trace.operand(k) for k in named]
        if name == "CONSTANT":
            value, entries = _constant(message, own[0]), list[Entry]()
        elif name in ARRAYWISE:
            value, entries = ARRAYWISE[name](operands, own)
        else:
            value, entries = _elementwise(name, operands, own)
        trace.variables.append(_settled(value))
        trace.arguments.append(named)
        trace.entries.append([(r, named[k], i, p.settled()) for r, k, i, p in entries])
    return trace


def output_arguments(message: WengertList, names: Sequence[str] = ()) -> list[int]:
    """Return the argument each chosen output names."""
    by_name = {output.name: output.argument for output in message.outputs}
    return [by_name[name] for name in names] if names else [o.argument for o in message.outputs]


def _zeros(trace: Trace) -> list[list[Real]]:
    return [[ZERO] * variable.size for variable in trace.variables]


def jvp(trace: Trace, tangents: Mapping[str, Sequence[Real]], outputs: Sequence[str] = ()) -> list[Real]:
    """Return J u by forward mode: the tangent of every output, flattened."""
    dots = _zeros(trace)
    first = len(trace.message.inputs)
    for k, declared in enumerate(trace.message.inputs):
        dots[k] = list(tangents.get(declared.name, dots[k]))
    for k, entries in enumerate(trace.entries):
        dot = dots[first + k]
        for r, argument, i, partial in entries:
            if argument > 0:
                dot[r] = dot[r] + safe_product(partial, dots[argument - 1][i])
        dots[first + k] = [value.settled() for value in dot]
    chosen = output_arguments(trace.message, outputs)
    return [v for k in chosen for v in (dots[k - 1] if k > 0 else [ZERO])]


def vjp(trace: Trace, cotangents: Sequence[Real], outputs: Sequence[str] = ()) -> dict[str, list[Real]]:
    """Return J^T v by reverse mode: the adjoint of every input, by name."""
    bars = _zeros(trace)
    left = list(cotangents)
    for k in output_arguments(trace.message, outputs):
        size = len(bars[k - 1]) if k > 0 else 1
        seed, left = left[:size], left[size:]
        if k > 0:
            bars[k - 1] = [a + b for a, b in zip(bars[k - 1], seed, strict=True)]
    first = len(trace.message.inputs)
    for k in reversed(range(len(trace.entries))):
        bar = [value.settled() for value in bars[first + k]]
        for r, argument, i, partial in trace.entries[k]:
            if argument > 0:
                target = bars[argument - 1]
                target[i] = target[i] + safe_product(partial, bar[r])
    return {declared.name: bars[k] for k, declared in enumerate(trace.message.inputs)}


def _unit(size: int, at: int) -> list[Real]:
    return [ONE if i == at else ZERO for i in range(size)]


def jacobian(
    trace: Trace,
    with_respect_to: Sequence[str] = (),
    outputs: Sequence[str] = (),
    *,
    forward: bool = True,
) -> Array:
    """Return J[i, j] = d f_i / d x_j of shape (m, n_w), column by column or row by row."""
    sizes = {i.name: math.prod(i.shape) for i in trace.message.inputs}
    chosen = list(with_respect_to) or list(sizes)
    m = trace.outputs(outputs).size
    if forward:
        columns = [jvp(trace, {name: _unit(sizes[name], j)}, outputs) for name in chosen for j in range(sizes[name])]
        entries = [column[i] for i in range(m) for column in columns]
        return array(entries, (m, len(columns)))
    rows = [vjp(trace, _unit(m, i), outputs) for i in range(m)]
    entries = [value for row in rows for name in chosen for value in row[name]]
    return array(entries, (m, sum(sizes[name] for name in chosen)))


def floats(values: Array) -> Floats:
    """Return an array of Real numbers, each rounded to the nearest float64."""
    flat = [float(value.settled()) for value in values.ravel()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)


# ---------------------------------------------------------------------------------------- the id


def _counted(items: Sequence[bytes]) -> bytes:
    return struct.pack("<Q", len(items)) + b"".join(items)


def _float64(value: float) -> bytes:
    return struct.pack("<Q", 0x7FF8000000000000) if math.isnan(value) else struct.pack("<d", value)


def _name(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _shape(extents: Sequence[int]) -> bytes:
    return _counted([struct.pack("<Q", extent) for extent in extents])


def _tensor(tensor: Tensor) -> bytes:
    return _shape(tensor.shape) + b"".join(_float64(value) for value in tensor.values)


def _input(declared: Any) -> bytes:
    default = b"\0" * 8
    if declared.HasField("default_value"):
        default = struct.pack("<Q", 1) + _tensor(declared.default_value)
    return _name(declared.name) + _shape(declared.shape) + default


def canonical_bytes(message: WengertList) -> bytes:
    """Return the bytes that a function's id is the SHA-256 of."""
    columns = [
        [_input(declared) for declared in message.inputs],
        [struct.pack("<I", primitive) for primitive in message.primitives],
        [struct.pack("<i", argument) for argument in message.arguments],
        [_float64(constant) for constant in message.constants],
        [_tensor(tensor) for tensor in message.tensors],
        [struct.pack("<q", parameter) for parameter in message.parameters],
        [_name(output.name) + struct.pack("<i", output.argument) for output in message.outputs],
        [canonical_bytes(body) for body in message.bodies],
    ]
    return b"wengert list 1\n" + b"".join(_counted(column) for column in columns)


def function_id(message: WengertList) -> str:
    """Return the id of a list: 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(message)).hexdigest()

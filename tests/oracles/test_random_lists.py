"""Random lists: forward and reverse agree, both agree with the reference, products are dual."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import reference
from tests.oracles.asking import agree, check_duality, value_and_jacobian
from tests.wire_lists import ListWriter
from wengert.v1 import WengertList

# Of bounded slope for bounded arguments, so that rounding is not amplified along a random list.
UNARY = [
    "SIN",
    "COS",
    "TANH",
    "ATAN",
    "SIGMOID",
    "SOFTPLUS",
    "ERF",
    "ABS",
    "NEGATE",
    "ASINH",
    "CBRT_SAFE",
    "EXP_SAFE",
    "LOG_SAFE",
]
BINARY = [
    "ADD",
    "SUBTRACT",
    "MULTIPLY",
    "MAXIMUM",
    "MINIMUM",
    "HYPOT",
    "LOGADDEXP",
    "ATAN2",
    "DIVIDE_SAFE",
    "POWER_SAFE",
    "LESS",
]
CONSTANTS = [-1.5, 0.0, 0.25, 1.0, 3.0]

POINT = st.floats(-3, 3, allow_nan=False).map(lambda x: round(x, 3) + 0.0005)

QUICK = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def _positive(f: ListWriter, a: int) -> int:
    """Return 1 + tanh(a)^2: between 1 and 2."""
    return f.add("ADD", f.constant(1.0), f.add("SQUARE", f.add("TANH", a)))


def _unary(f: ListWriter, name: str, a: int) -> int:
    bounded = {"CBRT_SAFE": "CBRT", "LOG_SAFE": "LOG"}
    if name in bounded:
        return f.add(bounded[name], _positive(f, a))
    return f.add("EXP", f.add("SIN", a)) if name == "EXP_SAFE" else f.add(name, a)


def _binary(f: ListWriter, name: str, a: int, b: int) -> int:
    if name == "DIVIDE_SAFE":
        return f.add("DIVIDE", a, _positive(f, b))
    if name == "POWER_SAFE":
        return f.add("POWER", _positive(f, a), f.add("TANH", b))
    if name == "MULTIPLY":
        return f.add("MULTIPLY", f.add("SIN", a), b)
    return f.add(name, a, b)


@st.composite
def scalar_lists(draw: st.DrawFn) -> WengertList:
    """Return a list of scalars with fan-out, dead statements, constants and selections."""
    f = ListWriter()
    known = [f.input(f"x{i}") for i in range(draw(st.integers(1, 4)))]
    known += [f.constant(c) for c in CONSTANTS]
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from([*UNARY, *BINARY, "SELECT", "FMA"]), st.randoms(use_true_random=False)),
            min_size=1,
            max_size=14,
        )
    )
    for name, random in steps:
        a, b, c = (random.choice(known) for _ in range(3))
        if name in UNARY:
            known.append(_unary(f, name, a))
        elif name in BINARY:
            known.append(_binary(f, name, a, b))
        elif name == "SELECT":
            known.append(f.add("SELECT", f.add("LESS", a, b), b, c))
        else:
            known.append(f.add("FMA", f.add("COS", a), b, c))
    for i, argument in enumerate(known[-draw(st.integers(1, 4)) :]):
        f.output(f"y{i}", argument)
    return f.message


SHAPES = [(), (3,), (2, 1), (1, 3), (2, 3), (3, 2)]


def _restructured(f: ListWriter, name: str, a: int, shape: tuple[int, ...], random: Any) -> tuple[int, tuple[int, ...]]:
    """Append a statement of the shape or reduction groups."""
    axis = random.randrange(len(shape))
    size = shape[axis]
    without = shape[:axis] + shape[axis + 1 :]
    if name == "TRANSPOSE":
        return f.add(name, a, parameters=[len(shape), *reversed(range(len(shape)))]), shape[::-1]
    if name == "GATHER":
        indices = [random.randrange(size) for _ in range(random.randrange(1, 4))]
        result = (*shape[:axis], len(indices), *shape[axis + 1 :])
        return f.add(name, a, parameters=[axis, 1, len(indices), *indices]), result
    if name == "SLICE":
        triples = [(extent - 1, extent, -1) if k == axis else (0, extent, 1) for k, extent in enumerate(shape)]
        return f.add(name, a, parameters=[len(shape), *[p for triple in triples for p in triple]]), shape
    if name == "CONCATENATE":
        return f.add(name, a, a, parameters=[axis, 2]), (*shape[:axis], 2 * size, *shape[axis + 1 :])
    if name == "SCATTER_ADD":
        indices = [random.randrange(size) for _ in range(size)]
        return f.add(name, a, f.add("SIN", a), parameters=[axis, 1, size, *indices]), shape
    return f.add(name, a, parameters=[0, 1, axis]), without


RESTRUCTURING = ["TRANSPOSE", "GATHER", "SLICE", "CONCATENATE", "SCATTER_ADD", "SUM", "PROD", "MAX", "MIN", "LOGSUMEXP"]


def _broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(x == y or 1 in (x, y) for x, y in zip(a[::-1], b[::-1], strict=False))


def _combined(
    f: ListWriter, name: str, known: list[tuple[int, tuple[int, ...]]], random: Any
) -> tuple[int, tuple[int, ...]]:
    """Append an elementwise statement of two variables that broadcast, or a matrix product."""
    a, shape = random.choice(known)
    products = [(b, s) for b, s in known if shape and s and shape[-1] == s[0]]
    if name == "MATMUL" and products:
        b, other = random.choice(products)
        return f.add("MATMUL", f.add("SIN", a), b), shape[:-1] + other[1:]
    b, other = random.choice([(b, s) for b, s in known if _broadcasts(shape, s)])
    return _binary(f, "ADD" if name == "MATMUL" else name, a, b), np.broadcast_shapes(shape, other)


@st.composite
def array_lists(draw: st.DrawFn) -> tuple[WengertList, int]:
    """Return a list of small arrays, and n."""
    f = ListWriter()
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    known = [(f.input(f"x{i}", *shape), shape) for i, shape in enumerate(shapes)]
    n = sum(int(np.prod(shape, dtype=int)) for shape in shapes)
    known.append((f.array([[0.5, -1.0, 2.0]]), (1, 3)))
    for _ in range(draw(st.integers(1, 7))):
        random = draw(st.randoms(use_true_random=False))
        name = draw(st.sampled_from([*UNARY[:8], *BINARY, "MATMUL", *RESTRUCTURING]))
        a, shape = random.choice(known)
        if name in RESTRUCTURING and shape:
            known.append(_restructured(f, name, a, shape, random))
        elif name in UNARY:
            known.append((_unary(f, name, a), shape))
        else:
            known.append(_combined(f, name if name not in RESTRUCTURING else "ADD", known, random))
    for i, (argument, _shape) in enumerate(known[-2:]):
        f.output(f"y{i}", argument)
    return f.message, n


def _check(message: WengertList, point: list[float]) -> None:
    values, jacobian = value_and_jacobian(message, point, relative=1e-11, floor=1.0)
    at, inputs = 0, {}
    for declared in message.inputs:
        size = int(np.prod(tuple(declared.shape), dtype=int))
        inputs[declared.name], at = np.array(point[at : at + size]), at + size
    trace = reference.run(message, inputs)
    agree(values, reference.floats(trace.outputs()), 1e-11, "values", floor=1.0)
    agree(jacobian, reference.floats(reference.jacobian(trace)), 1e-11, "Jacobian", floor=1.0)
    check_duality(message, point, relative=1e-10, floor=1.0)


@QUICK
@given(scalar_lists(), st.lists(POINT, min_size=4, max_size=4))
def test_scalar_lists(message: WengertList, point: list[float]) -> None:
    _check(message, point[: len(message.inputs)])


@QUICK
@given(array_lists(), st.lists(POINT, min_size=18, max_size=18))
def test_array_lists(made: tuple[WengertList, int], point: list[float]) -> None:
    message, n = made
    _check(message, point[:n])

"""Elementwise primitives broadcast as NumPy does, and their adjoints sum what was repeated."""

import math
from collections.abc import Sequence

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import ListWriter, one_statement

ABOUT = "Broadcasting between scalars, constants and arrays: values, and sums in the adjoint."

PAIRS: list[tuple[Sequence[int], Sequence[int]]] = [
    ((), (3,)),
    ((3,), ()),
    ((1,), (3,)),
    ((2, 1), (1, 3)),
    ((3,), (2, 3)),
    ((2, 3), (2, 1)),
    ((2, 1, 2), (3, 1)),
    ((1, 1), ()),
    ((2, 2), (2, 2)),
]


def _values(count: int) -> list[float]:
    return [round(0.5 + ((5 * i + 2) % 7) / 8, 4) for i in range(count)]


def _pair(name: str, shapes: tuple[Sequence[int], Sequence[int]]) -> Case:
    count = sum(math.prod(shape) for shape in shapes)
    spelled = "-".join("x".join(map(str, shape)) or "scalar" for shape in shapes)
    call = Call(one_statement(name, shapes), _values(count))
    label = f"{name.lower()}/{spelled}"
    return expect.jacobian(label, f"{name} of {spelled.replace('-', ' and ')}", call)


def _ternary() -> list[Case]:
    return [
        expect.jacobian(
            f"{name.lower()}/three-shapes",
            f"{name} of (2, 1), (3,) and a scalar",
            Call(one_statement(name, [(2, 1), (3,), ()]), _values(6)),
        )
        for name in ("FMA", "SELECT")
    ]


def _constants() -> list[Case]:
    f = ListWriter()
    x = f.input("x", 2, 2)
    row = f.array([1.0, -2.0])
    f.output("row", f.add("MULTIPLY", x, row))
    f.output("scalar", f.add("SUBTRACT", f.constant(1.5), x))
    f.output("column", f.add("DIVIDE", x, f.array([[2.0], [4.0]])))
    f.output("only_constants", f.add("ADD", f.constant(1.0), row))
    return [expect.jacobian("constants", "constants broadcast too", Call(f.message, _values(4)))]


def _fan_out() -> list[Case]:
    f = ListWriter()
    s, x = f.input("s"), f.input("x", 3)
    product = f.add("MULTIPLY", s, x)
    f.output("f", f.add("ADD", f.add("SIN", product), f.add("MULTIPLY", product, s)))
    f.output("total", f.sum(product, 0))
    return [expect.jacobian("fan-out", "one scalar used by many elements", Call(f.message, _values(4)))]


def cases() -> list[Case]:
    pairs = [_pair(name, shapes) for name in ("MULTIPLY", "ATAN2") for shapes in PAIRS]
    return [*pairs, _pair("MAXIMUM", ((2, 1), (1, 3))), *_ternary(), *_constants(), *_fan_out()]

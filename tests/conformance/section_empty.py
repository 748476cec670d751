"""n, m, K or p = 0, and arrays without elements: legal, answered with empty arrays."""

import math

import numpy as np

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import ListWriter, one_statement
from wengert.v1 import WengertList

ABOUT = "Nothing is legal: no inputs, no outputs' elements, no points, no directions, empty arrays."


def _product() -> WengertList:
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("MULTIPLY", x, y))
    return f.message


def _constant() -> WengertList:
    f = ListWriter()
    f.output("f", f.add("SIN", f.constant(0.5)))
    return f.message


def _empty_output() -> WengertList:
    f = ListWriter()
    f.output("f", f.add("SLICE", f.input("x", 2), parameters=[1, 2, 0, 1]))
    return f.message


def _whole() -> list[Case]:
    f, c, e = _product(), _constant(), _empty_output()
    result = [
        expect.jacobian("n/one-point", "n = 0: J is (1, 0)", Call(c, [])),
        expect.jacobian("n/absent", "n = 0: points may be absent", Call(c, None)),
        expect.jacobian("n/batch", "n = 0 and K = 3: J is (3, 1, 0)", Call(c, [[], [], []])),
        expect.jvp("n/jvp", "n = 0: the tangent of a constant is 0", Call(c, []), []),
        expect.vjp("n/vjp", "n = 0: an empty cotangent vector", Call(c, []), [1.0]),
        expect.jacobian("m/one-point", "m = 0: J is (0, 2)", Call(e, [1.0, 2.0])),
        expect.jacobian("m/batch", "m = 0 and K = 2", Call(e, [[1.0, 2.0], [3.0, 4.0]])),
        expect.jvp("m/jvp", "m = 0", Call(e, [1.0, 2.0]), [1.0, 1.0]),
        expect.vjp("m/vjp", "m = 0: cotangents of shape (0,) give zeros", Call(e, [1.0, 2.0]), []),
    ]
    shapeless = expect.jvp("n/shapeless", "points and tangents without shape and values are (0,)", Call(c, []), [])
    for name in ("points", "tangents"):
        getattr(shapeless.request, name).ClearField("shape")
    nothing = np.zeros((0, 2))
    return [
        *result,
        shapeless,
        expect.evaluate("K/evaluate", "K = 0: values (0, 1)", Call(f, nothing)),
        expect.jacobian("K/jacobian", "K = 0: J (0, 1, 2)", Call(f, nothing)),
        expect.jvp("K/jvp", "K = 0, one direction for all", Call(f, nothing), [1.0, 2.0]),
        expect.vjp("K/vjp", "K = 0, cotangents (1, 2, 1)", Call(f, nothing), np.ones((1, 2, 1))),
        expect.jvp("p/jvp", "p = 0: tangents (0, 1)", Call(f, [1.0, 2.0]), np.zeros((0, 2))),
        expect.vjp("p/vjp", "p = 0: cotangents (0, 2)", Call(f, [1.0, 2.0]), np.zeros((0, 1))),
        expect.jvp("p/jvp/batch", "p = 0, K = 2", Call(f, [[1.0, 2.0], [3.0, 4.0]]), np.zeros((1, 0, 2))),
        expect.vjp("p/vjp/batch", "p = 0, K = 2", Call(f, [[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 0, 1))),
    ]


def _arrays() -> list[Case]:
    reduced = [("SUM", 0.0), ("PROD", 1.0), ("LOGSUMEXP", -math.inf)]
    result = [
        expect.jacobian(
            f"array/{name.lower()}",
            f"{name} over an empty axis",
            Call(one_statement(name, [(2, 0)], [0, 1, 1]), []),
            values=[value, value],
        )
        for name, value in reduced
    ]
    rows: list[tuple[str, list[tuple[int, ...]], list[int]]] = [
        ("EXP", [(0,)], []),
        ("ADD", [(0, 3), (3,)], []),
        ("ADD", [(0, 1), (1, 3)], []),
        ("MULTIPLY", [(0,), (1,)], []),
        ("RESHAPE", [(0, 3)], [2, 2, 0]),
        ("TRANSPOSE", [(0, 3)], [2, 1, 0]),
        ("BROADCAST", [(1,)], [2, 0, 1]),
        ("SLICE", [(3,)], [1, 3, 0, 1]),
        ("SLICE", [(3,)], [1, 0, 0, -2]),
        ("CONCATENATE", [(0,), (2,), (0,)], [0, 3]),
        ("GATHER", [(3, 2)], [0, 1, 0]),
        ("GATHER", [(0, 2)], [1, 1, 2, 1, 0]),
        ("SCATTER_ADD", [(3,), (0,)], [0, 1, 0]),
        ("MAX", [(0, 3)], [0, 1, 1]),
        ("SUM", [(0,)], [0, 0]),
        ("MATMUL", [(2, 0), (0, 3)], []),
        ("MATMUL", [(0, 2), (2,)], []),
        ("MATMUL", [(0,), (0,)], []),
    ]
    for name, shapes, parameters in rows:
        function = one_statement(name, shapes, parameters)
        n = sum(math.prod(shape) for shape in shapes)
        spelled = "-".join("x".join(map(str, shape)) for shape in shapes)
        label = f"array/{name.lower().replace('_', '-')}/{spelled}"
        label += f"/{'-'.join(map(str, parameters))}" if parameters else ""
        call = Call(function, [0.5 + i for i in range(n)])
        result.append(expect.jacobian(label, f"{name} {parameters} of {shapes}", call))
    return result


def cases() -> list[Case]:
    return [*_whole(), *_arrays()]

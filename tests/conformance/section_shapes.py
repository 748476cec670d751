"""The primitives of arrays: every parameter's meaning, on small arrays with distinct values."""

import math
from collections.abc import Sequence

import numpy as np

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import ListWriter, one_statement

ABOUT = "Array constants, shape, reduction and MATMUL: parameters in full, values and Jacobians."

Shape = tuple[int, ...]
# label, primitive, shapes of the arguments, parameters
Row = tuple[str, str, Sequence[Shape], list[int]]

SHAPE: list[Row] = [
    ("reshape/flatten", "RESHAPE", [(2, 3)], [1, 6]),
    ("reshape/scalar-to-one", "RESHAPE", [()], [2, 1, 1]),
    ("reshape/one-to-scalar", "RESHAPE", [(1, 1)], [0]),
    ("reshape/three-axes", "RESHAPE", [(3, 4)], [3, 2, 3, 2]),
    ("broadcast/scalar", "BROADCAST", [()], [2, 2, 3]),
    ("broadcast/row", "BROADCAST", [(3,)], [2, 2, 3]),
    ("broadcast/column", "BROADCAST", [(2, 1)], [3, 2, 2, 3]),
    ("broadcast/same", "BROADCAST", [(2,)], [1, 2]),
    ("transpose/matrix", "TRANSPOSE", [(2, 3)], [2, 1, 0]),
    ("transpose/three-axes", "TRANSPOSE", [(2, 3, 2)], [3, 2, 0, 1]),
    ("transpose/scalar", "TRANSPOSE", [()], [0]),
    ("slice/middle", "SLICE", [(6,)], [1, 2, 3, 1]),
    ("slice/every-other", "SLICE", [(6,)], [1, 1, 3, 2]),
    ("slice/backwards", "SLICE", [(6,)], [1, 5, 6, -1]),
    ("slice/backwards-by-two", "SLICE", [(6,)], [1, 4, 3, -2]),
    ("slice/one", "SLICE", [(6,)], [1, 5, 1, 7]),
    ("slice/matrix", "SLICE", [(3, 4)], [2, 2, 2, -1, 1, 2, 2]),
    ("concatenate/one", "CONCATENATE", [(3,)], [0, 1]),
    ("concatenate/vectors", "CONCATENATE", [(2,), (1,), (3,)], [0, 3]),
    ("concatenate/columns", "CONCATENATE", [(2, 1), (2, 2)], [1, 2]),
    ("concatenate/rows", "CONCATENATE", [(1, 2), (2, 2)], [0, 2]),
    ("gather/scalar-index", "GATHER", [(4,)], [0, 0, 2]),
    ("gather/repeated", "GATHER", [(4,)], [0, 1, 5, 3, 0, 3, 1, 3]),
    ("gather/table", "GATHER", [(3, 2)], [0, 2, 2, 2, 2, 0, 1, 1]),
    ("gather/columns", "GATHER", [(2, 3)], [1, 1, 4, 2, 2, 0, 1]),
    ("scatter-add/repeated", "SCATTER_ADD", [(4,), (5,)], [0, 1, 5, 3, 0, 3, 1, 3]),
    ("scatter-add/scalar-index", "SCATTER_ADD", [(3,), ()], [0, 0, 1]),
    ("scatter-add/rows", "SCATTER_ADD", [(3, 2), (2, 2)], [0, 1, 2, 2, 2]),
    ("scatter-add/columns", "SCATTER_ADD", [(2, 3), (2, 4)], [1, 1, 4, 2, 2, 0, 1]),
]

REDUCTION: list[Row] = [
    (f"{name.lower()}/{label}", name, [shape], parameters)
    for name in ("SUM", "PROD", "MAX", "MIN", "LOGSUMEXP")
    for label, shape, parameters in (
        ("vector", (4,), [0, 1, 0]),
        ("rows", (2, 3), [0, 1, 1]),
        ("columns-kept", (2, 3), [1, 1, 0]),
        ("everything", (2, 3), [0, 2, 0, 1]),
        ("outer-two-of-three", (2, 2, 2), [0, 2, 0, 2]),
        ("nothing", (3,), [0, 0]),
        ("scalar", (), [0, 0]),
    )
]

MATMUL: list[Row] = [
    ("matmul/matrices", "MATMUL", [(2, 3), (3, 4)], []),
    ("matmul/matrix-vector", "MATMUL", [(2, 3), (3,)], []),
    ("matmul/vector-matrix", "MATMUL", [(3,), (3, 2)], []),
    ("matmul/vectors", "MATMUL", [(3,), (3,)], []),
    ("matmul/ones", "MATMUL", [(1, 1), (1, 1)], []),
    ("matmul/zero-safe", "ZERO_SAFE_MATMUL", [(2, 3), (3, 4)], []),
    ("matmul/zero-safe-vector", "ZERO_SAFE_MATMUL", [(2, 3), (3,)], []),
]


def _values(count: int) -> list[float]:
    """Return distinct numbers in no order, with exact decimal digits."""
    return [round(((7 * i + 3) % 11) / 4 - 1.125 + i / 16, 4) for i in range(count)]


def _row(row: Row) -> Case:
    label, name, shapes, parameters = row
    count = sum(math.prod(shape) for shape in shapes)
    call = Call(one_statement(name, shapes, parameters), _values(count))
    return expect.jacobian(label, f"{name} {parameters} of {list(shapes)}", call)


def _constants() -> list[Case]:
    f = ListWriter()
    x = f.input("x", 3)
    matrix = f.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    scalar = f.array(2.5)
    f.output("f", f.add("MULTIPLY", scalar, f.add("MATMUL", matrix, x)))
    f.output("same", matrix)
    return [expect.jacobian("constant/matrix", "array constants of rank 2 and 0", Call(f.message, [1.0, -1.0, 0.5]))]


def _repeated() -> list[Case]:
    """One variable as all arguments: its partials add up."""
    rows: list[tuple[str, int]] = [
        *[
            (name, 2)
            for name in ("ADD", "SUBTRACT", "MULTIPLY", "DIVIDE", "POWER", "HYPOT", "ATAN2", "MAXIMUM", "XLOGY")
        ],
        *[("LOGADDEXP", 2), ("REMAINDER", 2), ("FMA", 3), ("SELECT", 3)],
    ]
    result = []
    for name, count in rows:
        f = ListWriter()
        x = f.input("x", 2)
        f.output("f", f.add(name, *[x] * count))
        result.append(
            expect.jacobian(f"repeated/{name.lower()}", f"{name} of one variable", Call(f.message, [0.75, 1.5]))
        )
    f = ListWriter()
    x = f.input("x", 2, 2)
    f.output("product", f.add("MATMUL", x, x))
    f.output("beside", f.add("CONCATENATE", x, x, x, parameters=[1, 3]))
    f.output("onto", f.add("SCATTER_ADD", x, x, parameters=[0, 1, 2, 1, 1]))
    return [
        *result,
        expect.jacobian("repeated/arrays", "MATMUL, CONCATENATE, SCATTER_ADD", Call(f.message, _values(4))),
    ]


def _high_rank() -> list[Case]:
    f = ListWriter()
    x = f.input("x", 2, *[1] * 30, 2)
    turned = f.add("TRANSPOSE", x, parameters=[32, *reversed(range(32))])
    f.output("sum", f.add("SUM", turned, parameters=[0, 31, *range(31)]))
    f.output("product", f.add("MULTIPLY", x, turned))
    return [expect.jacobian("rank/thirty-two", "as many axes as there may be", Call(f.message, _values(4)))]


def _network() -> list[Case]:
    """A layer and a loss: shapes, broadcasting, MATMUL and reductions together."""
    f = ListWriter()
    w, b = f.input("weights", 2, 3), f.input("bias", 2)
    samples = f.array(np.array(_values(12)).reshape(4, 3))
    transposed = f.add("TRANSPOSE", w, parameters=[2, 1, 0])
    layer = f.add("TANH", f.add("ADD", f.add("MATMUL", samples, transposed), b))
    f.output("loss", f.sum(f.add("SQUARE", layer), 0, 1))
    f.output("mean", f.add("DIVIDE", f.sum(layer, 0), f.constant(4.0)))
    return [expect.jacobian("network/layer", "tanh(x W^T + b)", Call(f.message, _values(8)))]


def _points() -> list[Case]:
    f = ListWriter()
    x = f.input("x", 2, 3)
    f.output("row", f.add("LOGSUMEXP", x, parameters=[0, 1, 1]))
    f.output("picked", f.add("GATHER", x, parameters=[1, 1, 2, 2, 0]))
    rows = [_values(6), [x / 2 for x in _values(6)], list(reversed(_values(6)))]
    return [expect.jacobian("points/arrays", "three points of an array list", Call(f.message, rows))]


def cases() -> list[Case]:
    rows = [_row(row) for row in (*SHAPE, *REDUCTION, *MATMUL)]
    return [*rows, *_constants(), *_repeated(), *_high_rank(), *_network(), *_points()]

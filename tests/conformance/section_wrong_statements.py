"""Statements that must be refused: parameters, shapes, sizes, primitives not served."""

from collections.abc import Sequence

from tests.conformance.cases import Case
from tests.conformance.section_wrong_lists import refused
from tests.wire_lists import one_statement
from wengert.v1 import Input, Output, WengertList

ABOUT = "Statements that must be refused for their parameters, shapes or sizes, and primitives not served."

Shapes = Sequence[tuple[int, ...]]
# label, primitive, shapes of its arguments, parameters
Row = tuple[str, str, Shapes, list[int]]

BAD_PARAMETERS: list[Row] = [
    ("constant/zero", "CONSTANT", [], [0]),
    ("constant/not-there", "CONSTANT", [], [1]),
    ("polygamma/negative", "POLYGAMMA", [()], [-1]),
    ("polygamma/twenty-one", "POLYGAMMA", [()], [21]),
    ("reshape/minus-one", "RESHAPE", [(6,)], [1, -1]),
    ("reshape/negative-rank", "RESHAPE", [(6,)], [-1]),
    ("transpose/repeated", "TRANSPOSE", [(2, 3)], [2, 0, 0]),
    ("transpose/out-of-range", "TRANSPOSE", [(2, 3)], [2, 0, 2]),
    ("transpose/negative", "TRANSPOSE", [(2, 3)], [2, 0, -1]),
    ("transpose/part", "TRANSPOSE", [(2, 3)], [1, 0]),
    ("slice/rank", "SLICE", [(2, 3)], [1, 0, 1, 1]),
    ("slice/step-zero", "SLICE", [(6,)], [1, 0, 1, 0]),
    ("slice/past-the-end", "SLICE", [(6,)], [1, 3, 4, 1]),
    ("slice/before-the-start", "SLICE", [(6,)], [1, 2, 4, -1]),
    ("slice/negative-start", "SLICE", [(6,)], [1, -1, 1, 1]),
    ("slice/negative-count", "SLICE", [(6,)], [1, 0, -1, 1]),
    ("slice/overflow", "SLICE", [(6,)], [1, 1, 2**62, 4]),
    ("slice/empty-outside", "SLICE", [(6,)], [1, 7, 0, 1]),
    ("concatenate/none", "CONCATENATE", [], [0, 0]),
    ("concatenate/negative-count", "CONCATENATE", [], [0, -1]),
    ("concatenate/axis", "CONCATENATE", [(2,), (2,)], [1, 2]),
    ("concatenate/negative-axis", "CONCATENATE", [(2,), (2,)], [-1, 2]),
    ("gather/axis", "GATHER", [(4,)], [1, 0, 0]),
    ("gather/negative-axis", "GATHER", [(4,)], [-1, 0, 0]),
    ("gather/index", "GATHER", [(4,)], [0, 1, 2, 0, 4]),
    ("gather/negative-index", "GATHER", [(4,)], [0, 1, 2, 0, -1]),
    ("gather/negative-rank", "GATHER", [(4,)], [0, -1]),
    ("gather/negative-extent", "GATHER", [(4,)], [0, 1, -2]),
    ("gather/of-nothing", "GATHER", [(0,)], [0, 0, 0]),
    ("scatter-add/index", "SCATTER_ADD", [(4,), (2,)], [0, 1, 2, 0, 4]),
    ("scatter-add/axis", "SCATTER_ADD", [(4,), (2,)], [2, 1, 2, 0, 1]),
    ("sum/axis", "SUM", [(2, 3)], [0, 1, 2]),
    ("sum/negative-axis", "SUM", [(2, 3)], [0, 1, -1]),
    ("sum/repeated-axis", "SUM", [(2, 3)], [0, 2, 1, 1]),
    ("sum/descending-axes", "SUM", [(2, 3)], [0, 2, 1, 0]),
    ("sum/too-many-axes", "SUM", [(2, 3)], [0, 3, 0, 1, 2]),
    ("sum/negative-count", "SUM", [(2, 3)], [0, -1]),
    ("sum/keep-dims", "SUM", [(2, 3)], [2, 1, 0]),
    ("max/axis-of-scalar", "MAX", [()], [0, 1, 0]),
]

BAD_SHAPES: list[Row] = [
    ("reshape/rank", "RESHAPE", [(1,)], [33, *[1] * 33]),
    ("reshape/huge-rank", "RESHAPE", [(6,)], [2**62]),
    ("concatenate/scalars", "CONCATENATE", [(), ()], [0, 2]),
    ("add/no-broadcast", "ADD", [(2,), (3,)], []),
    ("add/no-broadcast-inner", "ADD", [(2, 3), (2, 1, 2)], []),
    ("select/no-broadcast", "SELECT", [(2,), (2,), (3,)], []),
    ("add/empty-and-two", "ADD", [(0,), (2,)], []),
    ("reshape/size", "RESHAPE", [(6,)], [2, 2, 2]),
    ("broadcast/shrinks", "BROADCAST", [(3,)], [1, 1]),
    ("broadcast/misfit", "BROADCAST", [(3,)], [2, 3, 2]),
    ("broadcast/rank", "BROADCAST", [(1, 3)], [1, 3]),
    ("concatenate/extents", "CONCATENATE", [(2, 2), (3, 3)], [0, 2]),
    ("concatenate/ranks", "CONCATENATE", [(2, 2), (2,)], [0, 2]),
    ("scatter-add/updates", "SCATTER_ADD", [(4,), (3,)], [0, 1, 2, 0, 1]),
    ("scatter-add/updates-rank", "SCATTER_ADD", [(4, 2), (2,)], [0, 1, 2, 0, 1]),
    ("max/empty-axis", "MAX", [(2, 0)], [0, 1, 1]),
    ("min/empty-axis", "MIN", [(0,)], [0, 1, 0]),
    ("matmul/inner", "MATMUL", [(2, 3), (2, 3)], []),
    ("matmul/zero-safe", "ZERO_SAFE_MATMUL", [(2, 3), (2, 3)], []),
    ("matmul/vectors", "MATMUL", [(2,), (3,)], []),
    ("matmul/scalar-left", "MATMUL", [(), (3,)], []),
    ("matmul/scalar-right", "MATMUL", [(3,), ()], []),
]


def _refused(group: str, row: Row, reason: str, field: str, code: str = "INVALID_ARGUMENT") -> Case:
    label, name, shapes, parameters = row
    spelled = parameters if len(parameters) < 10 else f"[{len(parameters)} parameters]"
    about = f"{name} {spelled} of {list(shapes)}"
    return refused(f"{group}/{label}", about, one_statement(name, shapes, parameters), reason, field, code)


def _statements() -> list[Case]:
    wrong = [_refused("parameters", row, "INVALID_LIST", "parameters") for row in BAD_PARAMETERS]
    misfit = [_refused("shapes", row, "INVALID_SHAPE", "primitives[0]") for row in BAD_SHAPES]
    high: Row = ("matmul/rank-three", "MATMUL", [(2, 2, 2), (2, 2)], [])
    return [*wrong, *misfit, _refused("shapes", high, "UNSUPPORTED", "primitives[0]", "UNIMPLEMENTED")]


def _sizes() -> list[Case]:
    """Refused before anything is allocated."""
    billion = 10**9
    rows: list[Row] = [
        ("broadcast", "BROADCAST", [()], [1, billion]),
        ("broadcast-misfit", "BROADCAST", [(3,)], [1, billion]),
        ("reshape", "RESHAPE", [(6,)], [1, billion]),
        ("reshape-overflow", "RESHAPE", [(6,)], [3, 2**32, 2**32, 2]),
        ("gather-indices", "GATHER", [(4,)], [0, 2, 2**62, 2**62]),
        ("scatter-indices", "SCATTER_ADD", [(4,), (2,)], [0, 2, 10**5, 10**4]),
        ("broadcast-overflow", "BROADCAST", [()], [3, 2**32, 2**31, 4]),
        ("gather", "GATHER", [(1, 10**5)], [0, 1, 10**4, *[0] * 10**4]),
        ("outer-sum", "ADD", [(10**5, 1), (1, 10**5)], []),
        ("outer-product", "MATMUL", [(40_000, 1), (1, 40_000)], []),
        ("concatenate", "CONCATENATE", [(5 * 10**7,)] * 3, [0, 3]),
    ]
    result = [_refused("sizes", row, "LIMIT_EXCEEDED", "primitives[0]", "RESOURCE_EXHAUSTED") for row in rows]
    for label, shape in (("billion", [billion]), ("overflow", [2**32, 2**32]), ("huge", [2**64 - 1, 2**64 - 1])):
        function = WengertList(inputs=[Input(name="x", shape=shape)], outputs=[Output(name="y", argument=1)])
        result.append(
            refused(
                f"sizes/input-{label}",
                f"an input of shape {shape}",
                function,
                "LIMIT_EXCEEDED",
                "inputs[0].shape",
                "RESOURCE_EXHAUSTED",
            )
        )
    return result


def _unserved() -> list[Case]:
    """Numbers of the contract; a server that serves one needs no such case."""
    rows: list[Row] = [
        ("erfinv", "ERFINV", [()], []),
        ("ndtr", "NDTR", [()], []),
        ("cumsum", "CUMSUM", [(3,)], [0, 0]),
        ("solve", "SOLVE", [(2, 2), (2,)], []),
        ("call", "CALL", [], [1]),
    ]
    return [_refused("unserved", row, "UNKNOWN_PRIMITIVE", "primitives[0]", "UNIMPLEMENTED") for row in rows]


def cases() -> list[Case]:
    return [*_statements(), *_sizes(), *_unserved()]

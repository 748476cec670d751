"""Lists that must be refused: code, reason and field path of each."""

from collections.abc import Callable, Sequence

from tests.conformance.cases import Case
from tests.wire_lists import ListWriter, one_statement, tensor
from wengert import v1
from wengert.v1 import Input, Label, Output, Primitive, WengertList

ABOUT = "Lists that must be refused, each with its status code, its reason and the field at fault."

Shapes = Sequence[tuple[int, ...]]


def refused(
    name: str, about: str, function: WengertList, reason: str, field: str, code: str = "INVALID_ARGUMENT"
) -> Case:
    """Return a case of Register that fails; the field is given relative to the list."""
    error = {"code": code, "reason": reason, "field": f"function.list.{field}" if field else "function.list"}
    request = v1.RegisterRequest(function=v1.FunctionSource(list=function))
    return Case(name, about, "Register", request, {"error": error})


def _product(change: Callable[[WengertList], object]) -> WengertList:
    """Return x y + sin x with something changed."""
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("ADD", f.add("MULTIPLY", x, y), f.add("SIN", x)))
    change(f.message)
    return f.message


def _set(column: str, index: int, value: int) -> WengertList:
    def change(message: WengertList) -> None:
        getattr(message, column)[index] = value

    return _product(change)


def _columns() -> list[Case]:
    many = _product(lambda m: m.arguments.append(1))
    few = _product(lambda m: m.arguments.pop())
    left = _product(lambda m: m.parameters.append(1))
    missing = one_statement("INTEGER_POWER", [()], [])
    return [
        refused("primitive/unspecified", "number 0", _set("primitives", 1, 0), "UNKNOWN_PRIMITIVE", "primitives[1]"),
        *[
            refused(
                f"primitive/{label}",
                about,
                _set("primitives", 1, number),
                "UNKNOWN_PRIMITIVE",
                "primitives[1]",
                "UNIMPLEMENTED",
            )
            for label, about, number in (
                ("unknown", "a number that no contract has", 9999),
                ("negative", "a negative number", -7),
            )
        ],
        refused("arguments/too-few", "the last statement has one of two", few, "INVALID_LIST", "arguments"),
        refused("arguments/left-over", "one more than the statements take", many, "INVALID_LIST", "arguments"),
        refused("arguments/zero", "argument 0 names nothing", _set("arguments", 1, 0), "INVALID_LIST", "arguments[1]"),
        refused(
            "arguments/itself", "a statement names itself", _set("arguments", 2, 4), "INVALID_LIST", "arguments[2]"
        ),
        refused(
            "arguments/later", "a statement names a later one", _set("arguments", 2, 5), "INVALID_LIST", "arguments[2]"
        ),
        refused("arguments/far", "the largest int32", _set("arguments", 0, 2**31 - 1), "INVALID_LIST", "arguments[0]"),
        refused(
            "arguments/no-constant", "constant -1 of none", _set("arguments", 4, -1), "INVALID_LIST", "arguments[4]"
        ),
        refused(
            "arguments/least", "the smallest int32", _set("arguments", 4, -(2**31)), "INVALID_LIST", "arguments[4]"
        ),
        refused("parameters/left-over", "nobody takes it", left, "INVALID_LIST", "parameters"),
        refused("parameters/too-few", "INTEGER_POWER without k", missing, "INVALID_LIST", "parameters"),
        refused("outputs/none", "no outputs", _product(lambda m: m.ClearField("outputs")), "INVALID_LIST", "outputs"),
        *[
            refused(
                f"outputs/{label}",
                about,
                _product(lambda m, k=k: m.outputs.add(name="g", argument=k)),  # type: ignore[misc]
                "INVALID_LIST",
                "outputs[1].argument",
            )
            for label, about, k in (
                ("zero", "argument 0", 0),
                ("later", "a variable that is not there", 6),
                ("no-constant", "a constant that is not there", -1),
            )
        ],
        *[
            refused(
                f"labels/{label}",
                "a variable that is not there",
                _product(lambda m, k=k: m.labels.append(Label(variable=k, name="l"))),  # type: ignore[misc]
                "INVALID_LIST",
                "labels[0].variable",
            )
            for label, k in (("zero", 0), ("later", 6))
        ],
    ]


def _names() -> list[Case]:
    wrong = {
        "empty": "",
        "digit-first": "1x",
        "space": "a b",
        "dot-first": ".a",
        "dot-last": "a.",
        "two-dots": "a..b",
        "hyphen": "a-b",
        "not-ascii": "\u03bc",
        "newline": "a\n",
        "nul": "a\0",
        "too-long": "a" * 256,
    }
    result = []
    for label, name in wrong.items():
        about = f"the name {name[:8]!r}" if len(name) < 256 else "256 bytes"
        as_input = _product(lambda m, name=name: m.inputs.append(Input(name=name)))  # type: ignore[misc]
        as_output = _product(lambda m, name=name: m.outputs.append(Output(name=name, argument=1)))  # type: ignore[misc]
        # the new input is w_3: what follows is renumbered
        for k, argument in enumerate(as_input.arguments):
            as_input.arguments[k] = argument + 1 if argument > 2 else argument
        result.append(refused(f"names/input/{label}", about, as_input, "INVALID_NAME", "inputs[2].name"))
        result.append(refused(f"names/output/{label}", about, as_output, "INVALID_NAME", "outputs[1].name"))
    label_name = _product(lambda m: m.labels.append(Label(variable=1, name="a b")))
    twice_in = WengertList(inputs=[Input(name="x"), Input(name="x")], outputs=[Output(name="y", argument=1)])
    twice_out = _product(lambda m: m.outputs.append(Output(name="f", argument=1)))
    return [
        *result,
        refused("names/label", "a label ill-formed", label_name, "INVALID_NAME", "labels[0].name"),
        refused("names/input/twice", "two inputs of one name", twice_in, "INVALID_NAME", "inputs[1].name"),
        refused("names/output/twice", "two outputs of one name", twice_out, "INVALID_NAME", "outputs[1].name"),
    ]


# label, primitive, shapes of its arguments, parameters
Row = tuple[str, str, Shapes, list[int]]

BAD_PARAMETERS: list[Row] = [
    ("constant/zero", "CONSTANT", [], [0]),
    ("constant/not-there", "CONSTANT", [], [1]),
    ("polygamma/negative", "POLYGAMMA", [()], [-1]),
    ("polygamma/twenty-one", "POLYGAMMA", [()], [21]),
    ("reshape/minus-one", "RESHAPE", [(6,)], [1, -1]),
    ("reshape/negative-rank", "RESHAPE", [(6,)], [-1]),
    ("reshape/huge-rank", "RESHAPE", [(6,)], [2**62]),
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
    ("matmul/vectors", "MATMUL", [(2,), (3,)], []),
    ("matmul/scalar-left", "MATMUL", [(), (3,)], []),
    ("matmul/scalar-right", "MATMUL", [(3,), ()], []),
]


def _statements() -> list[Case]:
    wrong = [
        refused(
            f"statement/{label}",
            f"{name} {parameters} of {list(shapes)}",
            one_statement(name, shapes, parameters),
            "INVALID_LIST",
            "",
        )
        for label, name, shapes, parameters in BAD_PARAMETERS
    ]
    misfit = [
        refused(
            f"shapes/{label}",
            f"{name} {parameters} of {list(shapes)}",
            one_statement(name, shapes, parameters),
            "INVALID_SHAPE",
            "",
        )
        for label, name, shapes, parameters in BAD_SHAPES
    ]
    scalar = refused(
        "statement/concatenate/scalars", "rank 0", one_statement("CONCATENATE", [(), ()], [0, 2]), "INVALID_LIST", ""
    )
    high = refused(
        "shapes/matmul/rank-three",
        "ranks above 2 are not served",
        one_statement("MATMUL", [(2, 2, 2), (2, 2)]),
        "UNSUPPORTED",
        "",
        "UNIMPLEMENTED",
    )
    return [*wrong, *misfit, scalar, high]


def _tensors() -> list[Case]:
    ragged = _product(lambda m: m.tensors.add(shape=[2, 2], values=[1.0, 2.0, 3.0]))
    shapeless = _product(lambda m: m.tensors.add(values=[1.0, 2.0]))
    empty = _product(lambda m: m.tensors.add())
    default = _product(lambda m: m.inputs[0].default_value.CopyFrom(tensor([1.0])))
    ragged_default = _product(lambda m: m.inputs[0].default_value.values.extend([1.0, 2.0]))
    rank = _product(lambda m: m.inputs[0].shape.extend([1] * 33))
    return [
        refused("tensors/ragged", "three values for (2, 2)", ragged, "INVALID_SHAPE", "tensors[0]"),
        refused("tensors/shapeless", "two values and no shape", shapeless, "INVALID_SHAPE", "tensors[0]"),
        refused("tensors/no-value", "a scalar without its value", empty, "INVALID_SHAPE", "tensors[0]"),
        refused(
            "inputs/default-shape", "a (1,) default of a scalar", default, "INVALID_SHAPE", "inputs[0].default_value"
        ),
        refused(
            "inputs/default-ragged", "two values, no shape", ragged_default, "INVALID_SHAPE", "inputs[0].default_value"
        ),
        refused("inputs/rank", "33 axes", rank, "INVALID_SHAPE", "inputs[0].shape"),
    ]


def _sizes() -> list[Case]:
    """Refused before anything is allocated."""
    billion = 10**9
    rows: list[Row] = [
        ("broadcast", "BROADCAST", [()], [1, billion]),
        ("broadcast-overflow", "BROADCAST", [()], [3, 2**32, 2**31, 4]),
        ("gather", "GATHER", [(1, 10**5)], [0, 1, 10**4, *[0] * 10**4]),
        ("outer-sum", "ADD", [(10**5, 1), (1, 10**5)], []),
        ("outer-product", "MATMUL", [(40_000, 1), (1, 40_000)], []),
        ("concatenate", "CONCATENATE", [(5 * 10**7,)] * 3, [0, 3]),
    ]
    result = [
        refused(
            f"sizes/{label}",
            f"{name} past the limit of one variable",
            one_statement(name, shapes, parameters),
            "LIMIT_EXCEEDED",
            "",
            "RESOURCE_EXHAUSTED",
        )
        for label, name, shapes, parameters in rows
    ]
    for label, shape in (("billion", [billion]), ("overflow", [2**32, 2**32]), ("huge", [2**64 - 1, 2**64 - 1])):
        function = _product(lambda m, shape=shape: m.inputs[0].shape.extend(shape))  # type: ignore[misc]
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


def _bodies() -> list[Case]:
    wrong = _product(lambda m: m.bodies.append(_set("arguments", 0, 0)))
    no_outputs = _product(lambda m: m.bodies.add())
    inner = _product(lambda m: m.bodies.append(wrong))
    deep = WengertList(outputs=[Output(name="y", argument=-1)], constants=[1.0])
    for _ in range(30):
        around = WengertList(outputs=[Output(name="y", argument=-1)], constants=[1.0])
        around.bodies.append(deep)
        deep = around
    return [
        refused("bodies/argument", "argument 0 in a body", wrong, "INVALID_LIST", "bodies[0].arguments[0]"),
        refused("bodies/no-outputs", "a body without outputs", no_outputs, "INVALID_LIST", "bodies[0].outputs"),
        refused("bodies/inner", "a body of a body", inner, "INVALID_LIST", "bodies[0].bodies[0].arguments[0]"),
        refused("bodies/deep", "thirty levels", deep, "LIMIT_EXCEEDED", "bodies[0]", "RESOURCE_EXHAUSTED"),
    ]


def _unserved() -> list[Case]:
    rows: list[Row] = [
        ("erfinv", "ERFINV", [()], []),
        ("ndtr", "NDTR", [()], []),
        ("cumsum", "CUMSUM", [(3,)], [0, 0]),
        ("solve", "SOLVE", [(2, 2), (2,)], []),
        ("call", "CALL", [], [1]),
    ]
    return [
        refused(
            f"unserved/{label}",
            f"{name} is in the contract; a server that serves it needs no such case",
            one_statement(name, shapes, parameters),
            "UNKNOWN_PRIMITIVE",
            "primitives[0]",
            "UNIMPLEMENTED",
        )
        for label, name, shapes, parameters in rows
    ]


def cases() -> list[Case]:
    assert Primitive.Value("PRIMITIVE_UNSPECIFIED") == 0
    return [*_columns(), *_names(), *_statements(), *_tensors(), *_sizes(), *_bodies(), *_unserved()]

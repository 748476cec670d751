"""Lists that must be refused: code, reason and field path of each."""

from collections.abc import Callable

from tests.conformance.cases import Case
from tests.wire_lists import ListWriter, one_statement, tensor
from wengert import v1
from wengert.v1 import Input, Label, Output, WengertList

ABOUT = "Lists that must be refused for their columns, names, arrays and bodies, each with code, reason and field."


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


def cases() -> list[Case]:
    return [*_columns(), *_names(), *_tensors(), *_bodies()]

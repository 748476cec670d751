"""Lists as they are written: constants, names, labels, printing, and what is refused."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from wengert.v1 import Primitive, WengertList
from wengert_client import (
    BuildError,
    IndexOutOfRange,
    ListBuilder,
    NotANumber,
    ShapeError,
    Variable,
    ops,
)
from wengert_client._printing import list_text


def builder() -> tuple[ListBuilder, Variable, Variable]:
    b = ListBuilder()
    return b, b.input("x"), b.input("v", 3)


def test_constants_equal_by_bits_share_an_entry() -> None:
    b, x, _ = builder()
    b.output("f", x * 0.0 + x * -0.0 + x * 2 + x * 2.0 + x * np.float64(2) + x * math.nan + x * math.nan + x * True)
    signs = [(math.copysign(1, c), c) for c in b.build().constants if not math.isnan(c)]
    assert signs == [(1, 0.0), (-1, -0.0), (1, 2.0), (1, 1.0)]
    assert len(b.build().constants) == 5


def test_array_constants_equal_by_bits_share_a_statement() -> None:
    b, x, _ = builder()
    for array in ([1.0, 2.0], np.array([1, 2]), [[1.0, 2.0]], np.array([1.0, 9.0, 2.0, 9.0])[::2], [-0.0, 0.0], []):
        b.output(f"o{b.statements}", x * np.asarray(array))
    tensors = [(list(t.shape), list(t.values)) for t in b.build().tensors]
    assert tensors == [([2], [1.0, 2.0]), ([1, 2], [1.0, 2.0]), ([2], [-0.0, 0.0]), ([0], [])]


def test_an_array_constant_is_copied() -> None:
    b, x, _ = builder()
    array = np.ones(2)
    b.output("f", x * array)
    array[:] = 9
    assert list(b.build().tensors[0].values) == [1.0, 1.0]


def test_inputs_have_names_shapes_and_defaults() -> None:
    b = ListBuilder()
    shapes = [b.input("a").shape, b.input("b.c_2", 3).shape, b.input("d", (2, 0), default=np.zeros((2, 0))).shape]
    shapes += [
        b.input("e", default=2).shape,
        b.input("f", default=[1, 2]).shape,
        *(v.shape for v in b.inputs("g", "h")),
    ]
    assert shapes == [(), (3,), (2, 0), (), (2,), (), ()]
    b.output("a", 1)
    inputs = b.build().inputs
    assert [i.HasField("default_value") for i in inputs] == [False, False, True, True, True, False, False]
    assert list(inputs[4].default_value.values) == [1.0, 2.0]


def test_outputs_may_be_inputs_numbers_and_arrays() -> None:
    b, x, v = builder()
    for name, value in (("x", x), ("again", x), ("number", 2.5), ("array", [1.0, 2.0]), ("sum", v.sum())):
        b.output(name, value)
    assert [(o.name, o.argument) for o in b.build().outputs] == [
        ("x", 1),
        ("again", 1),
        ("number", -1),
        ("array", 4),
        ("sum", 3),
    ]


def test_labels_name_variables() -> None:
    b, x, _ = builder()
    b.output("f", b.label(x + 1, "shifted"))
    assert [(label.variable, label.name) for label in b.build().labels] == [(3, "shifted")]
    assert "w_3 = ADD(w_1, 1)  # shifted" in str(b)


def test_a_builder_may_be_used_on_after_building() -> None:
    b, x, _ = builder()
    b.output("f", x)
    first = b.build()
    b.output("g", x + 1)
    assert [len(first.outputs), len(b.build().outputs)] == [1, 2]


def test_a_long_list_is_printed_in_part() -> None:
    b, x, _ = builder()
    for _ in range(3000):
        x = x + 1
    b.output("f", x)
    lines = str(b).splitlines()
    assert len(lines) == 1002
    assert lines[500] == "... 2002 more variables ..."
    assert lines[-2:] == ["w_3002 = ADD(w_3001, 1)", "f = w_3002"]


def test_parameters_and_ill_formed_lists_are_printed() -> None:
    b, _, v = builder()
    b.output("f", ops.concatenate([v[[2, 0]], v[::2]]))
    assert str(b).splitlines()[2:5] == [
        "w_3 = GATHER(w_2) [0, 1, 2, 2, 0]",
        "w_4 = SLICE(w_2) [1, 0, 2, 2]",
        "w_5 = CONCATENATE(w_3, w_4) [0, 2]",
    ]
    message = b.build()
    del message.parameters[:]
    message.primitives.extend([Primitive.PRIMITIVE_GATHER, 9999])  # type: ignore[list-item]
    message.arguments.append(-7)
    assert list_text(message).splitlines()[2:] == [
        "w_3 = GATHER(w_2)",
        "w_4 = SLICE(w_2)",
        "w_5 = CONCATENATE()",
        "w_6 = GATHER(w_3)",
        "w_7 = 9999(w_4)",
        "f = w_5",
    ]


def test_a_variable_stands_for_itself() -> None:
    _, x, v = builder()
    assert {x: 1, v: 2}[x] == 1
    assert copy.copy(x).number == copy.deepcopy(x).number == x.number
    assert repr(v) == "w_2 of the shape (3,)"
    assert (v.ndim, v.size, v.shape, len(v), len(list(v))) == (1, 3, (3,), 3, 3)
    anything: list[Any] = [None, "x", b"x"]
    assert [x == each for each in anything] == [False] * 3
    assert [x != each for each in anything] == [True] * 3


def in_place(v: Variable) -> None:
    z = np.zeros(3)
    z += v


def assign(v: Variable) -> None:
    v[0] = 1.0


def twice(b: ListBuilder, x: Variable) -> None:
    b.output("f", x)
    b.output("f", x)


Misuse = Callable[[ListBuilder, Variable, Variable], object]
MISUSES: list[tuple[Misuse, type[Exception], str]] = [
    (lambda b, x, v: bool(x > 0), NotANumber, r"np.where\(condition, a, b\)"),
    (lambda b, x, v: all([x]), NotANumber, "truth value"),
    (lambda b, x, v: 0 < x < 1, NotANumber, "for and, or, not write &, |, ~"),
    (lambda b, x, v: x in [1.0, 2.0], NotANumber, "truth value"),
    (lambda b, x, v: 2.0 in v, NotANumber, "truth value"),
    (lambda b, x, v: float(x), NotANumber, r"np.sin\(x\)"),
    (lambda b, x, v: math.sin(x), NotANumber, r"np.sin\(x\)"),
    (lambda b, x, v: int(x), NotANumber, "number"),
    (lambda b, x, v: range(x), NotANumber, "number"),
    (lambda b, x, v: complex(x), NotANumber, "number"),
    (lambda b, x, v: np.array([x, x], dtype=float), NotANumber, r"np.stack\(\[...\]\)"),
    (lambda b, x, v: np.array([v, v]), NotANumber, r"np.stack\(\[...\]\)"),
    (lambda b, x, v: v * [x, v], ShapeError, "different shapes"),
    (lambda b, x, v: np.asarray(v), NotANumber, "values"),
    (lambda b, x, v: f"{x:.3f}", NotANumber, "no number to print"),
    (lambda b, x, v: in_place(v), BuildError, "write z = z \\+ x instead of z \\+= x"),
    (lambda b, x, v: assign(v), BuildError, r"instead of x\[i\] = v write y = x.copy"),
    (lambda b, x, v: x + ListBuilder().input("y"), BuildError, "different lists"),
    (lambda b, x, v: len(x), NotANumber, "no length"),
    (lambda b, x, v: list(x), NotANumber, "scalar"),
    (lambda b, x, v: v[x], NotANumber, "index"),
    (lambda b, x, v: v[:x], NotANumber, "slice"),
    (lambda b, x, v: v[3], IndexOutOfRange, "index 3 is outside axis 0"),
    (lambda b, x, v: v[-4], IndexOutOfRange, "index -4"),
    (lambda b, x, v: x[0], IndexOutOfRange, "1 axes are indexed"),
    (lambda b, x, v: v[..., ...], IndexOutOfRange, "at most one"),
    (lambda b, x, v: v[[0, 3]], IndexOutOfRange, "leaves axis 0"),
    (lambda b, x, v: v[[0.5]], BuildError, "whole numbers"),
    (lambda b, x, v: v["a"], BuildError, "whole number"),
    (lambda b, x, v: v[True], BuildError, "truth value"),
    (lambda b, x, v: v[[True, False]], ShapeError, "extent 2"),
    (lambda b, x, v: v[::0], BuildError, "slice"),
    (lambda b, x, v: v + np.ones(2), ShapeError, r"\(3,\) and \(2,\) do not broadcast"),
    (lambda b, x, v: v @ np.ones((2, 2)), ShapeError, "MATMUL"),
    (lambda b, x, v: v @ x, ShapeError, r"write a \* b"),
    (lambda b, x, v: v.reshape(2, 2), ShapeError, "RESHAPE"),
    (lambda b, x, v: v.reshape(-1, 2), ShapeError, "RESHAPE"),
    (lambda b, x, v: np.broadcast_to(v, (3, 2)), ShapeError, "broadcast"),
    (lambda b, x, v: np.concatenate([x, x]), ShapeError, r"write stack\(\[...\]\)"),
    (lambda b, x, v: np.concatenate([v, np.ones((2, 2))]), ShapeError, "only axis 0 may differ"),
    (lambda b, x, v: np.stack([x, v]), ShapeError, "one shape"),
    (lambda b, x, v: v.sum(1), IndexOutOfRange, "axis 1 does not exist"),
    (lambda b, x, v: v.sum((0, -1)), BuildError, "twice"),
    (lambda b, x, v: v[0:0].max(), ShapeError, "of none"),
    (lambda b, x, v: v.transpose(0, 0), BuildError, "permutation"),
    (lambda b, x, v: ops.polygamma(21, x), BuildError, "order is 21"),
    (lambda b, x, v: ops.integer_power(x, 0.5), BuildError, "whole number"),  # type: ignore[arg-type]
    (lambda b, x, v: ops.scatter_add(v, [0, 1], x), ShapeError, "updates"),
    (lambda b, x, v: ops.cholesky(v), ShapeError, "square matrix"),
    (lambda b, x, v: ops.sin(2.0), BuildError, "none of the arguments is a variable"),
    (lambda b, x, v: x + 1j, BuildError, "real numbers"),
    (lambda b, x, v: x + "1", BuildError, "real numbers"),
    (lambda b, x, v: x**10**400, BuildError, "no array of real numbers"),
    (lambda b, x, v: x * 10**400, BuildError, "no array of real numbers"),
    (lambda b, x, v: np.gcd(x, 2), BuildError, "np.gcd is for whole numbers"),
    (lambda b, x, v: np.add.reduceat(v, [0, 1]), BuildError, "np.add.reduceat"),
    (lambda b, x, v: np.add(x, 1, where=np.array(True)), BuildError, "where="),
    (lambda b, x, v: np.sum(v, dtype=np.float32), BuildError, "dtype="),
    (lambda b, x, v: np.where(v), BuildError, r"write np.where\(condition, a, b\)"),
    (lambda b, x, v: np.median(v), BuildError, "np.median cannot be traced: the order of elements"),
    (lambda b, x, v: b.input("x"), BuildError, "called x already"),
    (lambda b, x, v: (x + 1, b.input("y")), BuildError, "before the first operation"),
    (lambda b, x, v: b.input("2y"), BuildError, "no name of an input"),
    (lambda b, x, v: b.input("a..b"), BuildError, "no name"),
    (lambda b, x, v: b.input("a" * 256), BuildError, "no name"),
    (lambda b, x, v: b.input("y", -1), ShapeError, "negative"),
    (lambda b, x, v: b.input("y", 2, default=[1.0]), ShapeError, "default"),
    (lambda b, x, v: twice(b, x), BuildError, "called f already"),
    (lambda b, x, v: b.output("", x), BuildError, "no name of an output"),
    (lambda b, x, v: b.build(), BuildError, "no output"),
    (lambda b, x, v: b.label(x, "a b"), BuildError, "no name of a label"),
]


@pytest.mark.parametrize(("misuse", "kind", "told"), MISUSES, ids=range(len(MISUSES)))
def test_misuse_is_told(misuse: Misuse, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told) as caught:
        misuse(*builder())
    assert caught.type is kind


def test_putting_a_variable_into_an_array_is_told_in_the_cause() -> None:
    z = np.zeros(3)
    with pytest.raises(ValueError, match="sequence") as caught:
        z[0] = builder()[1]
    assert "np.stack" in str(caught.value.__cause__)


def test_errors_are_those_that_python_programs_expect() -> None:
    assert issubclass(ShapeError, ValueError)
    assert issubclass(NotANumber, TypeError)
    assert issubclass(IndexOutOfRange, IndexError)


def test_building_is_linear_in_statements() -> None:
    b = ListBuilder()
    x = b.input("x", 10)
    total: Any = 0.0
    for k in range(20_000):
        total = total + x[k % 10] * float(k)
    b.output("f", total)
    message: WengertList = b.build()
    assert len(message.primitives) == 60_000
    assert len(message.arguments) == 100_000
    assert len(message.constants) == 20_000

"""Derivatives as lists: their names and shapes, how they read, how often they can be differentiated, their limits."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mpmath import mp

from adengine import Derivative, Engine, Input, Limits, Output, WengertList, graph
from adengine.errors import LimitExceeded, UnknownName, Unsupported
from adengine.primitives import BY_NAME, BY_NUMBER
from tests.conformance.in_process import engine_list
from tests.wire_lists import ListWriter, one_statement

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

ENGINE = Engine(machine_code=False)
DUAL, ADJOINT = Derivative.DUAL, Derivative.ADJOINT
JACOBIAN, HESSIAN = Derivative.JACOBIAN, Derivative.HESSIAN


def lecture() -> WengertList:
    """Return ln x1 + x1 x2 - sin x2."""
    f = ListWriter()
    x1, x2 = f.input("x1"), f.input("x2")
    f.output("f", f.add("SUBTRACT", f.add("ADD", f.add("LOG", x1), f.add("MULTIPLY", x1, x2)), f.add("SIN", x2)))
    return engine_list(f.message)


def statements(made: WengertList) -> list[str]:
    """Return the names of the primitives of a list."""
    return [BY_NUMBER[int(number)].name for number in made.primitives]


def added(made: WengertList, function: WengertList) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """Return the inputs and outputs that a derivative list adds, with their shapes."""
    outputs = {o.name: shape for o, shape in zip(made.outputs, made.output_shapes, strict=True)}
    own = {output.name for output in function.outputs}
    inputs = {i.name: i.shape for i in made.inputs[len(function.inputs) :]}
    return inputs, {name: shape for name, shape in outputs.items() if name not in own}


# ---- names and shapes ----


def shaped() -> WengertList:
    """Return a function of arrays with defaults and of outputs that are inputs, constants and sums."""
    f = ListWriter()
    x, y = f.input("x", 2, 3), f.input("y", 1, 1)
    f.output("product", f.add("MULTIPLY", x, y))
    f.output("x", x)
    f.output("total", f.add("SUM", x, parameters=[0, 2, 0, 1]))
    f.output("one", f.constant(1.0))
    made = engine_list(f.message)
    return WengertList.build(
        inputs=[*made.inputs, Input("k", (2,), np.array([3.0, 4.0]))],
        primitives=made.primitives,
        arguments=made.arguments,
        constants=made.constants,
        parameters=made.parameters,
        outputs=[Output(output.name, output.argument + (output.argument > 2)) for output in made.outputs],
    )


def test_a_dual_list_has_the_names_and_shapes_of_the_contract() -> None:
    function = shaped()
    made = ENGINE.differentiate(function, DUAL)
    assert [(value.name, value.shape) for value in made.inputs[:3]] == [("x", (2, 3)), ("y", (1, 1)), ("k", (2,))]
    np.testing.assert_array_equal(made.inputs[2].default, [3.0, 4.0])
    assert made.outputs[0].name == "product"
    assert made.output_shapes[:4] == function.output_shapes
    inputs, outputs = added(made, function)
    assert inputs == {"tangent.x": (2, 3), "tangent.y": (1, 1), "tangent.k": (2,)}
    assert outputs == {"tangent.product": (2, 3), "tangent.x": (2, 3), "tangent.total": (), "tangent.one": ()}


def test_an_adjoint_list_has_the_names_and_shapes_of_the_contract() -> None:
    function = shaped()
    made = ENGINE.differentiate(function, ADJOINT)
    assert [(value.name, value.shape) for value in made.inputs[:3]] == [("x", (2, 3)), ("y", (1, 1)), ("k", (2,))]
    np.testing.assert_array_equal(made.inputs[2].default, [3.0, 4.0])
    inputs, outputs = added(made, function)
    assert inputs == {"cotangent.product": (2, 3), "cotangent.x": (2, 3), "cotangent.total": (), "cotangent.one": ()}
    assert outputs == {"adjoint.x": (2, 3), "adjoint.y": (1, 1), "adjoint.k": (2,)}


def test_the_lists_of_matrices_have_the_names_and_shapes_of_the_contract() -> None:
    function = shaped()
    inputs, outputs = added(ENGINE.differentiate(function, JACOBIAN), function)
    assert inputs == {}
    assert outputs == {
        "jacobian.product": (6, 9),
        "jacobian.x": (6, 9),
        "jacobian.total": (1, 9),
        "jacobian.one": (1, 9),
    }
    made = ENGINE.differentiate(function, HESSIAN, outputs=["total", "product"], with_respect_to=["y", "x"])
    inputs, outputs = added(made, function)
    assert inputs == {"weights": (7,)}
    assert outputs == {"gradient": (7,), "hessian": (7, 7)}


def test_selections_choose_and_order_what_is_added() -> None:
    function = shaped()
    made = ENGINE.differentiate(function, DUAL, outputs=["total", "product"], with_respect_to=["y", "x"])
    assert [value.name for value in made.inputs] == ["x", "y", "k", "tangent.y", "tangent.x"]
    assert [output.name for output in made.outputs] == ["total", "product", "tangent.total", "tangent.product"]
    made = ENGINE.differentiate(function, ADJOINT, outputs=["total"], with_respect_to=["k", "x"])
    assert [value.name for value in made.inputs] == ["x", "y", "k", "cotangent.total"]
    assert [output.name for output in made.outputs] == ["total", "adjoint.k", "adjoint.x"]


def test_names_that_are_taken_get_numbers() -> None:
    function = WengertList.build(
        inputs=[Input("x"), Input("tangent.x"), Input("tangent2.x"), Input("adjoint.f")],
        primitives=[BY_NAME["SIN"].number], arguments=[1],
        outputs=[Output("f", 5), Output("tangent.f", 1), Output("adjoint.x", 2)],
    )  # fmt: skip
    made = ENGINE.differentiate(function, DUAL, with_respect_to=["x", "tangent.x"])
    assert [value.name for value in made.inputs[4:]] == ["tangent3.x", "tangent.tangent.x"]
    assert [output.name for output in made.outputs[3:]] == ["tangent2.f", "tangent.tangent.f", "tangent.adjoint.x"]
    made = ENGINE.differentiate(function, ADJOINT, with_respect_to=["x"])
    assert [value.name for value in made.inputs[4:]] == ["cotangent.f", "cotangent.tangent.f", "cotangent.adjoint.x"]
    assert [output.name for output in made.outputs[3:]] == ["adjoint2.x"]
    second = WengertList.build(
        inputs=[Input("weights"), Input("x")],
        primitives=[BY_NAME["MULTIPLY"].number],
        arguments=[1, 2],
        outputs=[Output("gradient", 3), Output("hessian", 3), Output("jacobian.hessian", 3)],
    )
    made = ENGINE.differentiate(second, HESSIAN)
    assert [value.name for value in made.inputs] == ["weights", "x", "weights2"]
    assert [output.name for output in made.outputs[3:]] == ["gradient2", "hessian2"]
    made = ENGINE.differentiate(second, JACOBIAN)
    assert [output.name for output in made.outputs[3:]] == [
        "jacobian.gradient",
        "jacobian2.hessian",
        "jacobian.jacobian.hessian",
    ]


@pytest.mark.parametrize("tail", ["x" * 9, ".xxxxxxxx", "x.xxxxxxx"])
def test_names_of_the_greatest_length_are_cut(tail: str) -> None:
    names = [f"{'n' * 246}{tail}", f"{'n' * 248}y123456", f"{'n' * 248}y123457"]
    function = WengertList.build(
        inputs=[Input(name) for name in names], outputs=[Output(name, k) for k, name in enumerate(names, 1)]
    )
    dual, adjoint = ["tangent", "tangent", "tangent2"], ["cotangent", "cotangent2", "cotangent3"]
    for derivative, prefixes in ((DUAL, dual), (ADJOINT, adjoint)):
        made = ENGINE.differentiate(function, derivative)
        inputs = [value.name for value in made.inputs[3:]]
        assert len(set(inputs)) == 3
        assert [name.split(".")[0] for name in inputs] == prefixes
        assert all(len(name) <= 255 and not name.endswith(".") for name in inputs)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName):
        ENGINE.differentiate(lecture(), DUAL, outputs=["g"])
    with pytest.raises(UnknownName):
        ENGINE.differentiate(lecture(), ADJOINT, with_respect_to=["f"])


# ---- how they read ----


def test_the_dual_list_of_the_lecture_has_one_statement_for_each_operation() -> None:
    assert str(ENGINE.differentiate(lecture(), DUAL)).splitlines()[:-1] == [
        "w_1 = x1",
        "w_2 = x2",
        "w_3 = tangent.x1",
        "w_4 = tangent.x2",
        "w_5 = LOG(w_1)",
        "w_6 = POSITIVE_RECIPROCAL(w_1)",
        "w_7 = ZERO_SAFE_MULTIPLY(w_3, w_6)",
        "w_8 = MULTIPLY(w_1, w_2)",
        "w_9 = ZERO_SAFE_MULTIPLY(w_3, w_2)",
        "w_10 = ZERO_SAFE_MULTIPLY(w_1, w_4)",
        "w_11 = ADD(w_9, w_10)",
        "w_12 = ADD(w_5, w_8)",
        "w_13 = ADD(w_7, w_11)",
        "w_14 = SIN(w_2)",
        "w_15 = COS(w_2)",
        "w_16 = ZERO_SAFE_MULTIPLY(w_4, w_15)",
        "w_17 = SUBTRACT(w_12, w_14)",
        "w_18 = SUBTRACT(w_13, w_16)",
        "f = w_17",
        "tangent.f = w_18",
    ]


def test_the_list_of_a_jacobian_reads_as_such() -> None:
    assert str(ENGINE.differentiate(lecture(), JACOBIAN, with_respect_to=["x2"])).splitlines()[2:-1] == [
        "w_3 = LOG(w_1)",
        "w_4 = MULTIPLY(w_1, w_2)",
        "w_5 = ADD(w_3, w_4)",
        "w_6 = SIN(w_2)",
        "w_7 = SUBTRACT(w_5, w_6)",
        "w_8 = COS(w_2)",
        "w_9 = SUBTRACT(w_1, w_8)",
        "w_10 (1, 1) = RESHAPE[2, 1, 1](w_9)",
        "f = w_7",
        "jacobian.f = w_10",
    ]


def test_arrays_stay_arrays() -> None:
    f = ListWriter()
    matrix, x = f.input("matrix", 4, 3), f.input("x", 3)
    f.output("y", f.add("TANH", f.add("MATMUL", matrix, x)))
    made = ENGINE.differentiate(engine_list(f.message), ADJOINT)
    assert statements(made).count("ZERO_SAFE_MATMUL") == 2
    assert made.statements < 15


def test_a_concatenation_stays_one() -> None:
    f = ListWriter()
    parts = [f.add("SIN", f.input(f"x{k}", 2, k + 1)) for k in range(4)]
    f.output("y", f.add("CONCATENATE", *parts, parameters=[1, 4]))
    made = ENGINE.differentiate(engine_list(f.message), DUAL)
    assert statements(made).count("CONCATENATE") == 2
    assert "SCATTER_ADD" not in statements(made)


def elements_apart(n: int) -> WengertList:
    """Return the sum of squares of differences of neighbours, element by element."""
    f = ListWriter()
    x = f.input("x", n)
    each = [f.add("GATHER", x, parameters=[0, 0, k]) for k in range(n)]
    total = f.constant(0.0)
    for a, b in pairwise(each):
        total = f.add("ADD", total, f.add("SQUARE", f.add("SUBTRACT", a, b)))
    f.output("f", total)
    return engine_list(f.message)


def test_a_vector_made_element_by_element_does_not_grow_with_its_square() -> None:
    limits = Limits(list_elements=200_000)
    function = elements_apart(2000)
    made = Engine(limits).differentiate(function, ADJOINT)
    assert made.statements < 5 * function.statements
    x = np.sin(np.arange(2000.0))
    expected = ENGINE.vjp(function, x).cotangents
    np.testing.assert_array_equal(ENGINE.evaluate(made, np.append(x, 1.0)).values[1:], expected)


def test_what_is_added_twice_stays_added_twice() -> None:
    f = ListWriter()
    x = f.input("x", 40)
    total = f.constant(0.0)
    for k in [3, 3, 7, 39, 3, 0]:
        total = f.add("ADD", total, f.add("SIN", f.add("GATHER", x, parameters=[0, 0, k])))
    f.output("f", total)
    made = ENGINE.differentiate(engine_list(f.message), ADJOINT)
    x0 = np.linspace(-1.0, 1.0, 40)
    expected = np.zeros(40)
    np.add.at(expected, [3, 3, 7, 39, 3, 0], np.cos(x0[[3, 3, 7, 39, 3, 0]]))
    np.testing.assert_allclose(ENGINE.evaluate(made, np.append(x0, 1.0)).values[1:], expected, rtol=1e-15)


# ---- what they are ----


def test_the_same_request_gives_the_same_id_whatever_the_seed_of_the_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    function = elements_apart(30)
    ids = set()
    for salt in (0, 1, 2**61 - 1):
        monkeypatch.setattr(graph, "_SALT", salt)
        engine = Engine(machine_code=False)
        made = engine.differentiate(function, ADJOINT)
        assert engine.differentiate(function, ADJOINT) is made
        ids.add((made.id, engine.differentiate(made, DUAL, with_respect_to=["x"]).id))
    assert len(ids) == 1


def composed() -> WengertList:
    """Return exp(sin(x) y) / x."""
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("DIVIDE", f.add("EXP", f.add("MULTIPLY", f.add("SIN", x), y)), x))
    return engine_list(f.message)


@pytest.mark.parametrize("order", ["DDD", "DDA", "DAD", "ADD", "AAD", "ADA", "DAA", "AAA"])
def test_third_derivatives(order: str) -> None:
    made = composed()
    for kind in order:
        name = {"D": DUAL, "A": ADJOINT}[kind]
        made = ENGINE.differentiate(made, name, outputs=[made.outputs[-1].name], with_respect_to=["x"])
    # All seeds are 1 but those of the outputs that only carry values on.
    x, y = 0.7, 1.3
    got = ENGINE.evaluate(made, np.array([x, y, 1.0, 1.0, 1.0])).values[-1]
    with mp.workdps(40):
        expected = mp.diff(lambda t: mp.exp(mp.sin(t) * mp.mpf(y)) / t, mp.mpf(x), 3)
    assert got == pytest.approx(float(expected), rel=1e-12)


def test_nothing_to_differentiate_gives_zeros() -> None:
    function = WengertList.build(
        inputs=[Input("x", (2,)), Input("none", (0,))], constants=[2.0], outputs=[Output("c", -1), Output("none", 2)]
    )
    for derivative, zeros in ((DUAL, 1), (ADJOINT, 2), (JACOBIAN, 2), (HESSIAN, 2 + 4)):
        made = ENGINE.differentiate(function, derivative)
        values = ENGINE.evaluate(made, np.full(made.n, 3.0)).values
        assert values.tolist() == [2.0] + [0.0] * zeros


# ---- limits ----


def test_a_list_that_grows_over_a_limit_names_it() -> None:
    function = elements_apart(50)
    engine = Engine(Limits(statements=function.statements + 10))
    with pytest.raises(LimitExceeded, match=f"the limit statements is {function.statements + 10}") as caught:
        engine.differentiate(function, ADJOINT)
    assert caught.value.violations[0].field == "derivative"
    array = engine_list(one_statement("EXP", [(100,)], []))
    with pytest.raises(LimitExceeded, match="the limit list_elements is 250") as caught:
        Engine(Limits(list_elements=250)).differentiate(array, DUAL)
    assert caught.value.violations[0].field == "derivative"
    with pytest.raises(LimitExceeded, match="the limit inputs is 1"):
        Engine(Limits(inputs=1)).differentiate(array, DUAL)


def test_a_polygamma_beyond_the_contract_is_unsupported() -> None:
    for shape in ((), (3,)):
        function = engine_list(one_statement("POLYGAMMA", [shape], [20]))
        with pytest.raises(Unsupported, match="POLYGAMMA of order 21"):
            ENGINE.differentiate(function, DUAL)


def test_views_of_the_highest_rank_are_written() -> None:
    rank = 32
    shape = tuple(2 if axis % 4 == 0 else 1 for axis in range(rank))
    order = [rank - 1 - axis for axis in range(rank)]
    function = engine_list(one_statement("TRANSPOSE", [shape], [rank, *order]))
    x = np.arange(256.0)
    for derivative in (DUAL, ADJOINT):
        made = ENGINE.differentiate(function, derivative)
        got = ENGINE.evaluate(made, np.concatenate([x, 2 * x])).values
        moved = x.reshape(shape if derivative is DUAL else shape[::-1])
        assert got[256:].tolist() == (2 * moved.transpose(order)).reshape(-1).tolist()

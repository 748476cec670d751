"""What the transformations make, and what they must leave alone."""

import numpy as np
import pytest

from adengine.adjoint import adjoint
from adengine.counting import cost
from adengine.dual import dual
from adengine.graph import OPERATION
from adengine.opcodes import CONST
from adengine.schedule import FLAGS, IN_PLACE, schedule
from tests.adengine.flat import chain, flat, gaussian, names, product_and_sine, run
from tests.wire_lists import ListWriter


def test_the_lists_of_the_lecture_worked_by_hand() -> None:
    f = flat(product_and_sine())
    assert names(f) == ["MULTIPLY", "SIN", "ADD"]
    # x2 u1, x1 u2, their sum, cos x1, (cos x1) u1, the sum of both
    assert len(names(dual(f, [0, 1]))) == 3 + 6
    # v x2, v x1, cos x1, v cos x1, the sum for x1
    assert len(names(adjoint(f, [0, 1]))) == 3 + 5


def test_the_gaussian_has_the_nine_variables_of_the_textbook() -> None:
    g = flat(gaussian())
    assert names(g) == ["SUBTRACT", "DIVIDE", "SQUARE", "MULTIPLY", "LOG", "SUBTRACT"]
    value, *gradient = run(adjoint(g, [0, 1, 2]), 1.0, 0.0, 1.0, 1.0)
    assert value.tolist() == [-0.5]
    assert np.concatenate(gradient).tolist() == [-1.0, 1.0, 0.0]


def test_a_result_is_used_again_by_its_own_derivative() -> None:
    f = flat(chain(["EXP"]))
    assert names(dual(f, [0])) == ["EXP", "ZERO_SAFE_MULTIPLY"]
    assert names(adjoint(f, [0])) == ["EXP", "ZERO_SAFE_MULTIPLY"]


def test_common_subexpressions_are_one_variable() -> None:
    f = ListWriter()
    x = f.input("x")
    once, again = f.add("SIN", x), f.add("SIN", x)
    f.output("f", f.add("ADD", f.add("EXP", once), f.add("EXP", again)))
    assert names(flat(f)) == ["SIN", "EXP", "ADD"]


def test_dead_statements_cost_nothing() -> None:
    f = product_and_sine()
    f.add("EXP", f.add("LOG", 1))
    assert names(flat(f)) == ["MULTIPLY", "SIN", "ADD"]


def test_an_input_not_differentiated_by_costs_nothing() -> None:
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    w = y
    for name in ("SIN", "EXP", "TANH", "LOG1P") * 5:
        w = f.add(name, w)
    f.output("f", f.add("ADD", x, w))
    source = flat(f)
    for derivative in (dual(source, [0]), adjoint(source, [0])):
        assert cost(derivative).operations == cost(source).operations
    for derivative in (dual(source, [1]), adjoint(source, [1])):
        assert cost(derivative).operations > 2 * cost(source).operations


def test_what_does_not_depend_on_the_inputs_has_a_structural_zero() -> None:
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("only_y", f.add("SIN", y))
    f.output("rounded", f.add("FLOOR", x))
    source = flat(f)
    assert dual(source, [0]).outputs[2:].tolist() == [-1, -1]
    assert adjoint(source, [0]).outputs[2:].tolist() == [-1]
    assert run(dual(source, [0]), 1.5, 2.0, 1.0)[2:] == [[0.0], [0.0]]


def test_algebra_of_the_user_is_left_alone() -> None:
    f = ListWriter()
    x = f.input("x")
    f.output("zero_times", f.add("MULTIPLY", f.constant(0.0), x))
    f.output("one_times", f.add("MULTIPLY", f.constant(1.0), x))
    f.output("minus_itself", f.add("SUBTRACT", x, x))
    f.output("by_itself", f.add("DIVIDE", x, x))
    f.output("plus_zero", f.add("ADD", x, f.constant(0.0)))
    source = flat(f)
    assert names(source) == ["MULTIPLY", "MULTIPLY", "SUBTRACT", "DIVIDE", "ADD"]
    assert np.isnan(np.concatenate(run(source, np.inf)))[[0, 2, 3]].all()
    assert np.isnan(run(source, 0.0)[3])
    assert not np.signbit(run(source, -0.0)[4])


def test_zeros_of_either_sign_are_two_constants() -> None:
    f = ListWriter()
    x = f.input("x")
    f.output("plus", f.add("DIVIDE", x, f.constant(0.0)))
    f.output("minus", f.add("DIVIDE", x, f.constant(-0.0)))
    source = flat(f)
    assert (source.rows[:, OPERATION] == CONST).sum() == 2
    assert np.concatenate(run(source, 1.0)).tolist() == [np.inf, -np.inf]


def test_a_derivative_can_be_differentiated_again() -> None:
    second = dual(adjoint(flat(chain(["SIN", "EXP"])), [0]), [0])
    x = 0.7
    # the seed of the adjoint list is an input too, of which no tangent is asked
    *_, gradient_tangent = run(second, x, 1.0, 1.0)
    expected = np.exp(np.sin(x)) * (np.cos(x) ** 2 - np.sin(x))
    np.testing.assert_allclose(gradient_tangent, [expected], rtol=1e-14)


@pytest.mark.parametrize("n", [64, 512])
def test_single_elements_are_added_up_in_place(n: int) -> None:
    f = ListWriter()
    x = f.input("x", n)
    elements = [f.add("SLICE", x, parameters=[1, i, 1, 1]) for i in range(n)]
    total = f.add("SQUARE", elements[0])
    for element in elements[1:]:
        total = f.add("ADD", total, f.add("SIN", element))
    f.output("f", total)
    reverse = adjoint(flat(f), [0])
    planned = schedule(reverse, np.zeros(2, np.uint8), 1)
    scattered = names(reverse).count("ACCUMULATE")
    in_place = int((planned.code[:, FLAGS] & IN_PLACE != 0).sum())
    assert scattered == n
    assert in_place == n - 1
    # n views of x and n adjoints of n elements would be n^2 places
    assert planned.elements < 16 * n
    point = np.linspace(-1, 1, n)
    expected = np.append(2 * point[0], np.cos(point[1:]))
    np.testing.assert_allclose(run(reverse, point, 1.0)[1], expected, rtol=1e-15)


def test_a_long_list_differentiates_without_recursion() -> None:
    source = flat(chain(["SIN"] * 100_000))
    reverse = adjoint(source, [0])
    assert cost(reverse).operations == 3 * cost(source).operations
    assert cost(dual(source, [0])).operations == 3 * cost(source).operations

"""Which list a text makes, statement by statement."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import limits
from adengine.primitives import TABLE
from tests.conformance import section_lecture
from tests.language.evaluating import lines, made
from wengert import v1
from wengert_server import decode
from wengert_server.language import functions

LECTURES = [
    ("x1*x2 + sin(x1)", "x1, x2", "f", 5, section_lecture.product_plus_sine()),
    ("-1/2*((y - mu)/sigma)^2 - log(sigma)", "y, mu, sigma", "g", 9, section_lecture.normal_log_density()),
    ("-0.5*((y-mu)/sigma)**2 - log(sigma)", "y, mu, sigma", "g", 9, section_lecture.normal_log_density()),
    ("log(x1) + x1*x2 - sin(x2)", "x1, x2", "f", 7, section_lecture.survey_example()),
]


@pytest.mark.parametrize(("formula", "inputs", "name", "last", "expected"), LECTURES, ids=lambda each: str(each)[:30])
def test_formulas_of_the_lecture_make_its_lists(
    formula: str, inputs: str, name: str, last: int, expected: v1.WengertList
) -> None:
    source = decode.wengert_list(expected, limits.DEFAULT_LIMITS, 10)
    # Every w_k is an output there, which a single formula does not name.
    got = made(f"input {inputs}\noutput {name} = {formula}")
    assert got.primitives.tolist() == source.primitives.tolist()
    assert got.arguments.tolist() == source.arguments.tolist()
    assert got.constants.tolist() == source.constants.tolist()
    assert got.outputs[0].argument == last == source.outputs[0].argument


def test_a_lecture_line_by_line_has_the_very_id() -> None:
    text = """
        input y, mu, sigma
        w4 = y - mu; w5 = w4/sigma; w6 = w5^2
        w7 = -1/2*w6; w8 = log(sigma); w9 = w7 - w8
        output g = w9, w1 = y, w2 = mu, w3 = sigma, w4, w5, w6, w7, w8, w9
    """
    source = decode.wengert_list(section_lecture.normal_log_density(), limits.DEFAULT_LIMITS, 10)
    assert made(text).id == source.id


MAKES = [
    ("input x; output f = x + 1 + 2", ["ADD 1 1.0c", "ADD 2 2.0c"]),
    ("input x; output f = x + (1 + 2)", ["ADD 1 3.0c"]),
    ("input x; output f = sqrt(4)*x", ["SQRT 4.0c", "MULTIPLY 2 1"]),
    ("input x; output f = add(1, 2) * x", ["ADD 1.0c 2.0c", "MULTIPLY 2 1"]),
    ("n = 3; input x; output f = x^n + x^2 - x^0.5 + 2^x", [
        "INTEGER_POWER 1 [3]", "SQUARE 1", "ADD 2 3", "POWER 1 0.5c", "SUBTRACT 4 5", "POWER 2.0c 1", "ADD 6 7"]),
    ("input x; output f = -x^2", ["SQUARE 1", "NEGATE 2"]),
    ("input x; output f = (-x)^2", ["NEGATE 1", "SQUARE 2"]),
    ("input x; output f = -2*x", ["MULTIPLY -2.0c 1"]),
    ("input x; output f = x^2^3", ["INTEGER_POWER 1 [8]"]),
    ("input x; output f = x^-1", ["INTEGER_POWER 1 [-1]"]),
    ("input x; output f = power(x, 2)", ["POWER 1 2.0c"]),
    ("input x; output f = square(3) + integer_power(x, 2)", ["SQUARE 3.0c", "INTEGER_POWER 1 [2]", "ADD 2 3"]),
    ("input a, b; output f = a > b && !(a >= b) || a == b", [
        "LESS 2 1", "LESS_EQUAL 2 1", "NOT 4", "AND 3 5", "EQUAL 1 2", "OR 6 7"]),
    ("input a, b; output f = greater(a, b)", ["LESS 2 1"]),
    ("input a, b; output f = a < b ? a : b", ["LESS 1 2", "SELECT 3 1 2"]),
    ("input a, b; output f = 1 < 2 ? a : a/b", []),
    ("input a; output f = 0 ? 1 : 0 ? 2 : -a", ["NEGATE 1"]),
    ("input a, b; output f = a % b", ["REMAINDER 1 2"]),
    ("input A[2, 3], x[3]; output f = A @ x", ["MATMUL 1 2"]),
    ("input x[3]; output f = x[0] + x[-1]", ["GATHER 1 [0, 0, 0]", "GATHER 1 [0, 0, 2]", "ADD 2 3"]),
    ("input x[4]; output f = x[1:3], g = x[::-1], h = x[:]", ["SLICE 1 [1, 1, 2, 1]", "SLICE 1 [1, 3, 4, -1]"]),
    ("input A[2, 3]; output f = A[1], g = A[:, 1], h = A[1, 2]", [
        "GATHER 1 [0, 0, 1]", "GATHER 1 [1, 0, 1]", "SLICE 1 [2, 1, 1, 1, 2, 1, 1]", "RESHAPE 4 [0]"]),
    ("input x[3]; output f = x[[2, 0]]", ["GATHER 1 [0, 1, 2, 2, 0]"]),
    ("input a, b; output f = [a, b]", ["RESHAPE 1 [1, 1]", "RESHAPE 2 [1, 1]", "CONCATENATE 3 4 [0, 2]"]),
    ("input a; output f = [a]", ["RESHAPE 1 [1, 1]"]),
    ("input a; output f = [a, 0, 0]", ["RESHAPE 1 [1, 1]", "CONSTANT [1]", "CONCATENATE 2 3 3 [0, 3]"]),
    ("input a, b; output f = [[a], [b]]", [
        "RESHAPE 1 [1, 1]", "RESHAPE 2 [1, 1]", "CONCATENATE 3 4 [0, 2]", "RESHAPE 5 [2, 2, 1]"]),
    ("input x[2]; output f = [x, [1, 2]]", [
        "CONSTANT [1]", "RESHAPE 1 [2, 1, 2]", "RESHAPE 2 [2, 1, 2]", "CONCATENATE 3 4 [0, 2]"]),
    ("input x[2]; output f = concatenate([x, [1, 2]], axis=0)", ["CONSTANT [1]", "CONCATENATE 1 2 [0, 2]"]),
    ("c = [1, 2, 3]; input x; output f = c[1]*x", ["MULTIPLY 2.0c 1"]),
    ("c = [1, 2]; input x[2]; output f = c*x + c + [1, 2]", [
        "CONSTANT [1]", "MULTIPLY 2 1", "ADD 3 2", "ADD 4 2"]),
    ("input x[2, 3]; output f = sum(x), g = max(x, axis=1), h = prod(x, axis=(-1, 0), keepdims=true)", [
        "SUM 1 [0, 2, 0, 1]", "MAX 1 [0, 1, 1]", "PROD 1 [1, 2, 0, 1]"]),
    ("input x[6]; output f = reshape(x, (2, -1)), g = broadcast_to(x, (2, 6)), h = transpose(x)", [
        "RESHAPE 1 [2, 2, 3]", "BROADCAST 1 [2, 2, 6]", "TRANSPOSE 1 [1, 0]"]),
    ("input x[3]; output f = take(x, [[0, 1], [2, -1]]), g = scatter_add(x, [0, 0], [1, 2], axis=0)", [
        "GATHER 1 [0, 2, 2, 2, 0, 1, 2, 2]", "CONSTANT [1]", "SCATTER_ADD 1 3 [0, 1, 2, 0, 0]"]),
    ("input x[3]; output f = slice(x, (2, 3, -1))", ["SLICE 1 [1, 2, 3, -1]"]),
    ("input x; output f = polygamma(2, x)", ["POLYGAMMA 1 [2]"]),
    ("input x[3]; s = 0; for i in 0..2 { s = s + x[i]*i }; output s", [
        "GATHER 1 [0, 0, 0]", "MULTIPLY 2 0.0c", "ADD 0.0c 3",
        "GATHER 1 [0, 0, 1]", "MULTIPLY 5 1.0c", "ADD 4 6",
        "GATHER 1 [0, 0, 2]", "MULTIPLY 8 2.0c", "ADD 7 9"]),
    ("input x; for i in 3..1 by -1 { x = x*i }; for j in 5..4 { x = 0 }; output y = x", [
        "MULTIPLY 1 3.0c", "MULTIPLY 2 2.0c", "MULTIPLY 3 1.0c"]),
    ("input x[2]; z = zeros(2); z[0] = x[1]; z[1] = z[0]*2; output z", [
        "GATHER 1 [0, 0, 1]", "MULTIPLY 2 2.0c", "RESHAPE 2 [1, 1]", "RESHAPE 3 [1, 1]", "CONCATENATE 4 5 [0, 2]"]),
    ("input x; z = zeros((2, 1)); z[1, 0] = x; output z", [
        "CONSTANT [1]", "RESHAPE 1 [1, 1]", "CONCATENATE 2 3 [0, 2]", "RESHAPE 4 [2, 2, 1]"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MAKES, ids=[text for text, _ in MAKES])
def test_one_operation_is_one_statement(text: str, expected: list[str]) -> None:
    assert lines(made(text)) == expected


def test_a_stack_of_vectors_is_one_array() -> None:
    source = made("input x[2], y[2]; output f = [x, y]; output g = [[x, y], [y, x]]")
    assert source.output_shapes == ((2, 2), (2, 2, 2))


def test_a_copy_of_an_array_is_another_array() -> None:
    source = made("a = zeros(2); a[0] = 1; b = a; b[0] = 2; output a, b")
    assert [tensor.tolist() for tensor in source.tensors] == [[1.0, 0.0], [2.0, 0.0]]


def test_an_output_keeps_the_array_that_it_was() -> None:
    source = made("z = zeros(2); z[0] = 1; output f = z; z[0] = 2; output g = f, h = z")
    assert [tensor.tolist() for tensor in source.tensors] == [[1.0, 0.0], [2.0, 0.0]]
    assert [output.argument for output in source.outputs] == [1, 1, 2]


def test_the_length_of_an_array_of_numbers_is_no_statement() -> None:
    assert lines(made("c = [1, 2]; z = zeros(3); z[0] = 1; input x[4]; output f = len(c) + len(z) + len(x)")) == []


def test_inputs_have_shapes_and_defaults() -> None:
    source = made("n = 2; input x, A[n, n + 1] = 1.5, v = [1, 2], k = -2*pi, z[0], s[1, 2] = [[3, 4]]\noutput f = 0")
    assert [(each.name, each.shape) for each in source.inputs] == [
        ("x", ()), ("A", (2, 3)), ("v", (2,)), ("k", ()), ("z", (0,)), ("s", (1, 2))
    ]  # fmt: skip
    defaults = [None if each.default is None else each.default.tolist() for each in source.inputs]
    assert defaults == [None, [[1.5] * 3] * 2, [1.0, 2.0], -2 * np.pi, None, [[3.0, 4.0]]]


def test_assigned_names_are_labels() -> None:
    source = made("input x; a = x*2; b = a; n = 3; w3 = a + n; s = 0\nfor i in 1..2 { s = s + a }\noutput a, f = s")
    assert [(label.variable, label.name) for label in source.labels] == [(2, "a"), (2, "b"), (4, "s"), (5, "s")]


def test_outputs_are_names_for_values() -> None:
    source = made("input x, y; output y = x, z = y, c = 2.5, x; output q = z + c")
    named = [(output.name, output.argument) for output in source.outputs]
    assert named == [("y", 1), ("z", 2), ("c", -1), ("x", 1), ("q", 3)]
    assert lines(source) == ["ADD 2 2.5c"]


def test_bodies_and_listed_constants() -> None:
    source = made("constants 1, 2, 2, nan; tensors [1, 2], 3; input x; output f = x*$c2 + 1, g = $t1, h = $t1\n"
                  "body { input x; output f = 2*x\nbody { output e } }")  # fmt: skip
    assert lines(source) == ["MULTIPLY 1 2.0c", "ADD 2 1.0c", "CONSTANT [2]", "CONSTANT [2]"]
    assert source.arguments.tolist() == [1, -3, 2, -1]
    assert [body.inputs[0].name for body in source.bodies] == ["x"]
    assert len(source.bodies[0].bodies) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ";", "\n\n # a comment\n\n;\n"])
def test_statements_end_with_lines_or_semicolons(end: str) -> None:
    assert lines(made(end + end.join(["input x", "a = 2*x", "output f = a"]) + end)) == ["MULTIPLY 2.0c 1"]


def test_lines_go_on_within_brackets() -> None:
    source = made("input x[\n 3]\noutput f = sum( # so\n  x[0:\n 2]\n, axis =\r\n 0) + [\n 1,\n 2,\n][\n0]")
    assert lines(source) == ["SLICE 1 [1, 0, 2, 1]", "SUM 2 [0, 1, 0]", "ADD 3 1.0c"]


def test_words_of_the_language_are_names_in_back_quotes() -> None:
    source = made("input `for`, in, by, pi, `inf`; `input` = `for`*in; output `output` = `input` + pi + `inf` + inf")
    assert [each.name for each in source.inputs] == ["for", "in", "by", "pi", "inf"]
    assert lines(source) == ["MULTIPLY 1 2", "ADD 6 4", "ADD 7 5", "ADD 8 infc"]


def test_every_primitive_is_a_function() -> None:
    for row in TABLE:
        assert row.name.lower() in functions.FUNCTIONS
        assert all(alias in functions.FUNCTIONS for alias in functions.ALIASES.get(row.name, ()))
    names = [name for row in TABLE for name in (row.name.lower(), *functions.ALIASES.get(row.name, ()))]
    names += [
        name for call in functions.KNOWN for name in call.replace("(", " ").split() if name in functions.FUNCTIONS
    ]
    assert sorted(set(names)) == sorted(functions.FUNCTIONS)
    assert set(functions.ALIASES) <= {row.name for row in TABLE}


def test_aliases_are_names_of_numpy() -> None:
    scipy = {"gammaln", "expit"}
    for names in functions.ALIASES.values():
        assert all(hasattr(np, name) or name in scipy for name in names)

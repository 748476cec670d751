"""The table: whole, well-formed, and each row's derivatives those of its value."""

import re

import numpy as np
import pytest

from adengine import opcodes as op
from adengine.adjoint import adjoint
from adengine.dual import dual
from adengine.graph import NONE, FlatList, add_input, append, finish, intern, new_graph
from adengine.primitives import BY_NAME, BY_NUMBER, ELEMENTWISE, SERVED, TABLE, Kind, Primitive
from adengine.templates import TABLES, TEMPLATE, compile_tables
from tests.adengine.flat import Floats, run
from wengert.v1 import Primitive as WirePrimitive

WIRE = {number: name.removeprefix("PRIMITIVE_") for name, number in WirePrimitive.items() if number}

# Part of the contract, and served by a later version.
NOT_SERVED = {
    "ERFINV", "NDTR", "LOG_NDTR", "CUMSUM", "SOLVE", "CHOLESKY", "TRIANGULAR_SOLVE", "SLOGDET", "TRIL", "CALL", "SCAN",
}  # fmt: skip

FIRST_OF_DERIVATIVES = 220

# A shift that cancels later has no derivative on purpose.
WITHOUT_DERIVATIVE = {("SHIFTED_EXP", 1)}

by_name = pytest.mark.parametrize("row", ELEMENTWISE, ids=lambda row: row.name)


def test_numbers_and_names_are_those_of_the_contract() -> None:
    served = {row.number: row.name for row in TABLE}
    assert served == {number: name for number, name in WIRE.items() if name not in NOT_SERVED}
    assert set(served) == SERVED
    assert set(WIRE.values()) >= NOT_SERVED


def test_each_number_and_each_name_stands_once() -> None:
    assert len(BY_NUMBER) == len(BY_NAME) == len(TABLE)
    assert all(row.number < op.FIRST_STRUCTURAL for row in TABLE)


def test_rows_that_derivatives_brought_are_used_by_them() -> None:
    used = {name for row in TABLE for partial in row.partials for name in re.findall(r"([a-z_0-9]+)[\[(]", partial)}
    structural = {"SHIFTED_EXP", "ZERO_SAFE_MATMUL"}  # the weights of LOGSUMEXP, the products of MATMUL
    brought = {row.name for row in TABLE if row.number >= FIRST_OF_DERIVATIVES}
    assert structural < brought <= {name.upper() for name in used} | structural


@by_name
def test_a_row_has_as_many_partials_and_intervals_as_arguments(row: Primitive) -> None:
    assert len(row.partials) == len(row.domain) == row.arity
    assert row.finite in {"", "arguments", "always"}
    assert all(low < high for low, high in row.domain)


@by_name
def test_formulas_name_the_arguments_of_the_row_only(row: Primitive) -> None:
    allowed = set("abc"[: row.arity]) | ({"k"} if row.parametric else set())
    assert set(re.findall(r"\b[a-z]\b", row.value)) == allowed
    for partial in row.partials:
        assert set(re.findall(r"\b[a-z]\b", partial)) <= allowed | {"w", "t"}


@by_name
def test_templates_parse(row: Primitive) -> None:
    compiled = compile_tables((row,))
    kinds = [int(compiled.facts[row.number, TEMPLATE + 4 * place]) for place in range(row.arity)]
    assert [kind != 0 for kind in kinds] == [bool(partial) for partial in row.partials]


def test_structural_rows_are_described_by_the_contract_alone() -> None:
    for row in TABLE:
        if row.kind is not Kind.ELEMENTWISE:
            assert (row.value, row.partials, row.domain, row.parametric) == ("", (), (), False)
            assert row.note


@pytest.mark.parametrize("text", ["import_(a)", "a if b else 0", "a.real", "'a'", "f[k*2](a)", "a ** b", "a, b"])
def test_what_is_no_template_is_refused(text: str) -> None:
    row = Primitive(999, "WRONG", Kind.ELEMENTWISE, 2, "a", (text, ""), "", ((0.0, 1.0), (0.0, 1.0)))
    with pytest.raises((ValueError, KeyError, SyntaxError)):
        compile_tables((row,))


def single(row: Primitive, k: int) -> FlatList:
    """Return the list of one statement of scalars."""
    graph = new_graph(8, 8, 2)
    operands = [add_input(graph, number, 1, 0) for number in range(row.arity)]
    a, b, c = [*operands, NONE, NONE, NONE][:3]
    parameter = intern(graph, np.array([k], np.int64), 0, 1) if row.parametric else NONE
    w = append(graph, TABLES, row.number, a, b, c, parameter, 1)
    ones = np.ones(row.arity, np.int64)
    inputs, outputs = np.array(operands, np.int32), np.array([w], np.int32)
    return finish(graph, (), inputs, ones, 0, outputs, np.ones(1, np.int64), 1)


def value_of(source: FlatList, x: Floats) -> float:
    return float(run(source, *x)[0][0])


def slope(source: FlatList, x: Floats, place: int) -> float:
    """Return the derivative by argument ``place``, by central differences extrapolated once."""

    def difference(h: float) -> float:
        step = h * np.eye(len(x))[place]
        return (value_of(source, x + step) - value_of(source, x - step)) / (2 * h)

    return (4 * difference(5e-4) - difference(1e-3)) / 3


def points(row: Primitive) -> list[Floats]:
    """Return points of the row's domain, away from whole numbers and quotients, where rounding jumps."""
    random = np.random.default_rng(row.number)
    low, high = np.array(row.domain).T
    drawn = [random.uniform(low, high) for _ in range(80)]
    jumps = [np.append(x, x[0] / x[-1] if len(x) > 1 else x) for x in drawn]
    return [x for x, at in zip(drawn, jumps, strict=True) if np.all(np.abs(at - np.rint(at)) > 0.1)][:12]


@by_name
def test_the_derivatives_are_those_of_the_value(row: Primitive) -> None:
    for k in (-2, 3) if row.name == "INTEGER_POWER" else (0, 2):
        source = single(row, k)
        everything = list(range(row.arity))
        forward, reverse = dual(source, everything), adjoint(source, everything)
        chosen = points(row)
        assert len(chosen) > 5
        for x in chosen:
            numeric = [slope(source, x, place) for place in everything]
            by_tangent = [run(forward, *x, *np.eye(row.arity)[place])[1][0] for place in everything]
            by_adjoint = np.concatenate(run(reverse, *x, 1.0)[1:])
            for place in everything:
                if (row.name, place) in WITHOUT_DERIVATIVE:
                    continue
                assert by_tangent[place] == pytest.approx(numeric[place], rel=1e-6, abs=1e-6), (x, place)
            np.testing.assert_allclose(by_tangent, by_adjoint, rtol=1e-14, atol=0)

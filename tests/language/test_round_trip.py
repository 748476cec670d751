"""Any list can be written as text, and the text gives it back."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adengine import Derivative, Input, Label, Output, WengertList
from adengine.errors import EngineError
from adengine.limits import DEFAULT_LIMITS
from adengine.primitives import BY_NAME
from tests.conformance.cases import DATA, load
from tests.language.evaluating import BOUNDS, engine, made
from tests.language.random_lists import ROWS, list_of, random_list
from wengert import v1
from wengert_server import decode
from wengert_server.language import write


def same(source: WengertList) -> None:
    """Assert that a list is read from its text, and that this one is written the same."""
    text = write(source, BOUNDS)
    again = made(text)
    assert again.id == source.id, text
    assert write(again, BOUNDS) == text


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), statements=st.sampled_from([0, 3, 12, 40]))
def test_lists_at_random(seed: int, statements: int) -> None:
    same(random_list(random.Random(seed), statements))  # noqa: S311


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_primitive(row: Any) -> None:
    for seed in range(5):
        same(list_of(row, random.Random(seed)))  # noqa: S311


def conformance_lists() -> dict[str, WengertList]:
    """All right lists of the conformance cases."""
    lists = {}
    for path in sorted(DATA.glob("*.json")):
        for case in load(path):
            function = getattr(case.request, "function", None)
            if function is None or not function.HasField("list"):
                continue
            try:
                lists[f"{path.stem}/{case.name}"] = decode.wengert_list(function.list, DEFAULT_LIMITS, 1000)
            except EngineError:
                continue
    return lists


def test_all_lists_of_the_conformance_cases() -> None:
    lists = conformance_lists()
    assert len(lists) > 300
    for source in lists.values():
        same(source)


@pytest.mark.parametrize("derivative", list(Derivative))
def test_derivative_lists(derivative: Derivative) -> None:
    source = made("input x[3], k = 2; y = exp(k*x) + x[0]; output s = sum(y), m = max(y)")
    if derivative is Derivative.HESSIAN:
        same(engine().differentiate(source, derivative, with_respect_to=["x"]))
    else:
        same(engine().differentiate(source, derivative))


def test_special_doubles_survive() -> None:
    bits = np.array([-0.0, 5e-324, -5e-324, 1.7976931348623157e308, np.inf, -np.inf, np.nan, 1 / 3, 0.1 + 0.2])
    source = WengertList.build(
        inputs=[Input("x", bits.shape, bits)],
        primitives=[1, *[BY_NAME["ADD"].number] * len(bits)],
        arguments=[n for k in range(len(bits)) for n in (1, -k - 1)],
        constants=bits,
        tensors=[bits],
        parameters=[1],
        outputs=[Output("f", 2), *(Output(f"c{k}", -k - 1) for k in range(len(bits)))],
    )
    again = made(write(source, BOUNDS))
    assert again.id == source.id
    for kept, first in ((again.constants, bits), (again.tensors[0], bits), (again.inputs[0].default, bits)):
        assert kept is not None
        np.testing.assert_array_equal(kept.view(np.int64), first.view(np.int64))


def test_columns_that_no_text_makes_are_listed() -> None:
    source = WengertList.build(
        inputs=[Input("x")], primitives=[10, 10], arguments=[1, -3, -2, -2], constants=[5.0, 2.0, 2.0],
        outputs=[Output("f", 2)],
    )  # fmt: skip
    assert write(source, BOUNDS) == (
        "input x\nconstants 5, 2, 2\nw2 = x + $c2\nw3 = add(2, 2)\noutput f = w2\n"
    )  # fmt: skip
    same(source)


def test_names_are_labels_where_they_can_be() -> None:
    text = (
        "input x, s\n"
        "a = x*2\n"  # a
        "a = a + 1\n"  # a again: the first is not needed any more
        "b = a*3\n"
        "c = a + b\n"
        "output q = b, b = c, a\n"  # b is another output, so the variable is called by its number
    )
    source = made(text)
    written = write(source, BOUNDS)
    assert written == (
        "input x\ninput s\na = x * 2\na = a + 1\nw5 = a * 3\nc = a + w5\n"
        "output q = w5\noutput b = c\noutput a\n"
    )  # fmt: skip
    same(source)


def test_labels_come_back_unless_they_cannot() -> None:
    source = made("input x; first = x + 1; second = first*first; w4 = second - 1; output f = w4")
    again = made(write(source, BOUNDS))
    assert again.labels == source.labels == (Label(2, "first"), Label(3, "second"))


def test_a_label_still_needed_is_not_given_twice() -> None:
    source = WengertList.build(
        inputs=[Input("x")], primitives=[60, 61, 10], arguments=[1, 1, 2, 3], outputs=[Output("f", 4)],
        labels=[Label(2, "t"), Label(3, "t"), Label(4, "x"), Label(1, "y")],
    )  # fmt: skip
    assert write(source, BOUNDS) == "input x\nt = sin(x)\nw3 = cos(x)\nw4 = t + w3\noutput f = w4\n"
    same(source)


def test_wire_form_of_a_text_reads_back() -> None:
    source = made("input A[2, 2] = [[1, 2], [3, 4]]; output y = A @ [1, -1]")
    request = v1.DescribeRequest(function=v1.FunctionSource(text=write(source, BOUNDS)))
    assert made(request.function.text).id == source.id


def test_arrays_of_one_number_are_short() -> None:
    bits = np.array([0x7FF8000000000001, -1], np.int64).view(np.float64)
    arrays = [
        np.zeros((4, 5)),
        np.full((4, 5), -0.0),
        np.full(16, 1.5),
        np.repeat(bits, 8),
        np.zeros((3, 0)),
        np.ones(3),
    ]
    source = WengertList.build(
        inputs=[], primitives=[1] * len(arrays), tensors=arrays, parameters=range(1, len(arrays) + 1),
        outputs=[Output("f", 1)],
    )  # fmt: skip
    assert write(source, BOUNDS).splitlines()[:3] == [
        "w1 = constant(zeros((4, 5)))", "w2 = constant(full((4, 5), -0))", "w3 = constant(full((16,), 1.5))"
    ]  # fmt: skip
    same(source)
    large = WengertList.build(
        inputs=[], primitives=[1], tensors=[np.zeros((2000, 2000))], parameters=[1], outputs=[Output("f", 1)]
    )
    same(large)

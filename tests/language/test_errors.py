"""What is said of a text that makes no list: which error, where, and in which words."""

from __future__ import annotations

import re

import pytest

from adengine.errors import EngineError, InvalidName, InvalidShape, LimitExceeded, UnknownName, Unsupported
from tests.language.evaluating import made
from wengert_server.errors import InvalidText
from wengert_server.language.faults import excerpt, place

SYNTAX = [
    ("output f = 1 + ", 1, 15, "the text ends too early; expected is a value"),
    ("input x\noutput f = (x + 1", 2, 12, "'(' is not closed"),
    ("input x\noutput f = (x + 1\ny = 3", 3, 1, "the '(' of line 2, column 12 is still open"),
    ("for i in 0..3 {\n a = i\n", 1, 15, "'{' is not closed"),
    ("input x; output f = x)", 1, 22, "')' is not expected here; expected is the end of the statement"),
    ("output f = 2x", 1, 13, "a product is written with '*'"),
    ("output f = (1)(2)", 1, 15, "a product is written with '*'"),
    ("input x; f = x & 1", 1, 16, "'and' is written '&&'"),
    ("input x; f = x | 1", 1, 16, "'or' is written '||'"),
    ("a = 1 < 2 < 3", 1, 11, "comparisons do not chain: write a < b && b < c"),
    ("s += 1", 1, 3, "expected is '=' or '['"),
    ("x = 1 = 2", 1, 7, "write '==' to compare"),
    ("a = 1 == = 2", 1, 10, "'=' is not expected here; expected is a value"),
    ("input x; if x > 0 { }", 1, 13, "a choice is written condition ? a : b"),
    ("while x { }", 1, 7, "loops are written for i in 0..n-1 { ... }"),
    ("def f(x)", 1, 5, "no functions of its own"),
    ("return 3", 1, 8, "an output is written output f = ..."),
    ('x = "a"', 1, 5, "the character '\"' is not expected here"),
    ("input \N{GREEK SMALL LETTER ALPHA}", 1, 7, r"the character '\u03b1' is not expected here"),
    ("for i in 0 { }", 1, 12, "'{' is not expected here; expected is '..'"),
    ("output f = 1 }", 1, 14, "'}' is not expected here; expected is the end of the statement"),
    ("body { output f = 1", 1, 6, "'{' is not closed"),
    ("output f = [1, , 2]", 1, 16, "',' is not expected here"),
    ("output f = sum(x axis=0)", 1, 18, "'axis' is not expected here; expected is an operator"),
]

MEANING = [
    ("output", 1, 7, InvalidText, "expected is a name"),
    ("", 1, 1, InvalidText, "the text names no output; write output f = ..."),
    ("a = 1\n", 1, 6, InvalidText, "the text names no output"),
    ("body { a = 1 }; output f = 1", 1, 14, InvalidText, "the list within the list names no output"),
    ("input sigma; output f = sigm", 1, 25, UnknownName, "there is nothing called sigm; did you mean sigma?"),
    ("input X; output f = x", 1, 21, UnknownName, "did you mean X?"),
    ("output f = ln(2)", 1, 12, UnknownName, "there is no function ln; write log(x)"),
    ("output f = sinn(2)", 1, 12, UnknownName, "there is no function sinn; did you mean sin"),
    ("output f = qqqqq(2)", 1, 12, UnknownName, "there is no function qqqqq"),
    ("input x.T; output f = x.Q", 1, 23, UnknownName, "did you mean x.T?"),
    ("output f", 1, 8, UnknownName, "there is nothing called f"),
    ("input x, x; output f = 1", 1, 10, InvalidName, "there is an input called x already"),
    ("output f = 1\noutput f = 2", 2, 8, InvalidName, "there is an output called f already"),
    (f"{'a' * 256} = 1", 1, 1, InvalidName, "a name of 256 bytes, at most 255"),
    ("`a b` = 1", 1, 1, InvalidName, "is no name"),
    ("`` = 1", 1, 1, InvalidName, "a name is empty"),
    ("inf = 1", 1, 1, InvalidText, "in back quotes: `inf`"),
    ("input for; output f = 1", 1, 7, InvalidText, "in back quotes: `for`"),
    ("a = sin(1); input x", 1, 19, InvalidText, "input x comes after the first operation"),
    ("for i in 0..1 { output f = i }", 1, 24, InvalidText, "inputs and outputs stand outside of loops"),
    ("for i in 0..1 { constants 1 }", 1, 27, InvalidText, "constants and arrays are listed outside of loops"),
    ("for i in 0..1 { body { output f = 1 } }", 1, 22, InvalidText, "stand outside of loops"),
    ("input x, y[x]; output f = 1", 1, 10, InvalidText, "an extent of y must be a number that is known here"),
    ("input x[1.5]; output f = 1", 1, 7, InvalidText, "an extent of x must be a whole number, not 1.5"),
    ("input x[-1]; output f = 1", 1, 7, InvalidShape, "x has a negative extent"),
    ("input x[2] = [1, 2, 3]; output f = 1", 1, 7, InvalidShape, "the default of x has the shape (3,), expected"),
    ("input x, y = x; output f = 1", 1, 10, InvalidText, "made of numbers that are known here"),
    ("input x[3], y[2]; output f = x * y", 1, 32, InvalidShape, "the shapes (3,) and (2,) do not broadcast"),
    ("input x[3]; output f = x[3]", 1, 25, InvalidShape, "index 3 is outside axis 0 of an array of the shape (3,)"),
    ("input x[3]; output f = x[-4]", 1, 25, InvalidShape, "index -4 is outside axis 0"),
    ("input x[3]; output f = x[0, 1]", 1, 25, InvalidShape, "2 axes are indexed, of an array of the shape (3,)"),
    ("input x[3]; output f = x[0.5]", 1, 25, InvalidText, "an index must be a whole number, not 0.5"),
    ("input x[3], i; output f = x[i]", 1, 28, InvalidText, "to choose by the value of a variable write condition ?"),
    ("input x[3]; output f = x[::0]", 1, 25, InvalidText, "the step of a slice is not 0"),
    ("input x[3]; output f = x[[0, 3]]", 1, 25, InvalidShape, "an index leaves axis 0"),
    ("input x[2, 2]; output f = x[[0], [1]]", 1, 28, InvalidText, "one array of indices at most"),
    ("input x; output f = x[0]", 1, 22, InvalidText, "a scalar has no elements"),
    ("output f = 2[0]", 1, 13, InvalidText, "a number has no elements"),
    ("input x[2]; x[0] = 1", 1, 14, InvalidText, "elements are assigned in arrays of numbers, such as zeros(3)"),
    ("z = zeros(3); z[0:2] = 1", 1, 16, InvalidText, "write a loop over the places of a slice"),
    ("z = zeros((3, 3)); z[0] = 1", 1, 21, InvalidText, "an element has 2 indices here, not 1"),
    ("input x[2]; z = zeros(3); z[0] = x", 1, 28, InvalidShape, "an element is a number or a scalar"),
    ("for i in 0..0.5 { }", 1, 5, InvalidText, "a bound of a loop must be a whole number, not 0.5"),
    ("for i in 0..2 by 0 { }", 1, 5, InvalidText, "the step of a loop is not 0"),
    ("input n; for i in 0..n { }", 1, 14, InvalidText, "a bound of a loop must be a number that is known here"),
    ("input x; output f = max(x, 2)", 1, 21, InvalidText, "the larger of two is maximum(a, b)"),
    ("input x[2]; output f = sum(x, 0)", 1, 24, InvalidText, "the axis is written axis="),
    ("input x[2]; output f = sum(x, axes=0)", 1, 24, InvalidText, "no option axes=; it has axis= and keepdims="),
    ("input x[2]; output f = sum(x, axis=1)", 1, 24, InvalidShape, "sum: axis 1 does not exist, there are 1 axes"),
    ("input x[2]; output f = sum(x, axis=(0, -1))", 1, 24, InvalidShape, "an axis is named twice"),
    ("input x[2, 0]; output f = max(x)", 1, 27, InvalidShape, "no max over an empty axis"),
    ("input x; output f = sin(x, 2)", 1, 21, InvalidText, "sin takes 1 argument, not 2"),
    ("output f = sum(axis=0, 1)", 1, 12, InvalidText, "options come after the other arguments"),
    ("output f = sum(1, axis=0, axis=0)", 1, 12, InvalidText, "an option is given twice"),
    ("input x; output f = x^x @ 2", 1, 25, InvalidText, "numbers are multiplied by *"),
    ("input x[3], y[2]; output f = x @ y", 1, 32, InvalidShape, "3 columns meet 2 rows"),
    ("input A[2, 2, 2]; output f = A @ A", 1, 32, Unsupported, "matrix products of ranks above 2 are not served"),
    ("input x; output f = x // 2", 1, 23, InvalidText, "for variables write floor(a / b)"),
    ("input x; output f = concatenate([x, x])", 1, 21, InvalidText, "write [a, b] for an array of them"),
    ("input x[2]; output f = concatenate(x)", 1, 24, InvalidText, "takes its arrays in brackets"),
    ("input x[2], y[3]; output f = [x, y]", 1, 30, InvalidShape, "parts of an array have one shape, not (2,) and"),
    ("output f = [[1, 2], [3]]", 1, 12, InvalidShape, "the rows of an array have one length, not 1 and 2"),
    ("input x; output f = reshape(x, (2, 2))", 1, 21, InvalidShape, "cannot reshape () (1 elements) to (2, 2)"),
    ("input x; output f = polygamma(x, 2)", 1, 21, InvalidText, "order of polygamma must be a number that is"),
    ("input x; output f = polygamma(21, x)", 1, 21, InvalidText, "the order of polygamma is 21, expected 0 to 20"),
    ("output f = $c0", 1, 12, InvalidText, "$c0 is none of the 0 constants that the text lists"),
    ("a = sin(1); constants 1; output f = 1", 1, 23, InvalidText, "constants are listed before the first operation"),
    ("output f = 1e999", 1, 12, InvalidText, "too large for a float64; write inf"),
    ("output f = [1e999, 2]", 1, 12, InvalidText, "too large for a float64"),
    ("output f = len(2)", 1, 12, InvalidText, "a number has no length"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "sentence"), SYNTAX, ids=[text for text, *_ in SYNTAX])
def test_what_the_grammar_does_not_allow(text: str, line: int, column: int, sentence: str) -> None:
    check(text, line, column, InvalidText, sentence)


@pytest.mark.parametrize(
    ("text", "line", "column", "kind", "sentence"), MEANING, ids=[text[:60] for text, *_ in MEANING]
)
def test_what_means_nothing(text: str, line: int, column: int, kind: type[EngineError], sentence: str) -> None:
    check(text, line, column, kind, sentence)


def check(text: str, line: int, column: int, kind: type[EngineError], sentence: str) -> None:
    with pytest.raises(EngineError) as caught:
        made(text)
    message = str(caught.value)
    assert type(caught.value) is kind, message
    assert message.startswith(f"line {line}, column {column}: "), message
    assert sentence in message
    first, shown, caret = message.split("\n")
    assert message.isascii()
    assert shown[len(caret) - 1 : len(caret)] == re.sub("[^ -~]", "?", text.split("\n")[line - 1])[column - 1 : column]
    assert first.count("column") >= 1
    assert [violation.field for violation in caught.value.violations] == [""]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(end: str) -> None:
    text = end.join(["input x", "", "# nothing", "output f = (x +", "  y)"])
    with pytest.raises(UnknownName, match=r"line 5, column 3: .*") as caught:
        made(text)
    assert str(caught.value).splitlines()[1:] == ["      y)", "      ^"]


def test_long_lines_are_cut_around_the_place() -> None:
    text = f"output f = {'1 + ' * 200}q + {'1 + ' * 200}1"
    with pytest.raises(UnknownName) as caught:
        made(text)
    _, shown, caret = str(caught.value).split("\n")
    assert shown.startswith("    ...")
    assert shown.endswith("...")
    assert len(shown) < 120
    assert shown[len(caret) - 1] == "q"


def test_other_characters_leave_the_caret_in_its_place() -> None:
    text = "input x\n\ta = x  # \N{GREEK SMALL LETTER ALPHA}\t\N{SNOWMAN}\n\toutput f = b"
    with pytest.raises(UnknownName) as caught:
        made(text)
    assert str(caught.value).splitlines()[1:] == ["     output f = b", "                ^"]
    assert place(text, text.index("b")) == (3, 13)
    assert excerpt("", 0) == "    \n    ^"


@pytest.mark.parametrize(
    ("text", "limit", "where"),
    [
        ("output f = zeros((100000, 100000))", "variable_elements", "line 1, column 12: elements of the array"),
        ("\ninput x[100000, 100000]", "variable_elements", "line 2, column 7: elements of input x"),
        ("for i in 1..1e15 { }", "text_steps", "line 1, column 5: steps of reading the text"),
        ("for i in 1..1e5 { for j in 1..1e5 { a = j } }", "text_steps", "line 1, column 23: steps"),
        (f"output f = {'(' * 300}1{')' * 300}", "text_depth", "line 1, column 268: brackets within brackets"),
    ],
)
def test_limits_are_told_with_the_place(text: str, limit: str, where: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        made(text)
    assert caught.value.limit == limit
    assert str(caught.value).startswith(where)
    assert f"the limit {limit} is {caught.value.allowed}" in str(caught.value)

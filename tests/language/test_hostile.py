"""Texts that mean harm: refused or read, in bounded time and memory, without recursion."""

from __future__ import annotations

import random
import threading
import time
import tracemalloc

import pytest

from adengine import account
from adengine.cancellation import Cancellation
from adengine.errors import Cancelled, EngineError, LimitExceeded
from adengine.limits import Limits
from tests.language.evaluating import BOUNDS, made
from wengert_server.language import Bounds, read, write
from wengert_server.language.parsing import parser

MANY = 20_000

DEEP = {
    "signs": ("output f = " + "-" * MANY + "1", "read"),
    "negations": ("input x; output f = " + "!" * MANY + "x", "read"),
    "powers": ("output f = " + "2^" * MANY + "1", "read"),
    "choices to the right": ("input x; output f = " + "x ? 1 : " * MANY + "2", "read"),
    "choices in the middle": ("input x; output f = " + "x ? " * MANY + "2" + " : 1" * MANY, "read"),
    "a long sum": ("input x; output f = " + "x + " * MANY + "x", "read"),
    "subscripts": ("input x[2]; output f = x" + "[:]" * MANY, "read"),
    "parentheses": ("output f = " + "(" * MANY + "1" + ")" * MANY, "text_depth"),
    "parentheses that do not close": ("output f = " + "(" * MANY, "text_depth"),
    "brackets": ("output f = " + "[" * MANY + "1" + "]" * MANY, "text_depth"),
    "brackets beside values": ("input x; output f = " + "[x, " * 250 + "x" + "]" * 250, "INVALID_SHAPE"),
    "brackets beside arrays": ("input x[2]; output f = " + "[x, " * 250 + "x" + "]" * 250, "INVALID_SHAPE"),
    "powers that end badly": ("output f = " + "2^" * MANY + ")", "INVALID_TEXT"),
    "calls": ("output f = " + "sin(" * MANY + "1" + ")" * MANY, "text_depth"),
    "blocks": ("for i in 0..0 {" * MANY + "}" * MANY, "text_depth"),
    "bodies": ("body {" * 30 + "output f = 1" + "}" * 30 + "; output f = 1", "body_depth"),
    "closing parentheses": (")" * MANY, "INVALID_TEXT"),
    "many bodies": ("body { output f = 1 };" * 2000 + "output f = 1", "bodies"),
    "a long name": ("a" * MANY + " = 1", "INVALID_NAME"),
    "a long dotted name": ("output f = " + "a." * MANY + "a", "UNKNOWN_NAME"),
    "a long number": ("output f = " + "1" * MANY, "INVALID_TEXT"),
    "a long number in an array": ("output f = [" + "1" * MANY + ", 2]", "INVALID_TEXT"),
    "a long exponent": ("output f = 1e" + "1" * MANY, "INVALID_TEXT"),
    "exponents of exponents": ("output f = 9^9^9^9^9", "read"),
    "a huge power": ("output f = 0.999999^1e300 + (-1.0000001)^-1e308", "read"),
    "an array that ends badly": ("output f = [" + "1, " * MANY + "x]", "UNKNOWN_NAME"),
    "an array that does not end": ("output f = [" + "1, " * MANY, "INVALID_TEXT"),
    "arrays that do not end": ("output f = " + "[1, " * 200 + "1", "INVALID_TEXT"),
    "dots": ("output f = 1" + "." * MANY, "INVALID_TEXT"),
    "back quotes": ("`" * MANY, "INVALID_TEXT"),
    "a comment": ("#" * MANY + "\n" + "# #\n" * MANY + "output f = 1", "read"),
    "no line at all": (";" * MANY + "\n" * MANY + "output f = 1", "read"),
    "zero bytes": ("\0" * MANY, "INVALID_TEXT"),
    "other digits": ("output f = \N{ARABIC-INDIC DIGIT ONE}", "INVALID_TEXT"),
    "a byte order mark": ("\ufeffoutput f = 1", "INVALID_TEXT"),
    "a loop without end": ("for i in 0..9e15 { }", "text_steps"),
    "a loop to infinity": ("for i in 0..inf { }", "INVALID_TEXT"),
    "loops within loops": ("for i in 1..1000 { " * 10 + "a = i" + " }" * 10, "text_steps"),
    "a loop that doubles": ("input x; a = x; for i in 1..60 { a = a + a }; output a", "read"),
    "arrays that double": (
        "input x[1]; a = x; for i in 1..60 { a = concatenate([a, a]) }; output a",
        "variable_elements",
    ),
    "brackets that double": ("input x; a = [x, x]; for i in 1..60 { a = [a, a] }; output a", "variable_elements"),
    "brackets of numbers that double": ("a = [1, 2]; for i in 1..60 { a = [a, a] }; output a", "text_steps"),
    "copies of an array": ("z = zeros(1e6); z[0] = 1; for i in 1..1e6 { y = z }", "text_steps"),
    "an array of everything": ("output f = eye(1e6)", "variable_elements"),
    "a shape of many axes": (f"input x[{'1, ' * 40}1]; output f = x", "INVALID_SHAPE"),
    "extents beyond all numbers": ("input x[1e15, 1e15, 1e15]; output f = x", "variable_elements"),
    "a range beyond all numbers": ("output f = arange(-9e15, 9e15)", "variable_elements"),
    "a slice beyond all numbers": ("input x[3]; output f = x[-9e15:9e15:9e15]", "read"),
    "indices beyond all numbers": ("input x[3]; output f = x[[1e300, 0]]", "INVALID_TEXT"),
    "indices in a loop": ("input x[2]; k = zeros(1e6); for i in 1..1e5 { y = x[k] }; output y", "text_steps"),
    "indices to add at": (
        "input x[2]; k = zeros(1e6); u = ones(1e6); for i in 1..1e5 { y = scatter_add(x, k, u) }; output y",
        "text_steps",
    ),
    "arrays put together in a loop": (
        "input x; z = zeros(1e5); for i in 1..1e5 { z[0] = x; y = sum(z) }; output y",
        "text_steps",
    ),
    "arrays of numbers in a loop": (
        "z = zeros(1e6); for i in 1..1e5 { z[0] = i; y = sum(z) }; output y",
        "text_steps",
    ),
    "a shape of many numbers": ("input x; output f = reshape(x, ones(1e6))", "INVALID_TEXT"),
    "elements of a large array": ("z = zeros(1e8); z[0] = 1; output z", "text_steps"),
}


@pytest.mark.parametrize(("text", "end"), DEEP.values(), ids=DEEP)
def test_hostile_texts_end(text: str, end: str) -> None:
    try:
        made(text)
    except LimitExceeded as error:
        assert error.limit == end  # noqa: PT017  either is an end
    except EngineError as error:
        assert error.reason == end  # noqa: PT017
    else:
        assert end == "read"


def test_many_arrays_in_one_level_are_counted_first() -> None:
    row = ", ".join(["c"] * 3000)
    inner = ", ".join(["x"] * 3000)
    with pytest.raises(LimitExceeded, match="statements"):
        made(f"input x; c = zeros(3000); output f = [[{inner}], {row}]")


def test_near_names_are_looked_for_in_a_few() -> None:
    names = "".join(f"name{'a' * 30}{k} = {k}\n" for k in range(5000))
    with pytest.raises(EngineError, match="did you mean"):
        made(names + f"output f = nome{'a' * 30}7")


@pytest.mark.parametrize("bytes_", [10, 40])
def test_length_and_tokens_are_bounded(bytes_: int) -> None:
    bounds = Bounds(text_bytes=bytes_, text_tokens=9)
    text = "input x; output f = -x" + " " * 30
    with pytest.raises(LimitExceeded) as caught:
        read(text, bounds)
    assert caught.value.limit == "text_bytes"
    with pytest.raises(LimitExceeded) as caught:
        read("a=1;b=1;c=1;", bounds)
    assert caught.value.limit == ("text_bytes" if bytes_ == 10 else "text_tokens")
    with pytest.raises(LimitExceeded):
        read("# \N{SNOWMAN}\N{SNOWMAN}\N{SNOWMAN}\N{SNOWMAN}", bounds) if bytes_ == 10 else read("a" * 41, bounds)


def test_the_limits_of_lists_hold() -> None:
    bounds = Bounds(
        limits=Limits(statements=5, inputs=2, outputs=2, body_depth=1, bodies=1, list_elements=100), tensors=1
    )
    texts = {
        "statements": "input x; for i in 1..9 { x = -x }; output f = x",
        "inputs": "input a, b, c; output f = 1",
        "outputs": "output a = 1, b = 1, c = 1",
        "body_depth": "body { body { output f = 1 }; output f = 1 }; output f = 1",
        "bodies": "body { output f = 1 }; body { output f = 1 }; output f = 1",
        "list_elements": "input x[60]; output f = -x",
        "tensors": "input x[2]; output f = x + [1, 2] + [3, 4]",
    }
    for limit, text in texts.items():
        with pytest.raises(LimitExceeded) as caught:
            read(text, bounds)
        assert caught.value.limit == limit


def test_reading_stops_when_it_is_not_wanted() -> None:
    text = "input x\n" + "x = x*x + sin(x)\n" * 200_000 + "output f = x"
    wish = Cancellation()
    parser()
    threading.Timer(0.2, wish.cancel).start()
    began = time.monotonic()
    with wish, pytest.raises(Cancelled):
        read(text, BOUNDS)
    assert time.monotonic() - began < 60  # the whole text takes longer than a wish, not than a minute


def test_an_unrolled_loop_stops_when_it_is_not_wanted() -> None:
    wish = Cancellation()
    parser()
    threading.Timer(0.2, wish.cancel).start()
    with wish, pytest.raises(Cancelled):
        read(
            "input x; for i in 1..1e9 { x = -x }; output f = x",
            Bounds(text_steps=10**12, limits=Limits(statements=10**9)),
        )


def test_memory_is_near_what_is_reserved() -> None:
    made("output f = 1")
    text = "input x\noutput f = " + "x+" * 100_000 + "x"
    tracemalloc.start()
    try:
        made(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(text)


class Recorder:
    """An account that remembers how much it was told of at most."""

    def __init__(self, most: int) -> None:
        self.taken = self.peak = 0
        self.most = most

    def take(self, size: int, what: str) -> None:
        if self.taken + size > self.most:
            raise LimitExceeded("call_bytes", self.most, self.taken + size, what)
        self.taken += size
        self.peak = max(self.peak, self.taken)

    def give_back(self, size: int) -> None:
        self.taken -= size


def test_memory_is_told_of_before_it_is_taken() -> None:
    recorder = Recorder(10**7)
    token = account.CURRENT.set(recorder)
    try:
        source = made("#" * 1000 + "\ninput x; output f = -x")
        assert (recorder.taken, recorder.peak >= 50_000) == (0, True)
        with pytest.raises(LimitExceeded, match="call_bytes"):
            made("#" * 300_000)
        with pytest.raises(LimitExceeded, match="call_bytes"):
            made("output f = zeros(2e6)")
        assert recorder.taken == 0
        assert write(source, BOUNDS) == "input x\nw2 = -x\noutput f = w2\n"
        assert recorder.taken == 0
    finally:
        account.CURRENT.reset(token)


def test_texts_damaged_at_random() -> None:
    texts = [
        "input y[3], k = 0.04\nr = k*y[0]; q = y[1]^2\noutput dy = [-r + q, r - q, q > 0 ? 1 : e]\n",
        "n = 3; input A[n, n], x[n]\nz = zeros(n)\nfor i in 0..n-1 by 1 { z[i] = sum(A[i, ::-1]*x, axis=0) }\noutput z",
        "constants 1, nan\ntensors [1, 2], zeros((0, 3))\nbody { input x; output f = -x }\noutput `for` = $c1 + $t0",
    ]
    source = random.Random(5)  # noqa: S311
    signs = "()[]{};,:?!^*/+-=<>&|%@.#`$ \n\t\"'\\0123456789eExyzfor\0\N{SNOWMAN}"
    ends = set()
    for _ in range(1500):
        text = list(source.choice(texts))
        for _ in range(source.randint(1, 4)):
            at = source.randrange(len(text))
            kind = source.randrange(4)
            if kind == 0:
                text[at] = source.choice(signs)
            elif kind == 1:
                text.insert(at, source.choice(signs))
            elif kind == 2:
                del text[at]
            else:
                text[at:at] = text[source.randrange(len(text)) :][: source.randrange(30)]
        try:
            made("".join(text))
            ends.add("read")
        except EngineError as error:
            ends.add(error.reason)
    assert {"read", "INVALID_TEXT", "UNKNOWN_NAME"} <= ends <= {
        "read", "INVALID_TEXT", "UNKNOWN_NAME", "INVALID_NAME", "INVALID_SHAPE", "LIMIT_EXCEEDED", "UNSUPPORTED",
    }  # fmt: skip


def test_threads_do_not_disturb_each_other() -> None:
    ids = [made(f"input x; output f = {'x + ' * k}{k}").id for k in range(20)]
    wrong: list[object] = []

    def work(k: int) -> None:
        for _ in range(30):
            if made(f"input x; output f = {'x + ' * k}{k}").id != ids[k]:
                wrong.append(k)
            try:
                made("output f = (1 + ")
            except EngineError:
                continue
            wrong.append("unrefused")

    threads = [threading.Thread(target=work, args=(k,)) for k in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []

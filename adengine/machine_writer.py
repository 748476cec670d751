"""Text of LLVM's language, written by kernels: numbers, words, loads, stores, and the lines of templates.

A list of a hundred thousand statements is a few megabytes of text; Python would take seconds and hold the GIL for
them. Values are numbered in each function from 1 on, as LLVM numbers what has no name; %0 is the arena.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Bool, Int, kernel
from adengine.machine_templates import EIGHT_WIDE, LOCAL, ONE, OPERAND, Templates

U1 = types.Array(types.uint8, 1, "C")
READ_ONLY_U1 = types.Array(types.uint8, 1, "C", readonly=True)
I4_2 = types.Array(types.int32, 2, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")
I8_3 = types.Array(types.int64, 3, "C")
INT = types.int64

POSITION, NEXT_VALUE, FULL, SEGMENT = range(4)
"""Places of `state`: bytes written, number of the next value, whether the room ran out, number of the function."""

VALUE, SINCE, VALUE_8, SINCE_8, SPREAD, SINCE_SPREAD = range(6)
"""Columns of `known`: for each address the value that stands there, the eight from there on, and the value there in
each of eight lanes; and in which function each was computed."""

(
    ASSIGN, ADDRESS, END_ADDRESS, LOAD, LOAD_8, END_LOAD, STORE, STORE_8, TO, END_STORE, INSERT, INTO, AT, END_INSERT,
    SHUFFLE, END_SHUFFLE, UNDEFINED, CALL_BACK, END_CALL, DEFINE, OPEN, CLOSE, CALL, END_WHOLE, WHOLE, REST, PERCENT,
    COUNTED,
) = range(28)  # fmt: skip
_WORDS = (
    " = ", " = getelementptr double, ptr %0, i64 ", "\n", " = load double, ptr %", " = load <8 x double>, ptr %",
    ", align 8\n", "store double %", "store <8 x double> %", ", ptr %", ", align 8\n", " = insertelement <8 x double> ",
    ", double %", ", i32 ", "\n", " = shufflevector <8 x double> %",
    ", <8 x double> undef, <8 x i32> zeroinitializer\n", "undef", "", ")\n", "define internal void @s",
    "(ptr %0) {\ne:\n", "ret void\n}\n", "call void @s", "(ptr %0)\n", "define void @whole", "define void @rest", "%",
    ", i64 ",
)  # fmt: skip
"""What the lines consist of. CALL_BACK is filled in for each list."""


class Writer(NamedTuple):
    """A text being written.

    Attributes
    ----------
    text : uint8 array
        Room for it.
    state : int64 array (4,)
    known : int32 array (elements of the arena, 6)
    words : uint8 array
        All words, one after another.
    word_starts : int64 array (words + 1,)
    templates : uint8 array
    template_starts : int64 array (kinds, codes, 2)
    template_values : int64 array (kinds, codes)
    """

    text: NDArray[np.uint8]
    state: NDArray[np.int64]
    known: NDArray[np.int32]
    words: NDArray[np.uint8]
    word_starts: NDArray[np.int64]
    templates: NDArray[np.uint8]
    template_starts: NDArray[np.int64]
    template_values: NDArray[np.int64]


WRITER = types.NamedTuple((U1, I8, I4_2, U1, I8, READ_ONLY_U1, I8_3, I8_2), Writer)  # type: ignore[no-untyped-call]


def new_writer(room: int, elements: int, call_back: str, templates: Templates) -> Writer:
    """An empty text with room for so many bytes, for an arena of so many elements."""
    words = [word.encode() if place != CALL_BACK else call_back.encode() for place, word in enumerate(_WORDS)]
    known = np.zeros((elements + 8, 6), np.int32)
    return Writer(
        np.empty(room, np.uint8),
        np.zeros(4, np.int64),
        known,
        np.frombuffer(b"".join(words), np.uint8).copy(),
        np.cumsum([0, *(len(word) for word in words)]),
        templates.text,
        templates.starts,
        templates.values,
    )


@kernel(types.void(WRITER, INT), inner=True, apart=True)
def put_word(writer: Writer, word: Int) -> None:
    """Write one of the words."""
    position = writer.state[POSITION]
    first = writer.word_starts[word]
    length = writer.word_starts[word + 1] - first
    if position + length > writer.text.shape[0]:
        writer.state[FULL] = 1
        return
    for i in range(length):
        writer.text[position + i] = writer.words[first + i]
    writer.state[POSITION] = position + length


@kernel(types.void(WRITER, INT), inner=True, apart=True)
def put_number(writer: Writer, number: Int) -> None:
    """Write a whole number that is not negative."""
    digits = np.int64(1)
    bound = np.int64(10)
    while number >= bound:
        digits += 1
        bound *= 10
    position = writer.state[POSITION]
    if position + digits > writer.text.shape[0]:
        writer.state[FULL] = 1
        return
    for i in range(digits):
        writer.text[position + digits - 1 - i] = np.uint8(48 + number % 10)
        number //= 10
    writer.state[POSITION] = position + digits


@kernel(INT(WRITER, INT), inner=True)
def assign(writer: Writer, word: Int) -> Int:
    """Begin a line that defines the next value; the word says how."""
    value = writer.state[NEXT_VALUE]
    writer.state[NEXT_VALUE] = value + 1
    put_word(writer, PERCENT)
    put_number(writer, value)
    put_word(writer, word)
    return value


@kernel(INT(WRITER, INT), inner=True)
def address_of(writer: Writer, address: Int) -> Int:
    """A pointer into the arena."""
    pointer = assign(writer, ADDRESS)
    put_number(writer, address)
    put_word(writer, END_ADDRESS)
    return pointer


@kernel(INT(WRITER, INT, INT), inner=True)
def _load(writer: Writer, address: Int, word: Int) -> Int:
    pointer = address_of(writer, address)
    value = assign(writer, word)
    put_number(writer, pointer)
    put_word(writer, END_LOAD)
    return value


@kernel(INT(WRITER, INT), inner=True)
def one_at(writer: Writer, address: Int) -> Int:
    """The value at an address: known already, or loaded."""
    known = writer.known[address]
    if known[SINCE] != writer.state[SEGMENT]:
        known[VALUE] = _load(writer, address, LOAD)
        known[SINCE] = writer.state[SEGMENT]
    return np.int64(known[VALUE])


@kernel(INT(WRITER, INT), inner=True)
def eight_at(writer: Writer, address: Int) -> Int:
    """The eight values from an address on."""
    known = writer.known[address]
    if known[SINCE_8] != writer.state[SEGMENT]:
        known[VALUE_8] = _load(writer, address, LOAD_8)
        known[SINCE_8] = writer.state[SEGMENT]
    return np.int64(known[VALUE_8])


@kernel(INT(WRITER, INT, INT, INT), inner=True, apart=True)
def insert(writer: Writer, vector: Int, value: Int, lane: Int) -> Int:
    """A value put into a lane of a vector; -1 is the vector of nothing."""
    result = assign(writer, INSERT)
    if vector < 0:
        put_word(writer, UNDEFINED)
    else:
        put_word(writer, PERCENT)
        put_number(writer, vector)
    put_word(writer, INTO)
    put_number(writer, value)
    put_word(writer, AT)
    put_number(writer, lane)
    put_word(writer, END_INSERT)
    return result


@kernel(INT(WRITER, INT), inner=True)
def spread_at(writer: Writer, address: Int) -> Int:
    """The value at an address in each of eight lanes."""
    known = writer.known[address]
    if known[SINCE_SPREAD] != writer.state[SEGMENT]:
        single = insert(writer, -1, one_at(writer, address), 0)
        known[SPREAD] = assign(writer, SHUFFLE)
        put_number(writer, single)
        put_word(writer, END_SHUFFLE)
        known[SINCE_SPREAD] = writer.state[SEGMENT]
    return np.int64(known[SPREAD])


@kernel(types.void(WRITER, INT, INT), inner=True)
def forget(writer: Writer, address: Int, count: Int) -> None:
    """Nothing is known any more of so many elements from an address on."""
    for at in range(max(address - 7, 0), address):
        writer.known[at, SINCE_8] = 0
    for at in range(address, address + count):
        writer.known[at, SINCE] = 0
        writer.known[at, SINCE_8] = 0
        writer.known[at, SINCE_SPREAD] = 0


@kernel(types.void(WRITER, INT, INT, INT), inner=True)
def _store(writer: Writer, value: Int, address: Int, word: Int) -> None:
    pointer = address_of(writer, address)
    put_word(writer, word)
    put_number(writer, value)
    put_word(writer, TO)
    put_number(writer, pointer)
    put_word(writer, END_STORE)


@kernel(types.void(WRITER, INT, INT, types.boolean), inner=True)
def define_one(writer: Writer, value: Int, address: Int, stored: Bool) -> None:
    """A value stands at an address from now on, in memory too if it is read from there."""
    forget(writer, address, 1)
    writer.known[address, VALUE] = value
    writer.known[address, SINCE] = writer.state[SEGMENT]
    if stored:
        _store(writer, value, address, STORE)


@kernel(types.void(WRITER, INT, INT, types.boolean), inner=True)
def define_eight(writer: Writer, value: Int, address: Int, stored: Bool) -> None:
    """Eight values stand at an address from now on."""
    forget(writer, address, 8)
    writer.known[address, VALUE_8] = value
    writer.known[address, SINCE_8] = writer.state[SEGMENT]
    if stored:
        _store(writer, value, address, STORE_8)


@kernel(INT(WRITER, INT, INT, INT, INT, INT), inner=True, apart=True)
def expand(writer: Writer, kind: Int, code: Int, a: Int, b: Int, c: Int) -> Int:
    """Write the lines of a template for three operands; gives its result."""
    first = writer.state[NEXT_VALUE]
    for place in range(writer.template_starts[kind, code, 0], writer.template_starts[kind, code, 1]):
        byte = np.int64(writer.templates[place])
        if byte < OPERAND:
            position = writer.state[POSITION]
            if position >= writer.text.shape[0]:
                writer.state[FULL] = 1
                return first
            writer.text[position] = np.uint8(byte)
            writer.state[POSITION] = position + 1
            continue
        put_word(writer, PERCENT)
        if byte >= LOCAL:
            put_number(writer, first + byte - LOCAL)
        else:
            put_number(writer, a if byte == OPERAND else (b if byte == OPERAND + 1 else c))
    writer.state[NEXT_VALUE] = first + writer.template_values[kind, code]
    return writer.state[NEXT_VALUE] - 1


@kernel(types.boolean(WRITER, INT), inner=True)
def has_templates(writer: Writer, code: Int) -> Bool:
    """Whether there are lines for one number and for eight."""
    one = writer.template_values[ONE, code] != 0
    return one and writer.template_values[EIGHT_WIDE, code] != 0

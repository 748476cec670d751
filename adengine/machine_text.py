"""A schedule as text of LLVM's language.

The instructions are cut into functions of some hundred lines. Within one, values stay values, and LLVM keeps them in
registers; what a later function reads is stored in the arena. What has no template (:mod:`adengine.machine_templates`)
is left to the evaluator by a call back.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Bool, Int, kernel
from adengine.machine_plan import (
    ALWAYS,
    APIECE,
    BY_EVALUATOR,
    LINES,
    LONG_LINES,
    SCALAR,
    STATEMENTS,
    UNROLLED,
    elements_of,
    find_stores,
    pattern_of,
    plan_functions,
    template_of,
)
from adengine.machine_templates import EIGHT_WIDE, ONE, templates_for
from adengine.machine_writer import (
    CALL,
    CALL_BACK,
    CLOSE,
    COUNTED,
    DEFINE,
    END_CALL,
    END_WHOLE,
    FULL,
    INT,
    NEXT_VALUE,
    OPEN,
    POSITION,
    REST,
    SEGMENT,
    WHOLE,
    WRITER,
    Writer,
    define_eight,
    define_one,
    eight_at,
    expand,
    forget,
    insert,
    new_writer,
    one_at,
    put_number,
    put_word,
    spread_at,
)  # fmt: skip
from adengine.schedule import (
    CODE,
    FLAGS,
    IN_1,
    LANED_1,
    MANY_1,
    OUT,
    ROW,
    Schedule,
)  # fmt: skip
from adengine.templates import ARITY, TABLES
from adengine.vector_library import Routines

U1 = types.Array(types.uint8, 1, "C")
U4_2 = types.Array(types.uint32, 2, "C")
I4 = types.Array(types.int32, 1, "C")
I8 = types.Array(types.int64, 1, "C")
I8_2 = types.Array(types.int64, 2, "C")
I8_3 = types.Array(types.int64, 3, "C")

_BYTES_OF_LINE = 400
_MOST_BYTES = 1 << 29


@kernel(INT(WRITER, U4_2, INT, INT, INT, INT), inner=True)
def _row_operand(writer: Writer, code: NDArray[np.uint32], at: Int, j: Int, element: Int, eight: Int) -> Int:
    """An operand of a piece of a row."""
    address = np.int64(code[at, IN_1 + j])
    along = code[at, FLAGS] & ((LANED_1 | MANY_1) << j) != 0
    if eight:
        return eight_at(writer, address + element) if along else spread_at(writer, address)
    return one_at(writer, address + element if along else address)


@kernel(types.void(WRITER, U4_2, INT, INT, INT, INT), inner=True)
def _write_row(writer: Writer, code: NDArray[np.uint32], at: Int, template: Int, arity: Int, lanes: Int) -> None:
    """A row of few elements, eight at a time, the rest one by one."""
    elements = elements_of(code, at, lanes)
    out = np.int64(code[at, OUT])
    element = np.int64(0)
    while element < elements:
        eight = np.int64(element + 8 <= elements)
        a = _row_operand(writer, code, at, 0, element, eight)
        b = _row_operand(writer, code, at, 1, element, eight) if arity > 1 else a
        c = _row_operand(writer, code, at, 2, element, eight) if arity > 2 else a
        value = expand(writer, EIGHT_WIDE if eight else ONE, template, a, b, c)
        if eight:
            define_eight(writer, value, out + element, True)
        else:
            define_one(writer, value, out + element, True)
        element += 8 if eight else 1


@kernel(types.void(WRITER, U4_2, INT, U4_2, INT, INT, INT), inner=True)
def _write_apiece(
    writer: Writer, code: NDArray[np.uint32], at: Int, places: NDArray[np.uint32], template: Int, arity: Int,
    stored: Int,
) -> None:  # fmt: skip
    """Eight statements one by one; a bit of ``stored`` for each."""
    row = np.int64(code[at, IN_1])
    for i in range(8):
        a = one_at(writer, np.int64(places[row, i]))
        b = one_at(writer, np.int64(places[row, 8 + i])) if arity > 1 else a
        c = one_at(writer, np.int64(places[row, 16 + i])) if arity > 2 else a
        value = expand(writer, ONE, template, a, b, c)
        define_one(writer, value, np.int64(code[at, OUT]) + i, stored & (1 << i) != 0)


@kernel(INT(WRITER, U4_2, INT, INT), inner=True)
def _statements_operand(writer: Writer, places: NDArray[np.uint32], row: Int, j: Int) -> Int:
    """An operand of eight statements: loaded at once or spread, and those that do not fit put in."""
    first, step, _ = pattern_of(places, row, j)
    vector = eight_at(writer, first) if step == 1 else spread_at(writer, first)
    for i in range(8):
        place = np.int64(places[row, 8 * j + i])
        if place != first + step * i:
            vector = insert(writer, vector, one_at(writer, place), i)
    return vector


@kernel(INT(WRITER, U4_2, INT, U4_2, INT, INT), inner=True)
def _operand(writer: Writer, code: NDArray[np.uint32], at: Int, places: NDArray[np.uint32], kind: Int, j: Int) -> Int:
    """An operand of a statement of one number, of eight lanes, or of eight statements."""
    flags = np.int64(code[at, FLAGS])
    address = np.int64(code[at, IN_1 + j])
    if kind == STATEMENTS:
        return _statements_operand(writer, places, np.int64(code[at, IN_1]), j)
    if kind == SCALAR:
        return one_at(writer, address)
    return eight_at(writer, address) if flags & (LANED_1 << j) else spread_at(writer, address)


@kernel(types.void(WRITER, U4_2, INT, U4_2, INT, INT, INT, types.boolean), inner=True)
def _write_simple(
    writer: Writer, code: NDArray[np.uint32], at: Int, places: NDArray[np.uint32], kind: Int, template: Int, arity: Int,
    stored: Bool,
) -> None:  # fmt: skip
    """A statement of one number, of eight lanes, or eight statements."""
    a = _operand(writer, code, at, places, kind, 0)
    b = _operand(writer, code, at, places, kind, 1) if arity > 1 else a
    c = _operand(writer, code, at, places, kind, 2) if arity > 2 else a
    value = expand(writer, ONE if kind == SCALAR else EIGHT_WIDE, template, a, b, c)
    out = np.int64(code[at, OUT])
    if kind == SCALAR:
        define_one(writer, value, out, stored)
    else:
        define_eight(writer, value, out, stored)


@kernel(types.void(WRITER, INT, INT), inner=True)
def _write_calls(writer: Writer, first: Int, last: Int) -> None:
    """A function that calls the others in turn."""
    put_word(writer, OPEN)
    for segment in range(first, last + 1):
        put_word(writer, CALL)
        put_number(writer, segment)
        put_word(writer, END_WHOLE)
    put_word(writer, CLOSE)


@kernel(types.void(WRITER, INT), inner=True)
def _next_function(writer: Writer, segment: Int) -> None:
    """Close the function before, and open the next."""
    if writer.state[SEGMENT] > 0:
        put_word(writer, CLOSE)
    put_word(writer, DEFINE)
    put_number(writer, segment)
    put_word(writer, OPEN)
    writer.state[SEGMENT] = segment
    writer.state[NEXT_VALUE] = 1


@kernel(types.void(WRITER, INT, U1, I4), inner=True)
def _call_back(writer: Writer, at: Int, kinds: NDArray[np.uint8], segments: NDArray[np.int32]) -> None:
    """Have the evaluator run an instruction, and with the first of several in a row all of them."""
    if at > 0 and kinds[at - 1] == BY_EVALUATOR and segments[at - 1] == segments[at]:
        return
    end = at + 1
    while end < kinds.shape[0] and kinds[end] == BY_EVALUATOR and segments[end] == segments[at]:
        end += 1
    put_word(writer, CALL_BACK)
    put_number(writer, at)
    put_word(writer, COUNTED)
    put_number(writer, end - at)
    put_word(writer, END_CALL)


@kernel(types.void(WRITER, U4_2, U4_2, I8, I8_2, I4, U1, U1, INT, INT))
def _write(  # noqa: PLR0913  a kernel over flat columns
    writer: Writer, code: NDArray[np.uint32], places: NDArray[np.uint32], pool: NDArray[np.int64],
    facts: NDArray[np.int64], segments: NDArray[np.int32], kinds: NDArray[np.uint8], stored: NDArray[np.uint8],
    lanes: Int, singles: Int,
) -> None:  # fmt: skip
    """All functions."""
    rest = np.int64(0)
    for at in range(code.shape[0]):
        if writer.state[FULL] != 0:
            return
        if segments[at] != writer.state[SEGMENT]:
            _next_function(writer, np.int64(segments[at]))
        rest = np.int64(segments[at]) if at == singles else rest
        kind = np.int64(kinds[at])
        if kind == BY_EVALUATOR:
            forget(writer, np.int64(code[at, OUT]), elements_of(code, at, lanes))
            _call_back(writer, at, kinds, segments)
            continue
        arity = facts[np.int64(code[at, CODE]) & np.int64(ROW - 1), ARITY]
        template = template_of(code, at, pool, writer.template_values, ONE if kind == SCALAR else EIGHT_WIDE)
        if kind == UNROLLED:
            _write_row(writer, code, at, template, arity, lanes)
        elif kind == APIECE:
            _write_apiece(writer, code, at, places, template, arity, np.int64(stored[at]))
        else:
            _write_simple(writer, code, at, places, kind, template, arity, stored[at] != 0)
    last = writer.state[SEGMENT]
    if last > 0:
        put_word(writer, CLOSE)
    put_word(writer, WHOLE)
    _write_calls(writer, 1, last)
    put_word(writer, REST)
    _write_calls(writer, rest if rest > 0 else last + 1, last)


def machine_text(
    plan: Schedule, pool: NDArray[np.int64], outputs: NDArray[np.int64], once: int, routines: Routines, call_back: str,
    *, plain: bool = False,
) -> bytes:  # fmt: skip
    """A schedule as text with the functions ``whole`` and ``rest``, which take the arena.

    Parameters
    ----------
    plan : Schedule
        With 1 or 8 lanes.
    pool : int64 array
        The list's parameters.
    outputs : int64 array
        Addresses that are read at the end.
    once : int
        How many instructions ``rest`` leaves out.
    routines : Routines
        What elementary functions call.
    call_back : str
        Beginning of the line that lets the evaluator run instructions; number of the first and how many follow.
    plain : bool
        Products with strong zeros are written as ordinary ones.
    """
    templates = templates_for(routines, plain=plain)
    count = len(plan.code)
    segments, kinds = np.zeros(count, np.int32), np.zeros(count, np.uint8)
    for most in (LINES, LONG_LINES):
        plan_functions(
            plan.code, plan.places, TABLES.facts, pool, templates.values, plan.lanes, once, most, segments, kinds
        )  # fmt: skip
        if not np.isin(kinds, (BY_EVALUATOR, SCALAR, APIECE)).all():
            break  # vectors are put together in what LLVM's quick selector does not know
    read = np.zeros(plan.elements + 8, np.int32)
    read[outputs] = ALWAYS
    stored = np.zeros(count, np.uint8)
    find_stores(plan.code, plan.places, TABLES.facts, segments, kinds, read, stored)
    room = _BYTES_OF_LINE * count + 4096
    while True:
        writer = new_writer(room, plan.elements, call_back, templates)
        _write(
            writer, plan.code, plan.places, pool, TABLES.facts, segments, kinds, stored, plan.lanes, once
        )  # fmt: skip
        if writer.state[FULL] == 0:
            used = np.unique(plan.code[:, CODE] & (ROW - 1)).tolist()
            called = "".join(templates.functions.get(code, "") for code in used)
            return (templates.declarations + called).encode() + writer.text[: writer.state[POSITION]].tobytes()
        room *= 2
        if room > _MOST_BYTES:
            raise MemoryError(f"the text of {count} instructions takes more than {_MOST_BYTES} bytes")

"""The parser: lark's LALR(1), by the grammar beside this file. It makes no tree: each rule appends its steps.

One parser serves all threads; what it makes of a text it keeps for the thread that it runs on.
"""

from __future__ import annotations

import sys
import threading
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from lark import Lark, Token, UnexpectedInput
from lark.lark import PostLex

from adengine.cancellation import check
from adengine.errors import LimitExceeded
from wengert_server.language.bounds import Budget
from wengert_server.language.expected import misread
from wengert_server.language.faults import Fault, Located
from wengert_server.language.functions import LISTS
from wengert_server.language.interpreter import Call, Code, Declared, Interpreter, Loop, Subscript
from wengert_server.language.scopes import NUMBERS
from wengert_server.language.values import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adengine import WengertList
    from wengert_server.language.bounds import Bounds

_OPENING = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CLOSING = frozenset(_OPENING.values())
_LOOK = 1024
_LONGEST_NUMBER = 1000
Places = list[Any]


class _State(threading.local):
    """What one thread makes of the text that it parses."""

    bounds: Bounds
    budget: Budget
    open: list[Token]
    code: Code
    lists: list[Interpreter]
    loops: int
    bodies: int

    def begin(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.budget = Budget(bounds)
        self.open = []
        self.code = Code()
        self.lists = [Interpreter(bounds, self.budget)]
        self.loops = 0
        self.bodies = 0


class _Lines(PostLex):
    """Takes out ends of lines within parentheses and square brackets, and counts."""

    always_accept = ("_NEWLINE",)

    def __init__(self, state: _State) -> None:
        self._state = state

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Give the tokens that the parser is to see."""
        state, bounds = self._state, self._state.bounds
        most, count, open_ = bounds.text_tokens, 0, state.open
        for token in stream:
            count += 1
            if count > most:
                raise LimitExceeded("text_tokens", most, count, "names, numbers and signs of the text, or more")
            if not count % _LOOK:
                check()
            kind = token.type
            if kind == "_NEWLINE":
                if open_ and open_[-1].type != "LBRACE":
                    continue
            elif kind in _OPENING:
                open_.append(token)
                if len(open_) > bounds.text_depth:
                    error = LimitExceeded("text_depth", bounds.text_depth, len(open_), "brackets within brackets")
                    raise Located(error, _start(token))
            elif kind in _CLOSING and open_:
                open_.pop()
            yield token


class _Actions:
    """What each rule of the grammar does; the names are those of the rules.

    An expression gives the place of its last step, so that brackets which turn out to be within others, or the
    argument of a function that takes several values, can be made such afterwards.
    """

    def __init__(self, state: _State) -> None:
        self._state = state

    def _step(self, step: Any, argument: object, token: Token | int) -> int:
        return self._state.code.add(step, argument, token if isinstance(token, int) else _start(token))

    # ---- Expressions

    def number(self, children: Sequence[Token]) -> int:
        return self._step(Interpreter.push, _number(children[0]), children[0])

    def numbers(self, children: Sequence[Token]) -> int:
        token = children[0]
        return self._step(Interpreter.push, Literal(_numbers(token)), token)

    def name(self, children: Sequence[Token]) -> int:
        if children[0] in NUMBERS:
            return self._step(Interpreter.push, NUMBERS[children[0]], children[0])
        return self._step(Interpreter.load, _word(children[0]), children[0])

    def reference(self, children: Sequence[Token]) -> int:
        return self._step(Interpreter.refer, _word(children[0]), children[0])

    def binary(self, children: Places) -> int:
        return self._step(Interpreter.binary, _word(children[1]), children[1])

    def prefix(self, children: Places) -> int:
        sign: Token = children[0]
        if sign.value == "+":
            return cast("int", children[1])
        return self._step(Interpreter.negate if sign.value == "-" else Interpreter.refute, None, sign)

    def inner(self, children: Places) -> int:
        return cast("int", children[1])

    def array(self, children: Places) -> int:
        parts = [child for child in children if isinstance(child, int)]
        self._open(parts)
        return self._step(Interpreter.array, len(parts), children[0])

    def _open(self, parts: Sequence[int]) -> None:
        """Have the values of brackets stay one by one."""
        code = self._state.code
        for place in parts:
            if code.steps[place] is Interpreter.array:
                code.steps[place] = Interpreter.parts

    def positional(self, children: Places) -> tuple[str, int]:
        return "", children[0]

    def keyword(self, children: Places) -> tuple[str, int]:
        name, _, last = children
        return str(name), last

    def arguments(self, children: Places) -> list[tuple[str, int]]:
        return children

    def call(self, children: Places) -> int:
        word, arguments = children[0], children[2] or []
        options = tuple(name for name, _ in arguments if name)
        if any(not name for name, _ in arguments[len(arguments) - len(options) :]):
            raise Fault("options come after the other arguments", _start(word))
        if len(set(options)) != len(options):
            raise Fault("an option is given twice", _start(word))
        if word in LISTS:
            self._open([last for _, last in arguments])
        return self._step(Interpreter.call, Call(str(word), len(arguments), options), word)

    def place(self, children: Places) -> None:
        return None

    def range(self, children: Places) -> tuple[bool, bool, bool]:
        start, stop, step = children
        return start is not None, stop is not None, bool(step)

    def colon_step(self, children: Places) -> bool:
        return children[0] is not None

    def subscripts(self, children: Places) -> Subscript:
        return Subscript(tuple(children))

    def subscript(self, children: Places) -> int:
        return self._step(Interpreter.subscript, children[2], children[1])

    def mark_then(self, children: Places) -> int:
        return self._step(Interpreter.then, None, 0)

    def mark_else(self, children: Places) -> int:
        return self._step(Interpreter.otherwise, None, 0)

    def choice(self, children: Places) -> int:
        _, then, _, otherwise, _ = children
        last = self._step(Interpreter.choose, None, self._state.code.positions[then])
        self._state.code.put(then, otherwise + 1)
        self._state.code.put(otherwise, last + 1)
        return last

    # ---- Statements

    def _finish(self) -> None:
        """Take the steps of a statement, unless it is within a loop."""
        state = self._state
        if not state.loops:
            state.lists[-1].run(state.code)
            state.code = Code()

    def assign(self, children: Places) -> None:
        self._step(Interpreter.assign, _word(children[0]), children[0])
        self._finish()

    def assign_element(self, children: Places) -> None:
        word, bracket, parts = children[:3]
        self._step(Interpreter.assign_element, (str(word), parts), bracket)
        self._finish()

    def statement(self, children: Places) -> None:
        if self._state.loops:
            raise Fault("inputs and outputs stand outside of loops", children[0])
        self._finish()

    def declaration(self, children: Places) -> int:
        word, shape, default = children
        self._step(Interpreter.declare, Declared(str(word), shape or 0, bool(default)), word)
        return _start(word)

    def shape(self, children: Places) -> int:
        return len(children) - 2

    def default(self, children: Places) -> bool:
        return True

    def result(self, children: Places) -> int:
        word = children[0]
        alone = children[2] is None
        self._step(Interpreter.name_output if alone else Interpreter.output, str(word), word)
        return _start(word)

    def constants(self, children: Places) -> None:
        self._step(Interpreter.preset_constants, len(children), self._first(children))
        self._finish()

    def tensors(self, children: Places) -> None:
        self._step(Interpreter.preset_tensors, len(children), self._first(children))
        self._finish()

    def _first(self, children: Places) -> int:
        if self._state.loops:
            raise Fault("constants and arrays are listed outside of loops", self._state.code.positions[children[0]])
        return self._state.code.positions[children[0]]

    def step(self, children: Places) -> bool:
        return True

    def mark_loop(self, children: Places) -> int:
        self._state.loops += 1
        return self._step(Interpreter.enter, None, 0)

    def loop(self, children: Places) -> None:
        state = self._state
        word, step, mark = children[0], children[4], children[5]
        last = self._step(Interpreter.again, None, word)
        state.code.put(mark, Loop(str(word), bool(step), last + 1), _start(word))
        state.loops -= 1
        self._finish()

    def mark_body(self, children: Places) -> None:
        state = self._state
        if state.loops:
            raise Fault("lists within the list stand outside of loops", _start(state.open[-1]) if state.open else 0)
        limits, depth = state.bounds.limits, len(state.lists)
        if depth > limits.body_depth:
            raise LimitExceeded("body_depth", limits.body_depth, depth, "bodies in bodies")
        state.bodies += 1
        if state.bodies > limits.bodies:
            raise LimitExceeded("bodies", limits.bodies, state.bodies, "bodies, or more")
        state.lists.append(Interpreter(state.bounds, state.budget))

    def body(self, children: Places) -> None:
        state = self._state
        inner = state.lists.pop().list
        if not inner.has_outputs:
            raise Fault("the list within the list names no output; write output f = ...", _start(children[-1]))
        state.lists[-1].add_body(inner.build())


def _word(token: Token) -> str:
    """A word or sign; equal ones are one object, since there may be very many."""
    return sys.intern(str(token))


def _start(token: Token) -> int:
    return token.start_pos or 0


def _number(token: Token) -> float:
    if len(token) > _LONGEST_NUMBER:
        raise Fault(f"a number of {len(token)} characters; at most {_LONGEST_NUMBER} are read", _start(token))
    value = float(token)
    if value == np.inf:
        raise Fault(f"{token[:40]} is too large for a float64; write inf for infinity", _start(token))
    return value


def _numbers(token: Token) -> np.ndarray:
    words = token[1:-1].split(",")
    if not words[-1].strip():
        words.pop()
    array = np.array([float(word) for word in words])
    if np.isinf(array).any() or any(len(word) > _LONGEST_NUMBER for word in words):
        raise Fault("one of these numbers is too large for a float64, or too long", _start(token))
    return array


class Parser:
    """Lark's parser, and what it keeps for each thread."""

    def __init__(self) -> None:
        self._state = _State()
        grammar = resources.files("wengert_server.language").joinpath("grammar.lark").read_text(encoding="ascii")
        self._lark = Lark(
            grammar,
            parser="lalr",
            lexer="contextual",
            transformer=cast("Any", _Actions(self._state)),
            postlex=_Lines(self._state),
            maybe_placeholders=True,
        )

    def parse(self, text: str, bounds: Bounds) -> WengertList:
        """Give the list that a text makes.

        Raises
        ------
        Fault
            The text is wrong.
        Located, EngineError
            It makes something too large.
        """
        state = self._state
        state.begin(bounds)
        try:
            self._lark.parse(text)
            list_ = state.lists[0].list
            if not list_.has_outputs:
                raise Fault("the text names no output; write output f = ...", len(text.rstrip()))
            return list_.build()
        except UnexpectedInput as error:
            raise misread(error, text, state.open) from None
        finally:
            state.begin(bounds)


@cache
def parser() -> Parser:
    """Give the parser; made when it is first needed."""
    return Parser()

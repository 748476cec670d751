"""What the parser expected, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lark import Token, UnexpectedCharacters, UnexpectedToken

from wengert_server.language.faults import Fault, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lark import UnexpectedInput

_VALUE = {"NUMBER", "NAME", "LPAR", "LSQB", "NUMBERS", "REFERENCE", "SIGN", "NOT"}
_OPERATOR = {"OR", "AND", "COMPARISON", "SIGN", "FACTOR", "POWER"}
_END = {"_NEWLINE", "SEMICOLON", "$END"}
_STATEMENT = {"INPUT", "OUTPUT", "CONSTANTS", "TENSORS", "BODY", "FOR"}
_WORDS = {
    "NAME": "a name",
    "ASSIGN": "'='",
    "COMMA": "','",
    "COLON": "':'",
    "QMARK": "'?'",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "RANGE": "'..'",
    "IN": "'in'",
    "BY": "'by'",
}
_OTHERS = {
    "if": "a choice is written condition ? a : b",
    "while": "loops are written for i in 0..n-1 { ... }",
    "def": "the language has no functions of its own; write what it computes",
    "return": "an output is written output f = ...",
    "let": "a name is given by name = value",
    "lambda": "the language has no functions of its own; write what it computes",
    "print": "an output is written output f = ...",
}
"""Words of other languages."""
_HINTS = {
    "=": "'=' begins no comparison: write '==' to compare; a name is given at the beginning of a statement",
    "&": "'and' is written '&&'",
    "|": "'or' is written '||'",
    ":=": "a name is given by '='",
    "'": "the transpose is written transpose(a)",
}


def misread(error: UnexpectedInput, text: str, open_: Sequence[Token]) -> Fault:
    """Give what a text is refused with where the parser cannot go on."""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        position = error.token.start_pos or 0
        sentence = f"{_shown(error.token)} is not expected here; expected is {_listed(error.accepts or error.expected)}"
        return Fault(sentence + _hint(error.token, text) + _unclosed(open_, text, position), position)
    if isinstance(error, UnexpectedCharacters):
        position = cast("int", error.pos_in_stream)  # lark types it as None
        character = text[position : position + 1]
        hint = f"; {_HINTS[character]}" if character in _HINTS else ""
        sentence = f"the character {character!a} is not expected here{hint}"
        return Fault(sentence + _unclosed(open_, text, position), position)
    if open_:
        return Fault(f"'{open_[-1]}' is not closed", open_[-1].start_pos)
    expected = (error.accepts or error.expected) if isinstance(error, UnexpectedToken) else ()
    return Fault(f"the text ends too early; expected is {_listed(expected)}", len(text.rstrip()))


def _shown(token: Token) -> str:
    if token.type == "_NEWLINE":
        return "the end of the line"
    shown = str(token) if len(token) <= 40 else f"{token[:37]}..."
    return f"{shown!a}"


def _listed(expected: Iterable[str]) -> str:
    """Name what is expected, kinds of it together."""
    left = set(expected)
    words: list[str] = []
    if left >= _STATEMENT:
        words.append("a statement")
        left -= _STATEMENT | {"NAME"} | _END
    if left >= _VALUE:
        words.append("a value")
        left -= _VALUE
    if len(left & _OPERATOR) > 1:
        words.append("an operator")
        left -= _OPERATOR | {"QMARK"}
    if left & _END:
        words.append("the end of the statement")
        left -= _END
    words += sorted(_WORDS.get(each, each) for each in left)
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1] if words else "nothing more"


def _hint(token: Token, text: str) -> str:
    if token.type == "ASSIGN":
        sign = text[: token.start_pos or 0].rstrip()[-1:]
        if sign in set("+-*/%^"):
            return f"; write s = s {sign} ... for s {sign}= ..."
        return f"; {_HINTS['=']}"
    if token.type == "COMPARISON":
        return "; comparisons do not chain: write a < b && b < c"
    if token.type in {"NAME", "NUMBER", "LPAR"}:
        before = text[: token.start_pos or 0].split()[-1:]
        if before and before[0] in _OTHERS:
            return f"; {_OTHERS[before[0]]}"
        return "; a product is written with '*'" if _follows_value(token, text) else ""
    return ""


def _follows_value(token: Token, text: str) -> bool:
    before = text[: token.start_pos or 0].rstrip(" \t")[-1:]
    return before.isalnum() or before in {"_", ")", "]", "."}


def _unclosed(open_: Sequence[Token], text: str, position: int) -> str:
    """Tell of a bracket that was opened on a line before, and may have been forgotten."""
    if not open_:
        return ""
    opening = open_[-1]
    line, column = place(text, opening.start_pos or 0)
    if line == place(text, position)[0]:
        return ""
    return f"; the '{opening}' of line {line}, column {column} is still open"

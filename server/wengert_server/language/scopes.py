"""Names of a text, and what they stand for."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

from wengert_server.language.faults import Fault, UnknownNameFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wengert_server.language.values import Value

RESERVED = frozenset({"input", "output", "constants", "tensors", "body", "for", "inf", "nan"})
"""Words that are no names, unless in back quotes."""

NUMBERS = {"inf": math.inf, "nan": math.nan}
"""What these words always are."""

GIVEN = {"pi": math.pi, "e": math.e, "true": 1.0, "false": 0.0}
"""What these names are until a text gives them another meaning."""

_MOST_COMPARED, _LONGEST_COMPARED = 500, 40


class Scope:
    """The names of one list.

    Attributes
    ----------
    values : dict
        By name.
    """

    def __init__(self) -> None:
        self.values: dict[str, Value] = dict(GIVEN)

    def find(self, word: str) -> Value:
        """Give what a word of the text stands for.

        Raises
        ------
        Fault
            Nothing is called so.
        """
        name = unquoted(word)
        value = self.values.get(name)
        if value is None:
            raise UnknownNameFault(f"there is nothing called {name}{near(name, self.values)}")
        return value


def unquoted(word: str) -> str:
    """Give the name that a word of the text is, without back quotes."""
    return word[1:-1] if word[0] == "`" else word


def named(word: str) -> str:
    """Give the name that a word gives to something.

    Raises
    ------
    Fault
        The word means something else already.
    """
    if word in RESERVED:
        raise Fault(f"{word} is a word of the language; as a name it is written in back quotes: `{word}`")
    return unquoted(word)


def near(name: str, known: Iterable[str]) -> str:
    """Give the end of a sentence that names what may have been meant; nothing where nothing is near."""
    if len(name) > _LONGEST_COMPARED:
        return ""
    alike = [each for each in known if abs(len(each) - len(name)) <= 2][-_MOST_COMPARED:]
    found = difflib.get_close_matches(name, alike, n=3, cutoff=0.6)
    exact = [each for each in alike if each.lower() == name.lower()]
    found = list(dict.fromkeys(exact + found))[:3]
    return f"; did you mean {' or '.join(found)}?" if found else ""

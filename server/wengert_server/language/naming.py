"""Names of the variables of a list, for its text: labels where they can be, ``w5`` for the variable w_5 otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from wengert_server.language.scopes import RESERVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adengine import WengertList

_NUMBERED = re.compile(r"w[0-9]+_*")


def quoted(name: str) -> str:
    """A name as a text writes it."""
    return f"`{name}`" if name in RESERVED else name


def names_of(source: WengertList) -> list[str]:
    """Give the name of each variable.

    No two variables that are needed at the same time have one name. A label is the name of its variable unless an
    input is called so, a variable that is still needed, or, for an output, an output that is another value.
    """
    first = len(source.inputs)
    labels = {label.variable: label.name for label in reversed(source.labels)}
    inputs = {value.name for value in source.inputs}
    results = {output.name: output.argument for output in source.outputs}
    last = _last_uses(source)
    needed: dict[str, int] = {}
    names = [value.name for value in source.inputs]
    for variable in range(first + 1, first + len(source.primitives) + 1):
        # An output names its value for those after it, which may be this variable.
        others = results if last[variable] == len(last) else {}
        name = labels.get(variable, "")
        if (
            not name
            or name in inputs
            or others.get(name, variable) != variable
            or needed.get(name, 0) > variable
            or _NUMBERED.fullmatch(name)
        ):
            name = f"w{variable}"
            while name in inputs or others.get(name, variable) != variable:
                name += "_"
        needed[name] = last[variable]
        names.append(name)
    return names


def _last_uses(source: WengertList) -> Sequence[int]:
    """The last variable that each one is an argument of; those that are outputs are needed to the end."""
    first, statements = len(source.inputs), len(source.primitives)
    last = np.zeros(first + statements + 1, np.int64)
    if statements:
        lengths = np.diff(np.append(source.checked.argument_start[:statements], len(source.arguments)))
        users = np.repeat(np.arange(first + 1, first + statements + 1), lengths)
        of_variables = source.arguments > 0
        np.maximum.at(last, source.arguments[of_variables], users[of_variables])
    for output in source.outputs:
        if output.argument > 0:
            last[output.argument] = len(last)
    listed: list[int] = last.tolist()
    return listed

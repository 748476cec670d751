"""From a list to a text that gives exactly that list, its id included.

A line a statement. Operators stand where they make the very statement, functions elsewhere. The constants, and the
array constants, are listed in front where they are not those that the text itself would make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adengine import account
from adengine.cancellation import check
from wengert_server.language.forms import FORMS, number, written_array
from wengert_server.language.naming import names_of, quoted
from wengert_server.language.statements import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adengine import Input, WengertList
    from wengert_server.language.bounds import Bounds
    from wengert_server.language.forms import Operand

_LOOK = 1024
_CONSTANT = NUMBERS["CONSTANT"]
_NUMBER_BYTES = 26


def write(source: WengertList, bounds: Bounds) -> str:
    """Give a text of a list; read again, it makes a list of the same id.

    Parameters
    ----------
    source
        The list.
    bounds
        What the text may come to.

    Raises
    ------
    LimitExceeded
        It is too long.
    Cancelled
        It is not wanted any more.
    """
    lines: list[str] = []
    size = told = 0
    with account.for_a_while():
        for line in _lines(source, bounds):
            lines.append(line)
            size += len(line) + 1
            if size - told > 1 << 20 or not len(lines) % _LOOK:
                check()
                bounds.check("text_bytes", size, "bytes of the text, or more")
                account.take(3 * (size - told), "a text")
                told = size
        bounds.check("text_bytes", size, "bytes of the text")
        return "\n".join(lines) + "\n"


def _lines(source: WengertList, bounds: Bounds) -> Iterator[str]:
    # An array of many numbers is one line, so that it is looked at before it is written.
    arrays = [*source.tensors, *(value.default for value in source.inputs if value.default is not None)]
    numbers = sum(array.size for array in arrays if array.size and (array != array.flat[0]).any())
    bounds.check("text_bytes", 3 * numbers, "bytes of the text, or more")
    account.take(_NUMBER_BYTES * numbers, "a text")
    for value in source.inputs:
        yield _input(value)
    writer = _Writer(source)
    yield from writer.lists()
    for body in source.bodies:
        yield "body {"
        for line in _lines(body, bounds):
            yield "    " + line
        yield "}"
    yield from writer.statements()
    yield from writer.outputs()


def _input(value: Input) -> str:
    shape = f"[{', '.join(map(str, value.shape))}]" if value.shape else ""
    default = "" if value.default is None else f" = {written_array(value.default)}"
    return f"input {quoted(value.name)}{shape}{default}"


class _Writer:
    """Writes one list."""

    def __init__(self, source: WengertList) -> None:
        self._source = source
        self._names = [quoted(name) for name in names_of(source)]
        self._words = [number(value) for value in source.constants.tolist()]
        self._listed_tensors = not _tensors_follow(source)
        self._listed = "" if _constants_follow(source, self._words) else f"constants {', '.join(self._words)}"
        if self._listed:
            first: dict[str, int] = {}
            for k, word in enumerate(self._words):
                if first.setdefault(word, k) != k:
                    self._words[k] = f"$c{k}"

    def lists(self) -> Iterator[str]:
        """The constants, and arrays, that must be listed."""
        if self._listed:
            yield self._listed
        if self._listed_tensors:
            yield f"tensors {', '.join(written_array(tensor) for tensor in self._source.tensors)}"

    def statements(self) -> Iterator[str]:
        """The statements, a line each."""
        source, checked = self._source, self._source.checked
        count, first = len(source.primitives), len(source.inputs)
        arguments, parameters = source.arguments.tolist(), source.parameters.tolist()
        starts = [*checked.argument_start[:count].tolist(), len(arguments)]
        froms = [*checked.parameter_start[:count].tolist(), len(parameters)]
        operands: list[Operand] = [(name, None) for name in self._names]
        known: list[Operand] = list(zip(self._words, source.constants.tolist(), strict=True))
        for k, primitive in enumerate(source.primitives.tolist()):
            words = parameters[froms[k] : froms[k + 1]]
            if primitive == _CONSTANT:
                right = self._tensor(words[0] - 1)
            else:
                given = arguments[starts[k] : starts[k + 1]]
                right = FORMS[primitive]([operands[a - 1] if a > 0 else known[-a - 1] for a in given], words)
            yield f"{self._names[first + k]} = {right}"

    def outputs(self) -> Iterator[str]:
        """The outputs."""
        for output in self._source.outputs:
            argument, name = output.argument, quoted(output.name)
            word = self._names[argument - 1] if argument > 0 else self._words[-argument - 1]
            yield f"output {name}" if word == name else f"output {name} = {word}"

    def _tensor(self, place: int) -> str:
        return f"$t{place}" if self._listed_tensors else f"constant({written_array(self._source.tensors[place])})"


def _constants_follow(source: WengertList, words: list[str]) -> bool:
    """Whether the constants are in the order in which they are used, each once."""
    used = np.append(source.arguments, [output.argument for output in source.outputs]).astype(np.int64)
    order = list(dict.fromkeys((-used[used < 0]).tolist()))
    return order == list(range(1, len(words) + 1)) and len(set(words)) == len(words)


def _tensors_follow(source: WengertList) -> bool:
    """Whether the array constants are in the order of their statements, each once."""
    starts = source.checked.parameter_start[: len(source.primitives)][source.primitives == _CONSTANT]
    return bool(source.parameters[starts].tolist() == list(range(1, len(source.tensors) + 1)))

"""The language of source texts: from a text to a list, and from any list to a text that gives it back.

``docs/language.md`` says what the language means. A text is read in one pass: the parser (:mod:`.parsing`) turns each
statement of the text into steps, the interpreter (:mod:`.interpreter`) takes them, unrolls loops and folds arithmetic
on numbers, and what is left are the statements of the list (:mod:`.statements`). Nothing of it recurses, and
everything a text can make it do is bounded by :class:`.bounds.Bounds`.
"""

from wengert_server.language.bounds import Bounds
from wengert_server.language.reading import read
from wengert_server.language.writing import write

__all__ = ["Bounds", "read", "write"]

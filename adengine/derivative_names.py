"""How derivative lists call what they add: ``tangent.x``, and ``tangent2.x`` where that name is taken."""

from __future__ import annotations

from collections.abc import Iterable


class Names:
    """Names of the inputs, or of the outputs, of a derivative list, each once.

    Parameters
    ----------
    taken : iterable of str
        The function's own.
    most_bytes : int
        Bytes of the longest name; a longer one is cut.

    Examples
    --------
    >>> names = Names(["x", "tangent.x"], 255)
    >>> names.add("tangent", "x"), names.add("weights")
    ('tangent2.x', 'weights')
    """

    def __init__(self, taken: Iterable[str], most_bytes: int) -> None:
        self._taken = set(taken)
        self._most_bytes = most_bytes

    def add(self, prefix: str, of: str = "") -> str:
        """A name that nothing has yet."""
        number = 1
        while True:
            numbered = prefix if number == 1 else f"{prefix}{number}"
            name = (f"{numbered}.{of}" if of else numbered)[: self._most_bytes].rstrip(".")
            if name not in self._taken:
                self._taken.add(name)
                return name
            number += 1

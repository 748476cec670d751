"""What reading or writing a source text may cost at most."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adengine.errors import LimitExceeded
from adengine.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from wengert_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds that hold while a text is read, beside those of the list that comes of it.

    Attributes
    ----------
    limits : Limits
        Of the list.
    tensors : int
        Array constants of one list.
    text_bytes : int
        Bytes of a text, in UTF-8.
    text_tokens : int
        Names, numbers and signs of a text.
    text_depth : int
        How deep brackets and blocks may nest.
    text_steps : int
        Steps of reading a text: an operation, a name or a number each, those of a loop once for each of its turns.
    """

    limits: Limits = field(default=DEFAULT_LIMITS)
    tensors: int = 100_000
    text_bytes: int = 16 << 20
    text_tokens: int = 2_000_000
    text_depth: int = 256
    text_steps: int = 4_000_000

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        """Give those that settings ask for."""
        return cls(
            settings.engine_limits(),
            settings.max_tensors,
            settings.max_text_bytes,
            settings.max_text_tokens,
            settings.max_text_depth,
            settings.max_text_steps,
        )

    def check_statements(self, needed: int) -> None:
        """Refuse more statements than a list may have.

        Raises
        ------
        LimitExceeded
        """
        if needed > self.limits.statements:
            raise LimitExceeded("statements", self.limits.statements, needed, "statements of the list, or more")

    def check(self, name: str, needed: int, what: str) -> None:
        """Refuse more than a bound allows.

        Raises
        ------
        LimitExceeded
        """
        allowed: int = getattr(self, name)
        if needed > allowed:
            raise LimitExceeded(name, allowed, needed, what)


class Budget:
    """How many steps are left of those that reading a text may take."""

    def __init__(self, bounds: Bounds) -> None:
        self._most = bounds.text_steps
        self._spent = 0

    def spend(self, steps: int) -> None:
        """Take so many steps more.

        Raises
        ------
        LimitExceeded
        """
        self._spent += steps
        if self._spent > self._most:
            raise LimitExceeded("text_steps", self._most, self._spent, "steps of reading the text, or more")

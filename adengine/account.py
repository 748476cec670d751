"""What a call takes of memory while it runs, told to whoever keeps account of it.

The engine alone knows what a list, its derivatives and a run will take; whoever serves many callers knows how much
there is. So the engine says what it is about to take, before it does, to the account in a context variable, which may
refuse; what was taken for the making of something is given back again. Without an account nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Account(Protocol):
    """Keeps account of one call.

    Attributes
    ----------
    taken : int
        Bytes that it has.
    """

    taken: int

    def take(self, size: int, what: str) -> None:
        """Note that the call is about to take so many bytes more; raises where it may not.

        Parameters
        ----------
        size : int
        what : str
            What for: ends the phrase "bytes of".
        """
        ...

    def give_back(self, size: int) -> None:
        """Note that it has so many bytes less."""
        ...


CURRENT: ContextVar[Account | None] = ContextVar("account", default=None)
"""Where what is taken on this thread goes."""


def take(size: int, what: str) -> None:
    """Say that so many bytes are about to be taken."""
    account = CURRENT.get()
    if account is not None:
        account.take(size, what)


@contextmanager
def for_a_while() -> Iterator[None]:
    """What is taken within is given back at the end."""
    account = CURRENT.get()
    if account is None:
        yield
        return
    before = account.taken
    try:
        yield
    finally:
        account.give_back(account.taken - before)

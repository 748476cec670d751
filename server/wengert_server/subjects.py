"""In whose name a call is made, and what is granted to that name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody who calls. Functions belong to a subject, and no other one sees them.

    Attributes
    ----------
    name : str
        Short and plain; empty where nobody is asked who calls.
    calls : int or None
        How many calls of it are handled at the same time at most; None: as many as the server handles.
    functions : int or None
        How many functions of it are held at most; None: as many as the server holds.
    function_bytes : int or None
        How many bytes they take at most, all together; None: as many as the server holds.
    """

    name: str = ""
    calls: int | None = None
    functions: int | None = None
    function_bytes: int | None = None


#: Everybody, where nobody is asked who calls.
ANYBODY = Subject()

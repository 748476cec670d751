"""Numbers as people write them."""

from __future__ import annotations

_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def whole_number(text: str) -> int:
    """Read a whole number.

    Raises
    ------
    ValueError
        It is none.

    >>> whole_number("12"), whole_number("2KiB"), whole_number("1 MiB")
    (12, 2048, 1048576)
    """
    unit = text[-3:]
    digits = text[:-3].strip() if unit in _UNITS else text
    try:
        return int(digits) * _UNITS.get(unit, 1)
    except ValueError:
        expected = "a whole number, which may end in KiB, MiB or GiB"
        raise ValueError(f"{text!r} is not {expected}") from None

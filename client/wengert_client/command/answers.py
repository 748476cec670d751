"""What a command has found, and how it is given: a table, JSON, or a file of arrays."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wengert_client.command.failures import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Answer", "give", "json_text"]


@dataclass
class Answer:
    """What a command has found.

    Attributes
    ----------
    fields
        By name: texts, numbers, arrays, lists and mappings of them.
    table
        Makes the text for people.
    status
        The exit status.
    """

    fields: dict[str, Any]
    table: Callable[[], str]
    status: int = 0


def give(answer: Answer, given: Namespace) -> int:
    """Print an answer, or write it to a file, as the options say; gives the exit status."""
    if given.npz is not None:
        _write_npz(given.npz, arrays_of(answer.fields))
    if given.json:
        print(json_text(answer.fields))  # noqa: T201  what the command is for
    elif given.npz is None:
        print(answer.table())  # noqa: T201
    return answer.status


def json_text(fields: dict[str, Any]) -> str:
    """Give JSON, a line for each field; numbers are exact, and those JSON has not got are texts.

    >>> print(json_text({"value": np.array([0.1, np.inf])}))
    {
      "value": [0.1, "Infinity"]
    }
    """
    lines = [f"  {json.dumps(name)}: {json.dumps(_plain(value), allow_nan=False)}" for name, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _plain(value: Any) -> Any:
    """Give what JSON has: lists, mappings, numbers that are finite, texts."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (np.ndarray, np.generic)):
        finite = value.dtype.kind != "f" or bool(np.all(np.isfinite(value)))
        return value.tolist() if finite else _named(value.tolist())
    return _named(value) if isinstance(value, float) else value


def _named(value: Any) -> Any:
    """Give NaN and the infinities their names, as protobuf's JSON has them."""
    if isinstance(value, list):
        return [_named(each) for each in value]
    if value != value:  # noqa: PLR0124  NaN
        return "NaN"
    return {np.inf: "Infinity", -np.inf: "-Infinity"}.get(value, value)


def arrays_of(fields: dict[str, Any], within: str = "") -> dict[str, NDArray[Any]]:
    """Give all arrays and numbers, by names such as ``values.f``.

    >>> arrays_of({"id": "ab", "values": {"f": np.zeros(1)}, "n": 2})
    {'values.f': array([0.]), 'n': array(2)}
    """
    found: dict[str, NDArray[Any]] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            found |= arrays_of(value, f"{within}{name}.")
        elif isinstance(value, (np.ndarray, np.generic, int, float)):
            found[within + name] = np.asarray(value)
    return found


def _write_npz(path: Any, arrays: dict[str, NDArray[Any]]) -> None:
    # numpy.savez would take an array called "file" for its own argument, and add a suffix to the name.
    try:
        with zipfile.ZipFile(path, "w") as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)
    except OSError as error:
        raise UsageError(f"--npz {path}: {error.strerror or error}") from None
